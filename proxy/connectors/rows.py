"""Records as one CRM writes them in its answers: finding the fields, and the records nested in them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from proxy.connectors import paths
from proxy.connectors.asked import Beside, Opened, Total
from proxy.connectors.facts import NOTHING, Gathering, Way
from proxy.connectors.linked import Links
from proxy.connectors.sides import Side, Sides
from proxy.connectors.spec import RecordModel
from proxy.connectors.words import ObjectWords, Relation, Words
from proxy.errors import UpstreamFault
from proxy.message import Record, Tree
from proxy.model import Action

MAX_NESTING: Final = 8
"""Records inside records; SOQL follows five relations at most."""

MOST_LAYOUTS: Final = 1_024
"""Kept; a CRM that answers with ever new sets of members must not fill the memory."""

MOST_IDS: Final = 16_384
"""Texts of which is remembered which ids they end in."""
LONGEST_WITH_ID: Final = 256
"""Characters of such a text."""
_TEXT: Final = frozenset({str})

More = Callable[[str, str], str | None]
"""Gets the name of a child relation, "" for the page itself, and the link to its next page; returns a sealed
link, or None to have it dropped."""


def no_more(_relation: str, _link: str) -> str | None:
    """Have every link to a further page dropped."""
    return None


class Layout(NamedTuple):
    """What the members of a record are, worked out once for all records with the same ones."""

    structure: tuple[tuple[str, frozenset[str]], ...]
    """Members that hold structure, and what is kept of each."""
    parents: tuple[str, ...]
    children: tuple[str, ...]
    keep: frozenset[str]
    """All of these."""


@dataclass(frozen=True, slots=True)
class Rows:
    """How records look, compiled; shared between exchanges."""

    words: Words
    type_at: tuple[str, ...] | None
    """Where a record says what it is; None: it does not, the route knows."""
    structure: Mapping[str, frozenset[str]]
    """Member that holds structure -> what is kept of it."""
    keys: tuple[tuple[str, ...], ...]
    id: re.Pattern[str]
    inner: str | None
    """The member that holds the fields; None: the record does itself."""
    outer: Mapping[str, str]
    """With `inner`: member beside it -> the field it shows."""
    sides: Sides = field(default_factory=Sides)
    """With `inner`: what has more than one value."""
    layouts: dict[tuple[tuple[str, ...], str], Layout] = field(default_factory=dict)
    """By the names of a record's members and of its object; kept from answer to answer."""
    known: dict[str, str] = field(default_factory=dict, repr=False)
    """Texts, and the ids they end in: pages name the same records again and again. All rows of a connector share
    it, and it is emptied when somebody is erased (`Connector.forget`)."""

    @staticmethod
    def compile(
        model: RecordModel,
        words: Words,
        id_pattern: re.Pattern[str],
        patterns: Mapping[str, re.Pattern[str]] = MappingProxyType({}),
        links: Links | None = None,
        *,
        known: dict[str, str] | None = None,
    ) -> "Rows":
        """Return the rows a connector declares.

        Args:
            model: how they look.
            words: the connector's.
            id_pattern: what a whole id matches.
            patterns: the connector's, by name.
            links: who belongs to whom.
            known: see there; None: a new one.

        Raises:
            ValueError: a path in the model is wrong.
        """
        inner = paths.names(model.fields) if model.fields else ()
        if len(inner) > 1:
            raise ValueError("fields: must be a member of the record itself")
        return Rows(
            words,
            paths.names(model.object) if model.object else None,
            MappingProxyType({name: frozenset(kept) for name, kept in model.structure.items()}),
            tuple(paths.names(path) for path in model.key),
            id_pattern,
            inner[0] if inner else None,
            model.outer,
            Sides.compile(model, words, patterns, links),
            known={} if known is None else known,
        )

    def layout(self, names: tuple[str, ...], name: str = "") -> Layout:
        """Return what the members of a record of object `name` are, or of a row that is no record."""
        words = self.words.objects.get(name)
        structure = tuple((each, kept) for each, kept in self.structure.items() if each in names)
        parents = tuple(each for each in words.parents if each in names) if words else ()
        children = tuple(each for each in words.children if each in names) if words else ()
        keep = frozenset((*(each for each, _ in structure), *parents, *children))
        if len(self.layouts) >= MOST_LAYOUTS:
            self.layouts.clear()
        found = self.layouts[names, name] = Layout(structure, parents, children, keep)
        return found

    def ids(self, values: list[Any]) -> list[str] | None:
        """Return what `key_among` finds in each of many values, None unless all are texts that end in an id.

        Remembers, within bounds, which they end in.
        """
        try:
            return list(map(self.known.__getitem__, values))
        except (KeyError, TypeError):
            pass
        if set(map(type, values)) != _TEXT:
            return None
        found = {text: text.rpartition("/")[2] for text in values}
        if not all(map(self.id.fullmatch, found.values())):
            return None
        if len(self.known) + len(found) > MOST_IDS:
            self.known.clear()
        if len(found) <= MOST_IDS:
            self.known.update((text, found[text]) for text in found if len(text) <= LONGEST_WITH_ID)
        return list(map(found.__getitem__, values))

    def told(self, tree: dict[str, Tree]) -> str | None:
        """Return what a record says it is, unverified; None if it does not."""
        told = None if self.type_at is None else paths.get(tree, self.type_at)
        return told if isinstance(told, str) else None

    def key(self, tree: dict[str, Tree]) -> str | None:
        """Return the CRM's id of a record if it says one: the last segment of what stands at a key path."""
        return self.key_among(paths.get(tree, steps) for steps in self.keys)

    def key_among(self, values: Iterable[Tree]) -> str | None:
        """Return the id that the first of some values ends in which ends in one."""
        for value in values:
            text = str(value) if type(value) is int else value
            if isinstance(text, str) and self.id.fullmatch(found := text.rpartition("/")[2]):
                return found
        return None


@dataclass(slots=True)
class Page:
    """One answer while it is taken apart."""

    rows: Rows
    action: Action
    into: Opened
    """Collects records and counts what is pruned."""
    more: More = no_more
    gathering: Gathering = NOTHING
    asked: Beside = field(default_factory=Beside)

    def open(
        self,
        tree: Tree,
        expected: ObjectWords,
        types: frozenset[str] = frozenset(),
        within: "tuple[Record, str] | None" = None,
        way: Way = (),
    ) -> Tree:
        """Add the record that `tree` is, after every record nested in it, to `into`; return it, pruned.

        Args:
            tree: one record of an answer, untrusted, edited in place.
            expected: what the request asked for.
            types: further names the CRM may give this object.
            within: the record it stands in, and the member there.
            way: the relations that lead from the outermost record to this one.

        Raises:
            UpstreamFault: not a record, not of that object, or nested too deeply.
        """
        rows = self.rows
        if not isinstance(tree, dict) or len(way) > MAX_NESTING:
            raise UpstreamFault("unexpected_record")
        if rows.type_at is not None:
            told = rows.told(tree)
            if told != expected.name and told not in types:
                raise UpstreamFault("unexpected_record")
        key = rows.key(tree)
        if rows.inner is not None:
            self._inner(tree, expected, key, rows.inner)
            return tree
        inside = rows.sides.inside
        facts = self.gathering.take(expected.spec, inside.known(tree) if inside else tree, way)
        names = tuple(tree)
        layout = rows.layouts.get((names, expected.name)) or rows.layout(names, expected.name)
        keep = self.structure(tree, layout)
        record = Record(expected.name, self.action, tree, None, keep, key, within, facts)
        if inside:
            inside.open(record, expected, self.into)
        if layout.parents or layout.children:
            self._nested(record, expected, layout, way)
        self.into.records.append(record)
        return tree

    def _nested(self, record: Record, words: ObjectWords, layout: Layout, way: Way) -> None:
        """Open the records that stand in one; a link that leads to none is a field of its own."""
        for name in layout.parents:
            if record.members[name] is None:
                record.keep -= {name}
            else:
                self._far(record.members[name], words.parents[name], (record, name), way)
        for name in layout.children:
            if record.members[name] is not None:
                self._children(record.members[name], words.children[name], (record, name), way)

    def _far(self, tree: Tree, relation: Relation, within: tuple[Record, str], way: Way) -> None:
        other = self.rows.words.objects[relation.object]
        self.open(tree, other, relation.types, within, (*way, relation.name))

    def structure(self, tree: dict[str, Tree], layout: Layout) -> frozenset[str]:
        """Cut structural members down to what is kept of them; return the names of all that still stand."""
        keep = layout.keep
        for name, parts in layout.structure:
            value = tree[name]
            if isinstance(value, dict):
                tree[name] = {part: value[part] for part in parts if isinstance(value.get(part), str)}
            else:
                del tree[name]
                self.into.pruned += 1
                keep -= {name}
        return keep

    def _children(self, tree: Tree, relation: Relation, within: tuple[Record, str], way: Way) -> None:
        """Open a list of child records in its envelope, of which stays what can be seen to be so."""
        rows = tree.get("records") if isinstance(tree, dict) else None
        if not isinstance(tree, dict) or not isinstance(rows, list):
            raise UpstreamFault("unexpected_shape")
        for row in rows:
            self._far(row, relation, within, way)
        link = tree.get("nextRecordsUrl")
        sealed = self.more(relation.name, link) if isinstance(link, str) else None
        so = {"totalSize": len(rows) if link is None else None, "done": link is None, "nextRecordsUrl": sealed}
        for name in tree.keys() - {"records"}:
            if name == "nextRecordsUrl" and sealed is not None:
                tree[name] = sealed
            elif tree[name] is None or type(tree[name]) is not type(so.get(name)) or tree[name] != so[name]:
                del tree[name]
                self.into.pruned += 1
        if "totalSize" in tree:
            self.into.totals.append(Total(tree, "totalSize", tree, "records", relation.object))

    def _inner(self, tree: dict[str, Tree], words: ObjectWords, key: str | None, inner: str) -> None:
        """Open a record whose fields lie in a member of their own, with more fields beside it."""
        outer, sides = self.rows.outer, self.rows.sides
        for name in tree.keys() - outer.keys() - sides.members - {inner}:
            del tree[name]
            self.into.pruned += 1
        fields = tree.setdefault(inner, {})
        if not isinstance(fields, dict):
            raise UpstreamFault("unexpected_record")
        facts = sides.facts(fields, words, self.gathering)
        sides.open(tree, fields, words, Side(self.action, key, facts, self.into, self.asked))
        names = {member: (words.name, outer[member], self.action) for member in tree if member in outer}
        keep = frozenset(tree.keys() - outer.keys())
        self.into.records.append(Record(words.name, self.action, tree, names, keep, key, facts=facts))
        if not sides.cells:
            self.into.records.append(
                Record(words.name, self.action, fields, None, frozenset(), key, facts=facts)
            )
