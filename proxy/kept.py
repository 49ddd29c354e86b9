"""Wiring of what an installation keeps beside its ledger: the store, and the keys in it.

For `proxy.app` and `proxy.workers`, which both need them, and for commands that need nothing else.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import URL, make_url

from proxy import config as settings
from proxy.crypto import derive
from proxy.crypto.providers import AwsKms, AwsPlace, BaoPlace, Guarded, KeyringFile, Pkcs11, Provider, Transit
from proxy.erasure.tables import CHAPTER as ERASURE
from proxy.errors import LychgateError, Problem, Problems, StoreError, Unavailable
from proxy.keys import CHAPTER as KEYS
from proxy.keys import Generation, Keys, LeasedNumber, NoMemory, SharedNumber
from proxy.keys.epochs import NOBODY, Epochs, Note
from proxy.store import Store
from proxy.store.store import url_of
from proxy.vault import CHAPTER as VALUES
from proxy.vault import Vault

CHAPTERS: Final = (KEYS, VALUES, ERASURE)
"""Everything that is kept in the store, by mechanism."""
FILE: Final = "store.db"
"""The embedded store, below the state folder."""
KEYRING: Final = "keys/keyring.json"
GENERATION: Final = "keys/generation"
"""Tells every process of this machine when what it remembers of keys is no longer true."""


class _Source(Protocol):
    """Where a secret lies: a file or an environment variable."""

    @property
    def file(self) -> Path | None: ...

    @property
    def env(self) -> str | None: ...


def _unsaid(what: str, detail: str) -> None:
    del detail
    raise Unavailable("keys_only_looked_at", what)


@dataclass(frozen=True, slots=True)
class Kept:
    """The store of an installation, and the keys in it."""

    store: Store
    keys: Keys
    vault: Vault

    def epochs(self, note: Note = _unsaid, officers: Mapping[str, str] = NOBODY) -> Epochs:
        """Return what may be done with the keys that wrap the others; without `note` only looking."""
        return Epochs(self.keys, note, now=time.time, random=os.urandom, officers=officers)

    def problem(self) -> str:
        """Return why the store cannot be used now; "" when it can. Takes no time."""
        if not self.store.embedded:
            return "the store cannot be reached" if self.keys.generation.now() < 0 else ""
        try:
            self.store.ping()
        except Unavailable:
            return "the store cannot be used"
        return ""

    def close(self) -> None:
        """Let go of both."""
        self.keys.close()
        self.store.close()


def open_kept(config: settings.Config, root: bytes) -> Kept:
    """Return the store, up to date, and the keys in it; nobody has asked the key provider anything yet.

    Raises:
        Problems: the database cannot be used, or a secret is missing or readable by others.
        Unavailable: the database's server cannot be reached.
    """
    return _open(config, root, change=True)


def look_at_kept(config: settings.Config, root: bytes) -> Kept:
    """Return the same for who only looks: nothing is made, brought up to date, remembered or changed.

    Raises:
        Problems: as `open_kept`; also if the database is an older version's.
    """
    return _open(config, root, change=False)


def _open(config: settings.Config, root: bytes, *, change: bool) -> Kept:
    try:
        store = Store.open(store_url(config), CHAPTERS, change=change)
    except Problems:
        raise
    except LychgateError as error:
        raise Problems([Problem(store_where(config), 0, 0, "LG206", str(error))]) from None
    try:
        provider, before = open_providers(config, root)
        generation: Generation = NoMemory()
        if change:
            generation = (
                SharedNumber(store, config.state / GENERATION) if store.embedded else LeasedNumber(store)
            )
        keys = Keys(store, provider, generation, before=before)
        return Kept(store, keys, Vault(store, keys))
    except StoreError as error:
        store.close()
        raise Problems([Problem(f"keys: {config.keys.provider}", 0, 0, "LG207", str(error))]) from None
    except BaseException:
        store.close()
        raise


def store_where(config: settings.Config) -> str:
    """Return where the store is, for people to read."""
    return config.store.url or str(config.state / FILE)


def store_url(config: settings.Config) -> URL:
    """Return the store's URL, with its password.

    Raises:
        Problems: the password cannot be read.
    """
    if config.store.url is None:
        return url_of(config.state / FILE)
    url = make_url(config.store.url)
    if config.store.password is None:
        return url
    return url.set(password=read_secret(config.store.password, "the store needs its password"))


def open_providers(config: settings.Config, root: bytes) -> tuple[Provider, list[Provider]]:
    """Return who holds the keys that wrap others, guarded: who gets new ones, and those that have older ones.

    Raises:
        Problems: a secret cannot be read.
        StoreError: a provider's driver is not installed, or it cannot be used as it is configured.
    """
    held: dict[str, Provider] = {}
    if config.keys.provider == "file" or (config.state / KEYRING).exists():
        held["file"] = _keyring(config, root)
    if (module := config.keys.pkcs11) is not None:
        pin = read_secret(module.pin, "the token needs its PIN")
        held["pkcs11"] = Pkcs11(module.module, module.token, pin, seconds=module.timeout_seconds)
    if (aws := config.keys.aws) is not None:
        place = AwsPlace(aws.region, aws.profile, aws.endpoint, aws.waiting_days)
        held["aws"] = AwsKms(place, seconds=aws.timeout_seconds)
    if (bao := config.keys.openbao) is not None:
        held["openbao"] = _transit(bao)
    guarded = {name: Guarded(each) for name, each in held.items()}
    return guarded.pop(config.keys.provider), list(guarded.values())


def _keyring(config: settings.Config, root: bytes) -> KeyringFile:
    path = config.state / KEYRING
    if config.keys.passphrase is None:
        return KeyringFile(path, key=derive(root, "keyring"))
    passphrase = read_secret(config.keys.passphrase, "the key ring needs its passphrase")
    return KeyringFile(path, passphrase=passphrase)


def _transit(bao: settings.OpenBao) -> Transit:
    place = BaoPlace(bao.address, bao.mount, bao.namespace, bao.ca_file)

    def token() -> str:
        try:
            return read_secret(bao.token, "the key server needs a token")
        except Problems:
            raise Unavailable("provider_locked", "openbao has no token") from None

    return Transit(place, token, seconds=bao.timeout_seconds)


def read_secret(source: _Source, need: str) -> str:
    """Return one line of printable text from the file or the environment variable.

    Args:
        source: where.
        need: `lane helpdesk needs a credential`, for whoever has to put it there.

    Raises:
        Problems: it is missing, empty, or readable by others.
    """
    where = str(source.file) if source.file is not None else f"environment variable {source.env}"
    private = True
    try:
        if source.file is None:
            text = os.environ[source.env or ""]
        else:
            with source.file.open(encoding="utf-8") as file:
                private = os.fstat(file.fileno()).st_mode & 0o077 == 0
                text = file.read()
    except (OSError, KeyError, UnicodeDecodeError):
        text = ""
    secret = text.strip()
    if not private:
        raise Problems([Problem(where, 0, 0, "LG201", "others can read this secret: chmod 600")])
    if not secret or not secret.isprintable():
        raise Problems([Problem(where, 0, 0, "LG202", f"{need} here: one line of printable text")])
    return secret
