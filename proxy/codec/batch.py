"""OData's `$batch` as `multipart/mixed`: messages, and change sets of messages, as one tree.

The tree is `{"parts": [...]}`. A part is a message, or a list of messages: a change set, which succeeds or fails
as a whole. A request is `{"method", "url", "headers", "body", "id"}`, an answer `{"status", "headers", "body",
"id"}`; `id` is the Content-ID, and neither it nor `body` need be there. A body is JSON, taken apart by the codec
for it. Where a URL leads, and whether a message may be sent, is for the connector to say (threat MP-03).

Clients begin with an empty line, and leave out the one that ends the head of a message without a body; both are
read. What is written says the same with sizes counted anew, and boundaries of our own.
"""

import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar, Final

from proxy.codec.json_text import JsonText
from proxy.codec.multipart import Part, boundary_of, fields_of, head_of, join, split
from proxy.errors import Undecodable
from proxy.message import Tree

MEDIA_TYPE: Final = "multipart/mixed"
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
"""Headers of a message inside that say who asks, where, by which method, or how it is framed."""
MAX_MESSAGES: Final = 1_000
"""In one batch, change sets included: what Dataverse takes."""

_REQUEST_LINE: Final = re.compile(r"([A-Z]{3,7}) ([\x21-\x7e]{1,8000}) HTTP/1\.1")
_STATUS_LINE: Final = re.compile(r"HTTP/1\.1 ([2-5][0-9]{2})(?: [\x20-\x7e]*)?")
_KIND: Final = re.compile(r"application/http(?: ?; ?msgtype=(?:request|response))?", re.IGNORECASE)
_JSON_TYPE: Final = re.compile(
    r"application/json(?:; ?(?:charset=utf-8|odata\.metadata=[a-z]+|odata\.streaming=(?:true|false)"
    r"|ieee754compatible=(?:true|false)))*",
    re.IGNORECASE,
)
_OUTER: Final = "batchresponse_"
_INNER: Final = "changesetresponse_"
"""How Dataverse begins the boundaries of its answers: clients look for these words, not for the header."""
_ID: Final = re.compile(r"[A-Za-z0-9_\-]{1,64}")
_JSON: Final = JsonText()


class OdataBatch:
    """The codec for bodies with one boundary; `of` makes it from a content type."""

    name: ClassVar[str] = "batch"
    media_types: ClassVar[frozenset[str]] = frozenset({MEDIA_TYPE})

    def __init__(self, boundary: str) -> None:
        self._boundary = boundary
        self._ours = _OUTER + secrets.token_hex(16)

    @classmethod
    def of(cls, content_type: str) -> "OdataBatch":
        """Return the codec for a body labelled so; raises Undecodable if it states no single boundary."""
        return cls(boundary_of(content_type, MEDIA_TYPE))

    @property
    def content_type(self) -> str:
        """What a body that `encode` wrote must be labelled."""
        return f"{MEDIA_TYPE}; boundary={self._ours}"

    def decode(self, body: bytes) -> Tree:
        """Return the messages of a body; raises Undecodable if it can be read in more than one way."""
        parts = [_part(part) for part in _cut(body, self._boundary)]
        messages = [each for part in parts for each in (part if isinstance(part, list) else [part])]
        ids = [each["id"] for each in messages if "id" in each]
        if len(messages) > MAX_MESSAGES:
            raise Undecodable("too_many_items", status=413)
        if len(set(map(str, ids))) != len(ids):
            raise Undecodable("duplicate_key")
        if len({"status" in each for each in messages}) != 1:
            raise Undecodable("bad_multipart")
        return {"parts": parts}

    def encode(self, tree: Tree) -> bytes:
        """Return a body that says the same; raises Undecodable for a tree of another form."""
        match tree:
            case {"parts": [*parts], **rest} if parts and not rest:
                return join([_written(each) for each in parts], self._ours)[1]
        raise Undecodable("unencodable_value")


def _cut(body: bytes, boundary: str) -> list[Part]:
    return split(body.removeprefix(b"\r\n"), boundary)


def _part(part: Part) -> dict[str, Tree] | list[dict[str, Tree]]:
    kind = part.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/"):
        return _message(part)
    if not part.headers.keys() <= {"content-type", "content-length"}:
        raise Undecodable("bad_multipart")
    return [_message(inner) for inner in _cut(part.body, boundary_of(kind, MEDIA_TYPE))]


def _message(part: Part) -> dict[str, Tree]:
    number, line, fields, body = _http(part)
    found: dict[str, Tree] = {"id": number} if number else {}
    request, answer = _REQUEST_LINE.fullmatch(line), _STATUS_LINE.fullmatch(line)
    if request is not None:
        found |= {"method": request[1], "url": request[2]}
    elif answer is not None:
        found |= {"status": int(answer[1])}
    else:
        raise Undecodable("bad_multipart")
    kind = fields.pop("content-type", None)
    found["headers"] = dict(fields)
    if body.strip(b"\r\n"):
        if kind is None or not _JSON_TYPE.fullmatch(kind):
            raise Undecodable("unknown_media_type", status=415)
        found["body"] = _JSON.decode(body)
    return found


def _http(part: Part) -> tuple[str, str, dict[str, str], bytes]:
    """Return Content-ID, first line, header fields and body of the message in a part."""
    outer = part.headers
    known = outer.keys() <= {"content-type", "content-transfer-encoding", "content-id", "content-length"}
    kind = outer.get("content-type", "")
    coding = outer.get("content-transfer-encoding", "binary").lower()
    number = outer.get("content-id", "")
    if not known or not _KIND.fullmatch(kind) or coding != "binary":
        raise Undecodable("bad_multipart")
    if "content-id" in outer and not _ID.fullmatch(number):
        raise Undecodable("bad_multipart")
    whole = b"\r\n\r\n" in part.body
    lines, body = head_of(part.body if whole else part.body.removesuffix(b"\r\n") + b"\r\n\r\n")
    fields = dict(fields_of(lines[1:]))
    if not lines or not REFUSED.isdisjoint(fields):
        raise Undecodable("refused_header")
    if fields.pop("content-length", str(len(body))) not in {str(len(body)), str(len(body.rstrip(b"\r\n")))}:
        raise Undecodable("bad_multipart")
    return number, lines[0], fields, body


def _written(tree: Tree) -> tuple[list[tuple[str, str]], bytes]:
    if isinstance(tree, list) and tree:
        boundary, body = join([_written(each) for each in tree], _INNER + secrets.token_hex(16))
        return [("content-type", f"{MEDIA_TYPE}; boundary={boundary}")], body
    match tree:
        case {"method": str(method), "url": str(url), "headers": dict(headers), **more}:
            line = f"{method} {url} HTTP/1.1"
        case {"status": int(status), "headers": dict(headers), **more}:
            line = f"HTTP/1.1 {status} {_phrase(status)}"
        case _:
            raise Undecodable("unencodable_value")
    outer = [("content-type", "application/http"), ("content-transfer-encoding", "binary")]
    if "id" in more:
        outer.append(("content-id", str(more["id"])))
    return outer, _head(line, {str(name): value for name, value in headers.items()}, dict(more))


def _phrase(status: int) -> str:
    """Return the words for a status; clients read a line only if it has some."""
    try:
        return HTTPStatus(status).phrase.replace("-", " ")
    except ValueError:
        return "Status"


def _head(line: str, headers: Mapping[str, Tree], more: Mapping[object, Tree]) -> bytes:
    body = b"" if more.get("body") is None else _JSON.encode(more["body"])
    fields = dict(headers)
    if body:
        fields |= {"content-type": _JSON.content_type, "content-length": str(len(body))}
    lines = [line, *(f"{name}: {value}" for name, value in fields.items())]
    if not all(each.isprintable() for each in lines):
        raise Undecodable("unencodable_value")
    return "".join(f"{each}\r\n" for each in (*lines, "")).encode() + body
