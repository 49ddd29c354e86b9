"""A floor: the rules of a wider organisation, pinned by what was read, below which no set can go."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.model import Access, Action, Catalogue, Effect, FieldSpec, ObjectSpec, Principal, Purpose, Recipient
from proxy.policy import PolicySet, decide, load_policies

FLOOR = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: floor}
guards:
  - {id: no-health, effect: deny, actions: ['*'], on: {fields: [Health]}}
"""
OPEN = (
    "grants:\n  - {id: a, effect: allow, actions: [read], recipients: [desk], on: {fields: [Name, Health]}%s}\n"
)


def _pinned(text: str, name: str = "floor.yaml") -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"extends: {{file: {name}, sha256: {digest}}}\n"


def _outcomes(policies: PolicySet, action: Action = Action.READ) -> Mapping[str, Effect]:
    plan = policies.plan(
        connector="crm",
        roles=frozenset({"agent"}),
        purpose="support",
        recipient="desk",
        action=action,
        object="Contact",
    )
    return {name: outcome.effect for name, outcome in plan.decision.outcomes.items()}


def test_a_floor_s_guards_hold_in_the_whole_set(bench: Any) -> None:
    """Also for rules in other files, and whatever mode the set has."""
    bench.write("org/floor.yaml", FLOOR)
    bench.write("base.yaml", "mode: audit\n" + _pinned(FLOOR, "org/floor.yaml"), kind="Policy")
    checked = bench.check(OPEN % "")
    assert checked.errors == 0
    assert _outcomes(checked.policies) == {"Name": Effect.ALLOW, "Health": Effect.DENY}


def test_what_a_floor_with_grants_does_not_open_stays_shut(bench: Any) -> None:
    """Its grants are the most that any rule of the set can open."""
    floor = FLOOR + OPEN.replace("id: a", "id: most").replace("[Name, Health]", "[Name]") % ""
    bench.write("floor.yaml", floor)
    checked = bench.check(_pinned(floor) + (OPEN % "").replace("[Name, Health]", "[Name, Phone]"))
    assert _outcomes(checked.policies) == {"Name": Effect.ALLOW}
    assert _outcomes(bench.check(_pinned(floor)).policies) == {}  # a floor opens nothing by itself


@pytest.mark.parametrize(
    ("extends", "key", "message"),
    [
        ("{file: floor.yaml, sha256: %s}" % ("a" * 64), "sha256", "the floor is not the one that was pinned"),
        ("{file: flor.yaml, sha256: %s}" % ("a" * 64), "file", 'there is no file "flor.yaml"'),
        ("{file: ../floor.yaml, sha256: %s}" % ("a" * 64), "file", 'there is no file "../floor.yaml"'),
        ("{file: /etc/passwd, sha256: %s}" % ("a" * 64), "file", "there is no file"),
    ],
)
def test_a_floor_that_is_not_the_pinned_one_is_refused(bench: Any, extends: str, key: str, message: str) -> None:
    """LG126, at the pin: somebody has to read what changed before it holds here."""
    bench.write("floor.yaml", FLOOR)
    checked = bench.check(f"extends: {extends}\n")
    (problem,) = checked.problems
    assert (problem.code, problem.severity, problem.line) == ("LG126", "error", 4)
    assert f"extends: {extends}"[problem.column - 1 :].startswith(extends.split(f"{key}: ")[1][:5])
    assert problem.message.startswith(message)
    assert checked.policies is None


def test_a_pin_of_the_wrong_form_and_a_floor_of_a_floor_are_refused(bench: Any) -> None:
    """A shortened digest pins nothing; and of two floors on each other nobody could say which is below."""
    assert [each[0] for each in bench.found("extends: {file: floor.yaml, sha256: abc}\n")] == ["LG117"]
    bench.write("floor.yaml", FLOOR + _pinned(FLOOR, "other.yaml"))
    bench.write("other.yaml", FLOOR.replace("no-health", "other"))
    found = bench.found(_pinned(FLOOR + _pinned(FLOOR, "other.yaml")))
    assert {each[0] for each in found} == {"LG126"}


FLOOR_WORDS = """\
---
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {name: floor-words}
masks: {ending: {kind: keep_last, n: 2}}
sets: {eea: [IE]}
variables: {near: recipient.country in sets.eea}
"""
WORDED = """\
  - {id: endings, effect: mask, with: ending, on: {fields: [Phone]}, actions: ['*']}
  - {id: far, effect: deny, on: {fields: [Name]}, actions: ['*'], when: {none: [variables.near]}}
"""


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("masks: {ending: {kind: keep_last, n: 2}}", {('mask "ending"', 6)}),
        ("sets: {eea: [IE]}", {('set "eea"', 13)}),  # also in what a variable stands for
        ("variables: {near: recipient.country in sets.eea}", {('variable "near"', 7)}),
    ],
)
def test_what_a_floor_s_words_mean_is_said_in_the_floor(
    bench: Any, word: str, named: set[tuple[str, int]]
) -> None:
    """LG126 where a word stands in another file, LG107 where it stands there as well: the pin covers neither."""
    whole = FLOOR + WORDED + FLOOR_WORDS
    assert bench.check(_pinned(bench.write("floor.yaml", whole).read_text())).errors == 0
    bench.write("words.yaml", word + "\n", kind="Vocabulary")
    assert {each.code for each in bench.check().problems if each.severity == "error"} == {"LG107"}
    bench.write("floor.yaml", less := whole.replace(f"{word}\n", ""))
    errors = [each for each in bench.check(_pinned(less)).problems if each.severity == "error"]
    assert {(each.code, each.file, each.line) for each in errors} == {
        ("LG126", str(bench.folder / "floor.yaml"), line) for _, line in named
    }
    assert all(each.message.startswith(f"the floor names {what},") for each in errors for what, _ in named)


# ---- never looser than the floor ------------------------------------------------------------------------------

FIELDS = {"Name": "user.name", "Phone": "user.contact.phone_number", "City": "user.contact.address.city"}
WORDS = {
    "apiVersion": "lychgate.dev/v1",
    "kind": "Vocabulary",
    "metadata": {"name": "words"},
    "roles": {"agent": {}, "lead": {}},
    "purposes": {"support": {"lawful_basis": "contract"}},
    "recipients": {"desk": {}},
}
MASKS = {
    "apiVersion": "lychgate.dev/v1",
    "kind": "Vocabulary",
    "metadata": {"name": "masks"},
    "masks": {"weak": {"kind": "a", "strength": 40}, "strong": {"kind": "b", "strength": 60}},
}
_WEIGHT = {"weak": 40, "strong": 60}


def _rules(effects: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    some = st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=3, unique=True)
    rule = st.fixed_dictionaries(
        {"effect": st.sampled_from(effects), "actions": st.sampled_from([["read"], ["delete"], ["*"]])},
        optional={
            "on": st.builds(lambda fields: {"fields": fields}, some),
            "roles": st.sampled_from([["agent"], ["lead"]]),
            "mode": st.sampled_from(["warn", "audit"]),
        },
    )
    masked = st.sampled_from(sorted(_WEIGHT))
    return st.lists(
        st.builds(lambda one, mask: one | ({"with": mask} if one["effect"] == "mask" else {}), rule, masked),
        max_size=4,
    )


_DOCUMENTS = st.fixed_dictionaries(
    {"grants": _rules(["allow", "mask", "redact"]), "guards": _rules(["mask", "redact", "deny"])}
)


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a function that loads a set of documents, the first of which may be a floor of the second."""
    folder = tmp_path_factory.mktemp("floors")
    (folder / "vocabulary.yaml").write_text(json.dumps(WORDS))
    fields = {name: FieldSpec(category) for name, category in FIELDS.items()}
    catalogue: Catalogue = {"Contact": ObjectSpec("Contact", fields)}
    head = {"apiVersion": "lychgate.dev/v1", "kind": "Policy", "metadata": {"name": "p"}}

    def load(floor: Mapping[str, Any], own: Mapping[str, Any], *, pinned: bool) -> PolicySet:
        text = f"{json.dumps(MASKS)}\n---\n{json.dumps(head | _named(floor, 'floor'))}\n"
        (folder / "floor.yaml").write_text(text)
        extends = {"extends": {"file": "floor.yaml", "sha256": hashlib.sha256(text.encode()).hexdigest()}}
        (folder / "own.yaml").write_text(json.dumps(head | _named(own, "own") | (extends if pinned else {})))
        return load_policies(folder, {"crm": catalogue}, check_mask=lambda _: None)

    return load


def _named(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        kind: [{**rule, "id": f"{name}-{kind}-{at}"} for at, rule in enumerate(rules)]
        for kind, rules in document.items()
    }


@settings(max_examples=150, deadline=None)
@given(
    floor=_DOCUMENTS,
    own=_DOCUMENTS,
    roles=st.sets(st.sampled_from(["agent", "lead"]), min_size=1),
    action=st.sampled_from([Action.READ, Action.DELETE]),
)
def test_nothing_comes_out_more_open_than_the_floor_alone_would_have_it(
    loaded: Any, floor: dict[str, Any], own: dict[str, Any], roles: set[str], action: Action
) -> None:
    """For every field and the record itself; a floor without grants would let everything through its guards."""
    question = {
        "connector": "crm",
        "roles": frozenset(roles),
        "purpose": "support",
        "recipient": "desk",
        "action": action,
        "object": "Contact",
    }
    access = Access(
        Principal("c", "c", frozenset(roles), Recipient("desk")), Purpose("support"), action, "Contact"
    )
    merged = decide(loaded(floor, own, pinned=True).plan(**question), access)
    everything: dict[str, Any] = {"grants": [{"effect": "allow", "actions": ["*"]}], "guards": []}
    alone = loaded(floor, everything if not floor["grants"] else {"grants": [], "guards": []}, pinned=False)
    most = decide(alone.plan(**question), access)
    for field in ("", *FIELDS):
        one, other = merged.of(field), most.of(field)
        assert (one.effect, _WEIGHT.get(one.mask.name if one.mask else "", 0)) >= (
            other.effect,
            _WEIGHT.get(other.mask.name if other.mask else "", 0),
        ), field
