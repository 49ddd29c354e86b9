"""What a case costs in a batch of many: with a real ledger and a real store, and a CRM in the same process.

    python -m tests.bench.bench_cases [CASES]

It tells, for each tenth of the batch, the processor's time and the requests of one case, and how much memory the
process has. All three have to stay the same.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from proxy.erase import Site
from proxy.erasure import Case, Spot, State, Terms
from proxy.erasures import Erasures, ports
from proxy.sandbox import HubSpotSandbox
from tests.e2e.harness import GatewayHarness
from tests.erase.conftest import TOKEN, answered, connector_of

PAGE = 4096


async def measure(cases: int) -> None:
    """Erase everybody of a CRM, one after the other, and print what that took."""
    crm = HubSpotSandbox(TOKEN, people=cases)
    with tempfile.TemporaryDirectory() as folder:
        harness = GatewayHarness.make(Path(folder) / "gateway")
        erasures = Erasures(harness.app)

        async def send(request):
            return answered(crm, request)

        connector = connector_of("hubspot")
        ports.sites = lambda _app: {"hubspot": Site(connector.book, connector.catalogue, send)}
        names = [f"case{number:05d}" for number in range(cases)]
        for name, row in zip(names, crm.people(), strict=True):
            spot = Spot("hubspot", "contacts", str(row["hs_object_id"]))
            about = {"people": (spot,), "terms": Terms(approvers=0)}
            erasures.cases.keep(
                Case(name, State.VERIFIED, int(time.time()), "gdpr", "objection", "operator", **about)
            )
        done, began, tenth = 0, time.process_time(), max(cases // 10, 1)
        async for _, case in erasures.erasers.make().drive_all(names, at_once=1):
            assert case is not None
            assert case.state is State.LIVE_COMPLETE, case.reason
            done += 1
            if done % tenth == 0:
                spent = (time.process_time() - began) / tenth * 1000
                pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
                print(f"{done:6} cases: {spent:7.2f} ms of processor each, {pages * PAGE >> 20} MiB", flush=True)
                began = time.process_time()
        harness.close()
        harness.app.kept.close()


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))
