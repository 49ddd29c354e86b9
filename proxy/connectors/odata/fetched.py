"""FetchXML through the routes of lists: what comes back, page by page, and what is asked for in its place.

A row holds attributes of several objects side by side: those of the outermost by their own names, those of a
joined one behind its alias, `owner.fullname`. Each object's are judged as a record of its own, by what is known
of that.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote
from xml.sax.saxutils import quoteattr
from zlib import compress, decompress

from lxml import etree

from proxy.connectors.asked import Answer, Opened, Sealer, Total
from proxy.connectors.facts import Gathering, Wanted
from proxy.connectors.grammar import Asking, Reading
from proxy.connectors.odata import fetching, fetchreading, fetchtree
from proxy.connectors.odata.answers import FORMATTED, Grouped, Reader, rows_of
from proxy.connectors.odata.fetching import Columns, Joined, Meaning
from proxy.connectors.odata.fetchtree import Fetch
from proxy.connectors.odata.naming import Names
from proxy.connectors.words import Hidden, ObjectWords
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Record, Tree
from proxy.model import Action

_COUNTS: Final = frozenset({"count", "countcolumn"})

FETCH: Final = "fetchXml"
COOKIE: Final = "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"
MORE: Final = "@Microsoft.Dynamics.CRM.morerecords"
TOTAL: Final = "@Microsoft.Dynamics.CRM.totalrecordcount"
_MAX_COOKIE: Final = 16_000

Seal = Callable[[str], str | None]
"""Gets the CRM's cookie for the next page, returns ours, or None to have it dropped."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """Reads the FetchXML queries of one connector."""

    names: Names
    reader: Reader
    sealer: Sealer | None
    context: str

    def read(self, asking: Asking, words: ObjectWords) -> Reading:
        """Return what the query in a request does; see `Grammar.read`."""
        if asking.query.keys() != {FETCH}:
            raise Gap("construct", "odata_option")
        fetch = fetchreading.read(asking.query[FETCH][0])
        meaning = fetching.understand(fetch, words, self.names)
        sent = fetch
        if fetch.cookie:
            sent = fetchtree.Fetch(fetch.entity, fetch.said, fetch.page, self._cookie(asking, fetch))
        return self._reading(asking, _Query(fetch, sent, words, meaning))

    def _reading(self, asking: Asking, query: "_Query") -> Reading:
        """Return what the query does, and how to ask for less or more than it does."""
        answer = self._answer(asking, query)
        if query.fetch.aggregates:
            pairs = ((FETCH, fetchtree.write(query.sent)),)
            return Reading(query.meaning.operations, answer, asking.params, pairs)

        def narrow(hidden: Hidden) -> Reading:
            less = fetching.narrowed(query.sent, query.words, self.names, hidden)
            return self._reading(asking, _Query(query.fetch, less, query.words, query.meaning))

        def widen(wanted: Wanted) -> Reading:
            wider, added = fetching.widened(query.sent, query.words, self.names, wanted)
            assert isinstance(answer, Rows)
            opening = Rows(answer.reader, answer.joined, answer.columns, answer.sealed, wanted, added)
            return Reading(query.meaning.operations, opening, asking.params, ((FETCH, fetchtree.write(wider)),))

        reading = widen({})
        reading.narrow, reading.widen = narrow, widen
        return reading

    def _answer(self, asking: Asking, query: "_Query") -> Answer:
        meaning = query.meaning
        if query.fetch.aggregates:
            # Joined rows count a record as often as it is joined.
            own = query.sent.entity.columns if len(meaning.joined) == 1 else ()
            counts = tuple(each.alias for each in own if each.aggregate in _COUNTS)
            return Grouped(self.reader, query.words, meaning.columns, meaning.counting, counts)

        def sealed(cookie: str) -> str | None:
            return self._sealed(asking, query.fetch, cookie)

        return Rows(self.reader, meaning.joined, meaning.columns, sealed)

    # ---- pages -------------------------------------------------------------------------------------------

    def _sealed(self, asking: Asking, fetch: Fetch, text: str) -> str | None:
        """Return our cookie for the CRM's, which holds keys of records; None where it is none."""
        if self.sealer is None or len(text) > _MAX_COOKIE:
            return None
        try:
            said = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True)).attrib
        except (etree.XMLSyntaxError, ValueError):
            return None
        number, cookie = str(said.get("pagenumber", "")), str(said.get("pagingcookie", ""))
        if not number.isascii() or not number.isdigit() or len(number) > 6 or not cookie:
            return None
        plain = json.dumps([_same(fetch), unquote(unquote(cookie))]).encode()
        ours = self.sealer.seal(compress(plain), self.context + asking.binding)
        return f'<cookie pagenumber="{number}" pagingcookie={quoteattr(ours)} istracking="False" />'

    def _cookie(self, asking: Asking, fetch: Fetch) -> str:
        """Return the CRM's cookie for ours, if it was made for this caller, purpose and query."""
        if self.sealer is None:
            raise Gap("construct", "cursor")
        plain = self.sealer.open(fetch.cookie, self.context + asking.binding)
        match json.loads(decompress(plain)):
            case [str(same), str(cookie)] if same == _same(fetch):
                return cookie
        raise Undecodable("cursor")


@dataclass(frozen=True, slots=True)
class _Query:
    fetch: Fetch
    """As the client wrote it."""
    sent: Fetch
    """As it is sent: with the CRM's cookie, and with less in it."""
    words: ObjectWords
    meaning: Meaning


def _same(fetch: Fetch) -> str:
    """Return the query as it is on every page."""
    return fetchtree.write(Fetch(fetch.entity, fetch.said))


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to a query of which the rows are records."""

    reader: Reader
    joined: tuple[Joined, ...]
    columns: Columns
    sealed: Seal
    wanted: Wanted = field(default_factory=dict)
    added: fetching.Added = field(default_factory=dict)

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the records of the answer; see `Answer`."""
        del status
        if not isinstance(tree, dict):
            raise UpstreamFault("unexpected_shape")
        told = {name: tree.pop(name) for name in (COOKIE, MORE, TOTAL) if name in tree}
        opened = Opened(tree)
        for row in rows_of(tree, opened, lambda _link: None):
            self._row(row, opened)
        if isinstance(told.get(MORE), bool):
            tree[MORE] = told[MORE]
        if type(total := told.get(TOTAL)) is int:
            tree[TOTAL] = total
            opened.totals.append(Total(tree, TOTAL, tree, "value", self.joined[0].words.name))
        cookie = told.get(COOKIE)
        ours = self.sealed(cookie) if isinstance(cookie, str) else None
        if ours is not None:
            tree[COOKIE] = ours
        return opened

    def _row(self, row: Tree, into: Opened) -> None:
        if not isinstance(row, dict):
            raise UpstreamFault("unexpected_record")
        named = [(each, self._names(each, row)) for each in self.joined]
        judged = {member for _, names in named for member in names}
        came = dict(row)
        ours = {self._called_as(each, name) for each in self.joined for name in self.added.get(each.alias, ())}
        for member in row.keys() - judged:
            del row[member]
            into.pruned += not member.startswith("@odata.") and member.partition("@")[0] not in ours
        records: list[Record] = []
        for each, names in named:
            if not each.outermost and not names:
                continue
            records.append(self._record(each, names, row, came))
        for record in records:
            record.keep = frozenset(row).difference(record.names or ())
        into.records += records

    def _called_as(self, at: Joined, field: str) -> str:
        """Return the member in which a field of an object comes that only we asked for."""
        return field if at.outermost else f"{at.alias}.{field}"

    def _record(self, at: Joined, names: Columns, row: dict[str, Tree], came: Mapping[str, Tree]) -> Record:
        """Return the record that one object's part of a row is; what only we asked for is taken out.

        Conditions may look at fields that nobody listed, and that no row shows.
        """
        told = {name: self._called_as(at, name) for name in self.added.get(at.alias, ())}
        members = {name: came[member] for name, member in told.items() if member in came}
        for member, (_, meant, _) in names.items():
            base = member.partition("@")[0]
            if base == member and base not in self.columns:
                members[meant] = row[member]
        added = self.added.get(at.alias, frozenset())
        facts = Gathering(self.wanted).take(at.words.spec, members, ()) if self.wanted else None
        shown = dict(names)
        for member, (_, meant, _) in names.items():
            if meant in added and member.partition("@")[0] not in self.columns:
                del shown[member], row[member]
        key = members.get(self.reader.names.objects[at.words.name].key)
        return Record(
            at.words.name,
            Action.LIST,
            row,
            shown,
            frozenset(),
            key if isinstance(key, str) else None,
            facts=facts,
            sparse=True,
        )

    def _names(self, at: Joined, row: dict[str, Tree]) -> Columns:
        """Return what the members of a row are that show one object."""
        found: dict[str, tuple[str, str, Action]] = {}
        for member in row:
            meant = self._meant(at, member)
            if meant in at.words.spec.fields:
                found[member] = (at.words.name, meant, Action.LIST)
        for column in at.entity.columns:
            if column.alias:
                found.update(self._called(at, column.alias, row))
        return found

    def _meant(self, at: Joined, member: str) -> str:
        """Return the field of an object that a member shows, "" if none: a column's own name is none."""
        base, _, kind = member.partition("@")
        if base in self.columns:
            return ""
        if at.outermost:
            names = self.reader.members((member,), at.words.name, Action.LIST).names
            return names[member][1] if member in names and "." not in base else ""
        alias, _, name = base.rpartition(".")
        if not at.alias or alias != at.alias:
            return ""
        # Behind an alias, a link is called by its own name.
        return self._shown(at, fetching.field_of(self.reader.names, at.words, name), kind)

    def _shown(self, at: Joined, field: str, kind: str) -> str:
        """Return the field that is shown by a value of a field, or by an annotation of it."""
        if not kind:
            return field
        return self.reader.names.label(at.words, field) if kind == FORMATTED else ""

    def _called(self, at: Joined, alias: str, row: dict[str, Tree]) -> Columns:
        """Return the members that stand for a column with a name of its own."""
        name, field, action = self.columns[alias]
        kinds = {member: member.partition("@")[2] for member in row if member.partition("@")[0] == alias}
        found = {member: (name, self._shown(at, field, kind), action) for member, kind in kinds.items()}
        return {member: meant for member, meant in found.items() if meant[1] in at.words.spec.fields}
