"""Store and keys of an installation, as the configuration says."""

import os
import time
from pathlib import Path

import pytest

from proxy.config import Config, Secret, load_config
from proxy.errors import Problems, Unavailable
from proxy.kept import FILE, open_kept, read_secret, store_url
from proxy.keys.epochs import Epochs
from proxy.keys.rewrap import rewrap
from tests.services import SoftHsm

LANE = """
lanes:
  - name: crm
    listen: 127.0.0.1:8443
    upstream: {url: "https://crm.example.com"}
    credential: {env: CRM_TOKEN}
    connector: salesforce
"""
ROOT = bytes(32)


def configured(folder: Path, more: str = "") -> Config:
    """Return a configuration with more lines in it; its state folder is there."""
    (folder / "state" / "keys").mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "lychgate.yaml"
    path.write_text(f"apiVersion: lychgate.dev/v1\nkind: Gateway\n{more}{LANE}", "utf-8")
    return load_config(path)


def secret(folder: Path, text: str, mode: int = 0o600) -> Path:
    """Write a secret and return its path."""
    path = folder / "secret"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_without_a_word_it_is_a_file_below_the_state_folder(tmp_path: Path) -> None:
    """The embedded store and a key ring that the root key unlocks need no configuration."""
    kept = open_kept(configured(tmp_path), ROOT)
    kept.keys.initialise()
    assert kept.store.where == str(tmp_path / "state" / FILE)
    assert kept.problem() == ""
    kept.close()
    again = open_kept(configured(tmp_path), ROOT)
    assert len(again.keys.own("index")) == 32
    again.close()


def test_a_passphrase_unlocks_the_key_ring(tmp_path: Path) -> None:
    """It comes from a file; the root key alone does not do then."""
    secret(tmp_path, "correct horse\n")
    kept = open_kept(configured(tmp_path, "keys: {passphrase: {file: secret}}\n"), ROOT)
    kept.keys.initialise()
    kept.close()
    for more, opens in (("keys: {passphrase: {file: secret}}\n", True), ("", False)):
        kept = open_kept(configured(tmp_path, more), ROOT)
        try:
            kept.keys.own("index")
            opened = True
        except Exception:
            opened = False
        kept.close()
        assert opened is opens


def test_a_database_server_gets_its_password_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL says who and where, the password lies in a file or the environment."""
    monkeypatch.setenv("DB_PASSWORD", "p/w:@")
    config = configured(
        tmp_path, 'store: {url: "postgresql://gate@db.example/gate", password: {env: DB_PASSWORD}}\n'
    )
    url = store_url(config)
    assert (url.host, url.username, url.password, url.database) == ("db.example", "gate", "p/w:@", "gate")
    assert "p/w" not in str(url)
    assert store_url(configured(tmp_path, 'store: {url: "postgresql:///gate"}\n')).password is None


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('store: {url: "postgresql://gate:pw@db/gate"}\n', "no password in a URL"),
        ('store: {url: "postgresql://gate@db/gate?password=pw"}\n', "no password in a URL"),
        ('store: {url: "mysql://gate@db/gate"}\n', "write postgresql://"),
        ('store: {url: "postgresql://gate@db"}\n', "write postgresql://"),
        ('store: {url: "postgresql://db/gate", password: {}}\n', "exactly one of"),
        ("keys: {passphrase: {file: a, env: B}}\n", "exactly one of"),
        ("keys: {provider: paper}\n", "expected one of"),
        ("keys: {provider: pkcs11}\n", "needs a block `pkcs11:`"),
        ("keys: {openbao: {address: 'http://bao.example:8200', token: {env: T}}}\n", "write https://host:port"),
        ("keys: {openbao: {address: 'https://u:p@bao.example', token: {env: T}}}\n", "write https://host:port"),
        ("keys: {aws: {region: eu-west-1, waiting_days: 3}}\n", "greater than or equal to 7"),
    ],
)
def test_what_would_be_unsafe_or_unclear_is_refused(tmp_path: Path, more: str, says: str) -> None:
    """The author hears of it with the place, before anything is opened."""
    with pytest.raises(Problems, match=says) as raised:
        configured(tmp_path, more)
    assert raised.value.problems[0].line > 0


def test_a_store_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    """It is one problem with a code and a place."""
    config = configured(tmp_path)
    (config.state / FILE).touch(mode=0o644)
    (config.state / FILE).chmod(0o644)
    with pytest.raises(Problems, match=r"LG206.*open to others"):
        open_kept(config, ROOT)


@pytest.mark.parametrize(
    ("text", "mode", "says"), [("x", 0o640, "LG201"), (" \n", 0o600, "LG202"), ("a\nb", 0o600, "LG202")]
)
def test_a_secret_is_one_private_line(tmp_path: Path, text: str, mode: int, says: str) -> None:
    """Whoever has to mend it is told what it is for, and not what it says."""
    with pytest.raises(Problems, match=says):
        read_secret(Secret(file=secret(tmp_path, text, mode)), "somebody needs it")
    with pytest.raises(Problems, match=r"LG202.*somebody needs it"):
        read_secret(Secret(file=tmp_path / "missing"), "somebody needs it")


def test_keys_move_to_another_provider(
    tmp_path: Path, softhsm_token: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun with a file, exchanged for a module: the old is asked until everything is wrapped anew."""
    monkeypatch.setenv("PIN", softhsm_token.pin)
    kept = open_kept(configured(tmp_path), ROOT)
    kept.keys.initialise()
    with kept.store.begin() as connection:
        key = kept.keys.new_subject(connection)
    kept.close()
    module = f"{{module: {softhsm_token.module}, token: gate, pin: {{env: PIN}}}}"
    block = f"keys: {{provider: pkcs11, pkcs11: {module}}}\n"
    kept = open_kept(configured(tmp_path, block), ROOT)
    assert kept.keys.one(key.id).enc == key.enc
    epochs = Epochs(kept.keys, lambda what, detail: None, now=time.time, random=os.urandom)
    epochs.begin()
    list(rewrap(kept.keys))
    assert [epoch.provider for epoch in epochs.all().values()] == ["file", "pkcs11"]
    assert epochs.reconcile() == []
    kept.close()
    (tmp_path / "state" / "keys" / "keyring.json").unlink()
    kept = open_kept(configured(tmp_path, block), ROOT)
    assert kept.keys.one(key.id).enc == key.enc
    kept.close()


def test_every_provider_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is described is opened; nobody is asked anything yet."""
    monkeypatch.setenv("T", "token")
    more = """
keys:
  provider: openbao
  openbao: {address: "http://127.0.0.1:9", token: {env: T}}
  aws: {region: eu-west-1, endpoint: "http://127.0.0.1:9"}
"""
    kept = open_kept(configured(tmp_path, more), ROOT)
    assert (kept.keys.provider.name, kept.keys.provider.where) == ("openbao", "http://127.0.0.1:9 transit")
    with pytest.raises(Unavailable, match="provider_unreachable"):
        kept.keys.initialise()
    monkeypatch.delenv("T")
    with pytest.raises(Unavailable, match="provider_locked"):
        kept.keys.initialise()
    kept.close()


def test_a_provider_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    """It is one problem with a code."""
    config = configured(tmp_path, "keys: {provider: aws, aws: {region: eu-west-1, profile: nobody-has-this}}\n")
    with pytest.raises(Problems, match=r"keys: aws:.*LG207.*ProfileNotFound"):
        open_kept(config, ROOT)
