"""Looks now and then whether the provider answers, and whether it says of every key what our table says.

In a thread of its own, and without consequence for traffic: what needs a key is refused by whoever needs it, and
what needs none goes on. This is for the people who have to mend it.
"""

import logging
import threading
from typing import Final

from proxy.errors import LychgateError
from proxy.keys.epochs import Epochs
from proxy.keys.keys import Keys

EVERY: Final = 30.0
"""Seconds."""
_log: Final = logging.getLogger("lychgate.keys")


class Watch:
    """What was last found; build it, then `start` and `close`, or `look`."""

    def __init__(self, keys: Keys, epochs: Epochs, *, every: float = EVERY) -> None:
        self._keys = keys
        self._epochs = epochs
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="key-watch", daemon=True)
        self.failing = ""
        """Why the provider cannot be asked; "" when it can, or when there is nothing to ask it for."""
        self.drifts: tuple[str, ...] = ()
        """Where it says something else than our table."""

    def start(self) -> None:
        """Look every so many seconds from now on."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Look now; what is new is logged once."""
        failing, drifts = self._found()
        if failing and failing != self.failing:
            _log.error("the provider of keys cannot be asked, what needs a key is refused: %s", failing)
        for drift in drifts:
            if drift not in self.drifts:
                _log.error("somebody has changed a key behind our back: %s", drift)
        self.failing, self.drifts = failing, drifts

    @property
    def notices(self) -> dict[str, str]:
        """What an operator should hear of, by part."""
        found = {"keys": "; ".join(self.drifts)} if self.drifts else {}
        return found | ({"key provider": self.failing} if self.failing else {})

    def _found(self) -> tuple[str, tuple[str, ...]]:
        try:
            if not self._epochs.all():
                return "", ()
            self._keys.provider.ping()
            return "", tuple(map(str, self._epochs.reconcile()))
        except LychgateError as error:
            return str(error), self.drifts

    def _run(self) -> None:
        while True:
            self.look()
            if self._stop.wait(self._every):
                return
