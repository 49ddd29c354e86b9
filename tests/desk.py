"""The erasures of an installation, with two CRMs in this process and nothing between."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.demo.installation import Installation
from proxy.erase import Site
from proxy.erasure import Assent
from proxy.erasure.assent import settle
from proxy.erasures import Erasures, ports
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox
from tests.e2e.harness import GatewayHarness
from tests.erase.conftest import AOIFE, TOKEN, answered, connector_of


class Desk:
    """The erasures of an installation with two CRMs in this process."""

    def __init__(self, harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch) -> None:
        self.harness = harness
        self.erasures = Erasures(harness.app)
        self.crms = {"salesforce": SalesforceSandbox(TOKEN), "hubspot": HubSpotSandbox(TOKEN)}
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()
        monkeypatch.setattr(ports, "sites", lambda _app: self.sites())

    def sites(self) -> dict[str, Site]:
        """Return the sites; every question waits for the gate."""

        def sending(lane: str):
            async def send(request):
                self.waiting.set()
                await self.gate.wait()
                return answered(self.crms[lane], request)

            return send

        return {
            lane: Site(connector_of(lane).book, connector_of(lane).catalogue, sending(lane))
            for lane in self.crms
        }

    async def does(self, what: str, case: str = "", **more):
        """Do what a command asks, without another process."""
        return await self.erasures.do({"do": what, "case": case, "wait": True, **more})

    async def idle(self) -> None:
        """Return once nothing is being moved."""
        await asyncio.gather(*self.erasures.shared.busy.values())

    async def confirmed(self) -> str:
        """Return a case that is agreed to."""
        case = (await self.does("open", **ABOUT))["case"]
        await self.agree(case)
        return case

    async def agree(self, case: str) -> None:
        """Have a case planned, and agreed to by who may."""
        plan = await self.does("plan", case)
        key = self.harness.installation.keys["privacy_desk"]
        await self.does("confirm", cases=[case], typed=[plan["short"]], key=key, purpose="subject_request")

    def second_agrees(self, case: str) -> None:
        """Have a case agreed to by a second person, who showed a token for the privacy desk."""
        cases, now = self.erasures.cases, int(time.time())
        kept = cases.get(case)
        client = self.harness.app.pseudonyms.of("principal", "privacy_desk")
        second = Assent(
            "second", "jwt", now, kept.plan.hash, client=client, subject="second", roles=("privacy_officer",)
        )
        cases.keep(settle(kept.put(assents=(*kept.assents, second)), now))

    @property
    def there(self) -> bool:
        """Whether the person is still in both CRMs."""
        salesforce, hubspot = self.crms.values()
        return any(row["Email"] == AOIFE for row in salesforce.people()) and any(
            row["firstname"] == "Aoife" for row in hubspot.people()
        )


ABOUT = {"values": [("email", AOIFE)], "ground": "objection", "identity": "document"}


@contextmanager
def installed(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    desk: type[Desk] = Desk,
    prepare: Callable[[Installation], None] = lambda made: None,
) -> Iterator[Desk]:
    """Give an installation inside this process."""
    harness = GatewayHarness.make(folder, prepare=prepare)
    yield desk(harness, monkeypatch)
    harness.close()
    harness.app.kept.close()
