"""Policies at a revision of a repository: what is read, what is signed, and what cannot be slipped in."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import Problems
from proxy.policy.sources.git import GitSource, unsigned
from proxy.policy.sources.water import HighWater

FILES = {"policies/words.yaml": "a: 1\n", "policies/connectors/crm.yaml": "c: 3\n", "other.yaml": "x: 1\n"}


def refused(source: GitSource) -> list[str]:
    """Return the code of each problem on opening."""
    with pytest.raises(Problems) as caught, source.opened():
        pass
    return [problem.code for problem in caught.value.problems]


def listed(folder: Path) -> dict[str, str]:
    """Return every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def test_a_revision_is_read_without_a_working_tree(repository: Any) -> None:
    """The committed files of the folder, whatever lies in the working tree; nothing outside it."""
    commit = repository.commit({**FILES, "policies/README.md": "no policy", "policies/.hidden.yaml": "h: 1\n"})
    (repository.folder / "policies/words.yaml").write_text("half writ")
    source = GitSource(repository.folder, revision="main", path="policies")
    with source.opened() as found:
        assert listed(found.folder) == {"words.yaml": "a: 1\n", "connectors/crm.yaml": "c: 3\n"}
        assert found.commit == commit == source.mark()
        copy = found.folder
    assert not copy.exists()


def test_the_revision_is_looked_up_each_time(repository: Any) -> None:
    """A new commit on the branch moves the mark; a bare clone reads the same."""
    repository.commit(FILES)
    source = GitSource(repository.folder, revision="main", path="policies/")
    before = source.mark()
    second = repository.commit({"policies/words.yaml": "a: 2\n"})
    assert source.mark() == second != before
    repository.git("clone", "-q", "--bare", ".", str(repository.folder / "bare.git"))
    with GitSource(repository.folder / "bare.git", revision="main", path="policies").opened() as found:
        assert listed(found.folder)["words.yaml"] == "a: 2\n"


def test_the_whole_repository_can_be_the_policy_set(repository: Any) -> None:
    """Without a path, every policy file of the commit."""
    repository.commit(FILES)
    with GitSource(repository.folder, revision="HEAD").opened() as found:
        assert set(listed(found.folder)) == set(FILES)


@pytest.mark.parametrize(
    "revision", ["nowhere", "--upload-pack=x", "main:policies", "main\n", "main^{tree}", "refs/heads/no"]
)
def test_what_names_no_commit_is_refused(repository: Any, revision: str) -> None:
    """An unknown name, an option, a tree: told, and the mark says so without raising."""
    repository.commit(FILES)
    source = GitSource(repository.folder, revision=revision)
    assert refused(source) == ["LG501"]
    assert source.mark() == "unknown"


def test_a_tag_does_not_stand_for_a_branch(repository: Any) -> None:
    """A name that is both is refused, whichever git prefers; a full name says which."""
    good = repository.commit(FILES)
    repository.git("checkout", "-q", "-b", "evil")
    evil = repository.commit({"policies/words.yaml": "a: 666\n"})
    assert GitSource(repository.folder, revision="main").mark() == good
    repository.git("tag", "main")
    assert refused(GitSource(repository.folder, revision="main")) == ["LG501"]
    assert refused(GitSource(repository.folder, revision="main~0")) == ["LG501"]
    assert GitSource(repository.folder, revision="refs/heads/main").mark() == good
    assert GitSource(repository.folder, revision="heads/main").mark() == good
    assert GitSource(repository.folder, revision="refs/tags/main").mark() == evil


def test_a_name_stands_only_for_itself(repository: Any) -> None:
    """No tag takes the place of a commit's id, or of a full name that is gone."""
    good = repository.commit(FILES)
    repository.commit({"policies/words.yaml": "a: 666\n"})
    for name in (good, good[:10], "refs/heads/release"):
        repository.git("update-ref", f"refs/tags/{name}", "HEAD")
    assert GitSource(repository.folder, revision=good).mark() == good
    assert refused(GitSource(repository.folder, revision="refs/heads/release")) == ["LG501"]
    assert refused(GitSource(repository.folder, revision=good[:11])) == ["LG501"]  # an id that is cut short


def test_a_revision_may_start_from_any_name(repository: Any) -> None:
    """Branches, tags with and without a message, HEAD, and what comes before each."""
    first = repository.commit(FILES)
    repository.git("tag", "-a", "-m", "x", "v1.0")
    repository.git("branch", "team/line@2")
    second = repository.commit({"policies/words.yaml": "a: 2\n"})
    found = dict.fromkeys(("v1.0", "tags/v1.0", "team/line@2", "main~1", "HEAD^", f"{second}~"), first)
    found |= dict.fromkeys(("main", "HEAD", "main@{0}", "main^{}", second), second)
    assert {name: GitSource(repository.folder, revision=name).mark() for name in found} == found


def test_a_folder_without_repository_is_told(tmp_path: Path) -> None:
    """The problem names the folder; there is no traceback."""
    assert refused(GitSource(tmp_path / "missing", revision="main")) == ["LG501"]


def test_attributes_do_not_change_what_is_read(repository: Any) -> None:
    """`git archive` would fill in and leave out; a signature over the commit would not notice."""
    text = "a: $Format:%H$\n"
    repository.commit({".gitattributes": "*.yaml export-subst\nleft.yaml export-ignore\n", "words.yaml": text})
    repository.commit({"left.yaml": "b: 1\n"})
    with GitSource(repository.folder, revision="main").opened() as found:
        assert listed(found.folder) == {"words.yaml": text, "left.yaml": "b: 1\n"}


def test_a_link_in_a_commit_is_refused(repository: Any) -> None:
    """A link could lead out of the set (PS-05)."""
    repository.commit(FILES)
    (repository.folder / "policies/link.yaml").symlink_to("/etc/passwd")
    repository.commit({})
    assert refused(GitSource(repository.folder, revision="main", path="policies")) == ["LG100"]


def test_names_made_by_hand_do_not_lead_out_of_the_copy(repository: Any) -> None:
    """git's own commands refuse such names, but a tree object can hold them."""
    repository.commit(FILES)
    git = ["git", "-C", str(repository.folder)]
    blob = repository.git("rev-parse", "main:other.yaml")
    inner = _tree(git, [("100644", b"evil.yaml", blob)])
    outer = _tree(git, [("40000", b"..", inner), ("100644", b"good.yaml", blob), ("100644", b"/a.yaml", blob)])
    commit = repository.git("commit-tree", outer, "-m", "Odd")
    with GitSource(repository.folder, revision=commit).opened() as found:
        assert listed(found.folder.parent / found.folder.name) == {"good.yaml": "x: 1\n"}
        assert not (found.folder.parent / "evil.yaml").exists()
    assert not Path("/a.yaml").exists()


def _tree(git: list[str], entries: list[tuple[str, bytes, str]]) -> str:
    content = b"".join(f"{mode} ".encode() + name + b"\0" + bytes.fromhex(of) for mode, name, of in entries)
    done = subprocess.run(
        [*git, "hash-object", "--literally", "-w", "-t", "tree", "--stdin"],
        input=content,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def test_a_file_over_the_limit_is_refused(repository: Any) -> None:
    """One MiB is what a policy file may have, here as in a folder."""
    repository.commit({"policies/words.yaml": "#" * ((1 << 20) + 1)})
    assert refused(GitSource(repository.folder, revision="main", path="policies")) == ["LG100"]


def test_a_signed_commit_is_accepted_and_an_unsigned_one_is_not(repository: Any, keys: Any) -> None:
    """Demanded once, a signature is always demanded; another person's does not count (PS-03)."""
    signers = keys["dana"].allowed
    source = GitSource(repository.folder, revision="main", path="policies", signers=signers)
    repository.commit(FILES)
    assert refused(source) == ["LG502"]
    signed = repository.commit({"policies/words.yaml": "a: 2\n"}, keys["dana"])
    with source.opened() as found:
        assert (found.commit, found.position) == (signed, signed)
        assert listed(found.folder)["words.yaml"] == "a: 2\n"
    repository.commit({"policies/words.yaml": "a: 3\n"}, keys["eve"])
    assert refused(source) == ["LG502"]


def test_a_changed_commit_loses_its_signature(repository: Any, keys: Any) -> None:
    """Another tree under the same signature is refused (PS-03)."""
    repository.commit(FILES, keys["dana"])
    tree = repository.git("rev-parse", "HEAD^{tree}")
    repository.commit({"policies/words.yaml": "a: 666\n"})
    other = repository.git("rev-parse", "HEAD^{tree}")
    raw = repository.git("cat-file", "commit", "HEAD~1").replace(tree, other) + "\n"
    git = ["git", "-C", str(repository.folder)]
    done = subprocess.run(
        [*git, "hash-object", "-w", "-t", "commit", "--stdin"],
        input=raw.encode(),
        capture_output=True,
        check=True,
    )
    forged = done.stdout.decode().strip()
    source = GitSource(repository.folder, revision=forged, signers=keys["dana"].allowed)
    assert refused(source) == ["LG502"]


def test_replaced_objects_do_not_count(repository: Any, keys: Any) -> None:
    """`git replace` must not put another commit behind a signed one's name."""
    signed = repository.commit(FILES, keys["dana"])
    other = repository.commit({"policies/words.yaml": "a: 666\n"}, keys["eve"])
    repository.git("replace", signed, other)
    source = GitSource(repository.folder, revision=signed, path="policies", signers=keys["dana"].allowed)
    with source.opened() as found:
        assert listed(found.folder)["words.yaml"] == "a: 1\n"


def test_an_older_commit_never_comes_back(repository: Any, keys: Any, tmp_path: Path) -> None:
    """A branch that is set back, or to another line, is refused until somebody removes the mark (PS-04)."""
    dana = keys["dana"]
    water = HighWater(tmp_path / "state" / "water")
    first = repository.commit(FILES, dana)
    second = repository.commit({"policies/words.yaml": "a: 2\n"}, dana)
    source = GitSource(repository.folder, revision="main", signers=dana.allowed, water=water)
    source.settle(second)
    repository.git("reset", "-q", "--hard", first)
    assert refused(source) == ["LG504"]
    repository.commit({"policies/words.yaml": "a: 3\n"}, dana)
    assert refused(source) == ["LG504"]
    repository.git("reset", "-q", "--hard", second)
    repository.commit({"policies/words.yaml": "a: 4\n"}, dana)
    with source.opened():
        pass
    water.path.unlink()
    repository.git("reset", "-q", "--hard", first)
    with source.opened() as found:
        assert found.commit == first


@pytest.mark.parametrize("place", [".", "HEAD", "config", "refs/heads", "refs/heads/main", "hooks"])
def test_a_repository_that_anybody_may_write_is_refused(repository: Any, place: str) -> None:
    """Whoever can write a branch, or git's settings, decides which policies are in force."""
    repository.commit(FILES)
    path = repository.folder / ".git" / place
    path.chmod(path.stat().st_mode | 0o002)
    with pytest.raises(Problems) as caught, GitSource(repository.folder, revision="main").opened():
        pass
    assert [(each.code, Path(each.file)) for each in caught.value.problems] == [("LG505", path)]


def test_a_second_working_tree_is_as_safe_as_its_repository(repository: Any, tmp_path: Path) -> None:
    """Branches lie with the repository, HEAD with the tree; both are looked at, objects are not."""
    repository.commit(FILES)
    second = tmp_path / "second"
    repository.git("worktree", "add", "-q", "-b", "other", str(second))
    (repository.folder / ".git/objects").chmod(0o777)  # what lies in it is hashed
    with GitSource(second, revision="HEAD", path="policies").opened() as found:
        assert "words.yaml" in listed(found.folder)
    (repository.folder / ".git/refs/heads/other").chmod(0o666)
    assert refused(GitSource(second, revision="HEAD")) == ["LG505"]


@pytest.mark.parametrize(
    ("commit", "payload", "signature"),
    [
        (b"tree a\n\nmessage\n", b"tree a\n\nmessage\n", b""),
        (b"tree a\ngpgsig X\n Y\n Z\nencoding u\n\nm\n", b"tree a\nencoding u\n\nm\n", b"X\nY\nZ\n"),
        (b"tree a\n\ngpgsig X\n", b"tree a\n\ngpgsig X\n", b""),  # in the message it is no signature
    ],
)
def test_a_commit_without_its_signature(commit: bytes, payload: bytes, signature: bytes) -> None:
    """The header is taken out with its continuation lines, and nothing else is."""
    assert unsigned(commit) == (payload, signature)
