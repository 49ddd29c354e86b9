"""Contacts with a clock, and retention written as text."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from proxy.model import AttributeSpec, Catalogue
from proxy.policy.retention import Retention
from tests.policy.conftest import Bench


@pytest.fixture
def catalogues(catalogues: Mapping[str, Catalogue]) -> Mapping[str, Catalogue]:
    """The small CRM, whose contacts have two clocks, one of them optional, and something to ask."""
    attributes = {
        "last_activity": AttributeSpec("LastActivity", "timestamp", optional=True),
        "created": AttributeSpec("Created", "timestamp"),
        "country": AttributeSpec("City", "string", optional=True),
        "legal_hold": AttributeSpec("Hold", "bool", default=False),
        "consents": AttributeSpec("Consents", "list<string>", default=()),
    }
    contact = replace(catalogues["crm"]["Contact"], attributes=attributes)
    return {**catalogues, "crm": {**catalogues["crm"], "Contact": contact}}


@pytest.fixture
def load(bench: Bench) -> Callable[[str], Retention]:
    """Return what loads a Retention document, which must be without errors."""

    def loaded(text: str) -> Retention:
        bench.write("retention.yaml", text, kind="Retention")
        checked = bench.check()
        assert checked.policies is not None, [str(each) for each in checked.problems]
        return checked.policies.retention

    return loaded
