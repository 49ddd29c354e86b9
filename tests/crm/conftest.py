"""A real Tryton server, a lane in front of it, and clients: proteus, XML-RPC and JSON-RPC."""

import base64
import contextlib
import http.client
import json
import re
import ssl
import tempfile
import xmlrpc.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from proxy.demo.installation import LaneOf
from proxy.demo.processes import fetch, free_port
from proxy.demo.tryton import Answer, Proteus, TrytonServer, serving, tryton_python
from proxy.demo.under_way import Running, started
from tests.e2e.reading import entries_of

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "tryton"
PURPOSES = {
    "helpdesk": "customer_support",
    "helpdesk_leads": "customer_support",
    "mailer": "newsletter",
    "privacy_desk": "subject_request",
}
Protocol = Literal["xml", "json"]
_DECISION = re.compile(r" \(decision ([0-9a-f]{21})\)")


@dataclass(frozen=True)
class Told:
    """What a client is told: a result, or the text of a fault less the decision it names."""

    result: Any = None
    fault: str | None = None
    decision: str = ""


class Wire:
    """Speaks both of Tryton's protocols over one connection, as anybody could write them down."""

    def __init__(self, origin: str, credentials: str, headers: dict[str, str], ca: Path | None = None) -> None:
        host = origin.partition("//")[2]
        self._http = (
            http.client.HTTPSConnection(host, timeout=30, context=ssl.create_default_context(cafile=ca))
            if ca is not None
            else http.client.HTTPConnection(host, timeout=30)
        )
        basic = base64.b64encode(credentials.encode()).decode()
        self._headers = {"Authorization": f"Basic {basic}", **headers}

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def post(self, body: bytes, media: str, path: str = "/crm/rpc/") -> tuple[int, bytes, str]:
        """Return status, body and decision id of the answer to any body at all."""
        self._http.request("POST", path, body, {**self._headers, "Content-Type": media})
        answer = self._http.getresponse()
        return answer.status, answer.read(), answer.headers.get("lychgate-decision", "")

    def call(self, protocol: Protocol, method: str, *params: Any) -> Told:
        """Return what came of a call."""
        return (self._xml if protocol == "xml" else self._json)(method, params)

    def _xml(self, method: str, params: tuple[Any, ...]) -> Told:
        body = xmlrpc.client.dumps(params, method, allow_none=True).encode()
        status, content, decision = self.post(body, "text/xml")
        assert status == 200, status
        try:
            (result,), _ = xmlrpc.client.loads(content, use_builtin_types=True)
        except xmlrpc.client.Fault as fault:
            return _fault(fault.faultString, decision)
        return Told(result, decision=decision)

    def _json(self, method: str, params: tuple[Any, ...]) -> Told:
        body = json.dumps({"id": 7, "method": method, "params": params}).encode()
        status, content, decision = self.post(body, "application/json")
        assert status == 200, status
        answer = json.loads(content, object_hook=_decoded)
        assert answer["id"] == 7
        if "error" in answer:
            name, text = answer["error"][:2]
            return _fault(text[0] if name == "UserError" else name, decision)
        return Told(answer["result"], decision=decision)


def _fault(text: str, decision: str) -> Told:
    named = _DECISION.search(text)
    assert named is None or named[1] == decision  # what the person reads is what the auditor finds
    return Told(fault=_DECISION.sub("", text), decision=decision)


def _decoded(value: dict[str, Any]) -> Any:
    """Return Tryton's JSON for a moment as its XML-RPC has it, which leaves out the fraction."""
    if value.get("__class__") == "datetime":
        parts = ("year", "month", "day", "hour", "minute", "second")
        return datetime(*(value[part] for part in parts))  # noqa: DTZ001 - Tryton's are UTC and say nothing of it
    return value


@dataclass(frozen=True)
class Lane:
    """A lane in front of a Tryton of its own."""

    python: Path
    server: TrytonServer
    run: Running
    wires: dict[tuple[str, str], Wire] = field(default_factory=dict)
    """Open connections, by client and purpose."""

    @property
    def origin(self) -> str:
        """Where clients go."""
        return f"https://localhost:{self.run.ports['tryton']}"

    def wire(self, client: str, purpose: str = "") -> Wire:
        """Return one of the example clients, with its usual purpose unless another is given."""
        key = (client, purpose or PURPOSES[client])
        if key not in self.wires:
            made = self.run.installation
            self.wires[key] = Wire(self.origin, f"x:{made.keys[client]}", {"X-Purpose": key[1]}, made.authority)
        return self.wires[key]

    def proteus(self, client: str) -> Proteus:
        """Return the same as an unmodified proteus."""
        url = self.origin.replace("//", f"//x:{self.run.installation.keys[client]}@") + "/crm/rpc/"
        return Proteus(self.python, url, {"X-Purpose": PURPOSES[client]}, self.run.installation.authority)

    def truth(self, method: str, *params: Any) -> Any:
        """Return what Tryton itself says, with nothing in between."""
        with contextlib.closing(Wire(self.server.origin, self.server.secret, {})) as wire:
            return wire.call("json", method, *params).result

    def told_of(self, decision: str) -> list[dict[str, Any]]:
        """Return what the ledger says of one decision, oldest first."""
        return [entry for entry in self.entries(decision) if entry["id"] == decision]

    def entries(self, about: str = "") -> list[dict[str, Any]]:
        """Return every entry of the ledger, or those that mention something."""
        return [entry for entry in entries_of(self.run.installation.ledger) if about in json.dumps(entry)]

    def metrics(self) -> str:
        """Return what Prometheus would read."""
        return fetch(self.run.admin, "/metrics")


@pytest.fixture(scope="session")
def python() -> Path:
    """Tryton's own Python; `make tryton` installs it."""
    return tryton_python()


@pytest.fixture(scope="session")
def tryton(python: Path) -> Iterator[TrytonServer]:
    """A running server that no test changes, with a database that ends with the session."""
    with serving(python, CACHE) as server:
        yield server


@pytest.fixture(scope="module")
def lane(python: Path) -> Iterator[Lane]:
    """A lane of the example policies, with a Tryton that tests may change."""
    with serving(python, CACHE) as server, tempfile.TemporaryDirectory() as folder:
        upstream = LaneOf(free_port(), server.origin, server.secret, "Basic", tls=True)
        with started(Path(folder), {"tryton": upstream}) as run:
            made = Lane(python, server, run)
            yield made
            for wire in made.wires.values():
                wire.close()


@pytest.fixture(scope="session")
def proteus(python: Path) -> Callable[..., list[Answer]]:
    """Runs commands at a URL and returns an answer for each."""

    def run(url: str, *commands: list[Any], **more: Any) -> list[Answer]:
        return Proteus(python, url, **more).ask(*commands)

    return run
