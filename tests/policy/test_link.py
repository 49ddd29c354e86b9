"""Rules as written, with every name resolved."""

from typing import Any

import pytest

from proxy.model import Action

GRANT = "grants:\n  - {id: a, effect: allow, actions: [read], %s}\n"
ON = "on: {objects: [Contact]}"


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("roles: [agnt]", 'unknown role "agnt" (did you mean "agent"?)'),
        ("purposes: [suport]", 'unknown purpose "suport" (did you mean "support"?)'),
        ("recipients: [dsk]", 'unknown recipient "dsk" (did you mean "desk"?)'),
        ("except: {roles: [ofificer]}", 'unknown role "ofificer" (did you mean "officer"?)'),
        ("on: {connectors: [crn]}", 'unknown connector "crn" (did you mean "crm"?)'),
        ("on: {objects: [Contct]}", 'unknown object "Contct" (did you mean "Contact"?)'),
        ("on: {connectors: [hub], objects: [Contact]}", 'unknown object "Contact" (did you mean "contacts"?)'),
        ("on: {fields: [Phne]}", 'unknown field "Phne" (did you mean "Phone"?)'),
        ("on: {objects: [Account], fields: [Phone]}", 'unknown field "Phone"; declared: Id, Name'),
        ("on: {categories: [user.contct]}", 'unknown category "user.contct" (did you mean "user.contact"?)'),
        ("on: {tags: [specail]}", 'unknown tag "specail" (did you mean "special"?)'),
    ],
)
def test_a_name_nobody_declared_is_an_error_with_the_near_word(bench: Any, inner: str, message: str) -> None:
    """A misspelt selector never quietly matches nothing, or everything."""
    found = bench.found(GRANT % inner)
    assert [(code, line, text) for code, line, _, text in found] == [("LG101", 5, message)]


def test_all_unknown_names_come_at_once(bench: Any) -> None:
    """One run shows every mistake of every rule."""
    found = bench.found(GRANT % "roles: [x, y], purposes: [z], on: {objects: [q]}")
    assert [each[0] for each in found] == ["LG101"] * 4


def test_names_that_are_known_but_not_in_use_are_accepted(bench: Any) -> None:
    """A guard may name a built-in category or tag before any field has it."""
    bench.write("more.yaml", "categories: {user.loyalty: {}}\n", kind="Vocabulary")
    guard = (
        "guards:\n  - {id: a, effect: deny, actions: ['*'], on: {categories: [user.biometric, user.loyalty]}}\n"
    )
    assert bench.found(guard) == []


@pytest.mark.parametrize(
    ("rule", "code", "message"),
    [
        ("grants: [{id: a, effect: deny, actions: [read]}]", "LG117", "a grant only opens"),
        ("guards: [{id: a, effect: allow, actions: [read]}]", "LG117", "a guard only closes"),
        ("guards: [{id: a, effect: mask, actions: [read]}]", "LG117", "mask needs with"),
        ("guards: [{id: a, effect: mask, with: lst4, actions: [read]}]", "LG101", 'unknown mask "lst4"'),
        ("guards: [{id: a, effect: redact, with: last4, actions: [read]}]", "LG117", "with has no meaning"),
        ("guards: [{id: a, effect: tokenize, with: year, actions: [read]}]", "LG117", "with has no meaning"),
        ("guards: [{id: a, effect: encrypt, with: k1, actions: [read]}]", "LG117", "with has no meaning"),
    ],
)
def test_what_this_version_cannot_carry_out_is_refused(bench: Any, rule: str, code: str, message: str) -> None:
    """A rule is enforced as written or not loaded; never something weaker."""
    found = bench.found(rule + "\n")
    assert [(each[0], each[1], each[3].startswith(message)) for each in found] == [(code, 4, True)]
    assert bench.check().policies is None


def test_a_rule_id_stands_once_in_the_whole_set(bench: Any) -> None:
    """The ledger names rules by id, so two of the same id are refused with both places."""
    bench.write("other.yaml", GRANT % ON, kind="Policy")
    (problem,) = bench.check(GRANT % ON).problems
    assert (problem.code, problem.message) == ("LG107", 'rule "a" stands twice; keep one')
    assert problem.also.endswith("other.yaml:5:6")


def test_a_parent_purpose_stands_for_every_purpose_below_it(bench: Any) -> None:
    """`marketing` includes `marketing.newsletter`; `market` is no purpose at all."""
    policies = bench.check(GRANT % f"purposes: [marketing], recipients: [desk], {ON}").policies
    (rule,) = policies.rules
    assert rule.callers.purposes == {"marketing", "marketing.newsletter"}


def test_a_star_is_every_action(bench: Any) -> None:
    """`*` includes the actions that take a whole record."""
    policies = bench.check("guards:\n  - {id: a, effect: deny, actions: ['*']}\n").policies
    assert policies.rules[0].actions == frozenset(Action)


def test_a_rule_remembers_where_it_was_written(bench: Any) -> None:
    """Its place is that of its id, as an editor opens it."""
    policies = bench.check(GRANT % f"recipients: [desk], {ON}").policies
    assert policies.rules[0].place.endswith("policy.yaml:5:10")


@pytest.mark.parametrize(
    ("recipient", "ids", "codes"),
    [
        ("{kind: processor, country: IE}", ["built-in:r-safeguards"], ["LG110"]),  # no set says IE is adequate
        ("{kind: processor}", ["built-in:r-safeguards"], ["LG110"]),  # who knows where that is
        ("{kind: processor, country: JP}", [], []),  # in sets.adequate
        ("{kind: processor, country: US, safeguards: [SCC-2021]}", [], []),
        ("{kind: internal, country: US}", [], []),  # not a processor
        ("{kind: internal, dpa_expires: 2027-06-30}", ["built-in:r-agreement"], []),
        ("{kind: processor, country: JP, dpa_expires: 2027-06-30}", ["built-in:r-agreement"], []),
    ],
)
def test_a_processor_needs_safeguards_and_an_agreement_in_force(
    bench: Any, recipient: str, ids: list[str], codes: list[str]
) -> None:
    """A built-in guard denies everything to a recipient that must not get it, whatever grants say."""
    bench.write("r.yaml", f"sets: {{adequate: [JP]}}\nrecipients:\n  r: {recipient}\n", kind="Vocabulary")
    checked = bench.check()
    assert [rule.id for rule in checked.policies.rules] == ids
    assert [problem.code for problem in checked.problems] == codes
    assert checked.rules == 0  # nobody wrote them
