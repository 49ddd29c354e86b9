"""Each pack that ships closes what its tests say it closes, and nothing that they say it leaves."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from proxy.policy.packs import PackTest, coverage, markdown

POLICIES = Path(__file__).parents[3] / "policies"
COVERED = coverage(POLICIES)
TESTS = [
    pytest.param(each.pack.metadata.name, test, id=test.rule) for each in COVERED for test in each.pack.tests
]
EFFECTS = {row.rule: row.effect for each in COVERED for row in each.provisions}


@pytest.mark.parametrize(("pack", "test"), TESTS)
def test_a_rule_closes_the_one_and_leaves_the_other(
    bench_of: Callable[[str], Any], pack: str, test: PackTest
) -> None:
    """Where grants open everything, the rule decides the first probe, and nothing closes the second."""
    bench = bench_of(pack)
    closed, left = bench.outcome(test.closes), bench.outcome(test.leaves)
    assert (closed.effect.name.lower(), closed.rule) == (EFFECTS[test.rule], test.rule)
    assert left.effect.name.lower() == "allow"


@pytest.mark.parametrize("covered", COVERED, ids=lambda each: each.pack.metadata.name)
def test_every_rule_has_a_test_and_a_provision(covered: Any) -> None:
    """Rules and tests name each other, ids say whose they are, and the law behind each rule is named."""
    name = covered.pack.metadata.name
    rules = {row.rule for row in covered.provisions}
    assert {test.rule for test in covered.pack.tests} == rules
    assert [rule for rule in rules if not rule.startswith(f"{name}.")] == []
    assert all(row.tests for row in covered.provisions)


@pytest.mark.parametrize("covered", COVERED, ids=lambda each: each.pack.metadata.name)
def test_a_pack_says_what_it_is_not(covered: Any) -> None:
    """It calls itself no legal advice, has a day of review, and lists what no machine controls."""
    pack = covered.pack
    assert "Not legal advice" in (pack.metadata.description or "")
    assert pack.reviewed_on == date(2026, 11, 28)
    assert len(pack.not_covered) >= 5


@pytest.mark.parametrize("name", [each.pack.metadata.name for each in COVERED])
def test_a_pack_brings_no_findings_of_its_own(bench_of: Callable[[str], Any], name: str) -> None:
    """Taken in where nothing else is wrong, a pack has nothing for check to tell."""
    assert [each for each in bench_of(name).problems if "/packs/" in each] == []


def test_the_table_of_coverage_is_up_to_date() -> None:
    """What lies beside the packs is what the command prints."""
    assert (POLICIES / "packs/COVERAGE.md").read_text() == markdown(COVERED)
