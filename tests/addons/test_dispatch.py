"""addons.dispatch: whatever happens in a hook, what it was about is denied."""

import asyncio

import pytest
from mitmproxy import connection, exceptions, hooks
from mitmproxy.proxy.server_hooks import ClientConnectedHook, ServerConnectHook, ServerConnectionHookData
from mitmproxy.test import tflow

from addons.dispatch import KNOWN
from addons.lockdown import make_options
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

    request = client_connected = server_connect = tcp_start = http_connect = next_layer = _fail


class Later:
    """Comes after the broken one."""

    name = "later"
    asked = 0

    async def client_connected(self, _client):
        """Be asked."""
        self.asked += 1


def master_with(*addons):
    """Return a master with add-ons."""
    master = LaneMaster(make_options(mode=[]))
    master.addons.add(*addons)
    return master


def client():
    """Return a client that has just come."""
    return connection.Client(peername=("a", 1), sockname=("b", 2))


@pytest.mark.parametrize(
    "kind",
    [
        RuntimeError,
        MemoryError,
        exceptions.AddonHalt,
        exceptions.OptionsError,
        asyncio.CancelledError,
        BaseException,
    ],
)
async def test_a_client_is_turned_away(kind):
    """Whatever is raised; later add-ons are still asked."""
    later, who = Later(), client()
    await master_with(Broken(kind), later).addons.handle_lifecycle(ClientConnectedHook(who))
    assert who.error
    assert later.asked == 1


async def test_a_real_cancellation_is_passed_on_after_denying():
    """Somebody wants the task to end: it does, and nothing was let through."""

    class Waiting:
        """Waits."""

        name = "waiting"

        async def client_connected(self, _client):
            """Wait."""
            await asyncio.sleep(60)

    who = client()
    task = asyncio.ensure_future(master_with(Waiting()).addons.handle_lifecycle(ClientConnectedHook(who)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert who.error


async def test_no_connection_is_opened_by_the_host():
    """Nobody is asked: connections to an upstream are the pool's."""
    broken, server = Broken(RuntimeError), connection.Server(address=("c", 3))
    await master_with(broken).addons.handle_lifecycle(
        ServerConnectHook(ServerConnectionHookData(server, client()))
    )
    assert server.error
    assert broken.asked == 0


@pytest.mark.parametrize(
    "name", sorted(set(hooks.all_hooks) - KNOWN - {"load", "configure", "update", "add_log", "next_layer"})
)
async def test_hooks_that_have_no_place_here_are_denied(name):
    """No add-on is even asked, and the flow is killed: HTTP, CONNECT, TCP, UDP, DNS, WebSocket and all else."""
    kind = hooks.all_hooks[name]
    subject = {"tcp": tflow.ttcpflow, "udp": tflow.tudpflow, "dns": tflow.tdnsflow}.get(name[:3], tflow.tflow)()
    subject.live = True
    broken = Broken(RuntimeError)
    await master_with(broken).addons.handle_lifecycle(kind(subject))
    assert broken.asked == 0
    assert not subject.live


async def test_nobody_chooses_a_layer():
    """The hook by which mitmproxy asks for one is asked of no add-on, so it gets none."""
    broken, data = Broken(RuntimeError), tflow.tflow()
    await master_with(broken).addons.handle_lifecycle(hooks.all_hooks["next_layer"](data))
    assert broken.asked == 0


def test_what_was_found_dangerous_has_no_place_here():
    """HTTP of the host's own, tunnels, raw protocols and layers guessed from what a client sends."""
    dangerous = {
        "request",
        "response",
        "http_connect",
        "tcp_start",
        "udp_start",
        "websocket_message",
        "next_layer",
    }
    assert dangerous.isdisjoint(KNOWN)
