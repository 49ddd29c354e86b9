"""A process that has imported everything, and forks one for each command, which dies where it is told to.

Starting Python and importing Lychgate takes longer than an erasure. What is forked is a process of its own, with
a ledger, a store and sockets of its own, and it is ended by SIGKILL.

A boundary is where something leaves a trace outside the process: before and after every durable write of the
ledger, every transaction of the store, every request to a CRM. They are counted as they come, and named nowhere.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import proxy.cli.erasure
import proxy.cli.run  # noqa: F401 - the two commands that are forked are loaded once, here
from proxy.cli import main as lychgate
from proxy.store.store import Store
from proxy.transport import Caller


class Ended(NamedTuple):
    """How a command ended."""

    killed: bool
    code: int
    boundaries: int
    """That it met; 0 for one that was killed."""
    said: str


class Boundaries:
    """Counts, and ends the process at one of them.

    Args:
        last: the one at which it ends; 0: at none.
    """

    def __init__(self, last: int) -> None:
        self.met = 0
        self._last = last
        self._lock = threading.Lock()

    def meet(self) -> None:
        """Come to the next one."""
        with self._lock:
            self.met += 1
            if self.met == self._last:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function with a boundary before it and one after it."""

        def bounded(*args: Any, **more: Any) -> Any:
            self.meet()
            done = call(*args, **more)
            self.meet()
            return done

        return bounded

    def watch(self) -> None:
        """Have every write, transaction and request of this process meet a boundary."""
        os.pwritev = self.around(os.pwritev)
        os.fsync = self.around(os.fsync)
        begin, send = Store.begin, Caller.send

        @contextlib.contextmanager
        def beginning(store: Store) -> Iterator[Any]:
            self.meet()
            with begin(store) as connection:
                yield connection
            self.meet()

        async def sending(caller: Caller, request: Any) -> Any:
            self.meet()
            answer = await send(caller, request)
            self.meet()
            return answer

        Store.begin, Caller.send = beginning, sending  # type: ignore[method-assign]


class Forker:
    """The process, as its parent sees it; a context."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.erase.forking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def run(self, folder: Path, *words: str, die_at: int = 0) -> Ended:
        """Return how a command of `lychgate` ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([str(folder), words, die_at]), file=self._process.stdin, flush=True)
        return Ended(*json.loads(self._process.stdout.readline()))


def _forked(folder: str, words: list[str], die_at: int) -> list[Any]:
    said = Path(folder).parent / "said"
    pid = os.fork()
    if pid == 0:
        _command(folder, words, die_at, said)
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    text = said.read_text("utf-8")
    met = int(text.rpartition("\n")[2] or 0) if not killed else 0
    return [killed, -1 if killed else os.waitstatus_to_exitcode(status), met, text]


def _command(folder: str, words: list[str], die_at: int, said: Path) -> None:
    boundaries = Boundaries(die_at)
    boundaries.watch()
    code: object = 1
    with (
        said.open("w", encoding="utf-8") as out,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
    ):
        os.chdir(folder)
        os.environ |= {"HOME": folder, "TMPDIR": folder}
        sys.argv = ["lychgate", *words]
        try:
            lychgate()
        except SystemExit as ended:
            code = ended.code
        finally:
            print(f"\n{boundaries.met}", end="", file=out)
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_forked(*json.loads(line))), flush=True)
