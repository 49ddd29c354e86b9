"""`lychgate doctor` prints what it found and exits with what it came to."""

import json

import pytest
from click.testing import CliRunner

from proxy.cli.doctor import doctor
from proxy.cli.starter import configuration
from proxy.errors import Problems
from proxy.scaffold import scaffold


@pytest.fixture
def config(tmp_path):
    """The path of a fresh installation's configuration; no client has a key, the lane no credential."""
    list(scaffold(tmp_path, configuration("salesforce", "https://localhost:1")))
    return tmp_path / "lychgate.yaml"


def run(config, *options):
    """Return the command's result, without a network."""
    return CliRunner().invoke(doctor, ["--config", str(config), "--offline", *options])


def test_text_says_what_was_looked_at_what_to_do_and_what_nobody_can_see(config):
    """Findings with their mends, and the limits of it."""
    result = run(config)
    assert result.exit_code == 1
    assert "ok    keys:" in result.output
    assert "fail  lane salesforce:" in result.output
    assert "      -> " in result.output
    assert "Nobody can tell from here:" in result.output


def test_json_carries_the_same(config):
    """For whoever reads it by machine."""
    result = run(config, "--format", "json")
    told = json.loads(result.output)
    assert (result.exit_code, told["ok"]) == (1, False)
    assert {"part", "grade", "what", "do"} == set(told["findings"][0])
    assert told["not_seen"]


def test_a_configuration_that_cannot_be_read_is_told_with_its_place(config):
    """The command has nothing to look at then."""
    config.write_text("lanes: []\n")
    assert isinstance(run(config).exception, Problems)
