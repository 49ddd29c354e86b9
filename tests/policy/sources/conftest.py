"""Keys, a signed folder and a repository, made with the real programs."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Signer:
    """A person with an ssh key, and the file that lets that person sign."""

    key: Path
    allowed: Path


def make_signer(folder: Path, name: str) -> Signer:
    """Make a key without a passphrase and an ALLOWED SIGNERS file with it alone."""
    key = folder / name
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)],
        check=True,
        capture_output=True,
    )
    public = key.with_suffix(".pub").read_text().split()
    allowed = folder / f"{name}.allowed"
    allowed.write_text(f"{name}@example.org {public[0]} {public[1]}\n")
    return Signer(key, allowed)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Signer]:
    """Two people; the second one may not sign what the first one may."""
    folder = tmp_path_factory.mktemp("keys")
    return {name: make_signer(folder, name) for name in ("dana", "eve")}


class Repository:
    """A git repository without anybody's own configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        """Run git and return what it says."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _ME.items()},
        }
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words], check=True, capture_output=True, env=environment
        )
        return done.stdout.decode().strip()

    def commit(self, files: dict[str, str], signer: Signer | None = None) -> str:
        """Commit files and return the commit's id."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "-A")
        words = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={signer.key}"] if signer else []
        self.git(*words, "commit", "-q", "--allow-empty", "-m", "Change", *(["-S"] if signer else []))
        return self.git("rev-parse", "HEAD")


_ME = {"NAME": "Dana", "EMAIL": "dana@example.org"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return an empty repository."""
    return Repository(tmp_path / "repository")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes files into a folder."""

    def writing(files: dict[str, str], name: str = "policies") -> Path:
        for path, text in files.items():
            target = tmp_path / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return tmp_path / name

    return writing
