"""The end of the ledger on disk: the one place where bytes are added. Synchronous, one thread at a time."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from proxy.ledger import segment
from proxy.ledger.canonical import VERSION, Members, digest, encode
from proxy.ledger.segment import Disk
from proxy.ledger.survey import Found

MAX_FRAME_BYTES: Final = 1024 * 1024
"""A commit takes no more entries when it has this many bytes; a megabyte costs the disk some milliseconds."""


class Tail:
    """Where the next frame goes, and what the next entry has to name as its predecessor.

    After an OSError from any method the object MUST NOT be used again: what is on the disk is unknown, and
    only the survey of the next start may say.
    """

    def __init__(self, folder: Path, folder_fd: int, found: Found, *, segment_bytes: int, disk: Disk) -> None:
        self._folder = folder
        self._folder_fd = folder_fd
        self._segment_bytes = segment_bytes
        self._disk = disk
        self._fd = -1
        self._offset = found.offset
        self._size = 0
        self.head = (found.seq, found.head)
        """Sequence number and digest of the last durable entry; one tuple: any thread reads a true pair."""
        self._start(found.path)

    def commit(self, batch: Sequence[Members], *, over: int = 0) -> int:
        """Make a first part of `batch`, at least one entry, durable; return how many entries that is.

        Args:
            batch: members with everything but `v`, `seq` and `prev`, which are set here.
            over: how many bytes behind the tail are a torn commit; they are blank afterwards. The note that
                says so and the blanking are one write, so there is no moment at which we could die with the
                bytes gone and nothing said: a torn note is a torn tail again.
        """
        seq, head = self.head
        lines = []
        size = 0
        for members in batch:
            seq += 1
            members |= {"v": VERSION, "seq": seq, "prev": head}
            line = encode(members)
            head = digest(line)
            lines.append(line)
            size += len(line) + 1
            if size > MAX_FRAME_BYTES:
                break
        lines.append(b"")
        frame = segment.frame(b"\n".join(lines))
        # A frame too large for any segment goes alone into an empty one. A note of a cut never moves on.
        if self._offset and not over and self._offset + len(frame) > self._size:
            self._roll(len(frame))
        # If we die here: nothing was promised. The survey cuts the frame if it is torn; if it is whole it
        # stays, an intent or outcome that happened and that nobody waited for.
        self._write(frame.ljust(over, b"\0"))
        # Durable from here on.
        self._offset += len(frame)
        self.head = (seq, head)
        return len(lines) - 1

    def probe(self) -> None:
        """Write blank over blank where the next frame goes, durably: a commit that says nothing."""
        self._write(bytes(512))

    def close(self) -> None:
        """Close the segment; what is durable stays."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _roll(self, at_least: int) -> None:
        # Everything in the old segment is durable, so if we die before the first frame of the new one the
        # survey finds an empty last segment, which is where it goes on.
        self.close()
        self._offset = 0
        self._start(None, at_least)

    def _start(self, path: Path | None, at_least: int = 0) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        if path is None:
            path = segment.path_of(self._folder, self.head[0] + 1)
            flags |= os.O_CREAT | os.O_EXCL
        self._fd = os.open(path, flags, 0o600)
        self._size = max(self._segment_bytes, at_least, os.fstat(self._fd).st_size)
        self._disk.allocate(self._fd, self._size)
        self._disk.sync(self._fd)
        self._disk.sync(self._folder_fd)

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        offset = self._offset
        while left:
            written = self._disk.write(self._fd, left, offset)
            if written < 1:
                raise OSError(errno.EIO, "the disk took no byte")
            left = left[written:]
            offset += written
        # Looked at afterwards: what stands in a file without a name is gone when we are.
        if not os.fstat(self._fd).st_nlink:
            raise FileNotFoundError(errno.ENOENT, "the segment was removed")
