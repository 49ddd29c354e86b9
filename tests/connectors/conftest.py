"""Connectors as they ship, and a sealer that can be looked into."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.connectors import Connector, load_connector
from proxy.errors import Problems, Undecodable

ROOT = Path(__file__).parents[2]


class OpenSealer:
    """Seals without hiding anything, and opens nothing that was sealed in another context."""

    def seal(self, plaintext: bytes, context: str) -> str:
        """Return context and plaintext as URL-safe text."""
        sealed = base64.urlsafe_b64encode(context.encode() + b"\0" + plaintext)
        return sealed.decode("ascii").rstrip("=")

    def open(self, text: str, context: str) -> bytes:
        """Return the plaintext; raises Undecodable in another context."""
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        found, _, plaintext = raw.partition(b"\0")
        if found != context.encode():
            raise Undecodable("sealed_elsewhere")
        return plaintext


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def sealer() -> OpenSealer:
    """Return a sealer."""
    return OpenSealer()


@pytest.fixture(scope="session")
def salesforce(sealer: OpenSealer) -> Connector:
    """Return the Salesforce connector as it ships, with a sealer."""
    return load_connector(ROOT / "policies/connectors/salesforce.yaml", sealer=sealer)


@pytest.fixture(scope="session")
def hubspot() -> Connector:
    """Return the HubSpot connector as it ships."""
    return load_connector(ROOT / "policies/connectors/hubspot.yaml")


@pytest.fixture(scope="session")
def dynamics(sealer: OpenSealer) -> Connector:
    """Return the Dynamics connector as it ships, with a sealer."""
    return load_connector(ROOT / "policies/connectors/dynamics.yaml", sealer=sealer)


@pytest.fixture(scope="session")
def odoo() -> Connector:
    """Return the Odoo connector as it ships."""
    return load_connector(ROOT / "policies/connectors/odoo.yaml")


SMALL = """\
apiVersion: lychgate.dev/v1
kind: Connector
metadata: {name: small}
names: any_case
patterns: {id: "[0-9]+"}
ROUTES
record: {object: $.attributes.type}
answers: {all: {$.name: name, "$.list[*].name": name}}
EXTRA
errors:
  shape: {error: "{code}", text: "{text}"}
  codes: {no: No., broken: Broken.}
  statuses: {4xx: no, 400: no, 5xx: broken}
  code: $.error
objects:
  Thing: {fields: {Id: {category: system.operations}, Name: {category: user.name}}}
"""


@pytest.fixture
def load_text(tmp_path: Path) -> Callable[[str], list[str]]:
    """Return what loads a small connector with a text in it, and returns what is wrong with it."""

    def load(text: str) -> list[str]:
        routes = (
            text if text.startswith("routes:") else 'routes: [{match: "GET /all", object: Thing, answer: all}]'
        )
        extra = "" if text.startswith("routes:") else text
        path = tmp_path / "small.yaml"
        path.write_text(SMALL.replace("ROUTES", routes).replace("EXTRA", extra), encoding="utf-8")
        try:
            load_connector(path)
        except Problems as caught:
            return [each.message for each in caught.problems]
        return []

    return load


@pytest.fixture(scope="session")
def suitecrm() -> Connector:
    """Return the SuiteCRM connector as it ships."""
    return load_connector(ROOT / "policies/connectors/suitecrm.yaml")


@pytest.fixture(scope="session")
def zoho() -> Connector:
    """Return the Zoho connector as it ships."""
    return load_connector(ROOT / "policies/connectors/zoho.yaml")


@pytest.fixture(scope="session")
def pipedrive() -> Connector:
    """Return the Pipedrive connector as it ships."""
    return load_connector(ROOT / "policies/connectors/pipedrive.yaml")
