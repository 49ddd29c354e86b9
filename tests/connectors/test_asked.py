"""Opening an answer by its status, and which of its headers go back."""

import pytest

from proxy.connectors.asked import Asked, Opened
from proxy.errors import UpstreamFault
from proxy.message import Headers, Request, Response, Tree
from proxy.model import Action, Operation


class Answer:
    """Says that it was asked."""

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return an answer."""
        return Opened({"answer": status})


class Faults:
    """Says that it was asked."""

    by_status = True

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return an error answer."""
        return Opened({"error": status}, is_error=True)

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return a refusal."""
        return Response(status)


def asked() -> Asked:
    """Return a request that lets two headers back."""
    back = frozenset({"retry-after", "x-left"})
    return Asked((Operation(Action.READ, "o"),), lambda: "/", (), None, (), Answer(), Faults(), back)


@pytest.mark.parametrize("status", [200, 201, 202, 207])
def test_success_is_read_as_the_route_says(status: int) -> None:
    """A successful answer goes to the route's reader."""
    assert asked().open(status, {}).tree == {"answer": status}


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429, 500, 503])
def test_errors_are_replaced(status: int) -> None:
    """An error answer goes to the error reader, and says so."""
    opened = asked().open(status, {})
    assert (opened.tree, opened.is_error) == ({"error": status}, True)


@pytest.mark.parametrize("status", [100, 101, 206, 300, 301, 302, 304, 307])
def test_what_is_neither_is_a_fault(status: int) -> None:
    """Redirects are never followed, parts of a body are never judged, and 1xx is no answer."""
    with pytest.raises(UpstreamFault):
        asked().open(status, {})


@pytest.mark.parametrize("status", [204, 205])
def test_an_answer_without_a_body_has_none(status: int) -> None:
    """One that comes anyway would be read by one client as a body, and by another as the next answer."""
    assert asked().open(status, None).tree == {"answer": status}
    with pytest.raises(UpstreamFault, match="unexpected_body"):
        asked().open(status, {})


def test_headers_back() -> None:
    """Only listed headers go back, once, and only as a short run of digits."""
    headers = Headers(
        (
            ("retry-after", "30"),
            ("x-left", "1"),
            ("x-left", "2"),  # twice: neither
            ("etag", "5"),  # not listed
        )
    )
    assert asked().headers_back(headers) == (("retry-after", "30"),)
    for value in ("Wed, 21 Oct 2026 07:28:00 GMT", "1.5", "", "٣", "1" * 7, "078-05-1120", "Mara"):
        assert asked().headers_back(Headers((("retry-after", value),))) == ()
