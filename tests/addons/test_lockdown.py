"""addons.lockdown: one state, at start and at run time."""

import pytest
from mitmproxy import connection, exceptions
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.proxy.layers import ClientTLSLayer, HttpLayer, TCPLayer
from mitmproxy.proxy.layers.http import HTTPMode

from addons import lockdown
from addons.door import Door, Porch
from addons.lockdown import FROZEN, Lockdown, Unsafe, check_stack, make_options
from addons.master import LaneMaster

CHANGES = {
    "server": True,
    "ignore_hosts": [".*"],
    "allow_hosts": ["only"],
    "tcp_hosts": [".*"],
    "udp_hosts": [".*"],
    "rawtcp": True,
    "websocket": True,
    "http2": True,
    "http3": True,
    "ssl_insecure": True,
    "ssl_verify_upstream_trusted_ca": "/tmp/ca.pem",
    "ssl_verify_upstream_trusted_confdir": "/tmp",
    "upstream_cert": True,
    "add_upstream_certs_to_client_chain": True,
    "certs": ["*=/tmp/a.pem"],
    "client_certs": "/tmp",
    "connection_strategy": "eager",
    "stream_large_bodies": "1k",
    "store_streamed_bodies": True,
    "validate_inbound_headers": False,
    "normalize_outbound_headers": False,
    "keep_host_header": False,
    "proxy_debug": True,
    "connect_addr": "127.0.0.2",
    "show_ignored_hosts": True,
}
OTHERS = {"mode": ["regular"], "body_size_limit": "1k", "confdir": "/tmp", "tcp_timeout": 1, "key_size": 512}


def sealed(options, *addons):
    """Return a master with a sealed chain."""
    master = LaneMaster(options)
    guard = Lockdown(master.options, ("lockdown", "proxyserver"))
    master.addons.add(guard, Proxyserver(), *addons)
    guard.seal(master.guarded)
    return master, guard


async def test_every_frozen_option_is_tried_here():
    """A row added to FROZEN needs one in this test."""
    assert set(CHANGES) == set(FROZEN)


@pytest.mark.parametrize("name", [*CHANGES, *OTHERS])
async def test_no_option_can_change_at_run_time(name):
    """OptionsError, and the old value stays: whoever asks, whichever option."""
    master, _ = sealed(make_options(mode=["reverse:http://127.0.0.1:9@127.0.0.1:1"]))
    before = getattr(master.options, name)
    with pytest.raises(exceptions.OptionsError):
        master.options.update(**{name: (CHANGES | OTHERS)[name]})
    assert getattr(master.options, name) == before


@pytest.mark.parametrize("name", CHANGES)
async def test_no_option_can_differ_at_start(name):
    """The chain is not sealed, so nothing is served."""
    options = make_options(mode=[])
    options.update_defer(**{name: CHANGES[name]})
    with pytest.raises(Unsafe, match=name):
        sealed(options)


async def test_an_unknown_option_stops_the_start():
    """Something that no add-on here understands was asked for."""
    options = make_options(mode=[])
    options.update_defer(scripts=["policy.py"])
    with pytest.raises(Unsafe):
        sealed(options)


async def test_another_version_stops_the_start(monkeypatch):
    """What was not tested is not served."""
    monkeypatch.setattr(lockdown, "VERSION", "12.2.4")
    with pytest.raises(Unsafe, match=r"12\.2\.4"):
        sealed(make_options(mode=[]))


async def test_another_addon_stops_the_start():
    """The chain is the expected one, in order (FX-12)."""

    class Extra:
        """One more."""

    with pytest.raises(Unsafe):
        sealed(make_options(mode=[]), Extra())


async def test_a_sealed_chain_stays_as_it_is():
    """Neither adding nor removing works, and a chain changed behind our back is noticed."""
    master, guard = sealed(make_options(mode=[]))
    for change in (master.addons.add, master.addons.remove):
        with pytest.raises(exceptions.AddonManagerError):
            change(guard)
    guard.check_chain(master.guarded)
    master.addons.chain.reverse()
    with pytest.raises(Unsafe):
        guard.check_chain(master.guarded)


def stack(*, tls):
    """Return the layers of a connection to a lane, and the last of them."""
    client = connection.Client(peername=("a", 1), sockname=("b", 2))
    context = Context(client, make_options(mode=[]))
    NextLayer(context)
    if not tls:
        door = Door(context, object())
        return door, door
    Porch(context)
    top = ClientTLSLayer(context)
    top.child_layer = Door(context, object())
    return top, top.child_layer


@pytest.mark.parametrize("tls", [False, True])
async def test_the_layers_of_a_lane_are_what_they_are(tls):
    """WF-15: with TLS or without it, exactly ours pass."""
    top, _ = stack(tls=tls)
    check_stack(top, tls=tls)
    with pytest.raises(Unsafe):
        check_stack(top, tls=not tls)


@pytest.mark.parametrize("kind", [HttpLayer, TCPLayer, NextLayer])
@pytest.mark.parametrize("tls", [False, True])
async def test_a_layer_that_is_not_ours_stops_the_start(kind, tls):
    """Instead of the last one, or anywhere among them."""
    top, last = stack(tls=tls)
    other = HttpLayer(last.context, HTTPMode.transparent) if kind is HttpLayer else kind(last.context)
    if kind is not NextLayer:
        with pytest.raises(Unsafe, match="not ours"):
            check_stack(top, tls=tls)
    if tls:
        top.child_layer = other
    with pytest.raises(Unsafe, match="our own HTTP layer"):
        check_stack(top if tls else other, tls=tls)


@pytest.mark.parametrize("hook", ["next_layer", "request", "server_connect", "tcp_start", "http_connect"])
async def test_a_hook_by_which_the_host_could_take_over_stops_the_start(monkeypatch, hook):
    """As soon as anybody would be asked about it."""
    monkeypatch.setattr(lockdown, "KNOWN", lockdown.KNOWN | {hook})
    top, _ = stack(tls=False)
    with pytest.raises(Unsafe, match=hook):
        check_stack(top, tls=False)
