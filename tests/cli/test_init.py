"""`lychgate init` makes an installation that starts as it is."""

import stat

import pytest
from click.testing import CliRunner

from proxy.app import build
from proxy.cli.init import init
from proxy.cli.starter import UPSTREAMS
from proxy.config import load_config
from proxy.crypto import read_key


def files(folder):
    """Return every file below a folder with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(*args):
    """Return the result of `lychgate init` with these arguments."""
    return CliRunner().invoke(init, [str(arg) for arg in args])


@pytest.mark.parametrize("crm", sorted(UPSTREAMS))
def test_installation_starts_as_it_is(tmp_path, crm):
    """What init makes can be loaded and built without touching a file, for every CRM it offers."""
    result = run(tmp_path / "gate", "--crm", crm)
    assert result.exit_code == 0, result.output
    config = load_config(tmp_path / "gate" / "lychgate.yaml")
    assert [(lane.name, lane.connector, lane.upstream.url) for lane in config.lanes] == [
        (crm, crm, UPSTREAMS[crm])
    ]
    app = build(config)
    try:
        assert app.not_ready() == {}
        assert app.gateways[crm].rules.connector.name == crm
    finally:
        app.ledger.close()


def test_upstream_is_written(tmp_path):
    """The CRM's own address stands in the configuration, and nobody is told to write it."""
    result = run(tmp_path, "--upstream", "https://acme.my.salesforce.com")
    assert load_config(tmp_path / "lychgate.yaml").lanes[0].upstream.url == "https://acme.my.salesforce.com"
    assert "write your CRM's address" not in result.output
    assert "write your CRM's address" in run(tmp_path / "other").output


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.example",  # not verified
        "acme.example",
        "https://user:secret@acme.example",
        "https://acme.example/path",
        "https://acme.example\nkind: x",  # YAML of its own
        "https://acme.example #",
        "https://{a}",
        "https://[::1",
        "https://acmé.example",
    ],
)
def test_upstream_is_an_origin(tmp_path, url):
    """Anything but an https origin is a usage error, and nothing is written."""
    result = run(tmp_path / "gate", "--upstream", url)
    assert result.exit_code == 2
    assert not (tmp_path / "gate").exists()


def test_secrets_are_private(tmp_path):
    """Keys and the folders they lie in are their owner's only, and git is told to leave them alone."""
    run(tmp_path)
    state = tmp_path / "state"
    assert len(read_key(state / "keys" / "root.key")) == 32
    for path in [state, state / "keys", state / "tls", state / "credentials", *state.rglob("*.key")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert "/state/" in (tmp_path / ".gitignore").read_text().splitlines()


def test_nothing_is_overwritten(tmp_path):
    """A second run changes no byte and says that it kept everything."""
    run(tmp_path)
    before = files(tmp_path)
    result = run(tmp_path)
    assert result.exit_code == 0
    assert files(tmp_path) == before
    listed = result.output.partition("\nNext:")[0].splitlines()
    assert listed
    assert all(line.startswith("kept  ") for line in listed)


def test_missing_files_come_back_and_deleted_rules_do_not(tmp_path):
    """A deleted configuration is made again; a policy file that somebody deleted stays deleted."""
    run(tmp_path)
    rule = next(path for path in sorted((tmp_path / "policies").rglob("*.yaml")))
    rule.unlink()
    (tmp_path / "lychgate.yaml").unlink()
    run(tmp_path)
    assert (tmp_path / "lychgate.yaml").exists()
    assert not rule.exists()


def test_place_that_cannot_be_written(tmp_path):
    """A folder that cannot be made is a usage error without a traceback."""
    (tmp_path / "file").write_text("x")
    result = run(tmp_path / "file" / "gate")
    assert result.exit_code == 2
    assert "Error" in result.output


def test_shipped_policies_hold_no_key(tmp_path):
    """No client of the shipped vocabulary has a key: one known to all would open every door."""
    run(tmp_path)
    app = build(load_config(tmp_path / "lychgate.yaml"))
    app.ledger.close()
    (gateway,) = app.gateways.values()
    assert gateway.rules.policies.clients
    assert not [one.name for one in gateway.rules.policies.clients.values() if one.key_digests]
