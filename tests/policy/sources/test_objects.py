"""Objects are what their ids say, whatever lies under their names in the repository."""

import hashlib
import struct
import subprocess
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import Problems
from proxy.policy.sources import GitSource
from proxy.policy.sources.objects import Objects, parents
from proxy.policy.sources.water import HighWater

FILES = {"policies/words.yaml": "strict\n", "policies/deep/more.yaml": "strict\n"}


_NONE = 0x70000000
"""No parent, in a commit graph."""


def _put(folder: Path, name: str, kind: str, content: bytes) -> None:
    """Put other content under an object's name, as whoever can write the repository's files can."""
    path = folder / ".git/objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(f"{kind} {len(content)}\0".encode() + content))


def _codes(source: GitSource) -> list[str]:
    with pytest.raises(Problems) as caught, source.opened():
        pass
    return [problem.code for problem in caught.value.problems]


def _raw(folder: Path, kind: str, name: str) -> bytes:
    words = ["git", "-C", str(folder), "cat-file", kind, name]
    return subprocess.run(words, check=True, capture_output=True).stdout


def _objects(folder: Path) -> Objects:
    def ask(words: Sequence[str], data: bytes) -> bytes:
        done = subprocess.run(["git", "-C", str(folder), *words], input=data, check=True, capture_output=True)
        return done.stdout

    return Objects(ask, "here")


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("HEAD", "commit"),
        ("HEAD^{tree}", "tree"),
        ("HEAD:policies", "tree"),
        ("HEAD:policies/deep", "tree"),
        ("HEAD:policies/deep/more.yaml", "blob"),
    ],
)
def test_what_was_committed_is_what_is_read(
    repository: Any, keys: Any, what: str, kind: str, signed: bool
) -> None:
    """Content of the right kind and form under another's name is refused at every step (PS-03)."""
    repository.commit({**FILES, "policies/deep/more.yaml": "open\n"}, keys["dana"])
    other = _raw(repository.folder, kind, repository.git("rev-parse", what))
    repository.commit(FILES, keys["dana"])
    _put(repository.folder, repository.git("rev-parse", what), kind, other)
    signers = keys["dana"].allowed if signed else None
    source = GitSource(repository.folder, revision="main", path="policies", signers=signers)
    assert _codes(source) == ["LG501"]


def test_what_is_packed_is_read_too(repository: Any, keys: Any) -> None:
    """An object is the same, loose or in a pack."""
    repository.commit(FILES, keys["dana"])
    repository.git("gc", "-q")
    signers = keys["dana"].allowed
    with GitSource(repository.folder, revision="main", path="policies", signers=signers).opened() as found:
        assert (found.folder / "deep/more.yaml").read_text() == "strict\n"


def test_ids_may_be_longer(repository: Any) -> None:
    """In a repository of SHA-256 ids, objects are hashed with that, and a swapped one is refused."""
    folder = repository.folder / "longer"
    folder.mkdir()
    repository.git("init", "-q", "-b", "main", "--object-format=sha256", str(folder))
    (folder / "a.yaml").write_text("strict\n")
    repository.git("-C", str(folder), "add", "a.yaml")
    repository.git("-C", str(folder), "commit", "-q", "-m", "x")
    with GitSource(folder, revision="main").opened() as found:
        assert len(found.commit) == 64
        assert (found.folder / "a.yaml").read_text() == "strict\n"
    _put(folder, repository.git("-C", str(folder), "rev-parse", "HEAD:a.yaml"), "blob", b"open\n")
    assert _codes(GitSource(folder, revision="main")) == ["LG501"]


def test_a_folder_that_is_not_there_is_empty(repository: Any) -> None:
    """Neither a missing name nor a file's stands for a folder."""
    repository.commit(FILES)
    objects = _objects(repository.folder)
    tree = repository.git("rev-parse", "HEAD^{tree}")
    assert objects.files(tree, "missing") == objects.files(tree, "policies/words.yaml") == {}
    assert set(objects.files(tree, "policies")) == {"words.yaml", "deep/more.yaml"}


def test_a_forged_parent_does_not_lead_back(repository: Any) -> None:
    """A commit in between, replaced by one that names other parents, is no way (PS-04)."""
    root, middle, old, in_force = (repository.commit({"a.yaml": text}) for text in "abcd")
    raw = _raw(repository.folder, "commit", middle)
    _put(repository.folder, middle, "commit", raw.replace(root.encode(), in_force.encode()))
    with pytest.raises(Problems) as caught:
        _objects(repository.folder).follows(old, in_force, [old, middle])
    assert [problem.code for problem in caught.value.problems] == ["LG501"]


def test_a_commit_graph_does_not_lead_back(repository: Any, keys: Any, tmp_path: Path) -> None:
    """Nobody signs the graph that git keeps for speed: forged, it makes no old commit a new one (PS-04)."""
    dana = keys["dana"]
    root, old, in_force = (repository.commit({"a.yaml": text}, dana) for text in "abc")
    tree = repository.git("rev-parse", "HEAD^{tree}")
    follows = {old: root, root: in_force, in_force: None}
    ids = sorted(follows)
    data = b"".join(
        bytes.fromhex(tree)
        + struct.pack(">II", ids.index(parent) if parent else _NONE, _NONE)
        + struct.pack(">Q", (generation << 34) | int(time.time()))
        for each in ids
        for parent, generation in [(follows[each], [in_force, root, old].index(each) + 1)]
    )
    fan = b"".join(struct.pack(">I", sum(int(each[:2], 16) <= first for each in ids)) for first in range(256))
    chunks = {b"OIDF": fan, b"OIDL": b"".join(map(bytes.fromhex, ids)), b"CDAT": data}
    contents, at = b"", 8 + 12 * 4
    for name, content in chunks.items():
        contents += name + struct.pack(">Q", at)
        at += len(content)
    graph = b"CGPH\1\1\3\0" + contents + bytes(4) + struct.pack(">Q", at) + b"".join(chunks.values())
    path = repository.folder / ".git/objects/info/commit-graph"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(graph + hashlib.sha1(graph).digest())
    repository.git("update-ref", "refs/heads/main", old)
    repository.git("merge-base", "--is-ancestor", in_force, old)  # git itself believes it
    water = HighWater(tmp_path / "water")
    water.write(in_force)
    source = GitSource(repository.folder, revision="main", signers=dana.allowed, water=water)
    assert _codes(source) == ["LG504"]


def test_a_merge_follows_on_both_its_parents(repository: Any, keys: Any, tmp_path: Path) -> None:
    """The way back may lead by any parent."""
    dana = keys["dana"]
    repository.commit({"a.yaml": "root\n"}, dana)
    repository.git("checkout", "-q", "-b", "side")
    side = repository.commit({"b.yaml": "side\n"}, dana)
    repository.git("checkout", "-q", "main")
    main = repository.commit({"a.yaml": "main\n"}, dana)
    repository.git("merge", "-q", "--no-edit", "side")
    repository.commit({"a.yaml": "after\n"}, dana)
    for before in (side, main):
        water = HighWater(tmp_path / before)
        water.write(before)
        with GitSource(repository.folder, revision="main", signers=dana.allowed, water=water).opened() as found:
            assert (found.folder / "b.yaml").exists()


def test_the_way_is_taken_from_the_commits_themselves(repository: Any) -> None:
    """What is said to lie between is read, and leads nowhere if it does not."""
    first, second, third = (repository.commit({"a.yaml": text}) for text in "abc")
    objects = _objects(repository.folder)
    assert objects.follows(third, first, [third, second])
    assert not objects.follows(third, first, [third])  # the middle is left out
    assert not objects.follows(first, third, [first, second])  # backwards


@pytest.mark.parametrize(
    ("commit", "found"),
    [
        (b"tree a\n\nparent b\n", []),  # in the message
        (b"tree a\nparent b\nparent c\nauthor x\n\nm\n", ["b", "c"]),
        (b"tree a\nparent b\nauthor x\nparent c\n\nm\n", ["b"]),  # git stops there, too
        (b"", []),
    ],
)
def test_parents_stand_after_the_tree(commit: bytes, found: list[str]) -> None:
    """Nothing else in a commit names one."""
    assert parents(commit) == found
