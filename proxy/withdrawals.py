"""Writes by which somebody may withdraw a consent, on one lane: looked at before the CRM is asked, and written
down, so that no withdrawal is lost with a process.

The client's answer is the CRM's own, and nobody waits here for what a withdrawal comes to: `proxy.erasures`
looks at the record once the CRM has answered, or when it is clear that nobody will say so any more.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from proxy.connectors.goings import ids_of
from proxy.erasure import Spot
from proxy.erasure.watched import Watch, Watched, Watching
from proxy.errors import ExchangeError
from proxy.exchange import Exchange, Rules
from proxy.model import Action
from proxy.policy.erasing import Before
from proxy.steps.driving import Send, driven
from proxy.steps.withdrawing import attributes_of
from proxy.vault.needs import Need

AT_ONCE: Final = 8
"""Records of one request that the CRM is asked about at the same time."""
_ACCEPTED: Final = 202
"""The CRM says that it will do it, not that it has."""


def withdrawing(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    """Return the records (object, id) in which a request may withdraw a consent that a rule is about.

    It does where it writes any field that shows the consent; a record that is made has none to lose. The id is
    "" where nobody but the CRM knows which record that is.
    """
    rules, asked = exchange.rules, exchange.asked
    if asked is None or not rules.policies.erasing.withdrawals:
        return ()
    shows = {name: _shows(rules, name) for name in {write.object for write in asked.writes}}
    found: dict[tuple[str, str], None] = {}
    for write in asked.writes:
        if write.action is Action.UPDATE and not shows[write.object].isdisjoint(write.members):
            found |= dict.fromkeys((write.object, record) for record in ids_of(asked, write) or ("",))
    return tuple(found)


def _shows(rules: Rules, object_: str) -> frozenset[str]:
    """Return the fields of an object that show a consent some rule is about."""
    connector, spec = rules.connector.name, rules.connector.catalogue.get(object_)
    if spec is None:
        return frozenset()
    names = (each.shows(connector, spec) for each in rules.policies.erasing.withdrawn(connector, object_))
    return frozenset(spec.attributes[name].field for name in frozenset[str]().union(*names))


@dataclass(frozen=True, slots=True)
class Withdrawals:
    """What is known of records before they are written.

    Args:
        lane: its name.
        send: asks the lane's CRM with its own credential; None: it has none, and nothing can be looked at.
        settle: opens protected values; blocks.
        watched: where it is written down.
        clock: seconds since the epoch.
        late: seconds after which a record is looked at though nobody has said how its exchange ended.
    """

    lane: str
    send: Send | None
    settle: Callable[[Need], Any]
    watched: Watched
    clock: Callable[[], float]
    late: int
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def begin(self, rules: Rules, records: tuple[tuple[str, str], ...]) -> Watching:
        """Return once it is durable that a consent may be withdrawn in some records, and how it stood before.

        Where nobody can say how it stood, that is written down: then the record alone tells.

        Raises:
            Unavailable: it cannot be written down; nothing may be sent.
        """
        before = await asyncio.gather(*(self._before(rules, *each) for each in records))
        now = int(self.clock())
        watches = tuple(
            Watch(Spot(self.lane, *each), now, dict(stood))
            for each, stood in zip(records, before, strict=True)
        )  # fmt: skip
        return await asyncio.to_thread(self.watched.note, watches, late=self.late)

    async def over(self, watching: Watching, status: int) -> None:
        """Have the records looked at, once the CRM has answered."""
        if status == _ACCEPTED:
            return
        now = int(self.clock())
        await asyncio.to_thread(self.watched.look_at, watching, now)

    async def _before(self, rules: Rules, object_: str, record: str) -> Before:
        book, spec = rules.connector.book, rules.connector.catalogue[object_]
        connector, rules_ = rules.connector.name, rules.policies.erasing.withdrawn(rules.connector.name, object_)
        if book is None or self.send is None or not record or object_ not in book.objects:
            return {}
        names = frozenset[str]().union(*(each.attributes(connector, spec) for each in rules_))
        try:
            async with self._room:
                found = await driven(attributes_of(book, spec, record, names), self.send, self.settle)
        except ExchangeError:
            return {}
        if found is None:
            return {}
        return {each.id: each.stands(connector, spec, found[1], datetime.now(UTC)) for each in rules_}
