"""Whether remembered keys may still be used, for hosts that share nothing but a database.

The number of `generation` is a row. Asking for it at every use would cost a round trip, so each process asks
often, in a thread, and may go by an answer for as long as its lease: `lease` seconds after it asked. Whoever
shreds changes the number and then waits for as long before it says that it is done: by then every process has
asked again, or goes by nothing it remembers. A host that cannot reach the database remembers nothing.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from sqlalchemy import select, text

from proxy.errors import Unavailable
from proxy.keys.generation import UNKNOWN, change
from proxy.keys.tables import GENERATION
from proxy.store import Store

LEASE: Final = 2.0
PERIOD: Final = 0.5
_MARGIN: Final = 1.05
"""Clocks of two machines do not run exactly alike."""
_TURN: Final = 0x6C796368_6B657973
"""For pg_advisory_lock: one at a time shreds; a lock of the session, so that dying lets go of it."""
_log: Final = logging.getLogger("lychgate.keys")


class LeasedNumber:
    """The number of all processes that use one database."""

    def __init__(
        self,
        store: Store,
        *,
        lease: float = LEASE,
        period: float = PERIOD,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin to ask.

        Args:
            store: PostgreSQL; its chapter of keys is up to date.
            lease: seconds for which an answer counts; the same in every process that uses the database.
            period: seconds between two questions.
            clock: monotonic seconds.
            sleep: waits so many seconds.
        """
        self._store = store
        self._lease = lease
        self._period = period
        self._clock = clock
        self._sleep = sleep
        self._seen = (UNKNOWN, float("-inf"))
        self._failing = False
        self._stop = threading.Event()
        self._ask()
        self._thread = threading.Thread(target=self._run, name="key-generation", daemon=True)
        self._thread.start()

    def now(self) -> int:
        """See `Generation`."""
        number, at = self._seen
        return number if self._clock() - at < self._lease else UNKNOWN

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """See `Generation`; takes as long as a lease."""
        with self._store.session() as turn:
            turn.execute(text(f"SELECT pg_advisory_lock({_TURN})"))
            change(self._store, lambda number: number | 1)
            try:
                yield
            finally:
                # A process that dies before this leaves the number odd: nobody remembers, until the next change.
                change(self._store, lambda number: (number | 1) + 1)
        self._sleep(self._lease * _MARGIN)
        self._ask()

    def close(self) -> None:
        """Ask no more."""
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        asked = self._clock()  # before, not after: the answer may be as old as the question
        try:
            with self._store.read() as connection:
                self._seen = (int(connection.execute(select(GENERATION.c.number)).scalar_one()), asked)
            self._failing = False
        except Unavailable as error:
            if not self._failing:
                _log.warning("keys are not remembered while the store cannot be asked: %s", error)
            self._failing = True

    def _run(self) -> None:
        while not self._stop.wait(self._period):
            self._ask()
