"""Packs are read when a vocabulary names them, and not before."""

from typing import Any

import pytest

from proxy.policy.packs import available, pack_of

GUARD = """\
guards:
  - {id: law-one.no-phones, effect: deny, on: {categories: [user.contact.phone_number]}, actions: [read]}
"""


@pytest.fixture
def packed(bench: Any) -> Any:
    """Return a bench with two packs beside its vocabulary."""
    bench.write("packs/law-one/rules.yaml", GUARD, kind="Policy")
    bench.write("packs/appi-jp/rules.yaml", GUARD.replace("law-one", "appi-jp"), kind="Policy")
    return bench


def _take(bench: Any, packs: str) -> None:
    bench.write("packs.yaml", f"packs: [{packs}]\n", kind="Vocabulary")


def _rules(bench: Any) -> list[str]:
    policies = bench.check().policies
    return [] if policies is None else [rule.id for rule in policies.rules]


def test_a_pack_that_nobody_names_is_not_read(packed: Any) -> None:
    """It may even be broken: it is no part of the set, and of its digest neither."""
    before = packed.check().policies.digest
    packed.write("packs/law-two/rules.yaml", "guards: [", kind="Policy")
    assert _rules(packed) == []
    assert packed.check().policies.digest == before


def test_a_pack_that_is_named_is_a_part_of_the_set(packed: Any) -> None:
    """Its guards hold, once, however often it is named; the other pack stays where it is."""
    _take(packed, "law-one, law-one")
    assert _rules(packed) == ["law-one.no-phones"]


def test_the_law_of_japan_has_an_alias_with_a_warning(packed: Any) -> None:
    """`pipa-jp` is what people write for the APPI."""
    _take(packed, "pipa-jp")
    assert _rules(packed) == ["appi-jp.no-phones"]
    told = [(each.code, each.severity, each.line, each.column) for each in packed.check().problems]
    assert ("LG129", "warning", 4, 9) in told


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("law-on", 'unknown pack "law-on" (did you mean "law-one"?)'),
        ("zzz", 'unknown pack "zzz"; there are appi-jp, law-one'),
        ("../law-one", 'unknown pack "../law-one"'),  # a name, never a path
    ],
)
def test_an_unknown_pack_is_an_error_at_its_place(packed: Any, name: str, said: str) -> None:
    """A law that somebody believes to be enforced must not be missing in silence."""
    _take(packed, f'"{name}"')
    (found,) = [each for each in packed.check().problems if each.code == "LG101"]
    assert (found.line, found.column, found.message.startswith(said)) == (4, 9, True)
    assert packed.check().policies is None


PACK = """\
apiVersion: lychgate.dev/v1
kind: Pack
metadata: {name: law-one}
law: The law
version: 1
effective_from: 2020-01-01
sources: [a book]
reviewed_on: 2026-11-23
needs: {agreed: Recipients that have agreed.}
not_covered: [{ref: Art. 2, what: everything else}]
tests: [{rule: law-one.no-phones, closes: {category: user.name}, leaves: {category: user.name}}]
"""


def test_what_a_pack_needs_is_told_where_it_is_taken_in(packed: Any) -> None:
    """The set that is missing, and what belongs in it; an empty one is an answer too."""
    packed.write("packs/law-one/pack.yaml", PACK)
    _take(packed, "law-one")
    (found,) = packed.check().problems
    assert (found.code, found.line, found.column) == ("LG117", 4, 9)
    assert found.message == "pack law-one needs sets.agreed, which may be empty: Recipients that have agreed."
    packed.write("sets.yaml", "sets: {agreed: []}\n", kind="Vocabulary")
    assert _rules(packed) == ["law-one.no-phones"]


def test_a_guard_of_a_pack_may_stand_behind_another(packed: Any) -> None:
    """What a law asks for is no slip (LG103) where something else is closed as far already."""
    packed.write("own.yaml", GUARD.replace("law-one", "own"), kind="Policy")
    _take(packed, "law-one, appi-jp")
    assert [each.message for each in packed.check().problems] == [
        "guard own.no-phones can never matter: appi-jp.no-phones closes all of it at least as far"
    ]


def test_a_link_is_no_pack(packed: Any, tmp_path: Any) -> None:
    """Nothing is brought in from elsewhere."""
    (packed.folder / "packs/elsewhere").symlink_to(tmp_path)
    assert available(packed.folder) == ["appi-jp", "law-one"]


def test_a_pack_document_outside_of_packs_is_refused(bench: Any) -> None:
    """It would look like a pack that holds."""
    bench.write("p.yaml", "", kind="Pack")
    (found,) = [each for each in bench.check().problems if each.severity == "error"]
    assert found.message == "a Pack belongs in a folder below packs/"


def test_a_rule_is_known_by_its_place() -> None:
    """The folder below `packs` is the pack; anything else has none."""
    assert pack_of("policies/packs/gdpr-eu/rules.yaml:3:9") == "gdpr-eu"
    assert pack_of("policies/packs/rules.yaml:3:9") == ""
    assert pack_of("policies/example/rules.yaml:3:9") == ""
