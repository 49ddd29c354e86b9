"""deploy/envoy with a real Envoy, real hops and an HTTP/2 client: what passes, and what a dead hop does."""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from proxy.crypto import issue_leaf
from proxy.demo.installation import LaneOf
from proxy.demo.processes import free_port
from proxy.sandbox import HubSpotSandbox, running
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import PATIENCE, Installed, until
from tests.e2e.wire import CONTACT

ROOT = Path(__file__).parents[2]
ENVOY = ROOT / ".venv-envoy" / "bin" / "envoy"
HOPS = 2


@dataclass(frozen=True)
class Reply:
    """What curl received."""

    version: str
    status: int
    body: bytes
    decision: str
    whole: bool
    """Whether curl is content with it."""

    @property
    def phone(self) -> Any:
        """What it shows of a number."""
        return json.loads(self.body)["properties"]["phone"]


@dataclass
class Edge:
    """Envoy, the hops behind it, and the CRM behind them."""

    folder: Path
    crm: HubSpotSandbox
    hops: list[Installed]
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    replies: list[Reply] = field(default_factory=list)

    def start(self, edit: Callable[[str], str] = str) -> None:
        """Run Envoy with the file as it stands in the repository, but for its ports and certificate."""
        text = (ROOT / "deploy" / "envoy" / "envoy.yaml").read_text("utf-8")
        self.port = free_port()
        certificate, key = issue_leaf(self.folder, ("localhost",))
        changes = {
            "port_value: 8443": f"port_value: {self.port}",
            "/etc/lychgate/envoy/edge.pem": str(certificate),
            "/etc/lychgate/envoy/edge.key": str(key),
        }
        for number, hop in enumerate(self.hops):
            changes[f"port_value: {8081 + number}"] = f"port_value: {hop.ports['hubspot']}"
            changes[f"port_value: {9464 + number}"] = f"port_value: {hop.admin}"
        for old, new in changes.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = self.folder / "envoy.yaml"
        path.write_text(edit(text), "utf-8")
        command = [ENVOY, "-c", path, "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        until(lambda: self.ask().status == 200)

    def ask(self, *arguments: str, target: str = CONTACT) -> Reply:
        """Return what one request over HTTP/2 gets; status 0: none."""
        key = self.hops[0].keys["helpdesk"]
        command = [
            *("curl", "--silent", "--http2", "--noproxy", "*", "--max-time", str(int(PATIENCE))),
            *("--cacert", str(self.folder / "ca.pem"), "--header", f"Authorization: Bearer {key}"),
            *("--write-out", "\n%{http_version} %{http_code} %header{lychgate-decision}"),
            *arguments,
            f"https://localhost:{self.port}{target}",
        ]
        done = subprocess.run(command, capture_output=True, check=False)
        body, _, said = done.stdout.rpartition(b"\n")
        version, status, *decision = said.decode().split(" ")
        return Reply(version, int(status), body, "".join(decision), done.returncode == 0)

    def end(self) -> None:
        """End Envoy."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)

    def told(self) -> dict[str, list[str]]:
        """Return the kinds of entries of each decision, in whichever ledger they are."""
        kinds: dict[str, list[str]] = {}
        for hop in self.hops:
            for entry in hop.entries():
                kinds.setdefault(entry["id"], []).append(entry["kind"])
        return kinds


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    """Hops that are alike: the same policies, the same root key, each with a ledger of its own."""
    crm = HubSpotSandbox(CRM_TOKEN, people=230)
    hops: list[Installed] = []
    with running(crm) as address:
        for number in range(HOPS):
            lane = LaneOf(free_port(), address.url, CRM_TOKEN)
            hop = Installed.make(tmp_path / f"hop-{number}", {"hubspot": lane})
            text = hop.made.config.read_text("utf-8")
            hop.made.config.write_text(text.replace("127.0.0.1:0", f"127.0.0.1:{free_port()}"), "utf-8")
            if hops:
                for shared in ("policies", "state/keys"):
                    shutil.rmtree(hop.made.folder / shared)
                    shutil.copytree(hops[0].made.folder / shared, hop.made.folder / shared)
            hops.append(hop.up())
        made = Edge(tmp_path, crm, hops)
        yield made
        made.end()
        for hop in hops:
            hop.kill()


def test_http2_ends_at_the_edge_and_every_hop_decides(edge: Edge) -> None:
    """Clients speak HTTP/2; what they get is what a hop made, and it is in that hop's ledger."""
    edge.start()
    for _ in range(12):
        got = edge.ask()
        assert (got.version, got.status, got.phone) == ("2", 200, "*** *** 01")
        assert edge.told()[got.decision] == ["requested", "disclosed"]
    refused = edge.ask("--header", "Authorization: Bearer nobody")
    assert (refused.version, refused.status) == ("2", 401)
    assert all(any(entry["kind"] == "disclosed" for entry in hop.entries()) for hop in edge.hops)


def test_a_page_may_be_asked_for_at_another_hop(edge: Edge) -> None:
    """Hops with the same root key read each other's continuations, and call one person the same."""
    edge.start()
    target: str | None = "/crm/v3/objects/contacts?limit=40&properties=phone"
    seen: list[str] = []
    while target is not None:
        got = edge.ask(target=target)
        assert got.status == 200, got.body
        tree = json.loads(got.body)
        seen += [record["id"] for record in tree["results"]]
        after = tree.get("paging", {}).get("next", {}).get("after")
        target = after and f"/crm/v3/objects/contacts?limit=40&properties=phone&after={after}"
    assert len(set(seen)) == len(seen) == 230
    callers = [{entry["principal"] for entry in hop.entries() if entry.get("client")} for hop in edge.hops]
    assert callers[0] == callers[1]
    assert len(callers[0]) == 1


def test_what_is_too_much_ends_at_the_edge(edge: Edge) -> None:
    """A body beyond the limit is 413, more requests than the bucket holds 429; no hop and no CRM sees either."""
    bucket = "{max_tokens: 2000, tokens_per_fill: 1000, fill_interval: 1s}"
    # A body that curl has sent whole before it is told that it was too large.
    edge.start(
        lambda text: text.replace(bucket, "{max_tokens: 8, tokens_per_fill: 1, fill_interval: 60s}").replace(
            "max_request_bytes: 16777216", "max_request_bytes: 32768"
        )
    )
    calls, told = len(edge.crm.calls), len(edge.told())
    large = edge.folder / "large.json"
    large.write_text(json.dumps({"properties": {"phone": "1" * (40 << 10)}}), "utf-8")
    got = edge.ask(
        "--request", "PATCH", "--header", "Content-Type: application/json", "--data-binary", f"@{large}"
    )
    assert (got.status, got.decision) == (413, "")
    assert (len(edge.crm.calls), len(edge.told())) == (calls, told)
    statuses = Counter(edge.ask().status for _ in range(12))
    assert statuses.keys() == {200, 429}
    assert len(edge.crm.calls) == calls + statuses[200]


def test_a_hop_dies_under_load_and_nothing_leaves_undecided(edge: Edge) -> None:
    """Answers are whole and on record, or say nothing; the other hop goes on, the dead one comes back."""
    edge.start()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            edge.replies.append(edge.ask())

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    more(edge, 15)
    first = edge.hops[0]
    assert first.process is not None
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(PATIENCE)
    at = len(edge.replies)
    until(lambda: sum(reply.status == 200 for reply in edge.replies[at:]) >= 15)
    before = len(first.entries())
    first.up()
    until(lambda: any(entry["kind"] == "disclosed" for entry in first.entries()[before:]))
    over.set()
    for thread in threads:
        thread.join(PATIENCE)
    told = edge.told()
    for reply in edge.replies:
        if reply.status == 200 and reply.whole:
            assert reply.phone == "*** *** 01"
            assert told[reply.decision] == ["requested", "disclosed"]
        else:
            assert reply.status in (0, 502, 503, 504) or not reply.whole
            assert b"@example.org" not in reply.body
    assert sum(reply.status != 200 or not reply.whole for reply in edge.replies) <= len(threads) * 3
    # The CRM was asked nothing that is not on record, and nothing twice.
    intents = sum(kinds[0] == "requested" for kinds in told.values())
    assert len(edge.crm.calls) <= intents
    assert all(len(kinds) == 2 for kinds in told.values() if kinds[0] == "requested")
    for hop in edge.hops:
        hop.down()
        hop.check_ledger()


def more(edge: Edge, count: int) -> None:
    """Return once so many further replies have come in."""
    goal = len(edge.replies) + count
    until(lambda: len(edge.replies) >= goal)
