"""`lychgate policy sign`, against the source that demands a signature."""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from proxy.cli.policy import policy
from proxy.errors import Problems
from proxy.policy.sources import FolderSource


def test_what_is_signed_is_accepted_until_it_changes(tmp_path: Path) -> None:
    """Each signing has the next version; a given one is taken; a file that changes afterwards is refused."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"dana@example.org {' '.join(key.with_suffix('.pub').read_text().split()[:2])}\n")
    folder = tmp_path / "policies"
    (folder / "connectors").mkdir(parents=True)
    (folder / "a.yaml").write_text("a: 1\n")
    (folder / "connectors" / "crm.yaml").write_text("b: 1\n")
    source = FolderSource(folder, signers=signers)
    for words, version in (([], "1"), ([], "2"), (["--version", "10"], "10"), ([], "11")):
        result = CliRunner().invoke(policy, ["sign", str(folder), "--key", str(key), *words])
        assert result.output == f"signed version {version} of {folder}: 2 files\n"
        with source.opened() as found:
            assert found.position.split()[0] == version
    (folder / "a.yaml").write_text("a: 2\n")
    with pytest.raises(Problems, match="not the file that was signed"), source.opened():
        pass


def test_without_a_key_nothing_is_written(tmp_path: Path) -> None:
    """Exit code 2, and no manifest that nobody signed."""
    (tmp_path / "a.yaml").write_text("a: 1\n")
    words = ["sign", str(tmp_path), "--key", str(tmp_path / "missing")]
    assert CliRunner().invoke(policy, words).exit_code == 2
    (tmp_path / "no-key").write_text("not a key")
    result = CliRunner().invoke(policy, ["sign", str(tmp_path), "--key", str(tmp_path / "no-key")])
    assert isinstance(result.exception, Problems)
    assert not (tmp_path / ".lychgate").exists()
