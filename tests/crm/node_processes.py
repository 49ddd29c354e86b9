"""Node.js programs for tests, each a process of its own: a real OData server and a real Dataverse client."""

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.processes import PATIENCE, Spoken

FOLDER = Path(__file__).parent / "node"
CDS = FOLDER / "node_modules" / "@sap" / "cds" / "bin" / "serve.js"


def environment(**more: str) -> dict[str, str]:
    """Return what a program needs of the surroundings, and no more."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "HOME", "TMPDIR")}
    return {**kept, "NO_COLOR": "1", **more}


def node() -> str:
    """Return the Node.js to run; fails the test, with what to do, where `make node` has not been run."""
    found = shutil.which("node")
    assert found is not None, "install Node.js: make node"
    assert CDS.exists(), "install the packages of tests/crm/node: make node"
    return found


@contextmanager
def odata_server() -> Iterator[str]:
    """Run SAP CAP over an empty database in memory, and give its origin."""
    process = subprocess.Popen(
        [node(), "-r", "./loopback.js", str(CDS), "all", "--in-memory"],
        cwd=FOLDER,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    spoken = Spoken(process)
    try:
        said = spoken.wait_for("server launched")
        port = next(line.split()[1] for line in said.splitlines() if line.startswith("port "))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def store(origin: str, table: str, row: dict[str, Any]) -> None:
    """Put a row into the server, not through Lychgate."""
    request = urllib.request.Request(
        f"{origin}/api/data/v9.2/{table}",
        json.dumps(row).encode(),
        {"content-type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201


def held(origin: str, path: str) -> dict[str, Any]:
    """Return what the server holds, not through Lychgate."""
    with urllib.request.urlopen(f"{origin}/api/data/v9.2/{path}", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


class Client:
    """dynamics-web-api as a process that is asked line by line."""

    def __init__(self, server: str, key: str) -> None:
        self._process = subprocess.Popen(
            [node(), "client.js"],
            cwd=FOLDER,
            env=environment(SERVER_URL=server, API_KEY=key),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """Have it end."""
        self._process.communicate(timeout=PATIENCE)

    def _ask(self, line: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def told(self, call: str, **argument: object) -> dict[str, Any]:
        """Return what came of a call: `result`, or `error` with its status."""
        return self._ask({"call": call, "with": argument})

    def ask(self, call: str, **argument: object) -> Any:
        """Return the result of a call that succeeds."""
        told = self.told(call, **argument)
        assert "result" in told, told
        return told["result"]

    def batch(self, *calls: tuple[str, dict[str, object]]) -> dict[str, Any]:
        """Return what came of a batch."""
        return self._ask({"batch": [{"call": call, "with": argument} for call, argument in calls]})
