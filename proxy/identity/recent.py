"""Tokens verified a moment ago, so that one RSA check serves the requests of a minute.

Kept by SHA-256 of the token, so that memory holds no credential. An entry ends with the token or after
`KEEP` seconds, whichever comes first, counted from the caller's clock, and at once when that clock goes back.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

KEEP: Final = 60.0
"""Seconds."""
LIMIT: Final = 4096
"""Entries; the least recently used goes first."""


@dataclass(frozen=True, slots=True)
class _Held[T]:
    value: T
    since: float
    until: float


class Recent[T]:
    """What was verified for which token, for at most a minute; bounded. Not safe to share between threads."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._held: OrderedDict[bytes, _Held[T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, token: str, now: float) -> T | None:
        """Return what was put for this token, if that still holds at `now`."""
        name = _name(token)
        held = self._held.get(name)
        if held is None:
            return None
        if not held.since <= now < held.until:
            del self._held[name]
            return None
        self._held.move_to_end(name)
        return held.value

    def put(self, token: str, value: T, *, now: float, expires: float) -> None:
        """Keep `value` for this token until `expires`, at most `KEEP` seconds; never longer."""
        until = min(expires, now + KEEP)
        if until <= now:
            return
        self._held[_name(token)] = _Held(value, now, until)
        if len(self._held) > self._limit:
            self._held.popitem(last=False)

    def forget(self, token: str) -> None:
        """Forget one token, if it is here."""
        self._held.pop(_name(token), None)


def _name(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
