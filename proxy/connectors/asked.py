"""What a request turned out to ask for, and how the CRM's answer to it is opened."""

import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from proxy.columns import Alike, PageAt
from proxy.connectors import paths
from proxy.connectors.comparing import Looking
from proxy.connectors.endings import Ends
from proxy.connectors.facts import Wanted
from proxy.connectors.rowset import Rowset
from proxy.connectors.words import Hidden
from proxy.errors import UpstreamFault
from proxy.message import Headers, Record, Request, Response, Tree
from proxy.model import DISCLOSING, Action, Operation

_REDIRECTS: Final = 300
_ERRORS: Final = 400
_NO_CONTENT: Final = 204
_NOT_FOUND: Final = 404
_BODILESS: Final = frozenset({204, 205})
_MAX_DIGITS: Final = 6
"""Of seconds: eleven days. Longer numbers are no counters, but could be somebody's."""


@dataclass(frozen=True, slots=True)
class Told:
    """Descriptions of objects or fields that stand in one list of an answer, or alone."""

    items: list[dict[str, Tree]]
    """The live list; a description that stands alone is the only item of a list of its own."""
    about: list[tuple[str, str]]
    """Object and field that each is about; the field is "" where it is the object itself."""
    flags: Mapping[str, Action]
    """Members that say whether something can be done -> what."""
    alone: bool = False
    """Whether the answer is nothing without it."""

    def cut(self, may: Callable[[str, str, Action | None], bool]) -> bool:
        """Leave out what the caller has no use for, and say of the rest no more than the caller may do.

        Args:
            may: gets object, field ("" for any of them) and an action (None for any that is of use).

        Returns whether a description that stands alone may be shown.
        """
        kept = []
        for item, (name, field_) in zip(self.items, self.about, strict=True):
            if not may(name, field_, None):
                continue
            for flag, action in self.flags.items():
                said = item.get(flag)
                if (said is True or said == "true") and not may(name, field_, action):
                    item[flag] = False if said is True else "false"
            kept.append(item)
        self.items[:] = kept
        return bool(kept) or not self.alone


@dataclass(frozen=True, slots=True)
class ToldByName:
    """The same where each description stands under the name of what it is about."""

    holder: dict[str, Tree]
    """Live."""
    about: Mapping[str, tuple[str, str]]
    """Name -> object and field."""

    def cut(self, may: Callable[[str, str, Action | None], bool]) -> bool:
        """See `Told.cut`; nothing of this says what can be done."""
        for name, about in self.about.items():
            if not may(*about, None):
                del self.holder[name]
        return True


@dataclass(slots=True)
class Beside:
    """What is to come beside the fields of records; whatever else an answer has there was not asked for."""

    past: set[str] = field(default_factory=set)
    """Fields of which the earlier values are to come."""
    linked: set[str] = field(default_factory=set)
    """Objects of which the linked records are to come."""


class Total(NamedTuple):
    """A number in an answer that says how many records there are in a list, further pages included."""

    holder: dict[str, Tree]
    member: str
    beside: dict[str, Tree]
    """What holds the list, as `name`."""
    name: str
    object: str

    def restate(self) -> None:
        """Have it say how many there are here; null where they were not asked for."""
        rows, told = self.beside.get(self.name), self.holder.get(self.member)
        if told is not None:
            count = len(rows) if isinstance(rows, Sized) else None
            self.holder[self.member] = str(count) if isinstance(told, str) else count


class Vacant(NamedTuple):
    """An answer that a CRM sends without a body where its list would be empty."""

    opened: "Opened"
    at: tuple[str, ...]
    """Where the list is."""
    object: str

    def restate(self) -> None:
        """Have it be that, if nothing is left of the list."""
        if not paths.get(self.opened.tree, self.at):
            self.opened.tree, self.opened.status = None, _NO_CONTENT


class Missing(NamedTuple):
    """What the CRM answers where a record that is asked for by its id is not there."""

    status: int
    tree: Tree
    any: bool = False
    """It answers so, too, where one of several is not there."""


@dataclass(slots=True)
class Opened:
    """An answer taken apart: every place that holds fields, and a tree free of undeclared members."""

    tree: Tree | None
    """To be encoded and released after the records in it were transformed in place; None: no body."""
    records: list[Record] = field(default_factory=list)
    """Every place that holds fields, nested ones included; those in `alike` apart."""
    alike: list[Alike] = field(default_factory=list)
    """Records that are opened, judged and transformed together."""
    pruned: int = 0
    """Members that were dropped because the connector does not declare them."""
    media: str = ""
    """Name of the codec to write it in, where that is not the one in which it came."""
    status: int = 0
    """To be shown, where that is not the CRM's."""
    is_error: bool = False
    """The CRM's error answer: a known code with our constant text, never the CRM's words."""
    discloses: bool = False
    """It was asked for to read: a record that nothing may be shown of is to leave no place behind."""
    totals: list[Total | Vacant] = field(default_factory=list)
    ids: list[tuple[str, list[Tree]]] = field(default_factory=list)
    """Live lists of nothing but ids, each with the object that they are of."""
    sizes: list[tuple[str, int]] = field(default_factory=list)
    """Numbers of records that stand there in place of the records, each with the object that is counted."""
    missing: Missing | None = None
    """How it looks where a record that was asked for alone is not there; None: it was not."""
    blank: bool = False
    """Where a single record stands, null says that there is none."""
    lacking: Callable[[], int] | None = None
    """Has the answer say that a record is not there, and returns the status that goes with it."""
    absent: bool = False
    """It was answered as if there were no such record."""
    sparse: list[list[Tree]] = field(default_factory=list)
    """Lists that have an item for whatever was asked for: null where it is not there."""
    parts: "list[Opened]" = field(default_factory=list)
    """The answers in it to requests of their own, whose records are in `records` as well."""
    compose: "Callable[[], Tree] | None" = None
    """Puts the answers of `parts` together again."""
    told: list[Told | ToldByName] = field(default_factory=list)
    """What describes objects and fields: each goes unless the caller has a use for what it describes."""

    def hold(self, part: "Opened") -> None:
        """Take in the answer to a request that was sent with others."""
        self.parts.append(part)
        self.records += part.records
        self.alike += part.alike
        self.told += part.told
        self.totals += part.totals
        self.pruned += part.pruned


class Answer(Protocol):
    """How the answer to one kind of request is read."""

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return what a successful answer holds, with everything undeclared pruned in place.

        Args:
            status: 2xx.
            tree: the decoded body, untrusted; None when there was none.

        Raises:
            UpstreamFault: the answer is not of the declared shape.
        """
        ...


class Faults(Protocol):
    """How a CRM says no: in its own answers, and in ours when we speak for it."""

    @property
    def by_status(self) -> bool:
        """Whether the CRM answers a read of a record that is not there with 404."""
        ...

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the error answer with constants for the CRM's words; total, whatever `tree` is."""
        ...

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return our refusal in the CRM's error shape, so that its SDK raises its usual exception.

        Args:
            request: what is refused; only its headers and path may matter, none of it is echoed.
            status: 4xx or 5xx.
            reason: constant snake_case word; not shown to the client.
            text: a constant sentence of ours.
            decision_id: opaque; shown, so that the person can ask about it.
        """
        ...


class Sealer(Protocol):
    """Makes text that only we can make and read, bound to a context."""

    def seal(self, plaintext: bytes, context: str) -> str:
        """Return URL-safe text."""
        ...

    def open(self, text: str, context: str) -> bytes:
        """Return the plaintext; raises Undecodable for anything not sealed in this very context."""
        ...


SignedBody = tuple[Tree, tuple[tuple[str, str], ...]]
"""A body, and the header fields that authenticate us beside it."""
Sign = Callable[[Tree, tuple[tuple[str, str], ...]], SignedBody]
"""Puts what the CRM is shown as our credential into a body, where a CRM reads it there."""


class Sent(NamedTuple):
    """What goes to the CRM, and how its answer is read."""

    place: Callable[[], str]
    """See `Asked`."""
    tree: Tree | None
    answer: Answer
    widen: "Callable[[Wanted], Sent] | None" = None
    """Asks for more; see `Asked.gather`."""
    less: "Callable[[Hidden], Sent] | None" = None
    """Asks for less; see `Asked.narrow`."""


@dataclass(slots=True)
class Asked:
    """A request in the CRM's terms, and all that may be sent on of it."""

    operations: tuple[Operation, ...]
    """Never empty."""
    place: Callable[[], str]
    """Returns `target`: it is written when nothing of the request changes any more."""
    headers: tuple[tuple[str, str], ...]
    """To send on; credentials and framing are not among them."""
    tree: Tree | None
    """The body to send, rebuilt or checked member by member; None: no body."""
    writes: tuple[Record, ...]
    """The records inside `tree` that the client writes."""
    answer: Answer
    faults: Faults
    back: frozenset[str] = frozenset()
    """Headers of the answer that may go back; only a run of digits ever does."""
    patterns: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    """Further headers of the answer that may go back, each with what its whole value must match."""
    widen: Callable[[Wanted], Sent] | None = None
    """Asks for more; see `gather`."""
    less: Callable[[Hidden], Sent] | None = None
    """Asks for less; see `narrow`."""
    sign: Sign | None = None
    """None: the CRM reads our credential in the headers."""
    method: str = ""
    """To send; "": the client's."""
    media: str = ""
    """Name of the codec of the body to send; "": the client's."""
    swap: Callable[[Looking], Sent] | None = None
    """Compares with what the CRM has; see `substitute`."""
    rowset: Rowset | None = None
    """What the rows of the request's body write; None: it does not come in rows."""
    ordered: int | None = None
    """When what comes back was ordered; see `Reading.ordered`."""
    ends: Ends | None = None
    """What the client is told where an erasure takes the place of this; None: the CRM's own error."""

    @property
    def target(self) -> str:
        """Canonical request target `path?query`, rebuilt from what was understood."""
        return self.place()

    def substitute(self, looking: Looking) -> None:
        """Have the CRM compare protected fields with what it has in place of the values that the client named.

        Comes before `narrow`; may be done more than once, first to learn what the request compares.

        Raises:
            Refused: a protected field is used in a way that only clear text allows.
        """
        if self.swap is not None:
            self.place, self.tree, self.answer, self.widen, self.less = self.swap(looking)

    def narrow(self, hidden: Hidden) -> None:
        """Have the CRM not asked for fields of which nothing could be shown; comes before `gather`, and once.

        Names that nobody listed go with them, so that no error of the CRM tells which of those it knows.

        Raises:
            Refused: nothing else is asked for.
        """
        if self.less is not None:
            self.place, self.tree, self.answer, self.widen, _ = self.less(hidden)

    def gather(self, wanted: Wanted) -> None:
        """Have the records of the answer come with facts, and ask the CRM for the fields they are read from.

        What was added to the request is taken out of its answer again. Where facts cannot be had, records
        come without them.
        """
        if self.widen is not None:
            self.place, self.tree, self.answer, *_ = self.widen(wanted)

    def page(self, status: int) -> PageAt | None:
        """Return where the CRM's answer has records that may come as `Columns`; None: nowhere."""
        found = getattr(self.answer, "page", None)
        return found if status < _REDIRECTS and isinstance(found, PageAt) else None

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the CRM's answer to this request, taken apart.

        Args:
            status: as the CRM sent it.
            tree: the decoded body, untrusted, edited in place; None when there was none or it was an error
                page nobody could decode.

        Raises:
            UpstreamFault: a redirect, a partial answer, a body where there is none, or a shape the connector
                does not declare.
        """
        if status >= _ERRORS:
            return self.faults.open(status, tree)
        if status >= _REDIRECTS or status < 200 or status == 206:
            raise UpstreamFault("unexpected_status")
        if status in _BODILESS and tree is not None:
            raise UpstreamFault("unexpected_body")
        opened = self.answer.open(status, tree)
        if not opened.is_error:
            action = self.operations[0].action
            opened.discloses = action in DISCLOSING
            if action is Action.READ and opened.missing is None and self.faults.by_status:
                opened.missing = Missing(_NOT_FOUND, self.faults.open(_NOT_FOUND, None).tree)
        return opened

    def headers_back(self, headers: Headers) -> tuple[tuple[str, str], ...]:
        """Return the fields of the CRM's answer that the connector lets back.

        Their values are counters and seconds, where the connector says nothing else: one that is not a short run
        of digits is left out, and so is a field that stands there twice.
        """
        found = [pair for pair in headers if pair[0] in self.back or pair[0] in self.patterns]
        names = [name for name, _ in found]
        return tuple(
            (name, value) for name, value in found if names.count(name) == 1 and self._goes_back(name, value)
        )

    def _goes_back(self, name: str, value: str) -> bool:
        if name in self.patterns:
            return self.patterns[name].fullmatch(value) is not None
        return value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS
