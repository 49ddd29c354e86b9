"""addons.http1.pool, on real sockets: who gets which answer, and which connection is used again."""

import asyncio
import contextlib
import socket
import ssl

import pytest

from addons.http1.pool import Pool
from addons.lane import Limits
from addons.tls import make_legs
from proxy.errors import Refused, UpstreamFault

GET = (b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n",)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Crm:
    """Hands each request to a function that writes what it likes."""

    def __init__(self, answer):
        self.answer = answer
        self.connections = 0
        self.requests = []
        self.resumed = []

    async def __call__(self, reader, writer):
        self.connections += 1
        if (secured := writer.get_extra_info("ssl_object")) is not None:
            self.resumed.append(secured.session_reused)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                if await self.answer(len(self.requests), writer):
                    break
        writer.close()


@contextlib.asynccontextmanager
async def served(answer, spec, *, tls=None, limits=None, **changes):
    """Serve a CRM and yield it with a pool of connections to it."""
    crm = Crm(answer)
    server = await asyncio.start_server(crm, "127.0.0.1", 0, ssl=tls)
    lane = spec(server.sockets[0].getsockname()[1], **changes)
    pool = Pool(lane, make_legs(lane).upstream, limits or Limits())
    try:
        yield crm, pool
    finally:
        pool.close()
        server.close()
        server.close_clients()


def ask(pool, method="GET", wire=GET):
    """Return what the pool will answer."""
    return pool.ask(method, wire, lambda size: None, lambda: None)


async def fine(_number, writer):
    """Answer."""
    writer.write(OK)


async def test_one_connection_serves_one_request_after_the_other(spec):
    """And as many as are needed serve requests at the same time."""
    async with served(fine, spec) as (crm, pool):
        for _ in range(5):
            assert (await ask(pool)).body == b"{}"
        assert crm.connections == 1
        await asyncio.gather(*(ask(pool) for _ in range(5)))
        assert crm.connections == 5


async def test_there_are_no_more_connections_than_allowed(spec):
    """The rest waits, and is answered."""

    async def slow(_number, writer):
        await asyncio.sleep(0.01)
        writer.write(OK)

    async with served(slow, spec, limits=Limits(upstream_connections=2)) as (crm, pool):
        assert len(await asyncio.gather(*(ask(pool) for _ in range(8)))) == 8
        assert crm.connections == 2


@pytest.mark.parametrize(
    "dirt",
    [
        OK + b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison",  # an answer nobody asked for
        OK + b"x",
        OK.replace(b"200 OK\r\n", b"200 OK\r\nconnection: close\r\n"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        b"HTTP/1.1 204 No\r\ncontent-length: 2\r\n\r\n{}",  # a body where there is none
    ],
)
async def test_a_connection_that_is_not_clean_is_not_used_again(spec, dirt):
    """WF-14: what is left on one can never be the answer to somebody else's request."""

    async def answer(number, writer):
        writer.write(dirt if number == 1 else OK)

    async with served(answer, spec) as (crm, pool):
        first = await ask(pool)
        assert b"poison" not in first.body
        assert (await ask(pool)).body == b"{}"
        assert crm.connections == 2


async def test_bytes_that_come_between_two_requests_end_the_connection(spec):
    """They are nobody's answer, whenever they come."""
    sent = asyncio.Event()

    async def answer(number, writer):
        writer.write(OK)
        if number == 1:
            await asyncio.sleep(0.02)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison")
            sent.set()

    async with served(answer, spec) as (crm, pool):
        await ask(pool)
        await sent.wait()
        await asyncio.sleep(0.02)
        assert (await ask(pool)).body == b"{}"
        assert crm.connections == 2


async def test_an_answer_that_comes_before_its_request_was_taken_ends_the_connection(spec):
    """The rest of that request would be read as the next one (the paused upstream of the prototypes)."""
    body = bytes(8 << 20)
    wire = (b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(body), body)

    async def answer(number, writer):
        writer.transport.pause_reading()
        writer.write(OK)
        await asyncio.sleep(0.2 if number == 1 else 0)
        writer.transport.resume_reading()

    async with served(answer, spec) as (crm, pool):
        assert (await ask(pool, "POST", wire)).status == 200
        for _ in range(12):
            async with asyncio.timeout(3):
                assert (await ask(pool)).status == 200
        assert crm.connections == 2


async def test_one_that_was_given_up_on_is_never_used_again(spec):
    """A deadline in the middle of an answer: its rest belongs to nobody."""

    async def answer(number, writer):
        writer.write(OK[:-1])
        if number > 1:
            writer.write(OK[-1:])
        else:
            await asyncio.sleep(0.1)
            writer.write(b"}poison")

    async with served(answer, spec) as (crm, pool):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ask(pool)
        for _ in range(3):
            assert (await ask(pool)).body == b"{}"
        assert crm.connections == 2


async def test_a_read_is_sent_again_when_its_kept_connection_had_been_closed(spec):
    """It never was answered by a byte, and to read twice does no harm."""

    async def once(number, writer):
        if number != 2:
            writer.write(OK)
        return number == 2

    async with served(once, spec) as (crm, pool):
        await ask(pool)
        assert (await ask(pool)).status == 200
        assert (crm.connections, len(crm.requests)) == (2, 3)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_is_never_sent_again(spec, method):
    """Nobody can say that it was not carried out."""
    wire = (b"%b /x HTTP/1.1\r\nhost: a\r\n\r\n" % method.encode(),)

    async def once(number, writer):
        if number != 2:
            writer.write(OK)
        return number == 2

    async with served(once, spec) as (crm, pool):
        await ask(pool, method, wire)
        with pytest.raises(UpstreamFault, match="upstream_failed"):
            await ask(pool, method, wire)
        assert len(crm.requests) == 2


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 2"])
async def test_a_fresh_connection_is_not_tried_twice(spec, said):
    """Nor is one on which a byte of an answer had come."""

    async def cut(_number, writer):
        writer.write(said)
        return True

    async with served(cut, spec) as (crm, pool):
        with pytest.raises(UpstreamFault, match="upstream_failed"):
            await ask(pool)
        assert len(crm.requests) == 1


async def test_old_and_idle_connections_are_closed(spec):
    """By age at once, by idleness when the time has come, also with nobody asking."""
    async with served(fine, spec, limits=Limits(upstream_age=0.0)) as (crm, pool):
        await ask(pool)
        await ask(pool)
        assert crm.connections == 2
    async with served(fine, spec, limits=Limits(upstream_idle_seconds=0.05)) as (crm, pool):
        await ask(pool)
        assert len(pool._idle) == 1
        await asyncio.sleep(0.15)
        assert pool._idle == []
        assert pool._sweeper is None


async def test_too_much_memory_ends_the_answer(spec):
    """Whoever counts says when, and the connection is not used again."""
    async with served(fine, spec) as (crm, pool):
        with pytest.raises(UpstreamFault, match="overloaded"):
            await pool.ask("GET", GET, lambda size: ("overloaded", 503), lambda: None)
        await ask(pool)
        assert crm.connections == 2


async def test_what_has_waited_for_a_place_is_sent_only_if_it_still_may(spec):
    """A permission can be withdrawn while all connections are busy; those that are kept are none the worse."""
    held, stopped = asyncio.Event(), False

    async def slow(number, writer):
        await held.wait()
        return await fine(number, writer)

    def still():
        if stopped:
            raise Refused("principal_frozen")

    async with served(slow, spec, limits=Limits(upstream_connections=1)) as (crm, pool):
        first = asyncio.create_task(ask(pool))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(pool.ask("GET", GET, lambda size: None, still))
        await asyncio.sleep(0.05)
        stopped = True
        held.set()
        await first
        with pytest.raises(Refused, match="principal_frozen"):
            await second
        assert len(crm.requests) == 1


async def test_nobody_there_is_a_fault(spec):
    """Not an exception of the operating system."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    pool = Pool(spec(port), None, Limits())
    with pytest.raises(UpstreamFault, match="upstream_failed"):
        await ask(pool)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_sessions_are_resumed(spec, pki, version):
    """The second connection needs no second look at a certificate that the first one has proved."""
    server = pki.server_context()
    server.maximum_version = version
    leg = {"upstream_scheme": "https", "upstream_host": "localhost", "upstream_ca": pki.ca}
    async with served(fine, spec, tls=server, limits=Limits(upstream_age=0.0), **leg) as (crm, pool):
        for _ in range(3):
            await ask(pool)
        assert crm.resumed == [False, True, True]


async def test_old_tls_is_not_spoken(spec, pki):
    """WF-16: an upstream that knows nothing newer than TLS 1.1 is not talked to."""
    server = pki.server_context()
    server.minimum_version = ssl.TLSVersion.TLSv1
    server.maximum_version = ssl.TLSVersion.TLSv1_1
    server.set_ciphers("ALL:@SECLEVEL=0")
    leg = {"upstream_scheme": "https", "upstream_host": "localhost", "upstream_ca": pki.ca}
    async with served(fine, spec, tls=server, **leg) as (crm, pool):
        with pytest.raises(UpstreamFault):
            await ask(pool)
        assert crm.requests == []


async def test_no_caller_has_all_places(spec):
    """While one waits for its own exchanges to end, others are served; what it was given is given back."""
    hold = asyncio.Event()

    async def answer(_number, writer):
        await hold.wait()
        writer.write(OK)

    limits = Limits(upstream_connections=3, upstream_per_caller=2)
    async with served(answer, spec, limits=limits) as (crm, pool):

        def by(caller):
            return asyncio.create_task(pool.ask("GET", GET, lambda size: None, lambda: None, caller))

        greedy = [by("greedy") for _ in range(5)]
        for _ in range(100):
            await asyncio.sleep(0.005)
        assert len(crm.requests) == 2
        other = by("other")
        async with asyncio.timeout(5):
            while len(crm.requests) < 3:
                await asyncio.sleep(0.005)
        hold.set()
        answers = await asyncio.wait_for(asyncio.gather(other, *greedy), 10)
        assert [each.status for each in answers] == [200] * 6
        assert pool._shares == {}
