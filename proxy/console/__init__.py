"""What an operator's tools read over HTTP: liveness, readiness and metrics; no personal data, no credential.

`serve_admin` is the front door. It listens on loopback only (the configuration refuses anything else) and
answers three paths. It changes nothing: there is no way to administer Lychgate through it.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

__all__ = ["serve_admin"]


class _Read(RequestHandler):
    """Answers GET with what a callable says; everything else is 405."""

    def initialize(self, read: Callable[[], Awaitable[tuple[int, str, bytes]]], hosts: frozenset[str]) -> None:
        self._read, self._hosts = read, hosts

    def prepare(self) -> None:
        # A page on another site that resolves to 127.0.0.1 must not read us (DNS rebinding, AD-04).
        if self.request.host_name not in self._hosts:
            self.send_error(421)

    async def get(self) -> None:
        status, media, body = await self._read()
        self.set_status(status)
        self.set_header("Content-Type", media)
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")
        self.finish(body)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        del kwargs
        self.clear_header("Server")
        self.finish(f"{status_code}\n")


def serve_admin(
    host: str,
    port: int,
    *,
    not_ready: Callable[[], dict[str, str]],
    metrics: Callable[[], Awaitable[bytes]],
    notices: Callable[[], dict[str, str]] = dict,
) -> tuple[HTTPServer, int]:
    """Answer /healthz, /ready and /metrics on the running event loop until the server is stopped.

    Args:
        host: a loopback address.
        port: 0 takes a free one.
        not_ready: why no traffic should come here, by part; empty = ready.
        metrics: every series in Prometheus' text format.
        notices: what does not keep traffic away and needs somebody, by part; told below `ready`.

    Returns:
        The server and the port it listens on.
    """

    async def healthz() -> tuple[int, str, bytes]:
        return 200, "text/plain; charset=utf-8", b"ok\n"

    async def ready() -> tuple[int, str, bytes]:
        lines = [f"{part}: {why}" for part, why in sorted(not_ready().items())]
        told = [f"{part}: {what}" for part, what in sorted(notices().items())]
        text = "\n".join([*(lines or ["ready"]), *told, ""])
        return (503 if lines else 200), "text/plain; charset=utf-8", text.encode()

    async def scrape() -> tuple[int, str, bytes]:
        return 200, "text/plain; version=0.0.4; charset=utf-8", await metrics()

    async def missing() -> tuple[int, str, bytes]:
        return 404, "text/plain; charset=utf-8", b"404\n"

    hosts = frozenset({host, "localhost", "127.0.0.1", "[::1]", "::1"})
    routes = {"/healthz": healthz, "/ready": ready, "/metrics": scrape}
    application = Application(
        [(path, _Read, {"read": read, "hosts": hosts}) for path, read in routes.items()],
        default_handler_class=_Read,
        default_handler_args={"read": missing, "hosts": hosts},
        log_function=lambda handler: None,
    )
    server = HTTPServer(application)
    sockets = bind_sockets(port, host)
    server.add_sockets(sockets)
    return server, int(sockets[0].getsockname()[1])
