"""Whether a certificate is on record already, read from a real ledger."""

import asyncio
from pathlib import Path

import pytest

from proxy.certificates import issued_as
from proxy.ledger import Ledger
from proxy.model import Erasure

SAID = [("c1", "planned", ""), ("c1", "certified", "aa"), ("c2", "certified", "bb"), ("c1", "certified", "cc")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a ledger with four entries about two cases."""
    ledger = Ledger.open(tmp_path / "ledger", now=lambda: 1_790_000_000.0)

    async def fill() -> None:
        for case, what, digest in SAID:
            await ledger.append(Erasure(case, "", what=what, how="final", digest=digest))

    asyncio.run(fill())
    ledger.close()
    return tmp_path / "ledger"


@pytest.mark.parametrize(
    ("digest", "after", "upto", "found"),
    [
        ("aa", 0, 4, 2),
        ("aa", 1, 4, 2),
        ("aa", 2, 4, 0),
        ("cc", 3, 4, 4),
        ("cc", 3, 3, 0),
        ("dd", 0, 4, 0),
        ("aa", 4, 4, 0),
    ],
)
def test_an_entry_is_found_between_two_numbers(
    folder: Path, digest: str, after: int, upto: int, found: int
) -> None:
    """By the digest of what is signed; an entry about something else with it is none."""
    assert issued_as(folder, digest, after, upto) == found
