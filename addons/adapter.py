"""The only code that touches a mitmproxy flow: flow -> values, values -> flow.

Reads `data` attributes (the bytes), never the convenient properties: those decode, upper-case, join and
unquote, and so show something other than what is sent. `.content`, `.text` and `.json()` would undo a
content-coding without bounds (M08, M13); bodies are handed on exactly as they were framed.
"""

# mypy: disable-error-code="no-untyped-call"
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mitmproxy import flow as mitmflow
from mitmproxy import http

from addons.grammar import FRAMING, check_field, host_name, split_target
from addons.lane import LaneSpec, Limits
from addons.mark import MARK, Head, Lane, Mark
from proxy.errors import Undecodable, UpstreamFault
from proxy.message import Headers, Peer, Request, Response

METHODS: Final = {method.encode(): method for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")}
BODY_EXPECTED: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods that get a content-length even for an empty body (RFC 9110 §8.6)."""


class _Empty(http.ResponseData):
    """Cannot be filled: mitmproxy writes an upstream's body into whatever response it finds in a flow."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, b"" if name == "content" else value)


_STAND_IN: Final = http.Response(
    http_version=b"HTTP/1.1",
    status_code=200,
    reason=b"",
    headers=http.Headers([(b"content-length", b"0")]),
    content=b"",
    trailers=None,
    timestamp_start=0.0,
    timestamp_end=0.0,
)
_STAND_IN.data = _Empty(**vars(_STAND_IN.data))
"""What stands in every flow as its response: with one set, mitmproxy does not contact the upstream, and when
it has one to send, `Doorway` sends the decided answer. Empty, constant, shared: making it cannot fail."""
_REFUSED_FIELDS: Final = frozenset({"upgrade", "http2-settings", "trailer"})
_CONNECTION_TOKENS: Final = frozenset({"close", "keep-alive"})
_DROPPED_UPWARD: Final = FRAMING | {"accept-encoding", "content-encoding"}


# ---- marks and stand-ins -----------------------------------------------------------------------------


def attach(flow: http.HTTPFlow, lane: Lane, fault: str | None) -> Mark:
    """Give a new flow its mark and return it."""
    mark = flow.metadata[MARK] = Mark(lane, flow.client_conn.id, fault)
    return mark


def mark_of(flow: http.HTTPFlow) -> Mark | None:
    """Return the flow's mark; None means that it did not come through a doorway."""
    mark = flow.metadata.get(MARK)
    return mark if isinstance(mark, Mark) else None


def block(flow: http.HTTPFlow) -> Mark | None:
    """Make sure that nothing of this flow goes anywhere; return its mark. Cannot fail."""
    flow.response = _STAND_IN
    flow.request.stream = False
    return mark_of(flow)


def blocked(flow: http.HTTPFlow) -> bool:
    """Return whether the flow holds the stand-in."""
    return flow.response is _STAND_IN


def kill(flow: mitmflow.Flow) -> None:
    """End the flow: its connection is closed once what was decided has been said."""
    if flow.killable:
        flow.kill()


# ---- the request -------------------------------------------------------------------------------------


def read_head(flow: http.HTTPFlow, lane: LaneSpec, limits: Limits) -> tuple[Head, bool]:
    """Return the checked head of a request, and whether the client wants the connection closed.

    Raises:
        Undecodable: whatever two readers could understand differently, and what this lane does not take.
    """
    data = flow.request.data
    method = METHODS.get(data.method)
    if method is None:
        raise Undecodable("method_not_allowed", status=405)
    if data.http_version != b"HTTP/1.1" or data.authority:
        raise Undecodable("bad_request_line")
    path, query = split_target(data.path)
    fields = _fields(data.headers.fields, limits)
    hosts = [value for name, value in fields if name == "host"]
    if len(hosts) != 1:
        raise Undecodable("bad_host")
    _check_host(host_name(hosts[0]), lane, flow.client_conn.sni)
    close = _check_connection(fields)
    kept = tuple(pair for pair in fields if pair[0] not in FRAMING)
    return Head(method, path, query, Headers(kept)), close


def _fields(raw: Iterable[tuple[bytes, bytes]], limits: Limits) -> tuple[tuple[str, str], ...]:
    fields = []
    for name, value in raw:
        try:
            pair = name.decode("ascii").lower(), value.decode("ascii")
            check_field(*pair)
        except ValueError:
            raise Undecodable("bad_header") from None
        fields.append(pair)
    if len(fields) > limits.head_fields:
        raise Undecodable("too_many_headers", status=431)
    return tuple(fields)


def _check_host(host: str, lane: LaneSpec, sni: str | None) -> None:
    if (lane.hosts and host not in lane.hosts) or (sni is not None and sni.lower() != host):
        raise Undecodable("misdirected", status=421)


def _check_connection(fields: Iterable[tuple[str, str]]) -> bool:
    """Return whether `close` is asked for; refuse every other thing a hop could be asked to do."""
    tokens: set[str] = set()
    for name, value in fields:
        if name in _REFUSED_FIELDS:
            raise Undecodable("upgrade_refused")
        if name == "transfer-encoding" and value.lower() != "chunked":
            raise Undecodable("bad_framing")
        if name == "expect" and value.lower() != "100-continue":
            raise Undecodable("expectation_refused", status=417)
        if name == "connection":
            tokens.update(token.strip().lower() for token in value.split(","))
    # `Connection: authorization` would have the next hop drop a credential: only these two have a meaning.
    if not tokens <= _CONNECTION_TOKENS:
        raise Undecodable("bad_connection")
    return "close" in tokens


def read_request(flow: http.HTTPFlow, mark: Mark, sans: tuple[str, ...]) -> Request:
    """Return the request as the client sent it; the body as it was framed, content-codings left on.

    Raises:
        Undecodable: too large, or with trailers.
    """
    data, head = flow.request.data, mark.head
    if head is None:
        raise Undecodable("malformed_head")
    if data.trailers is not None:
        raise Undecodable("trailers_refused")
    body = data.content or b""
    if len(body) > mark.lane.spec.body_limit:
        raise Undecodable("body_too_large", status=413)
    peer = Peer(str(flow.client_conn.peername[0]), sans)
    return Request(head.method, head.path, head.query, head.headers, body, peer)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request ready to be written: every part checked, made from values only."""

    method: bytes
    target: bytes
    headers: http.Headers
    body: bytes


def build_request(request: Request, lane: LaneSpec) -> Outgoing:
    """Return what goes upstream; nothing the client wrote is copied, the framing least of all (M05, M18).

    Raises:
        ValueError: a part of it cannot be written without changing where the message ends or goes.
        Undecodable: the target is not one.
    """
    method = request.method.encode("ascii")
    if method not in METHODS:
        raise ValueError("a method that is not sent")
    target = (f"{request.path}?{request.query}" if request.query else request.path).encode("ascii")
    split_target(target)
    fields = [(b"host", lane.upstream_authority.encode("ascii"))]
    for name, value in request.headers:
        check_field(name, value)
        if name not in _DROPPED_UPWARD:
            fields.append((name.encode("ascii"), value.encode("ascii")))
    fields.append((b"accept-encoding", b"identity"))
    if request.body or request.method in BODY_EXPECTED:
        fields.append((b"content-length", b"%d" % len(request.body)))
    return Outgoing(method, target, http.Headers(fields), request.body)


def let_through(flow: http.HTTPFlow, request: Outgoing, lane: LaneSpec) -> None:
    """Have this request, and nothing else, sent upstream. The last line is the one that opens the way."""
    data = flow.request.data
    data.host, data.port = lane.upstream_host, lane.upstream_port
    data.scheme, data.authority, data.http_version = lane.upstream_scheme.encode("ascii"), b"", b"HTTP/1.1"
    data.method, data.path, data.headers = request.method, request.target, request.headers
    data.content, data.trailers = request.body, None
    flow.response = None


# ---- the answer --------------------------------------------------------------------------------------


def check_answer_head(flow: http.HTTPFlow) -> None:
    """Return if an answer with this head can be read exactly.

    Raises:
        UpstreamFault: an interim or unknown status (M09), an upgrade (M06), or a body that ends wherever
            the connection happens to be cut (M26).
    """
    answer = flow.response
    if answer is None:
        raise UpstreamFault("no_answer")
    answer.stream = False
    data = answer.data
    if not 200 <= data.status_code <= 599:
        raise UpstreamFault("bad_status")
    names = [name.lower() for name, _ in data.headers.fields]
    coded = [
        value.strip().lower() for name, value in data.headers.fields if name.lower() == b"transfer-encoding"
    ]
    bodyless = flow.request.data.method == b"HEAD" or data.status_code in (204, 304)
    if coded not in ([], [b"chunked"]) or not (bodyless or coded or b"content-length" in names):
        raise UpstreamFault("unframed_answer")


def take_answer(flow: http.HTTPFlow) -> http.Response | None:
    """Return the response in the flow and leave the stand-in there; cannot fail."""
    answer, flow.response = flow.response, _STAND_IN
    return answer


def read_answer(answer: http.Response, lane: LaneSpec) -> Response:
    """Return the upstream's answer, body as it was framed; fields of the connection left out.

    Raises:
        UpstreamFault: trailers, a control character in a field, or more body than the lane takes.
    """
    data = answer.data
    if data.trailers is not None:
        raise UpstreamFault("trailers_refused")
    body = data.content or b""
    if len(body) > lane.body_limit:
        raise UpstreamFault("answer_too_large")
    fields = []
    for raw_name, raw_value in data.headers.fields:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if not value.isascii():
            continue  # obs-text is legal in an answer (a file name); no connector could want it
        try:
            check_field(name, value)
        except ValueError:
            raise UpstreamFault("bad_answer_header") from None
        if name not in FRAMING:
            fields.append((name, value))
    return Response(data.status_code, Headers(tuple(fields)), body)


def what_failed(flow: http.HTTPFlow, *, forwarded: bool) -> tuple[str, int]:
    """Return a constant reason and a status for an error that mitmproxy reports; its text goes nowhere."""
    text = flow.error.msg if flow.error is not None else ""
    if "body_size_limit" in text:
        return ("answer_too_large", 502) if forwarded else ("body_too_large", 413)
    return ("upstream_failed", 502) if forwarded else ("malformed_request", 400)
