"""The Odoo sandbox, spoken to by the unmodified xmlrpc.client and by plain JSON."""

import json
import xmlrpc.client

import pytest

from proxy.sandbox import Call, OdooSandbox, running

TOKEN = "test-token"


@pytest.fixture
def crm():
    """An Odoo sandbox without a socket."""
    return OdooSandbox(TOKEN)


@pytest.fixture
def execute(crm):
    """A function that calls a method of a model by xmlrpc.client, over a socket."""
    with (
        running(crm) as address,
        xmlrpc.client.ServerProxy(f"{address.url}/xmlrpc/2/common") as common,
        xmlrpc.client.ServerProxy(f"{address.url}/xmlrpc/2/object", allow_none=True) as models,
    ):
        uid = common.authenticate("crm", "lychgate@example.org", TOKEN, {})
        assert common.authenticate("crm", "lychgate@example.org", "x", {}) is False
        assert common.version()["server_serie"] == "18.0"

        def call(model, method, *args, **kwargs):
            return models.execute_kw("crm", uid, TOKEN, model, method, list(args), kwargs)

        yield call


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ([["name", "=", "Aoife Byrne"]], ["Aoife Byrne"]),
        (["|", ["name", "ilike", "BYRNE"], ["vat", "=like", "000-12-0102%"]], ["Aoife Byrne", "Jürgen Weiß"]),
        (["&", "!", ["email", "ilike", "example"], ["is_company", "=", False]], []),
        ([["parent_id.name", "=", "Harbour Clinic"]], ["Thomas Okafor", "Ngozi Adeyemi"]),
        ([["parent_id", "ilike", "sakura"]], []),
        ([["country_id.code", "in", ["JP"]], ["is_company", "=", False]], ["美咲 田中"]),
        ([["child_ids.vat", "=", "000-12-0109"]], ["Coral Analytics"]),
        ([["credit_limit", ">", 140000]], ["Thomas Okafor", "Grace O'Neill"]),
        ([[0, "=", 1]], []),
    ],
)
def test_domains(execute, domain, found):
    """Polish notation, dotted paths, text against links."""
    rows = execute("res.partner", "search_read", domain, ["name"], order="id")
    assert [row["name"] for row in rows] == found
    assert execute("res.partner", "search_count", domain) == len(found)


def test_reads(execute):
    """Links come with what the other record is called, unless asked without; a search looks into several."""
    ((key, label),) = execute("res.partner", "name_search", "aoife.byrne@")
    assert label == "Northwind Orchards, Aoife Byrne"
    (row,) = execute("res.partner", "read", [key], fields=["parent_id", "child_ids"])
    assert row == {"id": key, "parent_id": [row["parent_id"][0], "Northwind Orchards"], "child_ids": []}
    (row,) = execute("res.partner", "read", [key], fields=["parent_id"], load="")
    assert isinstance(row["parent_id"], int)
    groups = execute(
        "res.partner", "read_group", [["is_company", "=", False]], ["credit_limit:max"], ["country_id"]
    )
    assert {group["country_id"][1]: group["country_id_count"] for group in groups}["Ireland"] == 2
    assert groups[0]["__domain"]
    assert execute("res.partner", "fields_get", ["email"], ["type"]) == {"email": {"type": "char"}}


def test_writes(execute):
    """Records are made, changed, archived and removed, and those below them as well."""
    key = execute("res.partner", "create", {"name": "Ida", "child_ids": [[0, 0, {"name": "Bo"}]]})
    (below,) = execute("res.partner", "search", [["parent_id", "=", key]])
    assert execute("res.partner", "write", [key], {"child_ids": [[1, below, {"phone": "1"}]], "city": "Cork"})
    assert execute("res.partner", "read", [below], ["phone"])[0]["phone"] == "1"
    assert execute("res.partner", "write", [key], {"active": False})
    assert execute("res.partner", "search", [["name", "=", "Ida"]]) == []
    context = {"active_test": False}
    assert execute("res.partner", "search", [["name", "=", "Ida"]], context=context) == [key]
    assert execute("res.partner", "unlink", [key])
    with pytest.raises(xmlrpc.client.Fault, match="does not exist"):
        execute("res.partner", "read", [key])
    assert execute("res.partner", "read", [below], ["parent_id"])[0]["parent_id"] is False


def test_json(crm):
    """JSON-RPC has its errors inside a 200, JSON-2 in a status; both with a traceback."""

    def post(path, body, **headers):
        return crm.answer(Call("POST", path, headers=headers, body=json.dumps(body).encode()))

    def rpc(key):
        args = ["crm", 2, key, "res.partner", "search_count", [[]]]
        params = {"service": "object", "method": "execute_kw", "args": args}
        return post("/jsonrpc", {"jsonrpc": "2.0", "method": "call", "params": params, "id": 4}).tree

    assert rpc(TOKEN) == {"jsonrpc": "2.0", "id": 4, "result": len(crm.database.rows["res.partner"])}
    assert rpc("x")["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert post("/json/2/res.partner/search", {"domain": [], "limit": 2}, **bearer).tree == [1, 2]
    assert post("/json/2/res.partner/search", {}).status == 401
    wrong = post("/json/2/res.partner/read", {"ids": [999]}, **bearer)
    assert (wrong.status, wrong.tree["name"]) == (404, "odoo.exceptions.MissingError")
    assert "Traceback" in wrong.tree["debug"]
    assert post("/json/2/res.partner/nope", {}, **bearer).status == 404
