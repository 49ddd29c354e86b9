"""Recorded decisions made again."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from proxy.model import AttributeSpec, Catalogue, FieldSpec, ObjectSpec
from proxy.policy.compile import PolicySet
from proxy.policy.plan.replay import FACTS, OLDER, SEVERAL, UNKNOWN, Replayed, Way, replay

TODAY = date(2026, 11, 23)
GRANTS = """\
grants:
  - {id: names, effect: allow, roles: [agent], recipients: [desk], on: {fields: [Name]}, actions: [read, filter]}
  - id: phone
    effect: mask
    with: last4
    roles: [agent]
    recipients: [desk]
    on: {fields: [Phone]}
    actions: [read]
  - id: vip
    effect: allow
    roles: [lead]
    recipients: [desk]
    on: {fields: [Name]}
    actions: [read]
    when: resource.vip
"""


@pytest.fixture
def catalogues() -> Mapping[str, Catalogue]:
    """An object with a dot in its name."""
    fields = {"Name": FieldSpec("user.name"), "Phone": FieldSpec("user.contact.phone_number")}
    vip = {"vip": AttributeSpec("Vip", "bool")}
    return {"crm": {"party.party": ObjectSpec("party.party", fields, attributes=vip)}}


def entry(kind: str, *fields: str, **more: object) -> dict[str, object]:
    """Return an entry as the ledger has it."""
    common = {"id": "1", "roles": ["agent"], "purpose": "support", "recipient": "desk", "connector": "crm"}
    of_kind: dict[str, dict[str, object]] = {
        "requested": {"operations": ["read party.party"]},
        "declined": {"operations": ["read party.party"], "stage": "policy", "detail": "party.party"},
        "disclosed": {"part": 1},
    }
    return {"kind": kind, **common, **of_kind[kind], "fields": list(fields), **more}


def again(bench: Any, *entries: dict[str, object], rules: str = GRANTS) -> Replayed:
    """Make decisions again by some rules."""
    policies = bench.check(rules).policies
    assert isinstance(policies, PolicySet)
    return replay(entries, policies, TODAY)


READ = entry("requested", "read party.party.Name")


def test_what_comes_out_the_same_is_no_change(bench: Any) -> None:
    """A request that is allowed, and its answer; which mask it was is not recorded."""
    found = again(bench, READ, entry("disclosed", "allow party.party.Name", "mask party.party.Phone"))
    assert (found.decisions, found.replayable, found.changed, found.ways) == (2, 2, 0, {})
    assert not found.opens


def test_each_field_that_comes_out_differently_is_told_with_who_and_why(bench: Any) -> None:
    """What opens first; the rule is the one that decides now."""
    rules = GRANTS.replace("effect: mask\n    with: last4", "effect: allow") + (
        "guards:\n  - {id: veil, effect: redact, on: {fields: [Name]}, actions: [read]}\n"
    )
    answer = entry("disclosed", "allow party.party.Name", "mask party.party.Phone")
    found = again(bench, READ, answer, READ, answer, rules=rules)
    who = (("agent",), "support", "desk", "crm")
    assert list(found.ways.items()) == [
        (Way(True, *who, "read party.party.Phone", "mask", "allow", "phone"), 2),
        (Way(False, *who, "read party.party.Name", "allow", "redact", "veil"), 2),
    ]
    assert (found.decisions, found.changed, found.opens) == (4, 2, True)


@pytest.mark.parametrize(
    ("recorded", "change"),
    [
        (entry("requested", "filter party.party.Name", "read party.party.Name"), None),
        (
            entry("requested", "filter party.party.Phone", "read party.party.Name"),
            ("request: filter party.party.Phone", "allowed", "refused"),
        ),
        (
            entry(
                "declined", "filter party.party.Name", "read party.party.Name", detail="filter party.party.Name"
            ),
            ("request: filter party.party.Name", "refused", "allowed"),
        ),
        (entry("declined", "filter party.party.Phone", detail="filter party.party.Phone"), None),
        (
            entry("requested", operations=["delete party.party"]),
            ("request: delete party.party", "allowed", "refused"),
        ),
        (entry("requested", roles=["gone"]), ("request: read party.party", "allowed", "refused")),
        (entry("requested", recipient="mailer"), ("request: read party.party", "allowed", "refused")),
    ],
)
def test_a_request_is_judged_again_as_a_whole(
    bench: Any, recorded: dict[str, object], change: tuple[str, str, str] | None
) -> None:
    """With the request's half of deciding itself; one refused use refuses it."""
    found = again(bench, recorded)
    assert found.replayable == 1
    assert [(way.what, way.was, way.now) for way in found.ways] == ([change] if change else [])
    assert found.opens == bool(change and change[2] == "allowed")


@pytest.mark.parametrize(
    ("recorded", "reason"),
    [
        (
            [
                entry("requested", connector=""),
            ],
            OLDER,
        ),
        ([{"kind": "requested", "id": "1"}], OLDER),
        ([entry("requested", operations=["read party.party", "delete party.party"])], SEVERAL),
        ([entry("requested", operations=["fly party.party"])], UNKNOWN),
        ([entry("disclosed", "allow party.party.Name")], SEVERAL),  # its request is not there
    ],
)
def test_what_cannot_be_made_again_is_counted_with_its_reason(
    bench: Any, recorded: list[dict[str, object]], reason: str
) -> None:
    """Never guessed, and never taken for unchanged."""
    found = again(bench, *recorded)
    assert (found.decisions, found.replayable, found.not_replayable, found.ways) == (1, 0, {reason: 1}, {})


def test_what_was_let_through_is_judged_by_what_could_be_shown_at_best(bench: Any) -> None:
    """As it was when it was asked; unless a condition looks at more of the caller than is on record."""
    asked = entry("requested", "read party.party.Name", roles=["lead"])
    assert (again(bench, asked).replayable, again(bench, asked).changed) == (1, 0)
    by_kind = GRANTS.replace("when: resource.vip", 'when: principal.kind == "human"')
    assert again(bench, asked, rules=by_kind).not_replayable == {FACTS: 1}


def test_a_condition_that_makes_no_difference_does_not_stand_in_the_way(bench: Any) -> None:
    """Phone is denied to leads whatever the facts; of Name it is not known, and the rest is told."""
    found = again(
        bench,
        entry("requested", roles=["lead", "agent"]),
        entry("disclosed", "mask party.party.Phone", "redact party.party.Name", roles=["lead", "agent"]),
        entry("requested", roles=["lead"], id="2"),
        entry("disclosed", "mask party.party.Phone", "redact party.party.Name", roles=["lead"], id="2"),
    )
    assert found.not_replayable == {FACTS: 1}
    assert [(way.roles, way.what, way.was, way.now) for way in found.ways] == [
        (("agent", "lead"), "read party.party.Name", "redact", "allow"),
        (("lead",), "read party.party.Phone", "mask", "deny"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        entry("disclosed", "deny party.party.Phone", part=2),  # the same decision, about more people
        entry("declined", stage="identity"),
        {"kind": "failed", "id": "1", "stage": "upstream"},
        {"kind": "noted"},
        {},
    ],
)
def test_what_policy_did_not_decide_is_not_counted(bench: Any, other: dict[str, object]) -> None:
    """The denominator is decisions, not entries."""
    assert again(bench, other).decisions == 0
