"""Large bodies are worked on aside: in a process of their own, so that nobody waits for megabytes of others.

Nouns: a **helper** is a process that does one job after the other for one set of rules; a **job** is what one
exchange has, as values: who asks, what for, the request without credentials, and the CRM's answer if there is
one by now. The story starts in `Aside.understand` and `Aside.show`.

A helper is forked from the process that serves, when there is work and none is free: so it has the very rules
and code of the exchange, and what it returns is what would have come of it here. It repeats an exchange from the
start (recognising and deciding are pure), so that nothing has to be kept for it while a CRM takes its time.
It is let go when its rules are no longer asked for.

Whatever becomes of a helper, the exchange fails closed: killed or out of memory, it hangs up; hung, the
exchange's deadline ends it. Only what it returns whole is used; the next job gets another helper.

Why fork, and not a pool that loads the policies itself: loading takes a second, could read something else than
what is in force, and keeps a copy of everything. Forking a process that has threads is safe as long as the
child takes no lock that one of them may hold: a helper decides, and touches neither ledger nor log nor loop.
"""

import asyncio
import contextlib
import ctypes
import gc
import os
import pickle
import resource
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn, cast

from proxy.enforce import Gateway, Shown
from proxy.errors import (
    ExchangeError,
    Gap,
    GapKind,
    Refused,
    Unavailable,
    Undecodable,
    Unidentified,
    UpstreamFault,
)
from proxy.exchange import Exchange, Rules
from proxy.message import Request, Response
from proxy.metrics import Counted, Metrics
from proxy.model import Declined, Entry, Principal, Purpose, Requested, Stage
from proxy.sealing import Steps
from proxy.vault.needs import Got, Made, Need, Opening, Returning, Sending

MEMORY: Final = 2 << 30
"""Bytes that a helper may take beyond what it was born with: the largest body that a lane may take, and the tree
that becomes of it."""
_LENGTH: Final = 8
_DIE_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
_NICE: Final = 5
_FAULTS: Final = {
    kind.__name__: kind for kind in (Refused, Unavailable, Undecodable, Unidentified, UpstreamFault)
}


@dataclass(frozen=True, slots=True)
class Job:
    """One exchange as values."""

    id: str
    principal: Principal
    purpose: Purpose
    request: Request
    """Without credentials."""
    now: datetime | None
    """By when it was decided, if it was."""
    response: Response | None
    made: tuple[Made, ...] = ()
    makes: int = 0
    """With a response: what the request wrote in protected form, as `Exchange` has it."""


@dataclass(frozen=True, slots=True)
class Understood:
    """The exchange may go on to the CRM."""

    request: Request
    entry: Requested
    now: datetime | None
    counted: Counted
    made: tuple[Made, ...]
    makes: int
    withdrawing: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer may be released."""

    response: Response
    entries: tuple[Entry, ...]
    counted: Counted


@dataclass(frozen=True, slots=True)
class Ended:
    """The exchange ends here."""

    fault: tuple[str, str, str, int, GapKind]
    """Class, reason, detail, status, and the kind of gap if it is one."""
    stage: Stage
    declined: Declined | None
    counted: Counted
    last: bool
    """The helper is of no further use."""


class Aside:
    """Helpers for all lanes of one process.

    Args:
        size: how many may be at work, and be kept.
    """

    def __init__(self, size: int) -> None:
        self._room = asyncio.Semaphore(size)
        self._size = size
        self._idle: list[_Helper] = []
        """Longest idle first."""

    async def understand(self, gateway: Gateway, exchange: Exchange) -> tuple[Request, Requested]:
        """Do what `Gateway.understand` does; the exchange's `asked` stays empty.

        Raises:
            ExchangeError: what that raises; Unavailable (`aside_failed`) if the helper did not come to an end.
        """
        exchange.stage = "connector"
        result = await self._done(gateway, exchange, None)
        gateway.absorb(result.counted)
        exchange.now, exchange.made, exchange.makes = result.now, result.made, result.makes
        exchange.withdrawing = result.withdrawing
        return result.request, result.entry

    async def show(self, gateway: Gateway, exchange: Exchange, response: Response) -> Shown:
        """Do what `Gateway.show` does.

        Raises:
            ExchangeError: what that raises; Unavailable (`aside_failed`) if the helper did not come to an end.
        """
        exchange.stage = "transform"
        result = await self._done(gateway, exchange, response)
        return Shown(result.response, result.entries, lambda: gateway.absorb(result.counted))

    async def _done(self, gateway: Gateway, exchange: Exchange, response: Response | None) -> Any:
        assert exchange.principal is not None
        assert exchange.purpose is not None
        assert exchange.clean is not None
        job = Job(
            exchange.id,
            exchange.principal,
            exchange.purpose,
            exchange.clean,
            exchange.now,
            response,
            exchange.made,
            exchange.makes,
        )
        async with self._room:
            helper = self._take(gateway, exchange.rules)
            result: Understood | Answered | Ended | None = None
            try:
                said = await helper.say(job)
                while isinstance(said, Sending | Opening | Returning):  # it holds no key; we look for it
                    said = await helper.say(await gateway.settle(said))
                result = said
            except (OSError, EOFError, ValueError, pickle.UnpicklingError):
                raise Unavailable("aside_failed") from None
            finally:
                if result is None or (isinstance(result, Ended) and result.last):
                    helper.end()
                else:
                    self._idle.append(helper)
        if isinstance(result, Ended):
            gateway.absorb(result.counted)
            exchange.stage, exchange.declined = result.stage, result.declined
            raise _fault(*result.fault)
        return result

    def _take(self, gateway: Gateway, rules: Rules) -> "_Helper":
        """Return a helper for these rules, forked if none is free; one for other rules makes room."""
        for at in reversed(range(len(self._idle))):
            helper = self._idle[at]
            if not helper.alive:
                self._idle.pop(at).end()
            elif helper.gateway is gateway and helper.rules is rules and helper.number == gateway.bars.number:
                return self._idle.pop(at)
        while len(self._idle) >= self._size:
            self._idle.pop(0).end()
        try:
            return _Helper(gateway, rules)
        except OSError:
            raise Unavailable("aside_failed") from None


class _Line(socket.socket):
    """A socket that closes itself without a word when nobody holds it any more."""

    def __del__(self) -> None:
        self.close()


class _Helper:
    """One helper as the process that serves sees it."""

    def __init__(self, gateway: Gateway, rules: Rules) -> None:
        self.gateway, self.rules = gateway, rules
        self.number = gateway.bars.number
        """It knows of those who were restricted when it was forked, and of nobody since."""
        ours, its = socket.socketpair()
        with its:
            parent = os.getpid()
            self.pid = os.fork()
            if self.pid == 0:
                _live(its, parent, gateway, rules)
        self._line = _Line(ours.family, ours.type, ours.proto, ours.detach())
        self._line.settimeout(0)

    @property
    def alive(self) -> bool:
        """Whether it has not ended by itself."""
        if self.pid and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.pid = 0
        return self.pid != 0

    async def say(self, value: Job | Got) -> Any:
        """Return what it says to a job, or to what it asked for: what comes of the job, or what it needs.

        Raises:
            OSError, EOFError, ValueError, UnpicklingError: it has ended, or sent what is no result.
        """
        loop = asyncio.get_running_loop()
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        await loop.sock_sendall(self._line, len(data).to_bytes(_LENGTH, "big") + data)
        size = int.from_bytes(await self._read(_LENGTH), "big")
        return pickle.loads(await self._read(size))  # noqa: S301 - our own code, forked from this process

    async def _read(self, size: int) -> bytearray:
        loop = asyncio.get_running_loop()
        found = bytearray(size)
        left = memoryview(found)
        while left:
            got = await loop.sock_recv_into(self._line, left)
            if not got:
                raise EOFError
            left = left[got:]
        return found

    def end(self) -> None:
        """Kill it; what is left of it is cleared away as soon as it is gone."""
        self._line.close()
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
            _clear(self.pid)

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            self.end()


def _clear(pid: int, wait: float = 0.01) -> None:
    """Take note of the end of a process that was killed."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        try:
            asyncio.get_running_loop().call_later(wait, _clear, pid, min(1.0, wait * 2))
        except RuntimeError:
            os.waitpid(pid, 0)


# ---- in the helper ----------------------------------------------------------------------------------------


def _live(line: socket.socket, parent: int, gateway: Gateway, rules: Rules) -> NoReturn:
    """Be a helper: do jobs until the other end hangs up; never return into what was going on at the fork."""
    try:
        _settle(line, parent)
        while (job := _heard(line)) is not None:
            result = work(job, gateway, rules, lambda need: _asked(line, need))
            _said(line, result)
            if isinstance(result, Ended) and result.last:
                break
    finally:
        os._exit(0)


def _heard(line: socket.socket) -> Any:
    """Return what the other end says next, None when it has hung up."""
    size = _exactly(line, _LENGTH)
    data = None if size is None else _exactly(line, int.from_bytes(size, "big"))
    return None if data is None else pickle.loads(data)  # noqa: S301 - from the process we were forked from


def _said(line: socket.socket, value: object) -> None:
    out = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    line.sendall(len(out).to_bytes(_LENGTH, "big") + out)


def _asked(line: socket.socket, need: Need) -> Got:
    """Return what the process we were forked from gets for us; if it hangs up, there is nobody to work for."""
    _said(line, need)
    got = _heard(line)
    if got is None:
        os._exit(0)
    return cast("Got", got)


def _settle(line: socket.socket, parent: int) -> None:
    """Keep nothing of the process we came from but what deciding takes."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # we end with who serves
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    # Clients' connections would otherwise stay open until we end, and so would the ledger's lock.
    os.closerange(3, line.fileno())
    os.closerange(line.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
    line.settimeout(None)
    taken = _pages() * os.sysconf("SC_PAGE_SIZE")
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = taken + MEMORY if most == resource.RLIM_INFINITY else min(most, taken + MEMORY)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    with contextlib.suppress(OSError):
        os.nice(_NICE)  # those who wait for small answers come first
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("900")  # rather one large body than everybody
    gc.freeze()


def _pages() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[0])


def _exactly(line: socket.socket, size: int) -> bytearray | None:
    found = bytearray(size)
    left = memoryview(found)
    while left:
        got = line.recv_into(left)
        if not got:
            return None
        left = left[got:]
    return found


def _no_vault(_need: Need) -> Got:
    raise Unavailable("vault_missing")


def through[T](steps: Steps[T], ask: Callable[[Need], Got]) -> T:
    """Return what steps come to, with whatever they need asked for."""
    try:
        need = next(steps)
        while True:
            need = steps.send(ask(need))
    except StopIteration as end:
        result: T = end.value
        return result


def work(
    job: Job, gateway: Gateway, rules: Rules, ask: Callable[[Need], Got] = _no_vault
) -> Understood | Answered | Ended:
    """Return what comes of a job; total. `ask` gets what it needs of the vault."""
    exchange = Exchange(
        job.id, rules, 0.0, principal=job.principal, purpose=job.purpose, clean=job.request, now=job.now
    )
    metrics = Metrics()
    try:
        own = gateway.elsewhere(rules, metrics)
        built, entry = through(own.understand(exchange, again=job.response is not None), ask)
        if job.response is None:
            counted = metrics.counted()
            return Understood(
                built, entry, exchange.now, counted, exchange.made, exchange.makes, exchange.withdrawing
            )
        exchange.made, exchange.makes = job.made, job.makes
        metrics = Metrics()  # the request has been counted
        shown = through(gateway.elsewhere(rules, metrics).show(exchange, job.response), ask)
        shown.count()
        return Answered(shown.response, shown.entries, metrics.counted())
    except ExchangeError as error:
        return _ended(error, job, gateway, exchange, metrics)
    except BaseException:  # noqa: BLE001 - fail closed, whatever it is
        return _ended(Unavailable("internal_error"), job, gateway, exchange, metrics, last=True)


def _ended(
    error: ExchangeError, job: Job, gateway: Gateway, exchange: Exchange, metrics: Metrics, *, last: bool = False
) -> Ended:
    kind: GapKind = error.kind if isinstance(error, Gap) else "construct"
    fault = (type(error).__name__, error.reason, error.detail, error.status, kind)
    declined = gateway.declined(exchange, error) if job.response is None else None
    return Ended(fault, exchange.stage, declined, metrics.counted(), last)


def _fault(name: str, reason: str, detail: str, status: int, kind: GapKind) -> ExchangeError:
    if name == Gap.__name__:
        return Gap(kind, reason, detail, status=status)
    return _FAULTS[name](reason, detail, status=status)
