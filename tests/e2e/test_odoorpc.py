"""OdooRPC, unmodified, through a real lane to the Odoo sandbox, and the web client's own routes."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import odoorpc
import pytest

from proxy.demo.installation import LaneOf
from proxy.sandbox import OdooSandbox, running
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed

FIELDS = ["name", "email", "phone", "vat", "comment", "city"]


@dataclass(frozen=True)
class Lane:
    """Lychgate in front of an Odoo."""

    run: Installed
    crm: OdooSandbox

    def client(self, caller: str = "helpdesk") -> odoorpc.ODOO:
        """Return a client that is logged in with its key for Lychgate, which also stands in a header."""
        key = self.run.keys[caller]
        opener = urllib.request.build_opener()
        opener.addheaders = [("X-Lychgate-Key", key)]
        odoo = odoorpc.ODOO("localhost", port=self.run.ports["odoo"], opener=opener)
        odoo.login("any", "somebody", key)
        return odoo

    def post(self, path: str, params: Any, *, key: str | None = None, number: int | None = 5) -> dict[str, Any]:
        """Return the answer to a request as the web client writes it."""
        body = {"jsonrpc": "2.0", "method": "call", "params": params, "id": number}
        headers = {"content-type": "application/json", **({"x-lychgate-key": key} if key else {})}
        request = urllib.request.Request(f"{self.run.url('odoo')}{path}", json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.headers["set-cookie"] is None
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                found = {"status": error.code, **json.load(error)}
        return found


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    """Run Lychgate with a lane in front of a sandbox."""
    crm = OdooSandbox(CRM_TOKEN)
    with running(crm) as server:
        made = Installed.make(
            tmp_path_factory.mktemp("odoo") / "gateway", {"odoo": LaneOf(0, server.url, CRM_TOKEN)}
        )
        try:
            yield Lane(made.up(), crm)
            made.down()
            made.check_ledger()
        finally:
            made.kill()


def test_the_client_logs_in_and_knows_its_version(lane: Lane) -> None:
    """By a key that is Lychgate's; what it is told of itself is told of the lane's own account."""
    odoo = lane.client()
    assert odoo.version == "18.0"
    assert odoo.env.uid == 2
    assert odoo.env.context == {"lang": "en_US", "tz": "Europe/Dublin", "uid": 2}
    bare = odoorpc.ODOO("localhost", port=lane.run.ports["odoo"], version="18.0")
    bare.login("any", "somebody", lane.run.keys["helpdesk"])  # without a header, as most scripts are
    assert bare.env["res.partner"].search_count([]) > 5


def test_records_come_out_as_policy_has_them(lane: Lane) -> None:
    """Searched, read and browsed; what may not be seen is not there."""
    odoo = lane.client()
    partners = odoo.env["res.partner"]
    first = lane.crm.people()[0]
    (key,) = partners.search([("email", "=", first["email"])])
    (row,) = partners.read([key], FIELDS)
    assert (row["name"], row["email"]) == (first["name"], first["email"])
    assert row["phone"].startswith("*** *** ")
    assert "vat" not in row
    record = partners.browse(key)
    assert record.name == first["name"]
    assert record.parent_id.id == first["parent_id"]


def test_what_policy_refuses_is_the_clients_own_error(lane: Lane) -> None:
    """An RPCError; a filter on a hidden field, an order, a delete, a method or model nobody declared."""
    partners = lane.client().env["res.partner"]
    key = lane.crm.people()[0]["id"]
    for refused in (
        lambda: partners.search([("vat", "=like", "IE%")]),
        lambda: partners.search([("parent_id.vat", "!=", False)]),
        lambda: partners.search([], order="vat"),
        lambda: partners.unlink([key]),
        lambda: partners.export_data([key], ["vat"]),
        lambda: lane.client().env["ir.attachment"].search([]),
    ):
        with pytest.raises((odoorpc.error.RPCError, urllib.error.HTTPError)):
            refused()


def test_a_record_is_written(lane: Lane) -> None:
    """By whoever may; a masked number does not come back as one."""
    partners = lane.client("helpdesk_leads").env["res.partner"]
    key = partners.create({"name": "Ida Holm", "email": "ida.holm@example.org"})
    assert partners.write([key], {"name": "Ida Holm-Byrne"})
    assert next(row for row in lane.crm.people() if row["id"] == key)["name"] == "Ida Holm-Byrne"
    with pytest.raises(odoorpc.error.RPCError):
        partners.write([key], {"phone": "*** *** 01"})


def test_the_web_clients_calls_are_the_same_calls(lane: Lane) -> None:
    """`call_kw` with the path that repeats it, and without; what RPC shows, it shows."""
    key = lane.run.keys["helpdesk"]
    one = lane.crm.people()[0]["id"]
    expected = lane.client().env["res.partner"].read([one], FIELDS)
    call = {
        "model": "res.partner",
        "method": "read",
        "args": [[one], FIELDS],
        "kwargs": {"context": {"lang": "en_US"}},
    }
    for path in ("/web/dataset/call_kw", "/web/dataset/call_kw/res.partner/read"):
        assert lane.post(path, call, key=key) == {"jsonrpc": "2.0", "id": 5, "result": expected}
    other = lane.post("/web/dataset/call_kw/res.users/read", call, key=key)
    assert other["status"] == 400
    hidden = {**call, "method": "search_read", "args": [[["vat", "!=", False]]]}
    assert (
        lane.post("/web/dataset/call_kw", hidden, key=key)["error"]["data"]["name"]
        == "odoo.exceptions.AccessError"
    )
    only_web = {**call, "method": "web_search_read", "args": []}
    assert "error" in lane.post("/web/dataset/call_kw", only_web, key=key)


def test_a_session_is_no_more_than_who_calls(lane: Lane) -> None:
    """The password is a key for Lychgate; no cookie is set, and without a key nothing is told."""
    key = lane.run.keys["helpdesk"]
    login = {"db": "crm", "login": "somebody", "password": key}
    expected = {"uid": 2, "user_context": {}, "db": "crm"}
    assert lane.post("/web/session/authenticate", login)["result"] == expected
    assert lane.post("/web/session/get_session_info", {}, key=key)["result"] == expected
    assert lane.post("/web/session/destroy", {}, key=key)["result"] is None
    assert lane.post("/web/webclient/version_info", {}, key=key)["result"]["server_serie"] == "18.0"
    for path, params in (
        ("/web/session/authenticate", {**login, "password": "wrong"}),
        ("/web/session/get_session_info", {}),
        ("/web/webclient/version_info", {}),
    ):
        assert lane.post(path, params)["status"] == 401
    assert lane.post("/web/session/modules", {}, key=key)["error"]
