"""A vault of its own for each test, and a second process's view of the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from proxy.crypto.providers import KeyringFile
from proxy.keys import CHAPTER as KEYS
from proxy.keys import Keys, LeasedNumber, SharedNumber
from proxy.model import Protection
from proxy.store import Store
from proxy.vault import CHAPTER, Vault

LEASE = 0.6
"""Seconds; short, since every shred in PostgreSQL waits for as long."""


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        self.seconds += 0.001
        return self.seconds


MAIL = Protection(
    "mail", "crm", "Contact", "Email", "token", "user.contact.email", "email", "t.acme.example", "email-1"
)
PHONE = Protection(
    "phone", "crm", "Contact", "Phone", "token", "user.contact.phone_number", "phone", "", "phone-1"
)
FIRST = Protection("names", "crm", "Contact", "FirstName", "token", "user.name", "name", "", "text-1")
LAST = Protection("names", "crm", "Contact", "LastName", "token", "user.name", "name", "", "text-1")
NAME = Protection("names", "crm", "Contact", "Name", "token", "user.name", "name", "", "text-1")
NOTES = Protection("notes", "crm", "Contact", "Notes", "envelope", "user.content.private", room=140)
NUMBER = Protection("number", "crm", "Contact", "SSN", "digits", "user.government_id", room=64)
TAX = Protection("tax", "crm", "Contact", "Tax", "deterministic", "user.financial.tax_id", room=100)


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock, database_url: URL) -> Iterator[Callable[[], Vault]]:
    """Return a maker of vaults over one installation: each call is another process's view."""
    opened: list[Keys] = []

    def make_one() -> Vault:
        store = Store.open(database_url, (KEYS, CHAPTER))
        number = (
            SharedNumber(store, tmp_path / "generation")
            if store.embedded
            else LeasedNumber(store, lease=LEASE, period=LEASE / 6)
        )
        opened.append(
            Keys(store, KeyringFile(tmp_path / "keyring.json", key=bytes(32)), number, now=clock, clock=clock)
        )
        opened[-1].initialise()
        return Vault(store, opened[-1], now=clock, clock=clock)

    yield make_one
    for keys in opened:
        keys.close()
        keys.store.close()


@pytest.fixture
def vault(make: Callable[[], Vault]) -> Vault:
    """Give a vault."""
    return make()
