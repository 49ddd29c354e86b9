"""A worker: serves every lane as its supervisor tells it to; it has no ledger and no will of its own."""

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from addons.master import serve
from proxy import config as settings
from proxy.app import KEY_FILE, STANDINS
from proxy.credentials import load_credential
from proxy.crypto import Sealer, derive, read_key
from proxy.enforce import Gateway
from proxy.errors import LychgateError
from proxy.exchange import Rules
from proxy.gateways import make_gateways, shared_guards
from proxy.identity import Frozen, Issuer
from proxy.kept import Kept, open_kept
from proxy.loading import load_issuers, load_set, rules_of
from proxy.metrics import Metrics
from proxy.origins import origins
from proxy.restricted import Restricted
from proxy.subjects import Pseudonyms
from proxy.vault.canaries import opens
from proxy.workers import messages as m
from proxy.workers.channel import Channel
from proxy.workers.lanes import lane_spec, process_limits
from proxy.workers.ledger import FarLedger

_DIE_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
log = logging.getLogger("lychgate")


def work(descriptor: int, parent: int) -> int:
    """Serve until told to stop, or until the supervisor is gone; return the process's exit code."""
    ctypes.CDLL(None, use_errno=True).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was told
        return 1
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    with socket.socket(fileno=descriptor) as end:
        try:
            asyncio.run(Worker().run(end))
        except LychgateError as error:
            log.error("a worker cannot serve: %s", error)
            return 2
        except OSError as error:
            log.error("a worker cannot serve: %s", error.strerror)
            return 2
    return 0


@dataclass(slots=True)
class Equipment:
    """What a worker has once it was told what to serve."""

    config: settings.Config
    sealer: Sealer
    issuers: dict[str, Issuer]
    kept: Kept
    standins: bytes = field(repr=False)
    gateways: dict[str, Gateway] = field(default_factory=dict)


class Worker:
    """One worker's side of the channel."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._go = asyncio.Event()
        self._metrics = Metrics()
        self._frozen = Frozen()
        self._restricted = Restricted()
        self._loaded: dict[str, Rules] = {}
        self._has: Equipment | None = None
        self._problem = ""
        self._trying: set[asyncio.Task[None]] = set()
        self._jobs: asyncio.Queue[m.Begin | m.Load | m.Swap | m.Freeze] = asyncio.Queue()

    async def run(self, end: socket.socket) -> None:
        """Do what the supervisor says until the channel or the supervisor ends it."""
        self._channel = await Channel.over(end, m.decode_to_worker, self._heard, self._lost)
        self._ledger = FarLedger(self._channel.say)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        for number in (signal.SIGINT, signal.SIGHUP):  # a terminal's are for the supervisor
            loop.add_signal_handler(number, _nothing)
        jobs = loop.create_task(self._work_off())
        try:
            await _first(self._go.wait(), self._stop.wait())
            if self._has is not None and self._go.is_set() and not self._stop.is_set():
                await self._serve(self._has)
        finally:
            jobs.cancel()
            self._channel.say(m.Told(self._metrics.counted()))
            self._channel.close()
            while self._channel.unsent:  # noqa: ASYNC110 - a transport has no event for it
                await asyncio.sleep(0.01)
        if self._problem:
            raise LychgateError(self._problem)

    async def _serve(self, has: Equipment) -> None:
        def ready(_: object) -> None:
            gc.collect()
            gc.freeze()
            self._channel.say(m.Serving())

        await serve(
            [(replace(lane_spec(lane), reuse_port=True), has.gateways[lane.name]) for lane in has.config.lanes],
            state_dir=has.config.state,
            ready=ready,
            stop=self._stop,
            drain_seconds=has.config.drain_seconds,
            limits=process_limits(has.config),
        )

    def _heard(self, message: m.ToWorker) -> None:
        match message:
            case m.Written():
                self._ledger.written(message)
            case m.Tell():
                self._channel.say(m.Told(self._metrics.counted()))
            case m.Try():
                task = asyncio.get_running_loop().create_task(self._try(message))
                self._trying.add(task)  # the loop itself does not hold it
                task.add_done_callback(self._trying.discard)
            case m.Serve():
                self._go.set()
            case m.Stop():
                self._stop.set()
            case _:
                self._jobs.put_nowait(message)

    async def _try(self, message: m.Try) -> None:
        """Say whether anything that this process serves by opens a canary; beside orders, which do not wait."""
        found: bool | None = None
        with contextlib.suppress(LychgateError):
            if self._has is not None:
                found = await asyncio.to_thread(opens, self._has.kept.keys, message.canaries)
        self._channel.say(m.Tried(message.number, found))

    def _lost(self) -> None:
        self._ledger.lost()
        self._stop.set()

    async def _work_off(self) -> None:
        """Carry out one order after the other; the answer to each says whether it has taken effect."""
        while True:
            message = await self._jobs.get()
            problem = ""
            try:
                match message:
                    case m.Begin():
                        await asyncio.to_thread(self._begin, message)
                    case m.Load():
                        self._loaded = await asyncio.to_thread(self._load, message)
                    case m.Swap():
                        self._swap()
                    case m.Freeze():
                        self._frozen.replace(message.ids)
                        self._restricted.replace(message.restricted)
                        self._forget()
            except LychgateError as error:
                problem = str(error)
            except Exception as error:  # noqa: BLE001 - the supervisor decides what becomes of a worker that cannot follow
                problem = type(error).__name__
            self._channel.say(m.Done(problem))
            if problem and self._has is None:
                self._problem = problem
                self._stop.set()

    def _begin(self, message: m.Begin) -> None:
        config = settings.Config.model_validate_json(message.config)
        root = read_key(config.state / KEY_FILE)
        has = Equipment(
            config,
            Sealer(derive(root, "continuation")),
            load_issuers(config),
            open_kept(config, root),
            derive(root, STANDINS),
        )
        self._frozen.replace(message.frozen)
        self._restricted.replace(message.restricted)
        credentials = {lane.name: load_credential(lane) for lane in config.lanes}
        rules = self._read(message.load, has)
        pseudonyms = Pseudonyms(derive(root, "pseudonyms"))
        guards = replace(shared_guards(has.kept, root), restricted=self._restricted)
        has.gateways = make_gateways(
            config,
            rules,
            credentials,
            self._ledger,
            metrics=self._metrics,
            pseudonyms=pseudonyms,
            vault=has.kept.vault,
            shared=guards,
        )
        self._has = has

    def _load(self, message: m.Load) -> dict[str, Rules]:
        if self._has is None:
            raise LychgateError("nothing has begun")
        return self._read(message, self._has)

    def _read(self, message: m.Load, has: Equipment) -> dict[str, Rules]:
        """Return the rules of a copy; its own tests have passed in the supervisor.

        Raises:
            LychgateError: they are not the expected ones.
        """
        rules: dict[str, Rules] = {}
        for origin, copy in zip(origins(has.config), message.copies, strict=True):
            read = load_set(Path(copy.folder), has.sealer, rehearsed=True)
            rules |= rules_of(
                read, origin.lanes, has.issuers, self._frozen, standins=has.standins, commit=copy.commit
            )
        if {name: each.policy for name, each in rules.items()} != message.expected:
            raise LychgateError("the copy of the policies is not what was checked")
        return rules

    def _forget(self) -> None:
        """Forget whom this process has seen: somebody may have been erased."""
        for gateway in self._has.gateways.values() if self._has is not None else ():
            gateway.forget()

    def _swap(self) -> None:
        if self._has is None or not self._loaded:
            raise LychgateError("nothing was loaded")
        for name, rules in self._loaded.items():
            self._has.gateways[name].rules = rules
        self._loaded = {}


async def _first(*waits: object) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _nothing() -> None:
    """Leave a signal to somebody else."""
