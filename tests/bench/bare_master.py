"""Baselines: the trimmed mitmproxy master with no engine behind it, or with a hand-written redaction.

    python tests/bench/bare_master.py --listen PORT --upstream http://HOST:PORT [--redact | --stock]

The master is trimmed as the lanes' is (no legacy log events, options frozen, nothing loaded but `Proxyserver`
and the one add-on below), finds its hooks in a table instead of looking for them each time, and has mitmproxy's
own HTTP/1.1 layer directly on its connections, which a lane does not have. That is the leanest host we know how
to make of mitmproxy without patching it, so it is the hardest baseline. `--stock` is the one most people mean
by trimmed: mitmproxy's own `Master` and `AddonManager` with `proxyserver`, `next_layer` and `tlsconfig`.

`--redact` is what somebody would write in an afternoon: parse the answer with orjson, drop three fields, mask
two, write it back. No variant decides, records or checks anything, and all of them fail open.
"""

import argparse
import asyncio
import signal
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
from mitmproxy import hooks, http
from mitmproxy.addonmanager import AddonManager, traverse
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.addons.tlsconfig import TlsConfig
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.proxy.mode_specs import ProxyMode

from addons.lockdown import make_options
from addons.quiet import quiet

DROPPED = ("SSN__c", "Iban__c", "MailingStreet")


class Redact:
    """Drops three fields and masks two, of a record or of every record in a page of them."""

    def response(self, flow: http.HTTPFlow) -> None:
        """Redact and put the length right."""
        tree = orjson.loads(flow.response.raw_content)
        for record in tree.get("records", (tree,)):
            for name in DROPPED:
                record.pop(name, None)
            if phone := record.get("Phone"):
                record["Phone"] = f"*** *** {phone[-2:]}"
            if born := record.get("Birthdate"):
                record["Birthdate"] = born[:4]
        body = flow.response.raw_content = orjson.dumps(tree)
        flow.response.headers["content-length"] = str(len(body))


class PassThrough:
    """Does nothing, in a hook of its own, as any add-on would."""

    def response(self, flow: http.HTTPFlow) -> None:
        """Do nothing."""


class KeptTable(AddonManager):
    """mitmproxy's add-on manager that keeps the list of hooks: a fifth of the time per request."""

    def __init__(self, master: Master) -> None:
        super().__init__(master)
        self._table: dict[str, tuple[Callable[..., Any], ...]] = {}

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Run a hook, without the broadcast of an update after it."""
        await self.trigger_event(event)

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Run a hook in every add-on that has it."""
        name = event.name
        if name not in self._table:
            found = [getattr(addon, name) for addon in traverse(self.chain) if hasattr(addon, name)]
            self._table[name] = tuple(found)
        for function in self._table[name]:
            waiting = function(*event.args())
            if waiting is not None:
                await waiting


class BareMaster(Master):
    """A master with that, and without legacy log events."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._legacy_log_events.uninstall()
        self.addons = KeptTable(self)


def arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--redact", action="store_true")
    parser.add_argument("--stock", action="store_true")
    return parser.parse_args()


async def trimmed(upstream: tuple[str, int], listen: int, addon: object) -> None:
    """Serve with the trimmed master until SIGTERM."""
    mode = ProxyMode.parse(f"reverse:http://{upstream[0]}:{upstream[1]}@127.0.0.1:{listen}")
    master = BareMaster(make_options(mode=[mode.full_spec]))
    master.addons.add(Proxyserver(), addon)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handler = ProxyConnectionHandler(master, reader, writer, master.options, mode)
        context = handler.layer.context
        context.server.address = upstream
        handler.layer = HttpLayer(context, HTTPMode.transparent)
        await handler.handle_client()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, master.should_exit.set)
    async with await asyncio.start_server(accept, "127.0.0.1", listen):
        await master.run()


async def stock(upstream: tuple[str, int], listen: int, addon: object) -> None:
    """Serve with mitmproxy's master until SIGTERM."""
    options = Options(mode=[f"reverse:http://{upstream[0]}:{upstream[1]}@127.0.0.1:{listen}"])
    options.update_defer(connection_strategy="lazy")
    master = Master(options)
    master.addons.add(Proxyserver(), NextLayer(), TlsConfig(), addon)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, master.should_exit.set)
    await master.run()


def main() -> None:
    """Run one of them."""
    options = arguments()
    url = urlsplit(options.upstream)
    serve = stock if options.stock else trimmed
    addon = Redact() if options.redact else PassThrough()
    with quiet():
        asyncio.run(serve((url.hostname, url.port or 80), options.listen, addon))


if __name__ == "__main__":
    main()
