"""The compiled decision against a reference that knows nothing of it, and the algebra every review relies on."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.model import (
    Access,
    Action,
    AttributeSpec,
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
PURPOSES_BY_CONSENT = {"marketing.newsletter": "marketing.newsletter"}
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


LEAVES: dict[str, Any] = {
    "resource.restricted": lambda facts, _: _typed(facts, "restricted", bool),
    "!resource.restricted": lambda facts, _: not _typed(facts, "restricted", bool),
    'has(resource.country) && resource.country == "IE"': (
        lambda facts, _: facts.get("country") is not None and _typed(facts, "country", str) == "IE"
    ),
    "resource.level > 3": lambda facts, _: _typed(facts, "level", int) > 3,
    '"vip" in resource.consents': lambda facts, _: "vip" in _texts(facts, "consents"),
    'consent("marketing.newsletter")': (
        lambda facts, _: bool({"marketing", "marketing.newsletter"} & set(_texts(facts, "consents")))
    ),
    'recipient.name == "desk"': lambda _, ask: ask["recipient"] == "desk",
    '"lead" in principal.roles': lambda _, ask: "lead" in ask["roles"],
    'now < timestamp("2026-11-23T12:00:00Z")': lambda _, __: False,
    'variables.abroad && purpose != "support"': (
        lambda facts, ask: (
            ask["purpose"] != "support"
            and facts.get("country") is not None
            and _typed(facts, "country", str) not in ("IE", "DE")
        )
    ),
}
"""What a condition says, and the same in Python; whatever raises is an error."""


def _typed(facts: Mapping[str, Any], name: str, wanted: type) -> Any:
    if type(facts[name]) is not wanted:
        raise TypeError
    return facts[name]


def _texts(facts: Mapping[str, Any], name: str) -> list[str]:
    if any(type(each) is not str for each in _typed(facts, name, list)):
        raise TypeError
    return facts[name]


def _holds(when: Any, ask: Mapping[str, Any]) -> bool | None:
    """Return what a condition comes to; None for an error."""
    if isinstance(when, str):
        try:
            return bool(LEAVES[when](ask["facts"], ask))
        except (KeyError, TypeError):
            return None
    ((word, items),) = when.items() if isinstance(when, dict) else [("all", when)]
    found = [_holds(each, ask) for each in items]
    decisive = word != "all"
    whole = decisive if decisive in found else None if None in found else not decisive
    return whole if word != "none" or whole is None else not whole


def _matches(rule: Mapping[str, Any], kind: str, ask: Mapping[str, Any]) -> bool:
    found = _holds(rule["when"], ask) if "when" in rule else True
    return found is True if kind == "grants" else found is not False


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
    grants = [rule for rule in policy["grants"] if _matches(rule, "grants", ask)]
    guards = [rule for rule in policy["guards"] if _matches(rule, "guards", ask)]
    if PURPOSES_BY_CONSENT.get(ask["purpose"]):
        said = f'consent("{PURPOSES_BY_CONSENT[ask["purpose"]]}")'
        grants = [rule for rule in grants if _holds(said, ask)]
    doors = [_place(rule) for rule in grants if _speaks(rule, ask, field)]
    asked = [field]
    if field == "" and ask["action"] in RECORD_ACTIONS:
        asked = ["", *FIELDS]
    walls = [_place(rule) for rule in guards if any(_speaks(rule, ask, each) for each in asked)]
    return max(min(doors), max(walls, default=(0, 0))) if doors else (5, 0)


# ---- what is compared with it --------------------------------------------------------------------------------


def _catalogues() -> dict[str, Catalogue]:
    fields = {name: FieldSpec(category, frozenset(tags)) for name, (category, tags) in FIELDS.items()}
    known = {
        "restricted": AttributeSpec("R", "bool"),
        "country": AttributeSpec("C", "string", optional=True),
        "level": AttributeSpec("L", "int"),
        "consents": AttributeSpec("X", "list<string>"),
    }
    return {
        crm: {name: ObjectSpec(name, fields, attributes=known) for name in names}
        for crm, names in OBJECTS.items()
    }


VOCABULARY = {
    "apiVersion": "lychgate.dev/v1",
    "kind": "Vocabulary",
    "metadata": {"name": "words"},
    "roles": {name: {} for name in ROLES},
    "purposes": {
        name: {"lawful_basis": "consent", "consent": PURPOSES_BY_CONSENT[name]}
        if name in PURPOSES_BY_CONSENT
        else {"lawful_basis": "contract"}
        for name in PURPOSES
    },
    "sets": {"near": ["IE", "DE"]},
    "variables": {"abroad": "has(resource.country) && !(resource.country in sets.near)"},
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


_WHENS = st.recursive(
    st.sampled_from(sorted(LEAVES)),
    lambda inner: st.builds(
        lambda word, items: {word: items},
        st.sampled_from(["any", "all", "none"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=5,
).map(lambda when: [when])
_FACTS = st.fixed_dictionaries(
    {},
    optional={
        "restricted": st.sampled_from([True, False, None, "yes"]),
        "country": st.sampled_from(["IE", "JP", None, 7]),
        "level": st.sampled_from([1, 5, True, "5"]),
        "consents": st.sampled_from([[], ["vip"], ["marketing"], ["marketing.newsletter", "vip"], "vip", [1]]),
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
            "when": _WHENS,
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
        "facts": _FACTS,
    }
)


def _decision(policies: PolicySet, ask: Mapping[str, Any]) -> Decision:
    action, roles = Action(ask["action"]), frozenset(ask["roles"])
    question = {name: value for name, value in ask.items() if name != "facts"}
    plan = policies.plan(**{**question, "roles": roles, "action": action})
    principal = Principal("c", "c", roles, Recipient(ask["recipient"]))
    now = datetime.fromtimestamp(NOON, UTC)
    return decide(plan, Access(principal, Purpose(ask["purpose"]), action, ask["object"], ask["facts"], now))


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


def _conditioned(effects: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rules for everybody that depend on nothing but their conditions."""
    rule = st.builds(
        lambda effect, mask, when, fields: (
            {"effect": effect, "actions": ["*"], "on": {"fields": fields}, "when": when}
            | ({"with": mask} if effect == "mask" else {})
        ),
        st.sampled_from(effects),
        st.sampled_from(sorted(STRENGTH)),
        _WHENS,
        _some(["Name", "Phone", "City"]),
    )
    return st.lists(rule, max_size=3)


@settings(max_examples=300, deadline=None)
@given(
    grants=_conditioned(["allow", "mask"]),
    guards=_conditioned(["mask", "redact", "deny"]),
    opened=st.booleans(),
    ask=_ASKS,
)
def test_conditions_decide_as_the_reference_says(
    compiled: Any,
    grants: list[dict[str, Any]],
    guards: list[dict[str, Any]],
    ask: dict[str, Any],
    *,
    opened: bool,
) -> None:
    """With nothing else in the way: true, false and in error, for grants and for guards."""
    always = [{"effect": "allow", "actions": ["*"]}] if opened else []
    policy = _numbered(always + grants, guards)
    found = _weights(_decision(compiled(policy), ask))
    assert {field: found[field] for field in FIELDS} == {
        field: _reference(policy, ask, field) for field in FIELDS
    }


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
    """Where no `except`, condition or guard names roles, one more role never closes anything."""
    grants = [{k: v for k, v in rule.items() if k not in ("except", "when")} for rule in policy["grants"]]
    guards = [
        {k: v for k, v in rule.items() if k not in ("except", "roles", "when")} for rule in policy["guards"]
    ]
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
