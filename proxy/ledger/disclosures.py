"""Who was told about whom: read from the ledger once for many people, and from then on only what is new.

A batch of erasures asks for each of its people. Read anew for each of them, a ledger of years would cost more
than the erasures; an index of everybody would outgrow the memory. So the reader remembers those that it is asked
about, and those who will be next.
"""

import json
import mmap
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from proxy.ledger.segment import HEADER_BYTES, SUFFIX, payload_at
from proxy.ledger.verify import read_entries

_KIND = '"kind":"disclosed"'


class Told(NamedTuple):
    """What one recipient was told about some people."""

    entries: int
    since: int
    """Seconds since the epoch, of the first."""
    lanes: tuple[str, ...] = ()
    """Where that was."""


class Disclosures:
    """Reads one ledger; threads may share it.

    Args:
        folder: of the ledger, which may be in use.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._about: dict[str, dict[int, tuple[str, int, str]]] = {}
        """Pseudonym of a person -> number of an entry -> recipient, when it was, and on which lane."""
        self._segment = ""
        self._offset = 0

    def about(self, people: set[str], soon: Callable[[], Iterable[str]] = tuple) -> dict[str, Told]:
        """Return what each recipient was told about any of some people.

        Args:
            people: pseudonyms of data subjects.
            soon: returns those who will be asked about next; called where the ledger has to be read from its
                beginning.

        Raises:
            NotALedger: there is none, or it cannot be read.
        """
        with self._lock:
            if not people <= self._about.keys():
                self._about = {one: {} for one in {*people, *soon()}}
                self._segment, self._offset = "", 0
            self._read_on()
            entries = {seq: told for one in people for seq, told in self._about[one].items()}
        found: dict[str, Told] = {}
        for _, (recipient, at, lane) in sorted(entries.items()):
            count, since, lanes = found.get(recipient, Told(0, at))
            found[recipient] = Told(count + 1, since, tuple(sorted({*lanes, lane})))
        return found

    def _read_on(self) -> None:
        paths = sorted(path for path in self._folder.glob(f"*{SUFFIX}") if path.name >= self._segment)
        for path in paths:
            if path.name != self._segment:
                self._segment, self._offset = path.name, 0
            if not self._read_segment(path) and path != paths[-1]:
                self._read_all()
                return

    def _read_segment(self, path: Path) -> bool:
        """Take what is new in a segment; say whether it ends as a segment that is whole does."""
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            while (payload := payload_at(data, self._offset)) is not None:  # type: ignore[arg-type]
                for line in payload.decode("utf-8", "replace").splitlines():
                    self._take(line)
                self._offset += HEADER_BYTES + len(payload)
            return not any(data[self._offset : self._offset + HEADER_BYTES])

    def _read_all(self) -> None:
        """Take everything that is readable of a ledger that is damaged in the middle."""
        for _, _, line in read_entries(self._folder):
            self._take(line)

    def _take(self, line: str) -> None:
        if _KIND not in line:
            return
        entry = json.loads(line)
        for one in self._about.keys() & set(entry.get("subjects", ())):
            self._about[one][entry["seq"]] = (entry["recipient"], entry["time_ms"] // 1000, entry["lane"])
