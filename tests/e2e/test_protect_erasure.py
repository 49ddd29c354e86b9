"""A person is found, and remembered, by what they are called, where the CRM has only tokens of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest

from proxy.erase import Eraser, Site
from proxy.message import Headers, Request, Response
from proxy.sandbox import SalesforceSandbox
from proxy.steps import Trail, trace
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.e2e.test_protect_surfaces import MAIL, PROTECT, Crm, told

CONTACTS = "/services/data/v62.0/sobjects/Contact"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[GatewayHarness]:
    """An installation whose policies protect e-mail addresses."""
    made = GatewayHarness.make(tmp_path / "gateway", {"protect": PROTECT})
    yield made
    made.close()


async def test_all_of_a_person_is_found_by_an_address_that_the_crm_does_not_have(
    harness: GatewayHarness,
) -> None:
    """Nothing is asked for in clear, and what is known of them is the value and no token."""
    crm = Crm(harness, "salesforce", SalesforceSandbox(CRM_TOKEN))
    made = set()
    for name in ("Quill", "Quill-Hale"):
        body = json.dumps({"LastName": name, "Email": MAIL}).encode()
        made.add(told(await crm.ask("helpdesk_leads", "POST", CONTACTS, body=body))["id"])
    asked: list[Request] = []

    async def send(request: Request) -> Response:
        asked.append(request)
        return crm.answer(replace(request, headers=Headers((("authorization", f"Bearer {CRM_TOKEN}"),))))

    rules = harness.app.gateways["salesforce"].rules
    assert rules.connector.book is not None
    book = replace(rules.connector.book, protections=rules.protections)
    site = Site(book, rules.connector.catalogue, send, harness.app.kept.vault.settle)
    ports: Any = SimpleNamespace(sites={"salesforce": site})
    trail = Trail()
    trail.learn("email", MAIL.upper())
    await Eraser(ports).asked("salesforce", trace("salesforce", book, trail))
    assert {spot.id for spot in trail.people if spot.object == "Contact"} == made
    assert [each.value.lower() for each in trail.known.values() if each.kind == "email"] == [MAIL]
    # Leads are not protected in this set, and texts are looked through as they are.
    of_contacts = [query for each in asked if "FROM Contact " in (query := unquote(each.query))]
    assert any("@t.privacy.example.org" in each for each in of_contacts)
    assert not [each for each in of_contacts if "nessa" in each.lower()]
