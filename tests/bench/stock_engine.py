"""Baseline: the same engine, with everything on, as an add-on of mitmproxy's own master and HTTP engine.

    python tests/bench/stock_engine.py --config lychgate.yaml --upstream http://HOST:PORT --listen PORT

This is what Lychgate would be without an HTTP/1.1 layer of its own: two hooks that call `Gateway.on_request`
and `Gateway.on_response`, on the master that `bare_master.py --stock` has. It is a bench and nothing else: what
the hooks do not see passes, as mitmproxy has it.
"""

import argparse
import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from bare_master import stock
from mitmproxy import http

from addons.quiet import quiet
from proxy.app import build
from proxy.config import load_config
from proxy.enforce import Gateway
from proxy.exchange import Forward
from proxy.message import Headers, Peer, Request, Response


class Engine:
    """Has a gateway decide each exchange."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def request(self, flow: http.HTTPFlow) -> None:
        """Forward what the gateway built, or answer with its refusal."""
        came = flow.request
        path, _, query = came.path.partition("?")
        peer = Peer(flow.client_conn.peername[0])
        request = Request(
            came.method, path, query, _headers(came.headers), came.raw_content or b"", peer, came.host
        )
        word = await self._gateway.on_request(request)
        if isinstance(word, Response):
            flow.response = _answer(word)
            return
        flow.metadata["forward"] = word
        built = word.request
        came.method, came.path = built.method, f"{built.path}?{built.query}" if built.query else built.path
        came.headers = http.Headers([(name.encode(), value.encode()) for name, value in built.headers])
        came.headers["host"] = f"{came.host}:{came.port}"
        came.raw_content = built.body
        if built.body:
            came.headers["content-length"] = str(len(built.body))

    async def response(self, flow: http.HTTPFlow) -> None:
        """Release what the gateway built."""
        forward = flow.metadata.get("forward")
        if not isinstance(forward, Forward) or flow.response is None:
            return
        came = flow.response
        response = Response(came.status_code, _headers(came.headers), came.raw_content or b"")
        flow.response = _answer(await self._gateway.on_response(forward, response))


def _headers(fields: http.Headers) -> Headers:
    names = ("content-length", "connection", "host", "transfer-encoding")
    return Headers(tuple((name.lower(), value) for name, value in fields.items() if name.lower() not in names))


def _answer(response: Response) -> http.Response:
    fields = [(name.encode(), value.encode()) for name, value in response.headers]
    fields.append((b"content-length", str(len(response.body)).encode()))
    return http.Response.make(response.status, response.body, http.Headers(fields))


async def serve(config: Path, upstream: tuple[str, int], listen: int) -> None:
    """Serve the configuration's first lane until SIGTERM."""
    app = build(load_config(config))
    await app.started()
    (gateway,) = app.gateways.values()
    try:
        await stock(upstream, listen, Engine(gateway))
    finally:
        app.close()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--listen", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    options = parser.parse_args()
    url = urlsplit(options.upstream)
    with quiet():
        asyncio.run(serve(options.config, (url.hostname, url.port or 80), options.listen))


if __name__ == "__main__":
    main()
