"""The keys of one issuer: fetched in the background, believed for a while, looked up without waiting.

`JwksKeys.key` is called for every token and never blocks: it answers from memory and, when it is time, starts
a refresh elsewhere. A refresh that fails changes nothing, so an identity provider that is down for an hour
takes nobody's access; after `max_age` seconds without one good fetch the keys are no longer believed and
every token of that issuer is refused with 503.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from jwt import PyJWK

from proxy.errors import Problem, Problems, Unavailable, Unidentified
from proxy.identity.keyset import KeySet, read_key_set
from proxy.identity.sources import file_source, url_source

MIN_INTERVAL: Final = 60.0
"""Seconds between two fetches that unknown key ids ask for: callers must not be able to make us ask more."""
FILE_INTERVAL: Final = 5.0
"""Seconds between two looks at a file's time stamp."""
_LOG: Final = logging.getLogger("lychgate.identity")

Fetch = Callable[[], bytes | None]
"""Return the key set as it stands at its source, or None when it has not changed since the last call.

MUST raise OSError, and nothing else, when the source cannot be read.
"""
Spawn = Callable[[Callable[[], None]], None]
"""Run the argument once, soon, on another thread."""


def on_a_thread(work: Callable[[], None]) -> None:
    """Run `work` once on a thread that does not keep the process alive."""
    threading.Thread(target=work, name="jwks", daemon=True).start()


class JwksKeys:
    """The keys of one issuer as `proxy.identity.issuer.Keys`; safe to share between threads.

    Args:
        fetch: the source.
        name: of the issuer, for the log.
        clock: monotonic seconds.
        interval: seconds after which a used key set is fetched again.
        max_age: seconds after the last good fetch for which keys are believed.
        spawn: where refreshes run.
    """

    def __init__(
        self,
        fetch: Fetch,
        *,
        name: str = "issuer",
        clock: Callable[[], float] = time.monotonic,
        interval: float = 300.0,
        max_age: float = 86_400.0,
        spawn: Spawn = on_a_thread,
    ) -> None:
        self.name = name
        self._fetch = fetch
        self._clock = clock
        self._interval = interval
        self._max_age = max_age
        self._spawn = spawn
        self._refreshing = threading.Lock()
        self._asked: float | None = None
        self._keys: tuple[float, KeySet] | None = None
        """When they were last known to be the issuer's, and they; replaced as a whole."""
        self._failed = False
        """The last refresh brought nothing, so the next one comes sooner."""
        self._unusable = False
        """The source's content was no key set, so that `None` from it does not say ours is current."""

    @classmethod
    def from_file(cls, path: Path, *, name: str = "issuer") -> "JwksKeys":
        """Return the keys in a local file, read before this returns and again within seconds of a change.

        Raises:
            Problems: there is no key set in it now.
        """
        keys = cls(file_source(path), name=name, interval=FILE_INTERVAL)
        if not keys.refresh():
            text = f"issuer {name}: no usable JWK Set here (public RSA >= 2048, EC or Ed25519 keys with a kid)"
            raise Problems([Problem(str(path), 0, 0, "LG407", text)])
        return keys

    @classmethod
    def from_url(cls, url: str, *, ca_file: Path | None = None, name: str = "issuer") -> "JwksKeys":
        """Return the keys at an https address, asked once before this returns; see `ready` for its answer.

        Blocks for some seconds when it does not answer, so it belongs before the event loop runs or on a
        thread. Make one per issuer and keep it: a new one after each reload would forget the last good keys.

        Raises:
            ValueError: see `url_source`.
            OSError: see `url_source`.
        """
        keys = cls(url_source(url, ca_file=ca_file), name=name)
        keys.refresh()
        return keys

    @property
    def ready(self) -> bool:
        """Whether tokens of this issuer can be checked now."""
        return self._keys is not None and self._clock() - self._keys[0] <= self._max_age

    def key(self, key_id: str, algorithm: str) -> PyJWK:
        """Return the key for exactly this pair; see `proxy.identity.issuer.Keys`."""
        self._refresh_if_older_than(min(self._interval, MIN_INTERVAL) if self._failed else self._interval)
        held = self._current()
        if (key_id, algorithm) not in held:
            self._refresh_if_older_than(MIN_INTERVAL)
            held = self._current()
        found = held.get((key_id, algorithm))
        if found is None:
            raise Unidentified("unknown_kid", self.name)
        return found

    def refresh(self) -> bool:
        """Fetch now, on this thread; return whether the keys are known to be current. Never raises.

        Failure leaves the keys as they are, and says so in the log without a word of what was fetched.
        """
        if not self._refreshing.acquire(blocking=False):
            return False
        try:
            self._asked = self._clock()
            self._failed = True
            self._take(self._fetch())
            self._failed = False
        except (OSError, ValueError) as error:
            _LOG.warning("issuer %s: key set not refreshed (%s)", self.name, type(error).__name__)
        finally:
            self._refreshing.release()
        return not self._failed

    def _take(self, data: bytes | None) -> None:
        if data is not None:
            self._unusable = True
            self._keys = (self._clock(), read_key_set(data))
            self._unusable = False
        elif self._keys is None or self._unusable:
            raise ValueError("nothing new, and nothing usable before")
        else:
            self._keys = (self._clock(), self._keys[1])

    def _current(self) -> KeySet:
        if self._keys is None or not self.ready:
            raise Unavailable("jwks_unavailable", self.name)
        return self._keys[1]

    def _refresh_if_older_than(self, seconds: float) -> None:
        now = self._clock()
        if self._asked is not None and now - self._asked < seconds:
            return
        self._asked = now
        self._spawn(self._refresh_quietly)

    def _refresh_quietly(self) -> None:
        self.refresh()
