"""The words of the API: who asks, what was asked, what is answered, and what a route is."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from proxy.config import ErasureApi
from proxy.erasures import Erasures
from proxy.errors import LychgateError
from proxy.message import Request
from proxy.model import Principal

Who = Literal["anybody", "client", "requester", "administrator", "agent"]
"""Nobody has to say who they are; any client that is registered; may open cases, and see their own; agrees to
erasures by policy; an authorized agent of the Data Rights Protocol."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    id: str
    """Pseudonym, as it stands in cases and in the ledger."""
    administers: bool
    principal: Principal | None = None
    """None: an agent."""
    agent: str = ""
    """Name of the agent."""


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that was asked, checked as far as its route says what it is."""

    caller: Caller
    names: Mapping[str, str]
    """What stands in the path."""
    query: Mapping[str, str]
    body: Any
    """Of the route's model; None where nothing is sent."""
    request: Request


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes = b""
    media: str = "application/json"
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """What routes work with."""

    erasures: Erasures
    settings: ErasureApi
    token: Callable[[str, str], str]
    """(agent, its verify key) -> the pair-wise key that it shows."""
    now: Callable[[], float]
    """Seconds since the epoch."""


Run = Callable[[Given, Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked."""

    method: str
    path: str
    """Names in braces."""
    name: str
    """Of the operation."""
    summary: str
    who: Who
    run: Run
    gives: type[BaseModel] | None
    """None: something else than JSON, of `media`."""
    status: int = 200
    takes: type[BaseModel] | None = None
    signed: bool = False
    """What is sent is text, signed by an agent; the route opens it."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Name of a parameter -> pattern that its whole value has to match."""
    media: tuple[str, ...] = ("application/json",)
    also: Mapping[int, type[BaseModel] | None] = field(default_factory=dict)
    """Other answers; None: one without a body."""


class Amiss(LychgateError):
    """What was asked is not answered; the sentence is for a person, and holds no value that was sent."""

    def __init__(self, status: int, detail: str, *, fatal: bool = False) -> None:
        super().__init__(detail)
        self.status = status
        self.fatal = fatal
        """Sent again as it is, it will fare no better."""


def said(tree: object, status: int = 200, *fields: tuple[str, str]) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(tree, ensure_ascii=False).encode(), fields=fields)
