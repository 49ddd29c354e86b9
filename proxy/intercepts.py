"""What becomes of a delete that a client sends: it passes, is refused, or an erasure takes its place.

Deleting in a CRM is where personal data are supposed to die, and do not. So policy may have a case opened in
place of the call (`case`), or have the person erased at once (`convert`); the client is answered as its SDK
expects, in the words that the connector has for that.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from proxy.codec import codec_for, codec_named
from proxy.connectors.endings import Fate, Said
from proxy.errors import Refused
from proxy.exchange import Exchange
from proxy.message import Headers, Response
from proxy.model import Credential
from proxy.policy.erasing import ErasureRule

DELETES: Final = frozenset({"delete", "erase"})
_LOOK: Final = 0.2
_SPARE: Final = 2.0
"""Seconds of the exchange's deadline that are kept for answering."""
CASE_HEADER: Final = "lychgate-erasure-case"
NAMED: Final = 20
"""Cases that stand in the header, and in an error's text; in other bodies there is room for all."""


class Opens(Protocol):
    """Opens cases, wherever they are driven."""

    async def open(
        self, lane: str, records: Sequence[tuple[str, str]], by: Credential, rule: ErasureRule, law: str
    ) -> list[str]:
        """Return the cases of some records (object, id), one each; durable when this returns."""

    async def done(self, case: str) -> bool | None:
        """Say whether a case has come to its end: erased, or not; None while it is under way."""


class Taken(NamedTuple):
    """What has taken a request's place."""

    cases: tuple[str, ...]
    answer: Response | None
    """What the client is told; None: its CRM has no other way to say it than an error."""
    fault: Refused | None = None
    """Says it as one."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Which cases it is about."""
        return ((CASE_HEADER, ", ".join(self.cases[:NAMED])),)


class Intercepts:
    """The interception of one lane.

    Args:
        lane: its name.
        opens: None: no cases can be opened here, and what would open one is refused.
        seconds: that a client can be kept waiting.
    """

    def __init__(self, lane: str, opens: Opens | None, seconds: float) -> None:
        self._lane = lane
        self._opens = opens
        self._seconds = seconds

    def rule(self, exchange: Exchange, operations: Sequence[str]) -> ErasureRule | None:
        """Return the rule by which an erasure takes the request's place; None: it goes on as it is.

        Args:
            exchange: its caller is known.
            operations: `action object` of each.

        Raises:
            Refused: `erasure_refused` by policy; `erasure_mixed`, where only some of what is asked for is a
                delete that policy has replaced; `erasure_unnamed`, where that is so of a job, or of another
                request that does not say by id which records it means.
        """
        if not exchange.rules.policies.erasing.rules:
            return None
        found = [_comes_to(exchange, action, object_) for action, object_ in _judged(exchange, operations)]
        for each in found:
            if each is not None and each.then == "refuse":
                raise Refused("erasure_refused", each.id)
        active = {each.id: each for each in found if each is not None and each.then in {"case", "convert"}}
        if not active:
            return None
        if len(active) > 1 or any(each is None or each.id not in active for each in found):
            raise Refused("erasure_mixed" if _named(exchange) else "erasure_unnamed")
        return next(iter(active.values()))

    async def take_over(self, exchange: Exchange, rule: ErasureRule, by: Credential) -> Taken:
        """Open the cases and return what the client is told.

        Raises:
            Refused: `erasure_unnamed`: the request does not say by id which records it means.
            Unavailable: the cases could not be opened.
        """
        asked = exchange.asked
        records = [(each.object, key) for each in asked.operations for key in each.records] if asked else []
        if self._opens is None or not records or asked is None:
            raise Refused("erasure_unnamed")
        law = exchange.rules.policies.erasing.law
        cases = await self._opens.open(self._lane, records, by, rule, law)
        done = await self._all_done(rule, list(dict.fromkeys(cases)))
        each = zip(dict.fromkeys(records), cases, strict=True)
        fates = {record: Fate(case, done[case]) for record, case in each}
        said = asked.ends(fates) if asked.ends is not None else None
        listed = tuple(done)
        if said is not None:
            return Taken(listed, _response(exchange, said))
        reason = "erasure_done" if all(done.values()) else "erasure_accepted"
        return Taken(listed, None, Refused(reason, ", ".join(listed[:NAMED]), status=409))

    async def _all_done(self, rule: ErasureRule, cases: list[str]) -> dict[str, bool]:
        """Return which cases clients are told of as done; what is erased at once is waited for."""
        assert self._opens is not None
        if rule.then == "case":
            return {case: rule.answer == "done" or await self._opens.done(case) is True for case in cases}
        until = asyncio.get_running_loop().time() + max(0.0, self._seconds - _SPARE)
        return {case: await self._done(case, until) for case in cases}

    async def _done(self, case: str, until: float) -> bool:
        """Say whether a case is over by then; another process may be driving it, so it is looked at."""
        assert self._opens is not None
        while asyncio.get_running_loop().time() < until:
            if (done := await self._opens.done(case)) is not None:
                return done
            await asyncio.sleep(_LOOK)
        return False


def _judged(exchange: Exchange, operations: Sequence[str]) -> list[tuple[str, str]]:
    """Return action and object of what a request does, less what it would be shown of the records that go.

    Only where all of it can be told as deletes: then nothing that is read here is of any other record.
    """
    split = [(action, object_) for action, _, object_ in (each.partition(" ") for each in operations)]
    if exchange.asked is None or exchange.asked.ends is None:
        return split
    gone = {object_ for action, object_ in split if action in DELETES}
    return [each for each in split if each[0] != "read" or each[1] not in gone]


def _named(exchange: Exchange) -> bool:
    """Say whether a request names records that it deletes; what was read elsewhere is taken to."""
    if exchange.asked is None:
        return True
    return any(each.records for each in exchange.asked.operations if each.action in DELETES)


def _response(exchange: Exchange, said: Said) -> Response:
    """Return an answer in the form in which this client is answered."""
    if said.bodiless:
        return Response(said.status)
    request, route = exchange.clean, exchange.route
    assert request is not None
    assert route is not None
    stated, both = request.headers.one("content-type"), route.request_media & route.response_media
    codec = codec_for(stated, both) if request.body and stated and both else codec_named(route.response_media)
    headers = Headers((("content-type", codec.content_type),))
    return Response(said.status, headers, codec.encode(said.tree))


def refuse_rows(exchange: Exchange) -> None:
    """Return if what the rows of a body delete is deleted as it is.

    Raises:
        Refused: `erasure_refused` by policy; `erasure_rows` where a case takes the place of a delete: a body
            that goes on as it comes cannot be answered with one.
    """
    asked = exchange.asked
    for each in asked.operations if asked is not None else ():
        rule = _comes_to(exchange, str(each.action), each.object)
        if rule is not None and rule.then != "pass":
            raise Refused("erasure_refused" if rule.then == "refuse" else "erasure_rows", rule.id)


def _comes_to(exchange: Exchange, action: str, object_: str) -> ErasureRule | None:
    """Return the rule for a delete; None for what is none, or goes on as it is."""
    assert exchange.principal is not None
    rules = exchange.rules
    if action not in DELETES:
        return None
    return rules.policies.erasing.comes_to(rules.connector.name, object_, action, exchange.principal.roles)
