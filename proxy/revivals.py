"""Who comes back with a request that takes a record out of a recycle bin, or puts one into another.

Such a request names nothing but ids, and a tombstone knows nobody by an id. So the record is looked at first,
with the lane's own credential, live or deleted. Where nobody was erased nothing is asked.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from proxy.connectors.naming import telling
from proxy.connectors.playbook import Refusal
from proxy.errors import Refused, Unavailable, UpstreamFault
from proxy.exchange import Rules
from proxy.steps.driving import Send, driven
from proxy.steps.reviving import Told, revived
from proxy.vault.needs import Need

UNSEEN = "person_unseen"


class Revivals:
    """What is known of records that come back, on one lane.

    Args:
        send: asks the lane's CRM with its own credential; None: it has none, and nothing can be looked at.
        settle: opens protected values; blocks.
        anybody: says whether anybody has been erased who may not come back; blocks.
    """

    def __init__(self, send: Send | None, settle: Callable[[Need], Any], anybody: Callable[[], bool]) -> None:
        self._send = send
        self._settle = settle
        self._anybody = anybody

    async def __call__(self, rules: Rules, records: Iterable[tuple[str, str]]) -> Told:
        """Return what names somebody in some records; see `proxy.enforce.Brings`."""
        if not await asyncio.to_thread(self._anybody):
            return ()
        telling_ = [each for each in records if _tells(rules, each[0])]
        found = await asyncio.gather(*(self._look(rules, *each) for each in telling_))
        return tuple(pair for told in found for pair in told)

    async def _look(self, rules: Rules, object_: str, record: str) -> Told:
        book = rules.connector.book
        if book is None or self._send is None or not record:
            raise Refused(UNSEEN, object_)
        book = replace(book, protections=rules.protections)
        try:
            return await driven(revived(book, object_, record), self._send, self._settle)
        except Refusal:
            raise Refused(UNSEEN, object_) from None
        except UpstreamFault:
            raise Unavailable(UNSEEN, object_) from None


def _tells(rules: Rules, object_: str) -> bool:
    """Say whether anybody can be known by a record of an object."""
    connector = rules.connector
    spec = connector.catalogue.get(object_)
    fields = () if spec is None else spec.fields
    return bool(telling(connector, object_, fields)) or (
        connector.book is not None and connector.book.tells(object_)
    )
