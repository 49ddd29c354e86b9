"""addons.doorway, without sockets: what leaves it when an engine that misbehaves is behind it."""

import pytest
from mitmproxy import connection, http
from mitmproxy.flow import Error
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpRequestHeadersHook

from addons.doorway import Doorway, MalformedHook, Porch
from addons.grammar import DENIAL
from addons.lane import Limits
from addons.lockdown import make_options
from addons.mark import Lane
from addons.underway import Expired, Underway

CANARY = b"canary-d00r"
HEAD = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"


class Engine(layer.Layer):
    """Stands in for mitmproxy's HTTP layer: answers each event with a script."""

    connections = {}  # noqa: RUF012 - as mitmproxy's, read only

    def __init__(self, context, script):
        super().__init__(context)
        self.script = script

    def _handle_event(self, event):
        yield from self.script(event)


def doorway(spec, gateway, script):
    """Return a doorway before a scripted engine, its client and what it shares."""
    client = connection.Client(peername=("a", 1), sockname=("b", 2), state=connection.ConnectionState.OPEN)
    context = Context(client, make_options(mode=[]))
    underway = Underway(Limits())
    door = Doorway(context, Lane(spec(1), gateway), underway, lambda hook: False)
    door._engine = Engine(context, script)
    return door, client, underway


def sent(steps):
    """Return the bytes for the client among some commands."""
    return b"".join(step.data for step in steps if isinstance(step, commands.SendData))


def new_flow(client):
    """Return a flow as the engine makes it."""
    flow = http.HTTPFlow(client, connection.Server(address=None), live=True)
    flow.request = http.Request.make("GET", "http://a/x")
    return flow


@pytest.mark.parametrize("script", [b"HTTP/1.1 200 OK\r\n\r\n" + CANARY, None])
def test_what_the_engine_writes_unasked_is_never_sent(spec, gateway, script):
    """Bytes without an exchange, and a crash without one, become a recorded refusal."""

    def engine(event):
        if script is None:
            raise NotImplementedError(CANARY.decode())
        yield commands.SendData(client, script)

    door, client, _ = doorway(spec, gateway, engine)
    steps = list(door.handle_event(events.DataReceived(client, HEAD)))
    assert isinstance(steps[-1], MalformedHook)
    steps += door.handle_event(events.HookCompleted(steps[-1]))
    assert sent(steps) == b"".join(DENIAL)
    assert isinstance(steps[-1], commands.CloseConnection)
    assert list(door.handle_event(events.DataReceived(client, HEAD))) == []


def test_without_a_decision_the_engine_gets_the_denial_out_of_it(spec, gateway):
    """An engine that goes on to write although no hook decided anything."""

    def engine(event):
        yield HttpRequestHeadersHook(new_flow(client))
        yield commands.Log("canary")
        yield commands.SendData(client, b"HTTP/1.1 200 OK\r\n\r\n" + CANARY)

    door, client, _ = doorway(spec, gateway, engine)
    door._engine._handle_event = engine
    steps = list(door.handle_event(events.DataReceived(client, HEAD)))
    steps += door.handle_event(events.HookCompleted(steps[-1]))
    assert sent(steps) == b"".join(DENIAL)
    assert not any(isinstance(step, commands.Log) for step in steps)
    assert isinstance(steps[-1], commands.CloseConnection)


def test_only_the_exchange_under_way_can_expire(spec, gateway):
    """A deadline of an exchange that is over changes nothing; one under way ends by way of the error hook."""

    def engine(event):
        if isinstance(event, events.DataReceived):
            yield HttpRequestHeadersHook(new_flow(client))

    door, client, _ = doorway(spec, gateway, engine)
    list(door.handle_event(events.DataReceived(client, HEAD)))
    mark = door.mark
    assert list(door.handle_event(Expired(object()))) == []
    (hook,) = door.handle_event(Expired(mark))
    assert isinstance(hook, HttpErrorHook)
    assert isinstance(hook.flow.error, Error)
    assert mark.cause == ("deadline", 408)
    assert sent(door.handle_event(events.HookCompleted(hook))) == b"".join(DENIAL)


def test_a_doorway_shows_nothing_of_itself(spec, gateway):
    """Not even in a repr; and the porch does nothing."""
    door, client, _ = doorway(spec, gateway, lambda event: iter(()))
    assert repr(door) == "Doorway()"
    assert list(Porch(door.context).handle_event(events.DataReceived(client, CANARY))) == []
