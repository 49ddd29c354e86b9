"""A real Tryton server as a process of its own, for the tests and for `make demo CRM=tryton`.

Nothing here imports Tryton (it is GPL): everything goes through the Python of its own virtual environment.
`template` builds a SQLite database with the party module and the people of `tryton_people.py` once and keeps
it in a folder; `serving` copies it, starts trytond on a free port of 127.0.0.1 and stops it afterwards, so
that each server begins with the same people and the same ids.
"""

import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEOPLE = HERE / "tryton_people.py"
DATABASE = "crm"
LOGIN = "admin"
PASSWORD = "lychgate-tests-only"
"""Of a database that exists for one test run, on a server that listens on loopback."""

_CONFIG = """\
[database]
uri = sqlite://
path = {folder}
[web]
listen = 127.0.0.1:{port}
"""
_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class TrytonServer:
    """A server that answers."""

    port: int
    log: Path
    """What trytond wrote; for a person who looks at a failed test."""

    @property
    def origin(self) -> str:
        """What a lane's `upstream.url` is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where proteus goes, without credentials."""
        return f"{self.origin}/{DATABASE}/rpc/"

    @property
    def secret(self) -> str:
        """What a lane's Basic credential holds."""
        return f"{LOGIN}:{PASSWORD}"


@contextmanager
def serving(python: Path, cache: Path) -> Iterator[TrytonServer]:
    """Run a server on a fresh copy of the template for as long as the context lasts.

    Args:
        python: of the virtual environment that has trytond, trytond-party and proteus.
        cache: folder for the template; made if missing, safe to delete, safe to share between processes.
    """
    source = template(python, cache)
    with tempfile.TemporaryDirectory(prefix="lychgate-tryton-") as name:
        folder = Path(name)
        shutil.copy(source, folder / f"{DATABASE}.sqlite")
        port = _free_port()
        config = _write_config(folder, port)
        log = folder / "trytond.log"
        # Without `-d crm` the first login of 8.2.1 fails with KeyError: 'res.user'.
        command = [python, "-m", "trytond.cli", "-c", config, "-d", DATABASE]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, env=_environment())
        try:
            _wait(port, process, log)
            yield TrytonServer(port, log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def template(python: Path, cache: Path) -> Path:
    """Return a database with the party module active and the people in it; built once per cache folder."""
    cache.mkdir(parents=True, exist_ok=True)
    done = cache / f"{DATABASE}-{_version(python)}.sqlite"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            with tempfile.TemporaryDirectory(dir=cache) as name:
                _build(python, Path(name)).rename(done)
    return done


def _build(python: Path, folder: Path) -> Path:
    database = folder / f"{DATABASE}.sqlite"
    database.touch()  # trytond-admin fills a SQLite database, but does not make one
    password = folder / "password"
    password.write_text(PASSWORD)
    config = _write_config(folder, 0)
    admin = [python, "-m", "trytond.cli.admin", "-c", config, "-d", DATABASE]
    env = {**_environment(), "TRYTONPASSFILE": str(password)}
    _run([*admin, "--all", "--email", "admin@example.com"], env)
    _run([*admin, "-u", "party", "--activate-dependencies"], env)
    _run([python, PEOPLE, config], env)
    return database


def _version(python: Path) -> str:
    """Return what a template depends on: the installed modules, and who is put into it."""
    listing = "import importlib.metadata as m; print([m.version(n) for n in ('trytond','trytond-party')])"
    versions = _run([python, "-c", listing], _environment())
    seed = versions + PEOPLE.read_bytes() + Path(__file__).read_bytes()
    return hashlib.sha256(seed).hexdigest()[:16]


def _write_config(folder: Path, port: int) -> Path:
    path = folder / "trytond.conf"
    path.write_text(_CONFIG.format(folder=folder, port=port))
    return path


def _environment() -> dict[str, str]:
    """Return ours without what would point Tryton or its Python elsewhere."""
    foreign = ("PYTHON", "TRYTON", "VIRTUAL_ENV", "DB_NAME")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def _run(command: list[str | Path], env: dict[str, str]) -> bytes:
    done = subprocess.run(command, env=env, capture_output=True, check=False, timeout=300)
    if done.returncode:
        tail = (done.stdout + done.stderr)[-2000:].decode(errors="replace")
        msg = f"{command[2]} ended with {done.returncode}:\n{tail}"
        raise RuntimeError(msg)
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server answers HTTP, whatever it answers."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
        except urllib.error.HTTPError as answer:
            answer.close()
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    msg = f"trytond did not start:\n{log.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(msg)
