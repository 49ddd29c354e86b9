"""addons.underway: clocks and memory of exchanges."""

import asyncio
from types import SimpleNamespace

from addons.lane import Limits
from addons.mark import Lane, Mark, State
from addons.underway import Expired, Underway
from proxy.message import Request


async def test_finishing_gives_everything_back(spec, gateway):
    """Timer, memory and place; twice is as good as once."""
    underway = Underway(Limits())
    mark = Mark(Lane(spec(1), gateway), "c1")
    underway.begin(mark)
    underway.hold(mark, 100)
    assert underway.live == {"c1": mark}
    assert underway.buffered == 100
    for _ in range(2):
        underway.finish(mark)
        assert underway.live == {}
        assert underway.buffered == 0
        assert mark.timer is None
    assert mark.state is State.REFUSED


async def test_an_exchange_nobody_ended_is_put_on_record(spec, gateway):
    """A permission whose outcome no hook was told of is `abandoned`, once."""
    underway = Underway(Limits())
    mark = Mark(Lane(spec(1), gateway), "c1", state=State.FORWARDED)
    mark.exchange = SimpleNamespace(id="1", request=Request("GET", "/"))
    underway.begin(mark)
    underway.finish(mark)
    underway.finish(mark)
    await asyncio.gather(*underway.tasks)
    assert gateway.named("failure") == ["abandoned"]
    assert mark.state is State.REFUSED


async def test_a_released_exchange_stays_released(spec, gateway):
    """Nothing leads out of RELEASED."""
    mark = Mark(Lane(spec(1), gateway), "c1", state=State.RELEASED, wire=(b"x",))
    mark.refuse()
    Underway(Limits()).finish(mark)
    assert mark.state is State.RELEASED
    assert mark.wire == (b"x",)


async def test_an_overdue_exchange_tells_its_connection(spec, gateway):
    """The event reaches the connection that the exchange belongs to."""
    told = []

    class Connection:
        """Writes down events."""

        async def server_event(self, event):
            """Write it down."""
            told.append(event)

    underway = Underway(Limits())
    underway.connections["c1"] = Connection()
    mark = Mark(Lane(spec(1), gateway), "c1")
    underway.expire(mark)
    await asyncio.gather(*underway.tasks)
    assert isinstance(told[0], Expired)
    assert told[0].mark is mark


async def test_an_overdue_exchange_without_a_connection_is_over(spec, gateway):
    """There is nobody left to tell."""
    underway = Underway(Limits())
    mark = Mark(Lane(spec(1), gateway), "gone")
    underway.begin(mark)
    underway.expire(mark)
    assert underway.live == {}


async def test_what_is_spawned_ends_quietly():
    """An exception nobody awaits is not printed by the loop: its text may quote anything."""

    async def fail():
        raise RuntimeError("canary")

    seen = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: seen.append(context))
    underway = Underway(Limits())
    underway.spawn(fail())
    while underway.tasks:
        await asyncio.sleep(0)
    assert seen == []
