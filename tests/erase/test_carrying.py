"""A step at a CRM that lets some fields be changed and others not."""

import json

import pytest

from proxy.connectors.playbook import Book
from proxy.erasure.plan import Step
from proxy.message import Headers, Request, Response
from proxy.steps import Outcome, carry
from proxy.steps.driving import driven
from tests.erase.conftest import connector_of

JSON = Headers((("content-type", "application/json"),))


class Ticket:
    """HubSpot's ticket 7, of which some properties are closed."""

    def __init__(self, closed: set[str]) -> None:
        self.closed = closed
        self.held = {"subject": "Boats", "content": "Aoife rang."}
        self.writes: list[set[str]] = []

    async def send(self, request: Request) -> Response:
        """Answer; a write of anything closed changes nothing."""
        if request.method == "GET":
            return Response(
                200, JSON, json.dumps({"id": "7", "properties": {"hs_object_id": "7", **self.held}}).encode()
            )
        written = json.loads(request.body)["properties"]
        self.writes.append({*written})
        if self.closed & written.keys():
            return Response(400, JSON, b"{}")
        self.held |= written
        return Response(200, JSON, b"{}")


@pytest.mark.parametrize(
    ("closed", "how", "held"),
    [
        (set(), Outcome("done"), {"subject": "Erased", "content": ""}),
        ({"subject"}, Outcome("refused", "crm_refused"), {"subject": "Boats", "content": ""}),
        (
            {"subject", "content"},
            Outcome("refused", "crm_refused"),
            {"subject": "Boats", "content": "Aoife rang."},
        ),
    ],
)
async def test_what_can_be_written_over_is(closed: set[str], how: Outcome, held: dict[str, str]) -> None:
    """Where the CRM refuses the whole, each field is tried by itself; what is left is told as refused."""
    book = connector_of("hubspot").book
    assert isinstance(book, Book)
    ticket = Ticket(closed)
    step = Step("overwrite", "hubspot", "tickets", "7", ("subject", "content"))
    assert await driven(carry(book, step, ()), ticket.send, lambda need: None) == how
    assert ticket.held == held
    assert len(ticket.writes) == (3 if closed else 1)
    again = await driven(carry(book, step, ()), ticket.send, lambda need: None)
    assert again.how == ("refused" if closed else "already")
