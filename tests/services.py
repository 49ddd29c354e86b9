"""Real servers that tests start for themselves, from Debian's packages; the machine's own are never touched."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL


def need(found: Path | None, package: str) -> Path:
    """Return what was found; where it is missing the test is skipped, which CI does not accept."""
    if found is None:
        pytest.skip(f"needs Debian's package {package}: `make test` installs it, or apt-get install {package}")
    return found


@dataclass(frozen=True)
class PostgreSQL:
    """A server of our own on a socket of its own, reachable by nobody else."""

    folder: Path
    password: str

    def url(self, database: str = "postgres") -> URL:
        """Return the URL of a database."""
        return URL.create(
            "postgresql",
            username="gate",
            password=self.password,
            database=database,
            query={"host": str(self.folder)},
        )

    @contextmanager
    def database(self) -> Iterator[URL]:
        """Give a new database, which is gone afterwards, whoever is connected still."""
        name = f"t_{secrets.token_hex(6)}"
        self._do(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def closed(self, database: str) -> Iterator[None]:
        """Let nobody into a database, and throw out whoever is there, as when a server goes away."""
        self._do(f"ALTER DATABASE {database} WITH ALLOW_CONNECTIONS false")
        self._do(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
        try:
            yield
        finally:
            self._do(f"ALTER DATABASE {database} WITH ALLOW_CONNECTIONS true")

    def _do(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.folder), user="gate", password=self.password, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Start a server, as somebody who is not root: it refuses to run as root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    programs_folder = need(programs[-1].parent if programs else None, "postgresql")
    who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    # A socket's path has at most 107 bytes, so it does not lie where pytest puts files.
    folder = Path(tempfile.mkdtemp(prefix="lg-pg-"))
    password = secrets.token_hex(12)
    try:
        (folder / "password").write_text(password)
        if who:
            for path in (folder, folder / "password"):
                shutil.chown(path, "postgres", "postgres")

        def run(*words: object) -> None:
            environment = {"LC_ALL": "C.UTF-8"}
            subprocess.run(words, check=True, capture_output=True, cwd=folder, env=environment, **who)

        data = folder / "data"
        words = ["--no-sync", "--username=gate", "--auth=scram-sha-256", f"--pwfile={folder}/password"]
        run(programs_folder / "initdb", *words, "-D", data)
        options = (
            f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=200"
        )
        command = [programs_folder / "pg_ctl", "-D", data, "-l", folder / "log", "-w"]
        run(*command, "-o", options, "start")
        try:
            yield PostgreSQL(folder, password)
        finally:
            run(*command, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class SoftHsm:
    """A token of SoftHSM2, which is a real PKCS#11 module without hardware."""

    module: Path
    token: str
    pin: str
    folder: Path


@contextmanager
def softhsm() -> Iterator[SoftHsm]:
    """Make a token of our own; the variable that leads to it is set as long as this lasts."""
    found = [path for path in map(Path, _SOFTHSM) if path.exists()]
    module = need(found[0] if found else None, "softhsm2")
    with tempfile.TemporaryDirectory(prefix="lg-hsm-") as name:
        folder = Path(name)
        (folder / "tokens").mkdir()
        settings = f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
        (folder / "softhsm2.conf").write_text(settings)
        before = os.environ.get("SOFTHSM2_CONF")
        os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
        try:
            words = [
                "softhsm2-util",
                "--init-token",
                "--free",
                "--label",
                "gate",
                "--pin",
                "4711",
                "--so-pin",
                "0815",
            ]
            subprocess.run(words, check=True, capture_output=True)
            yield SoftHsm(module, "gate", "4711", folder)
        finally:
            if before is None:
                del os.environ["SOFTHSM2_CONF"]
            else:
                os.environ["SOFTHSM2_CONF"] = before


_SOFTHSM = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")
