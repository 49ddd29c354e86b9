"""The supervisor: starts workers, keeps them at what is in force, and replaces those that die."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Final

from proxy.app import App, Fresh
from proxy.config import Config, split_address
from proxy.errors import LychgateError, Problem, Problems
from proxy.workers import messages as m
from proxy.workers.lanes import reserved
from proxy.workers.member import Member

COPIES: Final = "in-force"
"""Folder below the state folder with what the workers read."""
START_SECONDS: Final = 60.0
LOAD_SECONDS: Final = 20.0
"""For reading a copy of the policies when nobody waits for it."""
LOAD_TIMES: Final = 5
"""How many times as long as the supervisor, and a second, a worker may take to read edited policies; one that
takes longer is replaced, so that it does not keep the others from them."""
AT_ONCE: Final = 1.0
"""For what only has to be taken note of: a swap, a freeze, a scrape."""
TRY_SECONDS: Final = 8.0
"""For saying whether something can be opened; a key server may be asked."""
STEADY: Final = 10.0
"""A worker that served so many seconds did not die of how it was started."""
LATEST: Final = 30.0
"""Seconds that a worker is waited with at most, when one after the other dies."""
LAST_SECONDS: Final = 10.0
"""Beyond `drain_seconds`, for workers to end by themselves."""

Bound = dict[str, tuple[str, int]]
log = logging.getLogger("lychgate")


class Supervisor:
    """Serves an installation's lanes with as many processes as its configuration says.

    Args:
        app: built, its ledger open; its gateways decide nothing here, and show which policies are in force.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._copies = app.config.state / COPIES
        self._number = 0
        self._turn = asyncio.Lock()
        """Held while the policies in force change, and while a worker is made one of those that follow them."""
        self._members: set[Member] = set()
        self._stopping = asyncio.Event()
        self._served = False
        """Whether any worker ever has."""
        self._failed: LychgateError | None = None
        app.spread = self._spread
        app.others_open = self._open
        app.metrics.watch("workers", "Worker processes that serve.", lambda: float(self._serving()))

    async def serve(self, *, ready: Callable[[Bound], None], stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then have every worker drain, as `addons.master.serve` does.

        Raises:
            LychgateError: the first workers could not start, and have said why.
            OSError: a port cannot be bound, or no process be started.
        """
        shutil.rmtree(self._copies, ignore_errors=True)
        fresh, self._load = await self._prepare()
        self._app.adopt(fresh)
        with reserved(self._app.config) as config:
            async with self._ticking():
                keeping = [asyncio.create_task(self._keep(config, stop)) for _ in range(config.workers)]
                waiting = asyncio.create_task(self._all_serve(config.workers))
                ended = asyncio.create_task(stop.wait())
                try:
                    await asyncio.wait([waiting, ended, *keeping], return_when=asyncio.FIRST_COMPLETED)
                    if waiting.done():
                        ready({lane.name: split_address(lane.listen) for lane in config.lanes})
                        await asyncio.wait([ended, *keeping], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    waiting.cancel()
                    ended.cancel()
                    await self._end(keeping)
        shutil.rmtree(self._copies, ignore_errors=True)
        if self._failed is not None:
            raise self._failed

    async def reload(self) -> str:
        """Put the policies as they are now in force in every worker, or in none.

        Returns:
            What `App.reload` returns.

        Raises:
            Problems: they cannot be used, or no worker can follow; the old ones go on serving everywhere.
        """
        async with self._turn:
            loop = asyncio.get_running_loop()
            began = loop.time()
            fresh, load = await self._prepare()
            patience = LOAD_TIMES * (loop.time() - began) + AT_ONCE
            following = [member for member in self._members if member.loaded]
            found = await asyncio.gather(*(member.order(load, patience) for member in following))
            able = [member for member, problem in zip(following, found, strict=True) if not problem]
            if following and not able:
                self._app.metrics.reload("refused").inc()
                raise Problems([Problem("policies", 0, 0, "LG100", f"no worker can load them: {found[0]}")])
            digest = self._app.activate(fresh)
            self._load = load
            swapped = await asyncio.gather(*(member.order(m.Swap(), AT_ONCE) for member in able))
            for member in following:
                if member not in able or swapped[able.index(member)]:
                    member.end("behind")  # it would go on serving by what is no longer in force
            self._tidy()
            return digest

    async def metrics(self) -> bytes:
        """Return every series, summed over all workers, those that have died included."""
        members = [member for member in self._members if member.loaded]
        for member in members:
            member.ask()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AT_ONCE):
                await asyncio.gather(*(member.told.wait() for member in members))
        return self._app.metrics.text([member.counted for member in self._members])

    def _serving(self) -> int:
        return sum(member.serving for member in self._members)

    # ---- what is in force ----------------------------------------------------------------------------------

    async def _prepare(self) -> tuple[Fresh, m.Load]:
        self._number += 1
        folder = self._copies / str(self._number)
        folder.mkdir(parents=True, mode=0o700)
        try:
            fresh = await asyncio.to_thread(self._app.prepare, copies=folder)
        except Problems:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return fresh, m.Load(
            self._copied(folder, fresh), {name: each.policy for name, each in fresh.rules.items()}
        )

    def _copied(self, folder: Path, fresh: Fresh) -> list[m.Copy]:
        firsts = [origin.lanes[0].name for origin in self._app.origins]
        return [m.Copy(str(folder / str(at)), fresh.rules[name].commit) for at, name in enumerate(firsts)]

    def _tidy(self) -> None:
        """Remove every copy but the one in force and the one before it, which somebody may still be reading."""
        for folder in sorted(self._copies.iterdir(), key=lambda path: int(path.name))[:-2]:
            shutil.rmtree(folder, ignore_errors=True)

    def _stopped(self) -> tuple[list[str], list[str]]:
        """Return who is stopped, and whose records nobody reads."""
        return list(self._app.frozen.ids), list(self._app.restricted.items)

    async def _spread(self) -> None:
        """Have both lists take effect everywhere; who does not say so in time is ended."""
        members = [member for member in self._members if member.loaded]
        order = m.Freeze(*self._stopped())
        for member, problem in zip(
            members, await asyncio.gather(*(member.order(order, AT_ONCE) for member in members)), strict=True
        ):
            if problem:
                member.end("behind")

    async def _open(self, canaries: Sequence[str]) -> list[bool | None]:
        """Return what each worker that serves says; one that comes later remembers nothing from before."""
        members = [member for member in self._members if member.loaded]
        return list(await asyncio.gather(*(member.tries(canaries, TRY_SECONDS) for member in members)))

    # ---- one worker after the other --------------------------------------------------------------------------

    async def _keep(self, config: Config, stop: asyncio.Event) -> None:
        """Have one worker serve, another when it is gone, and so on."""
        loop = asyncio.get_running_loop()
        deaths = 0
        while not self._stopping.is_set():
            began = loop.time()
            member = await Member.start(self._app.ledger)
            self._members.add(member)
            problem = await self._admit(member, config)
            if problem:
                log.error("a worker cannot serve: %s", problem)
                member.end("failed")
            await self._over(member)
            if self._stopping.is_set():
                return
            if not self._served:  # the next one would not either
                self._failed = LychgateError(f"no worker can serve: {problem or 'see what it said'}")
                stop.set()
                return
            deaths = 0 if loop.time() - began > STEADY else deaths + 1
            self._app.metrics.replaced(member.why).inc()
            log.warning("a worker is gone (%s); another takes its place", member.why)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(LATEST, 0.05 * 2**deaths)):
                    await stop.wait()

    async def _admit(self, member: Member, config: Config) -> str:
        """Have a worker load what is in force, and serve; return what stands in the way, or ""."""
        begun = self._load
        begin = m.Begin(config.model_dump_json(), begun, *self._stopped())
        if problem := await member.order(begin, START_SECONDS):
            return problem
        async with self._turn:
            if begun is not self._load and (
                problem := await member.order(self._load, LOAD_SECONDS) or await member.order(m.Swap(), AT_ONCE)
            ):
                return problem
            while True:
                stopped = self._stopped()
                if problem := await member.order(m.Freeze(*stopped), AT_ONCE):
                    return problem
                if stopped == self._stopped():
                    break
            member.loaded = True
            member.channel.say(m.Stop() if self._stopping.is_set() else m.Serve())
        await member.wait()
        self._note_serving()
        return ""

    async def _over(self, member: Member) -> None:
        """Wait for a worker's end, close what it left open, and keep what it had counted."""
        try:
            await member.ended()
        except LychgateError:
            log.error("the ledger cannot say how a worker's exchanges ended; the next start will")
        self._app.metrics.absorb(member.counted)
        self._members.discard(member)
        self._note_serving()

    def _note_serving(self) -> None:
        if self._serving():
            self._served = True
            self._app.problems.pop("workers", None)
        else:
            self._app.problems["workers"] = "none serves"

    async def _all_serve(self, count: int) -> None:
        while self._serving() < count:  # noqa: ASYNC110 - several processes, any of which may be replaced
            await asyncio.sleep(0.02)

    @contextlib.asynccontextmanager
    async def _ticking(self) -> AsyncIterator[None]:
        async def tick() -> None:
            while True:
                await asyncio.sleep(1)
                for member in [member for member in self._members if member.loaded]:
                    member.ask()

        task = asyncio.create_task(tick())
        try:
            yield
        finally:
            task.cancel()

    async def _end(self, keeping: list["asyncio.Task[None]"]) -> None:
        """Have every worker drain, and end those that do not."""
        self._stopping.set()
        for member in self._members:
            member.channel.say(m.Stop())
        await asyncio.wait(keeping, timeout=self._app.config.drain_seconds + LAST_SECONDS)
        for member in self._members:
            member.end("late")
        done, _ = await asyncio.wait(keeping)
        for task in done:
            task.result()
