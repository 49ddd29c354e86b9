"""Queries that tell of records which a condition hides."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from proxy.model import AttributeSpec, Catalogue


@pytest.fixture
def catalogues(catalogues: Mapping[str, Catalogue]) -> Mapping[str, Catalogue]:
    """Contacts that can be restricted."""
    restricted = {"restricted": AttributeSpec("Restricted", "bool", default=False)}
    contact = replace(catalogues["crm"]["Contact"], attributes=restricted)
    return {**catalogues, "crm": {**catalogues["crm"], "Contact": contact}}


FIND = "{id: f, effect: allow, actions: [filter], recipients: [desk], on: {objects: [Contact], fields: [Name]}}"
HIDE = "{id: hide, effect: %s, actions: [%s], on: {objects: [Contact]%s}, when: %s%s}"
WHOLE = HIDE % ("deny", "read, list", "", "resource.restricted", "")


@pytest.mark.parametrize(
    ("guards", "told"),
    [
        ([WHOLE], True),
        ([HIDE % ("redact", "read, list", ", fields: [Name]", "resource.restricted", "")], True),
        (
            [HIDE % ("deny", "read, list", ", fields: [Phone]", "resource.restricted", "")],
            False,
        ),  # another
        ([HIDE % ("deny", "read", "", 'principal.kind == "agent"', "")], False),  # hides all of them or none
        ([HIDE % ("deny", "read", "", "resource.restricted", ", mode: audit")], False),
        ([HIDE % ("deny", "read", "", "resource.restricted", ", recipients: [mailer]")], False),
        ([HIDE % ("deny", "read", "", "resource.restricted", ", except: {recipients: [desk]}")], False),
        ([HIDE % ("deny", "read, filter", "", "resource.restricted", "")], False),  # always holds for filters
        (
            [HIDE % ("deny", "read, filter", "", "'resource.restricted && principal.kind == \"agent\"'", "")],
            True,  # comes out false for others before there is a record
        ),
        ([WHOLE, "{id: shut, effect: deny, actions: [filter, sort, group], on: {objects: [Contact]}}"], False),
        ([WHOLE, "{id: shut, effect: deny, actions: [sort, group], on: {objects: [Contact]}}"], True),
    ],
)
def test_what_a_condition_hides_a_filter_tells(bench: Any, guards: list[str], told: bool) -> None:
    """LG135, at the condition, with what to write."""
    rules = f"grants: [{FIND}]\nguards:\n" + "".join(f"  - {each}\n" for each in guards)
    found = [each for each in bench.check(rules).problems if each.code == "LG135"]
    assert len(found) == told
    for each in found:
        assert each.severity == "warning"
        assert "f lets callers query by Contact.Name" in each.message
        assert "with actions [filter, sort, group] and without a condition" in each.message
