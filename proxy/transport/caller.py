"""The client."""

import json
import socket
import ssl
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol
from xml.sax.saxutils import escape

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import HTTPTimeoutError, SimpleAsyncHTTPClient

from proxy.errors import UpstreamFault
from proxy.message import Headers, Request, Response

MOST: Final = 16 << 20
"""Bytes of an answer."""
SESSION: Final = "lychgate-session"
"""Header of a request of ours that wants the credential in its body, where the header's value stands, as XML or
JSON writes text; the header itself is not sent."""
AT_ONCE: Final = 8
"""Requests to one CRM under way."""
CONNECT_SECONDS: Final = 10.0


class ShowsCredential(Protocol):
    """Says by what a CRM knows us."""

    def fields(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return the header fields; raises Unavailable when there is no secret."""


class Caller:
    """Sends requests to one CRM.

    Args:
        origin: `https://host[:port]`; http only for this machine, which the configuration sees to.
        credential: of the lane.
        ca_file: who may have signed the CRM's certificate; None = the system's authorities.
        seconds: for one request as a whole.
    """

    def __init__(
        self, origin: str, credential: ShowsCredential, *, ca_file: Path | None = None, seconds: float = 30.0
    ) -> None:
        self._origin = origin.rstrip("/")
        self._credential = credential
        self._seconds = seconds
        self._ca_file = ca_file
        self._client: SimpleAsyncHTTPClient | None = None

    async def send(self, request: Request) -> Response:
        """Return the CRM's answer, whatever its status.

        Raises:
            UpstreamFault: `upstream_timeout` (whether it was carried out is unknown), `upstream_lost` (the
                same), `upstream_unreachable` (it was not: nothing was sent), `upstream_redirects`,
                `upstream_too_large`.
        """
        if self._client is None:  # made where the loop runs
            self._client = SimpleAsyncHTTPClient(
                force_instance=True, max_clients=AT_ONCE, max_body_size=MOST, max_buffer_size=MOST + 65536
            )
        try:
            answer = await self._client.fetch(self._built(request), raise_error=False)
        except HTTPTimeoutError as error:
            reason = "upstream_unreachable" if "connecting" in str(error) else "upstream_timeout"
            raise UpstreamFault(reason, status=504) from None
        except (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError):
            raise UpstreamFault("upstream_unreachable") from None
        except (HTTPClientError, OSError, ValueError):
            raise UpstreamFault("upstream_lost") from None
        if 300 <= answer.code < 400 and answer.code != 304:
            raise UpstreamFault("upstream_redirects")
        headers = tuple((name.lower(), value) for name, value in answer.headers.get_all())
        return Response(answer.code, Headers(headers), answer.body or b"")

    def close(self) -> None:
        """Let go of what is open."""
        if self._client is not None:
            self._client.close()
            self._client = None

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Read when it is needed: every lane has a caller, and few ever send anything."""
        return ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file is not None else None)

    def _built(self, request: Request) -> HTTPRequest:
        ours = self._credential.fields(request)
        if (mark := request.headers.one(SESSION)) is not None:
            secret = _secret(ours)
            json_too = "json" in (request.headers.one("content-type") or "")
            written = json.dumps(secret)[1:-1] if json_too else escape(secret)
            body = request.body.replace(mark.encode(), written.encode())
            request = replace(request, headers=request.headers.without(SESSION), body=body)
        fields = {"accept-encoding": "identity"} | dict(request.headers.fields) | dict(ours)
        more: dict[str, Any] = {"ssl_options": self._tls} if self._origin.startswith("https:") else {}
        return HTTPRequest(
            f"{self._origin}{request.path}{f'?{request.query}' if request.query else ''}",
            method=request.method,
            headers=fields,
            body=request.body if request.method in {"POST", "PUT", "PATCH"} else request.body or None,
            allow_nonstandard_methods=True,
            follow_redirects=False,
            decompress_response=False,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=self._seconds,
            user_agent="lychgate",
            validate_cert=True,
            **more,
        )


def _secret(fields: tuple[tuple[str, str], ...]) -> str:
    """Return the credential without the word that says how it is shown."""
    return fields[0][1].rpartition(" ")[2] if fields else ""
