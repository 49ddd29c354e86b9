"""Nothing of an exchange stays in memory once it is over, whether or not the collector has come by.

What refers to itself stays until it does: pages of personal data that nobody needs any more, in memory that the
next page could have, gone through time and again.
"""

import gc
from collections import Counter
from typing import Any

from proxy.connectors import Opened
from proxy.exchange import Exchange
from proxy.transforms import Redactions
from tests.e2e.harness import GatewayHarness
from tests.e2e.test_exchanges import Crm, cases, request_of


def alive() -> Counter[str]:
    """Return how many there are of what an exchange makes."""
    found = [type(each) for each in gc.get_objects()]
    return Counter({kind.__name__: found.count(kind) for kind in (Exchange, Opened, Redactions)})


async def test_no_exchange_leaves_anything_behind(harness: GatewayHarness) -> None:
    """Whatever became of it."""
    every: Any = cases()
    gc.collect()
    gc.disable()
    before = alive()
    try:
        for each in every:
            (case,) = each.values
            await harness.exchange(case["lane"], request_of(case, harness), Crm(case, harness))
        assert alive() == before
    finally:
        gc.enable()
