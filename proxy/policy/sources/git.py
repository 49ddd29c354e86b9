"""Policies at a revision of a local git repository: read from its objects, without a working tree.

Objects are read one by one, and hashed again, instead of through `git archive`, whose attributes can change
what a file says; so what was signed is, byte for byte, what is read.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from proxy.errors import Problems
from proxy.policy.sources.folder import check_owners
from proxy.policy.sources.objects import Objects
from proxy.policy.sources.opened import Opened, lying_still, refuse
from proxy.policy.sources.signing import COMMIT, SECONDS, verify
from proxy.policy.sources.water import HighWater

REVISION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@{}^~-]{0,199}")
_START: Final = re.compile(r"(?:(?!@\{)[^~^{}])+")
_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SIGNED_WITH: Final = (b"gpgsig ", b"gpgsig-sha256 ")
MAX_BETWEEN: Final = 10_000
"""Commits since the one last in force."""


class GitSource:
    """A folder inside a commit, found anew each time by the name of a branch, a tag or the commit itself."""

    def __init__(
        self,
        repository: Path,
        *,
        revision: str,
        path: str = "",
        signers: Path | None = None,
        water: HighWater | None = None,
    ) -> None:
        """Take a repository on this machine as a source; it is never fetched into.

        Args:
            repository: with or without a working tree.
            revision: a branch, a tag, HEAD or the full id of a commit, and what `git rev-parse` takes after
                one, as in `main~2`; a name that is both a branch's and a tag's is refused.
            path: of the policy folder in the repository, with slashes; "" = all of it.
            signers: who may sign commits, an ALLOWED SIGNERS file; None = no signature is needed.
            water: where the commit last in force is kept, if a signature is needed.
        """
        self._repository = repository
        self._revision = revision
        self._path = path.strip("/")
        self._signers = signers
        self._water = water

    def mark(self) -> Hashable:
        """Return the commit that the revision names now."""
        try:
            return self._commit()
        except Problems:
            return "unknown"

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """Open the commit's files as a copy."""
        self._check_owners()
        commit = self._commit()
        called = f"{self._repository}@{commit[:12]}:{self._path}".rstrip(":")
        objects = Objects(self._asked, called)
        (content,) = objects.read([commit], "commit")
        if self._signers is not None:
            content = _signed(content, self._signers, f"{self._repository}@{commit[:12]}")
            self._not_older(objects, commit)
        with lying_still(objects.files(objects.tree(content), self._path), called) as copy:
            yield Opened(copy, commit, commit if self._signers is not None else "")

    def settle(self, position: str) -> None:
        """Remember the commit in force."""
        if self._water is not None and position:
            self._water.write(position)

    def _check_owners(self) -> None:
        """Make sure that nobody else says what the revision is, or how git reads the repository."""
        told = self._git("rev-parse", "--path-format=absolute", "--git-common-dir", "--git-dir")
        for name in sorted(set(os.fsdecode(told).splitlines())):
            # Objects are what their ids say, whoever put them there, and come and go while git packs them.
            check_owners(Path(name), besides=("objects",))

    def _commit(self) -> str:
        what = f"{self._repository}@{self._revision}"
        if not REVISION.fullmatch(self._revision):
            raise refuse(what, "LG501", "is not the name of a revision")
        name = f"{self._full(what)}^{{commit}}"
        found = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        commit = found.decode("ascii", "replace").strip()
        if not _ID.fullmatch(commit):
            raise refuse(what, "LG501", "does not name a commit")
        return commit

    def _full(self, what: str) -> str:
        """Return the revision with the full name of what it starts from, so that no other name stands for it.

        git itself prefers a tag to a branch of the same name, and whoever may push tags need not be one of
        those who may push to the branch.
        """
        start = _START.match(self._revision)
        name = start[0] if start else ""
        if name == "HEAD" or _ID.fullmatch(name):
            return self._revision
        places = ("",) if name.startswith("refs/") else ("refs/heads/", "refs/tags/", "refs/", "refs/remotes/")
        full = [f"{place}{name}" for place in places]
        listed = self._git("for-each-ref", "--format=%(refname)", "--", *full).decode("utf-8", "replace")
        found = [each for each in listed.split("\n") if each in full]
        if len(found) > 1:
            message = f"may be {' or '.join(found)}: remove one, or give the full name"
            raise refuse(what, "LG501", message)
        if not found:
            raise refuse(what, "LG501", "is not a branch, a tag or the full id of a commit")
        return found[0] + self._revision[len(name) :]

    def _not_older(self, objects: Objects, commit: str) -> None:
        before = self._water.read() if self._water is not None else ""
        if not before or before == commit:
            return
        assert self._water is not None
        # What lies between is only a hint: a commit graph that nobody signed could have made it up.
        words = ("rev-list", "--ancestry-path", f"--max-count={MAX_BETWEEN}", "--end-of-options")
        listed = self._run(*words, f"{before}..{commit}")
        between = listed.stdout.decode("ascii", "replace").split() if listed.returncode == 0 else []
        if not objects.follows(commit, before, between):
            message = (
                f"does not follow on {before[:12]}, which has been in force; "
                f"remove {self._water.path} to go back on purpose"
            )
            raise refuse(f"{self._repository}@{commit[:12]}", "LG504", message)

    def _asked(self, words: Sequence[str], data: bytes) -> bytes:
        return self._git(*words, data=data)

    def _git(self, *words: str, data: bytes = b"") -> bytes:
        done = self._run(*words, data=data)
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0][:200]
            what = f"{self._repository}@{self._revision}"
            raise refuse(what, "LG501", f"cannot be read: {said or 'git knows no such revision'}")
        return done.stdout

    def _run(self, *words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        program = shutil.which("git")
        if program is None:
            raise refuse(self._repository, "LG501", "cannot be read: git is not installed")
        try:
            return subprocess.run(  # noqa: S603 - a list, no shell
                [program, "-C", str(self._repository), "-c", "core.commitGraph=false", *words],
                input=data,
                capture_output=True,
                timeout=SECONDS,
                check=False,
                env=_environment(),
            )
        except (OSError, subprocess.TimeoutExpired):
            raise refuse(self._repository, "LG501", "cannot be read: git did not answer") from None


def _signed(commit: bytes, signers: Path, what: str) -> bytes:
    """Return what was signed of a commit, after verifying the signature over it."""
    payload, signature = unsigned(commit)
    if not signature:
        raise refuse(what, "LG502", "is not signed, and commits have to be (signed_by)")
    verify(payload, signature, signers, namespace=COMMIT, what=what)
    return payload


def unsigned(commit: bytes) -> tuple[bytes, bytes]:
    """Return a commit object without its signature, which is what was signed, and the signature."""
    head, blank, message = commit.partition(b"\n\n")
    kept: list[bytes] = []
    signature: list[bytes] = []
    inside = False
    for line in head.split(b"\n"):
        if line.startswith(_SIGNED_WITH):
            inside = True
            signature.append(line.partition(b" ")[2])
        elif inside and line.startswith(b" "):
            signature.append(line[1:])
        else:
            inside = False
            kept.append(line)
    return b"\n".join(kept) + blank + message, b"\n".join(signature) + b"\n" if signature else b""


def _environment() -> dict[str, str]:
    """Return what git may know of ours: nothing that could lead it to another repository or replace objects."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "USER") if name in os.environ}
    return {
        **kept,
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_GRAFT_FILE": os.devnull,
    }
