"""The example set comes with tests of its own."""

from collections.abc import Mapping
from pathlib import Path

from proxy.model import Catalogue
from proxy.policy import check_policies
from proxy.policy.testing import coverage, run_tests
from proxy.rehearsal import carrying_out
from proxy.transforms import check_mask


def test_the_example_passes_its_own_tests_and_they_look_at_every_rule(
    shipped: Path, catalogues: Mapping[str, Catalogue]
) -> None:
    """No finding, no failure; every rule matches something, every condition is seen to hold and not to hold."""
    checked = check_policies(shipped, catalogues, check_mask=check_mask, clock=lambda: 1_795_424_400.0)
    assert [str(problem) for problem in checked.problems] == []
    assert checked.policies is not None
    results = run_tests(checked.policies, checked.tests, carrying_out(catalogues))
    assert [(each.case.name, each.mismatches) for each in results.failed] == []
    assert len(results.results) > 40
    found = coverage(checked.policies, results.touched)
    assert ([rule.id for rule in found.unmatched], found.missing) == ([], ())
    assert found.rules.percent == 100
