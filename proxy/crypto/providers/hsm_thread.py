"""One thread for one PKCS#11 library.

python-pkcs11 0.10 calls `C_Initialize(NULL)`, which tells the library that only one thread will ever call it,
and lets go of the interpreter's lock while it calls: two threads at once make SoftHSM fail, and others may do
worse. So every call of a process goes through the one thread that also loaded the library; whoever asks waits
for the answer, but not for ever.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from proxy.errors import Unavailable

MOST_WAITING: Final = 256
"""Calls; a module that answers 8,000 times a second works this off in 30 ms, one that does not answer never."""

_threads: dict[str, "HsmThread"] = {}
_making: Final = threading.Lock()
# The library is one thing per process, whoever loads it; so is the thread that may talk to it.


class HsmThread:
    """Carries out one call after the other; a daemon, so that a module that hangs does not keep the process."""

    def __init__(self, name: str) -> None:
        self.restarts = 0
        """How often the library was begun anew: handles from before may now name something else."""
        self._jobs: queue.Queue[tuple[Future[object], Callable[[], object]]] = queue.Queue(MOST_WAITING)
        threading.Thread(target=self._run, name=name, daemon=True).start()

    @classmethod
    def of(cls, module: str) -> "HsmThread":
        """Return the thread of this library, the same for everybody in this process."""
        with _making:
            if module not in _threads:
                _threads[module] = cls(f"hsm {module}")
            return _threads[module]

    def call[T](self, job: Callable[[], T], seconds: float) -> T:
        """Return what the job returns, or raise what it raises.

        Args:
            job: carried out in the one thread.
            seconds: how long to wait for it; a job that has not begun by then never will.

        Raises:
            Unavailable: `provider_slow`.
        """
        future: Future[T] = Future()
        try:
            self._jobs.put_nowait((future, job))  # type: ignore[arg-type]
            return future.result(seconds)
        except (queue.Full, TimeoutError):
            future.cancel()
            raise Unavailable("provider_slow", "pkcs11") from None

    def _run(self) -> None:
        while True:
            future, job = self._jobs.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(job())
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever asked
                future.set_exception(error)
            del future, job
