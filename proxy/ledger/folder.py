"""The ledger's folder: made, checked, and held by one process at a time."""

import fcntl
import os
from pathlib import Path

from proxy.errors import LedgerError
from proxy.ledger.segment import Disk


def take(folder: Path, disk: Disk) -> int:
    """Return a descriptor of `folder` that holds its lock; closing it, or dying, lets go.

    The folder is made if it is missing (0700, its name durable); its parent has to exist.

    Raises:
        LedgerError: another process holds it, or its mode lets others in: entries are pseudonymous, and still
            personal data.
        OSError: it cannot be made or opened.
    """
    if not folder.exists():
        folder.mkdir(mode=0o700)
        parent = _open(folder.parent)
        try:
            disk.sync(parent)
        finally:
            os.close(parent)
    fd = _open(folder)
    try:
        if os.fstat(fd).st_mode & 0o077:
            raise LedgerError("the ledger's folder is open to others; make it mode 0700")
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise LedgerError("the ledger is in use by another process") from None
    except BaseException:
        os.close(fd)
        raise
    return fd


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
