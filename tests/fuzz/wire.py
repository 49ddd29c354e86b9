"""HTTP/1.1 itself: what our readers take, h11 takes for the same; what we write, h11 and http.server read back.

Nobody may see another boundary, or one request more, than anybody else: of what clients and CRMs send us, whole
or cut anywhere, taken at once or in pieces, and of what we make of it.
"""

from typing import Final

from addons.grammar import LAST_CHUNK, chunk, render, render_head
from addons.http1.outgoing import build_request
from addons.http1.readers import AnswerReader, RequestReader
from proxy.errors import ExchangeError, Undecodable
from proxy.message import Headers, Request, Response
from tests.addons.http1.test_differential import (
    LIMITS,
    SMUGGLED,
    SPEC,
    h11_answer,
    h11_reads,
    http_server_reads,
    pieces,
    read_all,
)

Found = list[tuple[str, str, bytes]]


def requests(data: bytes) -> bool:
    """Return whether a request is found in some bytes; fail where somebody else finds another."""
    ours, _ = read_all(data)
    cuts = [at * 7919 % (len(data) + 1) for at in range(1, len(data) % 7 + 1)]
    assert read_all(data, cuts) == read_all(data), "where it is cut matters"
    theirs = [(method, target.partition("?")[0], body) for method, target, body in h11_reads(data)]
    assert theirs[: len(ours)] == ours, "h11 reads another request"
    assert _in_pieces(data, cuts)[: len(ours)] == ours, "in pieces it is another request"
    wire = b"".join(b"".join(build_request(Request(m, p, "", Headers(), b), SPEC)) for m, p, b in ours)
    assert h11_reads(wire) == ours, "h11 reads another request than we sent"
    assert http_server_reads(wire) == ours, "http.server reads another request than we sent"
    assert read_all(wire) == (ours, False), "we read another request than we sent"
    for method, path, body in ours:
        _sent_in_chunks(method, path, body)
    return bool(ours)


def _in_pieces(data: bytes, cuts: list[int]) -> Found:
    """Return the requests that are found when each body is taken as it comes."""
    reader, found, head, body = RequestReader(SPEC, LIMITS, None), [], None, b""
    for piece in pieces(data, cuts):
        reader.buffer += piece
        try:
            while head is not None or (head := reader.head()) is not None:
                more, ended = reader.piece()
                body += more
                if not ended:
                    break
                found.append((head.method, head.path, body))
                head, body = None, b""
        except Undecodable:
            return found
    return found


def _sent_in_chunks(method: str, path: str, body: bytes) -> None:
    """Fail if others read another request where we send its body in chunks; cut off, it is none to them."""
    if method not in {"POST", "PUT", "PATCH"}:
        return
    head = build_request(Request(method, path), SPEC, None)
    halves = (*chunk(body[: len(body) // 2]), *chunk(body[len(body) // 2 :]))
    whole = b"".join((*head, *halves, LAST_CHUNK))
    assert h11_reads(whole + SMUGGLED)[:1] == [(method, path, body)], "h11 reads another body"
    assert h11_reads(b"".join((*head, *halves))) == [], "h11 takes what was cut off for a whole one"


def answers(data: bytes) -> bool:
    """Return whether an answer is found in some bytes; fail where somebody else finds another."""
    taken = False
    for method in ("GET", "HEAD"):
        ours = _answer(data, method, [])
        cuts = [at * 7919 % (len(data) + 1) for at in range(1, len(data) % 7 + 1)]
        assert _answer(data, method, cuts) == ours, "where it is cut matters"
        if ours is not None:
            taken = True
            assert h11_answer(data, method) == ours, "h11 reads another answer"
            _said(method, *ours)
    return taken


def _answer(data: bytes, method: str, cuts: list[int]) -> tuple[int, bytes] | None:
    reader = AnswerReader(method, most_body=2_000, limits=LIMITS)
    try:
        for piece in pieces(data, cuts):
            if (answer := reader.feed(piece)) is not None:
                return answer.status, answer.body
    except ExchangeError:
        pass
    return None


def _said(method: str, status: int, body: bytes) -> None:
    """Fail if a client reads another answer than we say, whole or in chunks, or takes a cut one for whole."""
    answer = Response(status, Headers((("content-type", "text/csv"),)), body)
    wire = b"".join(render(answer, method=method, close=False))
    shown = b"" if method == "HEAD" or status in {204, 304} else body
    assert h11_answer(wire, method) == (status, shown), "h11 reads another answer than we said"
    if method == "GET" and status not in {204, 304}:
        begun = b"".join((render_head(answer, close=False), *chunk(body)))
        assert h11_answer(begun + LAST_CHUNK, method) == (status, body), "h11 reads another body"
        assert h11_answer(begun, method) is None, "h11 takes what was cut off for a whole one"


CHECKS: Final = {"requests": requests, "answers": answers}
