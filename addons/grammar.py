"""Grammar of what comes off the wire and bytes of what goes onto it; pure, knows no mitmproxy.

Everything here either returns a checked value or raises. RFC 9110 and 9112, less everything that two readers
could read in two ways: no obs-fold, no bare CR or LF, no white space but one SP in the request line, no
obs-text in field values, no underscore in field names (gateways map it to `-`), origin-form only.
"""

import re
from http import HTTPStatus
from typing import Final

from proxy.errors import Undecodable
from proxy.message import Response

_NAME: Final = rb"[!#$%&'*+\-.^`|~0-9A-Za-z]+"
_HEAD: Final = re.compile(rb"[A-Z]{1,16} [\x21-\x7e]+ HTTP/1\.1(?:\r\n" + _NAME + rb":[\x20-\x7e\t]*)*+")
_FIELD_NAME: Final = re.compile(_NAME.decode())
_FIELD_VALUE: Final = re.compile(r"[\x20-\x7e\t]*")
_TARGET: Final = re.compile(rb"/[\x21\x22\x24-\x5b\x5d-\x7e]*")
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_BAD_PATH: Final = re.compile(r"//|;|/\.{1,2}(?:/|\Z)|%2[eEfF]|%5[cC]|%00")
_HOST: Final = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

FRAMING: Final = frozenset({
    "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
    "upgrade", "http2-settings", "host", "expect",
})  # fmt: skip
"""Fields that belong to one connection. They are read here, never handed on, never copied."""

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


HEAD_FAULTS: Final = {"malformed_head": 400, "head_too_large": 431}
"""What can be wrong with a head as a whole, and the status to say so with."""


def check_head(raw: bytes, most: int) -> str | None:
    """Return why bytes that begin with a request's head are not one we read, of `HEAD_FAULTS`, or None.

    Args:
        raw: everything received since the last answer; unverified, maybe with (part of) a body behind it.
        most: how many bytes a head may have; the last of them may have come together with its end.
    """
    end = raw.find(b"\r\n\r\n")
    if end > most:
        return "head_too_large"
    if end < 0 or _HEAD.fullmatch(raw, 0, end) is None:
        return "malformed_head"
    return None


def split_target(target: bytes) -> tuple[str, str]:
    """Return path and query of an origin-form target, both still percent-encoded.

    Raises:
        Undecodable: another form, or a path that two readers could resolve to different places.
    """
    if _TARGET.fullmatch(target) is None:
        raise Undecodable("bad_target")
    path, _, query = target.decode("ascii").partition("?")
    if _BAD_PATH.search(path) or _BAD_PERCENT.search(path) or _BAD_PERCENT.search(query):
        raise Undecodable("bad_target")
    return path, query


def host_name(value: str) -> str:
    """Return the lower-case host of a `host` field, without the port.

    Raises:
        Undecodable: not a host.
    """
    match = _HOST.fullmatch(value)
    if match is None:
        raise Undecodable("bad_host")
    return match[1].lower()


def check_field(name: str, value: str) -> None:
    """Return if a field may be written as it stands.

    Raises:
        ValueError: it could end a line or is no token; the text says nothing of the value.
    """
    if _FIELD_NAME.fullmatch(name) is None or _FIELD_VALUE.fullmatch(value) is None:
        raise ValueError("a field that cannot be written")


def has_body(method: str, status: int) -> bool:
    """Return whether an answer may carry a body at all (RFC 9110 §6.4.1)."""
    return method != "HEAD" and status not in (204, 304)


def render(response: Response, *, method: str, close: bool) -> tuple[bytes, ...]:
    """Return the exact bytes of an answer, in at most two pieces.

    The length is counted here; HEAD, 204 and 304 get neither body nor length, so that a length cannot tell
    the size of a record nobody may see (M21).

    Raises:
        ValueError: the status is not a final one, or a field cannot be written.
    """
    body = response.body if has_body(method, response.status) else b""
    framing = f"content-length: {len(body)}\r\n" if has_body(method, response.status) else ""
    head = _head(response, framing, close=close)
    return (head + body,) if len(body) < _JOIN else (head, body)


def render_head(response: Response, *, close: bool) -> bytes:
    """Return the exact bytes of the head of an answer whose body goes in chunks.

    Raises:
        ValueError: as `render`; also for a status that has no body.
    """
    if not has_body("GET", response.status):
        raise ValueError("a status without a body")
    return _head(response, "transfer-encoding: chunked\r\n", close=close)


def _head(response: Response, framing: str, *, close: bool) -> bytes:
    if not 200 <= response.status <= 599:
        raise ValueError("not a final status")
    lines = [_status_line(response.status)]
    for name, value in response.headers:
        check_field(name, value)
        if name not in FRAMING:
            lines.append(f"{name}: {value}\r\n")
    lines.append(framing)
    if close:
        lines.append("connection: close\r\n")
    return ("".join(lines) + "\r\n").encode("ascii")


LAST_CHUNK: Final = b"0\r\n\r\n"
"""Ends a body in chunks; without it nobody may take the body for a whole one (RFC 9112 §8)."""


def chunk(piece: bytes) -> tuple[bytes, ...]:
    """Return a piece of a body as a chunk; nothing for no bytes, as that would end the body."""
    return (b"%x\r\n" % len(piece), piece, b"\r\n") if piece else ()


_JOIN: Final = 16_384
"""Bodies below this are copied behind their head: one system call is dearer than the copy."""
_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}


def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\n"


_DENIAL_BODY: Final = b'{"type":"about:blank","title":"Service Unavailable","status":503,"reason":"unavailable"}'
DENIAL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"content-type: application/problem+json\r\n"
    b"cache-control: no-store\r\n"
    b"content-length: %d\r\n"
    b"connection: close\r\n\r\n%b" % (len(_DENIAL_BODY), _DENIAL_BODY),
)
"""What a client gets when nothing else is left to say; made at import, so that it needs no memory later."""
