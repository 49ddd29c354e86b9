"""Who is in a record that is about to be there again, by what a CRM shows of it: answers in, values out."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from proxy.connectors.playbook import Refusal
from proxy.errors import UpstreamFault
from proxy.message import Headers, Request, Response
from proxy.steps.driving import driven
from proxy.steps.reviving import revived
from tests.erase.conftest import connector_of

JSON = Headers((("content-type", "application/json"),))


def answer(body: object, status: int = 200) -> Response:
    """Return an answer in JSON."""
    return Response(status, JSON, json.dumps(body).encode())


async def told(lane: str, object_: str, record: str, answers: Mapping[str, Any]) -> tuple[list[Any], list[str]]:
    """Return what a record tells, and what was asked; each question gets the answer of the word it holds."""
    sent: list[str] = []

    async def send(request: Request) -> Response:
        sent.append(f"{request.path}?{request.query} {request.body.decode()}")
        (found,) = [found for word, found in answers.items() if word in sent[-1]]
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, Response) else answer(found)

    book = connector_of(lane).book
    return sorted(await driven(revived(book, object_, record), send, lambda need: None)), sent


async def test_of_trytons_party_its_addresses_and_numbers_tell() -> None:
    """The party itself has a code and a name; who it is stands in records that belong to it."""
    answers = {
        "party.party.": {"result": [{"id": 7, "code": "P-0007", "code_alnum": "P0007", "replaced_by": None}]},
        "party.contact_mechanism.": {
            "result": [{"id": 3, "value": "a@b.example", "value_compact": "a@b.example"}]
        },
        "party.identifier.": {"result": [{"id": 4, "code": "X 12-34", "code_compact": "X1234"}]},
        "party.address.": {"result": []},
    }
    found, sent = await told("tryton", "party.party", "7", answers)
    assert ("contact", "a@b.example") in found
    assert {("id", "X 12-34"), ("id", "P-0007")} <= {*found}
    assert all('"active_test": false' in each for each in sent)


async def test_where_the_live_ones_are_not_the_deleted_ones_are_looked_at() -> None:
    """HubSpot shows an archived contact to whoever asks for archived ones."""
    row = {"id": "101", "archived": True, "properties": {"email": "a@b.example", "phone": None}}

    async def send(request: Request) -> Response:
        return answer(row) if "archived=true" in request.query else answer({}, 404)

    found = await driven(revived(connector_of("hubspot").book, "contacts", "101"), send, lambda need: None)
    assert found == (("email", "a@b.example"),)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"/": answer({}, 404)}, Refusal),  # there is no such record
        ({"/": answer([{"errorCode": "INSUFFICIENT_ACCESS"}], 403)}, Refusal),
        ({"/": UpstreamFault("upstream_lost")}, UpstreamFault),
        ({"/": answer({}, 503)}, UpstreamFault),
        ({"/": answer({"Id": "003000000000001AAA"})}, Refusal),  # it is there, and says nothing of who it is
    ],
)
async def test_who_cannot_be_seen_is_nobody_to_be_sure_of(answers: Mapping[str, Any], error: type) -> None:
    """Whatever the CRM does instead of showing the record."""
    with pytest.raises(error):
        await told("salesforce", "Contact", "003000000000001AAA", answers)


async def test_an_object_without_a_playbook_cannot_be_seen() -> None:
    """Nobody has said how it is read."""
    with pytest.raises(Refusal):
        await told("salesforce", "User", "005000000000001AAA", {})
