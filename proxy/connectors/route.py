"""Routes: from method and path to the one declared operation they mean, or to nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from proxy.connectors import target
from proxy.connectors.asked import Asked, Faults, Sent
from proxy.connectors.endings import Ending, ends_of
from proxy.connectors.grammar import Asking, Grammar, Reading
from proxy.errors import Gap, Undecodable, Unidentified
from proxy.message import Request, Tree

LISTS: Final = frozenset({"select", "select_each", "history", "extra", "links"})
"""Kinds of query parameter that may stand there more than once; every one of them is judged."""
BRACKETS: Final = "[*]"
"""At the end of a parameter's name: stands for every one that has brackets there, `filter[name][eq]`."""
ALIASES: Final = "@*"
"""Stands for every query parameter whose name begins with @: OData's names for parts of a query."""
MAX_RECORDS: Final = 1_000
"""Records that one request names; each is put down in the ledger, where an entry has its bounds."""


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """What of the headers crosses, compiled."""

    send: tuple[tuple[str, str], ...] = ()
    forward: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    refuse: frozenset[str] = frozenset()
    back: frozenset[str] = frozenset()
    answer: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    def onward(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return the fields to send on: the constants, and what the client may say itself.

        Raises:
            Gap: a header that changes what the CRM answers in a way policy has no word for.
            Undecodable: a header that may be sent on stands there twice.
        """
        found: dict[str, str] = dict(self.send)
        for name, value in request.headers:
            if name in self.refuse:
                raise Gap("construct", "refused_header", name)
            pattern = self.forward.get(name)
            if pattern is None:
                continue
            if name in found:
                raise Undecodable("repeated_header", name)
            if pattern.fullmatch(value):
                found[name] = value
        return tuple(found.items())


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter of a route."""

    pattern: re.Pattern[str] | None
    """What a value must match; None: the grammar reads it."""
    many: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """A route as the connector declares it, compiled; shared between exchanges."""

    template: tuple[str | tuple[str], ...]
    parameters: Mapping[str, Parameter]
    grammar: Grammar
    headers: HeaderRules
    faults: Faults
    request_media: frozenset[str] = frozenset()
    response_media: frozenset[str] = frozenset({"json"})
    coded: bool = True
    untyped: bool = False
    in_query: frozenset[str] = frozenset()
    """Parameters in which clients put credentials."""
    refused: str = ""
    """Why whatever comes this way is refused; "" where it is read."""
    streams: Literal["", "request", "response"] = ""
    ending: Ending | None = None
    """What is said of records that go by it."""


@dataclass(frozen=True, slots=True)
class Route:
    """A declared route and what one request put into its blanks."""

    declared: Declared
    params: Mapping[str, str]
    query: Mapping[str, tuple[str, ...]]

    @property
    def request_media(self) -> frozenset[str]:
        """Names of the codecs a request body may come in; empty: a body is refused."""
        return self.declared.request_media

    @property
    def response_media(self) -> frozenset[str]:
        """Names of the codecs an answer may come in."""
        return self.declared.response_media

    @property
    def untyped(self) -> bool:
        """Whether a request body may come without a media type: it is then in the only codec there is."""
        return self.declared.untyped and len(self.declared.request_media) == 1

    @property
    def streams(self) -> Literal["", "request", "response"]:
        """The body that comes in rows, and is handed on as it comes; "" if neither does."""
        return self.declared.streams

    @property
    def coded(self) -> bool:
        """Whether an answer has the content coding it states; if not, it has none."""
        return self.declared.coded

    def recognise(
        self, request: Request, tree: Tree | None, *, binding: str = "", part: bool = False, at: int = 0
    ) -> Asked:
        """Return the request in the CRM's terms, and what to send.

        Args:
            request: the message this route was found for, credentials removed.
            tree: its decoded body; None when it has none. Owned by the result from here on.
            binding: opaque text that stands for principal and purpose; a cursor we seal opens only for it.
            part: whether it came inside another request.
            at: when it came, in seconds since the epoch; it stands in what is sealed for a job.

        Raises:
            Gap: something in it that the connector has no word for.
            Undecodable: a body where none belongs, none where one does, a message against itself, or about
                more than `MAX_RECORDS`.
        """
        declared = self.declared
        if not declared.request_media and (tree is not None or request.body):
            raise Undecodable("body_unexpected")
        if part and declared.streams:
            raise Gap("construct", "stream_in_part")
        if declared.request_media and tree is None and declared.streams != "request":
            raise Undecodable("body_expected")
        headers = declared.headers.onward(request)
        reading = declared.grammar.read(Asking(self.params, self.query, tree, binding, request, part, at))
        if sum(len(each.records) for each in reading.operations) > MAX_RECORDS:
            raise Undecodable("too_many_records", status=413)
        sent = self._sent(reading)
        swap = reading.swap
        return Asked(
            operations=reading.operations,
            place=sent.place,
            headers=_replaced(headers, reading.headers),
            tree=sent.tree,
            writes=reading.writes,
            answer=sent.answer,
            faults=declared.faults,
            back=declared.headers.back,
            patterns=declared.headers.answer,
            widen=sent.widen,
            less=sent.less,
            sign=reading.sign,
            method=reading.method,
            media=reading.media,
            swap=None if swap is None else lambda looking: self._sent(swap(looking)),
            rowset=reading.rowset,
            ordered=reading.ordered,
            ends=reading.ends or ends_of(declared.ending, reading.operations, reading.named, reading.wrap),
        )

    @property
    def keyed(self) -> bool:
        """Whether a caller may say who they are in the body, which is then read before anybody knows them."""
        return hasattr(self.declared.grammar, "caller")

    def key_in(self, tree: Tree) -> str | None:
        """Return the key in a body, unverified; None if there is none."""
        caller = getattr(self.declared.grammar, "caller", None)
        found = None if caller is None else caller(tree)
        return found if isinstance(found, str) else None

    def _sent(self, reading: Reading) -> Sent:
        def place() -> str:
            path = target.path_of(reading.path or self.declared.template, reading.params)
            return path + target.query_of(reading.query)

        widen, narrow = reading.widen, reading.narrow
        wider = None if widen is None else lambda wanted: self._sent(widen(wanted))
        less = None if narrow is None else lambda hidden: self._sent(narrow(hidden))
        return Sent(place, reading.tree, reading.answer, wider, less)


def _replaced(
    headers: tuple[tuple[str, str], ...], others: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Return headers, of which some say another thing for one kind of request."""
    if not others:
        return headers
    names = {name for name, _ in others}
    return (*(pair for pair in headers if pair[0] not in names), *others)


@dataclass(slots=True)
class _Step:
    """One segment of the paths declared for one method."""

    literals: dict[str, "_Step"] = field(default_factory=dict)
    blanks: list[tuple[str, re.Pattern[str], "_Step"]] = field(default_factory=list)
    end: Declared | None = None


class RouteTable:
    """Every route of a connector, arranged so that finding one costs one look per path segment."""

    def __init__(self, values: frozenset[str] = frozenset()) -> None:
        """Take the names of the blanks that hold values, which SDKs write into a path fully encoded."""
        self._methods: dict[str, _Step] = {}
        self._values = values

    def add(self, method: str, patterns: Mapping[str, re.Pattern[str]], declared: Declared) -> None:
        """Add one route.

        Raises:
            ValueError: a blank has no pattern, or the route is declared twice.
        """
        step = self._methods.setdefault(method, _Step())
        for part in declared.template:
            step = _next(step, part, patterns)
        if step.end is not None:
            raise ValueError("is declared twice")
        step.end = declared

    def find(self, request: Request) -> Route:
        """Return the route of a request.

        Raises:
            Gap: no route is declared for it, or it has a query parameter that the route does not list.
            Undecodable: path or query can be read in more than one way.
        """
        parts = target.segments(request.path)
        step = self._methods.get(request.method)
        params: dict[str, str] = {}
        declared = _walk(step, parts, 0, params) if step else None
        quoted = [part for part in parts if type(part) is target.Quoted]
        if quoted and (declared is None or not _are_values(params, quoted, self._values)):
            raise Undecodable("ambiguous_path")
        if declared is None:
            raise Gap("route", "unknown_route")
        if declared.refused:
            raise Gap("route", declared.refused)
        query = _checked(declared, target.parameters(request.query)) if request.query else {}
        return Route(declared, params, query)


def _are_values(params: dict[str, str], quoted: list[target.Quoted], values: frozenset[str]) -> bool:
    """Say whether all that was fully encoded is in blanks that hold values; there it is text as any other."""
    found = [name for name, part in params.items() if type(part) is target.Quoted]
    params.update({name: str(params[name]) for name in found})
    return len(found) == len(quoted) and values.issuperset(found)


def _next(step: _Step, part: str | tuple[str], patterns: Mapping[str, re.Pattern[str]]) -> _Step:
    if isinstance(part, str):
        return step.literals.setdefault(part, _Step())
    name = part[0]
    if name not in patterns:
        raise ValueError(f'has a blank "{name}" without a pattern of that name')
    for known, _, after in step.blanks:
        if known == name:
            return after
    after = _Step()
    step.blanks.append((name, patterns[name], after))
    return after


def _walk(step: _Step, parts: list[str], at: int, params: dict[str, str]) -> Declared | None:
    """Return the first route that the parts from `at` on lead to; literals go before blanks."""
    if at == len(parts):
        return step.end
    part = parts[at]
    after = None if type(part) is target.Quoted else step.literals.get(part)
    if after is not None and (found := _walk(after, parts, at + 1, params)) is not None:
        return found
    for name, pattern, after in step.blanks:
        if pattern.fullmatch(part):
            found = _walk(after, parts, at + 1, params)
            if found is not None:
                params[name] = part
                return found
    return None


def _checked(declared: Declared, pairs: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the parameters by name, each listed by the route and each of its values checked."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if name in declared.in_query:
            raise Unidentified("credential_in_url")
        parameter = declared.parameters.get(name)
        if parameter is None and name.startswith("@"):
            parameter = declared.parameters.get(ALIASES)
        if parameter is None and "[" in name:
            parameter = declared.parameters.get(name.partition("[")[0] + BRACKETS)
        if parameter is None:
            raise Gap("route", "unknown_parameter")
        if name in found and not parameter.many:
            raise Undecodable("repeated_parameter")
        if parameter.pattern is not None and not parameter.pattern.fullmatch(value):
            raise Gap("construct", "parameter_value")
        found[name] = (*found.get(name, ()), value)
    return found
