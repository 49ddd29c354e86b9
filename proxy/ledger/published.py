"""Where checkpoints are kept: beside the ledger, and in a second folder that somebody else looks after."""

import contextlib
import hashlib
import logging
import os
import re
from pathlib import Path
from typing import Final

from proxy.crypto.files import PRIVATE, write_whole
from proxy.errors import LedgerError
from proxy.ledger.verify import Checkpoint, Unproved, open_checkpoint, parse_keys

NEWEST: Final = "checkpoint"
PUBLIC_KEYS: Final = "public-keys"
SUFFIX: Final = ".checkpoint"
_LOOKED_AT: Final = 16
"""A file of the second folder that is no checkpoint of ours was half written, or put there by somebody; so many
are passed over before we give up on finding one."""
_log: Final = logging.getLogger("lychgate.ledger")


def newest(folder: Path, witness: Path | None, keys: str) -> Checkpoint | None:
    """Return the largest checkpoint that was ever published here and can be found again; None if there is none.

    Args:
        folder: the one beside the ledger.
        witness: the second one.
        keys: verification keys, one per line.

    Raises:
        LedgerError: there is one beside the ledger, and no key of ours signed it.
        OSError: a folder cannot be read.
    """
    found = []
    with contextlib.suppress(FileNotFoundError):
        note = (folder / NEWEST).read_bytes()
        try:
            found.append(open_checkpoint(note, parse_keys(keys)))
        except Unproved as error:
            raise LedgerError(f"{folder / NEWEST}: {error}") from None
    if witness is not None and keys:
        found += _witnessed(witness, keys)
    return max(found, key=lambda signed: signed.size, default=None)


def _witnessed(witness: Path, keys: str) -> list[Checkpoint]:
    known = parse_keys(keys)
    for name in sorted({name for name, _ in known}):
        folder = place_of(witness, name)
        if not folder.is_dir():
            continue
        notes = (path for path in folder.iterdir() if re.fullmatch(rf"[0-9]{{20}}\{SUFFIX}", path.name))
        for path in sorted(notes, reverse=True)[:_LOOKED_AT]:
            try:
                return [open_checkpoint(path.read_bytes(), known)]
            except Unproved as error:
                _log.warning("%s: %s", path, error)
    return []


def place_of(witness: Path, name: str) -> Path:
    """Return an installation's own folder in the second one, which several installations may share."""
    return witness / hashlib.sha256(name.encode()).hexdigest()[:16]


def publish(folder: Path, note: bytes, day: str) -> None:
    """Make `note` the newest checkpoint beside the ledger, and the last one of its day (`YYYY-MM-DD`).

    Raises:
        OSError: it could not be written; the one before is still whole.
    """
    write_whole(folder / f"{day}{SUFFIX}", note, PRIVATE, replace=True)
    write_whole(folder / NEWEST, note, PRIVATE, replace=True)


def hand_over(witness: Path, name: str, note: bytes, size: int) -> None:
    """Write a checkpoint to the second folder under a name that grows; what is there is never touched.

    Nothing is renamed, linked or removed, so that write-once storage will do.

    Raises:
        OSError: it could not be written.
    """
    folder = place_of(witness, name)
    folder.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError), (folder / f"{size:020d}{SUFFIX}").open("xb") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
