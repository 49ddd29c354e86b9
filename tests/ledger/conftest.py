"""Entries to append, ledgers that are closed after the test, and a disk that fails on demand."""

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from proxy.ledger import Ledger
from proxy.ledger.segment import SystemDisk
from proxy.model import Declined, Disclosed, Failed, Noted, Requested

NOON = 1_790_000_000.0
"""Some moment in September 2026, in seconds since the epoch."""


def requested(name: str) -> Requested:
    """An intent."""
    return Requested(
        id=name,
        lane="sales",
        principal="p",
        client="desk",
        recipient="acme",
        purpose="support",
        purpose_claimed="",
        operations=("read Contact",),
        fields=("read Contact.Email",),
        records=("kqzrm6z5lqjzv3uzjv2r7j5k4e",),
        rules=("desk-reads",),
        policy="sha256:00",
    )


def disclosed(name: str, part: int = 1, parts: int = 1) -> Disclosed:
    """An outcome: an answer was released."""
    return Disclosed(
        id=name,
        lane="sales",
        principal="p",
        client="desk",
        recipient="acme",
        purpose="support",
        status=200,
        records=1,
        part=part,
        parts=parts,
        subjects=("kqzrm6z5lqjzv3uzjv2r7j5k4e",),
        categories=("user.contact.email",),
        fields=("mask Contact.Email",),
        rules=("desk-reads",),
        policy="sha256:00",
    )


def declined(name: str) -> Declined:
    """An outcome: refused."""
    return Declined(
        id=name,
        lane="sales",
        principal="p",
        client="desk",
        recipient="acme",
        purpose="support",
        operations=("export Contact",),
        stage="policy",
        reason="not_granted",
        detail="Contact",
        status=403,
        rules=(),
        policy="sha256:00",
    )


def failed(name: str) -> Failed:
    """An outcome: the CRM did not answer."""
    return Failed(name, "sales", stage="upstream", reason="timeout", detail="", status=502)


def noted(name: str, detail: str = "") -> Noted:
    """Something about the proxy itself."""
    return Noted(name, "", what="tested", detail=detail)


@pytest.fixture
def entries() -> dict[str, Callable[..., object]]:
    """Makers of entries, by kind."""
    return {
        "requested": requested,
        "disclosed": disclosed,
        "declined": declined,
        "failed": failed,
        "noted": noted,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the test's ledger lies; not made yet."""
    return tmp_path / "ledger"


@pytest.fixture
def open_ledger(folder: Path) -> Iterator[Callable[..., Ledger]]:
    """Open the test's ledger, with segments of 16 KiB unless told otherwise; closed at the end."""
    opened: list[Ledger] = []

    def open_it(**options: object) -> Ledger:
        given = {"folder": folder, "now": lambda: NOON, "segment_bytes": 16 * 1024} | options
        opened.append(Ledger.open(**given))
        return opened[-1]

    yield open_it
    for ledger in opened:
        ledger.close()


@dataclass
class FaultyDisk(SystemDisk):
    """A disk whose `nth` call of one kind raises, before doing what was asked or after having done it.

    It complains (AssertionError) when it is called again after an error, which the port's contract forbids.
    """

    method: str = ""
    nth: int = 0
    done: bool = False
    code: int = errno.EIO
    at_most: int = 1 << 30
    """Bytes one write takes."""
    calls: list[str] = field(default_factory=list)
    broken: bool = False

    def _around(self, method: str, do: Callable[[], int | None]) -> int | None:
        assert not self.broken, f"{method} after an error"
        self.calls.append(method)
        self.broken = method == self.method and self.calls.count(method) == self.nth
        if self.broken and not self.done:
            raise OSError(self.code, "as asked")
        answer = do()
        if self.broken:
            raise OSError(self.code, "as asked")
        return answer

    def allocate(self, fd: int, size: int) -> None:
        """See Disk."""
        self._around("allocate", lambda: SystemDisk.allocate(self, fd, size))

    def write(self, fd: int, data: memoryview, offset: int) -> int:
        """See Disk."""
        return self._around("write", lambda: SystemDisk.write(self, fd, data[: self.at_most], offset)) or 0

    def sync(self, fd: int) -> None:
        """See Disk."""
        self._around("sync", lambda: SystemDisk.sync(self, fd))


@pytest.fixture
def faulty_disk() -> type[FaultyDisk]:
    """The class; see there."""
    return FaultyDisk
