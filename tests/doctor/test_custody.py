"""What is found of store and keys, sound and broken."""

import json
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from proxy.config import Config, load_config
from proxy.crypto import create_key
from proxy.doctor import Grade
from proxy.doctor.custody import store
from proxy.kept import FILE, KEYRING, Kept, open_kept
from proxy.keys.epochs import Epochs

ROOT = bytes(32)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Give the configuration of an installation with a root key."""
    (tmp_path / "state" / "keys").mkdir(mode=0o700, parents=True)
    create_key(tmp_path / "state" / "keys" / "root.key", random=lambda _: ROOT)
    path = tmp_path / "lychgate.yaml"
    path.write_text(
        "apiVersion: lychgate.dev/v1\nkind: Gateway\nlanes:\n  - {name: crm, listen: '127.0.0.1:0', "
        "connector: s, upstream: {url: 'https://crm.example'}, credential: {env: T}}\n"
    )
    return load_config(path)


def found(config: Config) -> list[str]:
    """Return what is found, graded, and that looking changed nothing."""
    before = files(config.state)
    lines = [f"{each.grade} {each.part}: {each.what}" for each in store(config)]
    assert files(config.state) == before
    return lines


def files(folder: Path) -> dict[str, bytes]:
    """Return every file but SQLite's shared memory, which readers write."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".db-shm", ".db-wal"}
    }


def opened(config: Config) -> Kept:
    """Return store and keys as the proxy opens them."""
    return open_kept(config, ROOT)


@pytest.fixture
def made(config: Config):
    """Give an installation whose keys are made, and its epochs."""
    kept = opened(config)
    kept.keys.initialise()
    with kept.store.begin() as connection:
        kept.keys.new_subject(connection)
    yield Epochs(kept.keys, lambda what, detail: None, now=time.time, random=os.urandom)
    kept.close()


def test_nothing_is_kept_yet(config: Config) -> None:
    """A fresh installation has no database, and none is made by looking."""
    assert found(config) == [f"ok store: {config.state / FILE}: nothing is kept yet"]


def test_keys_are_not_made_yet(config: Config) -> None:
    """The next step is said."""
    opened(config).close()
    said = found(config)
    assert said[0].startswith("ok store")
    assert "lychgate keys init" in said[1]


def test_all_is_well(config: Config, made: Epochs) -> None:
    """How many keys there are, and who wraps them."""
    assert [line[:8] for line in found(config)] == ["ok store", "ok keys:"]
    assert "5 keys, wrapped by file" in found(config)[1]


def test_a_provider_that_cannot_be_asked(config: Config, made: Epochs) -> None:
    """What it said, and what to do."""
    (config.state / KEYRING).write_text("damaged")
    (_, finding) = store(config)
    assert finding.grade is Grade.FAIL
    assert "file cannot be asked: provider_failed" in finding.what
    assert finding.do


def test_a_key_that_somebody_took(config: Config, made: Epochs) -> None:
    """Drift is a failure: the key is gone, and we did not do it."""
    document = json.loads((config.state / KEYRING).read_bytes())
    document["keys"] = {}
    (config.state / KEYRING).write_text(json.dumps(document))
    assert found(config)[1] == "fail keys: epoch 1 is active here, and its key is absent with the provider"


def test_what_waits_to_be_ended(config: Config, made: Epochs) -> None:
    """A rotation half-way, a compromised epoch with keys under it, one that is suspended."""
    made.begin()
    assert "warn keys: a rotation left 5 keys under epoch 1" in found(config)
    made.compromise(1)
    assert "warn keys: 5 keys are under epoch 1, compromised" in found(config)
    made.suspend(2)
    assert "warn keys: epoch 2 is suspended: all that needs it is refused" in found(config)


@pytest.mark.parametrize(
    ("version", "says"), [(0, "is brought up to date when the proxy starts"), (99, "a newer version")]
)
def test_a_database_of_another_version(config: Config, made: Epochs, version: int, says: str) -> None:
    """It is said, and left as it is."""
    with made._keys.store.begin() as connection:
        connection.execute(text(f"UPDATE store_chapters SET version = {version} WHERE name = 'keys'"))
    (line,) = found(config)
    assert line.startswith("fail store")
    assert says in line


def test_a_root_key_that_is_gone(config: Config, made: Epochs) -> None:
    """Without it nothing can be opened."""
    (config.state / "keys" / "root.key").unlink()
    (line,) = found(config)
    assert "key_unreadable" in line
