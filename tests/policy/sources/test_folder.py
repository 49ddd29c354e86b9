"""Policies in a folder: whose they are, whether they changed, and whether they are what was signed."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import Problem, Problems
from proxy.policy.sources.folder import FolderSource, check_owners, policy_paths, read_files
from proxy.policy.sources.signing import manifest_of, sign
from proxy.policy.sources.water import HighWater

FILES = {"words.yaml": "a: 1\n", "rules/one.yaml": "b: 2\n", "connectors/crm.yaml": "c: 3\n"}
ME = frozenset({os.geteuid()})
Write = Callable[..., Path]


def refused(source: FolderSource) -> list[tuple[str, str]]:
    """Return code and file name of each problem on opening."""
    with pytest.raises(Problems) as caught, source.opened():
        pass
    return [(problem.code, Path(problem.file).name) for problem in caught.value.problems]


def seal(folder: Path, key: Path, version: int = 1) -> None:
    """Sign a folder as `lychgate policy sign` does."""
    text = manifest_of(read_files(folder), version).text().encode()
    (folder / ".lychgate").mkdir(exist_ok=True)
    (folder / ".lychgate" / "manifest").write_bytes(text)
    (folder / ".lychgate" / "manifest.sig").write_bytes(sign(text, key))


@pytest.fixture
def signed(write: Write, keys: Any, tmp_path: Path) -> tuple[Path, FolderSource]:
    """Return a folder that Dana signed, and the source that demands it."""
    folder = write(FILES)
    seal(folder, keys["dana"].key)
    water = HighWater(tmp_path / "state" / "water")
    return folder, FolderSource(folder, owners=ME, signers=keys["dana"].allowed, water=water)


def test_an_unsigned_folder_is_read_where_it_lies(write: Write) -> None:
    """No copy is made, and there is no commit."""
    folder = write(FILES)
    with FolderSource(folder, owners=ME).opened() as found:
        assert (found.folder, found.commit, found.position) == (folder, "", "")


CHANGES = [
    ("a file is edited", lambda folder: (folder / "words.yaml").write_text("a: 22\n")),
    ("edited without a change of size", lambda folder: (folder / "words.yaml").write_text("a: 2\n")),
    ("a connector is edited", lambda folder: (folder / "connectors/crm.yaml").write_text("c: 44\n")),
    ("a file is added", lambda folder: (folder / "new.yaml").write_text("a: 1\n")),
    ("a file is removed", lambda folder: (folder / "words.yaml").unlink()),
    ("a file is replaced", lambda folder: _replaced(folder / "words.yaml")),
    ("the folder is gone", lambda folder: folder.rename(folder.with_name("away"))),
]


def _replaced(path: Path) -> None:
    times = path.stat()
    new = path.with_suffix(".new")
    new.write_bytes(path.read_bytes())
    os.utime(new, ns=(times.st_atime_ns, times.st_mtime_ns))
    new.replace(path)


@pytest.mark.parametrize(("what", "change"), CHANGES, ids=[what for what, _ in CHANGES])
def test_the_mark_moves_with_every_change(write: Write, what: str, change: Callable[[Path], object]) -> None:
    """Whatever changes, the mark does; where nothing changes, it stays; it never raises."""
    del what
    source = FolderSource(write(FILES), owners=ME)
    before = source.mark()
    assert source.mark() == before
    change(source._folder)
    assert source.mark() != before


def test_hidden_files_and_other_files_do_not_count(write: Write) -> None:
    """An editor's swap file is no change of policy."""
    folder = write(FILES)
    source = FolderSource(folder, owners=ME)
    before = source.mark()
    (folder / ".words.yaml.swp").write_text("x")
    (folder / "README.md").write_text("x")
    assert source.mark() == before
    assert policy_paths(folder) == sorted(FILES)


def test_files_of_others_are_refused(write: Write) -> None:
    """Each file and folder that is not ours is named (PS-05)."""
    folder = write({"words.yaml": "a: 1\n"})
    problems = refused(FolderSource(folder, owners={os.geteuid() + 1}))
    assert problems == [("LG505", "policies"), ("LG505", "words.yaml")]


def test_what_anybody_may_write_is_refused(write: Write) -> None:
    """A file or folder that is writable for the world could be anybody's (PS-05)."""
    folder = write(FILES)
    (folder / "rules").chmod(0o777)
    (folder / "words.yaml").chmod(0o666)
    assert refused(FolderSource(folder, owners=ME)) == [("LG505", "rules"), ("LG505", "words.yaml")]
    (folder / "rules").chmod(0o755)
    (folder / "words.yaml").chmod(0o644)
    check_owners(folder, ME)


def test_a_signed_folder_is_read_from_a_copy(signed: tuple[Path, FolderSource]) -> None:
    """What is handed on are the bytes that were verified, even if a file changes at that moment."""
    folder, source = signed
    with source.opened() as found:
        (folder / "words.yaml").write_text("swapped: 1\n")
        assert (found.folder / "words.yaml").read_text() == "a: 1\n"
        assert (found.folder / "connectors/crm.yaml").read_text() == "c: 3\n"
        assert found.folder.stat().st_mode & 0o077 == 0
        copy = found.folder
    assert not copy.exists()


def test_problems_name_the_folder_and_not_its_copy(signed: tuple[Path, FolderSource]) -> None:
    """An author finds the file; the copy is gone by then."""
    folder, source = signed
    with pytest.raises(Problems) as caught, source.opened() as found:
        raise Problems([Problem(f"{found.folder}/words.yaml", 3, 1, "LG101", "x", f"{found.folder}/rules:1:1")])
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(folder / "words.yaml"), 3)
    assert problem.also == f"{folder}/rules:1:1"


ATTACKS = [
    ("edited", lambda folder: (folder / "words.yaml").write_text("a: 2\n"), ("LG503", "words.yaml")),
    ("added", lambda folder: (folder / "rules/two.yaml").write_text("a: 2\n"), ("LG503", "two.yaml")),
    ("added .yml", lambda folder: (folder / "two.yml").write_text("a: 2\n"), ("LG503", "two.yml")),
    ("connector", lambda folder: (folder / "connectors/crm.yaml").write_text("c: 4\n"), ("LG503", "crm.yaml")),
    ("removed", lambda folder: (folder / "rules/one.yaml").unlink(), ("LG503", "one.yaml")),
    ("signature gone", lambda folder: (folder / ".lychgate/manifest.sig").unlink(), ("LG502", "manifest")),
    ("manifest gone", lambda folder: (folder / ".lychgate/manifest").unlink(), ("LG502", "manifest")),
    (
        "manifest edited",
        lambda folder: _edit(folder / ".lychgate/manifest", "version 1", "version 2"),
        ("LG502", "manifest"),
    ),
    (
        "signature empty",
        lambda folder: (folder / ".lychgate/manifest.sig").write_text(""),
        ("LG502", "manifest"),
    ),
]


def _edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(("what", "attack", "told"), ATTACKS, ids=[each[0] for each in ATTACKS])
def test_what_is_not_as_it_was_signed_is_refused(
    signed: tuple[Path, FolderSource], what: str, attack: Callable[[Path], object], told: tuple[str, str]
) -> None:
    """Changed, added, removed, stripped: once a signature is demanded, it is demanded (PS-03)."""
    del what
    folder, source = signed
    attack(folder)
    assert refused(source) == [told]


def test_somebody_elses_signature_does_not_count(signed: tuple[Path, FolderSource], keys: Any) -> None:
    """Signed again with a key that is not listed (PS-03)."""
    folder, source = signed
    (folder / "words.yaml").write_text("a: 2\n")
    seal(folder, keys["eve"].key, version=2)
    assert refused(source) == [("LG502", "manifest")]


def test_an_older_version_never_comes_back(signed: tuple[Path, FolderSource], keys: Any) -> None:
    """Once version 2 was in force, 1 is refused, and so is another 2; 3 is fine (PS-04)."""
    folder, source = signed
    key = keys["dana"].key
    seal(folder, key, version=2)
    with source.opened() as found:
        source.settle(found.position)
    with source.opened():
        pass
    seal(folder, key, version=1)
    assert refused(source) == [("LG504", "manifest")]
    (folder / "words.yaml").write_text("a: 2\n")
    seal(folder, key, version=2)
    assert refused(source) == [("LG504", "manifest")]
    seal(folder, key, version=3)
    with source.opened() as found:
        assert found.position.startswith("3 ")


def test_a_link_in_a_signed_folder_is_refused(signed: tuple[Path, FolderSource], tmp_path: Path) -> None:
    """Neither a link to a file nor one to a folder is followed (PS-05)."""
    folder, source = signed
    (tmp_path / "elsewhere").mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    assert refused(source) == [("LG100", "linked")]
    (folder / "linked").unlink()
    (folder / "words.yaml").unlink()
    (folder / "words.yaml").symlink_to("/etc/hostname")
    assert refused(source) == [("LG100", "words.yaml")]


def test_a_pipe_or_a_device_is_not_read(signed: tuple[Path, FolderSource]) -> None:
    """Opening a pipe would wait for ever (PS-05)."""
    folder, source = signed
    (folder / "words.yaml").unlink()
    os.mkfifo(folder / "words.yaml")
    assert refused(source) == [("LG100", "words.yaml")]
