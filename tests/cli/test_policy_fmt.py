"""`lychgate policy fmt`, as a person, a hook or a CI job runs it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli.policy import policy

UNTIDY = """\
kind: Vocabulary
apiVersion: lychgate.dev/v1
metadata: {name: words}
sets: {nordic: [DK, NO, SE]} # who
"""
TIDY = """\
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {name: words}
sets: {nordic: [DK, "NO", SE]}  # who
"""


def _run(*words: str | Path) -> Result:
    return CliRunner().invoke(policy, ["fmt", *map(str, words)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a policy set with one untidy file, a tidy one, and a connector nobody touches."""
    made = tmp_path / "policies"
    (made / "connectors").mkdir(parents=True)
    (made / "untidy.yaml").write_text(UNTIDY)
    (made / "tidy.yaml").write_text(TIDY)
    (made / "connectors" / "crm.yaml").write_text("b:   [1,\n 2]\n")
    return made


def test_files_are_laid_out_once(folder: Path) -> None:
    """The untidy file is rewritten, the rest is left, and a second run finds nothing to do."""
    (folder / "untidy.yaml").chmod(0o640)
    result = _run(folder)
    assert result.exit_code == 0
    assert result.stdout == f"formatted  {folder / 'untidy.yaml'}\n"
    assert "1 of 2 files changed" in result.stderr
    assert (folder / "untidy.yaml").read_text() == TIDY
    assert (folder / "untidy.yaml").stat().st_mode & 0o777 == 0o640
    assert (folder / "connectors" / "crm.yaml").read_text() == "b:   [1,\n 2]\n"
    assert sorted(path.name for path in folder.iterdir()) == ["connectors", "tidy.yaml", "untidy.yaml"]
    again = _run(folder)
    assert (again.exit_code, again.stdout) == (0, "")


def test_check_names_files_and_changes_nothing(folder: Path) -> None:
    """Exit code 1 and the file's name, for a hook."""
    result = _run("--check", folder)
    assert result.exit_code == 1
    assert result.stdout == f"would change  {folder / 'untidy.yaml'}\n"
    assert (folder / "untidy.yaml").read_text() == UNTIDY
    assert _run("--check", folder / "tidy.yaml").exit_code == 0


def test_diff_is_a_patch(folder: Path) -> None:
    """A unified diff, also for a file whose last line has no end."""
    (folder / "tidy.yaml").write_text(TIDY.rstrip())
    result = _run("--diff", folder)
    assert result.exit_code == 1
    assert "\n-sets: {nordic: [DK, NO, SE]} # who\n" in result.stdout
    assert '\n+sets: {nordic: [DK, "NO", SE]}  # who\n' in result.stdout
    assert "\\ No newline at end of file\n" in result.stdout
    assert (folder / "untidy.yaml").read_text() == UNTIDY


def test_a_file_that_cannot_be_read_is_told_with_its_place(folder: Path) -> None:
    """The other files are laid out all the same; the exit code says that something was wrong."""
    (folder / "broken.yaml").write_text("a: 1\na: 2\n")
    result = _run(folder)
    assert result.exit_code == 1
    assert f"{folder / 'broken.yaml'}:2:1: error LG107" in result.stderr
    assert (folder / "untidy.yaml").read_text() == TIDY


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """A file elsewhere is not rewritten through a link in the folder."""
    (tmp_path / "elsewhere.yaml").write_text(UNTIDY)
    (folder / "linked.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    result = _run(folder)
    assert "links are not followed" in result.stderr
    assert (tmp_path / "elsewhere.yaml").read_text() == UNTIDY


def test_a_missing_path_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2, also for the default folder."""
    assert _run(tmp_path / "missing").exit_code == 2
    monkeypatch.chdir(tmp_path)
    assert _run().exit_code == 2


def test_a_pinned_floor_is_left_alone(folder: Path) -> None:
    """Its hash stands in another file; whoever wants it laid out names it."""
    (folder / "base.yaml").write_text(f"extends: {{file: untidy.yaml, sha256: {'a' * 64}}}\n")
    assert _run(folder).stdout == ""
    assert (folder / "untidy.yaml").read_text() == UNTIDY
    assert _run(folder / "untidy.yaml").exit_code == 0
    assert (folder / "untidy.yaml").read_text() == TIDY
