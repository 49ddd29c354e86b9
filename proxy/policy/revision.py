"""Policies as they were, or will be, at a git revision: read from the repository, never checked out.

Files are taken out of the object store as they were committed. `git archive` would leave out what an
attribute in the same commit marks `export-ignore`, and a checkout may change line ends or run filters: a
review must see what was committed, all of it.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.errors import LychgateError, Problem, Problems

MAX_FILES: Final = 5_000
MAX_FILE_BYTES: Final = 1 << 20
MAX_TOTAL_BYTES: Final = 64 << 20
_INCOMPLETE: Final = "the repository is incomplete: a file is missing; in CI, fetch all of it, without a filter"
_REGULAR: Final = frozenset({"100644", "100755"})
_LINK: Final = "120000"
_LEFT_OUT: Final = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
)
"""Set by git for its hooks, and meant for another folder."""
_SET: Final = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class NoRevision(LychgateError):
    """There is no such revision, no repository, or no git; the message is for the person who asked."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit, and a folder in it."""

    name: str
    """As it was asked for."""
    commit: str
    """Full object name."""
    top: Path
    """Where the repository's files lie."""
    prefix: str
    """The folder, relative to `top`, with `/`; "" for all of it."""


def find(folder: Path, name: str) -> Revision:
    """Return a revision of the repository that holds `folder`, which need not exist any more.

    Raises:
        NoRevision: see there.
    """
    where = folder.absolute()
    while not where.is_dir():
        where = where.parent
    top = Path(_git(where, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
    commit = _git(
        where, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", what=name or '""'
    )
    inside = os.path.relpath(os.path.realpath(folder), os.path.realpath(top))
    prefix = "" if inside == "." else inside.replace(os.sep, "/")
    return Revision(name, commit.decode().strip(), top, prefix)


def merge_base(folder: Path, one: str, other: str) -> str:
    """Return the commit from which two revisions went apart, which is what `A...B` starts from.

    Raises:
        NoRevision: either does not exist, or they have nothing in common.
    """
    first, second = find(folder, one), find(folder, other)
    found = _git(first.top, "merge-base", first.commit, second.commit, what=f"{one}...{other}")
    return found.decode().strip()


def export(revision: Revision, into: Path) -> Path:
    """Write the revision's folder below `into`, an empty folder, and return where it is now.

    Raises:
        NoRevision: the folder is not in the revision, or too large.
        Problems: a link or a submodule in it; neither is followed.
    """
    entries = _entries(revision)
    if not entries:
        raise NoRevision(f"{revision.name} has no folder {revision.prefix or '.'}")
    contents = _contents(revision.top, [name for _, name, _ in entries])
    for (_, name, path), content in zip(entries, contents, strict=True):
        del name
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return into / revision.prefix if revision.prefix else into


def _entries(revision: Revision) -> list[tuple[int, str, str]]:
    """Return size, object name and path of every file."""
    arguments = ["ls-tree", "-r", "-l", "-z", "--full-tree", revision.commit]
    listed = _git(revision.top, *arguments, *([f"{revision.prefix}/"] if revision.prefix else []))
    entries: list[tuple[int, str, str]] = []
    problems: list[Problem] = []
    for line in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        told, _, path = line.partition("\t")
        mode, _, name, size = told.split()
        if mode not in _REGULAR:
            what = "is a link; links are not followed" if mode == _LINK else "is a submodule"
            problems.append(Problem(f"{revision.name}:{path}", 0, 0, "LG100", what))
        elif not size.isdigit():
            raise NoRevision(_INCOMPLETE)
        elif int(size) <= MAX_FILE_BYTES:
            entries.append((int(size), name, _inside(path)))
        elif path.endswith((".yaml", ".yml")):
            problems.append(Problem(f"{revision.name}:{path}", 0, 0, "LG100", "is larger than 1 MiB"))
    if problems:
        raise Problems(problems)
    if len(entries) > MAX_FILES or sum(size for size, _, _ in entries) > MAX_TOTAL_BYTES:
        raise NoRevision(
            f"{revision.name} has more than {MAX_FILES} files or 64 MiB in {revision.prefix or '.'}"
        )
    return entries


def _inside(path: str) -> str:
    """Return a path that cannot leave the folder it is written to; git itself does not commit others."""
    if path.startswith("/") or not {"", ".", "..", ".git"}.isdisjoint(path.split("/")):
        raise NoRevision("the repository has a path that leads out of it")
    return path


def _contents(top: Path, names: list[str]) -> list[bytes]:
    said = _git(top, "cat-file", "--batch", given="".join(f"{name}\n" for name in names).encode())
    found, at = [], 0
    for name in names:
        head, _, _ = said[at : at + 200].partition(b"\n")
        words = head.decode().split()
        if len(words) != 3 or words[:2] != [name, "blob"]:
            raise NoRevision(_INCOMPLETE)
        begin = at + len(head) + 1
        at = begin + int(words[2]) + 1
        found.append(said[begin : at - 1])
    return found


def _git(where: Path, *arguments: str, given: bytes = b"", what: str = "") -> bytes:
    """Return what git says; `what` is the revision that it may not know."""
    environment = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT} | _SET
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; revisions come after --end-of-options
            ["git", "-C", str(where), *arguments],  # noqa: S607 - the git that the person uses
            input=given,
            capture_output=True,
            env=environment,
            check=False,
        )
    except FileNotFoundError:
        raise NoRevision("git is needed to look at revisions; compare two folders instead") from None
    if done.returncode == 0:
        return done.stdout
    if what:
        raise NoRevision(f"there is no revision {what} here; in CI, fetch the whole history (fetch-depth: 0)")
    said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
    raise NoRevision(said or f"git {arguments[0]} failed")
