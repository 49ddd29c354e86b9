"""Multipart bodies (RFC 2046) taken apart and put together, for form data and for batches.

One boundary, and every byte of the body in its place: the first part begins at the first byte, lines end in
CRLF, the last boundary is there and nothing comes after it. So there is no preamble, no epilogue and no second
way to cut the body (threats MP-01 and MP-02). Libraries that read uploads skip or repair those, and do not read
`multipart/mixed`; that is why the cutting is done here. What is written gets a boundary of our own.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from proxy.errors import Undecodable

MAX_PARTS: Final = 1_000
MAX_HEAD: Final = 8_192
"""Bytes of the header of one part."""
MAX_FIELDS: Final = 32

_BOUNDARY: Final = r"[0-9A-Za-z'()+_,\-./:=?]{1,70}"
_TYPE: Final = re.compile(
    rf"(multipart/[a-z-]+)[ \t]*;[ \t]*boundary=(?:\"({_BOUNDARY})\"|([0-9A-Za-z'+_\-.]{{1,70}}))", re.IGNORECASE
)
_FIELD: Final = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}):[ \t]*([^\r\n\0]*?)[ \t]*")


class Part(NamedTuple):
    """One part."""

    headers: Mapping[str, str]
    """Lower-case name -> value, each once."""
    body: bytes


def boundary_of(content_type: str | None, media_type: str) -> str:
    """Return the boundary that a content type states.

    Raises:
        Undecodable: 415; it is another media type, or has any parameter but one boundary.
    """
    found = _TYPE.fullmatch(content_type or "")
    if found is None or found[1].lower() != media_type:
        raise Undecodable("unknown_media_type", status=415)
    return found[2] or found[3]


def split(body: bytes, boundary: str) -> list[Part]:
    """Return the parts of a body.

    Raises:
        Undecodable: a byte of it is neither a part's nor a boundary's, or it goes beyond the limits.
    """
    line = b"--" + boundary.encode()
    body = b"\r\n" + body.removesuffix(b"\r\n")
    start, end = b"\r\n" + line + b"\r\n", b"\r\n" + line + b"--"
    if not body.startswith(start) or not body.endswith(end):
        raise Undecodable("bad_multipart")
    if body.count(b"\r\n" + line) > MAX_PARTS + 1:
        raise Undecodable("too_many_items", status=413)
    parts = body[len(start) : -len(end)].split(start) if len(body) > len(start) + len(end) else []
    if not parts or any(b"\n" + line in part or b"\r" + line in part for part in parts):
        raise Undecodable("bad_multipart")  # cut another way, or by a longer boundary, it would be another body
    return [_part(part) for part in parts]


def join(
    parts: Sequence[tuple[Sequence[tuple[str, str]], bytes]], boundary: str | None = None
) -> tuple[str, bytes]:
    """Return a boundary, and the body it bounds.

    Args:
        parts: header fields, names and values free of control characters, and body of each; at least one.
        boundary: a random one, drawn after the bodies came; None: one that is drawn here.

    Raises:
        Undecodable: the boundary stands in a body.
    """
    bodies = [body for _, body in parts]
    if boundary is not None and any(boundary.encode() in body for body in bodies):
        raise Undecodable("unencodable_value")
    boundary = boundary or secrets.token_hex(16)
    while any(boundary.encode() in body for body in bodies):
        boundary = secrets.token_hex(16)
    out: list[bytes] = []
    for fields, body in parts:
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        out += (f"--{boundary}\r\n{head}\r\n".encode(), body, b"\r\n")
    return boundary, b"".join((*out, f"--{boundary}--\r\n".encode()))


def head_of(text: bytes) -> tuple[list[str], bytes]:
    """Return the lines before the first empty one, and what comes after it.

    Raises:
        Undecodable: there is none, or it is too long, or not in UTF-8 with CRLF.
    """
    head, empty, body = (b"\r\n" + text).partition(b"\r\n\r\n")
    if not empty or len(head) > MAX_HEAD:
        raise Undecodable("bad_multipart")
    try:
        lines = head.decode().split("\r\n")[1:]
    except UnicodeDecodeError:
        lines = ["\n"]
    if len(lines) > MAX_FIELDS or any(not line.isprintable() for line in lines):
        raise Undecodable("bad_multipart")
    return lines, body


def fields_of(lines: Sequence[str]) -> Mapping[str, str]:
    """Return header fields by name; raises Undecodable for what is none, or stands there twice."""
    found: dict[str, str] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None or field[1].lower() in found:
            raise Undecodable("bad_multipart")
        found[field[1].lower()] = field[2]
    return found


def _part(text: bytes) -> Part:
    lines, body = head_of(text)
    fields = fields_of(lines)
    if fields.get("content-length", str(len(body))) != str(len(body)):
        raise Undecodable("bad_multipart")
    return Part(fields, body)
