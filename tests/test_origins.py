"""Policies from a git revision or a signed folder, under a running installation."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proxy.app import App, build
from proxy.cli.run import _Alone, _watch
from proxy.config import load_config
from proxy.demo.installation import Installation, LaneOf, make_installation
from proxy.errors import Problems
from proxy.policy.sources.folder import read_files
from proxy.policy.sources.signing import manifest_of, sign

LANES = {
    "salesforce": LaneOf(8443, "http://127.0.0.1:9", "secret"),
    "hubspot": LaneOf(8444, "http://127.0.0.1:9", "secret"),
}
GOOD = ("Nobody knows what people wrote there.", "Nobody knows what is written there.")
"""An edit that makes another set of it, and one that passes its tests."""
Start = Callable[[str], App]


@pytest.fixture
def made(tmp_path: Path) -> Installation:
    """Return an installation with two lanes."""
    return make_installation(tmp_path / "gateway", LANES, admin=0)


@pytest.fixture
def start(made: Installation) -> Iterator[Start]:
    """Return what builds the installation with more lines in its configuration."""
    apps: list[App] = []

    def starting(lines: str) -> App:
        text = made.config.read_text()
        made.config.write_text(text.replace("drain_seconds: 5\n", f"drain_seconds: 5\n{lines}\n"))
        apps.append(build(load_config(made.config)))
        return apps[-1]

    yield starting
    for app in apps:
        app.ledger.close()


def git(folder: Path, *words: str) -> str:
    """Run git without anybody's own configuration."""
    names = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
    me = {f"GIT_{name}": "dana@example.org" for name in names}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **me}
    done = subprocess.run(
        ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True, env=environment
    )
    return done.stdout.strip()


@pytest.fixture
def repository(made: Installation, tmp_path: Path) -> Path:
    """Return a repository with the installation's policies on its branch main."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    shutil.copytree(made.policies, folder / "rules")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "First")
    return folder


def in_force(app: App) -> set[str]:
    """Return what the ledger would call the policy sets in force."""
    return {gateway.rules.policy for gateway in app.gateways.values()}


def test_a_revision_is_put_in_force_when_it_moves(start: Start, repository: Path) -> None:
    """Digest and commit in entries and metric; an edit that is not committed does nothing."""
    app = start(f"policies: {{git: {repository}, revision: main, path: rules}}")
    first = git(repository, "rev-parse", "HEAD")
    (policy,) = in_force(app)
    digest, commit = policy.split(" git:")
    assert commit == first
    assert f'commit="{first}",digest="{digest}"' in app.metrics.text().decode()
    guards = repository / "rules" / "example" / "guards.yaml"
    guards.write_text(guards.read_text().replace(*GOOD))
    assert app.reload() == policy
    git(repository, "commit", "-q", "-a", "-m", "Second")
    assert app.marks() != ((first,))
    assert app.reload().endswith(git(repository, "rev-parse", "HEAD"))
    assert not in_force(app) & {policy}


def test_a_bad_commit_is_told_by_its_name_and_changes_nothing(start: Start, repository: Path) -> None:
    """The problem names repository, commit and file, as the author knows them."""
    app = start(f"policies: {{git: {repository}, revision: main, path: rules}}")
    before = in_force(app)
    guards = repository / "rules" / "example" / "guards.yaml"
    guards.write_text(guards.read_text().replace("effect: redact", "effect: redcat"))
    git(repository, "commit", "-q", "-a", "-m", "Slip")
    with pytest.raises(Problems) as caught:
        app.reload()
    commit = git(repository, "rev-parse", "HEAD")[:12]
    (problem,) = caught.value.problems
    assert problem.file == f"{repository}@{commit}:rules/example/guards.yaml"
    assert problem.line > 1
    assert in_force(app) == before


def test_a_repository_that_is_gone_changes_nothing(start: Start, repository: Path) -> None:
    """The mark does not raise, and the set in force stays."""
    app = start(f"policies: {{git: {repository}, path: rules}}")
    before = in_force(app)
    repository.rename(repository.with_name("away"))
    with pytest.raises(Problems, match="LG501"):
        app.reload()
    assert app.marks() == ("unknown",)
    assert in_force(app) == before


def test_lanes_may_have_policies_of_their_own(start: Start, made: Installation, repository: Path) -> None:
    """One lane from the folder, one from git; a refusal of either leaves both as they are."""
    text = made.config.read_text()
    made.config.write_text(text + f"    policies: {{git: {repository}, path: rules}}\n")  # of the last lane
    app = start("")
    assert len(app.origins) == 2
    assert ["git:" in gateway.rules.policy for gateway in app.gateways.values()] == [False, True]
    before = in_force(app)
    (made.policies / "example" / "guards.yaml").write_text("kind: Policy\n")
    git(repository, "commit", "-q", "--allow-empty", "-m", "Second")
    with pytest.raises(Problems):
        app.reload()
    assert in_force(app) == before


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return an ssh key; `signers` beside it lists it alone."""
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    words = path.with_suffix(".pub").read_text().split()[:2]
    (tmp_path / "signers").write_text(f"dana@example.org {' '.join(words)}\n")
    return path


def seal(folder: Path, key: Path, version: int) -> None:
    """Sign the folder as it is."""
    text = manifest_of(read_files(folder), version).text().encode()
    (folder / ".lychgate").mkdir(exist_ok=True)
    (folder / ".lychgate" / "manifest").write_bytes(text)
    (folder / ".lychgate" / "manifest.sig").write_bytes(sign(text, key))


async def test_a_signed_folder_moves_forward_only(start: Start, made: Installation, key: Path) -> None:
    """Unsigned edits and older versions are refused while it runs, and also by the next process."""
    seal(made.policies, key, 1)
    app = start(f"policies: {{folder: policies, signed_by: {key.with_name('signers')}}}")
    await app.started()
    first = in_force(app)
    guards = made.policies / "example" / "guards.yaml"
    guards.write_text(guards.read_text().replace(*GOOD))
    with pytest.raises(Problems, match="LG503"):
        app.reload()
    assert in_force(app) == first
    seal(made.policies, key, 2)
    app.reload()
    second = in_force(app)
    assert second != first
    guards.write_text(guards.read_text().replace(GOOD[1], GOOD[0]))
    seal(made.policies, key, 1)
    with pytest.raises(Problems, match="LG504"):
        app.reload()
    assert in_force(app) == second
    app.ledger.close()
    with pytest.raises(Problems, match="LG504"):
        build(load_config(made.config))


def test_without_the_signature_nothing_starts(start: Start, key: Path) -> None:
    """At start there is no older set to fall back to: the process does not come up (PS-01, PS-03)."""
    with pytest.raises(Problems, match="LG502"):
        start(f"policies: {{folder: policies, signed_by: {key.with_name('signers')}}}")


def test_a_mark_that_cannot_be_kept_is_a_refusal(start: Start, made: Installation, key: Path) -> None:
    """A set whose version would be forgotten is not put in force."""
    seal(made.policies, key, 1)
    app = start(f"policies: {{folder: policies, signed_by: {key.with_name('signers')}}}")
    before = in_force(app)
    (made.folder / "state" / "policies").write_text("in the way")
    with pytest.raises(Problems, match="LG504"):
        app.reload()
    assert in_force(app) == before


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.02)


async def test_watching_puts_edits_in_force_and_refuses_bad_ones_once(start: Start, made: Installation) -> None:
    """Half a file is refused and the set stays; the whole one is taken up without a signal."""
    app = start("reload: {watch: true, every_seconds: 1}")
    watching = asyncio.create_task(_watch(app, _Alone(app), asyncio.Lock(), 0.02))
    refused = 'lychgate_policy_reloads_total{result="refused"}'
    first = in_force(app)
    try:
        await asyncio.sleep(0.2)
        guards = made.policies / "example" / "guards.yaml"
        text = guards.read_text().replace(*GOOD)
        guards.write_text(text.split("actions:")[0])
        await _until(lambda: refused in app.metrics.text().decode())
        await asyncio.sleep(0.3)
        assert f"{refused} 1.0" in app.metrics.text().decode()  # tried once, not at every look
        assert in_force(app) == first
        guards.write_text(text)
        await _until(lambda: in_force(app) != first)
        assert not watching.done()
    finally:
        watching.cancel()
