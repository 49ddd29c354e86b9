"""Where cases are kept: a port, and the folder that does it: one sealed file per case, written whole.

A case on disk is ciphertext bound to its name, so that one cannot be put in another's place; its name is random
and says nothing. `Sealed` texts are durable when `keep` returns.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from proxy.erasure.case import Case, decode, encode
from proxy.errors import LychgateError


class NoSuchCase(LychgateError):
    """Nobody opened a case of this name, or it cannot be read."""


class Cases(Protocol):
    """Keeps cases."""

    def keep(self, case: Case) -> None:
        """Make a case what is found under its id from now on; durable when this returns.

        Raises:
            OSError: it cannot be written; what was there before still is.
        """

    def get(self, case: str) -> Case:
        """Return a case.

        Raises:
            NoSuchCase: see there.
        """

    def ids(self) -> Iterator[str]:
        """Yield the ids of all cases, oldest first."""


class Seals(Protocol):
    """Turns bytes into text that nobody else can read, bound to where it belongs."""

    def seal(self, plaintext: bytes, context: str) -> str:
        """Return the text."""

    def open(self, text: str, context: str) -> bytes:
        """Return what was sealed in the same context; raises what LychgateError there is."""


class WriteWhole(Protocol):
    """Writes a file so that nobody ever sees a part of it, durably."""

    def __call__(self, path: Path, data: bytes, mode: int, *, replace: bool) -> None:
        """Write it; raises OSError."""


_NAME: Final = re.compile(r"[a-z0-9]{8,40}", re.ASCII)
_SUFFIX: Final = ".case"
_MODE: Final = 0o600


class FileCases:
    """Cases in a folder, each a file of its own.

    Args:
        folder: made if missing; its parent has to exist.
        seals: under a key of this use alone.
        write: see `WriteWhole`.
    """

    def __init__(self, folder: Path, seals: Seals, write: WriteWhole) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        self._seals = seals
        self._write = write

    def keep(self, case: Case) -> None:
        """Write the case; see `Cases.keep`."""
        text = self._seals.seal(encode(case), _context(case.id))
        self._write(self._path(case.id), text.encode(), _MODE, replace=True)

    def get(self, case: str) -> Case:
        """Read a case; see `Cases.get`."""
        try:
            text = self._path(case).read_text("ascii")
            found = decode(self._seals.open(text, _context(case)))
        except (OSError, ValueError, LychgateError):
            raise NoSuchCase(
                f"there is no case {case!r} here that can be read; see `lychgate erasure list`"
            ) from None
        return found

    def ids(self) -> Iterator[str]:
        """Yield the ids, oldest first: they begin with the time."""
        yield from sorted(path.stem for path in self._folder.glob(f"*{_SUFFIX}") if _NAME.fullmatch(path.stem))

    def _path(self, case: str) -> Path:
        if not _NAME.fullmatch(case):
            raise NoSuchCase("a case's id is letters and digits; see `lychgate erasure list`")
        return self._folder / f"{case}{_SUFFIX}"


def _context(case: str) -> str:
    return f"erasure case\n{case}"
