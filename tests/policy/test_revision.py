"""Policies at a git revision, as they were committed."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.errors import Problems
from proxy.policy.revision import NoRevision, export, find, merge_base

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Return a way to run git in a new repository, `tmp_path / "repo"`."""
    top = tmp_path / "repo"
    top.mkdir()
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    names |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in names.items()}
    environment = os.environ | names | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def run(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=top, env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    return run


def _commit(git: Git, top: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(text.encode())
    git("add", "--all")
    git("commit", "--quiet", "-m", "change")
    return git("rev-parse", "HEAD")


def _files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_bytes().decode() for path in folder.rglob("*") if path.is_file()
    }


def test_a_revision_is_written_as_it_was_committed(git: Git, tmp_path: Path) -> None:
    """Only the folder, byte by byte, whatever lies in the working tree now."""
    top = tmp_path / "repo"
    first = _commit(git, top, {"policies/a.yaml": "a: 1\r\n", "policies/deep/b.yaml": "b\n", "other": "x"})
    _commit(git, top, {"policies/a.yaml": "a: 2\n"})
    (top / "policies" / "a.yaml").write_text("a: 3\n")
    revision = find(top / "policies", "HEAD~1")
    assert (revision.commit, revision.prefix) == (first, "policies")
    folder = export(revision, tmp_path / "out")
    assert folder == tmp_path / "out" / "policies"
    assert _files(folder) == {"a.yaml": "a: 1\r\n", "deep/b.yaml": "b\n"}
    assert git("status", "--porcelain") == "M policies/a.yaml"


def test_the_repository_itself_may_be_the_folder(git: Git, tmp_path: Path) -> None:
    """A policy repository has no folder around its policies."""
    _commit(git, tmp_path / "repo", {"a.yaml": "a\n"})
    assert _files(export(find(tmp_path / "repo", "main"), tmp_path / "out")) == {"a.yaml": "a\n"}


def test_a_commit_cannot_hide_a_file_from_its_review(git: Git, tmp_path: Path) -> None:
    """Attributes that make `git archive` leave out or rewrite a file change nothing here."""
    top = tmp_path / "repo"
    _commit(
        git,
        top,
        {"p/.gitattributes": "evil.yaml export-ignore\n* export-subst\n", "p/evil.yaml": "$Format:%H$\n"},
    )
    assert _files(export(find(top / "p", "HEAD"), tmp_path / "out"))["evil.yaml"] == "$Format:%H$\n"


def test_a_replaced_object_is_not_taken_for_the_real_one(git: Git, tmp_path: Path) -> None:
    """`git replace` is local, and a review is about what everybody gets."""
    top = tmp_path / "repo"
    _commit(git, top, {"p/a.yaml": "real\n"})
    (tmp_path / "fake").write_text("fake\n")
    git("replace", git("rev-parse", "HEAD:p/a.yaml"), git("hash-object", "-w", str(tmp_path / "fake")))
    assert _files(export(find(top / "p", "HEAD"), tmp_path / "out")) == {"a.yaml": "real\n"}


def test_links_are_refused_with_their_place(git: Git, tmp_path: Path) -> None:
    """As they are in a folder on disk."""
    top = tmp_path / "repo"
    (top / "p").mkdir()
    (top / "p" / "out.yaml").symlink_to("/etc/passwd")
    _commit(git, top, {"p/a.yaml": "a\n"})
    with pytest.raises(Problems) as raised:
        export(find(top / "p", "HEAD"), tmp_path / "out")
    assert str(raised.value) == "HEAD:p/out.yaml:0:0: error LG100: is a link; links are not followed"


def test_a_folder_that_is_gone_can_still_be_looked_at(git: Git, tmp_path: Path) -> None:
    """It is in the revision before; in the one after there is none."""
    top = tmp_path / "repo"
    _commit(git, top, {"p/a.yaml": "a\n", "b": "b\n"})
    git("rm", "--quiet", "-r", "p")
    git("commit", "--quiet", "-m", "gone")
    assert _files(export(find(top / "p", "HEAD~1"), tmp_path / "out")) == {"a.yaml": "a\n"}
    with pytest.raises(NoRevision, match="HEAD has no folder p"):
        export(find(top / "p", "HEAD"), tmp_path / "out2")


def test_the_base_of_a_branch_is_where_it_left(git: Git, tmp_path: Path) -> None:
    """What came on main since is not part of the branch's change."""
    top = tmp_path / "repo"
    base = _commit(git, top, {"a": "1"})
    git("checkout", "--quiet", "-b", "branch")
    _commit(git, top, {"b": "1"})
    git("checkout", "--quiet", "main")
    _commit(git, top, {"c": "1"})
    assert merge_base(top, "main", "branch") == base


@pytest.mark.parametrize("name", ["nowhere", "--output=/tmp/x", "-h", "", "HEAD:p/a.yaml", "a b"])
def test_what_is_no_commit_is_refused_in_a_sentence(git: Git, tmp_path: Path, name: str) -> None:
    """A misspelt branch, an option in disguise, a file."""
    _commit(git, tmp_path / "repo", {"p/a.yaml": "a\n"})
    with pytest.raises(NoRevision, match="there is no revision"):
        find(tmp_path / "repo" / "p", name)


def test_without_a_repository_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git's own words, without its prefix; and its hooks' variables do not mislead it."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(Path(__file__).parents[2] / ".git"))
    (tmp_path / "p").mkdir()
    with pytest.raises(NoRevision, match="not a git repository"):
        find(tmp_path / "p", "HEAD")


def test_a_file_that_is_missing_is_told(git: Git, tmp_path: Path) -> None:
    """A clone that left contents out, or lost one, has no revision to show; there is no traceback."""
    top = tmp_path / "repo"
    _commit(git, top, {"policies/a.yaml": "a: 1\n", "policies/b.yaml": "b: 1\n"})
    blob = git("rev-parse", "HEAD:policies/b.yaml")
    (top / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(NoRevision, match="incomplete"):
        export(find(top / "policies", "HEAD"), tmp_path / "out")
