"""Objects of a git repository, each hashed again: git itself believes what lies under an object's name.

A signature over a commit holds its tree by a hash, and that holds every folder and file. Whoever can write the
repository's files can still put other content under those names, and git would read it.
"""

import hashlib
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from proxy.errors import Problems
from proxy.policy.sources.opened import MAX_BYTES, MAX_FILES, refuse

MAX_FOLDERS: Final = 10_000
_MAX_OTHER: Final = 16 << 20
_HASHES: Final = {40: hashlib.sha1, 64: hashlib.sha256}
_ENTRY: Final = re.compile(rb"([0-7]{5,6}) ([^\0]*)\0")
_TREE: Final = re.compile(rb"tree ([0-9a-f]+)\n")
_PARENT: Final = re.compile(rb"parent ([0-9a-f]+)")

Ask = Callable[[Sequence[str], bytes], bytes]
"""Runs git with these words and this input; raises Problems."""


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects of one repository, by their ids."""

    ask: Ask
    called: str
    """What problems call the repository and the revision in it."""

    def read(self, names: Sequence[str], kind: str) -> list[bytes]:
        """Return the content of objects, in order; each is what its id is the hash of.

        Raises:
            Problems: LG501, one is missing, of another kind, too large, or not what its id says.
        """
        if not names:
            return []
        data = "".join(f"{name}\n" for name in names).encode()
        for line in self.ask(("cat-file", "--batch-check"), data).splitlines():
            words = line.split()
            limit = MAX_BYTES if kind == "blob" else _MAX_OTHER
            if len(words) == 3 and words[2].isdigit() and int(words[2]) > limit:
                raise self.refuse("has an object that is too large")
        answer = self.ask(("cat-file", "--batch"), data)
        found, at = [], 0
        for name in names:
            head, _, _ = answer[at : at + 200].partition(b"\n")
            words = head.split()
            if len(words) != 3 or words[:2] != [name.encode(), kind.encode()]:
                raise self.refuse("cannot be read: an object is missing")
            begin = at + len(head) + 1
            at = begin + int(words[2]) + 1
            found.append(answer[begin : at - 1])
            if _id(name, kind, found[-1]) != name:
                raise self.refuse(f"has a {kind} that is not what its id says: {name[:12]}")
        return found

    def tree(self, commit: bytes) -> str:
        """Return the id of the tree that the content of a commit names.

        Raises:
            Problems: LG501, it names none.
        """
        found = _TREE.match(commit)
        if found is None:
            raise self.refuse("is not a commit")
        return found[1].decode()

    def follows(self, commit: str, before: str, between: Sequence[str]) -> bool:
        """Return whether parents lead from one commit back to another, by way of commits `between` alone.

        Which ones those are may come from anywhere: the way itself is taken from what was hashed.

        Raises:
            Problems: as for `read`.
        """
        known = dict(zip(between, self.read(between, "commit"), strict=True))
        ahead, seen = [commit], {commit}
        while ahead:
            name = ahead.pop()
            if name == before:
                return True
            fresh = [each for each in parents(known.get(name, b"")) if each not in seen]
            seen.update(fresh)
            ahead += fresh
        return False

    def files(self, tree: str, path: str) -> dict[str, bytes]:
        """Return every policy file of a folder in a tree, by its path below the folder, save hidden ones.

        Raises:
            Problems: LG100, a link, or too large or too many; LG501 as for `read`.
        """
        for part in filter(None, path.split("/")):
            (content,) = self.read([tree], "tree")
            inside = {name: each for mode, name, each in self._entries(content, len(tree)) if stat.S_ISDIR(mode)}
            if part not in inside:
                return {}
            tree = inside[part]
        wanted = self._wanted(tree)
        return dict(zip(wanted, self._blobs(wanted), strict=True))

    def _blobs(self, wanted: dict[str, str]) -> list[bytes]:
        data = "".join(f"{each}\n" for each in wanted.values()).encode()
        sizes = self.ask(("cat-file", "--batch-check=%(objectsize)"), data).splitlines() if wanted else []
        for name, size in zip(wanted, sizes, strict=False):
            if size.isdigit() and int(size) > MAX_BYTES:
                raise refuse(f"{self.called}/{name}", "LG100", "is larger than 1 MiB; split it")
        return self.read(list(wanted.values()), "blob")

    def _wanted(self, tree: str) -> dict[str, str]:
        """Return the id of every policy file below a tree, by its path; one process reads a whole level."""
        wanted: dict[str, str] = {}
        level, folders = [("", tree)], 1
        while level:
            below: list[tuple[str, str]] = []
            contents = self.read([each for _, each in level], "tree")
            for (prefix, _), content in zip(level, contents, strict=True):
                for mode, name, each in self._entries(content, len(tree)):
                    # A tree made by hand can hold names that would lead out of the copy.
                    if not name or name.startswith(".") or "/" in name:
                        continue
                    if stat.S_ISDIR(mode):
                        below.append((f"{prefix}{name}/", each))
                    elif name.endswith((".yaml", ".yml")):
                        if not stat.S_ISREG(mode):
                            message = "is a link; links are not followed"
                            raise refuse(f"{self.called}/{prefix}{name}", "LG100", message)
                        wanted[prefix + name] = each
            level, folders = below, folders + len(below)
            if len(wanted) > MAX_FILES or folders > MAX_FOLDERS:
                message = f"has more than {MAX_FILES} files, or {MAX_FOLDERS} folders"
                raise refuse(self.called, "LG100", message)
        return wanted

    def _entries(self, content: bytes, digits: int) -> Iterator[tuple[int, str, str]]:
        """Yield mode, name and id of what a tree holds; ids have so many digits."""
        at, size = 0, digits // 2
        while at < len(content):
            entry = _ENTRY.match(content, at)
            if entry is None or entry.end() + size > len(content):
                raise self.refuse("has a tree that cannot be read")
            at = entry.end() + size
            yield int(entry[1], 8), entry[2].decode("utf-8", "replace"), content[at - size : at].hex()

    def refuse(self, message: str) -> Problems:
        """Return, for raising, what is wrong with the repository."""
        return refuse(self.called, "LG501", message)


def parents(commit: bytes) -> list[str]:
    """Return the ids of the parents that the content of a commit names."""
    lines = commit.partition(b"\n\n")[0].split(b"\n")[1:]
    found = []
    for line in lines:
        parent = _PARENT.fullmatch(line)
        if parent is None:
            break  # they come right after the tree; what stands further down may belong to a signature
        found.append(parent[1].decode())
    return found


def _id(name: str, kind: str, content: bytes) -> str:
    return _HASHES[len(name)](f"{kind} {len(content)}\0".encode() + content).hexdigest()
