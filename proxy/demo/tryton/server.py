"""A real Tryton server as a process of its own.

`template` builds a SQLite database with the party module and the people of `scripts/people.py` once and keeps
it in a folder; `serving` copies it, starts trytond on a free port of 127.0.0.1 and stops it afterwards, so
that each server begins with the same people and the same ids.
"""

import contextlib
import fcntl
import hashlib
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.demo.processes import free_port, wait_for_port
from proxy.demo.tryton.place import environment

PEOPLE: Final = Path(__file__).resolve().parent / "scripts" / "people.py"
DATABASE: Final = "crm"
LOGIN: Final = "admin"
PARTY: Final = ("party",)
PASSWORD: Final = "lychgate-demo-only"  # noqa: S105 - of a database that ends with the demo

Command = list[str | Path]
"""What a process is started with."""

_CONFIG: Final = """\
[database]
uri = sqlite://
path = {folder}
[web]
listen = 127.0.0.1:{port}
"""


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


@contextlib.contextmanager
def serving(python: Path, cache: Path, *, modules: tuple[str, ...] = PARTY) -> Iterator[TrytonServer]:
    """Run a server on a fresh copy of the template for as long as the context lasts.

    Args:
        python: of the virtual environment that has trytond, the modules and proteus.
        cache: folder for the template; made if missing, safe to delete, safe to share between processes.
        modules: that are active, with what they depend on.
    """
    source = template(python, cache, modules)
    with tempfile.TemporaryDirectory(prefix="lychgate-tryton-") as name:
        folder = Path(name)
        shutil.copy(source, folder / f"{DATABASE}.sqlite")
        port = free_port()
        config = _write_config(folder, port)
        log = folder / "trytond.log"
        # Without `-d crm` the first login of 8.2.1 fails with KeyError: 'res.user'.
        command: Command = [python, "-m", "trytond.cli", "-c", config, "-d", DATABASE]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, env=environment())  # noqa: S603 - ours
        try:
            wait_for_port(port, process, log)
            yield TrytonServer(port, log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def template(python: Path, cache: Path, modules: tuple[str, ...] = PARTY) -> Path:
    """Return a database with some modules active and the people in it; built once per cache folder."""
    cache.mkdir(parents=True, exist_ok=True)
    done = cache / f"{DATABASE}-{_version(python, modules)}.sqlite"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            with tempfile.TemporaryDirectory(dir=cache) as name:
                _build(python, Path(name), modules).rename(done)
    return done


def _build(python: Path, folder: Path, modules: tuple[str, ...]) -> Path:
    database = folder / f"{DATABASE}.sqlite"
    database.touch()  # trytond-admin fills a SQLite database, but does not make one
    password = folder / "password"
    password.write_text(PASSWORD)
    config = _write_config(folder, 0)
    admin: Command = [python, "-m", "trytond.cli.admin", "-c", config, "-d", DATABASE]
    env = {**environment(), "TRYTONPASSFILE": str(password)}
    _run([*admin, "--all", "--email", "admin@example.com"], env)
    _run([*admin, "-u", *modules, "--activate-dependencies"], env)
    _run([python, PEOPLE, config], env)
    _make_login_cheap(database)
    return database


def _make_login_cheap(database: Path) -> None:
    """Have the password accepted as a reset password is.

    Basic credentials are checked with every request, and the hash that Tryton keeps is made to take its time: a
    tenth of a second and 64 MiB each.
    """
    reset = (
        "UPDATE res_user SET password_hash = NULL, password_reset = ?, password_reset_expire = ? WHERE login = ?"
    )
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(reset, (PASSWORD, "9999-12-31 23:59:59", LOGIN))


def _version(python: Path, modules: tuple[str, ...]) -> str:
    """Return what a template depends on: the installed modules, and who is put into it."""
    names = ["trytond", *(f"trytond-{name.replace('_', '-')}" for name in modules)]
    listing = "import importlib.metadata as m, sys; print([(n, m.version(n)) for n in sys.argv[1:]])"
    versions = _run([python, "-c", listing, *names], environment())
    seed = versions + PEOPLE.read_bytes() + Path(__file__).read_bytes()
    return hashlib.sha256(seed).hexdigest()[:16]


def _write_config(folder: Path, port: int) -> Path:
    path = folder / "trytond.conf"
    path.write_text(_CONFIG.format(folder=folder, port=port))
    return path


def _run(command: Command, env: dict[str, str]) -> bytes:
    done = subprocess.run(command, env=env, capture_output=True, check=False, timeout=300)  # noqa: S603 - ours
    if done.returncode:
        tail = (done.stdout + done.stderr)[-2000:].decode(errors="replace")
        raise RuntimeError(f"{command[2]} ended with {done.returncode}:\n{tail}")
    return done.stdout
