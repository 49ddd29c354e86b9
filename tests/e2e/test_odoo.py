"""Odoo through Lychgate: its three protocols, whose key is in a call, and what a hidden field can be asked."""

import json
import xmlrpc.client
from collections.abc import Callable
from typing import Any

import pytest

from proxy.message import Headers, Request, Response
from proxy.sandbox import OdooSandbox
from tests.e2e.harness import CRM_TOKEN, Ended, GatewayHarness
from tests.sandboxes import answered

FIELDS = ["id", "display_name", "name", "email", "phone", "street", "city", "vat", "comment", "x_iban",
          "birthdate_date", "parent_id", "country_id", "user_id", "child_ids", "credit_limit"]  # fmt: skip
CALLERS = (("helpdesk", None), ("helpdesk_leads", None), ("privacy_desk", "subject_request"))
XML, JSON, JSON2 = "xmlrpc", "jsonrpc", "json2"


class Asker:
    """Speaks each protocol as its clients do, through the harness to a sandbox without a socket."""

    def __init__(self, harness: GatewayHarness, client: str, purpose: str | None = None) -> None:
        self._harness = harness
        self.key = harness.installation.keys[client]
        self.fields = (("x-purpose", purpose),) if purpose else ()
        self.crm = OdooSandbox(CRM_TOKEN)
        self.ended: Ended | None = None

    def _answer(self, request: Request) -> Response:
        return answered(self.crm, request)

    async def send(self, path: str, body: bytes, kind: str, *more: tuple[str, str]) -> Ended:
        """Return how a POST ends."""
        fields = (("content-type", kind), *self.fields, *more)
        request = Request("POST", path, "", Headers(fields), body)
        self.ended = await self._harness.exchange("odoo", request, self._answer)
        return self.ended

    async def by_xml(self, model: str, method: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Return a result, or raise a Fault, as xmlrpc.client does."""
        params = ("any", 1, self.key, model, method, args, kwargs)
        body = xmlrpc.client.dumps(params, "execute_kw", allow_none=True).encode()
        ended = await self.send("/xmlrpc/2/object", body, "text/xml")
        return xmlrpc.client.loads(ended.response.body)[0][0]

    async def by_json(self, model: str, method: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Return a result; raises KeyError where there is an error."""
        params = {"service": "object", "method": "execute_kw"}
        params["args"] = ["any", 1, self.key, model, method, args, kwargs]
        body = {"jsonrpc": "2.0", "method": "call", "params": params, "id": 5}
        ended = await self.send("/jsonrpc", json.dumps(body).encode(), "application/json")
        return json.loads(ended.response.body)["result"]

    async def by_json2(self, model: str, method: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Return a result; raises AssertionError where there is an error."""
        named = {**({"ids": args[0]} if args else {}), **kwargs}
        key = ("authorization", f"bearer {self.key}")
        ended = await self.send(f"/json/2/{model}/{method}", json.dumps(named).encode(), "application/json", key)
        assert ended.response.status == 200, ended.response.body
        return json.loads(ended.response.body)

    def ways(self) -> tuple[Callable[..., Any], ...]:
        """Return the three protocols."""
        return self.by_xml, self.by_json, self.by_json2


@pytest.mark.parametrize(("client", "purpose"), CALLERS)
async def test_a_partner_is_the_same_on_every_surface(
    harness: GatewayHarness, client: str, purpose: str | None
) -> None:
    """Read by number or found by a search, in each protocol, a partner shows the same."""
    ask = Asker(harness, client, purpose)
    key = ask.crm.people()[0]["id"]
    shown = []
    for way in ask.ways():
        shown += await way("res.partner", "read", [[key]], {"fields": FIELDS})
        domain = [["id", "=", key]]
        shown += await way("res.partner", "search_read", [], {"domain": domain, "fields": FIELDS})
    assert 6 < len(shown[0]) <= len(FIELDS)
    assert all(each == shown[0] for each in shown)
    assert shown[0]["parent_id"][1] == "Northwind Orchards"
    if client != "privacy_desk":
        assert not {"vat", "x_iban"} & shown[0].keys()
        assert shown[0]["comment"] is None


async def test_what_a_link_is_called_is_data_about_the_other_record(harness: GatewayHarness) -> None:
    """The newsletter may read numbers of links, and not what colleagues are called."""
    ask = Asker(harness, "mailer", "newsletter")
    domain = [["id", "=", ask.crm.people()[0]["id"]]]
    for way in ask.ways():
        (row,) = await way("res.partner", "search_read", [], {"domain": domain, "fields": ["name", "user_id"]})
        assert row["user_id"] == [2, False]


async def test_the_key_in_a_call_is_the_callers_and_the_crm_sees_another(harness: GatewayHarness) -> None:
    """What stands where a password belongs says who calls; database, number and password are the lane's."""
    ask = Asker(harness, "helpdesk")
    await ask.by_xml("res.partner", "search_count", [[]], {})
    assert ask.ended.forwarded is not None
    params, method = xmlrpc.client.loads(ask.ended.forwarded.body)
    assert (method, params[:3]) == ("execute_kw", ("crm", 2, CRM_TOKEN))
    assert CRM_TOKEN not in str(ask.ended.forwarded.headers)
    assert ask.key.encode() not in ask.ended.forwarded.body
    assert ask.ended.entries[0]["client"] == "helpdesk"
    await ask.by_json2("res.partner", "search_count", [], {"domain": []})
    assert ("authorization", f"Bearer {CRM_TOKEN}") in ask.ended.forwarded.headers.fields


async def test_a_header_says_who_calls_if_there_is_one(harness: GatewayHarness) -> None:
    """Then what stands in the call does not matter, and is not sent."""
    ask = Asker(harness, "helpdesk")
    ask.fields, ask.key = (("x-lychgate-key", ask.key),), "anything"
    assert await ask.by_xml("res.partner", "search_count", [[]], {}) > 10


@pytest.mark.parametrize("key", ["", "admin", "lg_" + "x" * 43])
async def test_nobody_gets_in_with_another_password(harness: GatewayHarness, key: str) -> None:
    """Not even by the CRM's own."""
    ask = Asker(harness, "helpdesk")
    for wrong in (key, CRM_TOKEN):
        ask.key = wrong
        with pytest.raises(xmlrpc.client.Fault):
            await ask.by_xml("res.partner", "search_count", [[]], {})
        assert ask.ended.forwarded is None
        assert ask.ended.response.status == 401


async def test_clients_log_in_as_the_lane(harness: GatewayHarness) -> None:
    """`authenticate` answers with the lane's own number, whoever calls; `version` needs no password."""
    ask = Asker(harness, "helpdesk")
    body = xmlrpc.client.dumps(("any", "me", ask.key, {}), "authenticate").encode()
    ended = await ask.send("/xmlrpc/2/common", body, "text/xml")
    assert xmlrpc.client.loads(ended.response.body)[0][0] == 2
    key = ("x-lychgate-key", ask.key)
    ended = await ask.send("/xmlrpc/2/common", xmlrpc.client.dumps((), "version").encode(), "text/xml", key)
    found = xmlrpc.client.loads(ended.response.body)[0][0]
    assert found == {"server_version": "18.0", "server_serie": "18.0", "protocol_version": 1}


HIDDEN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("search", {"domain": [["vat", "=", "000-12-0101"]]}),
    ("search", {"domain": [["vat", "=like", "000%"]]}),
    ("search_count", {"domain": ["|", ["name", "=", "x"], "!", ["x_iban", "!=", False]]}),
    ("search_read", {"domain": [["parent_id.child_ids.vat", "=", "x"]]}),
    ("search_read", {"domain": [["child_ids", "any", [["vat", "=", "x"]]]]}),
    ("search_read", {"domain": [["child_ids", "ilike", "x"]]}),
    ("search_read", {"domain": [["phone", "like", "0101"]]}),
    ("search_read", {"domain": [["nobody_listed", "=", 1]]}),
    ("search_read", {"domain": [], "order": "birthdate_date desc"}),
    ("search_read", {"domain": [["active", "=", False]]}),
    ("search_read", {"domain": [], "context": {"active_test": False}}),
    ("read_group", {"domain": [], "fields": [], "groupby": ["vat"]}),
    ("read_group", {"domain": [], "fields": ["credit_limit:max"], "groupby": ["company_type"]}),
    ("name_search", {"name": "000-12"}),
)


@pytest.mark.parametrize(("method", "kwargs"), HIDDEN, ids=str)
async def test_a_hidden_field_answers_nothing(
    harness: GatewayHarness, method: str, kwargs: dict[str, Any]
) -> None:
    """IO-01 to IO-09: whatever way it is asked by, in whatever protocol, the CRM is not."""
    ask = Asker(harness, "helpdesk")
    with pytest.raises(xmlrpc.client.Fault) as fault:
        await ask.by_xml("res.partner", method, [], kwargs)
    assert fault.value.faultCode == 4
    assert ask.ended.forwarded is None
    with pytest.raises(KeyError):
        await ask.by_json("res.partner", method, [], kwargs)
    error = json.loads(ask.ended.response.body)
    assert (error["id"], error["error"]["data"]["name"]) == (5, "odoo.exceptions.AccessError")
    with pytest.raises(AssertionError):
        await ask.by_json2("res.partner", method, [], kwargs)
    assert ask.ended.response.status == 403
    assert json.loads(ask.ended.response.body)["name"] == "odoo.exceptions.AccessError"


async def test_names_and_definitions(harness: GatewayHarness) -> None:
    """A search by name finds numbers and names; definitions are of what is listed, and no more of each."""
    ask = Asker(harness, "privacy_desk", "subject_request")
    for way in ask.ways():
        assert await way("res.country", "name_search", [], {"name": "ire"}) == [[1, "Ireland"]]
        shown = await way("res.partner", "fields_get", [], {"allfields": ["email", "active"]})
        assert shown["email"] == {"type": "char", "string": "Email", "store": True}
        assert shown.keys() == {"email", "active"}


async def test_writes(harness: GatewayHarness) -> None:
    """An agent writes a new number; a mask does not come back; nobody but the privacy office deletes."""
    ask = Asker(harness, "helpdesk")
    key = ask.crm.people()[0]["id"]
    for number, way in enumerate(ask.ways()):
        assert await way("res.partner", "write", [[key]], {"vals": {"phone": f"+353 1 555 019{number}"}}) is True
        assert ask.crm.people()[0]["phone"].endswith(str(number))
    with pytest.raises(xmlrpc.client.Fault):
        await ask.by_xml("res.partner", "write", [[key], {"phone": "*** *** 01"}], {})
    for values in ({"active": False}, {"vat": "x"}, {"child_ids": [[0, 0, {"name": "x"}]]}):
        with pytest.raises(xmlrpc.client.Fault):
            await ask.by_xml("res.partner", "write", [[key], values], {})
        assert ask.ended.forwarded is None
    with pytest.raises(KeyError):
        await ask.by_json("res.partner", "unlink", [[key]], {})
    office = Asker(harness, "privacy_desk", "subject_request")
    assert await office.by_json("res.partner", "unlink", [[key]], {}) is True
    assert key not in {each["id"] for each in office.crm.people()}
    with pytest.raises(xmlrpc.client.Fault, match="does not accept"):
        await office.by_xml("res.partner", "read", [[key]], {"fields": ["name"]})


async def test_a_fault_of_the_crm_is_told_in_constants(harness: GatewayHarness) -> None:
    """Neither its text nor its traceback crosses."""
    ask = Asker(harness, "privacy_desk", "subject_request")
    with pytest.raises(KeyError):
        await ask.by_json("res.partner", "read", [[999]], {"fields": ["name"]})
    told = json.loads(ask.ended.response.body)["error"]["data"]
    assert (told["name"], told["debug"]) == ("odoo.exceptions.MissingError", "")
    assert "999" not in ask.ended.response.body.decode()
    with pytest.raises(AssertionError):
        await ask.by_json2("res.partner", "read", [[999]], {"fields": ["name"]})
    assert (ask.ended.response.status, json.loads(ask.ended.response.body)["debug"]) == (404, "")


async def test_a_large_call_says_in_a_header_who_calls(harness: GatewayHarness) -> None:
    """A body of anybody's is not read at any size to find out whose it is."""
    ask = Asker(harness, "helpdesk_leads")
    values = {"name": "x" * 300_000}
    with pytest.raises(xmlrpc.client.Fault):
        await ask.by_xml("res.partner", "create", [values], {})
    assert ask.ended.response.status == 401
    ask.fields = (("x-lychgate-key", ask.key),)
    assert await ask.by_xml("res.partner", "create", [values], {}) > 0
