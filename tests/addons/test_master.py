"""addons.master: what stops a start, several lanes in one process, and the end."""

import asyncio
import socket
import threading

import pytest

from addons.lockdown import Unsafe
from addons.master import serve

GET = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def run_serve(lanes, folder, while_up):
    """Serve until `while_up(bound)`, run in a thread, has returned."""

    async def main():
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        results = []

        def up(bound):
            def work():
                try:
                    results.append(while_up(bound))
                finally:
                    loop.call_soon_threadsafe(stop.set)

            threading.Thread(target=work).start()

        await serve(lanes, state_dir=folder, ready=up, stop=stop, drain_seconds=1)
        return results[0]

    return asyncio.run(main())


def fetch(port):
    """Return what a lane answers."""
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(GET)
        data = b""
        while chunk := client.recv(65536):
            data += chunk
    return data


def test_each_lane_has_its_own_upstream_and_gateway(spec, start_upstream, tmp_path):
    """Two lanes in one process never answer for each other."""
    from copy import deepcopy

    from proxy.message import Headers, Response

    ups = [start_upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % number) for number in (1, 2)]

    class Gateway:
        """Releases what it was given, and says for which lane."""

        def __init__(self, lane):
            self.lane = lane

        async def on_request(self, request):
            from types import SimpleNamespace

            return SimpleNamespace(
                id="1", caller="a", request=deepcopy(request), still=lambda: None, in_rows=False
            )

        async def on_response(self, exchange, response):
            return Response(200, Headers((("x-lane", self.lane),)), response.body)

        async def on_failure(self, exchange, reason, status):
            return self.refuse(reason, status)

        async def on_malformed(self, reason, status):
            return self.refuse(reason, status)

        def refuse(self, reason, status):
            return Response(status)

    lanes = [(spec(up.port, name=name), Gateway(name)) for up, name in zip(ups, ("one", "two"), strict=True)]
    answers = run_serve(lanes, tmp_path, lambda bound: {name: fetch(port) for name, (_, port) in bound.items()})
    for number, name in enumerate(("one", "two"), start=1):
        assert b"x-lane: %b\r\n" % name.encode() in answers[name]
        assert answers[name].endswith(b"\r\n\r\n%d" % number)


def test_a_port_in_use_stops_the_start(spec, gateway, tmp_path):
    """OSError, and nothing of the lane is left listening."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        there = spec(9, listen_port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            run_serve([(there, gateway)], tmp_path, lambda bound: None)


def test_two_lanes_of_one_name_stop_the_start(spec, gateway, tmp_path):
    """A name is how lanes are told apart everywhere."""
    with pytest.raises(Unsafe, match="same name"):
        run_serve([(spec(9), gateway), (spec(9), gateway)], tmp_path, lambda bound: None)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_lane_that_would_talk_to_itself_stops_the_start(spec, gateway, tmp_path, host):
    """Each request would become the next one's."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(Unsafe, match="upstream"):
        run_serve([(spec(port, listen_port=port, upstream_host=host), gateway)], tmp_path, lambda bound: None)


def test_a_failed_self_test_stops_the_start(spec, gateway, tmp_path, monkeypatch):
    """Before a port accepts anything."""
    from addons.http1.exchange import Exchange

    async def careless(self):
        return (b"HTTP/1.1 200 OK\r\n\r\n",)

    monkeypatch.setattr(Exchange, "run", careless)
    with pytest.raises(Unsafe, match="on_head"):
        run_serve([(spec(9), gateway)], tmp_path, lambda bound: None)


@pytest.mark.parametrize("tls", [False, True])
def test_a_layer_of_the_hosts_stops_the_start(rig, spec, monkeypatch, pki, tls):
    """If a connection could be answered by mitmproxy's own HTTP layer, nothing is served."""
    from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode

    import addons.connection

    monkeypatch.setattr(
        addons.connection, "Door", lambda context, conversation: HttpLayer(context, HTTPMode.transparent)
    )
    with pytest.raises(Unsafe, match="our own HTTP layer"):
        run_serve([(spec(9, tls=pki.server if tls else None), rig.gateway)], rig.folder, lambda bound: None)


def test_nothing_is_left_when_it_ends(spec, gateway, tmp_path, start_upstream):
    """No task, no open port, no changed logger, no handler of the loop."""
    upstream = start_upstream()

    async def main():
        loop, stop, bound = asyncio.get_running_loop(), asyncio.Event(), {}

        def up(found):
            bound.update(found)
            loop.call_later(0.2, stop.set)

        before = loop.get_exception_handler(), loop.get_task_factory()
        lanes = [(spec(upstream.port), gateway)]
        await serve(lanes, state_dir=tmp_path, ready=up, stop=stop, drain_seconds=1)
        assert (loop.get_exception_handler(), loop.get_task_factory()) == before
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return bound["test"]

    address = asyncio.run(main())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 1)


def test_serving_twice_in_a_process_works(spec, gateway, tmp_path, start_upstream):
    """One after the other; nothing of the first is left in mitmproxy's modules."""
    upstream = start_upstream()
    for _ in range(2):
        answer = run_serve([(spec(upstream.port), gateway)], tmp_path, lambda bound: fetch(bound["test"][1]))
        assert answer.startswith(b"HTTP/1.1 200 ")
