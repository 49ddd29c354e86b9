"""Parity: one record read through every surface that its CRM has shows each person the same values.

How to add a connector: write its surfaces, each a function that asks for the one record and returns its fields
by name, and a test that is parametrised by `pairs(...)` and calls `compare`. A surface that somebody may not use
says so in `refused`, and is then expected to be refused to them, and to nobody else.

A field that is absent and one that is null count as the same: APIs that leave out empty fields cannot tell them
apart, and neither can their clients.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest

from proxy.message import Headers, Request, Response
from proxy.sandbox import Sandbox
from tests.e2e.harness import GatewayHarness
from tests.sandboxes import answered

Caller = tuple[str, str | None]
"""A client of the example policies, and the purpose it states."""
CALLERS: tuple[Caller, ...] = (("helpdesk", None), ("mailer", None), ("privacy_desk", "subject_request"))
"""A support agent, a marketer, a privacy officer."""
Values = Mapping[str, object]


class Refused(Exception):
    """The surface is not for this caller."""


class Asker:
    """Sends requests through the harness to a sandbox without a socket."""

    def __init__(self, harness: GatewayHarness, crm: Sandbox, client: str, purpose: str | None) -> None:
        self._harness, self._crm = harness, crm
        self._fields = harness.credentials(client, purpose)

    def _answer(self, request: Request) -> Response:
        return answered(self._crm, request)

    async def __call__(self, method: str, target: str, body: object = None) -> Any:
        """Return the decoded answer.

        Raises:
            Refused: policy does not let the request, or anything of its answer, through.
        """
        path, _, query = target.partition("?")
        raw = b"" if body is None else json.dumps(body).encode()
        fields = self._fields + ((("content-type", "application/json"),) if raw else ())
        request = Request(method, path, query, Headers(fields), raw)
        ended = await self._harness.exchange(self._crm.name, request, self._answer)
        if ended.response.status == 403:
            raise Refused
        assert ended.response.status in {200, 201, 207}, ended.response.body
        return json.loads(ended.response.body)


@dataclass(frozen=True)
class Surface:
    """One way to read the record."""

    name: str
    read: Callable[[Asker], Awaitable[Values]]
    refused: frozenset[str] = frozenset()
    """Clients who may not use it."""


@dataclass
class Seen:
    """What everybody saw of a record through every surface, so that each is asked once."""

    harness: GatewayHarness
    crm: Sandbox
    found: dict[tuple[str, str], Values | None] = field(default_factory=dict)

    def asker(self, caller: Caller) -> Asker:
        """Return what asks for somebody."""
        return Asker(self.harness, self.crm, *caller)

    async def through(self, surface: Surface, caller: Caller) -> Values | None:
        """Return the fields that are not empty; None where the surface is refused."""
        key, ask = (caller[0], surface.name), self.asker(caller)
        if key not in self.found:
            try:
                shown = await surface.read(ask)
                self.found[key] = {name: value for name, value in shown.items() if value is not None}
            except Refused:
                self.found[key] = None
        return self.found[key]


def pairs(surfaces: Iterable[Surface]) -> list[Any]:
    """Return every pair of surfaces as parameters of a test."""
    return [pytest.param(*pair, id=f"{pair[0].name}+{pair[1].name}") for pair in combinations(surfaces, 2)]


async def compare(seen: Seen, caller: Caller, one: Surface, other: Surface, *, least: int = 1) -> None:
    """Fail unless two surfaces show a caller the same values, at least so many, or are refused as is right."""
    shown = {surface.name: await seen.through(surface, caller) for surface in (one, other)}
    for surface in (one, other):
        assert (shown[surface.name] is None) == (caller[0] in surface.refused), surface.name
    first, second = shown[one.name], shown[other.name]
    if first is not None and second is not None:
        assert first == second
        assert len(first) >= least
