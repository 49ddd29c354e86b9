"""The arguments of a call: each is what belongs at its place, or the call is refused."""

from typing import Any

import pytest

from proxy.connectors.domains import UNDECLARED, Relation, Shape, Typed
from proxy.connectors.rpcargs import MAX_FORM_DEPTH, MAX_NAMES, Arguments
from proxy.connectors.rpcspec import RpcCall
from proxy.errors import ExchangeError
from proxy.message import Tree
from proxy.model import Action

SHAPES = {
    "party": Shape(
        frozenset({"id", "name", "active", "type", "mails", "write_date"}),
        {"mails": Relation("mail", many=True, inverse="party")},
        aliases={"_timestamp": "write_date"},
    ),
    "mail": Shape(
        frozenset({"id", "party", "type", "value"}),
        {"party": Relation("party")},
        typed=Typed("type", frozenset({"value"}), {"email": "email_value"}, "any_value"),
    ),
}
CONTEXT = {"language": "text", "active_test": "active", "_timestamp": "timestamps"}


def taken(params: list[str], given: list[Tree], name: str = "party", answer: str = "records") -> Arguments:
    """Return the arguments of a call, taken in."""
    call = RpcCall.model_validate({"action": Action.READ, "params": params, "answer": answer})
    arguments = Arguments(call, name, SHAPES, CONTEXT)  # type: ignore[arg-type]
    arguments.take(given)
    return arguments


def named(arguments: Arguments) -> list[str]:
    """Return `action object.field` of each use."""
    return [f"{use.action} {use.object}.{use.field}" for use in arguments.uses]


SEARCH = ["domain", "offset", "limit", "order", "fields", "context"]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ([[], {}], [[], 0, None, [["id", "ASC"]], {}]),
        ([[], 5, {}], [[], 5, None, [["id", "ASC"]], {}]),
        ([[], 0, 10, None, {}], [[], 0, 10, [["id", "ASC"]], {}]),
        ([[], 0, 10, [], ["name"], {}], [[], 0, 10, [["id", "ASC"]], ["name"], {}]),
        ([[], 0, None, [["name", "DESC"]], {}], [[], 0, None, [["name", "DESC"]], {}]),
    ],
)
def test_an_order_that_nobody_chose_is_by_id(given: list[Tree], sent: list[Tree]) -> None:
    """The CRM's own order would tell how hidden names compare (IO-03)."""
    assert taken(SEARCH, given).params == sent


@pytest.mark.parametrize(
    ("given", "sent", "uses"),
    [
        (["name", "ssn"], ["name"], ["read party.name", f"read party.{UNDECLARED}"]),
        (["_timestamp", "__name__"], ["_timestamp"], ["read party.write_date", f"read party.{UNDECLARED}"]),
        (
            ["mails.value", "mails.ssn"],
            ["mails.value"],
            ["read party.mails", "read mail.email_value", "read mail.any_value", f"read mail.{UNDECLARED}"],
        ),
        # to name none would ask for whatever the CRM chooses
        (["mails.ssn"], ["id"], ["read party.mails", f"read mail.{UNDECLARED}"]),
        ([], [], []),
        (None, None, []),
    ],
)
def test_a_field_that_nobody_declared_is_not_asked_for(given: Tree, sent: Tree, uses: list[str]) -> None:
    """It is noted, so that policy says no to it; an error of the CRM would tell whether there is one."""
    arguments = taken(["ids", "fields", "context"], [[1], given, {}])
    assert arguments.params == [[1], sent, {}]
    assert list(dict.fromkeys(named(arguments))) == uses


@pytest.mark.parametrize(
    ("params", "given", "reason"),
    [
        (SEARCH, [], "context_expected"),
        (SEARCH, [{}], "bad_arguments"),  # no domain
        (SEARCH, [[], 0, 1, None, [], 1, {}], "bad_arguments"),
        (SEARCH, [[], 0, 1, None, ["name"]], "context_expected"),  # the last one is the context
        (SEARCH, [[], -1, {}], "bad_arguments"),
        (SEARCH, [[], True, {}], "bad_arguments"),
        (SEARCH, [[], 0, 1.5, {}], "bad_arguments"),
        (SEARCH, [[], 0, 1, None, "name", {}], "bad_field_name"),
        (SEARCH, [[], 0, 1, None, [1], {}], "bad_field_name"),
        (SEARCH, [[], 0, 1, None, ["name"] * (MAX_NAMES + 1), {}], "bad_field_name"),
        (["ids", "context"], [1, {}], "bad_values"),  # trytond takes one id as well
        (["ids", "context"], [["1"], {}], "bad_ids"),
        (["ids", "context"], [[True], {}], "bad_ids"),
        (["ids", "context"], [[-1], {}], "bad_ids"),
        (["ids", "context"], [{"id": 1, "name": "x"}, {}], "bad_values"),  # trytond would take it for a record
        (["flag", "context"], [1, {}], "bad_arguments"),
        (["rows", "context"], [[], {}], "bad_values"),
        (["rows", "context"], [{"name": "x"}, {}], "bad_values"),
        (["pairs", "context"], [{}], "bad_values"),
        (["pairs", "context"], [[1], {}], "bad_values"),  # ids without values
        ([], [{}], "bad_arguments"),
        # the context
        (["ids", "context"], [[1], None], "context_expected"),
        (["ids", "context"], [[1], {"_datetime": None}], "context_key"),  # another version of history
        (["ids", "context"], [[1], {"_check_access": False}], "context_key"),
        (["ids", "context"], [[1], {"user": 1}], "context_key"),
        (["ids", "context"], [[1], {"language": ["en"]}], "bad_context"),
        (["ids", "context"], [[1], {"language": "x" * 65}], "bad_context"),
        (["ids", "context"], [[1], {"active_test": 0}], "bad_context"),
        (["ids", "context"], [[1], {"_timestamp": {"party,1": []}}], "bad_context"),
        (["ids", "context"], [[1], {"_timestamp": {"x": "1"}}], "bad_context"),
        # forms
        (["values", "names", "context"], ["x", ["name"], {}], "bad_values"),
        (["values", "names", "context"], [{"ssn": "x"}, ["name"], {}], "unknown_form_field"),
        (["values", "names", "context"], [{"__class__": "x"}, ["name"], {}], "bad_field_name"),
        (["values", "names", "context"], [{"name": {"x": 1}}, ["name"], {}], "nested_value"),
        (["values", "names", "context"], [{"name": [["x"]]}, ["name"], {}], "nested_value"),
        (["values", "names", "context"], [{"mails": [{"ssn": 1}]}, ["name"], {}], "unknown_form_field"),
        (["values", "names", "context"], [{"id": "1"}, ["name"], {}], "bad_ids"),
        (
            ["values", "names", "context"],
            [{"id": 1}, ["ssn"], {}],
            "unknown_form_field",
        ),  # what it would compute
        (["values", "names", "context"], [{"id": 1}, ["name", "mails.value"], {}], "unknown_form_field"),
    ],
)
def test_an_argument_of_another_kind_is_refused(params: list[str], given: list[Tree], reason: str) -> None:
    """Too few, too many or wrong arguments are refused with a constant reason."""
    with pytest.raises(ExchangeError) as caught:
        taken(params, given)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("context", "uses"),
    [
        ({}, []),
        ({"language": "en", "_timestamp": {"party.party,1": "1.5", "party.party,-1": None}}, []),
        ({"active_test": True}, []),
        ({"active_test": False}, ["filter party.active"]),  # IO-22: only who may search for them
    ],
)
def test_the_context_is_a_use_where_it_changes_who_is_found(context: Tree, uses: list[str]) -> None:
    """Asking for inactive records is a filter on `active`, wherever it is said."""
    assert named(taken(["ids", "context"], [[1], context])) == uses


def test_every_field_along_a_path_is_selected() -> None:
    """Paths, labels of choices and other names of a field are uses of the fields they show."""
    arguments = taken(
        ["ids", "fields", "context"], [[1, 2], ["mails.value", "type:string", "_timestamp", "ssn"], {}]
    )
    assert arguments.ids == [1, 2]
    assert named(arguments) == [
        "read party.mails",
        "read mail.email_value",
        "read mail.any_value",
        "read party.type",
        "read party.write_date",
        f"read party.{UNDECLARED}",
    ]


def test_asking_for_definitions_uses_no_data() -> None:
    """Names of fields whose definition is asked for are not uses of the fields."""
    assert named(taken(["fields", "context"], [["name", "ssn"], {}], answer="definitions")) == []
    assert named(taken(["fields", "context"], [None, {}], answer="definitions")) == []


def test_a_form_is_read_with_the_stored_records_it_names() -> None:
    """What changed is judged as a read, and the ids of stored records are noted, new ones are not."""
    form: dict[str, Any] = {
        "id": -1,
        "name": "x",
        "mails": [{"id": 7, "value": "x"}, {"id": -2}],
        "_parent_mails.value": "y",
        "write_date": {"__class__": "date", "year": 2026, "month": 1, "day": 1},
    }
    arguments = taken(["values", "names", "context"], [form, ["name", "mails"], {}], answer="form")
    assert (named(arguments), arguments.ids) == (["read party.name", "read party.mails"], [7])


def test_a_form_is_bounded() -> None:
    """A form nested without end is refused, not recursed into."""
    form: dict[str, Any] = {}
    for _ in range(MAX_FORM_DEPTH):
        form = {"mails": [{"party": form}]}
    with pytest.raises(ExchangeError, match="bad_values"):
        taken(["values", "names", "context"], [form, ["name"], {}])
