"""`lychgate policy test`: what it prints, and how it ends."""

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli.policy import policy

SHIPPED = Path(__file__).parents[2] / "policies"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Return the shipped policies with agents seeing whole numbers, which their tests do not expect."""
    folder = tmp_path / "policies"
    shutil.copytree(SHIPPED, folder)
    path = folder / "example" / "support.yaml"
    path.write_text(path.read_text().replace("effect: mask\n    with: phone_ending", "effect: allow"))
    return folder


def _test(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(policy, ["test", str(folder), *words])


def test_what_ships_passes_with_every_rule_looked_at() -> None:
    """Exit code 0, one line a case, and what of the set no test looks at."""
    result = _test(SHIPPED, "--coverage", "--min-rules", "100", "--min-branches", "100")
    assert result.exit_code == 0, result.output
    assert "0 failed" in result.output
    assert "rules     100.0 %" in result.output
    assert "matched and never decided: no-bulk-copies" in result.output


def test_a_failure_tells_expected_got_and_why(broken: Path) -> None:
    """Exit code 1; the deciding rule with its place, and every rule that was considered."""
    result = _test(broken)
    assert result.exit_code == 1
    assert "FAIL the same rules mean the same in another CRM" in result.output
    assert "phone: expected *** *** 67, got +353861234567 (allow) (support-phone-masked, " in result.output
    assert "grants (most permissive wins)" in result.output


def test_too_little_coverage_is_a_failure() -> None:
    """Exit code 1 although every case passes."""
    result = _test(SHIPPED, "--filter", "news", "--min-rules", "100", "--min-cells", "50")
    assert result.exit_code == 1
    assert "coverage of rules is " in result.output
    assert "which is less than 50 %" in result.output
    assert "no test has support-basics match" in result.output


def test_a_filter_chooses_and_must_find_something() -> None:
    """By a part of the name; none is a usage error, not a pass."""
    assert _test(SHIPPED, "--filter", "another CRM").output.splitlines()[-1] == "1 passed, 0 failed"
    assert _test(SHIPPED, "--filter", "nothing like it").exit_code == 2


@pytest.mark.parametrize("form", ["json", "junit", "github", "markdown"])
def test_machines_read_the_same(broken: Path, form: str) -> None:
    """Each format has the failing case, the field and the rule."""
    result = _test(broken, "--format", form, "--coverage")
    assert result.exit_code == 1
    assert "support-phone-masked" in result.output
    if form == "json":
        found = json.loads(result.output)
        assert found["failed"] == len([each for each in found["tests"] if not each["passed"]]) > 0
        assert found["coverage"]["rules"]["touched"] == found["coverage"]["rules"]["of"]
    if form == "junit":
        assert len(ET.fromstring(result.output.split("?>", 1)[1]).findall(".//failure")) > 0
    if form == "github":
        assert "::error file=" in result.output


def test_a_set_that_cannot_be_used_has_no_result(broken: Path) -> None:
    """Exit code 2, and what is wrong with it."""
    path = broken / "example" / "support.yaml"
    path.write_text(path.read_text().replace("effect: allow", "effect: alow", 1))
    result = _test(broken)
    assert result.exit_code == 2
    assert 'unknown effect "alow"' in result.output
