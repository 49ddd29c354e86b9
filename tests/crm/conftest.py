"""A real Tryton server, and the unmodified proteus client to talk to it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.demo.tryton import Answer, Proteus, TrytonServer, serving, tryton_python

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def python() -> Path:
    """Tryton's own Python; `make tryton` installs it."""
    return tryton_python()


@pytest.fixture(scope="session")
def tryton(python: Path) -> Iterator[TrytonServer]:
    """A running server, with a database of its own that ends with the session."""
    with serving(python, ROOT / ".cache" / "tryton") as server:
        yield server


@pytest.fixture(scope="session")
def proteus(python: Path) -> Callable[..., list[Answer]]:
    """Runs commands at a URL and returns an answer for each."""

    def run(url: str, *commands: list[Any], **more: Any) -> list[Answer]:
        return Proteus(python, url, **more).ask(*commands)

    return run
