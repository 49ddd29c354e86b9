"""Lychgate as its users meet it: a process on sockets between SDKs and CRMs; and one without sockets."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from proxy.demo.installation import Crm, LaneOf
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, running
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.e2e.processes import Installed, key_of

TWOFOLD = """
  twofold:
    description: One application used for two things, which are kept apart.
    recipient: helpdesk_app
    roles: [support_agent, marketer]
    purposes: [customer_support, newsletter]
    default_purpose: customer_support
"""
"""A client with two purposes; the example set has none."""

Install = Callable[..., Installed]


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation inside this process."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("harness") / "gateway")
    yield made
    made.close()


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Make installations in folders of their own; their processes end with the test."""
    made: list[Installed] = []

    def make(lanes: Mapping[Crm, LaneOf], edit: Callable[[str], str] = str) -> Installed:
        made.append(Installed.make(tmp_path / f"gateway-{len(made)}", lanes, edit))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@dataclass(frozen=True)
class Town:
    """Both lanes, and both CRMs behind them."""

    run: Installed
    salesforce: SalesforceSandbox
    hubspot: HubSpotSandbox


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Lychgate with both lanes, for all tests of a module; what a test changes in a CRM it has made itself."""
    org, account = SalesforceSandbox(CRM_TOKEN, people=450, page_size=200), HubSpotSandbox(CRM_TOKEN, people=230)
    with running(org) as here, running(account) as there:
        lanes: dict[Crm, LaneOf] = {
            "salesforce": LaneOf(0, here.url, CRM_TOKEN, tls=True),
            "hubspot": LaneOf(0, there.url, CRM_TOKEN),
        }
        run = Installed.make(tmp_path_factory.mktemp("town") / "gateway", lanes)
        clients = run.made.policies / "example" / "clients.yaml"
        clients.write_text(clients.read_text("utf-8") + TWOFOLD, "utf-8")
        run.keys["twofold"] = key_of("twofold", clients)
        try:
            yield Town(run.up(), org, account)
            run.down()
            run.check_ledger()
        finally:
            run.kill()
