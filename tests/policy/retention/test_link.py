"""Retention that is wrong is told at its place."""

import pytest

from tests.policy.conftest import Bench

RULE = (
    "rules:\n"
    "  - {{id: r, on: {{objects: [Contact]}}, clock: {clock}, keep: {keep}, then: erase, basis: contract}}\n"
)


def _found(bench: Bench, text: str) -> list[tuple[str, int, str]]:
    bench.write("retention.yaml", text, kind="Retention")
    return [(each.code, each.line, each.message) for each in bench.check().problems if each.code != "LG113"]


@pytest.mark.parametrize(
    ("clock", "keep", "code", "message"),
    [
        (
            "resource.creatd",
            "P1Y",
            "LG130",
            'Contact of crm has no attribute "creatd" to count from (did you mean',
        ),
        (
            "created",
            "P1Y",
            "LG130",
            'a clock is an attribute of the record: write resource.created, not "created"',
        ),
        ("resource.country", "P1Y", "LG130", "country of Contact of crm is a string; a clock is a timestamp"),
        ("resource.last_activity", "P1Y", "LG131", "r never comes due for records without last_activity"),
        ("resource.created", "1Y", "LG117", '"1Y" is no period'),
        ("resource.created", "P", "LG117", '"P" is no period'),
        ("resource.created", "P1M1Y", "LG117", '"P1M1Y" is no period'),
    ],
)
def test_a_clock_or_a_period_that_is_none(bench: Bench, clock: str, keep: str, code: str, message: str) -> None:
    """Each at the line of the rule."""
    (found,) = _found(bench, RULE.format(clock=clock, keep=keep))
    assert found[:2] == (code, 5)
    assert message in found[2]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("on: {categories: [user.nam]}", "LG101", 'unknown category "user.nam" (did you mean "user.name"?)'),
        ("on: {objects: [Contct]}", "LG101", 'unknown object "Contct"'),
        ("when: 'purpose == \"support\"'", "LG122", "nobody asks when data fall due, so there is no purpose"),
        ("when: resource.country == 'IE'", "LG105", "country is optional"),
        ("thn: erase", "LG101", 'unknown key "thn"'),
    ],
)
def test_names_and_conditions_are_those_of_the_language(
    bench: Bench, text: str, code: str, message: str
) -> None:
    """Misspelt categories, objects and keys, and conditions about callers."""
    more = "on: {objects: [Contact]}, " if not text.startswith("on") else ""
    head = f"id: r, {more}clock: resource.created, keep: P1Y"
    rule = f"rules:\n  - {{{head}, then: erase, basis: contract, {text}}}\n"
    found = [each for each in _found(bench, rule) if each[0] == code]
    assert message in found[0][2]
    assert found[0][1] == 5


def test_a_duty_names_its_provision(bench: Bench) -> None:
    """Without one it would be somebody's wish."""
    rule = RULE.format(clock="resource.created", keep="P1Y").replace("erase", "keep")
    assert _found(bench, rule) == [
        ("LG117", 5, "keep is a duty, and a duty needs refs: the provision that it follows from")
    ]


def test_a_name_stands_once_in_the_whole_set(bench: Bench) -> None:
    """Rules of access and of retention share their names."""
    bench.check("guards: [{id: r, effect: deny, actions: [read]}]\n")
    assert [each[0] for each in _found(bench, RULE.format(clock="resource.created", keep="P1Y"))] == ["LG107"]


def test_retention_is_part_of_the_digest_and_of_no_decision(bench: Bench) -> None:
    """A changed term is another policy."""

    def digest(keep: str) -> str:
        bench.write("retention.yaml", RULE.format(clock="resource.created", keep=keep), kind="Retention")
        checked = bench.check()
        assert checked.policies is not None
        return checked.policies.digest

    assert digest("P1Y") != digest("P2Y") == digest("P2Y")
