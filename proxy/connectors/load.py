"""From a connector's YAML to a `Connector`; all the work that does not depend on a request is done here."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

from proxy.connectors import target
from proxy.connectors.asked import Faults, Sealer
from proxy.connectors.connector import Connector
from proxy.connectors.endings import Ending
from proxy.connectors.envelope import Mishaps
from proxy.connectors.goings import Going
from proxy.connectors.grammar import Grammar, Setting
from proxy.connectors.implied import EITHER_WAY, Implying, Unread, implied
from proxy.connectors.linked import Links
from proxy.connectors.objects import compile_words
from proxy.connectors.paging import paged
from proxy.connectors.playbook import compile_book
from proxy.connectors.route import LISTS, Declared, HeaderRules, Parameter, RouteTable
from proxy.connectors.rows import Rows
from proxy.connectors.rowset import in_rows
from proxy.connectors.salesforcefaults import SalesforceFaults
from proxy.connectors.shape import ANSWERED, REQUESTED, Shape
from proxy.connectors.spec import ConnectorFile, ParameterModel, RecordModel, RouteModel
from proxy.connectors.suitecrm.faults import SuiteFaults
from proxy.connectors.table import FAULTS, GRAMMARS
from proxy.connectors.words import NAME, Words
from proxy.connectors.zoho.faults import ZohoFaults
from proxy.errors import Problem, Problems
from proxy.model import DISCLOSING, WRITING
from proxy.yamlfile import YamlFile, nearest, read_yaml, validate

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
READ_BY_GRAMMAR: Final = frozenset({*LISTS, "by", "search", "sort", "soql", "odata", "keys", "text"})
"""Kinds of query parameter that have no pattern because the grammar reads them."""


class Complaints:
    """Collects what is wrong in one document, so that its author sees everything at once."""

    def __init__(self, file: YamlFile) -> None:
        self._file = file
        self.found: list[Problem] = []

    def add(self, path: tuple[str | int, ...], message: str) -> None:
        """Note a problem with what stands at `path`."""
        self.found.append(self._file.problem(path, "LG301", message))

    def where(self, path: tuple[str | int, ...]) -> str:
        """Return `file:line:column` of what stands at `path`."""
        return self._file.where(path)

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Turn a ValueError inside into a problem with what stands at `path`."""
        try:
            yield
        except ValueError as error:
            self.add(path, str(error))

    def stop(self) -> None:
        """Return only if nothing is wrong.

        Raises:
            Problems: everything noted so far.
        """
        if self.found:
            raise Problems(self.found)


def load_connector(path: Path, *, sealer: Sealer | None = None, root: Path | None = None) -> Connector:
    """Return the connector that the file describes, ready to route.

    Args:
        path: a YAML file with one `kind: Connector` document.
        sealer: makes links to further pages that only the caller they were made for can follow; without
            one such links are dropped.
        root: the folder below which no component of `path` may be a link.

    Raises:
        Problems: everything that is wrong with the file, with its place.
    """
    documents = read_yaml(path, root=root)
    if len(documents) != 1:
        raise Problems([Problem(str(path), 0, 0, "LG300", "must hold exactly one kind: Connector document")])
    document = documents[0]
    model = validate(document, ConnectorFile)
    complaints = Complaints(document)
    table = RouteTable(frozenset(model.values))
    setting = replace(_setting(model, complaints, sealer), find=table.find)
    for number, route in enumerate(model.routes):
        _add(table, number, route, setting, complaints)
    _check_denied(model, complaints)
    book = None
    if model.erasure is not None:
        with complaints.at("erasure"):
            book = replace(compile_book(model.erasure, _account(model)), typed=_typed(model))
    goings = _goings(model, complaints)
    complaints.stop()
    return Connector(
        model.metadata.name,
        setting.words.catalogue(),
        table,
        setting.faults,
        cast("dict[str, object]", document.data),
        book,
        document.where(("metadata", "name")),
        goings=goings,
        known=setting.rows.known,
    )


def _goings(model: ConnectorFile, complaints: Complaints) -> dict[str, Going]:
    """Return which writes take records away; a field that the object does not list is complained of."""
    found: dict[str, Going] = {}
    for name, each in model.objects.items():
        named: list[tuple[str, tuple[str | int, ...]]] = [
            *((field, ("objects", name, "deletes", field)) for field in each.deletes),
            *((field, ("objects", name, "erases", at)) for at, field in enumerate(each.erases)),
        ]
        for field, place in named:
            if field not in each.fields:
                complaints.add(place, f"{field} is no field of {name}{nearest(field, each.fields)}")
        if each.deletes or each.erases:
            found[name] = Going(each.deletes, frozenset(each.erases))
    return found


def _typed(model: ConnectorFile) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the fields that policy has for members whose kind a choice beside them says, the stored first."""
    objects = model.rpc.objects if model.rpc is not None else {}
    said = {name: each.typed for name, each in objects.items() if each.typed is not None}
    return {
        name: dict.fromkeys((of.stored, *of.fields), tuple(dict.fromkeys((*of.kinds.values(), of.other))))
        for name, of in said.items()
    }


def _account(model: ConnectorFile) -> dict[str, object]:
    """Return what the calls of a playbook may fill in of the account that the lane uses."""
    return {} if model.odoo is None else {"database": model.odoo.database, "uid": model.odoo.uid}


def _setting(model: ConnectorFile, complaints: Complaints, sealer: Sealer | None) -> Setting:
    """Compile everything routes refer to; stops here if any of it is wrong, as routes could not be judged."""
    words = compile_words(model, complaints.add, complaints.where)
    patterns = {"object": _names(words), "other": _names(words)}
    for name, text in model.patterns.items():
        with complaints.at("patterns", name):
            patterns[name] = _pattern(text)
    bodies = _shapes("bodies", model.bodies, REQUESTED, patterns, complaints, lists=model.lists)
    listed = re.compile("|".join(map(re.escape, model.objects)))
    answers = _shapes("answers", model.answers, ANSWERED, {**patterns, "object": listed}, complaints)
    for path in model.lists:
        with complaints.at("lists", path):
            if not any(body.has_list(path) for body in bodies.values()):
                raise ValueError("is no list in any of the bodies")
    for word, names, known in (("describes", model.describes, answers), ("values", model.values, patterns)):
        for name in names:
            if name not in known:
                complaints.add((word,), f'says more of an unknown "{name}"{nearest(name, known.keys())}')
    endings: dict[str, Ending] = {}
    for name, ending in model.endings.items():
        with complaints.at("endings", name):
            endings[name] = Ending.compile(ending)
    rows: Rows | None = None
    faults: Faults | None = None
    links: Links | None = None
    with complaints.at("links"):
        links = Links.compile(model.links, words, patterns) if model.links else None
    with complaints.at("record"):
        rows = Rows.compile(model.record, words, patterns.get("id", NAME), patterns, links)
    with complaints.at("errors"):
        faults = FAULTS[model.errors.style](model)
    mishaps: Mishaps | None = None
    with complaints.at("errors", "item_code"):
        mishaps = Mishaps.compile(model, patterns)
    complaints.stop()
    assert rows is not None
    assert faults is not None
    return Setting(
        model, words, rows, faults, patterns, bodies, answers, mishaps, sealer, links=links, endings=endings
    )


def _shapes(
    where: str,
    models: Mapping[str, Mapping[str, str]],
    allowed: frozenset[str],
    patterns: Mapping[str, re.Pattern[str]],
    complaints: Complaints,
    *,
    lists: Mapping[str, int] = MappingProxyType({}),
) -> Mapping[str, Shape]:
    found: dict[str, Shape] = {}
    for name, places in models.items():
        with complaints.at(where, name):
            found[name] = Shape(places, allowed, patterns, lists)
    return MappingProxyType(found)


def _add(table: RouteTable, number: int, route: RouteModel, setting: Setting, complaints: Complaints) -> None:
    with complaints.at("routes", number):
        for key, name, known in (
            ("grammar", route.grammar, GRAMMARS),
            ("body", route.body or None, setting.bodies),
            ("answer", route.answer or None, setting.answers),
            ("ending", route.ends or None, setting.endings),
        ):
            if name is not None and name not in known:
                raise ValueError(f'names an unknown {key} "{name}"{nearest(name, known.keys())}')
        setting = _for_route(route, setting)
        method, _, path = route.match.removesuffix(EITHER_WAY).partition(" ")
        media = route.media if route.media is not None else setting.file.media.request if route.body else []
        answers = setting.file.media.response if route.answers_in is None else route.answers_in
        _check_streams(route, method, media, answers)
        declared = Declared(
            target.template(path),
            {name: _parameter(kind, setting.patterns) for name, kind in route.query.items()},
            _grammar(route, setting),
            _headers(setting.file, route.accept),
            _faults(setting, method, path),
            frozenset(media),
            frozenset(answers),
            coded=setting.file.media.coding == "stated",
            untyped=setting.file.media.untyped,
            in_query=frozenset(setting.file.headers.in_query),
            refused=route.refuse,
            streams=route.streams,
            ending=setting.endings.get(route.ends),
        )
        table.add(method, setting.patterns, declared)
        if route.match.endswith(EITHER_WAY):
            table.add(method, setting.patterns, replace(declared, template=target.template(f"{path}/")))


def _faults(setting: Setting, method: str, path: str) -> Faults:
    """Return how errors of one route look, where they look different from route to route."""
    match setting.faults:
        case SalesforceFaults():
            return setting.faults.at(path)
        case ZohoFaults() | SuiteFaults():
            return setting.faults.at(method, path)
    return setting.faults


def _check_streams(route: RouteModel, method: str, media: list[str], answers: list[str]) -> None:
    """Return if what a route says of its stream can be served; raises ValueError."""
    if not route.streams:
        if "cells" in route.model_fields_set:
            raise ValueError("has cells: and no streams: request that they could stand in")
        return
    wrong = "body" if route.body else "answer" if route.answer and route.streams == "response" else ""
    if wrong:
        raise ValueError(
            f"streams the {route.streams}, whose rows need no {wrong}: to describe them; leave it out"
        )
    described = route.grammar == "record"  # what another grammar finds in a request is its own affair
    if route.streams == "request":
        if method not in {"POST", "PUT", "PATCH"} or (described and route.action not in WRITING):
            raise ValueError("streams a request, which has to create or update by POST, PUT or PATCH")
        if not media or not all(map(in_rows, media)):
            raise ValueError("streams a request: name the codec of its rows, as media: [csv]")
    elif (described and route.action not in DISCLOSING) or len([each for each in answers if in_rows(each)]) != 1:
        raise ValueError(
            "streams an answer, which reads or lists: name one codec for its rows, as answers_in: [csv, json]"
        )


def _grammar(route: RouteModel, setting: Setting) -> Grammar:
    """Return what reads the requests of a route, after what the route says that they do by themselves."""
    if route.refuse:
        return Unread()
    match = route.match.removesuffix(EITHER_WAY)
    grammar = GRAMMARS[route.grammar](route.model_copy(update={"match": match}), setting)
    grammar = paged(route, grammar, setting)
    return Implying(implied(route, setting), setting.words, grammar) if route.uses else grammar


def _check_denied(model: ConnectorFile, complaints: Complaints) -> None:
    """Complain of endpoints that are said to be refused, and have a route all the same."""
    routes = {_bare(route.match) for route in model.routes}
    for number, denied in enumerate(model.denied):
        with complaints.at("denied", number):
            method, path = _bare(denied.match)
            methods = METHODS if method == "ANY" else (method,)
            if any((each, path) in routes for each in methods):
                raise ValueError("is said to be denied, but there is a route for it")


def _bare(match: str) -> tuple[str, tuple[str, ...]]:
    """Return method and path of a template, whatever its blanks are called."""
    method, _, path = match.removesuffix(EITHER_WAY).partition(" ")
    return method, tuple(part if isinstance(part, str) else "{}" for part in target.template(path))


def _for_route(route: RouteModel, setting: Setting) -> Setting:
    """Return what a route is compiled against: it may have records that look in a way of their own."""
    if not route.record:
        return setting
    model: RecordModel | None = setting.file.records.get(route.record)
    if model is None:
        raise ValueError(
            f'names an unknown record "{route.record}"{nearest(route.record, setting.file.records)}'
        )
    is_id = setting.patterns.get("id", NAME)
    known = setting.rows.known
    rows = Rows.compile(model, setting.words, is_id, setting.patterns, setting.links, known=known)
    return replace(setting, rows=rows)


def _names(words: Words) -> re.Pattern[str]:
    """Return how objects may be called in a path."""
    return re.compile("|".join((NAME.pattern, *map(re.escape, words.aliases))), re.ASCII | re.IGNORECASE)


def _parameter(kind: str | ParameterModel, patterns: Mapping[str, re.Pattern[str]]) -> Parameter:
    if isinstance(kind, ParameterModel):
        if kind.idle and kind.idle not in patterns:
            raise ValueError(f'has a parameter with an unknown pattern "{kind.idle}"')
        kind = kind.kind
    if kind in READ_BY_GRAMMAR:
        return Parameter(None, many=kind in LISTS)
    if kind not in patterns:
        raise ValueError(f'has a query parameter of unknown kind "{kind}"{nearest(kind, patterns.keys())}')
    return Parameter(patterns[kind])


def _headers(model: ConnectorFile, accept: str) -> HeaderRules:
    headers = model.headers
    send = {**headers.send, "accept": accept} if accept else headers.send
    return HeaderRules(
        tuple((name.lower(), value) for name, value in send.items()),
        {name.lower(): _pattern(text) for name, text in headers.forward.items()},
        frozenset(map(str.lower, headers.refuse)),
        frozenset(map(str.lower, headers.back)),
        {name.lower(): _pattern(text) for name, text in headers.answer.items()},
    )


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.ASCII)
    except re.error:
        raise ValueError("is not a regular expression") from None
