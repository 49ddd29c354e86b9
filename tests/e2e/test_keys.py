"""Keys are rotated, suspended, lost and destroyed under a proxy that serves, in every worker."""

import json
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from proxy.config import load_config
from proxy.crypto import read_key
from proxy.demo.installation import LaneOf
from proxy.kept import GENERATION, KEYRING, Kept, open_kept
from proxy.sandbox import HubSpotSandbox, running
from proxy.vault import rows
from proxy.vault.destroy import Destroyed, destroy
from proxy.vault.rows import Place
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
    address: str
    """Where HubSpot itself is."""
    early: list[str] = field(default_factory=list)
    """Contacts that were there when the copy of the database was made."""

    @property
    def backup(self) -> Path:
        """A copy of the database, from when every key was under the first epoch."""
        return self.run.made.folder / "backup.db"

    def overwrite(self, key: str, **fields: str) -> None:
        """Write to the CRM past Lychgate, as an administrator of the CRM can."""
        answer = httpx.patch(
            f"{self.address}{CONTACTS}/{key}",
            json={"properties": fields},
            headers={"Authorization": f"Bearer {CRM_TOKEN}"},
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text

    def erase(self, key: str) -> tuple[bytes, list[bytes]]:
        """Destroy what is kept of a contact; return the id of its key, and all that said anything of it."""
        kept, token = self.kept(), self.stored(key)["email"]
        with kept.store.read() as connection:
            value = rows.by_handle(connection, [token])[token]
            query = text("SELECT wrapped FROM subject_keys WHERE id = :id")
            wrapped = connection.execute(query, {"id": value.key_id}).scalar()
        assert value.record is not None
        assert value.mark is not None
        place = Place(value.connector, value.object, value.record)
        assert destroy(kept.store, kept.keys, [place]) == Destroyed(2, 1, 0)
        kept.close()
        return value.key_id, [value.key_id, bytes(wrapped), token.encode(), value.mark]

    def finds(self, mail: str) -> list[int]:
        """Return how many contacts have an address, asked often enough that every worker was."""
        asked = {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ", "value": mail}]}]}
        return [self.ask(f"{CONTACTS}/search", "POST", asked)[1]["total"] for _ in range(8)]

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

    def started(self, *words: str) -> "subprocess.Popen[bytes]":
        """Return `lychgate keys`, which has begun."""
        command = [sys.executable, "-m", "proxy.cli", "keys", *words, "-c", str(self.run.made.config)]
        pipe = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=self.run.made.folder, stdout=pipe, stderr=pipe)

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
            yield Town(run.up(), crm, address.url)
            run.down()
            run.check_ledger()
        finally:
            run.kill()


def test_rotation_under_live_load_fails_nobody(town: Town) -> None:
    """Rotations of the key that wraps, some of them killed, of the one that finds values and of every data
    subject's, while clients make, read and find contacts."""
    known = town.early = [town.meet(f"early{number}") for number in range(10)]
    store = town.run.made.folder / "state" / "store.db"
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(town.backup)) as copy:
        source.backup(copy)
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
                assert town.finds(f"{name}@example.org")[0] == 1
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=live, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        for words in (("rotate",), ("rotate", "--index")):
            for seconds in (0.5, 1.0, 1.5):
                with town.started(*words) as process:
                    time.sleep(seconds)
                    process.kill()
            town.keys(*words)
        last = town.keys("rotate")
        town.keys("rotate", "--subjects")
    finally:
        ends.set()
        for thread in threads:
            thread.join()
    assert not failed
    assert (last["damaged"], last["resumed"]) == (0, False)
    status = town.keys("status")
    counts = {epoch["epoch"]: epoch["keys"] for epoch in status["epochs"]}
    assert counts.pop(last["epoch"]) > 20
    assert set(counts.values()) == {0}
    (index,) = status["index_keys"]
    assert index["index"] > 1
    assert index["values"] > 20
    said = [line.split()[0] for line in town.events()]
    assert said[0] == "keys_made"
    assert said.count("keys_rotated") >= said.count("keys_rewrapped") >= 2
    assert {"index_key_rotated", "index_key_retired"} <= set(said)
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
    """Values, what workers remember, what finds them and the bytes in the files; a ciphertext that was kept
    opens in no worker, wherever it is put back; everybody else is untouched."""
    key, bystander = town.meet("gone"), town.meet("stays")
    assert {shown["address"] for _, shown in town.everywhere(key)} == {"gone Lane"}
    assert set(town.finds("gone@example.org")) == {1}
    token, canary = town.stored(key)["email"], town.stored(key)["address"]
    _, traces = town.erase(key)
    for _, shown in town.everywhere(key):
        assert (shown["email"], shown["address"], shown["firstname"]) == (None, None, "gone")
    assert set(town.finds("gone@example.org")) == {0}
    folder = town.run.made.folder / "state"
    files = b"".join(path.read_bytes() for path in folder.glob("store.db*"))
    assert [each for each in traces if each in files] == []
    assert {shown["address"] for _, shown in town.everywhere(bystander)} == {"stays Lane"}
    town.overwrite(key, address=canary, email=token)
    town.overwrite(bystander, address=canary)
    for other, mail in ((key, None), (bystander, "stays@example.org")):
        for _, shown in town.everywhere(other):
            assert (shown["email"], shown["address"]) == (mail, None)


@pytest.mark.parametrize("how", ["written", "replaced", "emptied"])
def test_a_file_that_is_put_back_shows_nothing_again(town: Town, how: str) -> None:
    """As a backup of the folder does it: no worker goes by what it remembers of a subject that is shredded."""
    key = town.meet(f"back{how}")
    assert {shown["address"] for _, shown in town.everywhere(key)} == {f"back{how} Lane"}
    path = town.run.made.folder / "state" / GENERATION
    before = path.read_bytes()
    if how == "replaced":  # from here on old and new processes have another one
        other = path.with_suffix(".other")
        other.write_bytes(before)
        other.chmod(0o600)
        other.replace(path)
    town.erase(key)
    if how == "written":
        with path.open("r+b") as file:
            file.write(before)
    if how == "emptied":
        path.write_bytes(b"")
    for status, shown in town.everywhere(key):
        assert (status, shown["email"], shown["address"]) == (200, None, None)
    path.write_bytes(before)


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
    person = town.early[0]
    old, _ = town.erase(person)
    with closing(sqlite3.connect(town.run.made.folder / "state" / "store.db")) as connection:
        connection.execute("ATTACH ? AS backup", (str(town.backup),))
        for table, column in (("subject_keys", "id"), ("vault_values", "key_id")):
            put_back = f"INSERT INTO {table} SELECT * FROM backup.{table} WHERE {column} = ?"
            assert connection.execute(put_back, (old,)).rowcount > 0
        connection.commit()
    for _, shown in town.everywhere(person):
        assert (shown["email"], shown["address"]) == (None, None)
    assert {shown["email"] for _, shown in town.everywhere(town.early[1])} == {"early1@example.org"}


def _officer(town: Town, name: str) -> dict[str, str]:
    command = [sys.executable, "-m", "proxy.cli", "keys", "officer", name, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=town.run.made.folder)
    found: dict[str, str] = json.loads(done.stdout)
    return found
