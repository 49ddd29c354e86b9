"""The files of a new installation."""

import pytest

from proxy.errors import Unavailable
from proxy.scaffold import scaffold


def files(folder):
    """Return every file below a folder with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everything_is_told_once(tmp_path):
    """The first run makes everything it tells, the second keeps all of it."""
    first = list(scaffold(tmp_path, "text"))
    assert all(made and path.exists() for made, path in first)
    assert [(False, path) for _, path in first if path.name != "ca.pem"] == list(scaffold(tmp_path, "other"))
    assert (tmp_path / "lychgate.yaml").read_text() == "text"


def test_interrupted_copy_is_begun_again(tmp_path):
    """Half a copy of the policies, left by a crash, is replaced by a whole one."""
    (tmp_path / ".policies.part").mkdir()
    (tmp_path / ".policies.part" / "half.yaml").write_text("x")
    list(scaffold(tmp_path, "x"))
    assert not (tmp_path / ".policies.part").exists()
    assert not (tmp_path / "policies" / "half.yaml").exists()


def test_interrupted_anywhere(tmp_path):
    """Stopping after any step and running again ends in the same files as one run."""
    whole = tmp_path / "whole"
    steps = len(list(scaffold(whole, "text")))
    for stop in range(1, steps):
        folder = tmp_path / str(stop)
        begun = scaffold(folder, "text")
        for _ in range(stop):
            next(begun)
        begun.close()
        list(scaffold(folder, "text"))
        assert files(folder).keys() == files(whole).keys()


def test_lost_lane_certificate_is_issued_again(tmp_path):
    """A deleted lane certificate is issued again by the same authority."""
    list(scaffold(tmp_path, "text"))
    before = files(tmp_path / "state" / "tls")
    (tmp_path / "state" / "tls" / "localhost.pem").unlink()
    list(scaffold(tmp_path, "text"))
    after = files(tmp_path / "state" / "tls")
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] == before[name]} == {"ca.pem", "ca.key"}


def test_foreign_authority_is_not_replaced(tmp_path):
    """A key that does not belong to the authority's certificate is told, not overwritten."""
    list(scaffold(tmp_path / "one", "text"))
    list(scaffold(tmp_path / "two", "text"))
    tls = tmp_path / "one" / "state" / "tls"
    (tls / "ca.pem").write_bytes((tmp_path / "two" / "state" / "tls" / "ca.pem").read_bytes())
    (tls / "localhost.pem").unlink()
    before = files(tls)
    with pytest.raises(Unavailable, match="authority_mismatch"):
        list(scaffold(tmp_path / "one", "text"))
    assert files(tls) == before
