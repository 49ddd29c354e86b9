"""Sizes of groups, forms of values, retention and holds, before and after."""

from dataclasses import replace

import pytest

from proxy.model import AttributeSpec
from proxy.policy.compile import PolicySet
from proxy.policy.plan import Note, Verdict, notes
from tests.policy.conftest import Bench

LOOSENED, TIGHTENED, MIXED = Verdict.LOOSENED, Verdict.TIGHTENED, Verdict.MIXED
FIVE = "minimum_groups: [{id: g, on: {categories: [user]}, minimum: 5}]"
TEN = "minimum_groups: [{id: g, on: {categories: [user]}, minimum: 10}]"
BUT = "minimum_groups: [{id: g, on: {categories: [user]}, minimum: 10, except: {roles: [agent]}}]"
BOTH = f"{FIVE[:-1]}, {{id: h, on: {{categories: [user]}}, minimum: 10}}]"
MAIL = "validity: [{id: v, on: {objects: [Contact], fields: [Name]}, form: email}]"
WARNED = "validity: [{id: v, on: {objects: [Contact], fields: [Name]}, form: email, mode: warn}]"
OTHER = "validity: [{id: v, on: {objects: [Contact], fields: [Name]}, form: pattern, pattern: 'x+'}]"


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """A CRM whose contacts have a clock."""
    contact = bench.catalogues["crm"]["Contact"]
    attributes = {**contact.attributes, "last_activity": AttributeSpec("LastActivity", "timestamp")}
    contacts = {**bench.catalogues["crm"], "Contact": replace(contact, attributes=attributes)}
    bench.catalogues = {**bench.catalogues, "crm": contacts}
    return bench


def _set(bench: Bench, rules: str, retention: str = "") -> PolicySet:
    bench.write("retention.yaml", retention or "rules: []", kind="Retention")
    checked = bench.check(rules or "grants: []")
    assert checked.policies is not None, checked.problems
    return checked.policies


def _about(found: tuple[Note, ...], word: str) -> list[tuple[Verdict | None, str]]:
    return [(note.verdict, note.text) for note in found if note.what.startswith(word)]


@pytest.mark.parametrize(
    ("old", "new", "verdict", "says"),
    [
        (TEN, FIVE, LOOSENED, "5 records or more, before 10 records or more"),
        (FIVE, TEN, TIGHTENED, "10 records or more, before 5 records or more"),
        (TEN, "", LOOSENED, "any number of records, before 10 records or more"),
        ("", TEN, TIGHTENED, "10 records or more, before any number of records"),
        (TEN, BUT, LOOSENED, "10 records or more (not for role agent), before 10 records or more"),
        (FIVE, BUT, MIXED, "10 records or more (not for role agent), before 5 records or more"),
    ],
)
def test_a_smaller_group_shows_more(bench: Bench, old: str, new: str, verdict: Verdict, says: str) -> None:
    """And a demand that is gone shows what is computed from one person."""
    found = _about(notes(_set(bench, old), _set(bench, new)), "groups of crm:Contact")
    assert found == [(verdict, says)]


def test_a_demand_that_another_already_makes_is_no_change(bench: Bench) -> None:
    """What is demanded counts, not who demands it."""
    assert notes(_set(bench, TEN), _set(bench, BOTH)) == ()


@pytest.mark.parametrize(
    ("old", "new", "verdict", "says"),
    [
        (MAIL, "", LOOSENED, "any form, before email"),
        ("", MAIL, TIGHTENED, "email, before any form"),
        (MAIL, WARNED, LOOSENED, "email (warn), before email"),
        (WARNED, MAIL, TIGHTENED, "email, before email (warn)"),
        (MAIL, OTHER, MIXED, "pattern x+, before email"),
    ],
)
def test_values_that_were_refused_are_let_in(
    bench: Bench, old: str, new: str, verdict: Verdict, says: str
) -> None:
    """Which way it goes is told for writing."""
    found = notes(_set(bench, old), _set(bench, new))
    assert [(note.verdict, note.what, note.text) for note in found] == [
        (verdict, "values written to crm:Contact.{Name}", says)
    ]


RULE = "id: old, on: {objects: [Contact]}, clock: resource.last_activity, then: erase, basis: contract"
ERASE = f"{{{RULE}, keep: P2Y}}"
LATER = f"{{{RULE}, keep: P5Y}}"
ONLY = f"{{{RULE}, keep: P2Y, valid: {{until: 2027-05-31}}}}"
HELD = "{id: suit, because: A suit., owner: legal, until: 2027-05-31}"
LONG = "{id: suit, because: A suit., owner: legal}"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("rules: []", f"rules: [{ERASE}]", "is new: P2Y, then erase"),
        (f"rules: [{ERASE}]", "rules: []", "is gone: P2Y, then erase"),
        (f"rules: [{ERASE}]", f"rules: [{LATER}]", "P5Y, then erase, before P2Y, then erase"),
        (f"rules: [{ERASE}]", f"rules: [{ONLY}]", "changes until"),
        (f"holds: [{HELD}]", "holds: []", "is gone: until 2027-05-31"),
        (f"holds: [{HELD}]", f"holds: [{LONG}]", "until it is lifted, before until 2027-05-31"),
    ],
)
def test_how_long_is_kept_is_told_and_opens_nothing(bench: Bench, old: str, new: str, says: str) -> None:
    """Nobody is shown more by it."""
    found = notes(_set(bench, "", old), _set(bench, "", new))
    assert [(note.verdict, note.text) for note in found] == [(None, says)]
