"""An attacker with the support role recovers nothing of a hidden value, on any way to ask about it."""

import math
from collections.abc import Iterator

import pytest

from tests.attacks.recovery import CRMS, WAYS, Crm, attack, directly, installed, through
from tests.attacks.way import Way
from tests.e2e.harness import GatewayHarness

REQUESTS = 300
"""Per way; `python -m tests.attacks.recovery` spends 10,000."""


CONTROL = 60
"""Per way where all is open: nobody guesses as many bits."""


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation with the example policies."""
    made = installed(tmp_path_factory.mktemp("recovery") / "installation")
    yield made
    made.close()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation whose policy lets support have everything."""
    made = installed(tmp_path_factory.mktemp("opened") / "installation", open_to_support=True)
    yield made
    made.close()


def _name(way: Way) -> str:
    return f"{way.crm}: {way.name}"


@pytest.mark.parametrize("way", WAYS, ids=_name)
async def test_nothing_is_learned(harness: GatewayHarness, way: Way) -> None:
    """Every answer is the same, whatever the hidden value is; so guesses are as good as chance."""
    crm = Crm(CRMS[way.crm]())
    learned = await attack(way, crm, through(harness, crm), REQUESTS, seed=7)
    assert learned.looks == 1
    chance = 0.5**learned.bits
    spread = math.sqrt(learned.values * chance * (1 - chance))
    assert learned.found <= learned.values * chance + 4 * spread + 1


@pytest.mark.parametrize("way", [way for way in WAYS if way.direct], ids=_name)
async def test_everything_is_learned_without_lychgate(way: Way) -> None:
    """The attacker is one who succeeds: of the CRM itself it learns every value."""
    crm = Crm(CRMS[way.crm]())
    learned = await attack(way, crm, directly(crm), CONTROL, seed=7)
    assert learned.found == learned.values


@pytest.mark.parametrize("way", WAYS, ids=_name)
async def test_everything_is_learned_where_policy_allows_it(opened: GatewayHarness, way: Way) -> None:
    """It is the policy that stops the attacker: through Lychgate too, each way tells what it may tell."""
    crm = Crm(CRMS[way.crm]())
    learned = await attack(way, crm, through(opened, crm), CONTROL, seed=7)
    assert (learned.found == learned.values) != way.always
