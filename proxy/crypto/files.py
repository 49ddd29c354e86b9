"""Small files that appear whole or not at all, with the mode they are meant to have."""

import os
import stat
from pathlib import Path
from typing import Final

from proxy.errors import Unavailable

PRIVATE: Final = 0o600
PUBLIC: Final = 0o644
MAX_BYTES: Final = 64 * 1024


def write_whole(path: Path, data: bytes, mode: int, *, replace: bool) -> None:
    """Make `data` the durable content of `path`; nobody ever sees a part of it.

    Args:
        path: its folder has to exist.
        data: all of it.
        mode: whatever the umask is.
        replace: False makes an existing file an error, also one that appears meanwhile.

    Raises:
        FileExistsError: the file is there and `replace` is False.
        OSError: it could not be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_private(path: Path) -> bytes:
    """Return the content of a file that only its owner can read.

    Raises:
        Unavailable: `key_unreadable` (missing, a symbolic link, not a regular file, not ours to read, larger
            than 64 KiB), `key_exposed` (group or others have any access to it).
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        raise Unavailable("key_unreadable", path.name) from None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            raise Unavailable("key_unreadable", path.name)
        if status.st_mode & 0o077:
            raise Unavailable("key_exposed", path.name)
        return os.read(fd, MAX_BYTES)
    finally:
        os.close(fd)
