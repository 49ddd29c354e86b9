"""Key files: 32 random bytes, raw, for the owner's eyes only."""

import os
from collections.abc import Callable
from pathlib import Path

from proxy.crypto.derive import KEY_BYTES
from proxy.crypto.files import PRIVATE, read_private, write_whole
from proxy.errors import Unavailable


def create_key(path: Path, *, random: Callable[[int], bytes] = os.urandom) -> bytes:
    """Write a fresh key to `path` (mode 0600, durable) and return it; an existing file is never touched.

    Args:
        path: its folder has to exist.
        random: how many bytes -> that many bytes from a cryptographic source.

    Raises:
        Unavailable: `key_exists`, `key_unwritable`.
    """
    key = random(KEY_BYTES)
    try:
        write_whole(path, key, PRIVATE, replace=False)
    except FileExistsError:
        raise Unavailable("key_exists", path.name) from None
    except OSError:
        raise Unavailable("key_unwritable", path.name) from None
    return key


def read_key(path: Path) -> bytes:
    """Return the 32 bytes in `path`.

    Raises:
        Unavailable: `key_unreadable`, `key_exposed` (see `files.read_private`), `key_wrong_length`.
    """
    key = read_private(path)
    if len(key) != KEY_BYTES:
        raise Unavailable("key_wrong_length", path.name)
    return key
