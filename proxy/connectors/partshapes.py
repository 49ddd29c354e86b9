"""How Salesforce writes several requests into one body, and their answers into one: three layouts.

A layout is closed: a member that is not named here refuses the request, and is left out of an answer. What an
answer says beside the parts (whether there were errors, which part it is) is worked out here, not copied.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Tree

MOST_PARTS: Final = 25
"""Requests that Salesforce takes in one batch or composite."""
MOST_NODES: Final = 500
"""Requests that it takes in all graphs of one request."""
MOST_GRAPHS: Final = 75

_REFERENCE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}", re.ASCII)
_GRAPH: Final = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
_ERRORS: Final = 400


class Part(NamedTuple):
    """One request inside a request; the client's until it was understood."""

    method: str
    url: str
    body: Tree | None
    reference: str = ""
    """What the client calls it; with graphs, the graph's name, a slash, and that."""


Told = tuple[int, Tree | None]
"""Status of a part's answer, and its body."""


class Layout(Protocol):
    """One way of putting requests into a body."""

    def take(self, tree: Tree) -> tuple[Tree, list[Part]]:
        """Return what else a body says, and the requests in it; raises Gap and Undecodable."""
        ...

    def put(self, envelope: Tree, parts: list[Part]) -> Tree:
        """Return the body again, with other requests in it."""
        ...

    def answers(self, tree: Tree, parts: list[Part]) -> list[Told]:
        """Return what each of the parts was answered; raises UpstreamFault."""
        ...

    def answered(self, parts: list[Part], told: list[Told]) -> Tree:
        """Return the answer to the whole."""
        ...


def _object(tree: Tree, needed: frozenset[str], more: frozenset[str] = frozenset()) -> dict[str, Tree]:
    """Return an object of a request that has the members it needs, and none but these and `more`."""
    if not isinstance(tree, dict):
        raise Gap("construct", "unknown_value")
    if not tree.keys() <= needed | more:
        raise Gap("construct", "unknown_member")
    if not needed <= tree.keys():
        raise Undecodable("member_missing")
    return tree


def _list(tree: Tree, most: int) -> list[Tree]:
    if not isinstance(tree, list) or not tree:
        raise Gap("construct", "unknown_value")
    if len(tree) > most:
        raise Undecodable("too_many_items", status=413)
    return tree


def _part(tree: dict[str, Tree], body: str, reference: str = "") -> Part:
    method, url = tree["method"], tree["url"]
    if not isinstance(method, str) or not isinstance(url, str):
        raise Gap("construct", "unknown_value")
    return Part(method, url, tree.get(body), reference)


def _flags(tree: dict[str, Tree], names: frozenset[str]) -> dict[str, Tree]:
    """Return the switches a body has beside its requests."""
    found = {name: value for name, value in tree.items() if name in names}
    if not all(isinstance(value, bool) for value in found.values()):
        raise Gap("construct", "unknown_value")
    return found


def _within(tree: Tree, name: str) -> Tree:
    if not isinstance(tree, dict) or name not in tree:
        raise UpstreamFault("unexpected_shape")
    return tree[name]


def _told(tree: Tree, status: str, body: str) -> Told:
    code = _within(tree, status)
    if type(code) is not int or not 200 <= code <= 599:
        raise UpstreamFault("unexpected_status")
    assert isinstance(tree, dict)
    return code, tree.get(body)


def _matched(tree: Tree, count: int) -> list[Tree]:
    if not isinstance(tree, list) or len(tree) != count:
        raise UpstreamFault("unexpected_shape")
    return tree


@dataclass(frozen=True, slots=True)
class Batch:
    """`composite/batch`: independent requests, without names."""

    def take(self, tree: Tree) -> tuple[Tree, list[Part]]:
        """Return what else a body says, and the requests in it."""
        whole = _object(tree, frozenset({"batchRequests"}), frozenset({"haltOnError"}))
        shape = frozenset({"method", "url"}), frozenset({"richInput"})
        parts = [_part(_object(each, *shape), "richInput") for each in _list(whole["batchRequests"], MOST_PARTS)]
        return _flags(whole, frozenset({"haltOnError"})), parts

    def put(self, envelope: Tree, parts: list[Part]) -> Tree:
        """Return the body again, with other requests in it."""
        assert isinstance(envelope, dict)
        return {**envelope, "batchRequests": [_written(part, "richInput") for part in parts]}

    def answers(self, tree: Tree, parts: list[Part]) -> list[Told]:
        """Return what each of the parts was answered."""
        return [_told(each, "statusCode", "result") for each in _matched(_within(tree, "results"), len(parts))]

    def answered(self, parts: list[Part], told: list[Told]) -> Tree:
        """Return the answer to the whole."""
        results: Tree = [{"statusCode": code, "result": body} for code, body in told]
        return {"hasErrors": any(code >= _ERRORS for code, _ in told), "results": results}


def _written(part: Part, body: str) -> dict[str, Tree]:
    found: dict[str, Tree] = {"method": part.method, "url": part.url}
    return found if part.body is None else {**found, body: part.body}


def _named(items: Iterable[Tree], prefix: str = "") -> list[Part]:
    """Return requests that have names, each name once."""
    shape = frozenset({"method", "url", "referenceId"}), frozenset({"body"})
    parts: list[Part] = []
    for each in items:
        tree = _object(each, *shape)
        name = tree["referenceId"]
        if not isinstance(name, str) or not _REFERENCE.fullmatch(name):
            raise Gap("construct", "unknown_value")
        parts.append(_part(tree, "body", prefix + name))
    if len({part.reference for part in parts}) != len(parts):
        raise Undecodable("repeated_reference")
    return parts


def _name(part: Part) -> str:
    return part.reference.rpartition("/")[2]


def _requests(parts: Iterable[Part]) -> list[Tree]:
    return [{**_written(part, "body"), "referenceId": _name(part)} for part in parts]


def _responses(tree: Tree, parts: list[Part]) -> list[Told]:
    rows = _matched(_within(tree, "compositeResponse"), len(parts))
    for row, part in zip(rows, parts, strict=True):
        if _within(row, "referenceId") != _name(part):
            raise UpstreamFault("unexpected_shape")
    return [_told(row, "httpStatusCode", "body") for row in rows]


def _composite(parts: Iterable[Part], told: Iterable[Told]) -> Tree:
    """Return named answers; of their headers there is nothing: a `Location` holds an id nobody judged."""
    rows: Tree = [
        {"body": body, "httpHeaders": {}, "httpStatusCode": code, "referenceId": _name(part)}
        for part, (code, body) in zip(parts, told, strict=True)
    ]
    return {"compositeResponse": rows}


@dataclass(frozen=True, slots=True)
class Composite:
    """`composite`: requests in order, with names."""

    def take(self, tree: Tree) -> tuple[Tree, list[Part]]:
        """Return what else a body says, and the requests in it."""
        flags = frozenset({"allOrNone", "collateSubrequests"})
        whole = _object(tree, frozenset({"compositeRequest"}), flags)
        return _flags(whole, flags), _named(_list(whole["compositeRequest"], MOST_PARTS))

    def put(self, envelope: Tree, parts: list[Part]) -> Tree:
        """Return the body again, with other requests in it."""
        assert isinstance(envelope, dict)
        return {**envelope, "compositeRequest": _requests(parts)}

    def answers(self, tree: Tree, parts: list[Part]) -> list[Told]:
        """Return what each of the parts was answered."""
        return _responses(tree, parts)

    def answered(self, parts: list[Part], told: list[Told]) -> Tree:
        """Return the answer to the whole."""
        return _composite(parts, told)


@dataclass(frozen=True, slots=True)
class Graph:
    """`composite/graph`: several composites, each carried out whole or not at all."""

    def take(self, tree: Tree) -> tuple[Tree, list[Part]]:
        """Return the names of the graphs, and the requests in all of them."""
        parts: list[Part] = []
        names: list[Tree] = []
        for each in _list(_object(tree, frozenset({"graphs"}))["graphs"], MOST_GRAPHS):
            graph = _object(each, frozenset({"graphId", "compositeRequest"}))
            name = graph["graphId"]
            if not isinstance(name, str) or not _GRAPH.fullmatch(name):
                raise Gap("construct", "unknown_value")
            if name in names:
                raise Undecodable("repeated_reference")
            names.append(name)
            parts += _named(_list(graph["compositeRequest"], MOST_NODES), f"{name}/")
        if len(parts) > MOST_NODES:
            raise Undecodable("too_many_items", status=413)
        return names, parts

    def put(self, envelope: Tree, parts: list[Part]) -> Tree:
        """Return the body again, with other requests in it."""
        graphs = [
            {"graphId": name, "compositeRequest": _requests(held)} for name, held in _graphs(parts).items()
        ]
        return {"graphs": graphs}

    def answers(self, tree: Tree, parts: list[Part]) -> list[Told]:
        """Return what each of the parts was answered."""
        graphs = _graphs(parts)
        rows = _matched(_within(tree, "graphs"), len(graphs))
        found: list[Told] = []
        for row, (name, held) in zip(rows, graphs.items(), strict=True):
            if _within(row, "graphId") != name:
                raise UpstreamFault("unexpected_shape")
            found += _responses(_within(row, "graphResponse"), held)
        return found

    def answered(self, parts: list[Part], told: list[Told]) -> Tree:
        """Return the answer to the whole."""
        rows: list[Tree] = []
        left = iter(told)
        for name, held in _graphs(parts).items():
            mine = [next(left) for _ in held]
            well = all(code < _ERRORS for code, _ in mine)
            rows.append({"graphId": name, "graphResponse": _composite(held, mine), "isSuccessful": well})
        return {"graphs": rows}


def _graphs(parts: Iterable[Part]) -> dict[str, list[Part]]:
    """Return the parts of each graph, in order; those of one graph follow each other."""
    found: dict[str, list[Part]] = {}
    for part in parts:
        found.setdefault(part.reference.partition("/")[0], []).append(part)
    return found


LAYOUTS: Final[Mapping[str, Layout]] = {"batch": Batch(), "composite": Composite(), "graph": Graph()}
