"""OData's `$batch` as `multipart/mixed`: every message in it as a value that can go through the whole pipeline.

A batch is a list of messages and change sets; a change set, which succeeds or fails as a whole, is a list of
messages that write. Each becomes a `Request` like one that came alone (threat MP-03): an absolute URL is cut
down to its path if it names the service itself and refused if it names another; a relative one is put behind
the service's path; of the headers only those in `FORWARDED` stay, and one that says who asks, or another method,
is a refusal. A path that starts with `$1` refers to what another message of the same change set creates; that
message must have come before, and `Item.refers` says which it is.

What is written says the same with paths that start with `/`, sizes counted anew, and boundaries of our own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from proxy.codec.multipart import Part, boundary_of, fields_of, head_of, join, split
from proxy.errors import Undecodable
from proxy.message import Headers, Request, Response

MEDIA_TYPE: Final = "multipart/mixed"
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
FORWARDED: Final = frozenset(
    {"accept", "content-type", "if-match", "if-none-match", "prefer", "odata-version", "odata-maxversion"}
)
"""Headers of a message inside that may stay; the connector judges them as it does outside."""
REFUSED: Final = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "transfer-encoding",
        "content-encoding",
        "trailer",
        "upgrade",
    }
    | {"x-http-method", "x-http-method-override", "x-method-override"}
)
MAX_MESSAGES: Final = 1_000
"""In one batch, change sets included: what Dataverse takes."""

_REQUEST_LINE: Final = re.compile(r"([A-Z]{3,6}) ([\x21-\x7e]{1,8000}) HTTP/1\.1")
_STATUS_LINE: Final = re.compile(r"HTTP/1\.1 ([2-5][0-9]{2}) [\x20-\x7e]*")
_PATH: Final = re.compile(
    r"(?:/(?!\.{1,2}(?:/|$))(?:[A-Za-z0-9\-._~!$&'()*+,:=@]|%(?!2[eEfF]|5[cC]|00)[0-9A-Fa-f]{2})+)+/?"
)
_QUERY: Final = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,:=@/?]|%(?!00)[0-9A-Fa-f]{2})*")
_REFERENCE: Final = re.compile(r"\$([A-Za-z0-9_\-]{1,64})(/.*|\?.*)?")
_KINDS: Final = frozenset(f"application/http{of}" for of in ("", ";msgtype=request", ";msgtype=response"))
_ID: Final = re.compile(r"[A-Za-z0-9_\-]{1,64}")


@dataclass(frozen=True, slots=True)
class Item[Message: (Request, Response)]:
    """One message of a batch."""

    message: Message
    id: str = ""
    """Content-ID; "" for none."""
    refers: str = ""
    """Content-ID of the message whose result the path starts from; the path is what comes after, or `/`."""


type Batch[Message: (Request, Response)] = list[Item[Message] | list[Item[Message]]]


def read_requests(
    content_type: str | None, body: bytes, *, origins: frozenset[str], root: str
) -> Batch[Request]:
    """Return the requests of a batch.

    Args:
        content_type: of the body, as it came.
        body: as it came, content coding undone.
        origins: `https://host[:port]` in lower case, by which clients know the service.
        root: path of the service, without a slash at its end; relative URLs are below it.

    Raises:
        Undecodable: it can be read in more than one way, or a message in it is none that may be sent alone.
    """

    def read(part: Part, earlier: Sequence[Item[Request]] | None) -> Item[Request]:
        return _request(part, earlier, origins, root)

    found: Batch[Request] = []
    for part in split(body, boundary_of(content_type, MEDIA_TYPE)):
        if not _is_set(part):
            found.append(read(part, None))
            continue
        changes: list[Item[Request]] = []
        for inner in split(part.body, boundary_of(part.headers["content-type"], MEDIA_TYPE)):
            changes.append(read(inner, changes))
        found.append(changes)
    _check(found)
    return found


def read_responses(content_type: str | None, body: bytes) -> Batch[Response]:
    """Return the responses of a batch; raises Undecodable if it can be read in more than one way."""
    found: Batch[Response] = []
    for part in split(body, boundary_of(content_type, MEDIA_TYPE)):
        if _is_set(part):
            inside = split(part.body, boundary_of(part.headers["content-type"], MEDIA_TYPE))
            found.append([_response(inner) for inner in inside])
        else:
            found.append(_response(part))
    _check(found)
    return found


def write_batch[Message: (Request, Response)](batch: Batch[Message]) -> tuple[str, bytes]:
    """Return content type and body of a batch; raises Undecodable if there is nothing in it."""
    parts: list[tuple[list[tuple[str, str]], bytes]] = []
    for each in batch:
        if isinstance(each, list):
            kind, body = write_batch(list(each))
            parts.append(([("content-type", kind)], body))
        else:
            parts.append(_written(each))
    if not parts:
        raise Undecodable("unencodable_value")
    boundary, body = join(parts)
    return f"{MEDIA_TYPE}; boundary={boundary}", body


def _check[Message: (Request, Response)](batch: Batch[Message]) -> None:
    items = [item for each in batch for item in (each if isinstance(each, list) else [each])]
    ids = [item.id for item in items if item.id]
    if len(items) > MAX_MESSAGES:
        raise Undecodable("too_many_items", status=413)
    if len(set(ids)) != len(ids):
        raise Undecodable("duplicate_key")


def _is_set(part: Part) -> bool:
    """Say whether a part is a change set; its header then says nothing else."""
    is_set = part.headers.get("content-type", "").lower().startswith("multipart/")
    if is_set and not part.headers.keys() <= {"content-type", "content-length"}:
        raise Undecodable("bad_multipart")
    return is_set


def _http(part: Part) -> tuple[str, str, Mapping[str, str], bytes]:
    """Return Content-ID, first line, header fields and body of the message in a part."""
    outer = part.headers
    known = outer.keys() <= {"content-type", "content-transfer-encoding", "content-id", "content-length"}
    kind = outer.get("content-type", "").lower().replace(" ", "")
    coding = outer.get("content-transfer-encoding", "binary").lower()
    number = outer.get("content-id", "")
    if not known or kind not in _KINDS or coding != "binary":
        raise Undecodable("bad_multipart")
    if "content-id" in outer and not _ID.fullmatch(number):
        raise Undecodable("bad_multipart")
    lines, body = head_of(part.body)
    fields = dict(fields_of(lines[1:]))
    if not lines or not REFUSED.isdisjoint(fields):
        raise Undecodable("refused_header")
    if fields.pop("content-length", str(len(body))) != str(len(body)):
        raise Undecodable("bad_multipart")
    return number, lines[0], fields, body


def _request(
    part: Part, earlier: Sequence[Item[Request]] | None, origins: frozenset[str], root: str
) -> Item[Request]:
    number, line, fields, body = _http(part)
    found = _REQUEST_LINE.fullmatch(line)
    if found is None or found[1] not in METHODS or (earlier is not None and found[1] == "GET"):
        raise Undecodable("bad_multipart")
    if body and found[1] in {"GET", "DELETE"}:
        raise Undecodable("body_unexpected")
    if "host" in fields and not any(origin.endswith("//" + fields["host"].lower()) for origin in origins):
        raise Undecodable("foreign_url")
    refers, target = _target(found[2], origins, root)
    if refers and refers not in {item.id for item in earlier or ()}:
        raise Undecodable("unknown_reference")
    path, _, query = target.partition("?")
    if not (_PATH.fullmatch(path) or (refers and path == "/")) or not _QUERY.fullmatch(query):
        raise Undecodable("bad_target")
    headers = Headers(tuple((name, value) for name, value in fields.items() if name in FORWARDED))
    return Item(Request(found[1], path, query, headers, body), number, refers)


def _target(target: str, origins: frozenset[str], root: str) -> tuple[str, str]:
    """Return the Content-ID that a target starts from, and the rest of it, which starts with `/`."""
    reference = _REFERENCE.fullmatch(target)
    if reference is not None and not reference[1].lower().startswith(("batch", "metadata")):
        rest = reference[2] or ""
        return reference[1], rest if rest.startswith("/") else "/" + rest
    if target.startswith("/"):
        return "", target
    if re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:", target):
        try:
            url = urlsplit(target)
        except ValueError:
            raise Undecodable("foreign_url") from None
        origin = f"{url.scheme}://{url.netloc}".lower()
        if origin not in origins:
            raise Undecodable("foreign_url")
        return "", target[len(origin) :]
    return "", f"{root}/{target}"


def _response(part: Part) -> Item[Response]:
    number, line, fields, body = _http(part)
    found = _STATUS_LINE.fullmatch(line)
    if found is None:
        raise Undecodable("bad_multipart")
    return Item(Response(int(found[1]), Headers(tuple(fields.items())), body), number)


def _written[Message: (Request, Response)](item: Item[Message]) -> tuple[list[tuple[str, str]], bytes]:
    message: Request | Response = item.message
    if isinstance(message, Request):
        path = message.path
        if item.refers:
            path = f"${item.refers}{'' if path == '/' else path}"
        line = f"{message.method} {path}{'?' + message.query if message.query else ''} HTTP/1.1"
    else:
        line = f"HTTP/1.1 {message.status} -"
    fields = (
        [*message.headers, ("content-length", str(len(message.body)))] if message.body else [*message.headers]
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    outer = [("content-type", "application/http"), ("content-transfer-encoding", "binary")]
    if item.id:
        outer.append(("content-id", item.id))
    return outer, f"{line}\r\n{head}\r\n".encode() + message.body
