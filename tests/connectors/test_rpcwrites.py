"""What a call writes: every record in it, at whatever depth, as an operation of its own."""

import pytest

from proxy.connectors.domains import UNDECLARED, Relation, Shape, Typed
from proxy.connectors.rpcwrites import MAX_DEPTH, MAX_RECORDS, Tasks, Writes, ids_of
from proxy.errors import ExchangeError
from proxy.message import Tree
from proxy.model import Action

SHAPES = {
    "party": Shape(
        frozenset({"id", "name", "tags", "boss", "mails"}),
        {"mails": Relation("mail", many=True, inverse="party"), "boss": Relation("party")},
    ),
    "mail": Shape(
        frozenset({"id", "party", "type", "value", "short", "parts"}),
        {"party": Relation("party"), "parts": Relation("party", many=True)},
        typed=Typed("type", frozenset({"value", "short"}), {"email": "email_value"}, "any_value", "value"),
    ),
}


def written(values: Tree, action: Action = Action.UPDATE, name: str = "party") -> tuple[Writes, list[str]]:
    """Return one record taken in, and the operations as text."""
    writes = Writes(SHAPES, Tasks())
    writes.record(values, name, action, [1] if action is Action.UPDATE else [])
    return writes, [
        f"{op.action} {op.object}({','.join(use.field for use in op.uses)}){list(map(int, op.records))}"
        for op in writes.tasks.operations()
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"name": "x", "boss": 2, "tags": ["a", "b"]}, ["update party(name,boss,tags)[1]"]),
        ({"ssn": "x"}, [f"update party({UNDECLARED})[1]"]),
        ({}, ["update party()[1]"]),  # the record itself
        ({"mails": None}, ["update party(mails)[1]"]),
        (
            {"mails": [["create", [{"type": "email", "value": "x"}, {"type": "fax", "value": "y"}]]]},
            ["update party(mails)[1]", "create mail(type,email_value,any_value)[]"],
        ),
        (
            {"mails": [["write", [3, 4], {"party": 9}, [5], {"party": 8}]]},
            ["update party(mails)[1]", "update mail(party)[3, 4, 5]"],
        ),
        # a record that moves is an update of its field that points back
        ({"mails": [["add", [3]], ["remove", [4]]]}, ["update party(mails)[1]", "update mail(party)[3, 4]"]),
        ({"mails": [["delete", [3]]]}, ["update party(mails)[1]", "delete mail()[3]"]),  # ER-01
        (
            {"mails": [["create", [{"parts": [["delete", [7]]]}]]]},
            ["update party(mails)[1]", "create mail(parts)[]", "delete party()[7]"],
        ),
    ],
)
def test_nested_records_are_operations_of_their_own(values: Tree, expected: list[str]) -> None:
    """A command inside a value is judged as if it had been sent to the other object."""
    assert written(values)[1] == expected


@pytest.mark.parametrize(
    ("values", "action", "uses"),
    [
        ({"type": "email", "value": "x"}, Action.CREATE, ["type", "email_value"]),
        ({"value": "x"}, Action.CREATE, ["email_value", "any_value"]),
        ({"value": "x"}, Action.UPDATE, ["email_value", "any_value"]),  # whatever it is there
        # to change the type is to change what the value is
        ({"type": "email", "value": "x"}, Action.UPDATE, ["type", "email_value", "any_value"]),
        ({"type": "email"}, Action.CREATE, ["type"]),
        ({"type": None, "value": "x"}, Action.CREATE, ["type", "email_value", "any_value"]),
    ],
)
def test_a_typed_value_is_what_stands_beside_it_or_anything(
    values: Tree, action: Action, uses: list[str]
) -> None:
    """Policy is asked about every kind that the value may be."""
    operation = written(values, action, "mail")[0].tasks.operations()[0]
    assert [use.field for use in operation.uses] == uses


@pytest.mark.parametrize(
    "values",
    [
        {"type": "email"},
        {"type": "other"},  # what is other may be shown, too
        {"type": "email", "party": 2},
        {"type": "email", "value": None},  # nothing new, so it may be that nothing is written
        {"type": "email", "value": " "},
        {"type": "email", "value": False},
        {"type": "email", "short": "x"},  # the CRM keeps another
    ],
)
def test_who_renames_a_stored_value_must_be_allowed_to_read_it(values: dict[str, Tree]) -> None:
    """Under another type it would be shown by the rules of that one: reading every kind has to be allowed."""
    shown = {"read mail.email_value", "read mail.any_value"}
    writes, _ = written(values, Action.UPDATE, "mail")
    (operation,) = writes.tasks.operations()
    assert operation.action is Action.UPDATE
    assert shown <= {f"{use.action} {use.object}.{use.field}" for use in operation.uses}
    nested, _ = written({"mails": [["write", [3], values]]})
    assert shown <= {f"{use.action} {use.object}.{use.field}" for use in nested.tasks.operations()[1].uses}


@pytest.mark.parametrize(
    ("values", "action"),
    [
        ({"type": "email", "value": "new"}, Action.UPDATE),  # the stored one goes
        ({"value": "new"}, Action.UPDATE),
        ({"type": "email"}, Action.CREATE),  # nothing is stored yet
        ({"party": 2}, Action.UPDATE),
    ],
)
def test_what_shows_no_stored_value_is_only_written(values: Tree, action: Action) -> None:
    """Nobody has to be allowed to read what they write."""
    (operation,) = written(values, action, "mail")[0].tasks.operations()
    assert {use.action for use in operation.uses} == {action}


@pytest.mark.parametrize("kind", ["email", "other", None])
def test_an_update_is_compared_with_the_masks_of_every_kind(kind: str | None) -> None:
    """A mask of a stored value comes back as one, whatever the client now calls it."""
    values: dict[str, Tree] = {"value": "***"} if kind is None else {"type": kind, "value": "***"}
    writes, _ = written(values, Action.UPDATE, "mail")
    assert writes.records[-1].members == {"email_value": "***", "any_value": "***"}


def test_everything_written_is_there_to_be_compared_with_masks() -> None:
    """Nested records are among the records, commands are structure, typed values stand under their kinds."""
    inner: dict[str, Tree] = {"type": "email", "value": "a***"}
    writes, _ = written({"name": "x", "mails": [["create", [inner]]]})
    assert [(record.object, record.members, sorted(record.keep)) for record in writes.records] == [
        ("party", {"name": "x", "mails": [["create", [inner]]]}, ["mails"]),
        ("mail", inner, ["parts", "short", "value"]),
        ("mail", {"email_value": "a***"}, []),
    ]
    assert writes.records[1].members is inner


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ("x", "bad_values"),
        ([], "bad_values"),
        ({"id": 2}, "written_key"),
        ({"_timestamp": "x"}, "written_key"),
        ({"name": {"x": 1}}, "nested_value"),
        ({"name": [["x"]]}, "nested_value"),
        ({"boss": {"name": "x"}}, "nested_value"),
        ({"mails": "x"}, "bad_values"),
        ({"mails": [["copy", [1], {}]]}, "relation_command"),
        ({"mails": [["create", {}]]}, "relation_command"),
        ({"mails": [["unlink_all"]]}, "relation_command"),
        ({"mails": [[3, 4]]}, "relation_command"),
        ({"mails": [3]}, "relation_command"),
        ({"mails": [["add", ["3"]]]}, "bad_ids"),
        ({"mails": [["delete", 3]]}, "bad_values"),
        ({"mails": [["write", [3]]]}, "bad_values"),
        ({"mails": [["write"]]}, "bad_values"),
        ({"mails": [["create", ["x"]]]}, "bad_values"),
    ],
)
def test_what_has_no_word_is_refused(values: Tree, reason: str) -> None:
    """A command or value outside the grammar refuses the write as a whole."""
    with pytest.raises(ExchangeError) as caught:
        written(values)
    assert caught.value.reason == reason


def test_records_in_records_are_bounded() -> None:
    """A write nested without end is refused, not recursed into."""
    values: dict[str, Tree] = {}
    for _ in range(MAX_DEPTH):
        values = {"mails": [["create", [{"parts": [["create", [values]]]}]]]}
    with pytest.raises(ExchangeError, match="bad_values"):
        written(values)


@pytest.mark.parametrize("ids", [1, "1", [1.0], [None], [[1]], [True], {"1": 1}, None])
def test_ids_are_a_list_of_numbers(ids: Tree) -> None:
    """Nothing else is taken for ids."""
    with pytest.raises(ExchangeError):
        ids_of(ids)
    assert ids_of([3, 1]) == [3, 1]


def test_what_one_call_writes_is_bounded() -> None:
    """In how many records at once, wherever they stand, and by how many ids."""
    rows: list[Tree] = [{"type": "email", "value": "x"}] * (MAX_RECORDS - 1)
    assert written({"mails": [["create", rows]]})
    for wrong in (
        {"mails": [["create", [*rows, {}]]]},
        {"mails": [["create", rows], ["create", [{}]]]},
        {"mails": [["add", list(range(MAX_RECORDS + 1))]]},
    ):
        with pytest.raises(ExchangeError, match="too_many_records") as caught:
            written(wrong)
        assert caught.value.status == 413
