"""`lychgate policy schema`, as a person or an editor's set-up runs it."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from proxy.cli.policy import policy
from proxy.yamlfile import read_yaml

SHIPPED = Path(__file__).parents[2] / "policies"


def _run(*words: str | Path) -> Result:
    return CliRunner().invoke(policy, ["schema", *map(str, words)])


def test_the_schema_of_the_project_accepts_all_that_ships() -> None:
    """Every shipped document, connectors included, by the project's own names; a slip in a name is marked."""
    validator = Draft202012Validator(json.loads(_run("--project", SHIPPED).stdout))
    for path in sorted(SHIPPED.rglob("*.yaml")):
        for file in read_yaml(path):
            assert [error.message for error in validator.iter_errors(file.data)] == []
    (file,) = read_yaml(SHIPPED / "example" / "support.yaml")
    slip = json.loads(json.dumps(file.data).replace('"support_agent"', '"suport_agent"'))
    assert [error.json_path for error in validator.iter_errors(slip)]
    assert not list(Draft202012Validator(json.loads(_run().stdout)).iter_errors(slip))


def test_it_goes_into_a_file(tmp_path: Path) -> None:
    """The folder is made; what is written is what would be printed."""
    out = tmp_path / ".lychgate" / "schema.json"
    assert _run("--out", out).exit_code == 0
    assert out.read_text() == _run().stdout
    assert _run("--out", out / "below").exit_code == 2


def test_a_broken_vocabulary_leaves_names_free(tmp_path: Path) -> None:
    """An editor must not call every name unknown because of one slip elsewhere."""
    shutil.copytree(SHIPPED, tmp_path / "policies")
    (tmp_path / "policies" / "example" / "vocabulary.yaml").write_text("kind: Vocabulary\n")
    (tmp_path / "policies" / "connectors" / "hubspot.yaml").write_text("kind: Connector\n")
    validator = Draft202012Validator(json.loads(_run("--project", tmp_path / "policies").stdout))
    (file,) = read_yaml(SHIPPED / "example" / "support.yaml")
    assert not list(validator.iter_errors(file.data))


def test_one_key_is_explained() -> None:
    """Docs of one key on standard output."""
    result = _run("Policy.grants.effect")
    assert result.exit_code == 0
    assert result.stdout.startswith("Policy.grants.effect  (required)\n  one of allow, mask,")


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("Policy.grants.efect", 'unknown key "efect" (did you mean "effect"?)'),
        ("Polcy", 'unknown key "Polcy" (did you mean "Policy"?)'),
        ("Policy.grants.id.x", 'unknown key "x"; nothing stands below it'),
    ],
)
def test_an_unknown_key_is_a_usage_error_with_the_near_word(key: str, hint: str) -> None:
    """Exit code 2, and what could have been meant."""
    result = _run(key)
    assert result.exit_code == 2
    assert hint in result.stderr
