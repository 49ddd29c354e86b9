"""Connectors as they ship, and a sealer that can be looked into."""

import base64
from pathlib import Path

import pytest

from proxy.connectors import Connector, load_connector
from proxy.errors import Undecodable

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
