"""What `lychgate init` puts beside the policies: each file does in its tool what it says."""

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from proxy.cli import cli
from proxy.repository import furnish
from proxy.scaffold import SCHEMA, scaffold
from proxy.yamlfile import read_yaml


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an installation furnished as a repository; commands run in it."""
    folder = tmp_path / "gateway"
    result = CliRunner().invoke(cli, ["init", str(folder)])
    assert result.exit_code == 0, result.output
    monkeypatch.chdir(folder)
    return folder


def test_every_document_tells_editors_where_the_schema_is_and_fits_it(made: Path) -> None:
    """The first line of each leads to the schema, which accepts the document."""
    schema = yaml.safe_load((made / SCHEMA).read_text())
    validator = Draft202012Validator(schema)
    documents = [made / "lychgate.yaml", *sorted((made / "policies").rglob("*.yaml"))]
    assert len(documents) > 8
    for path in documents:
        found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text())
        assert found
        assert (path.parent / found[1]).resolve() == (made / SCHEMA).resolve()
        for file in read_yaml(path):
            assert [error.message for error in validator.iter_errors(file.data)] == [], path


def hooks(made: Path) -> Mapping[str, list[str]]:
    """Return the words of each hook's command."""
    (local,) = yaml.safe_load((made / ".pre-commit-config.yaml").read_text())["repos"]
    return {hook["id"]: shlex.split(hook["entry"]) for hook in local["hooks"]}


def _lychgate(words: list[str]) -> int:
    assert words[0] == "lychgate"
    return CliRunner().invoke(cli, words[1:]).exit_code


def test_hooks_pass_on_what_was_made_and_stop_a_slip(made: Path) -> None:
    """Every hook's command exists and is content; an untidy or wrong edit stops the commit."""
    commands = hooks(made)
    assert {name: _lychgate(words) for name, words in commands.items()} == dict.fromkeys(commands, 0)
    guards = made / "policies" / "example" / "guards.yaml"
    text = guards.read_text()
    guards.write_text(text.replace("effect: redact", "effect:   redact"))
    assert _lychgate(commands["lychgate-check"]) == 0
    guards.write_text(
        text.replace("- id: free-text-redacted\n", "- description: x\n    id: free-text-redacted\n")
    )
    assert _lychgate(commands["lychgate-fmt"]) == 1
    guards.write_text(text.replace("effect: redact", "effect: deny"))
    assert _lychgate(commands["lychgate-test"]) == 1
    guards.write_text(text.replace("effect: redact", "effect: redcat"))
    assert _lychgate(commands["lychgate-check"]) == 1


def steps(made: Path) -> list[dict[str, Any]]:
    """Return the steps of the job in CI."""
    workflow = yaml.safe_load((made / ".github" / "workflows" / "policy.yml").read_text())
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    found: list[dict[str, Any]] = workflow["jobs"]["policy"]["steps"]
    return found


def test_the_job_runs_what_the_hooks_run_and_puts_no_text_of_a_change_into_a_shell(made: Path) -> None:
    """Expressions of the event reach scripts as variables only, and actions are pinned to a major version."""
    scripts = [step["run"] for step in steps(made) if "run" in step]
    assert not [script for script in scripts if "${{" in script]
    assert all(re.search(r"@v\d+$", step["uses"]) for step in steps(made) if "uses" in step)
    assert all(_lychgate(shlex.split(script)) == 0 for script in scripts if script.startswith("lychgate"))
    assert len([script for script in scripts if script.startswith("lychgate")]) == 3


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [
        ("effect: mask\n", "effect: mask\n", (0, b"")),  # nothing changed
        ("effect: mask\n    with: phone_ending", "effect: redact", (0, b"")),  # tightened
        ("effect: mask\n    with: phone_ending", "effect: allow", (0, b"::warning::")),  # loosened
        ("effect: mask\n", "effect: msk\n", (2, b"")),  # cannot be compared
    ],
)
def test_the_plan_of_a_change_is_written_for_the_pull_request(
    made: Path, tmp_path: Path, old: str, new: str, result: tuple[int, bytes]
) -> None:
    """The very script of the job, on a branch: it tells of loosening, and fails only where it cannot tell."""
    ends, says = result
    environment = _ready(made, tmp_path)
    _git(made, environment, "checkout", "-q", "-b", "change")
    support = made / "policies" / "example" / "support.yaml"
    assert old in support.read_text()
    support.write_text(support.read_text().replace(old, new, 1))
    _git(made, environment, "commit", "-q", "--allow-empty", "-a", "-m", "Change")
    (script,) = [step["run"] for step in steps(made) if step.get("name") == "plan"]
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=made,
        env={**environment, "BASE": "main"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == ends, done.stderr
    assert says in done.stdout
    assert says or b"::" not in done.stdout
    if ends == 0:
        assert (made / "plan.md").read_text() == (tmp_path / "summary").read_text() != ""


def _ready(made: Path, tmp_path: Path) -> dict[str, str]:
    """Commit everything on main, as its own origin; return an environment with `lychgate` on the path."""
    bin_ = Path(__file__).parents[1] / ".venv" / "bin"
    names = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
    environment = {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        **{f"GIT_{name}": "dana@example.org" for name in names},
    }
    _git(made, environment, "init", "-q", "-b", "main")
    _git(made, environment, "add", ".")
    _git(made, environment, "commit", "-q", "-m", "Policies")
    _git(made, environment, "update-ref", "refs/remotes/origin/main", "main")
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=made, env=environment, capture_output=True, check=True, text=True
    ).stdout
    assert "state/" not in tracked
    assert "schema.json" not in tracked
    assert ".github/workflows/policy.yml" in tracked
    return environment


def _git(folder: Path, environment: Mapping[str, str], *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], env=environment, check=True, capture_output=True)


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    """Somebody's own hooks and jobs are never overwritten."""
    list(scaffold(tmp_path, "x"))
    (tmp_path / ".pre-commit-config.yaml").write_text("mine")
    first = list(furnish(tmp_path))
    assert [made for made, _ in first] == [False, True, True]
    assert list(furnish(tmp_path)) == [(False, path) for _, path in first]
    assert (tmp_path / ".pre-commit-config.yaml").read_text() == "mine"
