"""Who has values in clear in the CRM itself, before and after."""

from dataclasses import replace

import pytest

from proxy.model import FieldSpec
from proxy.policy.plan import Verdict, notes
from tests.policy.conftest import Bench

LOOSENED, TIGHTENED = Verdict.LOOSENED, Verdict.TIGHTENED
WAIVE = "waive: [{code: LG141, because: Reports., until: 2027-06-30}]"
TOKEN = "{id: x, on: {fields: [Tax, Code]}, as: token}"
FOUND = "{id: x, on: {fields: [Tax, Code]}, as: token, search: true}"
SEALED = "{id: x, on: {fields: [Tax, Code]}, as: envelope}"
BOUND = "{id: x, on: {fields: [Tax, Code]}, as: envelope, element: person.number}"
LEAVING = "{id: x, on: {fields: [Tax, Code]}, as: token, leaving: true}"
SAME = f"{{id: x, on: {{fields: [Tax, Code]}}, as: deterministic, {WAIVE}}}"
RENAMED = "{id: y, on: {fields: [Code, Tax]}, as: token}"
WHAT = "protection of crm:Contact.{Code, Tax}"


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """A CRM with two fields that can be protected in any way."""
    contact = bench.catalogues["crm"]["Contact"]
    number = FieldSpec("user.government_id", length=255)
    bench.catalogues["crm"]["Contact"] = replace(
        contact, fields={**contact.fields, "Tax": number, "Code": number}
    )
    return bench


@pytest.mark.parametrize(
    ("old", "new", "verdict", "says"),
    [
        ("", TOKEN, TIGHTENED, "is new: the CRM gets a token, and no value in clear"),
        (TOKEN, "", LOOSENED, "is gone: the CRM gets values in clear, before a token"),
        (TOKEN, LEAVING, LOOSENED, "is being taken out: the CRM gets values in clear"),
        (LEAVING, TOKEN, TIGHTENED, "is not taken out any more: the CRM gets a token"),
        (TOKEN, SEALED, None, "the CRM gets ciphertext, before a token"),
        (SEALED, SAME, LOOSENED, "the CRM gets the same ciphertext for the same value, before ciphertext"),
        (SAME, SEALED, TIGHTENED, "the CRM gets ciphertext, before the same ciphertext for the same value"),
        (TOKEN, FOUND, LOOSENED, "equality finds values, for whoever may filter by them"),
        (FOUND, TOKEN, TIGHTENED, "equality finds values no more"),
        (SEALED, BOUND, None, "values are bound to person.number, before to user.government_id"),
    ],
)
def test_a_change_is_told_once_for_all_fields_that_change_alike(
    bench: Bench, old: str, new: str, verdict: Verdict | None, says: str
) -> None:
    """Which way it goes is told as of a mask; cells are the same before and after."""
    before, after = (bench.check(f"protect: [{each}]\n").policies for each in (old, new))
    assert before is not None
    assert after is not None
    found = [(note.verdict, note.text) for note in notes(before, after) if note.what == WHAT]
    assert (verdict, says) in found
    assert len(found) == (2 if {SAME, SEALED} == {old, new} else 1)


def test_another_entry_for_the_same_is_no_change(bench: Bench) -> None:
    """What lies in the CRM is what counts, not who says so."""
    before, after = (bench.check(f"protect: [{each}]\n").policies for each in (TOKEN, RENAMED))
    assert before is not None
    assert after is not None
    assert notes(before, after) == ()
