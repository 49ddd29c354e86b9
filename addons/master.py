"""mitmproxy's master, built in code, and `serve`: lanes from start to drained end.

Read `serve`: 1 make the contexts and bind the ports, 2 start the master with exactly three add-ons, 3 seal it
and run the self-test, 4 accept, 5 drain. Nothing is accepted before 3 has passed.
"""

# mypy: disable-error-code="no-untyped-call"

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.proxy.mode_specs import ProxyMode

from addons.connection import LaneConnection
from addons.dispatch import GuardedAddons
from addons.http1 import Conversation, Lane, Places, Pool, Underway
from addons.lane import LaneSpec, Limits
from addons.lockdown import Lockdown, Unsafe, check_stack, make_options
from addons.port import Gateway
from addons.quiet import loop_trouble, quiet
from addons.selftest import self_test
from addons.tls import LaneTls, make_legs

CHAIN: Final = ("lockdown", "proxyserver", "lanetls")
_LAST_SECONDS: Final = 2.0
"""For refusing what is still under way when the drain ends, and for closing connections."""

Bound = dict[str, tuple[str, int]]
"""Where each lane listens, by name."""


class LaneMaster(Master):
    """A master with our dispatch, without legacy log events, that says when it is up."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._legacy_log_events.uninstall()
        self.addons = GuardedAddons(self)
        self.up = asyncio.Event()

    @property
    def guarded(self) -> GuardedAddons:
        """The dispatch, as what it is."""
        assert isinstance(self.addons, GuardedAddons)
        return self.addons

    async def running(self) -> None:
        """Tell the add-ons, then whoever waits."""
        await super().running()
        self.up.set()

    def _asyncio_exception_handler(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        loop_trouble(loop, context)


@dataclass(frozen=True, slots=True)
class Listener:
    """A lane and the socket it will accept on."""

    lane: Lane
    socket: socket.socket

    @property
    def address(self) -> tuple[str, int]:
        """Numeric address and port."""
        host, port, *_ = self.socket.getsockname()
        return host, port

    @property
    def mode(self) -> str:
        """The lane in mitmproxy's own terms."""
        spec, (host, port) = self.lane.spec, self.address
        upstream = f"[{spec.upstream_host}]" if ":" in spec.upstream_host else spec.upstream_host
        return f"reverse:{spec.upstream_scheme}://{upstream}:{spec.upstream_port}@{host}:{port}"


async def serve(
    lanes: Sequence[tuple[LaneSpec, Gateway[Any, Any, Any]]],
    *,
    state_dir: Path,
    ready: Callable[[Bound], None] | None,
    stop: asyncio.Event,
    drain_seconds: float,
    limits: Limits | None = None,
) -> None:
    """Serve until `stop` is set, then drain: exchanges under way end, in time or refused; then return.

    One at a time per process: mitmproxy keeps its options in a module.

    Args:
        lanes: what to serve and who decides; names are unique.
        state_dir: a folder of our own; nothing is read from it.
        ready: called once, when every lane accepts, with where each listens.
        stop: set by whoever wants it to end.
        drain_seconds: for exchanges under way; what is left then is refused and put on record.
        limits: what the process gives to clients.

    Raises:
        TlsFiles: a certificate, key or authority cannot be used.
        Unsafe: mitmproxy is not in the state that was tested, or a lane would talk to itself.
        OSError: a port cannot be bound.
    """
    legs = {spec.name: make_legs(spec) for spec, _ in lanes}  # 1
    underway = Underway(limits or Limits())
    places = Places(underway)
    with contextlib.ExitStack() as sockets, quiet():
        listeners = []
        for spec, gateway in lanes:
            pool = Pool(spec, legs[spec.name].upstream, spec.limits or underway.limits)
            sockets.callback(pool.close)
            listeners.append(_listen(Lane(spec, gateway, pool), sockets))
        _refuse_loops(listeners, len(legs))
        master = LaneMaster(_options(listeners, state_dir, underway.limits))
        lockdown = Lockdown(master.options, CHAIN)
        # Proxyserver brings options that the host reads; it listens on nothing, as `server` is off.
        master.addons.add(lockdown, Proxyserver(), LaneTls(places, legs))  # 2
        lockdown.seal(master.guarded)
        async with _running(master):
            lockdown.check_chain(master.guarded)
            for listener in listeners:
                _check_connections(listener, master)
            await self_test()  # 3
            servers = [await _accept(listener, master, places) for listener in listeners]  # 4
            try:
                if ready is not None:
                    ready({listener.lane.spec.name: listener.address for listener in listeners})
                await stop.wait()
            finally:
                for server in servers:
                    server.close()
                await _drain(places, drain_seconds)  # 5


def _listen(lane: Lane, sockets: contextlib.ExitStack) -> Listener:
    host, port = lane.spec.listen_host, lane.spec.listen_port
    family, *_, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.create_server(address[:2], family=family, backlog=512, reuse_port=lane.spec.reuse_port)
    return Listener(lane, sockets.enter_context(contextlib.closing(bound)))


def _refuse_loops(listeners: Sequence[Listener], names: int) -> None:
    if len(listeners) != names:
        raise Unsafe("two lanes have the same name")
    ports = {listener.address[1]: listener.address[0] for listener in listeners}
    for listener in listeners:
        spec = listener.lane.spec
        here = ("localhost", "127.0.0.1", "::1", ports.get(spec.upstream_port))
        if spec.upstream_port in ports and spec.upstream_host in here:
            raise Unsafe(f"lane {spec.name} has a lane as its upstream")


def _options(listeners: Sequence[Listener], state_dir: Path, limits: Limits) -> Options:
    return make_options(
        mode=[listener.mode for listener in listeners],
        confdir=str(state_dir),
        tcp_timeout=max(_seconds(each.lane.spec, limits) for each in listeners),
    )


def _seconds(spec: LaneSpec, limits: Limits) -> int:
    """Return after how long without a byte the host may close a client's connection, if nobody else has."""
    return max((spec.limits or limits).idle_seconds, int(spec.deadline) + 5)


@contextlib.asynccontextmanager
async def _running(master: LaneMaster) -> AsyncIterator[None]:
    run = asyncio.create_task(master.run())
    up = asyncio.create_task(master.up.wait())
    try:
        await asyncio.wait([run, up], return_when=asyncio.FIRST_COMPLETED)
        if run.done():
            raise Unsafe("mitmproxy's master ended before it was up")
        yield
    finally:
        up.cancel()
        master.should_exit.set()
        await asyncio.wait([run])


def _check_connections(listener: Listener, master: LaneMaster) -> None:
    """Return if a connection to this lane could only be what it is meant to be; nobody is at its other end."""
    reader = asyncio.StreamReader()
    writer = asyncio.StreamWriter(_Nowhere(), asyncio.StreamReaderProtocol(reader), reader, master.event_loop)
    nobody, mode = Underway(Limits()), ProxyMode.parse(listener.mode)
    connection = LaneConnection(master, reader, writer, lane=listener.lane, mode=mode, underway=nobody)
    check_stack(connection.layer, tls=listener.lane.spec.tls is not None)


class _Nowhere(asyncio.Transport):
    """Leads to nobody."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return addresses, as a socket would."""
        return ("127.0.0.1", 0) if name in ("peername", "sockname") else default

    def is_closing(self) -> bool:
        """Return that it leads nowhere."""
        return True


async def _accept(listener: Listener, master: LaneMaster, places: Places) -> asyncio.Server:
    mode, underway = ProxyMode.parse(listener.mode), places.underway

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        if underway.draining or not peer or not places.room_for_another(str(peer[0])):
            writer.transport.abort()
            return
        connection = LaneConnection(master, reader, writer, lane=listener.lane, mode=mode, underway=underway)
        loop = asyncio.get_running_loop()
        limits = listener.lane.spec.limits or underway.limits
        alarm = loop.call_later(limits.head_seconds, connection.hang_up_unless_heard)
        places.enter(connection.client.id, connection.conversation)
        try:
            await connection.handle_client()
        finally:
            alarm.cancel()
            places.leave(connection.client.id)

    return await asyncio.start_server(accept, sock=listener.socket)


async def _drain(places: Places, seconds: float) -> None:
    """Let exchanges under way end, cut short those that do not, close every connection."""
    places.underway.draining = True
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    _hang_up(places, only_idle=True)
    await _until(lambda: not _busy(places), end)
    for conversation in _busy(places):
        conversation.expire()
    await _until(lambda: not _busy(places), loop.time() + _LAST_SECONDS)
    _hang_up(places, only_idle=False)
    await _until(lambda: not places.conversations and not places.underway.tasks, loop.time() + _LAST_SECONDS)
    left = list(places.underway.tasks)
    for task in left:
        task.cancel()


def _busy(places: Places) -> list[Conversation]:
    return [each for each in places.conversations.values() if not each.idle]


def _hang_up(places: Places, *, only_idle: bool) -> None:
    for conversation in list(places.conversations.values()):
        if conversation.idle or not only_idle:
            conversation.hang_up()


async def _until(done: Callable[[], bool], end: float) -> None:
    loop = asyncio.get_running_loop()
    while not done() and loop.time() < end:  # noqa: ASYNC110 - waits for dictionaries to become empty
        await asyncio.sleep(0.02)
