"""Baselines: the same trimmed mitmproxy master with no engine behind it, or with a hand-written redaction.

    python tests/bench/bare_master.py --listen PORT --upstream http://HOST:PORT [--redact]

`--redact` is what somebody would write in an afternoon: parse the answer with orjson, overwrite five fields,
write it back. Neither variant decides, records or checks anything, and both fail open.
"""

import argparse
import asyncio
import signal
from urllib.parse import urlsplit

import orjson
from mitmproxy import http
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.proxy.mode_specs import ProxyMode

from addons.doorway import Porch
from addons.lockdown import make_options
from addons.master import LaneMaster
from addons.quiet import quiet

FIELDS = ("Email", "Phone", "SSN__c", "Birthdate", "MailingStreet")


class Redact:
    """Overwrites five fields of a record, or of every record in a page of them."""

    def response(self, flow: http.HTTPFlow) -> None:
        """Redact and put the length right."""
        tree = orjson.loads(flow.response.data.content)
        for record in tree.get("records", (tree,)):
            for name in FIELDS:
                if name in record:
                    record[name] = "***"
        body = flow.response.data.content = orjson.dumps(tree)
        flow.response.headers["content-length"] = str(len(body))


class PassThrough:
    """Does nothing, in a hook of its own, as any add-on would."""

    def response(self, flow: http.HTTPFlow) -> None:
        """Do nothing."""


async def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--redact", action="store_true")
    options = parser.parse_args()
    url = urlsplit(options.upstream)
    upstream = (url.hostname, url.port or 80)
    mode = ProxyMode.parse(f"reverse:http://{upstream[0]}:{upstream[1]}@127.0.0.1:{options.listen}")
    master = LaneMaster(make_options(mode=[mode.full_spec]))
    master.addons.add(Proxyserver(), Redact() if options.redact else PassThrough())

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handler = ProxyConnectionHandler(master, reader, writer, master.options, mode)
        context = handler.layer.context
        context.server.address = upstream
        porch = handler.layer = Porch(context)
        porch.child_layer = HttpLayer(context, HTTPMode.transparent)
        await handler.handle_client()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, master.should_exit.set)
    server = await asyncio.start_server(accept, "127.0.0.1", options.listen)
    async with server:
        await master.run()


if __name__ == "__main__":
    with quiet():
        asyncio.run(main())
