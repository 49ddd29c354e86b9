"""Baseline: a lane whose gateway says yes to everything: bytes in, bytes out through our HTTP/1.1 layer.

    python tests/bench/null_lane.py --listen PORT --upstream http://HOST:PORT

What is left of Lychgate's time above it is the engine: identity, policy, JSON, ledger, metrics.
"""

import argparse
import asyncio
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from addons.lane import LaneSpec
from addons.master import serve
from proxy.message import Request, Response


@dataclass(frozen=True, slots=True)
class Yes:
    """Permission to forward a request as it came."""

    request: Request
    id: str = ""
    caller: str = ""
    in_rows: bool = False

    def still(self) -> None:
        """It always is."""


class NullGateway:
    """Decides nothing and records nothing."""

    lane = "null"

    async def on_head(self, request: Request) -> str:
        """Let the body come."""
        return request.peer.address

    async def on_request(self, request: Request) -> Yes:
        """Say yes."""
        return Yes(request)

    async def on_response(self, exchange: Yes, response: Response) -> Response:
        """Release everything."""
        return response

    async def on_failure(self, exchange: Yes, reason: str, status: int) -> Response:
        """Say why."""
        return self.refuse(reason, status)

    async def on_malformed(self, reason: str, status: int) -> Response:
        """Say why."""
        return self.refuse(reason, status)

    def refuse(self, reason: str, status: int) -> Response:
        """Return an empty answer."""
        return Response(status)


async def run(listen: int, host: str, port: int) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    spec = LaneSpec(
        name="null",
        listen_host="127.0.0.1",
        listen_port=listen,
        upstream_scheme="http",
        upstream_host=host,
        upstream_port=port,
        body_limit=64 << 20,
        deadline=30.0,
    )
    with tempfile.TemporaryDirectory() as folder:
        lanes = [(spec, NullGateway())]
        await serve(lanes, state_dir=Path(folder), ready=None, stop=stop, drain_seconds=1)


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    options = parser.parse_args()
    url = urlsplit(options.upstream)
    asyncio.run(run(options.listen, url.hostname or "", url.port or 80))


if __name__ == "__main__":
    main()
