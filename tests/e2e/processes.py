"""`lychgate run` as a process of its own: started, asked, told, killed; nothing here waits for a time to pass.

An `Installed` is a folder as `lychgate init` leaves it, with lanes on ports that the kernel chooses. Its
process gets that folder as working directory, home and place for temporary files, so that whatever it leaves
behind lies there.
"""

import os
import resource
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from proxy.demo.installation import Crm, Installation, LaneOf, make_installation
from proxy.identity import digest, mint
from proxy.ledger.verify import verify
from tests.e2e.reading import Entry, entries_of, size_of

PATIENCE = 60.0
"""Seconds until something that never happens fails its test."""


def key_of(client: str, clients: Path) -> str:
    """Write a key's digest below a client of a vocabulary, and return the key."""
    key = mint(os.urandom)
    text = clients.read_text("utf-8")
    line = f"  {client}:\n"
    assert line in text
    clients.write_text(text.replace(line, f'{line}    keys: [{{sha256: "{digest(key)}"}}]\n'), "utf-8")
    return key


def until(holds: Callable[[], object]) -> None:
    """Return once something holds that another process brings about."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError("did not come about")


class Spoken:
    """What a process writes to standard output and error, as it writes it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._bytes = bytearray()
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._listen, args=(process,), daemon=True)
        self._thread.start()

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        with process.stdout as stream:
            while data := os.read(stream.fileno(), 65536):
                with self._changed:
                    self._bytes += data
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def text(self) -> str:
        """Everything so far."""
        with self._changed:
            return self._bytes.decode("utf-8", "replace")

    def wait_for(self, words: str, *, after: int = 0) -> str:
        """Return everything once a line begun behind character `after` holds `words` and is complete.

        Raises:
            AssertionError: the process ended without having said so.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._said(words, after), PATIENCE)
        assert self._said(words, after), f"never said {words!r}:\n{self.text}"
        return self.text

    def _said(self, words: str, after: int) -> bool:
        return any(words in line and line.endswith("\n") for line in self.text[after:].splitlines(keepends=True))

    def all(self) -> str:
        """Return everything, once the process has closed its end."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.text


@dataclass
class Installed:
    """One installation, and its process while there is one."""

    made: Installation
    keys: dict[str, str]
    ports: dict[str, int] = field(default_factory=dict)
    """By lane, while it runs."""
    admin: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    spoken: Spoken | None = None

    @classmethod
    def make(cls, folder: Path, lanes: Mapping[Crm, LaneOf], edit: Callable[[str], str] = str) -> Self:
        """Return a fresh installation; `edit` gets `lychgate.yaml` and returns what is to stand there."""
        made = make_installation(folder, lanes, admin=0)
        text = edit(made.config.read_text("utf-8"))
        made.config.write_text(text, "utf-8")
        (folder / "tmp").mkdir()
        return cls(made, dict(made.keys))

    # ---- its process -------------------------------------------------------------------------------------

    def start(self, *arguments: str, **options: Any) -> Spoken:
        """Start `lychgate run` and return what it says; it may not be ready, and may never be."""
        folder = self.made.folder
        environment = {
            name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "PYTHONPATH")
        }
        environment |= {"HOME": str(folder), "TMPDIR": str(folder / "tmp")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "proxy.cli", "run", "--config", str(self.made.config), *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )
        self.spoken = Spoken(self.process)
        return self.spoken

    def up(self, **options: Any) -> Self:
        """Start it and return once it serves."""
        self.start(**options)
        return self.wait_ready()

    def wait_ready(self) -> Self:
        """Return once it serves; `ports` and `admin` are known then."""
        assert self.spoken is not None
        for line in self.spoken.wait_for("ready").splitlines():
            words = line.split()
            if words[:1] == ["lane"]:
                self.ports[words[1].removesuffix(":")] = int(words[2].rpartition(":")[2])
            elif words[:1] == ["admin"]:
                self.admin = int(words[1].rpartition(":")[2])
        return self

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def ended(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and all it said."""
        assert self.process is not None
        assert self.spoken is not None
        code = self.process.wait(PATIENCE)
        return code, self.spoken.all()

    def down(self) -> str:
        """Have it end as a service manager would, and return all it said."""
        self.tell(signal.SIGTERM)
        code, said = self.ended()
        assert code == 0, said
        return said

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)

    def fill_the_disk(self, *, left: int) -> None:
        """Let the process write only `left` bytes more of its ledger."""
        assert self.process is not None
        limit = size_of(self.made.ledger) + left
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (limit, limit))

    def reload(self) -> str:
        """Have it read its policies again, and return what it says to that."""
        assert self.spoken is not None
        before = len(self.spoken.text)
        self.tell(signal.SIGHUP)
        return self.spoken.wait_for("policy re", after=before)[before:]

    # ---- what it answers and leaves behind -----------------------------------------------------------------

    def url(self, lane: str, scheme: str = "http") -> str:
        """Return where a lane listens."""
        return f"{scheme}://localhost:{self.ports[lane]}"

    def ask_admin(self, path: str) -> tuple[int, str]:
        """Return status and text of what its admin port answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metric(self, series: str) -> float:
        """Return the value of one series, 0 if it does not exist yet."""
        lines = self.ask_admin("/metrics")[1].splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(series + " ")), 0.0)

    def entries(self) -> list[Entry]:
        """Return what the ledger holds, oldest first."""
        return entries_of(self.made.ledger)

    def told(self, decision: str) -> list[str]:
        """Return the kinds of the entries of one decision, oldest first."""
        return [entry["kind"] for entry in self.entries() if entry["id"] == decision]

    def check_ledger(self) -> None:
        """Fail if the independent verifier finds anything."""
        report = verify(self.made.ledger)
        assert not report.problem_count, report.problems
