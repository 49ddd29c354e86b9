"""The port between a route and whatever reads its requests: a grammar.

A route names its grammar in YAML (`grammar: soql`). When the connector loads, the grammar's `compile`
function is called once for the route; per request only `Grammar.read` runs. `table.py` lists them all.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from proxy.connectors.asked import Answer, Asked, Faults, Sealer, Sign
from proxy.connectors.comparing import Looking
from proxy.connectors.endings import Ending, Ends, Named
from proxy.connectors.envelope import Mishaps
from proxy.connectors.facts import Wanted
from proxy.connectors.linked import Links
from proxy.connectors.rows import Rows
from proxy.connectors.rowset import Rowset
from proxy.connectors.shape import Shape
from proxy.connectors.spec import ConnectorFile, RouteModel
from proxy.connectors.words import Hidden, Words
from proxy.message import Record, Request, Tree
from proxy.model import Operation


@dataclass(frozen=True, slots=True)
class Asking:
    """What a grammar gets to read of one request; all of it is the client's, none of it trusted."""

    params: Mapping[str, str]
    """What stood in the blanks of the path; each matched its pattern."""
    query: Mapping[str, tuple[str, ...]]
    """Query parameters the route lists, decoded once, in the order they came; single unless a list."""
    tree: Tree | None
    """The decoded body; None: no body. May be edited in place."""
    binding: str
    """Opaque: whom and what for. Whatever is sealed for this caller must be bound to it."""
    request: Request
    """The whole message, for the rare grammar that looks at its headers."""
    part: bool = False
    """Whether it is one of several requests inside another."""
    at: int = 0
    """When, in seconds since the epoch; 0 = nobody says."""


@dataclass(slots=True)
class Reading:
    """What a grammar made of one request."""

    operations: tuple[Operation, ...]
    """Never empty."""
    answer: Answer
    params: Mapping[str, str]
    """What to put into the blanks of the path."""
    query: tuple[tuple[str, str], ...] = ()
    """Query parameters to send, not yet encoded."""
    tree: Tree | None = None
    writes: tuple[Record, ...] = ()
    widen: "Widen | None" = None
    """Makes a request that also brings the fields some facts come from; None where no facts can be had."""
    narrow: "Narrow | None" = None
    """Makes a request that does not ask for some fields; None where it names none that it asks for."""
    sign: Sign | None = None
    """Puts our credential into the body; None where the CRM reads it in the headers."""
    path: tuple[str | tuple[str], ...] | None = None
    """Template of the path to ask for, where it is not the route's own."""
    method: str = ""
    """By which method; "": that of the client."""
    media: str = ""
    """Name of the codec to send the body in; "": that of the client's."""
    headers: tuple[tuple[str, str], ...] = ()
    """To be sent beside those of the connector, or in their place."""
    swap: "Swap | None" = None
    """Makes the request with what it compares protected fields with put into what the CRM has; None where it
    cannot. What is handed to `Looking` tells all such fields; it may go over the request several times."""
    ordered: int | None = None
    """When what comes back was ordered, in seconds since the epoch, 0 = before anybody noted that; None: now."""
    rowset: Rowset | None = None
    """What the rows of the request's body write, on a route that declares `streams: request`. What they do is
    known when the first of them has come; until then `operations` says it without a field."""
    named: tuple[Named, ...] = ()
    """Object and id of each record as the client named them, where `operations` have them in another order."""
    wrap: Callable[[Tree], Tree] | None = None
    """Puts what the route says of records that have gone into the envelope of this call."""
    ends: Ends | None = None
    """Says the same where the route cannot."""


Widen = Callable[[Wanted], Reading]
Narrow = Callable[[Hidden], Reading]
Swap = Callable[[Looking], Reading]


class Grammar(Protocol):
    """Reads the requests of one route; MUST be stateless, and MUST NOT echo client text in what it raises."""

    def read(self, asking: Asking) -> Reading:
        """Return what the request does.

        Raises:
            Gap: a construct, object or member the connector has no word for.
            Undecodable: the request contradicts itself or is too large to be read.
        """
        ...


class Recognises(Protocol):
    """A route that was found for one request, for a grammar whose requests hold others."""

    @property
    def request_media(self) -> frozenset[str]:
        """Names of the codecs a request body may come in."""

    @property
    def response_media(self) -> frozenset[str]:
        """Names of the codecs an answer may come in."""

    def recognise(self, request: Request, tree: Tree | None, *, binding: str = "", part: bool = False) -> Asked:
        """Return the request in the CRM's terms, and what to send; see `Route.recognise`."""
        ...


Find = Callable[[Request], Recognises]
"""Finds the route of a request; raises Gap and Undecodable."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a grammar is compiled against: one connector, its parts already compiled."""

    file: ConnectorFile
    words: Words
    rows: Rows
    faults: Faults
    """How this CRM writes an error, for answers that carry one inside a success."""
    patterns: Mapping[str, re.Pattern[str]]
    bodies: Mapping[str, Shape]
    answers: Mapping[str, Shape]
    mishaps: Mishaps | None = None
    """How errors of single records are told, in answers that hold several."""
    sealer: Sealer | None = None
    find: Find | None = None
    """Finds routes of this same connector; not before all of them are compiled."""
    links: Links | None = None
    """Which field says that two records are linked."""
    endings: Mapping[str, Ending] = field(default_factory=dict)
    """What is said of records that have gone."""


Compile = Callable[[RouteModel, Setting], Grammar]
"""Builds a route's grammar at load; raises ValueError, with a sentence for the author, if it cannot."""
