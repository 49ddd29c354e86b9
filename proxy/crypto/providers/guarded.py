"""What every provider is asked through: whatever it does, it does within what `Provider` promises.

    raises   anything that is no error of ours becomes `provider_failed`, with the name of its type and no more:
             drivers put what a server answered into theirs
    returns  as many keys as were asked for, each of its length: one that is cut off and kept is lost for good
    hangs    whoever finds out that it does waits for it; everybody else is refused at once, until it answers

Why the last: a call that hangs keeps a thread. If each of a hundred requests waited for its own, the last of
them would be told so long after the provider had come back, and by a deadline that does not say why.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from proxy.crypto.providers.port import Custody, Kind, Provider
from proxy.crypto.wrapping import KEY_BYTES, WRAPPED_BYTES
from proxy.errors import LychgateError, Unavailable

HANGS: Final = 0.5
"""Seconds after which a provider that says it is slow has hung; one that says so at once keeps no thread, as
where it is asked too often, and the next call may be answered."""
REST: Final = 1.0
"""Seconds for which a provider that did not answer in its time is not asked again."""
LONGEST: Final = 60.0
"""Seconds after which another may ask, though nobody has heard of the one that did: no call takes as long."""
MAC_BYTES: Final = 32
_SLOW: Final = "provider_slow"


class Guarded:
    """A provider, kept to its promises; threads may share it."""

    def __init__(self, inner: Provider, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a provider and a clock of monotonic seconds."""
        self._inner = inner
        self._clock = clock
        self._turn = threading.Lock()
        self._slow = False
        self._rests_until = 0.0

    def __repr__(self) -> str:
        return f"Guarded({self._inner!r})"

    @property
    def name(self) -> str:
        """See `Provider`."""
        return self._inner.name

    @property
    def suspends(self) -> bool:
        """See `Provider`."""
        return self._inner.suspends

    @property
    def where(self) -> str:
        """See `Provider`."""
        return self._inner.where

    def generate(self, label: str, kind: Kind) -> str:
        """See `Provider`."""
        return self._ask(lambda: self._inner.generate(label, kind))

    def wrap(self, handle: str, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Provider`."""
        return self._sized(self._ask(lambda: self._inner.wrap(handle, keys)), len(keys), WRAPPED_BYTES)

    def unwrap(self, handle: str, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Provider`."""
        return self._sized(self._ask(lambda: self._inner.unwrap(handle, wrapped)), len(wrapped), KEY_BYTES)

    def mac(self, handle: str, data: bytes) -> bytes:
        """See `Provider`."""
        (found,) = self._sized([self._ask(lambda: self._inner.mac(handle, data))], 1, MAC_BYTES)
        return found

    def custody(self, handle: str) -> Custody:
        """See `Provider`."""
        return self._ask(lambda: self._inner.custody(handle))

    def disable(self, handle: str) -> None:
        """See `Provider`."""
        self._ask(lambda: self._inner.disable(handle))

    def enable(self, handle: str) -> None:
        """See `Provider`."""
        self._ask(lambda: self._inner.enable(handle))

    def destroy(self, handle: str) -> float:
        """See `Provider`."""
        return self._ask(lambda: self._inner.destroy(handle))

    def ping(self) -> None:
        """See `Provider`."""
        self._ask(self._inner.ping)

    def close(self) -> None:
        """See `Provider`."""
        self._inner.close()

    def _ask[T](self, job: Callable[[], T]) -> T:
        began, slow = self._begin(), False
        try:
            return job()
        except LychgateError as error:
            said = isinstance(error, Unavailable) and error.reason == _SLOW
            slow = said and self._clock() - began >= HANGS
            raise
        except Exception as error:  # noqa: BLE001 - drivers raise what they like
            raise Unavailable("provider_failed", f"{self.name} {type(error).__name__}") from None
        finally:
            self._end(slow=slow)

    def _begin(self) -> float:
        """Return the time if it may be asked now; where it hangs, one asks and the others do not wait."""
        with self._turn:
            now = self._clock()
            if self._slow and now < self._rests_until:
                raise Unavailable(_SLOW, self.name)
            self._rests_until = now + LONGEST
            return now

    def _end(self, *, slow: bool) -> None:
        with self._turn:
            self._slow = slow
            self._rests_until = self._clock() + REST if slow else 0.0

    def _sized(self, found: list[bytes], count: int, size: int) -> list[bytes]:
        if len(found) != count or any(len(each) != size for each in found):
            raise Unavailable("provider_failed", f"{self.name} length")
        return found
