"""Which files are read at all."""

import os
from pathlib import Path

import pytest

from proxy.errors import Problems
from proxy.yamlfile.opening import MAX_BYTES, read_text


def _write(folder: Path, content: str | bytes) -> Path:
    path = folder / "policy.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _refused(path: Path, root: Path | None = None) -> list[tuple[str, int, int]]:
    with pytest.raises(Problems) as caught:
        read_text(path, root)
    return [(problem.code, problem.line, problem.column) for problem in caught.value.problems]


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    assert len(read_text(_write(tmp_path, b"x" * MAX_BYTES))) == MAX_BYTES


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b"a: 1\nb: \xff\n", 2, 4),  # not UTF-8
        ("a: é\n".encode("latin-1"), 1, 4),
        ("a: 1\n".encode("utf-16"), 0, 0),  # every other byte is NUL
        (b"a: 1\0\n", 0, 0),
        (b"a: " + b"x" * (1 << 20), 0, 0),  # one byte too many and more
    ],
)
def test_bytes_that_are_not_small_utf_8_text_are_refused(
    tmp_path: Path, content: bytes, line: int, column: int
) -> None:
    """Encoding and size are checked before anything is parsed."""
    assert _refused(_write(tmp_path, content)) == [("LG100", line, column)]


def test_links_folders_pipes_and_missing_files_are_refused(tmp_path: Path) -> None:
    """Only a regular file is read, and opening a pipe does not wait for a writer."""
    target = _write(tmp_path, "a: 1\n")
    link, pipe = tmp_path / "link.yaml", tmp_path / "pipe.yaml"
    link.symlink_to(target)
    os.mkfifo(pipe)
    for path in (link, pipe, tmp_path, tmp_path / "missing.yaml"):
        assert _refused(path) == [("LG100", 0, 0)]


def test_no_component_below_the_root_may_be_a_link_or_leave_it(tmp_path: Path) -> None:
    """A folder of policies cannot reach outside itself."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "inner").mkdir(parents=True)
    outside.mkdir()
    secret = _write(outside, "a: 1\n")
    (root / "folder").symlink_to(outside)
    good = _write(root / "inner", "a: 1\n")
    assert read_text(good, root) == "a: 1\n"
    for path in (root / "folder" / "policy.yaml", root / ".." / "outside" / "policy.yaml", secret):
        assert _refused(path, root) == [("LG100", 0, 0)]


def test_a_file_that_everybody_can_write_is_refused(tmp_path: Path) -> None:
    """What anybody on the machine can change is not what was reviewed (PS-05)."""
    path = _write(tmp_path, "a: 1\n")
    path.chmod(0o646)
    assert _refused(path) == [("LG100", 0, 0)]
    path.chmod(0o664)
    assert read_text(path) == "a: 1\n"
