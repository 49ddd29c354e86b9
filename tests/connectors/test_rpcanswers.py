"""What comes back from a call: every record found, everything undeclared pruned, other shapes withheld."""

from pathlib import Path
from typing import Any

import pytest

from proxy.connectors import Connector, Opened, load_connector
from proxy.errors import UpstreamFault
from proxy.message import Headers, Request, Tree
from proxy.model import Action

TRYTON = Path(__file__).parents[2] / "policies" / "connectors" / "tryton.yaml"
PARTY, MECHANISM = "party.party", "party.contact_mechanism"
READ: tuple[str, list[Tree]] = ("model.party.party.read", [[1], ["name"], {}])
SEARCH: tuple[str, list[Tree]] = ("model.party.party.search", [[], {}])
FORM: tuple[str, list[Tree]] = ("model.party.party.on_change", [{"id": -1}, ["name"], {}])


@pytest.fixture(scope="module")
def tryton() -> Connector:
    """The connector that ships."""
    return load_connector(TRYTON)


def opened(tryton: Connector, call: tuple[str, list[Tree]], answer: Tree, number: int | None = None) -> Opened:
    """Return an answer to a call, taken apart."""
    request = Request("POST", "/crm/rpc/", headers=Headers((("content-type", "text/xml"),)), body=b"x")
    tree: dict[str, Tree] = {"method": call[0], "params": call[1]}
    asked = tryton.route(request).recognise(request, tree if number is None else {"id": number, **tree})
    return asked.open(200, answer)


def seen(found: Opened) -> list[tuple[str, str | None, dict[str, str]]]:
    """Return object, key and the field behind each member of every record."""
    return [
        (
            record.object,
            record.key,
            {member: record.names[member][1] if record.names else member for member in record.members},
        )
        for record in found.records
    ]


def test_records_are_the_rows_themselves(tryton: Connector) -> None:
    """A record's members are the live dict of the tree, and undeclared members are gone from it."""
    row: dict[str, Tree] = {"id": 1, "name": "Mara", "create_uid": 1, "x_ssn": "1", "_timestamp": "1.5"}
    found = opened(tryton, READ, {"result": [row]})
    assert found.tree == {"result": [{"id": 1, "name": "Mara", "_timestamp": "1.5"}]}
    assert found.records[0].members is row
    assert seen(found) == [(PARTY, "1", {"id": "id", "name": "name", "_timestamp": "write_date"})]
    assert (found.pruned, found.records[0].action) == (2, Action.READ)


def test_records_inside_records_are_records_of_their_own(tryton: Connector) -> None:
    """A relation's members are judged as the relation, and what is inside as records of the other object."""
    row = {
        "id": 1,
        "contact_mechanisms.": [
            {"id": 3, "type": "phone", "type:string": "Phone", "value": "+353", "party.": {"id": 1, "x": 1}},
            {"id": 4, "type": "email", "value": "m@x", "value_compact": "m@x", "email": "m@x"},
        ],
        "lang.": None,
        "name.": {"x": 1},  # no relation
    }
    found = opened(tryton, READ, {"result": [row]})
    assert seen(found) == [
        (PARTY, "1", {"id": "id", "contact_mechanisms.": "contact_mechanisms", "lang.": "lang"}),
        (
            MECHANISM,
            None,  # a record about a person, but not the person's own
            {"id": "id", "type": "type", "type:string": "type", "value": "phone_value", "party.": "party"},
        ),
        (PARTY, "1", {"id": "id"}),
        (
            MECHANISM,
            None,
            {"id": "id", "type": "type", "value": "email_value", "value_compact": "email_value"},
        ),
    ]
    assert found.pruned == 3
    assert [record.within and (record.within[0].key, record.within[1]) for record in found.records] == [
        None,
        ("1", "contact_mechanisms."),
        (None, "party."),
        ("1", "contact_mechanisms."),
    ]


def test_a_value_whose_type_is_not_there_is_left_out(tryton: Connector) -> None:
    """Nobody can judge a value that may be a phone number or an e-mail address."""
    call: tuple[str, list[Tree]] = ("model.party.contact_mechanism.read", [[1], ["value", "party"], {}])
    found = opened(tryton, call, {"result": [{"id": 3, "value": "+353", "party": 1}]})
    assert seen(found) == [(MECHANISM, None, {"id": "id", "party": "party"})]


def test_a_form_cannot_say_what_a_stored_value_is(tryton: Connector) -> None:
    """trytond guesses the type from the value, or takes the client's word: neither may decide who sees it."""
    form: Tree = {"id": 2, "type": "website"}
    call: tuple[str, list[Tree]] = ("model.party.contact_mechanism.on_change", [form, ["value"], {}])
    answer = {"type": "mobile", "value": "mara@x", "value_compact": "mara@x", "url": "tel:mara@x"}
    assert opened(tryton, call, {"result": answer}).tree == {"result": {"type": "mobile"}}
    changed: Tree = {"contact_mechanisms": {"update": [{"id": 2, "type": "phone", "value": "mara@x"}]}}
    assert opened(tryton, FORM, {"result": changed}).tree == {
        "result": {"contact_mechanisms": {"update": [{"id": 2, "type": "phone"}]}}
    }


def test_rows_that_look_the_same_share_their_names(tryton: Connector) -> None:
    """A page of records is compiled once (invariant 10)."""
    rows = [{"id": number, "_timestamp": "1"} for number in range(3)]
    found = opened(tryton, READ, {"result": rows})
    assert len({id(record.names) for record in found.records}) == 1


def test_a_form_s_answer_holds_records_among_its_changes(tryton: Connector) -> None:
    """Values that a form computed are records as well, however they are wrapped."""
    answer = {
        "name": "x",
        "contact_mechanisms": {
            "add": [[0, {"id": 3, "type": "phone", "value": "+353"}]],
            "update": [{"id": 4, "ssn": 1}],
            "remove": [5],
            "delete": [6],
        },
    }
    found = opened(tryton, FORM, {"result": answer})
    assert [name for name, _, _ in seen(found)] == [PARTY, MECHANISM, MECHANISM]
    assert found.pruned == 2
    assert opened(tryton, FORM, {"result": None}).records == []


def test_definitions_are_kept_for_declared_fields_only(tryton: Connector) -> None:
    """What a field is called and looks like is told of declared fields, in declared words (IO-17)."""
    answer = {"name": {"type": "char", "default_value": "canary"}, "x_ssn": {"type": "char"}}
    found = opened(tryton, ("model.party.party.fields_get", [None, {}]), {"result": answer})
    assert found.tree == {"result": {"name": {"type": "char"}}}
    assert [record.object for record in found.records] == ["ir.model.field"]
    assert found.pruned == 1  # the undeclared property; that there are other fields is how it is meant to be


def test_a_typed_member_has_a_definition(tryton: Connector) -> None:
    """Clients see `value`, and never the names that policy knows it by."""
    answer: dict[str, Tree] = {"value": {"type": "char"}, "phone_value": {"type": "char"}}
    call: tuple[str, list[Tree]] = ("model.party.contact_mechanism.fields_get", [None, {}])
    assert opened(tryton, call, {"result": answer}).tree == {"result": {"value": {"type": "char"}}}


def test_methods_are_listed_if_they_can_be_called(tryton: Connector) -> None:
    """What the lane refuses is not on the list, so that clients do not offer it."""
    names = ["model.party.party.read", "model.party.party.copy", "wizard.party.erase.create", "model.x.read", 1]
    found = opened(tryton, ("system.listMethods", []), {"result": names})
    assert (found.tree, found.pruned) == ({"result": ["model.party.party.read"]}, 0)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (READ, None),
        (READ, []),
        (READ, {}),
        (READ, {"result": None}),
        (READ, {"result": {"id": 1}}),
        (READ, {"result": ["Mara"]}),
        (READ, {"result": [{"id": 1, "contact_mechanisms": ["Mara"]}]}),
        (READ, {"result": [{"id": 1, "contact_mechanisms": [["Mara"]]}]}),
        (READ, {"result": [], "id": 1}),  # JSON-RPC where XML-RPC was asked
        (READ, {"result": [], "debug": "Mara"}),
        (READ, {"method": "x", "params": []}),
        (SEARCH, {"result": [{"id": 1}]}),
        (SEARCH, {"result": ["1"]}),
        (SEARCH, {"result": [True]}),
        (("model.party.party.search_count", [[], {}]), {"result": "Mara"}),
        (("model.party.party.search_count", [[], {}]), {"result": True}),
        (("model.party.party.search_count", [[], {}]), {"result": -1}),
        (("model.party.party.search_count", [[], {}]), {"result": 1 << 60}),
        (("model.party.party.write", [[1], {}, {}]), {"result": [{"name": "Mara"}]}),
        (("model.party.party.create", [[{}], {}]), {"result": [{"name": "Mara"}]}),
        (("common.server.version", []), {"result": {"name": "Mara"}}),
        (FORM, {"result": {"contact_mechanisms": {"add": "Mara"}}}),
        (FORM, {"result": {"contact_mechanisms": {"add": [{"name": "Mara"}]}}}),
    ],
)
def test_an_answer_of_another_shape_is_withheld(tryton: Connector, call: Any, answer: Tree) -> None:
    """What is not shaped as declared is not released, whatever it may be."""
    with pytest.raises(UpstreamFault, match="unexpected_shape"):
        opened(tryton, call, answer)


def test_a_json_answer_must_repeat_the_call_s_number(tryton: Connector) -> None:
    """An answer to another call is withheld."""
    assert opened(tryton, SEARCH, {"id": 7, "result": [1]}, 7).tree == {"id": 7, "result": [1]}
    assert opened(tryton, SEARCH, {"id": 7, "result": [1], "error": None}, 7).tree == {"id": 7, "result": [1]}
    for other in ({"id": 8, "result": [1]}, {"result": [1]}, {"id": "7", "result": [1]}):
        with pytest.raises(UpstreamFault):
            opened(tryton, SEARCH, other, 7)


def test_a_fault_inside_a_success_is_a_fault(tryton: Connector) -> None:
    """Tryton's words are replaced wherever they stand."""
    xml = opened(tryton, READ, {"fault": {"faultCode": 1, "faultString": 'record "Mara" of "Party"'}})
    json = opened(tryton, READ, {"id": 7, "error": ["UserError", ['record "Mara"', "", None]]}, 7)
    for found in (xml, json):
        assert found.is_error
        assert "Mara" not in repr(found.tree)
