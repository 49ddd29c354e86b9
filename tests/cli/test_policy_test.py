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


LAWS = """\
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {name: laws}
packs: [gdpr-eu]
sets: {transfer_tools: []}
"""


@pytest.fixture
def with_pack(tmp_path: Path) -> Path:
    """Return the shipped policies with a pack taken in."""
    folder = tmp_path / "policies"
    shutil.copytree(SHIPPED, folder)
    (folder / "laws.yaml").write_text(LAWS)
    return folder


def test_packs_are_put_to_their_own_tests_and_counted_apart(with_pack: Path) -> None:
    """They pass as they ship, and are no part of the coverage of the set's own rules."""
    result = _test(with_pack, "--coverage", "--min-rules", "100", "--filter", "*")
    assert result.output.count("rules     100.0 % (") == 1
    assert " · packs (gdpr-eu): 9 passed, 0 failed" in result.output
    assert "no test has gdpr-eu" not in result.output
    found = json.loads(_test(with_pack, "--format", "json").output)
    assert [each["passed"] for each in found["packs"]] == [True] * 9


@pytest.mark.parametrize("form", ["text", "json", "junit", "github", "markdown"])
def test_a_pack_that_somebody_weakened_fails_its_test(with_pack: Path, form: str) -> None:
    """Exit code 1, with the rule and what came out instead."""
    path = with_pack / "packs/gdpr-eu/rules.yaml"
    text = path.read_text()
    weak = text.replace("on: {categories: [user.criminal_convictions]}", "on: {categories: [user.photo]}")
    assert weak != text
    path.write_text(weak)
    result = _test(with_pack, "--format", form)
    assert result.exit_code == 1
    assert "gdpr-eu.criminal-convictions" in result.output
    assert "closes: expected deny, got allow by vectors.everything" in result.output


def test_an_exception_for_callers_of_the_set_is_no_failure_of_the_pack(with_pack: Path) -> None:
    """To depart from a pack for a time is somebody's decision, and not a slip in the pack."""
    path = with_pack / "packs/gdpr-eu/rules.yaml"
    spared = "exceptions: [{owner: dpo, because: audit, until: 2099-01-31, roles: [support_lead]}]\n    "
    path.write_text(
        path.read_text().replace('refs: ["GDPR Art. 10"]\n  - id', spared + 'refs: ["GDPR Art. 10"]\n  - id')
    )
    result = _test(with_pack, "--filter", "gdpr-eu.criminal*")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "0 passed, 0 failed · packs (gdpr-eu): 1 passed, 0 failed"
