"""Decisions about records, made again by how conditions were answered: what is claimed is true."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.connectors.facts import Known
from proxy.model import (
    Access,
    Action,
    AttributeSpec,
    Catalogue,
    FieldSpec,
    ObjectSpec,
    Principal,
    Purpose,
    Recipient,
)
from proxy.policy import Decider, PolicySet
from proxy.policy.plan.replay import FACTS, replay
from proxy.policy.witness import written

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
WHO = Principal("p", "app", frozenset({"agent"}), Recipient("desk", country="IE"))
FIELDS = ("Name", "Phone")
WHENS = (
    "resource.vip",
    "!resource.vip",
    "resource.shy",
    "resource.vip && resource.shy",
    "resource.vip || resource.shy",
)


@pytest.fixture
def catalogues() -> Mapping[str, Catalogue]:
    """A person with two things to ask."""
    fields = {"Name": FieldSpec("user.name"), "Phone": FieldSpec("user.contact.phone_number")}
    asked = {name: AttributeSpec(name.title(), "bool") for name in ("vip", "shy")}
    return {"crm": {"Person": ObjectSpec("Person", fields, attributes=asked)}}


def _rules(names: str, guard: str) -> str:
    return f"""\
grants:
  - {{id: names, effect: allow, roles: [agent], recipients: [desk], on: {{fields: [Name]}}, actions: [read],
     when: '{names}'}}
  - {{id: phones, effect: allow, roles: [agent], recipients: [desk], on: {{fields: [Phone]}}, actions: [read]}}
guards:
  - {{id: veil, effect: redact, on: {{fields: [Phone]}}, actions: [read], when: '{guard}'}}
"""


def _facts(vip: bool | None, shy: bool | None) -> Known:
    known = Known({name: value for name, value in (("vip", vip), ("shy", shy)) if value is not None})
    known.unknown = frozenset({"vip", "shy"} - known.keys())
    return known


def _effects(policies: PolicySet, people: list[Known]) -> tuple[Decider, list[tuple[str, str]]]:
    plan = policies.plan(
        connector="crm",
        roles=WHO.roles,
        purpose="support",
        recipient="desk",
        action=Action.READ,
        object="Person",
    )
    decider = Decider(plan, Access(WHO, Purpose("support"), Action.READ, "Person", now=NOW))
    found = []
    for each in people:
        decision = decider.of_record(each)
        found += [(decision.of(field).effect.name.lower(), field) for field in FIELDS]
    return decider, found


def _recorded(policies: PolicySet, people: list[Known]) -> list[dict[str, object]]:
    decider, effects = _effects(policies, people)
    common = {"id": "1", "roles": ["agent"], "purpose": "support", "recipient": "desk", "connector": "crm"}
    marks = policies.marks("crm", "Person", decider.conditions)
    return [
        {"kind": "requested", **common, "operations": ["read Person"], "fields": []},
        {
            "kind": "disclosed",
            **common,
            "part": 1,
            "fields": sorted({f"{effect} Person.{field}" for effect, field in effects}),
            "facts": [written(Action.READ, "Person", marks, decider.seen)],
        },
    ]


def _load(bench: Any, names: str, guard: str) -> PolicySet:
    policies = bench.check(_rules(names, guard)).policies
    assert isinstance(policies, PolicySet)
    return policies


PEOPLE = st.lists(
    st.builds(_facts, st.sampled_from([True, False, None]), st.sampled_from([True, False, None])),
    min_size=1,
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(PEOPLE, st.sampled_from(WHENS), st.sampled_from(WHENS), st.sampled_from(WHENS), st.sampled_from(WHENS))
def test_what_is_claimed_is_true(  # noqa: PLR0917
    bench: Any, people: list[Known], names: str, guard: str, other_names: str, other_guard: str
) -> None:
    """By the same policy nothing changes; by another, one record is told exactly or not at all."""
    old = _load(bench, names, guard)
    entries = _recorded(old, people)
    same = replay(entries, old, date(2026, 11, 23))
    assert same.changed == 0
    if len(people) == 1:
        assert same.replayable == 2
    new = _load(bench, other_names, other_guard)
    found = replay(entries, new, date(2026, 11, 23))
    before = {field: effect for effect, field in _effects(old, people)[1]}
    after = {field: effect for effect, field in _effects(new, people)[1]}
    told = {way.what.rpartition(".")[2]: (way.was, way.now) for way in found.ways}
    if len(people) == 1:
        for field, (was, now) in told.items():
            assert (was, now.partition("(")[0]) == (before[field], after[field])
        if found.replayable == 2:
            assert {field for field in FIELDS if before[field] != after[field]} == told.keys()
    elif _effects(old, people)[1] == _effects(new, people)[1]:
        assert told == {}


def test_a_condition_of_today_that_was_asked_then_is_known(bench: Any) -> None:
    """A guard taken away is told for the record that it had closed, which names alone could not say."""
    entries = _recorded(_load(bench, "resource.vip", "resource.shy"), [_facts(True, True)])
    found = replay(entries, _load(bench, "resource.vip", "resource.vip && resource.shy"), date(2026, 11, 23))
    # The new condition has another mark, and its parts were asked by themselves: nothing is open.
    assert (found.replayable, found.changed) == (2, 0)
    opened = replay(entries, _load(bench, "resource.vip", "!resource.vip"), date(2026, 11, 23))
    (way,) = opened.ways
    assert (way.opens, way.what, way.was, way.now) == (True, "read Person.Phone", "redact", "allow")


def test_what_was_not_asked_then_is_not_known(bench: Any) -> None:
    """Nor is anything where nothing was recorded, as in older entries, or too much."""
    entries = _recorded(_load(bench, "resource.vip", "resource.vip"), [_facts(True, True)])
    other = _load(bench, "resource.vip", "resource.shy")
    assert replay(entries, other, date(2026, 11, 23)).not_replayable == {FACTS: 1}
    for facts in ([], ["read Person 0123456789abcdef: more"], ["nonsense"]):
        bare = [entries[0], {**entries[1], "facts": facts}]
        assert replay(bare, other, date(2026, 11, 23)).not_replayable == {FACTS: 1}
