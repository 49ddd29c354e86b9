"""Keys are rotated, suspended, lost and destroyed under a proxy that serves, in every worker."""

import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from proxy.config import load_config
from proxy.crypto import read_key
from proxy.demo.installation import LaneOf
from proxy.kept import KEYRING, Kept, open_kept
from proxy.sandbox import HubSpotSandbox, running
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed, until
from tests.e2e.wire import Line

PROTECT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: protect}
protect:
  - id: mail
    on: {connectors: [hubspot], categories: [user.contact.email]}
    as: token
    domain: t.privacy.example.org
    search: true
  - id: streets
    on: {connectors: [hubspot], fields: [address]}
    as: envelope
"""
CONTACTS = "/crm/v3/objects/contacts"
SHOWN = "properties=email,address,firstname"


@dataclass
class Town:
    """Lychgate with two workers, and HubSpot behind it."""

    run: Installed
    crm: HubSpotSandbox

    def line(self) -> Line:
        """Return a connection of its own, which any of the workers may have."""
        return Line(self.run.ports["hubspot"], self.run.keys["helpdesk_leads"])

    def ask(self, target: str, method: str = "GET", body: object = None) -> tuple[int, dict[str, Any]]:
        """Return status and JSON of one request, over a connection of its own."""
        with self.line() as line:
            got = line.ask(target, method, body)
            return got.status, json.loads(got.body)

    def meet(self, name: str) -> str:
        """Return the id of a new contact with protected fields."""
        fields = {"email": f"{name}@example.org", "address": f"{name} Lane", "firstname": name}
        status, said = self.ask(CONTACTS, "POST", {"properties": fields})
        assert status == 201, said
        return str(said["id"])

    def read(self, key: str) -> tuple[int, dict[str, Any]]:
        """Return what the lead is shown of a contact."""
        status, said = self.ask(f"{CONTACTS}/{key}?{SHOWN}")
        return status, said.get("properties", said)

    def everywhere(self, key: str) -> list[tuple[int, dict[str, Any]]]:
        """Return the same, often enough that every worker was asked."""
        return [self.read(key) for _ in range(12)]

    def keys(self, *words: str) -> dict[str, Any]:
        """Run `lychgate keys` and return what it says to programs."""
        done = self.tried(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def tried(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run `lychgate keys`."""
        command = [sys.executable, "-m", "proxy.cli", "keys", *words, "-c", str(self.run.made.config)]
        return subprocess.run(
            [*command, "--format", "json"], capture_output=True, text=True, check=False, cwd=self.run.made.folder
        )

    def kept(self) -> Kept:
        """Return store and keys as another process opens them."""
        config = load_config(self.run.made.config)
        return open_kept(config, read_key(config.state / "keys" / "root.key"))

    def stored(self, key: str) -> dict[str, Any]:
        """Return a contact as the CRM has it."""
        return dict(next(each for each in self.crm.people() if each["hs_object_id"] == key))

    def events(self) -> list[str]:
        """Return what is on record of keys."""
        noted = [entry for entry in self.run.entries() if entry["kind"] == "noted"]
        return [f"{entry['what']} {entry['detail']}" for entry in noted if "key" in str(entry["what"])]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Start all of it once."""
    crm = HubSpotSandbox(CRM_TOKEN, people=5)
    with running(crm) as address:
        lanes = {"hubspot": LaneOf(0, address.url, CRM_TOKEN)}
        folder = tmp_path_factory.mktemp("keys") / "gateway"
        run = Installed.make(folder, lanes, lambda text: f"{text}workers: 2\n")
        (run.made.policies / "example" / "protect.yaml").write_text(PROTECT, "utf-8")
        try:
            yield Town(run.up(), crm)
            run.down()
            run.check_ledger()
        finally:
            run.kill()


def test_rotation_under_live_load_fails_nobody(town: Town) -> None:
    """Two rotations of the key that wraps, one of every data subject's, while clients make and read contacts."""
    known = [town.meet(f"early{number}") for number in range(10)]
    ends, failed = threading.Event(), []

    def live(number: int) -> None:
        luck = random.Random(number)
        try:
            while not ends.is_set():
                name = f"live{number}-{luck.randrange(10**9)}"
                key = town.meet(name)
                status, shown = town.read(key)
                assert (status, shown["email"], shown["address"]) == (200, f"{name}@example.org", f"{name} Lane")
                status, shown = town.read(luck.choice(known))
                assert status == 200
                assert shown["email"].startswith("early")
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=live, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    first, second = town.keys("rotate"), town.keys("rotate")
    town.keys("rotate", "--subjects")
    ends.set()
    for thread in threads:
        thread.join()
    assert not failed
    assert (first["epoch"], second["epoch"]) == (2, 3)
    assert second["damaged"] == 0
    counts = {epoch["epoch"]: epoch["keys"] for epoch in town.keys("status")["epochs"]}
    assert counts.pop(3) > 20
    assert set(counts.values()) == {0}
    said = [line.split()[0] for line in town.events()]
    assert said[0] == "keys_made"
    assert said.count("keys_rotated") == said.count("keys_rewrapped") == 2
    assert "subject_keys_renewed" in said


def test_a_suspended_key_stops_what_needs_it_and_nothing_else(town: Town) -> None:
    """In every worker at once; what has no protected field goes on; resumed, all is as before."""
    key = town.meet("paused")
    assert {status for status, _ in town.everywhere(key)} == {200}
    number = str(town.keys("suspend")["epoch"])
    try:
        assert {status for status, _ in town.everywhere(key)} == {503}
        status, _ = town.ask(CONTACTS, "POST", {"properties": {"email": "new@example.org"}})
        assert status == 503
        assert [town.ask(f"{CONTACTS}/{key}?properties=firstname")[0] for _ in range(6)] == [200] * 6
    finally:
        town.keys("resume", number)
    assert {shown["email"] for _, shown in town.everywhere(key)} == {"paused@example.org"}


def test_a_shredded_subject_is_dead_in_every_worker(town: Town) -> None:
    """Tokens, and a ciphertext that lies in the CRM still; everybody else is untouched."""
    key, bystander = town.meet("gone"), town.meet("stays")
    assert {shown["address"] for _, shown in town.everywhere(key)} == {"gone Lane"}
    canary = town.stored(key)["address"]
    kept = town.kept()
    with kept.store.read() as connection:
        query = text("SELECT key_id FROM vault_values WHERE handle = :handle")
        key_id = connection.execute(query, {"handle": town.stored(key)["email"]}).scalar()
    subject = kept.keys.one(key_id).subject
    kept.keys.shred(subject)
    kept.close()
    for _, shown in town.everywhere(key):
        assert not {"gone@example.org", "gone Lane"} & set(map(str, shown.values()))
    assert town.stored(key)["address"] == canary
    for _, shown in town.everywhere(key):
        assert shown.get("address") in {None, "", canary}
    assert {shown["address"] for _, shown in town.everywhere(bystander)} == {"stays Lane"}


def test_a_lost_provider_fails_closed_and_says_so(town: Town) -> None:
    """The key ring is gone: nothing protected opens, the rest goes on, and the operator is told what to mend."""
    key = town.meet("lost")
    ring = town.run.made.folder / "state" / KEYRING
    away = ring.with_suffix(".away")
    ring.rename(away)
    kept = town.kept()
    try:
        with kept.keys.generation.changing():  # what is remembered lasts a minute; this has it forgotten now
            pass
        assert {status for status, _ in town.everywhere(key)} == {503}
        assert town.ask(f"{CONTACTS}/{key}?properties=firstname")[0] == 200
        said = town.tried("status")
        assert said.returncode == 1
        assert json.loads(said.stdout)["findings"][0].endswith("its key is absent with the provider")
        assert town.run.ask_admin("/ready")[0] == 200
    finally:
        away.rename(ring)
        kept.close()
    assert {shown["email"] for _, shown in town.everywhere(key)} == {"lost@example.org"}


def test_what_is_noticed_of_keys_is_in_the_metrics(town: Town) -> None:
    """For the alerts: nothing fails now."""
    text = town.run.ask_admin("/metrics")[1]
    assert "lychgate_key_provider_failing 0.0" in text
    assert "lychgate_key_drift" in text


def test_two_officers_destroy_the_first_key_for_good(town: Town) -> None:
    """While it serves: with a copy of the key table from before, nothing of it opens any more."""
    officers = {name: _officer(town, name) for name in ("ann", "ben")}
    config = town.run.made.config
    digests = json.dumps({name: made["sha256"] for name, made in officers.items()})
    config.write_text(f"{config.read_text()}\nkeys: {{officers: {digests}}}\n")
    key = town.meet("late")
    for name, missing in (("ann", 1), ("ben", 0)):
        token = town.run.made.folder / f"token-{name}"
        token.write_text(officers[name]["token"])
        assert town.keys("destroy", "1", "--token-file", str(token))["missing"] == missing
    assert {status for status, _ in town.everywhere(key)} == {200}
    assert town.events()[-2:] == ["keys_destroy_begun epoch=1 officers=ann,ben", "keys_destroyed epoch=1"]
    until(lambda: "lychgate_key_drift 0.0" in town.run.ask_admin("/metrics")[1])


def _officer(town: Town, name: str) -> dict[str, str]:
    command = [sys.executable, "-m", "proxy.cli", "keys", "officer", name, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=town.run.made.folder)
    found: dict[str, str] = json.loads(done.stdout)
    return found
