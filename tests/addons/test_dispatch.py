"""addons.dispatch: whatever happens in a hook, what it was about is denied."""

import asyncio

import pytest
from mitmproxy import connection, exceptions, hooks
from mitmproxy.proxy.layers.http._hooks import HttpRequestHeadersHook, HttpRequestHook
from mitmproxy.proxy.server_hooks import ClientConnectedHook, ServerConnectHook, ServerConnectionHookData
from mitmproxy.test import tflow

from addons import adapter
from addons.dispatch import KNOWN
from addons.lockdown import make_options
from addons.mark import Lane, State
from addons.master import LaneMaster


class Broken:
    """Raises in every hook it is asked about."""

    name = "broken"

    def __init__(self, kind):
        self.kind = kind
        self.asked = 0

    def _fail(self, _subject):
        self.asked += 1
        raise self.kind("canary")

    request = client_connected = server_connect = tcp_start = http_connect = _fail


class Later:
    """Comes after the broken one."""

    name = "later"
    asked = 0

    async def request(self, _flow):
        """Be asked."""
        self.asked += 1


def master_with(*addons):
    """Return a master with add-ons."""
    master = LaneMaster(make_options(mode=[]))
    master.addons.add(*addons)
    return master


@pytest.mark.parametrize(
    "kind", [RuntimeError, MemoryError, exceptions.AddonHalt, exceptions.OptionsError, BaseException]
)
async def test_a_flow_is_denied(spec, gateway, kind):
    """The flow holds the stand-in, its mark says refused, it is killed; later add-ons are still asked."""
    later = Later()
    flow = tflow.tflow()
    flow.live = True
    mark = adapter.attach(flow, Lane(spec(1), gateway), None)
    await master_with(Broken(kind), later).addons.handle_lifecycle(HttpRequestHook(flow))
    assert adapter.blocked(flow)
    assert mark.state is State.REFUSED
    assert mark.close
    assert not flow.live
    assert later.asked == 1


class Twice:
    """Has nothing to wait for in one hook, and in another it has."""

    name = "twice"

    def __init__(self):
        self.seen = []

    def requestheaders(self, _flow):
        """Be over at once."""
        self.seen.append("requestheaders")

    async def request(self, _flow):
        """Wait for a turn of the loop."""
        await asyncio.sleep(0)
        self.seen.append("request")


async def test_a_hook_is_started_once_and_goes_on_where_it_waits():
    """Without anybody who waits it is over; else it is not run anew, and those behind are asked after it."""
    twice, later = Twice(), Later()
    addons = master_with(twice, later).guarded
    flow = tflow.tflow()
    assert addons.start(HttpRequestHeadersHook(flow))
    assert twice.seen == ["requestheaders"]
    hook = HttpRequestHook(flow)
    assert not addons.start(hook)
    assert (twice.seen, later.asked) == (["requestheaders"], 0)
    await addons.handle_lifecycle(hook)
    assert (twice.seen, later.asked) == (["requestheaders", "request"], 1)


async def test_a_hook_that_breaks_before_it_waits_is_over_and_denied(spec, gateway):
    """What is refused at once is refused by the time `start` returns."""
    flow = tflow.tflow()
    mark = adapter.attach(flow, Lane(spec(1), gateway), None)
    broken = Broken(MemoryError)
    assert master_with(broken).guarded.start(HttpRequestHook(flow))
    assert (broken.asked, mark.state) == (1, State.REFUSED)
    assert adapter.blocked(flow)


async def test_a_real_cancellation_is_passed_on_after_denying(spec, gateway):
    """Somebody wants the task to end: it does, and nothing was let through."""

    class Waiting:
        """Waits."""

        name = "waiting"

        async def request(self, _flow):
            """Wait."""
            await asyncio.sleep(60)

    flow = tflow.tflow()
    mark = adapter.attach(flow, Lane(spec(1), gateway), None)
    task = asyncio.ensure_future(master_with(Waiting()).addons.handle_lifecycle(HttpRequestHook(flow)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert mark.state is State.REFUSED
    assert adapter.blocked(flow)


async def test_connections_are_denied():
    """A client is turned away, a server is not connected to."""
    master = master_with(Broken(RuntimeError))
    client = connection.Client(peername=("a", 1), sockname=("b", 2))
    server = connection.Server(address=("c", 3))
    await master.addons.handle_lifecycle(ClientConnectedHook(client))
    await master.addons.handle_lifecycle(ServerConnectHook(ServerConnectionHookData(server, client)))
    assert client.error
    assert server.error


@pytest.mark.parametrize(
    "name", sorted(set(hooks.all_hooks) - KNOWN - {"load", "configure", "update", "add_log"})
)
async def test_hooks_that_have_no_place_here_are_denied(name):
    """No add-on is even asked, and the flow is killed: CONNECT, TCP, UDP, DNS, WebSocket and all else."""
    kind = hooks.all_hooks[name]
    subject = {"tcp": tflow.ttcpflow, "udp": tflow.tudpflow, "dns": tflow.tdnsflow}.get(name[:3], tflow.tflow)()
    subject.live = True
    broken = Broken(RuntimeError)
    await master_with(broken).addons.handle_lifecycle(kind(subject))
    assert broken.asked == 0
    assert not subject.live


def test_what_was_found_dangerous_has_no_place_here():
    """Tunnels, raw protocols and layers guessed from what a client sends."""
    dangerous = {"http_connect", "tcp_start", "tcp_message", "udp_start", "websocket_message", "next_layer"}
    assert dangerous.isdisjoint(KNOWN)
