"""An installation's keys in a database of their own, and other processes' views of the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from proxy.crypto.providers import KeyringFile, Provider
from proxy.keys import CHAPTER, Keys, LeasedNumber, SharedNumber
from proxy.store import Store

LEASE = 0.6
"""Seconds; short, since every shred in PostgreSQL waits for as long."""


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock, database_url: URL) -> Iterator[Callable[..., Keys]]:
    """Return a maker of `Keys` over one installation: each call is another process's view."""
    opened: list[Keys] = []

    def make_one(provider: Provider | None = None, **options: object) -> Keys:
        store = Store.open(database_url, (CHAPTER,))
        held = provider or KeyringFile(tmp_path / "keyring.json", key=bytes(32))
        number = (
            SharedNumber(store, tmp_path / "generation")
            if store.embedded
            else LeasedNumber(store, lease=LEASE, period=LEASE / 6)
        )
        opened.append(Keys(store, held, number, now=clock, clock=clock, **options))
        return opened[-1]

    yield make_one
    for keys in opened:
        keys.close()
        keys.store.close()


@pytest.fixture
def keys(make: Callable[..., Keys]) -> Keys:
    """Give the keys of a new installation."""
    made = make()
    made.initialise()
    return made
