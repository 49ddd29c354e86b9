"""The provider that needs nothing but a file: keys wrapped under a passphrase or under another key.

What it protects from is a stolen copy of the file: a backup, a disk. Whoever is the account that runs Lychgate,
or root, can have the keys; that is what hardware modules and key servers are for. A key that was destroyed here
is gone from the file; copies of the file that somebody made before still have it.
"""

import contextlib
import fcntl
import hmac
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from proxy.crypto.files import PRIVATE, read_private, write_whole
from proxy.crypto.providers.port import Custody, Kind
from proxy.crypto.wrapping import KEY_BYTES, Wrapping, bind
from proxy.errors import Unavailable

_LABEL: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
COST: Final[Mapping[str, int]] = {"n": 1 << 17, "r": 8, "p": 1}
"""Of scrypt (RFC 7914): 128 MiB and half a second, once at each start. OWASP's first choice for it."""


class _Scrypt(msgspec.Struct, forbid_unknown_fields=True):
    """How a passphrase becomes a key; bounded, or whoever can write the file could have us wait for days."""

    salt: Annotated[bytes, msgspec.Meta(min_length=16, max_length=64)]
    n: Annotated[int, msgspec.Meta(ge=2, le=1 << 20)]
    r: Annotated[int, msgspec.Meta(ge=1, le=32)]
    p: Annotated[int, msgspec.Meta(ge=1, le=16)]


class _Key(msgspec.Struct, forbid_unknown_fields=True):
    kind: Kind
    wrapped: bytes
    disabled: bool = False


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    version: Literal[1]
    scrypt: _Scrypt | None
    """None: unlocked by a key."""
    keys: dict[str, _Key]


class KeyringFile:
    """Keys in one file, wrapped under `unlock`; processes share the file, each looks whether it has changed.

    Args:
        path: of the file; made by the first `generate`, its folder has to exist.
        passphrase: text; None: `key` is used.
        key: 32 bytes; None: `passphrase` is used.
        cost: of scrypt, for a file that is new.

    Raises:
        ValueError: not exactly one of `passphrase` and `key`, or an empty one.
    """

    name: Final = "file"
    suspends: Final = True

    def __init__(
        self,
        path: Path,
        *,
        passphrase: str | None = None,
        key: bytes | None = None,
        cost: Mapping[str, int] = COST,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        if (not passphrase) == (not key):
            raise ValueError("a keyring is unlocked by a passphrase or by a key")
        self._path = path
        self._passphrase = passphrase or ""
        self._random = random
        self._scrypt = _Scrypt(random(16), **cost) if passphrase else None
        self._unlocking = Wrapping(key) if key else None
        self._turn = threading.RLock()
        self._seen: tuple[int, ...] = ()
        self._keys: dict[str, _Key] = {}
        self._open: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"KeyringFile({self._path})"

    @property
    def where(self) -> str:
        """The file."""
        return str(self._path)

    def generate(self, label: str, kind: Kind) -> str:
        """See `Provider`."""
        if not _LABEL.fullmatch(label):
            raise ValueError("a label is lower-case letters, digits and dashes")
        with self._changing() as keys:
            if label in keys:
                raise Unavailable("provider_key_exists", label)
            wrapped = self._unlocked().wrap(self._random(KEY_BYTES), _bound(label, kind))
            keys[label] = _Key(kind, wrapped)
        return label

    def wrap(self, handle: str, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Provider`."""
        wrapping = Wrapping(self._key(handle, "wrap"), random=self._random)
        return wrapping.wrap_all(keys)

    def unwrap(self, handle: str, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Provider`."""
        wrapping = Wrapping(self._key(handle, "wrap"))
        return wrapping.unwrap_all(wrapped)

    def mac(self, handle: str, data: bytes) -> bytes:
        """See `Provider`."""
        return hmac.digest(self._key(handle, "mac"), data, "sha256")

    def custody(self, handle: str) -> Custody:
        """See `Provider`."""
        with self._turn:
            self._refresh()
            found = self._keys.get(handle)
        if found is None:
            return Custody.ABSENT
        return Custody.DISABLED if found.disabled else Custody.USABLE

    def disable(self, handle: str) -> None:
        """See `Provider`."""
        with self._changing() as keys:
            keys[handle] = msgspec.structs.replace(_there(keys, handle), disabled=True)

    def enable(self, handle: str) -> None:
        """See `Provider`."""
        with self._changing() as keys:
            keys[handle] = msgspec.structs.replace(_there(keys, handle), disabled=False)

    def destroy(self, handle: str) -> float:
        """See `Provider`; it is gone from the file at once, and from every process the next time it looks."""
        with self._changing() as keys:
            keys.pop(handle, None)
        return 0.0

    def ping(self) -> None:
        """See `Provider`; one key is opened, to know that the passphrase is the right one."""
        with self._turn:
            self._refresh()
            if self._keys:
                self._opened(*next(iter(self._keys.items())))

    def close(self) -> None:
        """Forget the keys."""
        with self._turn:
            self._open, self._keys, self._seen = {}, {}, ()

    def _key(self, handle: str, kind: Kind) -> bytes:
        with self._turn:
            self._refresh()
            found = _there(self._keys, handle)
            if found.disabled:
                raise Unavailable("provider_key_disabled", handle)
            if found.kind != kind:
                raise Unavailable("provider_refuses", handle)
            return self._opened(handle, found)

    def _opened(self, handle: str, key: _Key) -> bytes:
        if handle not in self._open:
            try:
                self._open[handle] = self._unlocked().unwrap(key.wrapped, _bound(handle, key.kind))
            except Unavailable:
                raise Unavailable("provider_locked", "wrong passphrase or key, or a damaged keyring") from None
        return self._open[handle]

    def _unlocked(self) -> Wrapping:
        """Return what the keys in the file are wrapped under; takes its time once, if it is a passphrase."""
        if self._unlocking is None:
            assert self._scrypt is not None
            cost = self._scrypt
            derivation = Scrypt(salt=cost.salt, length=KEY_BYTES, n=cost.n, r=cost.r, p=cost.p)
            self._unlocking = Wrapping(derivation.derive(self._passphrase.encode()))
        return self._unlocking

    def _refresh(self) -> None:
        """Have the file's content, whoever changed it; what is no longer in it is forgotten."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self.close()
            return
        except OSError:
            raise Unavailable("provider_unreachable", self._path.name) from None
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen == self._seen:
            return
        try:
            document = msgspec.json.decode(read_private(self._path), type=_Document)
        except msgspec.MsgspecError:
            raise Unavailable("provider_failed", "the keyring is damaged") from None
        self._accept(document.scrypt)
        before, self._keys, self._seen = self._keys, document.keys, seen
        self._open = {name: key for name, key in self._open.items() if self._keys.get(name) == before[name]}

    def _accept(self, found: _Scrypt | None) -> None:
        """Take over how the file says that it is unlocked."""
        if (found is None) != (self._scrypt is None):
            raise Unavailable("provider_locked", "with or without a passphrase, not as configured")
        if found is not None and found != self._scrypt:
            self._scrypt, self._unlocking = found, None

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, _Key]]:
        """Give the keys to change; the file has the change, or all is as it was. One at a time changes it."""
        try:
            guard = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        except OSError:
            raise Unavailable("provider_failed", "the keyring's folder cannot be written") from None
        with self._turn:
            try:
                fcntl.flock(guard, fcntl.LOCK_EX)
                self._refresh()
                self._seen = ()  # read it again next time, whatever comes of this
                changed = dict(self._keys)
                yield changed
                document = _Document(1, self._scrypt, dict(sorted(changed.items())))
                write_whole(self._path, msgspec.json.encode(document) + b"\n", PRIVATE, replace=True)
            except OSError:
                raise Unavailable("provider_failed", "the keyring cannot be written") from None
            finally:
                os.close(guard)


def _there(keys: Mapping[str, _Key], handle: str) -> _Key:
    found = keys.get(handle)
    if found is None:
        raise Unavailable("provider_key_absent", handle)
    return found


def _bound(label: str, kind: str) -> bytes:
    return bind(b"lychgate.dev/v1/keyring", label.encode(), kind.encode())
