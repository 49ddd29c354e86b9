"""A person is erased from a real Tryton, and an independent look through its API and into its database finds
nothing.

Tryton's own wizard leaves the e-mail address, the phone number and the identifier in compact copies; ours must
not.
"""

import contextlib
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.demo.installation import LaneOf
from proxy.demo.processes import free_port
from proxy.demo.tryton import serving
from proxy.demo.under_way import started
from proxy.ledger import verify
from tests.crm.conftest import CACHE, Lane, Wire

MARA = 1
SECRETS = (
    "mara.quinn@example.org", "+353861234567", "353861234567", "PASSPORT-LC7711220", "PASSPORTLC7711220",
    "12 Harbour Row", "Mara Quinn", "penicillin",
)  # fmt: skip
NOTE = "Mara Quinn rang from +353 86 123 4567 about her allergy."


@pytest.fixture
def lane(python: Path) -> Iterator[Lane]:
    """A lane of the example policies, with a Tryton of its own; Mara has a note and an attachment."""
    with serving(python, CACHE) as server, tempfile.TemporaryDirectory() as folder:
        upstream = LaneOf(free_port(), server.origin, server.secret, "Basic", tls=True)
        with started(Path(folder), {"tryton": upstream}) as run:
            made = Lane(python, server, run)
            resource = f"party.party,{MARA}"
            note = {"resource": resource, "message": NOTE}
            file = {"resource": resource, "name": "Contract Mara Quinn.txt", "type": "data"}
            assert made.truth("model.ir.note.create", [note], {})
            assert made.truth("model.ir.attachment.create", [file], {})
            yield made
            for wire in made.wires.values():
                wire.close()


@pytest.fixture
def selling(python: Path) -> Iterator[Lane]:
    """The same with Tryton's sales: Mara has an opportunity that nobody has qualified, and one that was."""
    with (
        serving(python, CACHE, modules=("party", "sale_opportunity")) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        upstream = LaneOf(free_port(), server.origin, server.secret, "Basic", tls=True)
        with started(Path(folder), {"tryton": upstream}) as run:
            made = Lane(python, server, run)
            create(made, "ir.note", {"resource": f"party.party,{MARA}", "message": NOTE})
            file = {"name": "Contract Mara Quinn.txt", "type": "data"}
            create(made, "ir.attachment", {"resource": f"party.party,{MARA}", **file})
            yield made
            for wire in made.wires.values():
                wire.close()


def create(lane: Lane, model: str, values: dict[str, Any]) -> int:
    """Return the id of a record that is made past Lychgate."""
    with contextlib.closing(Wire(lane.server.origin, lane.server.secret, {})) as wire:
        told = wire.call("json", f"model.{model}.create", [values], {})
    assert told.fault is None, told.fault
    return int(told.result[0])


def opportunities(lane: Lane) -> tuple[int, int]:
    """Return a lead and a qualified opportunity of Mara's; both were changed, so that both have a past."""
    euro = create(lane, "currency.currency", {"name": "Euro", "symbol": "E", "code": "EUR"})
    party = create(lane, "party.party", {"name": "Own Ltd"})
    company = create(lane, "company.company", {"party": party, "currency": euro})
    lane.truth("model.res.user.write", [1], {"companies": [["add", [company]]], "company": company}, {})
    worker = create(lane, "party.party", {"name": "Sam Seller"})
    employee = create(lane, "company.employee", {"party": worker, "company": company})
    about = {"company": company, "currency": euro, "party": MARA, "conversion_probability": 0.5}
    about |= {"start_date": {"__class__": "date", "year": 2026, "month": 11, "day": 23}}
    lead = create(lane, "sale.opportunity", {**about, "description": "Boats for Mara Quinn"})
    more = {"employee": employee, "comment": f"{NOTE} Wants two."}
    sold = create(lane, "sale.opportunity", {**about, **more})
    lane.truth("model.sale.opportunity.opportunity", [sold], {})
    lane.truth("model.sale.opportunity.write", [lead, sold], {"reference": "mara.quinn@example.org"}, {})
    create(lane, "ir.note", {"resource": f"sale.opportunity,{lead}", "message": "Mara Quinn likes blue."})
    create(lane, "ir.attachment", {"resource": f"sale.opportunity,{sold}", "name": "Offer.txt", "type": "data"})
    return lead, sold


def does(lane: Lane, *words: str, code: int = 0) -> dict[str, Any]:
    """Run a command of the operator's, and return what it says."""
    folder = lane.run.installation.folder
    command = [sys.executable, "-m", "proxy.cli", "erasure", *words, "--format", "json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads([line for line in done.stdout.splitlines() if line.startswith("{")][-1])


def agree(lane: Lane, case: str, short: str) -> None:
    """Agree to a plan as the privacy officer."""
    key = lane.run.installation.folder / "officer.key"
    key.write_text(lane.run.installation.keys["privacy_desk"], "utf-8")
    does(lane, "confirm", case, "--hash", short, "--key-file", str(key), "--purpose", "subject_request")


def in_database(lane: Lane) -> list[str]:
    """Return every column of every table that still holds something of her."""
    database = lane.server.log.parent / "crm.sqlite"
    found = []
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            for column in columns:
                for secret in SECRETS:
                    query = f'SELECT count(*) FROM "{table}" WHERE CAST("{column}" AS TEXT) LIKE ?'
                    if connection.execute(query, (f"%{secret}%",)).fetchone()[0]:
                        found.append(f"{table}.{column}: {secret}")
    return found


def test_nothing_of_a_person_is_left_in_a_real_tryton(lane: Lane) -> None:
    """By her address alone: party, mechanisms, identifier, address, note and attachment are gone."""
    before = in_database(lane)
    assert {"party_contact_mechanism.value_compact: +353861234567", "ir_note.message: Mara Quinn"} <= set(before)
    case = does(
        lane, "open", "--email", "mara.quinn@example.org", "--ground", "objection", "--identity", "account"
    )
    plan = does(lane, "plan", case["case"])
    assert plan["state"] == "awaiting_confirmation", plan
    text = " ".join(plan["summary"])
    for line in (
        "1 party.party in tryton: deleted", "2 party.contact_mechanism in tryton: deleted",
        "1 party.identifier in tryton: deleted", "1 party.address in tryton: deleted",
        "1 ir.note in tryton: deleted", "1 ir.attachment in tryton: deleted",
    ):  # fmt: skip
        assert line in text
    agree(lane, case["case"], plan["short"])
    done = does(lane, "run", case["case"])["cases"][0]
    assert done["state"] == "live_complete", done
    assert {one["verdict"] for one in done["findings"]} == {"erased"}
    # An independent look: Tryton itself, inactive records included, and every column of its database.
    everywhere = {"active_test": False}
    assert lane.truth("model.party.party.search", [["id", "=", MARA]], 0, None, None, everywhere) == []
    compact = [["value_compact", "like", "mara%"], ["party.active", "in", [True, False]]]
    assert lane.truth("model.party.contact_mechanism.search", compact, 0, None, None, everywhere) == []
    assert in_database(lane) == []
    assert lane.truth("model.party.party.search", [], 0, None, [["id", "ASC"]], everywhere) == [2, 3, 4]


FORMS = {
    # what is said of her in files of others -> what is left of it
    "QUINN, Mara signs.": "[erased] signs.",
    "<b>Mara</b>&nbsp;Quinn agreed.": "<b>[erased]</b> agreed.",
    "mara.quinn%40example.org, <i>mara.quinn&#64;example.org</i>": "[erased], <i>[erased]</i>",
    "Ring 00353 (0)86 123-4567 or tel:+353-86-1234567.": "Ring [erased] or tel:[erased].",
    "passport lc 771 1220": "[erased]",
    "Mara's mother is Tara Quinn, +353 86 123 4568.": "Mara's mother is Tara Quinn, +353 86 123 4568.",
}


def test_every_form_goes_from_a_real_tryton(lane: Lane) -> None:
    """Names turned round, HTML, escapes, other spellings of the number: its own search finds them, by a part."""
    files = {}
    for text in FORMS:
        file = {"resource": "party.party,2", "name": "File", "type": "data", "description": text}
        files[create(lane, "ir.attachment", file)] = text
    spoken = create(lane, "ir.note", {"resource": "party.party,2", "message": "Quinn&#44; Mara rang."})
    kept = create(lane, "ir.note", {"resource": "party.party,2", "message": "Tara Quinn rang."})
    case = does(
        lane, "open", "--email", "mara.quinn@example.org", "--ground", "objection", "--identity", "account"
    )
    agree(lane, case["case"], does(lane, "plan", case["case"])["short"])
    done = does(lane, "run", case["case"])["cases"][0]
    assert done["state"] == "live_complete", done
    left = lane.truth("model.ir.attachment.read", [*files], ["description"], {})
    assert {files[row["id"]]: row["description"] for row in left} == FORMS
    assert lane.truth("model.ir.note.search", [["id", "in", [spoken, kept]]], 0, None, None, {}) == [kept]
    # An independent look into the database: what people would read, without its tags and signs.
    database = lane.server.log.parent / "crm.sqlite"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        said = connection.execute("SELECT description FROM ir_attachment UNION ALL SELECT message FROM ir_note")
        read = [re.sub(r"[^a-z0-9]", "", re.sub(r"<[^>]*>|&[^;]*;", "", str(text).lower())) for (text,) in said]
    assert len(read) == len(FORMS) + 1
    for one in ("maraquinn", "quinnmara", "861234567", "lc7711220"):
        assert not [text for text in read if one in text]


def test_opportunities_stay_and_name_nobody(selling: Lane) -> None:
    """One needs its party, which is written over then, inactive as it is. What the history keeps is listed."""
    lead, sold = opportunities(selling)
    selling.truth("model.party.party.write", [MARA], {"active": False}, {})  # nobody can change its name then
    case = does(
        selling, "open", "--email", "mara.quinn@example.org", "--ground", "objection", "--identity", "account"
    )
    plan = does(selling, "plan", case["case"])
    assert "2 sale.opportunity in tryton: personal fields are written over" in " ".join(plan["summary"])
    agree(selling, case["case"], plan["short"])
    done = does(selling, "run", case["case"])["cases"][0]
    assert done["state"] == "live_complete", done
    verdicts = {(one["place"], one["verdict"], one["how"]) for one in done["findings"]}
    assert {verdict for _, verdict, _ in verdicts} == {"erased", "kept"}
    assert {each for each in verdicts if each[1] == "kept"} == {
        ("sale.opportunity", "kept", "history"), ("party.party.code", "kept", "value"),
        ("party.party.code_alnum", "kept", "value"),
    }  # fmt: skip
    # An independent look: the API, and every column of the database.
    fields = ["party", "description", "comment", "reference"]
    rows = selling.truth("model.sale.opportunity.read", [lead, sold], fields, {})
    assert [[row[name] for name in fields[1:]] for row in rows] == [[None, None, None]] * 2
    assert {row["party"] for row in rows} == {MARA}
    (party,) = selling.truth("model.party.party.read", [MARA], ["name", "code"], {})
    assert (party["name"], party["code"]) == (None, "P-001")
    left = in_database(selling)
    assert left
    assert {line.partition(".")[0] for line in left} == {"sale_opportunity__history"}
    assert "history tables" in " ".join(plan["summary"])


def test_clients_read_the_person_until_then_and_never_after(lane: Lane) -> None:
    """Readable until the case is run; then there is no such record, by id or in a list, in both protocols."""
    case = does(lane, "open", f"tryton/party.party/{MARA}", "--ground", "objection", "--identity", "account")
    plan = does(lane, "plan", case["case"])
    agree(lane, case["case"], plan["short"])
    wire = lane.wire("helpdesk")
    assert wire.call("xml", "model.party.party.read", [MARA], ["name"], {}).fault is None
    done = does(lane, "run", case["case"])["cases"][0]
    assert done["state"] == "live_complete", done
    told = wire.call("xml", "model.party.party.read", [MARA], ["name"], {})
    assert told.fault is not None
    told = wire.call("json", "model.party.party.search_read", [], 0, None, None, ["name"], {})
    assert {row["id"] for row in told.result} == {2, 4}


def won(lane: Lane, opportunity: int) -> None:
    """Have an opportunity be won, as when its sale is confirmed; here by the database's word."""
    with contextlib.closing(sqlite3.connect(lane.server.log.parent / "crm.sqlite", timeout=30)) as connection:
        connection.execute("UPDATE sale_opportunity SET state = 'won' WHERE id = ?", (opportunity,))
        connection.commit()


def test_a_won_opportunity_is_told_beforehand_and_can_be_left_at(selling: Lane) -> None:
    """Tryton lets nobody change or delete one: the case ends as not complete, and its certificate says so."""
    _, sold = opportunities(selling)
    won(selling, sold)
    case = does(
        selling, "open", "--email", "mara.quinn@example.org", "--ground", "objection", "--identity", "account"
    )["case"]
    plan = does(selling, "plan", case)
    assert "tryton: 1 sale.opportunity that the CRM will not let anybody change" in " ".join(plan["summary"])
    agree(selling, case, plan["short"])
    done = does(selling, "run", case, code=1)["cases"][0]
    assert done["state"] == "partial", done
    assert {one["verdict"] for one in done["findings"]} == {"erased", "kept", "refused"}, done["findings"]
    key = str(selling.run.installation.folder / "officer.key")
    told = does(
        selling, "accept", case, "--hash", done["left"], "--because", "Tryton keeps won ones", "--key-file", key,
        "--purpose", "subject_request",
    )  # fmt: skip
    assert told["state"] == "live_incomplete"
    done = does(selling, "run", case, code=1)["cases"][0]
    assert [one["edition"] for one in done["issued"]] == ["live-incomplete"]
    folder = selling.run.installation.folder
    command = [sys.executable, "-m", "proxy.cli"]
    subprocess.run([*command, "erasure", "certificate", case, "--out", "out"], cwd=folder, check=True)
    verifier = Path(verify.__file__)
    keys = folder / "state" / "checkpoints" / "public-keys"
    file = f"out/{case}-live-incomplete.json"
    offline = subprocess.run(
        [sys.executable, "-I", str(verifier), "certificate", file, "--public-key", keys],
        cwd=folder, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert offline[0].startswith("NOT COMPLETE")
    assert offline[-1].startswith("ok: ")
    left = {line.partition(":")[0] for line in in_database(selling) if "__history" not in line}
    assert left == {"sale_opportunity.comment"}
    assert any("sale.opportunity.comment" in line for line in offline[: offline.index("done:")])


def test_what_is_closed_to_changes_is_told_as_refused_until_somebody_opens_it(selling: Lane) -> None:
    """Tryton lets nobody change the text of a lost or cancelled opportunity, nor delete the lost one.

    What of it can be written over is; the rest is told, nothing is certified meanwhile, and once a person has
    set it back to a lead the case comes to its end.
    """
    lead, sold = opportunities(selling)
    selling.truth("model.sale.opportunity.write", [sold], {"lost_reason": "Mara Quinn went elsewhere."}, {})
    selling.truth("model.sale.opportunity.lost", [sold], {})
    selling.truth("model.sale.opportunity.cancel", [lead], {})
    case = does(
        selling, "open", "--email", "mara.quinn@example.org", "--ground", "objection", "--identity", "account"
    )["case"]
    plan = does(selling, "plan", case)
    assert "lets nobody change the text" in " ".join(plan["summary"])
    agree(selling, case, plan["short"])
    done = does(selling, "run", case, code=1)["cases"][0]
    assert done["state"] == "partial", done
    refused = [(one["place"], one["count"]) for one in done["findings"] if one["verdict"] == "refused"]
    assert refused == [
        ("sale.opportunity.comment", 1), ("sale.opportunity.description", 1), ("sale.opportunity", 2)
    ]  # fmt: skip
    assert not does(selling, "show", case)["issued"]
    fields = ["state", "description", "comment", "reference", "lost_reason"]

    def told() -> list[list[Any]]:
        rows = selling.truth("model.sale.opportunity.read", [lead, sold], fields, {})
        return [[row[name] for name in fields] for row in sorted(rows, key=lambda row: row["id"])]

    assert told() == [
        ["cancelled", "Boats for Mara Quinn", None, None, None],
        ["lost", None, f"{NOTE} Wants two.", None, None],
    ]
    assert {line.partition(":")[0] for line in in_database(selling)} == {
        "sale_opportunity.description", "sale_opportunity.comment",
        *(f"sale_opportunity__history.{name}" for name in fields[1:]),
    }  # fmt: skip
    selling.truth("model.sale.opportunity.lead", [lead, sold], {})
    done = does(selling, "run", case, "--again")["cases"][0]
    assert done["state"] == "live_complete", done
    assert told() == [["lead", None, None, None, None]] * 2
    assert {line.partition(".")[0] for line in in_database(selling)} == {"sale_opportunity__history"}
