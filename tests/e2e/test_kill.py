"""Killed a hundred times under load, at moments that nobody chose: nothing that was acknowledged is lost."""

import http.client
import json
import random
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from proxy.demo.installation import LaneOf
from proxy.sandbox import Fault, HubSpotSandbox, running
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import PATIENCE, Installed

KILLS = 100
INSTALLATIONS = 4
"""Side by side, each with a process, a ledger and clients of its own; a start is most of a life's time."""
CLIENTS = 3
SEARCH = {"filterGroups": [{"filters": [{"propertyName": "lastname", "operator": "EQ", "value": "Weiß"}]}]}
HIDDEN = {"filterGroups": [{"filters": [{"propertyName": "iban", "operator": "EQ", "value": "X"}]}]}
CONTACTS = "/crm/v3/objects/contacts"
ASKS = (
    ("GET", f"{CONTACTS}/101", None),
    ("GET", f"{CONTACTS}/102?properties=phone", None),  # answered late, so that intents are open
    ("POST", f"{CONTACTS}/search", SEARCH),
    ("POST", f"{CONTACTS}/search", HIDDEN),
    ("PATCH", f"{CONTACTS}/103", {"properties": {"phone": "+353 1 555 0199"}}),
    ("GET", "/crm/v3/limits", None),
)
ENDS = frozenset({("noted",), ("declined",), ("requested", "disclosed"), ("requested", "failed")})
"""All that the ledger may say of one decision once the process that took it is gone."""


@dataclass
class Clients:
    """A few clients of one life of the process, and what it acknowledged to them."""

    run: Installed
    acknowledged: dict[str, int] = field(default_factory=dict)
    """Decision id -> status, from the moment a client has read the head of an answer."""
    news: threading.Condition = field(default_factory=threading.Condition)

    def start(self) -> None:
        """Begin asking; ends with the process."""
        for number in range(CLIENTS):
            threading.Thread(target=self._ask, args=(number,), daemon=True).start()

    def _ask(self, number: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.run.ports["hubspot"], timeout=PATIENCE)
        try:
            while True:
                method, target, body = ASKS[number % len(ASKS)]
                number += 1
                raw = json.dumps(body).encode() if body is not None else None
                fields = {
                    "authorization": f"Bearer {self.run.keys['helpdesk']}",
                    "content-type": "application/json",
                }
                line.request(method, target, raw, fields)
                answer = line.getresponse()
                with self.news:
                    self.acknowledged[answer.headers["lychgate-decision"]] = answer.status
                    self.news.notify_all()
                answer.read()
        except (OSError, http.client.HTTPException):
            line.close()
            with self.news:
                self.news.notify_all()

    def wait_for(self, count: int) -> None:
        """Return once so many answers have been acknowledged."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.acknowledged) >= count, PATIENCE)


@dataclass
class Lives:
    """One installation and what is owed to it after each of its deaths."""

    run: Installed
    chance: random.Random
    owed: dict[str, int] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def live(self) -> None:
        """Start, check what the last death left, serve until a moment that chance chooses, die."""
        if self.chance.random() < 0.1:
            self._die_young()
            return
        self.run.up()
        self.check()
        clients = Clients(self.run)
        clients.start()
        clients.wait_for(self.chance.randrange(1, 50))
        self.run.kill()
        self.owed |= clients.acknowledged
        self.seen["acknowledged"] += len(clients.acknowledged)

    def _die_young(self) -> None:
        """Die while starting: while modules load, while the ledger is read, or just before it serves."""
        self.run.start()
        assert self.run.process is not None
        try:
            self.run.process.wait(self.chance.random())
        except subprocess.TimeoutExpired:
            self.run.kill()
        self.seen["young"] += 1

    def check(self) -> None:
        """Fail if an acknowledged answer is not on record, or an intent is still open."""
        self.run.check_ledger()
        kinds: dict[str, list[str]] = {}
        reasons: dict[str, str] = {}
        for entry in self.run.entries():
            kinds.setdefault(entry["id"], []).append(entry["kind"])
            reasons[entry["id"]] = entry.get("reason", "")
            if entry["kind"] == "failed":
                assert (entry["stage"], entry["reason"]) == ("upstream", "outcome_unknown")
                self.seen["unknown"] += 1
        for decision, status in self.owed.items():
            expected = ["declined"] if status == 403 else ["requested", "disclosed"]
            assert (status, kinds.get(decision)) == (status, expected), reasons.get(decision)
        for told in kinds.values():
            assert tuple(told) in ENDS


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """After each of a hundred kills the ledger verifies, holds every answer, and closes every open intent."""
    crm = HubSpotSandbox(CRM_TOKEN)
    crm.faults.add(Fault("delay", path="/102", times=-1, seconds=0.01))
    with running(crm) as address:
        lives = [
            Lives(
                Installed.make(tmp_path / str(number), {"hubspot": LaneOf(0, address.url, CRM_TOKEN)}),
                random.Random(number),
            )
            for number in range(INSTALLATIONS)
        ]

        def serve(one: Lives) -> None:
            try:
                for _ in range(KILLS // INSTALLATIONS):
                    one.live()
                one.run.up()
                one.check()
                one.run.down()
            finally:
                one.run.kill()

        with ThreadPoolExecutor(INSTALLATIONS) as pool:
            list(pool.map(serve, lives))
    seen = sum((one.seen for one in lives), Counter())
    # Otherwise the kills came too early or too late to prove anything.
    assert seen["acknowledged"] > KILLS * 5
    assert seen["unknown"] > KILLS
    assert seen["young"] > 3
    for one in lives:
        command = [sys.executable, "-m", "proxy.cli", "audit", "verify", str(one.run.made.ledger)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
