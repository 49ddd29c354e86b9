"""An erasure as an operator does it: `lychgate run` as a process, the commands, and clients by their SDKs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from hubspot.crm.contacts import PublicMergeInput
from pypdf import PdfReader
from simple_salesforce.exceptions import SalesforceError

from proxy.demo.installation import LaneOf
from proxy.demo.processes import free_port
from proxy.ledger.verify import CERTIFICATE
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, running
from tests.e2e.conftest import Town
from tests.e2e.processes import Installed, until
from tests.e2e.sdks import Hubspot, salesforce
from tests.e2e.test_deletes import json_request
from tests.e2e.test_salesforce_soap import OFFICE, Fault, call, text
from tests.erase.conftest import answered

TOKEN = "only-lychgate-has-this"
AOIFE = "aoife.byrne@example.org"


class Operator:
    """Somebody at the command line of the machine."""

    def __init__(self, run: Installed) -> None:
        self.run = run
        self.key = run.made.folder / "officer.key"
        self.key.write_text(run.keys["privacy_desk"] + "\n", "utf-8")

    def says(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "proxy.cli", *words], cwd=self.run.made.folder, capture_output=True,
            text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def does(self, *words: str, code: int = 0) -> dict[str, Any]:
        text = self.says("erasure", *words, "--format", "json", code=code)
        return json.loads([line for line in text.splitlines() if line.startswith("{")][-1])

    def agrees(self, case: str, short: str, code: int = 0) -> str:
        agree = ("confirm", case, "--hash", short, "--key-file", str(self.key), "--purpose", "subject_request")
        return self.says("erasure", *agree, code=code)


@pytest.fixture
def crms():
    """Both sandboxes."""
    return SalesforceSandbox(TOKEN), HubSpotSandbox(TOKEN)


@pytest.fixture
def installed(tmp_path: Path, crms, request):
    """A process that serves both, in as many workers as the test says."""
    workers = getattr(request, "param", 1)
    org, account = crms
    with running(org) as here, running(account) as there:
        lanes = {
            "salesforce": LaneOf(free_port(), here.url, TOKEN, tls=True),
            "hubspot": LaneOf(free_port(), there.url, TOKEN),
        }
        run = Installed.make(tmp_path / "home", lanes, lambda text: f"workers: {workers}\n{text}")
        try:
            yield run.up()
        finally:
            run.kill()


@pytest.mark.parametrize("installed", [1, 2], indirect=True)
def test_a_person_is_erased_and_the_certificate_verifies_elsewhere(installed, crms, tmp_path: Path) -> None:
    """From the address to the certificate; clients that read her are refused from the restriction on."""
    org, account = crms
    operator = Operator(installed)
    agent = salesforce(installed, "helpdesk", "customer_support")
    assert agent.query(f"SELECT Id, Email FROM Contact WHERE Email = '{AOIFE}'")["totalSize"] == 1
    case = operator.does("open", "--email", AOIFE, "--ground", "consent_withdrawn", "--identity", "document")
    planned = operator.does("plan", case["case"])
    assert planned["state"] == "awaiting_confirmation"
    assert "1 Contact in salesforce: deleted" in " ".join(planned["summary"])
    assert len(org.people()) == 12  # nothing has been touched
    assert "not this plan's hash" in operator.agrees(case["case"], "0" * 12, code=2)
    operator.agrees(case["case"], planned["short"])
    done = operator.does("run", case["case"])["cases"][0]
    assert done["state"] == "live_complete", done
    assert not [row for row in org.people() if row["FirstName"] == "Aoife"]
    assert not [row for row in account.people() if row["firstname"] == "Aoife"]
    assert {one["recipient"] for one in done["recipients"]} == {"helpdesk_app"}
    # The certificate, on another machine: a folder with nothing but it and the public key.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    operator.says("erasure", "certificate", case["case"], "--out", str(elsewhere))
    (elsewhere / "key").write_text(operator.says("audit", "public-key"), "utf-8")
    (file,) = elsewhere.glob("*.json")
    verifier = Path(__file__).parents[2] / "proxy" / "ledger" / "verify.py"
    command = [
        sys.executable,
        "-I",
        str(verifier),
        "certificate",
        str(file),
        "--public-key",
        str(elsewhere / "key"),
    ]
    told = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "of its ledger says so" in told.stdout
    assert "ok:" in operator.says("certificate", "verify", str(file), "--public-key", str(elsewhere / "key"))
    text = file.read_text("utf-8") + next(elsewhere.glob("*.html")).read_text("utf-8")
    (paper,) = elsewhere.glob("*.pdf")
    text += "".join(page.extract_text() for page in PdfReader(paper).pages)
    for secret in (AOIFE, "Aoife", "003Lg", "555 0101", TOKEN):
        assert secret not in text
    file.write_text(file.read_text("utf-8").replace("17(1)(b)", "17(1)(c)"), "utf-8")
    assert subprocess.run(command, cwd=elsewhere, capture_output=True, check=False).returncode == 1
    # She cannot be put back, under any record, until there is a new lawful basis.
    other = org.people()[3]["Id"]
    with pytest.raises(SalesforceError, match="new lawful basis"):
        agent.Contact.update(other, {"Phone": "00353 86 555 0101"})
    operator.says("erasure", "allow", case["case"], "--basis", "new contract of 2026-05-01")
    agent.Contact.update(other, {"Phone": "+353 86 555 0101"})
    installed.down()
    installed.check_ledger()


def test_a_restricted_person_is_not_in_any_answer(installed, crms) -> None:
    """HubSpot does not let go of her: the case is stuck, and nobody reads her meanwhile, restart included."""
    from proxy.sandbox import Fault

    _, account = crms
    account.faults.add(Fault("lie", path="gdpr-delete", times=-1))
    operator = Operator(installed)
    before = Hubspot(installed, "helpdesk", "customer_support").basic.get_page(limit=100)
    case = operator.does("open", "hubspot/contacts/101", "--ground", "objection", "--identity", "account")[
        "case"
    ]
    operator.agrees(case, operator.does("plan", case)["short"])
    run = installed
    started = subprocess.Popen(
        [sys.executable, "-m", "proxy.cli", "erasure", "run", case], cwd=run.made.folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: operator.does("show", case)["state"] == "erasing")
    for _ in range(2):
        desk = Hubspot(run, "helpdesk", "customer_support")
        page = desk.basic.get_page(limit=100)
        assert {one.id for one in before.results} - {one.id for one in page.results} == {"101"}
        with pytest.raises(Exception, match="may not be read or changed"):
            desk.basic.get_by_id("101")
        started.kill()
        started.wait()
        run.down()
        run.up()
    account.faults.clear()
    until(lambda: operator.does("show", case)["state"] in {"live_complete", "failed_needs_human"})


def test_the_state_folder_holds_nothing_of_her(installed) -> None:
    """Cases are sealed, tombstones are keyed: no value lies below the state folder before, during or after."""
    operator = Operator(installed)
    case = operator.does("open", "--email", AOIFE, "--ground", "objection", "--identity", "account")["case"]
    operator.agrees(case, operator.does("plan", case)["short"])
    operator.does("run", case)
    for path in (installed.made.folder / "state").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert AOIFE.encode() not in data, path
            assert b"Byrne" not in data, path
            assert b"003Lg0000000001" not in data, path


def test_without_the_process_the_command_does_it_itself(installed, crms) -> None:
    """The proxy is down; the same commands open the same store and ledger."""
    installed.down()
    operator = Operator(installed)
    case = operator.does("open", "--email", AOIFE, "--ground", "objection", "--identity", "account")["case"]
    operator.agrees(case, operator.does("plan", case)["short"])
    assert operator.does("run", case)["cases"][0]["state"] == "live_complete"
    assert "live complete" in operator.says("erasure", "list")


def test_what_the_law_does_not_give_is_denied_with_a_reason(installed) -> None:
    """HIPAA gives no right to erasure; a wrong ground is told with those there are; a stranger cannot agree."""
    operator = Operator(installed)
    case = operator.does("open", "--email", AOIFE, "--law", "hipaa")
    assert case["state"] == "denied"
    assert "45 CFR 164.526" in case["reason"]
    told = operator.says("erasure", "open", "--email", AOIFE, "--ground", "objektion", code=2)
    assert "no_longer_necessary, consent_withdrawn, objection" in told
    case = operator.does("open", "--email", AOIFE, "--ground", "objection", "--identity", "account")["case"]
    short = operator.does("plan", case)["short"]
    operator.key.write_text(installed.keys["helpdesk"], "utf-8")
    assert "nobody's who may agree" in operator.agrees(case, short, code=2)
    held = operator.does("hold", case, "--because", "pending lawsuit", "--owner", "legal")
    assert (held["state"], held["reason"]) == ("held", "a legal hold stands against it: pending lawsuit")
    assert "nothing to confirm" in Operator(installed).agrees(case, short, code=2)


RULES = """
rules:
  - id: deletes-open-cases
    on: {objects: [contacts]}
    then: case
    ground: no_longer_necessary
  - id: contacts-are-erased-at-once
    on: {objects: [Contact]}
    then: convert
    ground: no_longer_necessary
  - id: companies-stay
    on: {objects: [companies]}
    then: refuse
    because: "They are needed for the books."
"""
GRANT = """
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: privacy-deletes, owner: dpo}
grants:
  - id: privacy-may-delete
    roles: [privacy_officer]
    purposes: [subject_request]
    on: {objects: [contacts, companies, Contact, Lead]}
    actions: [delete, erase]
    effect: allow
"""


@pytest.fixture
def intercepting(installed):
    """The same, with rules for deletes."""
    folder = installed.made.policies / "example"
    erasure = folder / "erasure.yaml"
    erasure.write_text(erasure.read_text("utf-8") + RULES, "utf-8")
    (folder / "deletes.yaml").write_text(GRANT, "utf-8")
    assert "policy reloaded" in installed.reload()
    return installed


def test_a_delete_becomes_a_case_an_erasure_or_a_refusal(intercepting, crms) -> None:
    """Each as its SDK expects: 202 with the case, 204 once it is done, or the SDK's own exception."""
    org, account = crms
    officer = Hubspot(intercepting, "privacy_desk", "subject_request")
    accepted = officer.basic.archive_with_http_info("102")
    assert accepted[1] == 202
    case = accepted[2]["lychgate-erasure-case"]
    assert len(account.people()) == 12
    assert not [row for row in account.people() if row["archived"]]
    operator = Operator(intercepting)
    until(lambda: operator.does("show", case)["state"] == "awaiting_confirmation")
    operator.agrees(case, operator.does("show", case)["short"])
    assert operator.does("run", case)["cases"][0]["state"] == "live_complete"
    assert len(account.people()) == 11
    with pytest.raises(Exception, match="has to be kept"):
        officer.companies.archive("9001")
    desk = salesforce(intercepting, "privacy_desk", "subject_request")
    third = org.people()[1]["Id"]
    assert desk.Contact.delete(third) == 204
    assert third not in {row["Id"] for row in org.people()}
    kinds = [(entry["what"], entry["how"]) for entry in intercepting.entries() if entry["kind"] == "erasure"]
    assert ("opened", "case") in kinds
    assert ("opened", "convert") in kinds


def test_a_wrong_rule_is_told_with_its_place(installed) -> None:
    """file:line:column, what is wrong and what to write; the set in force stays."""
    erasure = installed.made.policies / "example" / "erasure.yaml"
    wrong = RULES.replace("no_longer_necessary", "no_longer_needed", 1).replace("contacts]", "contact]", 1)
    erasure.write_text(erasure.read_text("utf-8") + wrong, "utf-8")
    said = installed.reload()
    assert "policy reload refused" in said
    assert "no_longer_necessary" in said
    line = 1 + erasure.read_text("utf-8").split("no_longer_needed")[0].count("\n")
    assert f"erasure.yaml:{line}:" in said


def test_a_sweep_finds_who_is_back_by_another_path(installed, crms) -> None:
    """Put into the CRM past Lychgate, from a backup: the sweep meets her tombstone, and opens a case."""
    org, _ = crms
    operator = Operator(installed)
    case = operator.does("open", "--email", AOIFE, "--ground", "objection", "--identity", "account")["case"]
    operator.agrees(case, operator.does("plan", case)["short"])
    operator.does("run", case)
    clean = operator.does("sweep")
    assert (clean["found"], clean["looked_at"] > 20) == ([], True)
    row = {"LastName": "Byrne", "Email": AOIFE.upper()}
    org.org.insert(org.org.schema.objects["contact"], row)
    found = operator.does("sweep", "--open", code=1)
    assert [(one["source"], one["object"], one["count"], one["why"]) for one in found["found"]] == [
        ("returned", "Contact", 1, case)
    ]
    (opened,) = found["opened"]
    until(lambda: operator.does("show", opened)["state"] == "awaiting_confirmation")
    assert operator.does("show", opened)["source"] == "returned"


def test_who_was_erased_does_not_come_back_by_an_id(installed, crms) -> None:
    """A record that no case knew of, out of the bin or by a merge; on a new basis it does."""
    org, account = crms
    operator = Operator(installed)
    grant = GRANT.replace("[delete, erase]", "[create]").replace("privacy-", "privacy-brings-back-")
    (installed.made.policies / "example" / "creates.yaml").write_text(grant, "utf-8")
    assert "policy reloaded" in installed.reload()
    case = operator.does("open", "--email", AOIFE, "--ground", "objection", "--identity", "account")["case"]
    operator.agrees(case, operator.does("plan", case)["short"])
    operator.does("run", case)
    contact = org.org.schema.objects["contact"]
    binned = org.org.insert(contact, {"LastName": "Byrne", "Email": AOIFE})
    org.org.delete(contact, binned)
    second = json_request("POST /crm/v3/objects/contacts", {"properties": {"email": AOIFE}})
    key = json.loads(answered(account, second).body)["id"]
    merge = PublicMergeInput(primary_object_id="102", object_id_to_merge=key)
    officer = Hubspot(installed, "privacy_desk", "subject_request")
    town, ids = Town(installed, org, account), f"<u:ids>{binned}</u:ids>"
    with pytest.raises(Fault) as raised:
        call(town, OFFICE, "undelete", ids)
    assert raised.value.args[1] == "INSUFFICIENT_ACCESS"
    with pytest.raises(Exception, match="new lawful basis"):
        officer.basic.merge(merge)
    assert AOIFE not in {row["Email"] for row in org.people() if not row["IsDeleted"]}
    told = {(one["lane"], one["case"], one["count"]) for one in operator.does("returns")["returns"]}
    assert told == {("salesforce", case, 1), ("hubspot", case, 1)}
    operator.says("erasure", "allow", case, "--basis", "new contract of 2026-05-01")
    assert text(call(town, OFFICE, "undelete", ids)[0], "success") == "true"
    assert officer.basic.merge(merge).id == "102"
    installed.down()
    installed.check_ledger()


@pytest.mark.parametrize("points", [(1, 4), (9, 3), (16, 2)])
def test_a_process_that_is_killed_goes_on_where_it_was(installed, crms, points) -> None:
    """SIGKILL twice in the middle, by how many steps the ledger tells of; each start goes on by itself."""
    org, account = crms
    operator = Operator(installed)
    case = operator.does("open", "--email", AOIFE, "--ground", "objection", "--identity", "account")["case"]
    operator.agrees(case, operator.does("plan", case)["short"])

    def told() -> int:
        return sum(entry["kind"] == "erasure" and entry["what"] in STEPS for entry in installed.entries())

    begun = subprocess.Popen(
        [sys.executable, "-m", "proxy.cli", "erasure", "run", case], cwd=installed.made.folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for more in points:
        wanted = told() + more
        until(lambda wanted=wanted: told() >= wanted)
        installed.kill()
        installed.up()
    begun.wait(60)
    until(lambda: operator.does("show", case)["state"] == "live_complete")
    assert not [row for row in org.people() if row["FirstName"] == "Aoife"]
    assert not [row for row in account.people() if row["firstname"] == "Aoife"]
    whats = [entry["what"] for entry in installed.entries() if entry["kind"] == "erasure"]
    assert whats.count("certified") == 1
    deletes = [call.path for crm in crms for call in crm.calls if call.method == "DELETE"]
    assert len(deletes) == len(set(deletes))
    installed.check_ledger()


STEPS = ("intent", "outcome")


def test_the_api_of_a_process_that_runs(installed, crms) -> None:
    """A case opened over HTTP is the one that the command line shows, and the other way round."""
    port = free_port()
    installed.down()
    config = installed.made.config
    block = f'erasure:\n  api: {{listen: "127.0.0.1:{port}", requesters: [support_agent]}}\n'
    config.write_text(config.read_text("utf-8").replace("lanes:\n", f"{block}lanes:\n", 1), "utf-8")
    installed.up()
    body = {"values": [{"kind": "email", "value": AOIFE}], "ground": "objection", "identity": "account"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        client.headers["authorization"] = f"Bearer {installed.keys['helpdesk']}"
        told = client.post("/v1/cases", json=body)
        assert told.status_code == 201
        case = told.json()["case"]
        operator = Operator(installed)
        assert operator.does("show", case)["source"] == "request"
        operator.agrees(case, operator.does("plan", case)["short"])
        assert operator.does("run", case)["cases"][0]["state"] == "live_complete"
        assert client.get(f"/v1/cases/{case}").json()["state"] == "live_complete"
        assert client.get(f"/v1/cases/{case}/certificate").json()["type"] == CERTIFICATE
    installed.down()
    installed.check_ledger()
