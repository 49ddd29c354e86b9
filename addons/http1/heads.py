"""Heads of requests and answers: exact bytes -> checked values; pure, no I/O.

Two readers see every head. `grammar` says which bytes may stand in it at all; llhttp (through `httptools`) takes
it apart. llhttp alone would pass two `host` fields, absolute targets, obs-text and unknown methods; the grammar
alone would be a parser of our own. What either of them refuses, or what they read differently, is refused.
"""

import re
from dataclasses import dataclass
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, HttpResponseParser

from addons.grammar import FRAMING, HEAD_FAULTS, check_head, host_name, split_target
from addons.lane import LaneSpec
from proxy.errors import Undecodable, UpstreamFault
from proxy.message import Headers

METHODS: Final = {method.encode(): method for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")}
_REFUSED_FIELDS: Final = frozenset({"upgrade", "http2-settings", "trailer"})
_CONNECTION_TOKENS: Final = frozenset({"close", "keep-alive"})
_EVENTS: Final = "text/event-stream"
_LENGTH: Final = re.compile(r"[0-9]{1,15}")
_ANSWER_FIELD: Final = rb"\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\x20-\x7e\t\x80-\xff]*"
_ANSWER: Final = re.compile(
    rb"HTTP/1\.([01]) ([0-9]{3})(?: [\x20-\x7e\t\x80-\xff]*)?(?:" + _ANSWER_FIELD + rb")*+"
)


class Heard:
    """What llhttp tells of one message."""

    __slots__ = ("complete", "fields", "late", "pieces", "target")

    def __init__(self) -> None:
        self.target = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.complete = False
        self.late = False
        """Something came after the message was complete."""

    def on_url(self, url: bytes) -> None:
        """Take the target."""
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field; one after the head is a trailer, and those are refused before llhttp sees them."""
        self.fields.append((name, value or b""))

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self.late = self.late or self.complete
        self.pieces.append(body)

    def on_message_begin(self) -> None:
        """Notice a second message in what is one."""
        self.late = self.late or self.complete

    def on_message_complete(self) -> None:
        """Note that it is whole."""
        self.complete = True


@dataclass(frozen=True, slots=True)
class Framing:
    """How the end of a body is found: `length` bytes, or, when it is None, the last chunk."""

    length: int | None
    decoder: HttpRequestParser | HttpResponseParser
    heard: Heard


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request's head, checked; what belongs to the connection is taken off."""

    method: str
    path: str
    query: str
    headers: Headers
    framing: Framing
    close: bool
    """Whether the client wants the connection to end with the answer."""
    expects: bool
    """Whether it waits for `100 Continue` before it sends its body."""
    host: str
    """What the client calls us, with the port if it names one; in lower case."""

    @property
    def body_follows(self) -> bool:
        """Whether a body of at least one byte, or a chunked one, comes after it."""
        return self.framing.length != 0


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """The head of the upstream's answer; fields of the connection left out."""

    status: int
    headers: Headers
    framing: Framing
    keep: bool
    """Whether the upstream will take another request on this connection."""


# ---- the client's --------------------------------------------------------------------------------------------


def read_request_head(raw: bytes, lane: LaneSpec, sni: str | None, *, most_bytes: int, most: int) -> RequestHead:
    """Return the checked head of a request.

    Args:
        raw: the head with its final empty line, and not one byte more; unverified.
        lane: whose hosts hold.
        sni: the name the client asked for when TLS began, if it did.
        most_bytes: of the head.
        most: fields.

    Raises:
        Undecodable: whatever two readers could understand differently, and what this lane does not take.
    """
    fault = check_head(raw, most_bytes)
    if fault is not None:
        raise Undecodable(fault, status=HEAD_FAULTS[fault])
    line = raw[: raw.index(b"\r\n")].split(b" ")
    method = METHODS.get(line[0])
    if method is None:
        raise Undecodable("method_not_allowed", status=405)
    path, query = split_target(line[1])
    heard = Heard()
    parser = HttpRequestParser(heard)
    fields = _decoded(_request_fields(parser, heard, raw, line))
    if len(fields) > most:
        raise Undecodable("too_many_headers", status=431)
    hosts = [value for name, value in fields if name == "host"]
    if len(hosts) != 1:
        raise Undecodable("bad_host")
    _check_host(host_name(hosts[0]), lane, sni)
    close, expects = _check_connection(fields)
    length = _length(fields)
    kept = tuple(pair for pair in fields if pair[0] not in FRAMING)
    framing = Framing(length, parser, heard)
    return RequestHead(method, path, query, Headers(kept), framing, close, expects, hosts[0].lower())


def _request_fields(
    parser: HttpRequestParser, heard: Heard, raw: bytes, line: list[bytes]
) -> list[tuple[bytes, bytes]]:
    """Return llhttp's reading of a head, if it agrees with ours about what is asked for."""
    try:
        parser.feed_data(raw)
    except HttpParserUpgrade:
        raise Undecodable("upgrade_refused") from None
    except HttpParserError:
        raise Undecodable("malformed_head") from None
    if parser.get_method() != line[0] or heard.target != line[1] or heard.pieces or heard.late:
        raise Undecodable("malformed_head")
    return heard.fields


def _decoded(raw: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return fields as text; what is not ASCII (in an answer) stays recognisable as such."""
    return [(name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")) for name, value in raw]


def _check_host(host: str, lane: LaneSpec, sni: str | None) -> None:
    if (lane.hosts and host not in lane.hosts) or (sni is not None and sni.lower() != host):
        raise Undecodable("misdirected", status=421)


def _check_connection(fields: list[tuple[str, str]]) -> tuple[bool, bool]:
    """Return whether `close` and whether `100 Continue` is asked for; refuse all else a hop could be asked."""
    tokens: set[str] = set()
    expects = 0
    for name, value in fields:
        if name in _REFUSED_FIELDS:
            raise Undecodable("upgrade_refused")
        if name == "expect":
            expects += 1
            if value.lower() != "100-continue" or expects > 1:
                raise Undecodable("expectation_refused", status=417)
        elif name == "connection":
            tokens.update(token.strip().lower() for token in value.split(","))
    # `Connection: authorization` would have the next hop drop a credential: only these two have a meaning.
    if not tokens <= _CONNECTION_TOKENS:
        raise Undecodable("bad_connection")
    return "close" in tokens, expects == 1


def _length(fields: list[tuple[str, str]]) -> int | None:
    """Return the length of a request's body; None = chunked, 0 = there is none."""
    lengths = [value for name, value in fields if name == "content-length"]
    codings = [value for name, value in fields if name == "transfer-encoding"]
    if codings:
        if lengths or len(codings) != 1 or codings[0].lower() != "chunked":
            raise Undecodable("bad_framing")
        return None
    if not lengths:
        return 0
    if len(lengths) != 1 or _LENGTH.fullmatch(lengths[0]) is None:
        raise Undecodable("bad_framing")
    return int(lengths[0])


# ---- the upstream's ------------------------------------------------------------------------------------------


def read_answer_head(raw: bytes, method: str, *, most: int) -> AnswerHead:
    """Return the checked head of a final or an interim answer to a request with `method`.

    Raises:
        UpstreamFault: it cannot be read exactly, has no status we know, or does not say where it ends (M26).
    """
    match = _ANSWER.fullmatch(raw, 0, len(raw) - 4)
    if match is None:
        raise UpstreamFault("malformed_answer")
    status = int(match[2])
    if not 100 <= status <= 599 or status == 101:
        raise UpstreamFault("bad_status")
    heard = Heard()
    parser = HttpResponseParser(heard)
    try:
        parser.feed_data(raw)
    except (HttpParserError, HttpParserUpgrade):
        raise UpstreamFault("malformed_answer") from None
    if parser.get_status_code() != status or len(heard.fields) > most or heard.pieces:
        raise UpstreamFault("malformed_answer")
    fields = _decoded(heard.fields)
    if any(name == "content-type" and value.lower().startswith(_EVENTS) for name, value in fields):
        raise UpstreamFault("event_stream")  # it has no end, so nobody waits for one (PD-29)
    old = match[1] == b"0"
    bodyless = method == "HEAD" or status < 200 or status in (204, 304)
    length = _answer_length(fields, old=old, bodyless=bodyless)
    said = [value.lower() for name, value in fields if name == "connection"]
    keep = not old and not any("close" in value or "upgrade" in value for value in said)
    return AnswerHead(status, _kept(fields), Framing(length, parser, heard), keep)


def _answer_length(fields: list[tuple[str, str]], *, old: bool, bodyless: bool) -> int | None:
    """Return the length of an answer's body, None = chunked; what has none may still say what it would have."""
    lengths = [value for name, value in fields if name == "content-length"]
    codings = [value.lower() for name, value in fields if name == "transfer-encoding"]
    if codings == ["chunked"] and not lengths and not old:
        return 0 if bodyless else None
    if bodyless and not codings and not lengths:
        return 0
    if codings or len(lengths) != 1 or _LENGTH.fullmatch(lengths[0]) is None:
        raise UpstreamFault("unframed_answer")
    return 0 if bodyless else int(lengths[0])


def _kept(fields: list[tuple[str, str]]) -> Headers:
    """Return what may be looked at, by the grammar of `check_field`, less the fields of the connection.

    `_ANSWER` let in two things more, which are legal in an answer and which nobody wants: obs-text, and `_`.
    """
    return Headers(
        tuple(
            (name, value)
            for name, value in fields
            if name not in FRAMING and value.isascii() and "_" not in name
        )
    )
