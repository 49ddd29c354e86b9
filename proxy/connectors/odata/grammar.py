"""The grammar `odata`: routes that end in `/{set}`, about many records, or in `/{entity}`, about one.

A page of a list is asked for by a token that says nothing about the list, and holds keys of records. So it
goes into the link together with the query, sealed for one caller and purpose; when the link comes back, the
query in it is judged again, under the policy of that moment.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit
from zlib import compress, decompress

from proxy.connectors import target
from proxy.connectors.asked import Answer
from proxy.connectors.comparing import Looking
from proxy.connectors.envelope import Nothing
from proxy.connectors.facts import Gathering, Wanted
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.odata import keys, parsing, writing
from proxy.connectors.odata.answers import COUNTS, Answered, Grouped, Reader, counting
from proxy.connectors.odata.fetched import FETCH, Fetching
from proxy.connectors.odata.meaning import Meaning, narrowed, understand, widened
from proxy.connectors.odata.naming import Names
from proxy.connectors.odata.swapping import swapped
from proxy.connectors.odata.tree import Options
from proxy.connectors.odata.writes import Written
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import Hidden, ObjectWords
from proxy.errors import ExchangeError, Gap, Undecodable
from proxy.message import Record
from proxy.model import DISCLOSING, Action, FieldUse, Operation

_SKIPTOKEN: Final = "$skiptoken"
_MAX_TOKEN: Final = 8_000
_ONE_RECORD: Final = frozenset({"$select", "$expand"})
"""Options that mean something where one record is asked for."""


@dataclass(frozen=True, slots=True)
class _Query:
    """What one request asks for, and the token of the page it is about."""

    words: ObjectWords
    options: Options
    params: Mapping[str, str]
    token: tuple[tuple[str, str], ...] = ()
    address: keys.Address | None = None
    """Of the one record that it is about."""
    told: Options | None = None
    """As the client wrote them, where `options` compare with what the CRM has: what links to pages hold."""


@dataclass(frozen=True, slots=True)
class OData:
    """Reads one declared route."""

    setting: Setting
    names: Names
    reader: Reader
    method: str
    action: Action
    many: bool
    base: tuple[str | tuple[str], ...]
    context: str

    def read(self, asking: Asking) -> Reading:
        """Return what the request does; see `Grammar.read`."""
        if not self.many:
            return self._one(asking)
        words = self.names.of_set(asking.params["set"])
        if self.method == "POST":
            return self._write(asking, words, (), ())
        if FETCH in asking.query:
            return Fetching(self.names, self.reader, self.setting.sealer, self.context).read(asking, words)
        if _SKIPTOKEN in asking.query:
            return self._page(asking, words)
        return self._list(asking, words, {name: values[0] for name, values in asking.query.items()}, ())

    # ---- many records ------------------------------------------------------------------------------------

    def _list(
        self,
        asking: Asking,
        words: ObjectWords,
        given: Mapping[str, str],
        token: tuple[tuple[str, str], ...],
    ) -> Reading:
        options = _options(given, parsing.NAMES)
        meaning = understand(options, words, self.names, self.action)
        return self._reading(asking, _Query(words, options, asking.params, token), meaning)

    def _page(self, asking: Asking, words: ObjectWords) -> Reading:
        """Return what the query behind the link does."""
        if asking.query.keys() != {_SKIPTOKEN}:
            raise Gap("construct", "cursor")
        if self.setting.sealer is None:
            raise Gap("construct", "cursor")
        plain = self.setting.sealer.open(asking.query[_SKIPTOKEN][0], self.context + asking.binding)
        match json.loads(decompress(plain)):
            case [str(name), dict(given), str(token)] if name == asking.params["set"]:
                return self._list(asking, words, given, ((_SKIPTOKEN, token),))
        raise Undecodable("cursor")

    def _sealed(self, link: str, asking: Asking, options: Options) -> str | None:
        """Return our link for the CRM's, None where it leads anywhere but to the next page of this list."""
        prefix = target.path_of(self.base, asking.params)
        parts = urlsplit(link)
        if self.setting.sealer is None or parts.path != prefix:
            return None
        try:
            found = [value for name, value in target.parameters(parts.query) if name == _SKIPTOKEN]
        except ExchangeError:
            return None
        if len(found) != 1 or len(found[0]) > _MAX_TOKEN:
            return None
        plain = json.dumps([asking.params["set"], dict(writing.pairs(options)), found[0]])
        sealed = self.setting.sealer.seal(compress(plain.encode()), self.context + asking.binding)
        return f"{prefix}?{_SKIPTOKEN}={sealed}"

    # ---- one record --------------------------------------------------------------------------------------

    def _one(self, asking: Asking) -> Reading:
        address = keys.read(asking.params["entity"], self.names, self.setting.patterns["id"])
        records = () if address.record is None else (address.record,)
        words = address.words
        if self.method == "GET":
            options = _options({name: values[0] for name, values in asking.query.items()}, _ONE_RECORD)
            meaning = understand(options, words, self.names, self.action, address.uses)
            own, *inside = meaning.operations
            own = replace(own, records=(*records, *own.records))
            query = _Query(words, options, {**asking.params, "entity": address.text}, address=address)
            return self._reading(asking, query, replace(meaning, operations=(own, *inside)))
        if self.method == "DELETE":
            own = Operation(self.action, words.name, address.uses, records)
            return address.swapping(Reading((own,), Nothing(), {**asking.params, "entity": address.text}))
        return self._write(asking, words, address.uses, records)

    # ---- both --------------------------------------------------------------------------------------------

    def _reading(self, asking: Asking, query: _Query, meaning: Meaning) -> Reading:
        """Return what the request does, and how to ask for less or more than it does."""
        answer = self._answer(asking, query, meaning)
        pairs = (*writing.pairs(query.options), *query.token)
        reading = Reading(meaning.operations, answer, query.params, pairs)

        def swap(looking: Looking) -> Reading:
            options = swapped(query.options, query.words, self.names, looking)
            put = replace(query, options=options, told=query.told or query.options)
            if query.address is not None:
                put = replace(put, params={**query.params, "entity": query.address.swapped(looking)})
            return self._reading(asking, put, meaning)

        reading.swap = swap
        if meaning.columns is not None:
            return reading

        def narrow(hidden: Hidden) -> Reading:
            less = narrowed(query.options, query.words, self.names, hidden)
            return self._reading(asking, replace(query, options=less), meaning)

        def widen(wanted: Wanted) -> Reading:
            wider, added = widened(query.options, query.words, self.names, wanted)
            assert isinstance(answer, Answered)
            opening = replace(answer, gathering=Gathering(wanted, added))
            return replace(reading, answer=opening, query=(*writing.pairs(wider), *query.token))

        reading.narrow, reading.widen = narrow, widen
        return reading

    def _answer(self, asking: Asking, query: _Query, meaning: Meaning) -> Answer:
        words, options = query.words, query.told or query.options
        if meaning.columns is not None:
            assert options.apply is not None
            methods = {each.alias: each.method for each in options.apply.columns}
            counts = tuple(name for name, method in methods.items() if method in COUNTS)
            return Grouped(self.reader, words, meaning.columns, counting(methods), counts)
        shown = self.action if self.action in DISCLOSING else Action.READ

        def sealed(link: str) -> str | None:
            return self._sealed(link, asking, options)

        return Answered(self.reader, words, shown, self.many and self.method == "GET", sealed)

    def _write(
        self, asking: Asking, words: ObjectWords, uses: tuple[FieldUse, ...], records: tuple[str, ...]
    ) -> Reading:
        """Return what a write does; an update of a record that is not there creates it, unless it must be."""
        options = _options({name: values[0] for name, values in asking.query.items()}, _ONE_RECORD)
        actions = _actions(asking, self.action)
        written = Written.read(asking.tree, words, self.names, self.setting.patterns["id"])
        shown = understand(options, words, self.names, Action.READ)
        operations = tuple(written.operation(each, uses, records) for each in actions)
        params, address = dict(asking.params), None
        if not self.many:
            address = keys.read(params["entity"], self.names, self.setting.patterns["id"])
            params["entity"] = address.text
        told = shown.operations if options != Options() else ()
        query = _Query(words, options, params, address=address)
        reading = self._reading(asking, query, replace(shown, operations=(*operations, *told)))
        writes = tuple(written.record(each, records) for each in actions)
        makes = address.values if address is not None and Action.CREATE in actions else {}
        if makes:  # what is created under a key has that key's values
            writes += (Record(words.name, Action.CREATE, dict(makes)),)

        def writing_(found: Reading) -> Reading:
            return replace(found, tree=written.tree, writes=writes, narrow=None, widen=None, swap=None)

        def swap(looking: Looking) -> Reading:
            for each in makes:
                looking.no_upsert(words.name, each)
            assert reading.swap is not None
            return writing_(reading.swap(looking))

        return replace(writing_(reading), swap=swap)


def _options(given: Mapping[str, str], allowed: frozenset[str]) -> Options:
    aliases = {name: text for name, text in given.items() if name.startswith("@")}
    rest = {name: text for name, text in given.items() if name not in aliases}
    if not rest.keys() <= allowed:
        raise Gap("construct", "odata_option")
    return parsing.options(rest, aliases)


def _actions(asking: Asking, action: Action) -> tuple[Action, ...]:
    """Return what an update may turn out to be: without a condition it creates what it does not find."""
    if action is not Action.UPDATE:
        return (action,)
    must, must_not = asking.request.headers.one("if-match"), asking.request.headers.one("if-none-match")
    if must is not None and must_not is not None:
        raise Undecodable("repeated_header")
    if must == "*":
        return (Action.UPDATE,)
    if must is not None or must_not not in {None, "*"}:
        raise Gap("construct", "refused_header")  # a version tells whether a hidden field has changed
    return (Action.CREATE,) if must_not == "*" else (Action.UPDATE, Action.CREATE)


def compile_odata(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route; raises ValueError where the route is wrong."""
    method, _, path = route.match.partition(" ")
    if setting.file.odata is None:
        raise ValueError("needs an odata: section in the connector for its grammar")
    if not path.endswith(("/{set}", "/{entity}")):
        raise ValueError("must end in /{set} or /{entity} for its grammar")
    if "id" not in setting.patterns:
        raise ValueError('needs a pattern "id" for its grammar')
    many = path.endswith("/{set}")
    if (method, many) not in {(each, True) for each in ("GET", "POST")} | {
        (each, False) for each in ("GET", "PATCH", "DELETE")
    }:
        raise ValueError("has a method that its grammar does not know for it")
    names = Names.compile(setting.file.odata, setting.words)
    context = f"{setting.file.metadata.name} odata\n"
    return OData(setting, names, Reader(names), method, route.action, many, target.template(path), context)
