"""The policies that ship."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy.connectors import load_connector
from proxy.model import Catalogue

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.fixture(scope="session")
def shipped() -> Path:
    """Return the folder of policies that ships."""
    return POLICIES


@pytest.fixture(scope="session")
def catalogues() -> Mapping[str, Catalogue]:
    """Return what the connectors that ship list."""
    connectors = [load_connector(path) for path in sorted((POLICIES / "connectors").glob("*.yaml"))]
    return {connector.name: connector.catalogue for connector in connectors}
