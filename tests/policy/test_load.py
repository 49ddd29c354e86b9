"""From a folder to a policy set."""

from typing import Any

import pytest

from proxy.errors import Problems
from proxy.model import FieldSpec, ObjectSpec
from proxy.policy import load_policies
from proxy.policy.load import digest_of

RULES = "grants:\n  - {id: a, effect: allow, actions: [read], recipients: [desk], on: {fields: [Name]}}\n"


def _load(bench: Any, **other: Any) -> Any:
    return load_policies(bench.folder, bench.catalogues, check_mask=lambda _: None, **other)


def test_a_right_folder_becomes_a_policy_set(bench: Any) -> None:
    """Everything wiring needs is there."""
    bench.check(RULES)
    policies = _load(bench)
    assert set(policies.purposes) == {"support", "marketing", "marketing.newsletter"}
    assert policies.purposes["support"].lawful_basis == "contract"
    assert policies.recipients["desk"].country == "IE"
    assert set(policies.roles) == {"agent", "lead", "officer"}
    assert policies.digest.startswith("sha256:")
    assert len(policies.digest) == 7 + 64


def test_every_problem_of_every_file_is_raised_at_once(bench: Any) -> None:
    """Syntax in one file, shape in another, names in a third: one run tells all, sorted."""
    bench.write("a.yaml", "grants: [\n", kind="Policy")
    bench.write("b.yaml", "grants:\n  - {id: b, efect: allow, actions: [read]}\n", kind="Policy")
    bench.write("c.yaml", RULES.replace("Name", "Nmae"), kind="Policy")
    with pytest.raises(Problems) as caught:
        _load(bench)
    found = [(each.file[-6:], each.code) for each in caught.value.problems]
    assert found == [("a.yaml", "LG100"), ("b.yaml", "LG117"), ("b.yaml", "LG101"), ("c.yaml", "LG101")]


def test_a_slip_in_the_vocabulary_does_not_bury_itself(bench: Any) -> None:
    """Rules are not told that their roles are unknown when the vocabulary could not be read."""
    bench.write("vocabulary.yaml", "roles: {agent: {}}\npurposs: {}\n", kind="Vocabulary")
    bench.write("c.yaml", RULES.replace("desk], on", "nobody], roles: [agent], on"), kind="Policy")
    with pytest.raises(Problems) as caught:
        _load(bench)
    assert [each.message for each in caught.value.problems] == [
        'unknown key "purposs" (did you mean "purposes"?)'
    ]


def test_a_warning_does_not_keep_a_set_from_loading(bench: Any) -> None:
    """Warnings are for `policy check`; the set is as enforceable as without them."""
    checked = bench.check("grants:\n  - {id: a, effect: allow, actions: [read]}\n")
    assert {each.severity for each in checked.problems} == {"warning"}
    assert checked.errors == 0
    assert _load(bench).rules


def test_what_was_counted(bench: Any) -> None:
    """The summary's numbers: files, rules, listed fields, cells."""
    checked = bench.check(RULES)
    assert (checked.files, checked.rules, checked.fields) == (2, 1, 11)
    assert checked.cells == 11 * 15 * 3 * 3 * 2  # fields, actions, roles, purposes, recipients


def test_the_digest_is_of_what_is_said_not_of_how_it_is_laid_out(bench: Any) -> None:
    """Comments, layout and names of files do not count; a changed word does."""
    bench.check(RULES)
    before = _load(bench).digest
    (bench.folder / "policy.yaml").rename(bench.folder / "elsewhere.yaml")
    text = (bench.folder / "elsewhere.yaml").read_text()
    (bench.folder / "elsewhere.yaml").write_text(f"# a comment\n\n{text}\n")
    assert _load(bench).digest == before
    (bench.folder / "elsewhere.yaml").write_text(text.replace("Name", "Phone"))
    assert _load(bench).digest != before


def test_the_digest_covers_what_connectors_say(bench: Any) -> None:
    """A field's category decides as much as a rule does."""
    bench.check(RULES)
    before = _load(bench).digest
    assert _load(bench, connectors={"crm": {"routes": []}}).digest != before
    bench.catalogues["crm"]["Contact"] = ObjectSpec("Contact", {"Name": FieldSpec("user.name")}, "Id")
    assert _load(bench).digest != before


def test_the_digest_does_not_depend_on_the_order_of_documents() -> None:
    """It is the hash of a set of documents."""
    one, other = {"a": 1}, {"b": [True, None, "é"]}
    assert digest_of([one, other], {}) == digest_of([other, one], {})
    assert digest_of([one], {}) != digest_of([one, one], {})
