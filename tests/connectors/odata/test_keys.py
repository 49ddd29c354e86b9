"""Keys in addresses: what is created under one carries it, and so it is held to what bodies are held to."""

import json
from pathlib import Path

import pytest

from proxy.connectors import Connector, load_connector
from proxy.message import Headers, Request
from proxy.model import Action


@pytest.fixture(scope="module")
def dynamics(root: Path) -> Connector:
    """Return the connector as it ships."""
    return load_connector(root / "policies/connectors/dynamics.yaml")


def writes(
    connector: Connector, target: str, *fields: tuple[str, str]
) -> list[tuple[Action, dict[str, object]]]:
    """Return what a PATCH writes, for whoever looks for masks and wrong values in it."""
    body = {"jobtitle": "Pilot"}
    headers = Headers((("content-type", "application/json"), *fields))
    request = Request("PATCH", f"/api/data/v9.2/{target}", "", headers, json.dumps(body).encode())
    asked = connector.route(request).recognise(request, body, binding="test")
    return [(record.action, record.members) for record in asked.writes]


def test_the_key_under_which_an_update_creates_is_written(dynamics: Connector) -> None:
    """A mask or a wrong address in the key would stand in the CRM as any other."""
    found = writes(dynamics, "contacts(emailaddress1='m***@e***.org')")
    assert (Action.CREATE, {"emailaddress1": "m***@e***.org"}) in found
    assert (Action.UPDATE, {"jobtitle": "Pilot"}) in found


def test_a_quote_in_a_key_is_one_sign(dynamics: Connector) -> None:
    """It is doubled in the address and not in the CRM."""
    found = writes(dynamics, "contacts(emailaddress1='o''hara@example.org')")
    assert (Action.CREATE, {"emailaddress1": "o'hara@example.org"}) in found


def test_a_key_that_only_finds_is_not_written(dynamics: Connector) -> None:
    """With `If-Match: *` nothing is created."""
    found = writes(dynamics, "contacts(emailaddress1='m***@e***.org')", ("if-match", "*"))
    assert found == [(Action.UPDATE, {"jobtitle": "Pilot"})]
