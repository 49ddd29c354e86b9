"""What an auditor reads: the ledger of an installation, while it may be running.

`proxy.ledger.verify` judges the form of every byte; this reads what is there, and stops where the segment is
blank, so that a test may look after every exchange.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


def entries_of(ledger: Path) -> list[Entry]:
    """Return every entry, oldest first."""
    return [
        json.loads(line)
        for segment in sorted(ledger.glob("*.segment"))
        for payload in _payloads(segment)
        for line in payload.splitlines()
    ]


def told_of(ledger: Path, decision: str) -> list[Entry]:
    """Return the entries of one decision, oldest first."""
    return [entry for entry in entries_of(ledger) if entry["id"] == decision]


def size_of(ledger: Path) -> int:
    """Return how many bytes of a ledger of one segment are written."""
    (segment,) = ledger.glob("*.segment")
    return sum(8 + len(payload) for payload in _payloads(segment))


def _payloads(segment: Path) -> Iterator[bytes]:
    with segment.open("rb") as file:
        while len(header := file.read(8)) == 8:
            length, checksum = struct.unpack(">II", header)
            payload = file.read(length)
            if not length or zlib.crc32(header[:4] + payload) != checksum:
                return
            yield payload
