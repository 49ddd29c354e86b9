"""Where Tryton is looked for."""

from pathlib import Path

import pytest

from proxy.demo.tryton import NoTryton, cache_folder, tryton_python
from proxy.demo.tryton.place import environment


def test_it_is_looked_for_here_unless_somebody_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.venv-tryton` in the current folder is found, and the variable wins over it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LYCHGATE_TRYTON_PYTHON", raising=False)
    with pytest.raises(NoTryton, match="make tryton"):
        tryton_python()
    here = tmp_path / ".venv-tryton" / "bin" / "python"
    here.parent.mkdir(parents=True)
    here.touch()
    assert tryton_python() == here
    other = tmp_path / "python"
    monkeypatch.setenv("LYCHGATE_TRYTON_PYTHON", str(other))
    with pytest.raises(NoTryton, match="no file"):
        tryton_python()
    other.touch()
    assert tryton_python() == other
    assert cache_folder() == tmp_path / ".cache" / "tryton"


def test_a_virtual_environment_is_not_left_through_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Python is a link; followed, it would be the system's, which has no Tryton."""
    link = tmp_path / "python"
    link.symlink_to("/bin/sh")
    monkeypatch.setenv("LYCHGATE_TRYTON_PYTHON", str(link))
    assert tryton_python() == link


def test_tryton_is_not_told_of_our_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """What points our Python somewhere would point Tryton's there too."""
    for name in ("PYTHONPATH", "VIRTUAL_ENV", "TRYTOND_CONFIG", "DB_NAME"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("KEPT", "1")
    assert environment().get("KEPT") == "1"
    assert not {"PYTHONPATH", "VIRTUAL_ENV", "TRYTOND_CONFIG", "DB_NAME"} & environment().keys()
