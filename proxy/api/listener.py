"""The listener: HTTP/1.1 by Tornado, as on the admin port, with limits (`bounded`), and TLS unless it is on this
machine.

A client certificate is asked for where `client_ca` is configured and not required: others show a key or a token.
Sessions are not resumed, so that a certificate that is shown was checked now.
"""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from proxy.api.bounded import BoundedServer, Places, stream_of
from proxy.api.desk import trouble
from proxy.api.words import Answer
from proxy.config import Tls, split_address
from proxy.message import Headers, Peer, Request

_log: Final = logging.getLogger("lychgate")
MOST: Final = 64 << 10
"""Bytes of a body."""
_HEAD: Final = 16 << 10
_IDLE_SECONDS: Final = 30.0
_BODY_SECONDS: Final = 15.0
SEND_SECONDS = 30.0
"""In which an answer has to be taken; whoever does not read it is cut."""


class Answers(Protocol):
    """Whoever is behind the listener; see `Desk`."""

    async def answer(self, request: Request) -> Answer:
        """Return what is answered; whatever goes wrong is an answer, too."""


class _Handler(RequestHandler):
    """Hands every request to the desk, whatever its method."""

    def initialize(self, desk: Answers, places: Places) -> None:
        self._desk = desk
        self._places = places

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.clear_header("Content-Type")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")

    async def _answer(self, *args: str, **kwargs: str) -> None:
        del args, kwargs
        with self._places.answering(self.request):
            await self._send(await self._desk.answer(as_request(self.request)))

    async def _send(self, answer: Answer) -> None:
        self.set_status(answer.status)
        for name, value in answer.fields:
            self.set_header(name, value)
        if answer.body:
            charset = "; charset=utf-8" if answer.media.startswith("text/") else ""
            self.set_header("Content-Type", f"{answer.media}{charset}")
        try:
            await asyncio.wait_for(self.finish(answer.body), SEND_SECONDS)
        except TimeoutError:
            stream_of(self.request).close()

    SUPPORTED_METHODS = (*RequestHandler.SUPPORTED_METHODS, "TRACE")
    get = head = post = put = patch = delete = options = trace = _answer

    def compute_etag(self) -> str | None:
        return None  # an answer is no page to be kept

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        del kwargs
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # the desk says which are, of a method that it knows
            status_code = HTTPStatus.NOT_IMPLEMENTED
            self.set_status(status_code)
        self.set_header("Content-Type", "application/problem+json")
        self.finish(trouble(status_code, "The request cannot be read.").body)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        del value, tb  # what they say may hold what was sent
        _log.error("the erasure API failed: %s", getattr(typ, "__name__", "unknown"))


def as_request(request: HTTPServerRequest) -> Request:
    """Return a request as the rest of Lychgate knows it."""
    fields = tuple((name.lower(), value) for name, value in request.headers.get_all())
    certificate = request.get_ssl_certificate() if request.protocol == "https" else None
    peer = Peer(request.remote_ip or "", sans_of(certificate if isinstance(certificate, Mapping) else {}))
    method = request.method or ""
    return Request(method, request.path, request.query, Headers(fields), request.body, peer, request.host)


def sans_of(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names in a client certificate that the transport verified, as registrations have them."""
    kinds = {"DNS": "dns", "URI": "uri"}
    return tuple(
        f"{kinds[kind]}:{name}" for kind, name in certificate.get("subjectAltName", ()) if kind in kinds
    )


def serve_api(desk: Answers, address: str, tls: Tls | None, *, connections: int = 100) -> tuple[HTTPServer, int]:
    """Answer on the running event loop until the server is stopped; return it and its port.

    Args:
        desk: answers.
        address: `host:port`; port 0 takes a free one.
        tls: None: in clear, which the configuration lets only this machine do.
        connections: how many there are at a time; see `bounded`.

    Raises:
        OSError: the address, or a file of `tls`, cannot be used.
    """
    places = Places(connections)
    application = Application(
        default_handler_class=_Handler,
        default_handler_args={"desk": desk, "places": places},
        log_function=lambda handler: None,
    )
    server = BoundedServer(
        application,
        ssl_options=_context(tls) if tls is not None else None,
        max_body_size=MOST,
        max_buffer_size=MOST + _HEAD,
        max_header_size=_HEAD,
        idle_connection_timeout=_IDLE_SECONDS,
        body_timeout=_BODY_SECONDS,
    )
    server.places = places
    host, port = split_address(address)
    sockets = bind_sockets(port, host)
    server.add_sockets(sockets)
    return server, int(sockets[0].getsockname()[1])


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(tls.certificate, tls.key)
    if tls.client_ca is not None:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
