"""Bytes of one regular file, read without following a link."""

import os
import stat
from pathlib import Path
from typing import Final

from proxy.errors import Problem, Problems

MAX_BYTES: Final = 1 << 20
"""A policy of 10,000 rules is about 1 MiB; whoever needs more splits the file."""

_LEAF: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FOLDER: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DIRECTORY


def refuse(path: Path, message: str) -> Problems:
    """Return, for raising, the one problem that `path` as a whole has."""
    return Problems([Problem(str(path), 0, 0, "LG100", message)])


def read_text(path: Path, root: Path | None = None) -> str:
    """Return the text of a regular UTF-8 file of at most `MAX_BYTES`, opened exactly once.

    Args:
        path: the file; its last component must not be a link.
        root: when given, no component below this folder may be a link or `..` either.

    Raises:
        Problems: LG100, about the whole file.
    """
    try:
        descriptor = os.open(path, _LEAF) if root is None else _open_below(root, path)
    except OSError as error:
        link = path.is_symlink()
        raise refuse(path, "is a link; links are not followed" if link else _why(error)) from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode) or mode & stat.S_IWOTH:
        os.close(descriptor)
        wrong = "is writable by everybody; chmod o-w" if stat.S_ISREG(mode) else "is not a regular file"
        raise refuse(path, wrong)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise refuse(path, "is larger than 1 MiB; split it")
    if b"\0" in content:
        raise refuse(path, "contains a NUL byte")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise Problems([Problem(str(path), line, column, "LG100", "is not UTF-8 here")]) from None


def _open_below(root: Path, path: Path) -> int:
    """Open `path` one component at a time, so that nobody can swap a folder for a link meanwhile."""
    try:
        *folders, leaf = path.relative_to(root).parts
    except ValueError:
        raise refuse(path, "lies outside the policy folder") from None
    if ".." in folders:
        raise refuse(path, "lies outside the policy folder")
    at = os.open(root, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        return os.open(leaf, _LEAF, dir_fd=at)
    finally:
        os.close(at)


def _why(error: OSError) -> str:
    return f"cannot be opened: {error.strerror}"
