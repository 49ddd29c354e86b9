"""An installation's keys in a folder of their own, and a second process's view of the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.crypto.providers import KeyringFile, Provider
from proxy.keys import CHAPTER, Keys, SharedNumber
from proxy.store import Store
from proxy.store.store import url_of


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
def make(tmp_path: Path, clock: Clock):
    """Return a maker of `Keys` over one installation: each call is another process's view."""
    opened: list[Store] = []

    def make_one(provider: Provider | None = None, **options: object) -> Keys:
        store = Store.open(url_of(tmp_path / "s.db"), (CHAPTER,))
        opened.append(store)
        held = provider or KeyringFile(tmp_path / "keyring.json", key=bytes(32))
        number = SharedNumber(tmp_path / "generation")
        return Keys(store, held, number, now=clock, clock=clock, **options)

    yield make_one
    for store in opened:
        store.close()


@pytest.fixture
def keys(make: Callable[..., Keys]) -> Keys:
    """Give the keys of a new installation."""
    made = make()
    made.initialise()
    return made
