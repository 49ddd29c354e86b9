"""`lychgate protect` and `lychgate token` beside a running installation, over every sandbox."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from proxy.cli import cli
from proxy.config import load_config
from proxy.demo.installation import Crm, LaneOf
from proxy.kept import CHAPTERS, store_url
from proxy.sandbox import DynamicsSandbox, HubSpotSandbox, OdooSandbox, SalesforceSandbox, running
from proxy.store import Store
from proxy.vault import rows
from proxy.vault.tables import VALUES
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed
from tests.e2e.sdks import salesforce

PROTECT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: protect}
protect:
  - id: mail
    on:
      connectors: [salesforce, hubspot, dynamics, odoo]
      objects: [Contact, contacts, contact, res.partner]
      fields: [Email, email, emailaddress1]
    as: token
    domain: t.privacy.example.org
    search: true
  - id: streets
    on:
      objects: [Contact, contacts, contact, res.partner]
      fields: [MailingStreet, address, address1_line1, street]
    as: envelope
"""
LANES: tuple[Crm, ...] = ("salesforce", "hubspot", "dynamics", "odoo")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """One installation in front of four CRMs whose data lie in clear."""
    crms: dict[Crm, Any] = {
        "salesforce": SalesforceSandbox(CRM_TOKEN, people=230),
        "hubspot": HubSpotSandbox(CRM_TOKEN, people=130),
        "dynamics": DynamicsSandbox(CRM_TOKEN),
        "odoo": OdooSandbox(CRM_TOKEN),
    }
    with (
        running(crms["salesforce"]) as one,
        running(crms["hubspot"]) as two,
        running(crms["dynamics"]) as three,
        running(crms["odoo"]) as four,
    ):
        at = dict(zip(LANES, (one, two, three, four), strict=True))
        lanes = {name: LaneOf(0, at[name].url, CRM_TOKEN, tls=name == "salesforce") for name in LANES}
        made = Installed.make(tmp_path_factory.mktemp("migrated") / "gateway", lanes)
        (made.made.policies / "example" / "protect.yaml").write_text(PROTECT, "utf-8")
        try:
            yield made.up()
            made.down()
            made.check_ledger()
        finally:
            made.kill()


def lychgate(run: Installed, *arguments: str) -> Result:
    """Run a command as the operator would, beside the process that serves."""
    return CliRunner().invoke(cli, [*arguments, "--config", str(run.made.config)], catch_exceptions=False)


def values(result: Result) -> dict[str, dict[str, int]]:
    """Return the counts that a command printed."""
    found: dict[str, dict[str, int]] = json.loads(result.stdout)["values"]
    return found


def sums(found: dict[str, dict[str, int]], state: str) -> int:
    """Return how many values are in a state."""
    return sum(row[state] for row in found.values())


@pytest.mark.parametrize("lane", LANES)
def test_all_of_a_crm_is_protected_and_brought_back(run: Installed, lane: str) -> None:
    """Counted before and after; there is nothing left to do then; and the way back leaves nothing sealed."""
    policy = run.made.policies / "example" / "protect.yaml"
    before = lychgate(run, "protect", "plan", "--lane", lane, "--format", "json")
    clear = sums(values(before), "clear")
    assert (before.exit_code, clear > 3, sums(values(before), "protected")) == (1, True, 0)
    applied = lychgate(run, "protect", "apply", "--lane", lane, "--format", "json")
    assert (applied.exit_code, sums(values(applied), "protected")) == (0, clear), applied.output
    assert lychgate(run, "protect", "plan", "--lane", lane).exit_code == 0
    staying = CliRunner().invoke(cli, ["protect", "rollback", "--lane", lane, "--config", str(run.made.config)])
    assert "leaving: true" in str(staying.exception)
    policy.write_text(PROTECT.replace("    as:", "    leaving: true\n    as:"), "utf-8")
    try:
        assert "policy reloaded" in run.reload()
        back = lychgate(run, "protect", "rollback", "--lane", lane, "--format", "json")
        assert (back.exit_code, sums(values(back), "clear")) == (0, clear), back.output
    finally:
        policy.write_text(PROTECT, "utf-8")
        run.reload()
    noted = [(each["what"], each["detail"]) for each in run.entries() if each["kind"] == "noted"]
    for what in ("values_protected", "values_revealed"):
        assert any(said == what and detail.startswith(f"lane={lane} ") for said, detail in noted)


def test_clients_are_served_meanwhile_and_find_what_is_protected(run: Installed) -> None:
    """What lay in clear is not found until it is protected; nobody sees a difference in what is shown."""
    agent = salesforce(run, "helpdesk")
    first = agent.query("SELECT Id, Email FROM Contact ORDER BY Id LIMIT 1")["records"][0]
    soql = f"SELECT Id FROM Contact WHERE Email = '{first['Email']}'"
    assert agent.query(soql)["totalSize"] == 0
    assert lychgate(run, "protect", "apply", "--lane", "salesforce", "--per-second", "1000").exit_code == 0
    assert [each["Id"] for each in agent.query(soql)["records"]] == [first["Id"]]
    assert agent.Contact.get(first["Id"])["Email"] == first["Email"]


def test_a_token_is_looked_up_and_that_is_on_record(run: Installed) -> None:
    """Where it belongs, and its value only if asked for; the ledger has no record id and no value."""
    lychgate(run, "protect", "apply", "--lane", "salesforce")
    store = Store.open(store_url(load_config(run.made.config)), CHAPTERS)
    with store.read() as connection:
        token = connection.execute(
            select(VALUES.c.handle).where(VALUES.c.field == "Email").limit(1)
        ).scalar_one()
        value = rows.by_handle(connection, [token])[token]
    store.close()
    shown = lychgate(run, "token", "lookup", token, "--format", "json")
    assert (json.loads(shown.stdout)["record"], "value" in json.loads(shown.stdout)) == (value.record, False)
    revealed = lychgate(run, "token", "lookup", token, "--reveal", "--format", "json")
    assert "@" in json.loads(revealed.stdout)["value"]
    noted = [str(each["detail"]) for each in run.entries() if each.get("what") == "value_looked_up"]
    assert [each.rpartition("=")[2] for each in noted[-2:]] == ["no", "yes"]
    assert str(value.record) not in json.dumps(run.entries())
    assert json.loads(revealed.stdout)["value"] not in json.dumps(run.entries())
    for wrong in ("mara@example.org", "t" + "a" * 26 + "@t.privacy.example.org"):
        assert (
            CliRunner().invoke(cli, ["token", "lookup", wrong, "--config", str(run.made.config)]).exit_code != 0
        )
