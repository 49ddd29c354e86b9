"""A real Cerbos server to measure beside: fetched once with npm, checked against a pinned hash, on loopback.

The archive is kept in `.cache/cerbos` and its SHA-512 is compared on every run, before anything in it is
unpacked; what runs is unpacked anew into a folder that is gone afterwards. Nothing of it is ever imported, and
no part of Lychgate needs it.
"""

import base64
import contextlib
import hashlib
import http.client
import json
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench_lane import ROOT, cpu_seconds, wait_port

from proxy.demo.processes import free_port

VERSION = "0.55.0"
PACKAGE = f"@cerbos/cerbos-linux-x64@{VERSION}"
ARCHIVE = f"cerbos-cerbos-linux-x64-{VERSION}.tgz"
MEMBER = "package/cerbos-linux-x64"
INTEGRITY = "eLZUycJfaQWK0XTRgH/Oz2E3XiNCUavDd1LhzFxhUpZ3s5CuQqmqG327ta0On8YOTxuZO/19cG4kvfC22r03/Q=="
"""SHA-512 of the archive, Base64, as a lock file of npm states it."""
CACHE = ROOT / ".cache" / "cerbos"
SECONDS = 120
"""That fetching may take at most."""
PATIENCE = 10
"""Seconds that one answer may take."""


class Absent(Exception):
    """There is no Cerbos to measure here; the text says why."""


def archive() -> Path:
    """Return the archive, fetched if it is not there yet, and as pinned.

    Raises:
        Absent: not a machine it runs on, npm is missing or could not fetch it, or it is not what was pinned.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Absent("its binary is for Linux on x86-64")
    CACHE.mkdir(parents=True, exist_ok=True)
    found = CACHE / ARCHIVE
    if not found.exists():
        _fetch()
    with found.open("rb") as file:
        digest = base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()
    if digest != INTEGRITY:
        raise Absent(f"{ARCHIVE} is not the one that was pinned; remove it from .cache to fetch it again")
    return found


def _fetch() -> None:
    if shutil.which("npm") is None:
        raise Absent("npm, which fetches it, is not installed")
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        try:
            subprocess.run(
                ["npm", "pack", PACKAGE, "--silent", "--ignore-scripts", "--pack-destination", folder],
                capture_output=True,
                check=True,
                timeout=SECONDS,
            )
            (Path(folder) / ARCHIVE).rename(CACHE / ARCHIVE)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired, FileNotFoundError):
            raise Absent(f"npm could not fetch {PACKAGE}") from None


@dataclass(frozen=True)
class Server:
    """One that is running, and one connection to it that stays open."""

    pid: int
    connection: http.client.HTTPConnection

    def check(self, question: bytes) -> bytes:
        """Ask what may be done to some resources; `question` and answer are JSON."""
        self.connection.request("POST", "/api/check/resources", question, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"Cerbos answered {answer.status}")
        return body

    def cpu(self) -> float:
        """Return the CPU seconds it has used so far."""
        return cpu_seconds(self.pid)


def _dies_with_us() -> list[str]:
    """Return what to put before a command so that not even our being killed leaves it running."""
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "KILL"] if found else []


@contextlib.contextmanager
def running(folder: Path, policies: dict[str, object]) -> Iterator[Server]:
    """Run Cerbos on loopback with one policy until the block ends, without audit log, telemetry and watching.

    Raises:
        Absent: see `archive`.
    """
    with tarfile.open(archive()) as packed:
        packed.extract(MEMBER, folder, filter="data")
    kept = folder / "policies"
    kept.mkdir()
    (kept / "policy.json").write_text(json.dumps(policies))
    port = free_port()
    settings = {
        "server.httpListenAddr": f"127.0.0.1:{port}",
        "server.grpcListenAddr": f"127.0.0.1:{free_port()}",
        "storage.driver": "disk",
        "storage.disk.directory": str(kept),
        "storage.disk.watchForChanges": "false",
        "audit.enabled": "false",
        "telemetry.disabled": "true",
    }
    options = ["--log-level=error", *(f"--set={name}={value}" for name, value in settings.items())]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*_dies_with_us(), str(folder / MEMBER), "server", *options], stdout=log, stderr=log, cwd=folder
        )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        wait_port(port, process)
        yield Server(process.pid, connection)
    finally:
        connection.close()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
