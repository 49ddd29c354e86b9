"""Cases on disk: whole, sealed, each in its own place."""

import pytest

from proxy.crypto import Sealer
from proxy.crypto.files import write_whole
from proxy.erasure import Case, FileCases, Known, NoSuchCase, State

CASE = Case(
    "0190case", State.VERIFIED, 7, "gdpr", "objection", "operator", values=(Known("email", "a@b.example"),)
)


@pytest.fixture
def cases(tmp_path):
    """An empty folder of cases."""
    return FileCases(tmp_path / "erasure", Sealer(bytes(32)), write_whole)


def test_what_is_kept_is_found_again(cases) -> None:
    """Every field, and the last state only."""
    cases.keep(CASE)
    cases.keep(CASE.put(state=State.HELD))
    assert cases.get("0190case") == CASE.put(state=State.HELD)
    assert list(cases.ids()) == ["0190case"]


def test_nothing_of_it_can_be_read_by_others(cases, tmp_path) -> None:
    """The file is ciphertext, and for its owner alone."""
    cases.keep(CASE)
    (path,) = (tmp_path / "erasure").iterdir()
    assert b"b.example" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


def test_one_case_cannot_stand_in_anothers_place(cases, tmp_path) -> None:
    """The ciphertext is bound to its name, and so is what is cut or changed."""
    cases.keep(CASE)
    path = tmp_path / "erasure" / "0190case.case"
    path.with_name("0191case.case").write_bytes(path.read_bytes())
    with pytest.raises(NoSuchCase):
        cases.get("0191case")
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(NoSuchCase):
        cases.get("0190case")


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a", "x" * 41, "CASE0001"])
def test_a_name_is_no_path(cases, name: str) -> None:
    """Whatever is typed at the command line names a case or nothing."""
    with pytest.raises(NoSuchCase):
        cases.get(name)
