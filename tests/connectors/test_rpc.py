"""RPC calls: the body decides what an operation is, and what is not declared is refused."""

from pathlib import Path
from typing import Any

import pytest

from proxy.connectors import Connector, load_connector
from proxy.errors import ExchangeError, Gap, Problems
from proxy.message import Headers, Request, Tree
from proxy.model import Action

TRYTON = Path(__file__).parents[2] / "policies" / "connectors" / "tryton.yaml"
PARTY, MECHANISM, ADDRESS = "party.party", "party.contact_mechanism", "party.address"


@pytest.fixture(scope="module")
def tryton() -> Connector:
    """The connector that ships."""
    return load_connector(TRYTON)


def asked(tryton: Connector, method: str, params: list[Tree], **more: Tree) -> Any:
    """Return what a call is recognised as."""
    request = Request("POST", "/crm/rpc/", headers=Headers((("content-type", "text/xml"),)), body=b"x")
    return tryton.route(request).recognise(request, {**more, "method": method, "params": params})


def uses(operation: Any) -> set[str]:
    """Return `action object.field` of every use."""
    return {f"{use.action} {use.object}.{use.field}" for use in operation.uses}


def test_the_url_says_nothing_and_the_method_everything(tryton: Connector) -> None:
    """The same URL reads, writes and deletes, as the body says (XM-07, RC-14)."""
    for method, params, action in (
        ("read", [[1], ["name"], {}], Action.READ),
        ("write", [[1], {"name": "x"}, {}], Action.UPDATE),
        ("delete", [[1], {}], Action.DELETE),
    ):
        (operation,) = asked(tryton, f"model.party.party.{method}", params).operations
        assert (operation.action, operation.object, operation.records) == (action, PARTY, ("1",))


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("model.party.party.copy", "route"),
        ("model.party.party.export_data", "route"),  # a file of everything
        ("model.party.party.import_data", "route"),
        ("model.party.party.history_revisions", "route"),
        ("model.party.party.autocomplete", "route"),  # a search in all fields
        ("model.party.party.on_change_notify", "route"),  # tells of duplicates of other people
        ("model.party.party.fields_view_get", "route"),
        ("model.ir.note.search_read", "object"),
        ("model.ir.attachment.read", "object"),
        ("model.res.user.application.create", "object"),  # would make a credential
        ("model.ir.model.read", "object"),
        ("wizard.party.erase.create", "route"),
        ("wizard.party.replace.execute", "route"),
        ("report.party.label.execute", "route"),
        ("common.db.login", "route"),
        ("common.db.list", "route"),
        ("common.db.reset_password", "route"),
        ("system.methodHelp", "route"),
        ("model.party.party", "object"),  # a method "party" of an object "party"
        ("read", "route"),
        ("", "route"),
        ("MODEL.party.party.read", "route"),
        ("model.party.party.read ", "route"),
        ("model.p\u0430rty.party.read", "route"),  # a Cyrillic letter
    ],
)
def test_what_is_not_declared_is_refused(tryton: Connector, method: str, kind: str) -> None:
    """An undeclared method or object is a gap, whatever its arguments."""
    with pytest.raises(Gap) as caught:
        asked(tryton, method, [[1], {}])
    assert caught.value.kind == kind
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "path",
    ["/crm/rpc", "/crm/", "/", "/other/rpc/", "/other/rest/model/party.party", "/crm/session/login", "/crm/r/x"],
)
def test_only_the_lane_s_own_database_is_reached(tryton: Connector, path: str) -> None:
    """Other databases, by REST too, and the session interface have no route."""
    with pytest.raises(Gap):
        tryton.route(Request("POST", path))


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        "x",
        {"method": "model.party.party.read"},
        {"method": "model.party.party.read", "params": {}},
        {"method": 1, "params": []},
        {"id": "1", "method": "model.party.party.read", "params": [[1], ["name"], {}]},
        {"id": True, "method": "model.party.party.read", "params": [[1], ["name"], {}]},
        # trytond answers anything else than these three members as something other than RPC
        {"id": 1, "jsonrpc": "2.0", "method": "model.party.party.read", "params": [[1], ["name"], {}]},
        {"method": "model.party.party.read", "params": [[1], ["name"], {}], "extra": 1},
    ],
)
def test_only_a_call_is_a_call(tryton: Connector, tree: Tree) -> None:
    """A body that is not exactly one call is refused."""
    request = Request("POST", "/crm/rpc/", body=b"x")
    with pytest.raises(ExchangeError) as caught:
        tryton.route(request).recognise(request, tree)
    assert caught.value.status == 400


def test_json_and_xml_calls_mean_the_same(tryton: Connector) -> None:
    """The same call in both protocols is the same operation; only JSON-RPC has a number (invariant 2)."""
    call = ("model.party.party.search_read", [[["name", "=", "x"]], 0, 5, None, ["name"], {}])
    xml, json = asked(tryton, *call), asked(tryton, *call, id=7)
    assert xml.operations == json.operations
    assert "id" not in xml.tree
    assert json.tree == {"id": 7, **xml.tree}


def test_every_use_of_a_search_is_found(tryton: Connector) -> None:
    """Selected, filtering and sorting fields are all among the uses."""
    domain = [["contact_mechanisms.value", "like", "%x"], ["active", "in", [True, False]]]
    (operation,) = asked(
        tryton,
        "model.party.party.search_read",
        [domain, 0, None, [["name", "ASC"]], ["code", "addresses.city"], {}],
    ).operations
    assert uses(operation) == {
        "list party.party.code",
        "list party.party.addresses",
        "list party.address.city",
        "filter party.party.contact_mechanisms",
        "filter party.contact_mechanism.phone_value",
        "filter party.contact_mechanism.email_value",
        "filter party.contact_mechanism.web_value",
        "filter party.contact_mechanism.any_value",
        "filter party.party.active",
        "sort party.party.name",
    }


def test_searching_by_name_is_searching_in_identifiers_and_contacts(tryton: Connector) -> None:
    """`rec_name` is declared as what trytond makes of it, so that it needs a grant for all of that (IO-09)."""
    (operation,) = asked(tryton, "model.party.party.search", [[["rec_name", "ilike", "%x%"]], {}]).operations
    assert {
        "filter party.party.rec_name",
        "filter party.party.name",
        "filter party.party.code",
        "filter party.identifier.code",
        "filter party.contact_mechanism.email_value",
    } <= uses(operation)


def test_bare_ids_must_be_allowed_outright(tryton: Connector) -> None:
    """A search answers ids with no record to judge, so showing them is judged before it leaves."""
    (operation,) = asked(tryton, "model.party.party.search", [[], {}]).operations
    assert uses(operation) == {"list party.party.id", "read party.party.id"}


def test_a_count_is_an_aggregate(tryton: Connector) -> None:
    """Counting is a use of its own (IO-18)."""
    (operation,) = asked(tryton, "model.party.party.search_count", [[["name", "=", "x"]], {}]).operations
    assert uses(operation) == {"aggregate party.party.id", "filter party.party.name"}


@pytest.mark.parametrize(
    ("method", "answer_object"), [("fields_get", "ir.model.field"), ("default_get", PARTY), ("on_change", PARTY)]
)
def test_what_draws_a_form_is_a_read(tryton: Connector, method: str, answer_object: str) -> None:
    """Definitions, defaults and computed values store nothing, and are judged as reads."""
    params: list[Tree] = [{"id": -1, "name": "x"}, ["name"], {}] if method == "on_change" else [["name"], {}]
    (operation,) = asked(tryton, f"model.party.party.{method}", params).operations
    assert (operation.action, operation.object) == (Action.READ, answer_object)


def test_the_target_is_written_anew(tryton: Connector) -> None:
    """What is sent goes to the declared path, in the codec of the call, with headers the connector lists."""
    found = asked(tryton, "common.server.version", [])
    assert found.target == "/crm/rpc/"
    assert found.headers == (("accept-encoding", "identity"),)


def test_what_tryton_says_of_its_coding_is_not_believed(tryton: Connector) -> None:
    """trytond 8.2 calls a large JSON answer gzip though it was told to send no coding and did not."""
    assert not tryton.route(Request("POST", "/crm/rpc/")).coded


def test_the_connector_s_author_sees_what_is_wrong(tmp_path: Path) -> None:
    """A section that names what is not listed is refused when the connector loads."""
    text = TRYTON.read_text()
    for old, new, said in (
        ("inverse: party}\n        contact", "inverse: owner}\n        contact", "inverse"),
        ("- identifiers.code\n", "- identifiers.ssn\n", "leads nowhere"),
        ("other: any_value", "other: no_value", "not listed"),
        ("stored: value", "stored: number", "stored one"),
        ("fields: [value, value_compact, url]", "fields: [value, value_compact, url, name]", "both as typed"),
        ("replaced_by: {object: party.party}", "replaced_by: {object: party.person}", "not listed"),
        ("params: [ids, context], answer: nothing", "params: [context, ids], answer: nothing", "context"),
        ("object: system, answer: text", "object: sys, answer: text", "not listed"),
        ("    ir.lang: {labels", "    ir.language: {labels", "not listed"),
        ("  ir.model.field: ", "  ir.model.fields: ", "definitions"),
        ("    UserError: Tryton", "    UserErrors: Tryton", "codes"),
    ):
        assert text.count(old) == 1, old
        path = tmp_path / "tryton.yaml"
        path.write_text(text.replace(old, new))
        with pytest.raises(Problems) as caught:
            load_connector(path)
        assert said in str(caught.value), old


def test_the_grammar_needs_its_section(tmp_path: Path) -> None:
    """A route with this grammar and no `rpc:` section is refused at load."""
    text = TRYTON.read_text()
    start, end = text.index("\nrpc:"), text.index("\nerrors:")
    path = tmp_path / "tryton.yaml"
    path.write_text(text[:start] + text[end:])
    with pytest.raises(Problems, match="rpc:"):
        load_connector(path)
