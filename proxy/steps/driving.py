"""Hands the questions of a step to whoever answers them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from proxy.errors import UpstreamFault
from proxy.message import Request, Response
from proxy.steps.asking import Asking
from proxy.vault.needs import Need, Opening, Sending

Send = Callable[[Request], Awaitable[Response]]
"""Sends a request to a CRM; raises UpstreamFault."""


async def driven[T](asking: Asking[T], send: Send, settle: Callable[[Need], Any]) -> T:
    """Return what comes of a step.

    Args:
        asking: the step.
        send: answers its requests; a fault of the CRM is the step's to judge.
        settle: gives what it needs of the vault; blocks.

    Raises:
        UpstreamFault: the step cannot do without what failed.
        ExchangeError: whatever else `send` and `settle` raise.
    """
    try:
        request: Any = next(asking)
        while True:
            if isinstance(request, Sending | Opening):
                request = asking.send(await asyncio.to_thread(settle, request))
                continue
            try:
                response = await send(request)
            except UpstreamFault as fault:
                request = asking.throw(fault)
            else:
                request = asking.send(response)
    except StopIteration as over:
        result: T = over.value
        return result
    finally:
        asking.close()
