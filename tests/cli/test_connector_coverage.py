"""`lychgate connector list` and `coverage`, and the table that is published."""

import json
import shutil
from pathlib import Path

from click.testing import CliRunner, Result

from proxy.cli.connector import connector

SHIPPED = Path(__file__).parents[2] / "policies"
PUBLISHED = SHIPPED / "connectors" / "README.md"


def _run(*words: str | Path) -> Result:
    return CliRunner().invoke(connector, [*map(str, words), "--policies", str(SHIPPED)])


def test_the_published_table_says_what_the_command_says() -> None:
    """Write it anew: lychgate connector coverage --format markdown > policies/connectors/README.md."""
    told = _run("coverage", "--format", "markdown")
    assert told.exit_code == 0
    assert PUBLISHED.read_text("utf-8") == told.output


def test_every_connector_is_listed_with_what_it_knows() -> None:
    """As text and as JSON."""
    rows = json.loads(_run("list", "--format", "json").output)
    files = sorted(path.stem for path in (SHIPPED / "connectors").glob("*.yaml"))
    assert [row["connector"] for row in rows] == files
    assert all(row["endpoints"] and row["objects"] and row["fields"] for row in rows)
    assert [line.split()[0] for line in _run("list").output.splitlines()] == files


def test_what_an_endpoint_is_open_to_follows_from_grants() -> None:
    """Deleting is the privacy officer's; composites are open to whoever may do anything inside them."""
    rows = json.loads(_run("coverage", "salesforce", "--format", "json").output)
    by_path = {(row["method"], row["path"]): row for row in rows}
    one = "/services/data/{version}/sobjects/{object}/{id}"
    assert by_path["DELETE", one]["roles"] == ["privacy_officer"]
    assert by_path["DELETE", one]["actions"] == ["delete"]
    assert by_path["ANY", "/services/apexrest/{path}"]["state"] == "denied by default"
    assert "marketer" in by_path["POST", "/services/data/{version}/composite"]["roles"]
    assert {row["connector"] for row in rows} == {"salesforce"}


def test_a_waived_oracle_stands_beside_the_endpoints_it_opens(tmp_path: Path) -> None:
    """With its rule, its code and its last day; where nothing is queried it does not stand."""
    shutil.copytree(SHIPPED, tmp_path / "policies")
    more = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: callers-tell}
grants:
  - id: find-by-number
    effect: allow
    roles: [marketer]
    purposes: [newsletter]
    recipients: [mailer_us]
    on: {objects: [Contact], categories: [user.contact.phone_number]}
    actions: [filter]
    waive: [{code: LG115, because: Callers tell their number., until: 2099-01-31}]
"""
    (tmp_path / "policies/example/more.yaml").write_text(more)
    folder = str(tmp_path / "policies")
    told = CliRunner().invoke(connector, ["coverage", "--policies", folder, "--format", "json"])
    rows = json.loads(told.output)
    waived = {(row["method"], row["path"]): row for row in rows if row["waivers"]}
    assert {row["connector"] for row in waived.values()} == {"salesforce"}
    query = waived["GET", "/services/data/{version}/query"]
    assert query["state"] == "inspected, by waiver too"
    assert query["waivers"] == [
        {
            "rule": "find-by-number",
            "code": "LG115",
            "because": "Callers tell their number.",
            "until": "2099-01-31",
        }
    ]
    assert ("POST", "/services/data/{version}/sobjects/{object}") not in waived
    text = CliRunner().invoke(connector, ["coverage", "--policies", folder]).output
    assert "waived until 2099-01-31: LG115 of find-by-number: Callers tell their number." in text


def test_an_unknown_connector_is_told_with_those_there_are() -> None:
    """As a usage error."""
    told = _run("coverage", "sales")
    assert told.exit_code == 2
    assert "there are dynamics, hubspot" in told.output
