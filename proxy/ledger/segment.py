"""Segment files: how they are named, framed, allocated and written. The form is in the package docstring."""

import os
import re
import struct
import zlib
from pathlib import Path
from typing import Final, Protocol

SUFFIX: Final = ".segment"
SEGMENT_BYTES: Final = 64 * 1024 * 1024
HEADER_BYTES: Final = 8

_HEADER: Final = struct.Struct(">II")
_NAME: Final = re.compile(r"[0-9]{20}\.segment")
_BLANK: Final = bytes(1024 * 1024)
_FIRST_BYTES: Final = b'{"'
"""Every payload starts with these: an entry is a JSON object that is not empty."""


class Disk(Protocol):
    """What the ledger asks of the operating system; a test hands in one that fails on demand.

    Implementations MUST raise OSError when they could not do it, and MUST NOT retry. Callers MUST NOT assume
    anything about what is on the disk after an OSError, and MUST NOT call again for the same ledger.
    """

    def allocate(self, fd: int, size: int) -> None:
        """Reserve `size` bytes; the file is that long afterwards, and blank where nothing was written."""

    def write(self, fd: int, data: memoryview, offset: int) -> int:
        """Write some bytes, at least one; those are durable when this returns, and it returns how many."""

    def sync(self, fd: int) -> None:
        """Make a file with its length, or a folder with its names, durable."""


class SystemDisk:
    """The Linux calls behind `Disk`."""

    def allocate(self, fd: int, size: int) -> None:
        """Reserve the space now, so that a full disk is met when a segment starts and not inside a commit."""
        os.posix_fallocate(fd, 0, size)

    def write(self, fd: int, data: memoryview, offset: int) -> int:
        """Write and sync in one call: RWF_DSYNC is fdatasync for just these bytes."""
        return os.pwritev(fd, [data], offset, os.RWF_DSYNC)

    def sync(self, fd: int) -> None:
        """Call fsync."""
        os.fsync(fd)


def path_of(folder: Path, first_seq: int) -> Path:
    """Return where the segment lies whose first entry has the sequence number `first_seq`."""
    return folder / f"{first_seq:020d}{SUFFIX}"


def first_seq_of(path: Path) -> int | None:
    """Return the sequence number in a segment's name, or None if it is not the name of one."""
    return int(path.name.removesuffix(SUFFIX)) if _NAME.fullmatch(path.name) else None


def frame(payload: bytes) -> bytes:
    """Return the payload with its header."""
    length = len(payload).to_bytes(4, "big")
    return _HEADER.pack(len(payload), zlib.crc32(payload, zlib.crc32(length))) + payload


def payload_at(data: bytes, offset: int) -> bytes | None:
    """Return the payload of the whole and undamaged frame that starts at `offset`, or None."""
    start = offset + HEADER_BYTES
    if start > len(data):
        return None
    length, checksum = _HEADER.unpack_from(data, offset)
    if length == 0 or start + length > len(data):
        return None
    payload = data[start : start + length]
    return payload if zlib.crc32(payload, zlib.crc32(data[offset : offset + 4])) == checksum else None


def frame_after(data: bytes, offset: int) -> int | None:
    """Return where the first undamaged frame behind `offset` starts, or None.

    A payload starts with `{"`, so those are the only places to try.
    """
    at = data.find(_FIRST_BYTES, offset + HEADER_BYTES + 1)
    while at >= 0:
        if payload_at(data, at - HEADER_BYTES) is not None:
            return at - HEADER_BYTES
        at = data.find(_FIRST_BYTES, at + 1)
    return None


def is_blank(data: bytes, offset: int) -> bool:
    """Return whether nothing was ever written from `offset` on."""
    return all(
        data[at : at + len(_BLANK)] == _BLANK[: min(len(_BLANK), len(data) - at)]
        for at in range(offset, len(data), len(_BLANK))
    )


def read(path: Path) -> bytes:
    """Return a segment's bytes; a symbolic link is an OSError."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb") as file:
        return file.read()
