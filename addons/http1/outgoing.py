"""What goes upstream: built from values, every part checked; pure, no I/O."""

from typing import Final

from addons.grammar import FRAMING, check_field, split_target
from addons.http1.heads import METHODS
from addons.lane import LaneSpec
from proxy.message import Request

BODY_EXPECTED: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods that get a content-length even for an empty body (RFC 9110 §8.6)."""
_DROPPED: Final = FRAMING | {"accept-encoding", "content-encoding"}
_JOIN: Final = 16_384


def build_request(request: Request, lane: LaneSpec, length: int | None = -1) -> tuple[bytes, ...]:
    """Return the bytes of a request, or of its head alone if a `length` is given; None: its body is chunked.

    Nothing the client wrote is copied, the framing least of all (M05, M18).

    Raises:
        ValueError: a part of it cannot be written without changing where the message ends or goes.
        Undecodable: the target is not one.
    """
    if request.method.encode("ascii") not in METHODS:
        raise ValueError("a method that is not sent")
    target = f"{request.path}?{request.query}" if request.query else request.path
    split_target(target.encode("ascii"))
    lines = [f"{request.method} {target} HTTP/1.1\r\nhost: {lane.upstream_authority}\r\n"]
    for name, value in request.headers:
        check_field(name, value)
        if name not in _DROPPED:
            lines.append(f"{name}: {value}\r\n")
    lines.append("accept-encoding: identity\r\n")
    if length is None:
        lines.append("transfer-encoding: chunked\r\n")
    elif length >= 0:
        lines.append(f"content-length: {length}\r\n")
    elif request.body or request.method in BODY_EXPECTED:
        lines.append(f"content-length: {len(request.body)}\r\n")
    head = ("".join(lines) + "\r\n").encode("ascii")
    return (head + request.body,) if len(request.body) < _JOIN else (head, request.body)
