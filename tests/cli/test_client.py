"""`lychgate client key` makes keys that identify their client."""

import hashlib
import json
import re

import pytest
from click.testing import CliRunner

from proxy.cli.client import client
from proxy.cli.init import init
from proxy.yamlfile import read_yaml

KEY = re.compile(r"lg_[A-Za-z0-9_-]{43}")


def run(*args):
    """Return the result of `lychgate client` with these arguments."""
    return CliRunner().invoke(client, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def policies(tmp_path_factory):
    """The folder of the shipped policies, copied by init."""
    folder = tmp_path_factory.mktemp("gate")
    CliRunner().invoke(init, [str(folder)])
    return folder / "policies"


def test_key_and_its_lines():
    """The key is printed once, and the YAML below it is the entry of that key."""
    result = run("key", "helpdesk", "--label", 'laptop "7" #2')
    assert result.exit_code == 0
    (key,) = KEY.findall(result.output)
    assert f'- sha256: "{hashlib.sha256(key.encode()).hexdigest()}"' in result.output
    assert result.stderr == ""


def test_lines_are_yaml(tmp_path):
    """The printed lines, put where they say, are read as one entry with text in it."""
    output = run("key", "helpdesk", "--label", "ключ: 'x'").output
    lines = output[output.index("    keys:") :]
    path = tmp_path / "vocabulary.yaml"
    path.write_text(f"clients:\n  helpdesk:\n{lines}", "utf-8")
    (file,) = read_yaml(path)
    digest = hashlib.sha256(KEY.findall(output)[0].encode()).hexdigest()
    assert file.data == {"clients": {"helpdesk": {"keys": [{"sha256": digest, "label": "ключ: 'x'"}]}}}


def test_json():
    """With --format json the output is one object with the same four facts."""
    found = json.loads(run("key", "helpdesk", "--format", "json").output)
    assert found.keys() == {"client", "key", "sha256", "label"}
    assert found["sha256"] == hashlib.sha256(found["key"].encode()).hexdigest()


def test_every_key_is_fresh():
    """Two runs make two keys."""
    assert len({KEY.findall(run("key", "helpdesk").output)[0] for _ in range(8)}) == 8


def test_registered_client(policies):
    """With --policies a client that the vocabulary registers gets its key."""
    assert KEY.search(run("key", "helpdesk", "--policies", policies).output)


def test_unregistered_client(policies):
    """With --policies a name that is not registered gets no key, and the near word."""
    result = run("key", "helpdsk", "--policies", policies)
    assert result.exit_code == 2
    assert 'did you mean "helpdesk"' in result.output
    assert not KEY.search(result.output)


@pytest.mark.parametrize("label", ["", "two\nlines", "tab\t"])
def test_label_is_one_line(label):
    """A label that would not be one line of YAML is a usage error, and no key is made."""
    result = run("key", "helpdesk", "--label", label)
    assert result.exit_code == 2
    assert not KEY.search(result.output)
