"""The example set comes with tests of its own."""

import re
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


def test_the_tests_on_the_page_pass_with_the_rules_on_the_page(
    shipped: Path, catalogues: Mapping[str, Catalogue], tmp_path: Path
) -> None:
    """The reference's example of a test can be copied beside its other examples."""
    blocks = re.findall(
        r"^```yaml(?: test)?\n(.*?)^```$", (shipped / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert sum("kind: PolicyTest" in block for block in blocks) == 1
    for number, block in enumerate(blocks):
        (tmp_path / f"{number}.yaml").write_text(block)
    checked = check_policies(tmp_path, catalogues, check_mask=check_mask, clock=lambda: 1_795_424_400.0)
    assert checked.policies is not None, [str(problem) for problem in checked.problems]
    results = run_tests(checked.policies, checked.tests, carrying_out(catalogues))
    assert [(each.case.name, each.mismatches) for each in results.failed] == []
    assert len(results.results) == 4
