"""Conditions of rules, checked against the objects that the rules reach."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from proxy.model import Access, Action, AttributeSpec, Decision, Effect, Facts, Principal, Purpose, Recipient
from proxy.policy import Decider, PolicySet, decide

KNOWN = {
    "restricted": AttributeSpec("R", "bool"),
    "seen": AttributeSpec("S", "timestamp", optional=True),
    "consents": AttributeSpec("X", "list<string>", default=()),
    "tier": AttributeSpec("T", "string", words=frozenset({"gold", "plain"})),
}
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OPEN = (
    "grants:\n  - {id: open, effect: allow, actions: ['*'], recipients: [desk], on: {fields: [Name, Phone]%s}}\n"
)


@pytest.fixture
def bench(bench: Any) -> Any:
    """Return the bench with contacts that have attributes."""
    catalogue = dict(bench.catalogues["crm"])
    catalogue["Contact"] = replace(catalogue["Contact"], attributes=KNOWN)
    bench.catalogues = {**bench.catalogues, "crm": catalogue}
    return bench


def _guard(when: str, on: str = "objects: [Contact], ") -> str:
    return (
        "guards:\n  - id: veil\n    effect: redact\n    actions: [read]\n"
        f"    on: {{{on}fields: [Phone]}}\n    when: {when}\n"
    )


def _access(facts: Facts | None, **other: Any) -> Access:
    who = Principal("c", "c", frozenset({"agent"}), Recipient("desk"))
    known = {"principal": who, "purpose": Purpose("support"), "action": Action.READ, "object": "Contact"}
    return Access(**{**known, **other}, facts=facts, now=NOW)


def _decision(
    policies: PolicySet, facts: Facts | None, action: Action = Action.READ, why: str = "support"
) -> Decision:
    plan = policies.plan(
        connector="crm",
        roles=frozenset({"agent"}),
        purpose=why,
        recipient="desk",
        action=action,
        object="Contact",
    )
    return decide(plan, _access(facts, action=action, purpose=Purpose(why)))


@pytest.mark.parametrize(
    ("when", "on", "code", "message"),
    [
        ("[resource.restrictd]", "", "LG101", "unknown attribute resource.restrictd (did you mean"),
        ("resource.restricted == 'yes'", "", "LG122", "does not go with"),
        ("resource.seen < now", "", "LG105", "resource.seen is optional"),
        ("resource.tier == 'silver'", "", "LG101", 'resource.tier is never "silver"'),
        ("[resource.restricted, {any: [resource.restricted &&]}]", "", "LG121", ""),
        ("[]", "", "LG121", "the list is empty"),
        ("variables.near", "", "LG101", "unknown variable"),
        ("\"'DE' in sets.ner\"", "", "LG101", "unknown set"),
        ('purpose == "suport"', "", "LG101", 'did you mean "support"?'),
        ('consent("spam")', "", "LG101", 'unknown purpose "spam"'),
        ("resource.restricted", "objects: [Contact, Account]", "LG101", "[Account of crm]"),
    ],
)
def test_a_mistaken_condition_is_told_at_its_place(
    bench: Any, when: str, on: str, code: str, message: str
) -> None:
    """Names, types, optional attributes and words are checked before anything is decided."""
    fields = "fields: [Name]" if on else "fields: [Phone]"
    text = _guard(when).replace("objects: [Contact], fields: [Phone]", on or f"objects: [Contact], {fields}")
    checked = bench.check(text)
    found = [each for each in checked.problems if each.severity == "error"]
    assert [(each.code, each.line) for each in found] == [(code, 9)]
    assert message in found[0].message
    assert checked.policies is None


def test_a_condition_that_is_always_the_same_is_reported(bench: Any) -> None:
    """LG116: a guard that always holds needs no condition, and one that never does is no guard."""
    found = [each for each in bench.found(_guard("resource.restricted || true")) if each[0] == "LG116"]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("facts", "effect"),
    [
        ({"restricted": True}, Effect.REDACT),
        ({"restricted": False}, Effect.ALLOW),
        ({"restricted": None}, Effect.REDACT),  # an error makes a guard match
        ({"restricted": "no"}, Effect.REDACT),
        ({}, Effect.REDACT),
        (None, Effect.REDACT),
    ],
)
def test_a_guard_matches_unless_its_condition_is_false(bench: Any, facts: Any, effect: Effect) -> None:
    """What is not known cannot keep a wall from standing."""
    policies = bench.check(OPEN % ", objects: [Contact]" + _guard("[resource.restricted]")).policies
    decision = _decision(policies, facts)
    assert (decision.of("Phone").effect, decision.of("Name").effect) == (effect, Effect.ALLOW)
    assert decision.by_record


@pytest.mark.parametrize(
    ("facts", "effect"),
    [
        ({"restricted": False}, Effect.ALLOW),
        ({"restricted": True}, Effect.DENY),
        ({}, Effect.DENY),  # an error keeps a grant from matching
        (None, Effect.DENY),
    ],
)
def test_a_grant_matches_only_if_its_condition_is_true(bench: Any, facts: Any, effect: Effect) -> None:
    """What is not known opens nothing."""
    rules = OPEN.replace("%s}", ", objects: [Contact]}, when: '!resource.restricted'")
    assert _decision(bench.check(rules).policies, facts).of("Name").effect is effect


@pytest.mark.parametrize(
    ("actions", "when", "told"),
    [
        ("[read, list]", "'!resource.restricted'", False),
        ("[read, update]", "'!resource.restricted'", True),
        ("[filter]", "'consent(\"support\")'", True),
        ("[update]", "principal.kind == 'human'", False),  # known before there is a record
    ],
)
def test_a_grant_that_waits_for_a_record_is_reported(bench: Any, actions: str, when: str, told: bool) -> None:
    """LG102: what is written or queried by is decided before the CRM has sent anything."""
    rules = OPEN.replace("%s}", f", objects: [Contact]}}, when: {when}").replace("['*']", actions)
    found = [each[3] for each in bench.found(rules) if each[0] == "LG102"]
    assert bool(found) is told
    assert all(each.endswith("there is none yet") for each in found)


def test_a_guard_that_waits_for_a_record_is_reported_too(bench: Any) -> None:
    """LG127: it refuses every query and write; whoever means that leaves the condition out."""
    found = [each[3] for each in bench.found(_guard("resource.restricted").replace("[read]", "[read, filter]"))]
    message = "guard veil always holds for filter: its condition looks at the record; there is none yet"
    assert found == [message]


def test_without_a_record_even_has_is_an_error(bench: Any) -> None:
    """Before there is an answer, what looks at the record opens nothing and closes everything."""
    guard = _guard("has(resource.seen)").replace("[read]", "[update]")
    policies = bench.check(OPEN % ", objects: [Contact]" + guard).policies
    assert _decision(policies, None, Action.UPDATE).of("Phone").effect is Effect.REDACT
    assert _decision(policies, {}, Action.UPDATE).of("Phone").effect is Effect.ALLOW


def test_what_could_be_shown_is_foreseen_and_what_depends_on_the_request_is_not(bench: Any) -> None:
    """A read may go to the CRM if some record could be shown; what is known already counts as it is."""
    grant = "effect: allow, actions: [read], recipients: [desk], on: {objects: [Contact], fields: [%s]}"
    rules = (
        f"grants:\n  - {{id: a, {grant % 'Name'}, when: '!resource.restricted'}}\n"
        f"  - {{id: b, {grant % 'Phone'}, when: ['!resource.restricted', '\"lead\" in principal.roles']}}\n"
    )
    policies = bench.check(rules).policies
    plan = policies.plan(
        connector="crm",
        roles=frozenset({"agent"}),
        purpose="support",
        recipient="desk",
        action=Action.READ,
        object="Contact",
    )
    foreseen = Decider(plan, _access(None)).foreseen()
    assert (foreseen.of("Name").effect, foreseen.of("Phone").effect) == (Effect.ALLOW, Effect.ALLOW)
    split = policies.rules_for(
        connector="crm",
        roles=frozenset({"agent"}),
        purpose="support",
        recipient="desk",
        action=Action.READ,
        object="Contact",
    )
    assert [(each.rule.id, len(each.conditions)) for each in split] == [("a", 1), ("b", 1)]
    assert plan.attributes == {"restricted"}


def test_a_purpose_that_rests_on_consent_asks_for_it_on_every_grant(bench: Any) -> None:
    """Whatever the grant says; a broader consent covers a narrower purpose, and no consent none."""
    basis = "{lawful_basis: consent, consent: %s}"
    words = f"purposes:\n  news: {basis % 'news'}\n  news.shop: {basis % 'news.shop'}\n"
    bench.write("more.yaml", words, kind="Vocabulary")
    policies = bench.check(OPEN % ", objects: [Contact]").policies
    given = [("news",), ["news.shop"], (), None, "news", [["news"]]]
    facts = [{"consents": each} for each in given if each is not None] + [{}, None]
    seen = [
        tuple(_decision(policies, each, why=why).of("Name").effect.name for why in ("news", "news.shop"))
        for each in facts
    ]
    assert seen == [("ALLOW", "ALLOW"), ("DENY", "ALLOW"), *[("DENY", "DENY")] * 5]
    assert _decision(policies, {}).of("Name").effect is Effect.ALLOW


def test_without_a_time_what_looks_at_it_is_an_error(bench: Any) -> None:
    """A missing clock opens nothing."""
    rules = OPEN.replace("%s}", ", objects: [Contact]}, when: 'now > timestamp(\"2000-01-01T00:00:00Z\")'")
    policies = bench.check(rules).policies
    assert _decision(policies, {}).of("Name").effect is Effect.ALLOW
    plan = policies.plan(
        connector="crm",
        roles=frozenset({"agent"}),
        purpose="support",
        recipient="desk",
        action=Action.READ,
        object="Contact",
    )
    untimed = decide(plan, replace(_access({}), now=None))
    assert untimed.of("Name").effect is Effect.DENY
    assert not _decision(policies, {}).by_record


def test_records_that_come_out_alike_share_one_table(bench: Any) -> None:
    """What is compiled from a decision is found again by its table of outcomes."""
    guard = _guard("[resource.restricted, 'resource.tier == \"gold\"']")
    policies = bench.check(OPEN % ", objects: [Contact]" + guard).policies
    facts = [{"restricted": yes, "tier": tier} for yes in (True, False) for tier in ("gold", "plain")]
    found = [_decision(policies, each).outcomes for each in facts]
    assert found[1] is found[2] is found[3]
    assert found[0] is _decision(policies, facts[0]).outcomes
    assert found[0] is not found[1]


def test_a_file_s_sets_and_variables_are_there_in_conditions(bench: Any) -> None:
    """Variables may name sets and each other; the digest covers them."""
    words = (
        "sets: {near: [IE]}\n"
        "variables: {calm: '!resource.restricted', ok: variables.calm && 'IE' in sets.near}\n"
    )
    bench.write("more.yaml", words, kind="Vocabulary")
    rules = OPEN.replace("%s}", ", objects: [Contact]}, when: variables.ok")
    checked = bench.check(rules)
    assert _decision(checked.policies, {"restricted": False}).of("Name").effect is Effect.ALLOW
    bench.write("more.yaml", words.replace("near: [IE]", "near: [IE, DE]"), kind="Vocabulary")
    assert bench.check(rules).policies.digest != checked.policies.digest


def test_the_digest_covers_what_conditions_know(bench: Any) -> None:
    """A default that changes decides differently."""
    rules = OPEN % ", objects: [Contact]" + _guard("resource.restricted")
    before = bench.check(rules).policies.digest
    contact = bench.catalogues["crm"]["Contact"]
    other = replace(contact, attributes={**KNOWN, "restricted": AttributeSpec("R", "bool", default=False)})
    bench.catalogues = {"crm": {**bench.catalogues["crm"], "Contact": other}, "hub": bench.catalogues["hub"]}
    assert bench.check(rules).policies.digest != before


def test_a_purpose_that_does_not_say_what_people_consent_to_is_reported(bench: Any) -> None:
    """LG108; until it does, its own name is what they must have consented to."""
    bench.write("more.yaml", "purposes:\n  news: {lawful_basis: consent}\n", kind="Vocabulary")
    checked = bench.check(OPEN % ", objects: [Contact]")
    told = [(each.code, each.line) for each in checked.problems if each.code != "LG136"]
    assert told == [("LG108", 5)]
    assert _decision(checked.policies, {"consents": ["news"]}, why="news").of("Name").effect is Effect.ALLOW
    assert _decision(checked.policies, {"consents": ["mail"]}, why="news").of("Name").effect is Effect.DENY
