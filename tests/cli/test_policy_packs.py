"""`lychgate policy packs`, as a person runs it."""

import json
import shutil
from pathlib import Path

from click.testing import CliRunner, Result

from proxy.cli.policy import policy

SHIPPED = Path(__file__).parents[2] / "policies"


def _run(*words: str | Path) -> Result:
    return CliRunner().invoke(policy, ["packs", *(str(word) for word in words)])


def test_it_says_in_short_what_there_is() -> None:
    """Each law with the size of its pack, and that it is no legal advice."""
    text = _run("--policies", SHIPPED).output
    assert "gdpr-eu         Regulation (EU) 2016/679" in text
    assert "not covered; reviewed on 2026-11-28" in text
    assert "Not legal advice." in text


def test_markdown_is_the_page_that_ships() -> None:
    """The table of coverage is made, not written."""
    result = _run("--policies", SHIPPED, "--format", "markdown")
    assert result.output == (SHIPPED / "packs/COVERAGE.md").read_text()


def test_json_has_provisions_and_what_is_not_covered() -> None:
    """For tools that show both, and never the one without the other."""
    found = {each["name"]: each for each in json.loads(_run("--policies", SHIPPED, "--format", "json").output)}
    gdpr = found["gdpr-eu"]
    assert "GDPR Art. 9(1)" in {row["provision"] for row in gdpr["covered"]}
    assert gdpr["not_covered"]


def test_a_pack_without_its_document_is_a_usage_error(tmp_path: Path) -> None:
    """Exit code 2, and where it should be."""
    (tmp_path / "packs/law").mkdir(parents=True)
    result = _run("--policies", tmp_path)
    assert result.exit_code == 2
    assert "packs/law" in result.output


def test_check_says_where_packs_differ(tmp_path: Path) -> None:
    """A line for each pair of rules, before the summary, and a list for machines."""
    folder = shutil.copytree(SHIPPED, tmp_path / "policies")
    (folder / "laws.yaml").write_text(
        "apiVersion: lychgate.dev/v1\nkind: Vocabulary\nmetadata: {name: laws}\n"
        "packs: [gdpr-eu, hipaa-us]\nsets: {transfer_tools: [], hipaa_baa: []}\n"
    )
    result = CliRunner().invoke(policy, ["check", str(folder)])
    assert result.exit_code == 0
    assert "\npacks  gdpr-eu.free-text (redact) and hipaa-us.safe-harbor (deny) meet on " in f"\n{result.output}"
    found = json.loads(CliRunner().invoke(policy, ["check", str(folder), "--format", "json"]).output)
    assert len(found["pack_conflicts"]) == result.output.count("packs  ")
