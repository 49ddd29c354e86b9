"""A process that dies anywhere: the boundaries are counted by a run of their own, not listed by hand."""

import asyncio
import contextlib

import pytest

from proxy.erasure import Known, State
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, StoppedClock
from tests.erase.conftest import AOIFE, TOKEN, World

CASE = "case0001"


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


def dying_at(world: World, number: int) -> None:
    """Have the world end at the boundary of this number, counted from now."""
    left = [number]

    def boundary(what: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed(what)

    world.boundary = boundary


def count(make) -> int:
    """Return how many boundaries a run has that nobody disturbs."""
    world, met = make(), [0]

    def boundary(what: str) -> None:
        met[0] += 1

    world.boundary = boundary
    asyncio.run(run(world))
    return met[0]


async def run(world: World) -> None:
    """Drive the case as a new process would."""
    await world.eraser().drive(CASE)


def confirmed(world: World) -> World:
    """Return the world with its case planned and confirmed."""
    world.open(Known("email", AOIFE))
    asyncio.run(run(world))
    world.agree()
    world.entries.clear()
    world.sent.clear()
    return world


def effects(world: World) -> list[str]:
    """Return what was sent to be done, without questions."""
    asking = ("/search", "Recycle")
    return [
        f"{lane} {request.method} {request.path} {request.body.decode()[-60:]}"
        for lane, request in world.sent
        if request.method in {"DELETE", "PATCH"}
        or (request.method == "POST" and not request.path.endswith(asking[0]))
    ]


def fresh(*lanes: str) -> World:
    """Return a world whose case is confirmed."""
    clock = StoppedClock()
    crms = {"salesforce": SalesforceSandbox(TOKEN, now=clock), "hubspot": HubSpotSandbox(TOKEN, now=clock)}
    return confirmed(World(clock, {lane: crms[lane] for lane in lanes or crms}))


# Of one CRM every boundary; of two every ninth, and another one in every run of the suite that comes after a
# change.
@pytest.mark.parametrize(("lanes", "stride"), [(("hubspot",), 1), ((), 9)])
def test_dying_at_every_boundary_and_once_more_ends_the_same(lanes: tuple[str, ...], stride: int) -> None:
    """Whenever it dies, twice in a row: one final state, one certificate, no step carried out twice with
    effect."""
    whole = fresh(*lanes)
    asyncio.run(run(whole))
    expected = whole.cases.get(CASE)
    boundaries = count(lambda: fresh(*lanes))
    assert boundaries > 60
    for number in range(1, boundaries + 1, stride):
        world = fresh(*lanes)
        dying_at(world, number)
        with pytest.raises(Killed):
            asyncio.run(run(world))
        dying_at(world, 1 + number * 7 % 23)
        with contextlib.suppress(Killed):  # near the end there may be nothing left to die at
            asyncio.run(run(world))
        world.boundary = lambda what: None
        asyncio.run(run(world))
        case = world.cases.get(CASE)
        assert case.state is State.LIVE_COMPLETE, number
        assert world.left() == [], number
        assert [(one.edition, one.text) for one in case.issued] == [
            (one.edition, one.text) for one in expected.issued
        ], number
        assert [entry.what for entry in world.entries].count("certified") == 1, number
        # A purge may be asked for twice: the second finds nothing in the bin.
        done = [one for one in effects(world) if "Soap" not in one]
        assert len(done) == len(set(done)), number
        assert world.shut == set()


def test_no_request_goes_out_before_its_intent_is_durable() -> None:
    """At every boundary at which a deed is sent, the last entry and the kept case say that it is intended."""
    world = fresh()

    def boundary(what: str) -> None:
        if what == "after request" and effects(world) != seen:
            seen[:] = effects(world)
            assert world.entries[-1].what == "intent"
            assert any(done.how == "intent" for done in world.cases.get(CASE).journal.values())

    seen: list[str] = []
    world.boundary = boundary
    asyncio.run(run(world))
    assert len(seen) > 8
