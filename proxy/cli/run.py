"""`lychgate run`: one process, any number of lanes, until SIGTERM; SIGHUP reloads the policies."""

import asyncio
import gc
import json
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import click

from addons.master import serve
from proxy.api import make_desk, serve_api
from proxy.app import App, build
from proxy.config import load_config, split_address
from proxy.console import serve_admin
from proxy.console.control import Verb, controlled
from proxy.erasures import Erasures
from proxy.errors import Problems
from proxy.policy import PolicySet
from proxy.workers import Supervisor
from proxy.workers.lanes import lane_spec, process_limits

log = logging.getLogger("lychgate")


@click.command()
@click.option(
    "--config",
    "-c",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("lychgate.yaml"),
    show_default=True,
    help="What to run; `lychgate init` writes one.",
)
@click.option("--check", is_flag=True, help="Load everything, say what would be enforced, and stop.")
def run(path: Path, *, check: bool) -> None:
    """Enforce policy on every lane of the configuration.

    SIGTERM drains: no new connections, exchanges under way finish, the ledger is closed. SIGHUP reads the
    policies again; a set that cannot be used leaves the one in force.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    log.setLevel(logging.INFO)
    config = load_config(path)
    app = build(config)
    try:
        if check:
            click.echo("\n".join(describe(app, {})))
            return
        asyncio.run(_serve(app))
    except OSError as error:
        raise click.ClickException(f"cannot serve: {error.strerror}") from None
    finally:
        app.close()


class _Alone:
    """Serves in this process, as a `Supervisor` does in several."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def serve(self, *, ready: Callable[[dict[str, tuple[str, int]]], None], stop: asyncio.Event) -> None:
        """Serve until told to stop."""
        await serve(
            [(lane_spec(lane), self._app.gateways[lane.name]) for lane in self._app.config.lanes],
            state_dir=self._app.config.state,
            ready=ready,
            stop=stop,
            drain_seconds=self._app.config.drain_seconds,
            limits=process_limits(self._app.config),
        )

    async def reload(self) -> str:
        """Put edited policies in force."""
        return await asyncio.to_thread(self._app.reload)

    async def metrics(self) -> bytes:
        """Return every series."""
        return self._app.metrics.text()


_Service = _Alone | Supervisor


async def _serve(app: App) -> None:
    service: _Service = _Alone(app) if app.config.workers == 1 else Supervisor(app)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    turn = asyncio.Lock()
    pending: set[asyncio.Task[None]] = set()

    def end() -> None:
        app.problems["process"] = "stopping"  # from now on, not when the last exchange is over
        stop.set()

    def reload() -> None:
        task = loop.create_task(_reload(app, service, turn))
        pending.add(task)
        task.add_done_callback(pending.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, reload)
    if app.config.reload.watch:
        watching = loop.create_task(_watch(app, service, turn, app.config.reload.every_seconds))
        pending.add(watching)
        watching.add_done_callback(lambda _: app.problems.setdefault("policy watch", "stopped"))
    app.problems["lanes"] = "not listening yet"
    await app.started()
    app.notary.start()
    app.watch.start()
    erasures = Erasures(app)
    erasures.unasked.watch()
    host, port = split_address(app.config.admin)
    try:
        admin, port = serve_admin(
            host,
            port,
            not_ready=app.not_ready,
            metrics=service.metrics,
            notices=lambda: app.watch.notices | erasures.unasked.told,
        )
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} (admin: {app.config.admin})") from None
    servers = [admin]
    try:
        if (api := app.config.erasure.api) is not None:
            try:
                desk = make_desk(app, erasures, api)
                servers.append(serve_api(desk, api.listen, api.tls, connections=api.connections)[0])
            except OSError as error:
                raise OSError(error.errno, f"{error.strerror} (erasure.api: {api.listen})") from None
        going = loop.create_task(erasures.unasked.keep_going())
        pending.add(going)
        going.add_done_callback(lambda _: app.problems.setdefault("erasures", "stopped"))
        async with controlled(app.config.state, _verbs(app, erasures)):
            await service.serve(ready=_announce(app, f"http://{host}:{port}"), stop=stop)
    finally:
        app.problems["process"] = "stopping"
        for task in pending:
            task.cancel()
        for server in servers:
            server.stop()
        await app.note("stopped", "")


def _verbs(app: App, erasures: Erasures) -> dict[str, Verb]:
    """Return what the operator's own account can have done while this runs."""

    async def freeze(who: str) -> bool:
        await app.freeze(who)
        return True

    async def unfreeze(who: str) -> bool:
        await app.unfreeze(who)
        return True

    async def checkpoint(_: str) -> str:
        return (await asyncio.to_thread(app.notary.step)).decode()

    async def key_event(said: str) -> bool:
        await app.key_event(said)
        return True

    async def erasure(asked: str) -> dict[str, object]:
        return await erasures.do(json.loads(asked))

    return {
        "freeze": freeze,
        "unfreeze": unfreeze,
        "checkpoint": checkpoint,
        "key_event": key_event,
        "erasure": erasure,
    }


def _announce(app: App, admin: str) -> Callable[[dict[str, tuple[str, int]]], None]:
    def announce(bound: dict[str, tuple[str, int]]) -> None:
        app.problems.pop("lanes", None)
        # What is loaded by now stays, and the collector need not go through it time and again. What exchanges
        # leave behind is collected as ever.
        gc.collect()
        gc.freeze()
        for line in [*describe(app, bound), f"admin       {admin}  /ready /healthz /metrics", "ready"]:
            click.echo(line)
        sys.stdout.flush()

    return announce


async def _reload(app: App, service: _Service, turn: asyncio.Lock) -> None:
    """Put edited policies in force, or say with file:line:column why the old ones stay.

    One after the other: a set that takes long to read must not undo a later edit that was quicker.
    """
    async with turn:
        try:
            digest = await service.reload()
        except Problems as error:
            log.error("policy reload refused, the set in force stays:\n%s", error)
            await app.note("policy_refused", f"{len(error.problems)} problems")
            return
        log.info("policy reloaded: %s", digest)
        await app.activated()


async def _watch(app: App, service: _Service, turn: asyncio.Lock, seconds: float) -> None:
    """Reload whenever policies have changed and lie still again; a set that was refused is tried once."""
    seen = await asyncio.to_thread(app.marks)
    while True:
        await asyncio.sleep(seconds)
        now = await asyncio.to_thread(app.marks)
        if now == seen:
            continue
        while True:  # somebody is writing; wait until two looks are alike
            await asyncio.sleep(min(1, seconds))
            again = await asyncio.to_thread(app.marks)
            if again == now:
                break
            now = again
        seen = now
        await _reload(app, service, turn)


def describe(app: App, bound: dict[str, tuple[str, int]]) -> list[str]:
    """Return lines that say what is enforced where, for a person who has just started a proxy."""
    lines = []
    for lane in app.config.lanes:
        host, port = bound.get(lane.name, split_address(lane.listen))
        scheme = "https" if lane.tls else "http"
        rules = app.gateways[lane.name].rules
        shown = "client's own credential" if lane.credential.passthrough else "credential held here"
        lines += [
            f"lane        {lane.name}: {scheme}://{host}:{port} -> {lane.upstream.url} ({shown})",
            f"  connector {rules.connector.name}: {len(rules.connector.catalogue)} objects, all else is refused",
            f"  policy    {_policy_in_short(rules.policies)}",
        ]
    if (api := app.config.erasure.api) is not None:
        lines.append(f"erasure api {'https' if api.tls else 'http'}://{api.listen}/openapi.json")
    commit = app.ledger.median_commit_seconds * 1000
    lines.append(f"ledger      {app.config.state / 'ledger'}: a commit takes {commit:.2f} ms here")
    return lines


def _policy_in_short(policies: PolicySet) -> str:
    counts = f"{len(policies.rules)} rules, {len(policies.clients)} clients, {len(policies.purposes)} purposes"
    return f"{policies.digest[:19]}: {counts}"
