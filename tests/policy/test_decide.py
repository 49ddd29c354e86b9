"""The compiled decision against a reference that knows nothing of it, and the algebra every review relies on."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.model import (
    Access,
    Action,
    Catalogue,
    Decision,
    Effect,
    FieldSpec,
    ObjectSpec,
    Outcome,
    Principal,
    Purpose,
    Recipient,
)
from proxy.policy import Plan, PolicySet, decide, load_policies

SCALE = ["allow", "mask", "tokenize", "encrypt", "redact", "deny"]
STRENGTH = {"weak": 50, "middle": 60, "strong": 70}
FIELDS = {
    "Id": ("system.operations", []),
    "Name": ("user.name", []),
    "Phone": ("user.contact.phone_number", []),
    "City": ("user.contact.address.city", []),
    "Health": ("user.health_and_medical", ["special"]),
    "Notes": ("user.content.private", ["free_text", "special"]),
    "New": ("unclassified", ["special"]),
}
OBJECTS = {"crm": ["Contact", "Account"], "hub": ["contacts"]}
ROLES, RECIPIENTS = ["agent", "lead", "officer"], ["desk", "mailer"]
PURPOSES = ["support", "marketing", "marketing.newsletter"]
ACTIONS = ["read", "list", "filter", "update", "delete", "export"]
RECORD_ACTIONS = {"create", "update", "delete", "erase", "export", "share", "subscribe", "attach", "administer"}
TODAY = date(2026, 11, 23)
NOON = 1_795_435_200.0


# ---- the reference: policy.md's sentences, one cell at a time, on the documents as they were written ---------


def _below(word: str, parent: str) -> bool:
    return word == parent or word.startswith(parent + ".")


def _callers_fit(who: Mapping[str, Any], roles: set[str], purpose: str, recipient: str) -> bool:
    if "roles" in who and not set(who["roles"]) & roles:
        return False
    if "purposes" in who and not any(_below(purpose, word) for word in who["purposes"]):
        return False
    return "recipients" not in who or recipient in who["recipients"]


def _field_fits(on: Mapping[str, Any], connector: str, name: str, field: str) -> bool:
    category, tags = FIELDS[field] if field else ("system.record", [])
    if category == "unclassified":
        return False
    if connector not in on.get("connectors", [connector]) or name not in on.get("objects", [name]):
        return False
    if not {"categories", "tags", "fields"} & set(on):
        return True
    return (
        any(_below(category, word) for word in on.get("categories", []))
        or bool(set(on.get("tags", [])) & set(tags))
        or (field != "" and field in on.get("fields", []))
    )


def _speaks(rule: Mapping[str, Any], ask: Mapping[str, Any], field: str) -> bool:
    who = (set(ask["roles"]), ask["purpose"], ask["recipient"])
    valid = rule.get("valid", {})
    return (
        rule.get("mode") != "audit"
        and (ask["action"] in rule["actions"] or "*" in rule["actions"])
        and _callers_fit(rule, *who)
        and not ("except" in rule and _callers_fit(rule["except"], *who))
        and valid.get("from", "0") <= TODAY.isoformat() <= valid.get("until", "9")
        and _field_fits(rule.get("on", {}), ask["connector"], ask["object"], field)
    )


def _place(rule: Mapping[str, Any]) -> tuple[int, int]:
    return (SCALE.index(rule["effect"]), STRENGTH.get(rule.get("with", ""), 0))


def _reference(policy: Mapping[str, Any], ask: Mapping[str, Any], field: str) -> tuple[int, int]:
    """Return where one field comes out: place on the scale and strength of the mask."""
    doors = [_place(rule) for rule in policy["grants"] if _speaks(rule, ask, field)]
    asked = [field]
    if field == "" and ask["action"] in RECORD_ACTIONS:
        asked = ["", *FIELDS]
    walls = [_place(rule) for rule in policy["guards"] if any(_speaks(rule, ask, each) for each in asked)]
    return max(min(doors), max(walls, default=(0, 0))) if doors else (5, 0)


# ---- what is compared with it --------------------------------------------------------------------------------


def _catalogues() -> dict[str, Catalogue]:
    fields = {name: FieldSpec(category, frozenset(tags)) for name, (category, tags) in FIELDS.items()}
    return {crm: {name: ObjectSpec(name, fields) for name in names} for crm, names in OBJECTS.items()}


VOCABULARY = {
    "apiVersion": "lychgate.dev/v1",
    "kind": "Vocabulary",
    "metadata": {"name": "words"},
    "roles": {name: {} for name in ROLES},
    "purposes": {name: {"lawful_basis": "contract"} for name in PURPOSES},
    "recipients": {name: {} for name in RECIPIENTS},
    "masks": {
        name: {"kind": "keep_last", "n": at, "strength": STRENGTH[name]} for at, name in enumerate(STRENGTH, 1)
    },
}


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a function that loads a policy as a user's file would be."""
    folder = tmp_path_factory.mktemp("decide")
    (folder / "vocabulary.yaml").write_text(json.dumps(VOCABULARY))

    def load(policy: Mapping[str, Any]) -> PolicySet:
        head = {"apiVersion": "lychgate.dev/v1", "kind": "Policy", "metadata": {"name": "p"}}
        (folder / "policy.yaml").write_text(json.dumps(head | dict(policy)))
        return load_policies(folder, _catalogues(), check_mask=lambda _: None, clock=lambda: NOON)

    return load


def _some(words: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=3, unique=True)


_WHO = {"roles": _some(ROLES), "purposes": _some(PURPOSES), "recipients": _some(RECIPIENTS)}
_ON = st.fixed_dictionaries(
    {},
    optional={
        "connectors": st.just(["crm"]),
        "objects": st.just(["Contact"]),
        "categories": _some(["user", "user.contact", "user.contact.address.city", "system", "system.record"]),
        "tags": _some(["special", "free_text"]),
        "fields": _some(list(FIELDS)),
    },
)


def _rules(effects: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    def finished(rule: dict[str, Any], mask: str) -> dict[str, Any]:
        return rule | ({"with": mask} if rule["effect"] == "mask" else {})

    rule = st.fixed_dictionaries(
        {"effect": st.sampled_from(effects), "actions": _some([*ACTIONS, "*"])},
        optional={
            **_WHO,
            "on": _ON,
            "except": st.fixed_dictionaries({}, optional=_WHO).filter(bool),
            "mode": st.sampled_from(["enforce", "warn", "audit"]),
            "valid": st.sampled_from([{"until": "2026-11-22"}, {"from": "2026-11-23"}, {"from": "2026-11-24"}]),
        },
    )
    return st.lists(st.builds(finished, rule, st.sampled_from(sorted(STRENGTH))), max_size=5)


def _numbered(grants: list[dict[str, Any]], guards: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "grants": [rule | {"id": f"grant-{at}"} for at, rule in enumerate(grants)],
        "guards": [rule | {"id": f"guard-{at}"} for at, rule in enumerate(guards)],
    }


_GRANTS, _GUARDS = _rules(["allow", "mask", "redact"]), _rules(["mask", "redact", "deny"])
_POLICIES = st.builds(_numbered, _GRANTS, _GUARDS)
_ASKS = st.fixed_dictionaries(
    {
        "connector": st.just("crm"),
        "object": st.sampled_from(OBJECTS["crm"]),
        "roles": _some(ROLES),
        "purpose": st.sampled_from(PURPOSES),
        "recipient": st.sampled_from(RECIPIENTS),
        "action": st.sampled_from(ACTIONS),
    }
)


def _decision(policies: PolicySet, ask: Mapping[str, Any]) -> Decision:
    action, roles = Action(ask["action"]), frozenset(ask["roles"])
    plan = policies.plan(**{**ask, "roles": roles, "action": action})
    principal = Principal("c", "c", roles, Recipient(ask["recipient"]))
    return decide(plan, Access(principal, Purpose(ask["purpose"]), action, ask["object"]))


def _weights(decision: Decision) -> dict[str, tuple[int, int]]:
    found = {}
    for field in ("", *FIELDS, "NeverHeardOf"):
        outcome = decision.of(field)
        assert (outcome.mask is not None) == (outcome.effect is Effect.MASK)
        found[field] = (int(outcome.effect), STRENGTH[outcome.mask.name] if outcome.mask else 0)
    return found


@settings(max_examples=300, deadline=None)
@given(policy=_POLICIES, ask=_ASKS)
def test_the_compiled_decision_equals_the_reference(
    compiled: Any, policy: dict[str, Any], ask: dict[str, Any]
) -> None:
    """Every cell of every policy comes out as the language's rules say, the record itself included."""
    found = _weights(_decision(compiled(policy), ask))
    assert found.pop("NeverHeardOf") == (5, 0)
    assert found == {field: _reference(policy, ask, field) for field in ("", *FIELDS)}


@settings(max_examples=100, deadline=None)
@given(policy=_POLICIES, guards=_GUARDS, ask=_ASKS)
def test_adding_guards_never_widens(
    compiled: Any, policy: dict[str, Any], guards: list[dict[str, Any]], ask: dict[str, Any]
) -> None:
    """No field comes out more open for a wall that was added, whatever the wall says."""
    before = _weights(_decision(compiled(policy), ask))
    added = [rule | {"id": f"new-{at}"} for at, rule in enumerate(guards)]
    after = _weights(_decision(compiled(policy | {"guards": policy["guards"] + added}), ask))
    assert all(after[field] >= before[field] for field in before)


@settings(max_examples=100, deadline=None)
@given(policy=_POLICIES, grants=_GRANTS, ask=_ASKS)
def test_adding_grants_never_tightens(
    compiled: Any, policy: dict[str, Any], grants: list[dict[str, Any]], ask: dict[str, Any]
) -> None:
    """No field comes out more closed for a door that was added."""
    before = _weights(_decision(compiled(policy), ask))
    added = [rule | {"id": f"new-{at}"} for at, rule in enumerate(grants)]
    after = _weights(_decision(compiled(policy | {"grants": policy["grants"] + added}), ask))
    assert all(after[field] <= before[field] for field in before)


@settings(max_examples=100, deadline=None)
@given(policy=_POLICIES, ask=_ASKS, data=st.data())
def test_order_means_nothing(
    compiled: Any, policy: dict[str, Any], ask: dict[str, Any], data: st.DataObject
) -> None:
    """Rules in any order give the same outcome by the same rule."""
    shuffled = {name: data.draw(st.permutations(rules)) for name, rules in policy.items()}
    assert _decision(compiled(shuffled), ask) == _decision(compiled(policy), ask)


@settings(max_examples=50, deadline=None)
@given(guards=_GUARDS, ask=_ASKS)
def test_without_a_grant_everything_is_denied(
    compiled: Any, guards: list[dict[str, Any]], ask: dict[str, Any]
) -> None:
    """Deny is where evaluation starts."""
    assert _decision(compiled(_numbered([], guards)), ask).outcomes == {}


@settings(max_examples=50, deadline=None)
@given(policy=_POLICIES, ask=_ASKS, role=st.sampled_from(ROLES))
def test_a_role_spared_by_no_rule_opens_only_doors(
    compiled: Any, policy: dict[str, Any], ask: dict[str, Any], role: str
) -> None:
    """Where no `except` and no guard names roles, one more role never closes anything."""
    grants = [{k: v for k, v in rule.items() if k != "except"} for rule in policy["grants"]]
    guards = [{k: v for k, v in rule.items() if k not in ("except", "roles")} for rule in policy["guards"]]
    policies = compiled({"grants": grants, "guards": guards})
    before = _weights(_decision(policies, ask))
    after = _weights(_decision(policies, ask | {"roles": sorted({*ask["roles"], role})}))
    assert all(after[field] <= before[field] for field in before)


@pytest.mark.parametrize(("action", "name"), [(Action.LIST, "Contact"), (Action.READ, "Account")])
def test_a_plan_for_another_question_answers_nothing(action: Action, name: str) -> None:
    """A plan that does not fit the access denies everything instead of answering something else."""
    plan = Plan(Decision(Action.READ, "Contact", {"Name": Outcome(Effect.ALLOW, None, "a")}))
    principal = Principal("c", "c", frozenset(), Recipient("desk"))
    fitting = decide(plan, Access(principal, Purpose("support"), Action.READ, "Contact"))
    other = decide(plan, Access(principal, Purpose("support"), action, name))
    assert fitting.of("Name").effect is Effect.ALLOW
    assert (other.outcomes, other.action, other.object) == ({}, action, name)
