"""The two forms of an OData batch: JSON with names, and `multipart/mixed` in order.

    JSON        {"requests": [{"id", "method", "url", "headers", "body", "atomicityGroup", "dependsOn"}]}
    multipart   {"parts": [request or [request]]}, as `proxy.codec.batch` takes it apart

A form is closed: a member that is not named here refuses the request, and is left out of an answer.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Tree

MOST: Final = 1_000
"""Requests that Dataverse takes in one batch."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ERRORS: Final = 400
_JSON_TYPE: Final = re.compile(r"application/json(?:;[ a-z0-9=.;-]*)?", re.IGNORECASE)
_TOLD: Final[dict[str, Tree]] = {"odata-version": "4.0"}
"""Headers of an answer inside: of the CRM's own there is nothing, as a `Location` holds an id nobody judged."""


class Part(NamedTuple):
    """One request inside a batch; the client's until it was understood."""

    method: str
    url: str
    headers: Mapping[str, str]
    """Lower-case name -> value, each once."""
    body: Tree | None
    id: str = ""
    group: str | None = None
    """The change set it belongs to."""
    depends: tuple[str, ...] = ()


class Told(NamedTuple):
    """The answer to one of the requests."""

    at: int
    """Which of them; to the first of a change set, if it is the answer to all of it."""
    status: int
    body: Tree | None
    whole: bool = False
    """Whether it is the answer to a whole change set, which has failed."""


class Form(Protocol):
    """One way of putting requests into a body."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What is sent so that the answer comes in the same form."""

    def put(self, parts: list[Part]) -> Tree:
        """Return a body with these requests in it."""
        ...

    def answers(self, tree: Tree, parts: list[Part]) -> Iterator[Told]:
        """Yield what the requests were answered; raises UpstreamFault."""
        ...

    def answered(self, told: list[Told], parts: list[Part]) -> Tree:
        """Return the answer to the whole."""
        ...


def form_of(tree: Tree) -> tuple[Form, list[Part]]:
    """Return the form of a body, and the requests in it; raises Gap and Undecodable."""
    form: Form
    match tree:
        case {"parts": [*items], **rest} if not rest:
            form, parts = Mixed(), list(_mixed(items))
        case {"requests": [*items], **rest} if not rest:
            form, parts = Named(), [_part(each, named=True) for each in items]
        case _:
            raise Gap("construct", "unknown_member")
    if not parts:
        raise Gap("construct", "unknown_value")
    if len(parts) > MOST:
        raise Undecodable("too_many_items", status=413)
    ids = [part.id for part in parts if part.id]
    if len(set(ids)) != len(ids):
        raise Undecodable("repeated_reference")
    for at, part in enumerate(parts):
        if not set(part.depends) <= {each.id for each in parts[:at]} | {each.group for each in parts[:at]}:
            raise Undecodable("unknown_reference")
    return form, parts


def _mixed(items: list[Tree]) -> Iterator[Part]:
    for number, each in enumerate(items):
        if isinstance(each, list):
            for inner in each:
                yield _part(inner, named=False)._replace(group=str(number))
        else:
            yield _part(each, named=False)


def _part(tree: Tree, *, named: bool) -> Part:
    more = {"atomicityGroup", "dependsOn"} if named else set()
    if not isinstance(tree, dict) or not tree.keys() <= {"id", "method", "url", "headers", "body", *more}:
        raise Gap("construct", "unknown_member")
    method, url, name = tree.get("method"), tree.get("url"), tree.get("id", None if named else "")
    group, depends = tree.get("atomicityGroup"), tree.get("dependsOn", [])
    if not isinstance(method, str) or not isinstance(url, str) or not isinstance(name, str):
        raise Gap("construct", "unknown_value")
    if (name or named) and not _ID.fullmatch(name):
        raise Gap("construct", "unknown_value")
    if group is not None and not (isinstance(group, str) and _ID.fullmatch(group)):
        raise Gap("construct", "unknown_value")
    if not isinstance(depends, list) or not all(isinstance(each, str) for each in depends):
        raise Gap("construct", "unknown_value")
    headers = _headers(tree.get("headers", {}))
    return Part(method.upper(), url, headers, tree.get("body"), name, group, tuple(map(str, depends)))


def _headers(tree: Tree) -> dict[str, str]:
    """Return headers by their names in lower case; the one that says how the body is written is read here."""
    if not isinstance(tree, dict) or not all(isinstance(value, str) for value in tree.values()):
        raise Gap("construct", "unknown_value")
    found = {name.lower(): str(value) for name, value in tree.items()}
    if len(found) != len(tree):
        raise Undecodable("repeated_header")
    if not _JSON_TYPE.fullmatch(found.pop("content-type", "application/json")):
        raise Undecodable("unknown_media_type", status=415)
    return found


def _status(tree: Tree) -> int:
    code = tree.get("status") if isinstance(tree, dict) else None
    if type(code) is not int or not 200 <= code <= 599:
        raise UpstreamFault("unexpected_status")
    return code


def _body(tree: Tree) -> Tree | None:
    return tree.get("body") if isinstance(tree, dict) else None


def _written(part: Part) -> dict[str, Tree]:
    found: dict[str, Tree] = {"id": part.id} if part.id else {}
    found |= {"method": part.method, "url": part.url, "headers": dict(part.headers)}
    return found if part.body is None else {**found, "body": part.body}


def _answer(told: Told, part: Part) -> dict[str, Tree]:
    found: dict[str, Tree] = {"id": part.id} if part.id and not told.whole else {}
    found |= {"status": told.status, "headers": dict(_TOLD)}
    return found if told.body is None else {**found, "body": told.body}


@dataclass(frozen=True, slots=True)
class Named:
    """JSON: each answer says which request it is the answer to."""

    headers: tuple[tuple[str, str], ...] = (("accept", "application/json"),)

    def put(self, parts: list[Part]) -> Tree:
        """Return a body with these requests in it."""
        return {"requests": [self._request(part) for part in parts]}

    @staticmethod
    def _request(part: Part) -> dict[str, Tree]:
        found = _written(part)
        if part.body is not None:
            found["headers"] = {**part.headers, "content-type": "application/json"}
        if part.group is not None:
            found["atomicityGroup"] = part.group
        return {**found, "dependsOn": list(part.depends)} if part.depends else found

    def answers(self, tree: Tree, parts: list[Part]) -> Iterator[Told]:
        """Yield what the requests were answered, in their order; some may not have been carried out."""
        rows = tree.get("responses") if isinstance(tree, dict) else None
        if not isinstance(rows, list):
            raise UpstreamFault("unexpected_shape")
        by_id = {each["id"]: each for each in rows if isinstance(each, dict) and isinstance(each.get("id"), str)}
        if len(by_id) != len(rows) or not by_id.keys() <= {part.id for part in parts}:
            raise UpstreamFault("unexpected_shape")
        for at, part in enumerate(parts):
            if part.id in by_id:
                yield Told(at, _status(by_id[part.id]), _body(by_id[part.id]))

    def answered(self, told: list[Told], parts: list[Part]) -> Tree:
        """Return the answer to the whole."""
        return {"responses": [_answer(each, parts[each.at]) for each in told]}


@dataclass(frozen=True, slots=True)
class Mixed:
    """Multipart: answers come in the order of the requests."""

    headers: tuple[tuple[str, str], ...] = (("accept", "multipart/mixed"),)

    def put(self, parts: list[Part]) -> Tree:
        """Return a body with these requests in it."""
        return {"parts": _grouped([(part.group, _written(part)) for part in parts])}

    def answers(self, tree: Tree, parts: list[Part]) -> Iterator[Told]:
        """Yield what the requests were answered; after one that failed there may be none."""
        rows = tree.get("parts") if isinstance(tree, dict) else None
        groups = _runs(parts)
        if not isinstance(rows, list) or not rows or len(rows) > len(groups):
            raise UpstreamFault("unexpected_shape")
        failed = False
        for row, places in zip(rows, groups, strict=False):
            for each in self._of(row, places, in_set=parts[places[0]].group is not None):
                failed = each.status >= _ERRORS
                yield each
        if len(rows) < len(groups) and not failed:
            raise UpstreamFault("unexpected_shape")

    @staticmethod
    def _of(row: Tree, places: list[int], *, in_set: bool) -> Iterator[Told]:
        if isinstance(row, list):
            if not in_set or len(row) != len(places):
                raise UpstreamFault("unexpected_shape")
            for at, each in zip(places, row, strict=True):
                yield Told(at, _status(each), _body(each))
            return
        status = _status(row)
        if in_set and status < _ERRORS:  # a change set that is done has an answer for each of its requests
            raise UpstreamFault("unexpected_shape")
        yield Told(places[0], status, _body(row), whole=in_set)

    def answered(self, told: list[Told], parts: list[Part]) -> Tree:
        """Return the answer to the whole."""
        rows = [(None if each.whole else parts[each.at].group, _answer(each, parts[each.at])) for each in told]
        return {"parts": _grouped(rows)}


def _runs(parts: list[Part]) -> list[list[int]]:
    """Return the places of requests that were sent together, in order."""
    runs: list[list[int]] = []
    for at, part in enumerate(parts):
        if at and part.group is not None and part.group == parts[at - 1].group:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def _grouped(rows: list[tuple[str | None, dict[str, Tree]]]) -> list[Tree]:
    found: list[Tree] = []
    before: str | None = None
    for group, row in rows:
        last = found[-1] if found else None
        if group is not None and group == before and isinstance(last, list):
            last.append(row)
        else:
            found.append(row if group is None else [row])
        before = group
    return found
