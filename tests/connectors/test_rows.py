"""Records in answers: where the fields are, and which records lie inside others."""

import re
from pathlib import Path
from types import MappingProxyType

import pytest

from proxy.connectors import load_connector
from proxy.connectors import rows as module
from proxy.connectors.asked import Opened
from proxy.connectors.rows import MAX_NESTING, Page, Rows
from proxy.connectors.spec import RecordModel
from proxy.connectors.words import ObjectWords, Relation, Words
from proxy.errors import UpstreamFault
from proxy.message import Headers, Request
from proxy.model import Action, FieldSpec, ObjectSpec

ID = re.compile("[0-9]+")


def words() -> Words:
    """Return persons with a parent person (called Person or Name) and children that are persons too."""
    fields = {"Id": FieldSpec("system.operations"), "Name": FieldSpec("user.name"), "BossId": FieldSpec("x")}
    boss = Relation("Boss", "Person", "BossId", frozenset({"Name"}))
    staff = Relation("Staff", "Person", "BossId", frozenset())
    person = ObjectWords(ObjectSpec("Person", MappingProxyType(fields), "Id"), {"Boss": boss}, {"Staff": staff})
    return Words({"Person": person})


def typed() -> Rows:
    """Return rows that say what they are."""
    model = RecordModel(
        object="$.attributes.type", structure={"attributes": ["type"]}, key=["$.attributes.url", "$.Id"]
    )
    return Rows.compile(model, words(), ID)


def row(kind: str = "Person", **members: object) -> dict[str, object]:
    """Return a row of one kind."""
    return {"attributes": {"type": kind, "url": "/x/7", "debug": {"ssn": 1}}, **members}


def opened(tree: object, rows: Rows | None = None, action: Action = Action.READ) -> Opened:
    """Return what is found in one row."""
    found = Opened(tree)
    Page(rows or typed(), action, found).open(tree, words().object("Person"))
    return found


def test_a_flat_record() -> None:
    """Every member is a field; structure is cut down and kept, the key is read before the cut."""
    found = opened(row(Id="7", Name="Mara", Zork={"a": 1}))
    (record,) = found.records
    assert record.members == {"attributes": {"type": "Person"}, "Id": "7", "Name": "Mara", "Zork": {"a": 1}}
    assert (record.object, record.action, record.names) == ("Person", Action.READ, None)
    assert (record.keep, record.key) == (frozenset({"attributes"}), "7")


def test_a_parent_is_a_record_of_its_own() -> None:
    """What is nested under a relation is judged as what it is, and the outer record keeps only the place."""
    found = opened(row(Name="Mara", Boss=row("Name", Name="Zoe", Boss=None)))
    inner, outer = found.records
    assert (inner.members["Name"], outer.members["Name"]) == ("Zoe", "Mara")
    assert outer.keep == {"attributes", "Boss"}
    assert (inner.within, outer.within) == ((outer, "Boss"), None)
    # A link to nobody says what an empty BossId says: it is a field like any other.
    assert inner.keep == {"attributes"}
    assert words().object("Person").spec.fields.get("Boss") is None


def test_children_are_records_in_an_envelope() -> None:
    """Each child is a record, and knows where it stands."""
    staff = {"totalSize": 1, "done": True, "debug": "y", "records": [row(Name="Al")]}
    found = opened(row(Staff=staff))
    assert [record.members.get("Name") for record in found.records] == ["Al", None]
    assert staff == {"totalSize": 1, "done": True, "records": [{"attributes": {"type": "Person"}, "Name": "Al"}]}
    assert found.pruned == 1
    child, outer = found.records
    assert child.within == (outer, "Staff")
    assert opened(row(Staff=None)).records[0].keep == {"attributes", "Staff"}


@pytest.mark.parametrize(
    ("envelope", "stays"),
    [
        ({"totalSize": 1, "done": True}, {"totalSize": 1, "done": True}),
        ({"totalSize": 785511120, "done": True}, {"done": True}),  # a number that counts nothing
        ({"totalSize": True, "done": 1}, {}),
        ({"totalSize": "1", "done": "yes"}, {}),
        ({"totalSize": 1, "done": False}, {"totalSize": 1}),
        # a link to more: how many there are in all cannot be seen here
        ({"totalSize": 9, "done": False, "nextRecordsUrl": "/x/1"}, {"done": False, "nextRecordsUrl": "sealed"}),
        ({"totalSize": 9, "done": True, "nextRecordsUrl": "/x/1"}, {"nextRecordsUrl": "sealed"}),
        ({"done": False, "nextRecordsUrl": "/elsewhere"}, {"done": False}),
        ({"nextRecordsUrl": 7}, {}),
        ({"nextRecordsUrl": None}, {}),
    ],
)
def test_an_envelope_keeps_what_is_so(envelope: dict[str, object], stays: dict[str, object]) -> None:
    """A count that is none could be anything."""
    found = Opened(None)
    page = Page(typed(), Action.READ, found, lambda _, link: "sealed" if link == "/x/1" else None)
    staff = {**envelope, "records": [row(Name="Al")]}
    page.open(row(Staff=staff), words().object("Person"))
    assert {name: value for name, value in staff.items() if name != "records"} == stays
    assert found.pruned == len(envelope) - len(stays)


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        "x",
        {},  # does not say what it is
        {"Name": "Mara"},
        row("Animal"),  # is something else
        row("Name"),  # a name that only a relation allows
        {"attributes": None},
        {"attributes": {"type": ["Person"]}},
        row(Boss="x"),  # a record is expected under a relation
        row(Boss=[row()]),
        row(Boss=row("Animal")),
        row(Staff=[row()]),  # an envelope is expected under a child relation
        row(Staff={"records": None}),
        row(Staff={"records": [None]}),
    ],
)
def test_what_cannot_be_told_is_a_fault(tree: object) -> None:
    """A record of unknown kind is released by nobody."""
    with pytest.raises(UpstreamFault):
        opened(tree)


def test_nesting_is_bounded() -> None:
    """Records inside records end somewhere, whatever the CRM sends."""
    tree = row()
    for _ in range(MAX_NESTING):
        tree = row(Boss=tree)
    assert len(opened(tree).records) == MAX_NESTING + 1
    again = row()
    for _ in range(MAX_NESTING + 1):
        again = row(Boss=again)
    with pytest.raises(UpstreamFault):
        opened(again)


def inner() -> Rows:
    """Return rows that hold their fields in a member."""
    model = RecordModel(fields="$.properties", outer={"id": "Id", "name": "Name"}, key=["$.id"])
    return Rows.compile(model, words(), ID)


def test_fields_in_a_member_of_their_own() -> None:
    """Fields beside the member are judged by the field they show, and undeclared members are pruned."""
    found = opened({"id": "7", "properties": {"Name": "Mara"}, "history": [1]}, inner())
    outer, fields = found.records
    assert outer.members == {"id": "7", "properties": {"Name": "Mara"}}
    assert outer.names == {"id": ("Person", "Id", Action.READ)}
    assert outer.keep == {"properties"}
    assert fields.members is outer.members["properties"]
    assert (fields.names, fields.keep) == (None, frozenset())
    assert (outer.key, fields.key, found.pruned) == ("7", "7", 1)


def test_fields_that_are_missing_or_none() -> None:
    """A record without fields is an empty one; fields that are no mapping are a fault."""
    assert opened({"id": "7"}, inner()).records[1].members == {}
    for wrong in (None, [], "x"):
        with pytest.raises(UpstreamFault):
            opened({"id": "7", "properties": wrong}, inner())


def test_a_key_that_is_no_id_is_none() -> None:
    """What stands at the key's place is a key only if it looks like one."""
    assert opened({"id": "Mara Quinn", "properties": {}}, inner()).records[0].key is None


def test_compile_refuses_fields_at_many_places() -> None:
    """The fields of a record sit in one member of it."""
    for wrong in ("$.a.b", "$.a[*]"):
        with pytest.raises(ValueError, match=r"."):
            Rows.compile(RecordModel(fields=wrong), words(), ID)


def test_structure_that_is_none() -> None:
    """Where structure is declared and something else stands, it is dropped."""
    model = RecordModel(structure={"attributes": ["type"]})
    found = opened({"attributes": "078-05-1120", "Name": "Mara"}, Rows.compile(model, words(), ID))
    assert found.records[0].members == {"Name": "Mara"}
    assert (found.records[0].keep, found.pruned) == (frozenset(), 1)


def test_ids_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is the same for what was seen before; nothing that is no id, and not ever more, is kept."""
    monkeypatch.setattr(module, "MOST_IDS", 5)
    rows = typed()
    monkeypatch.setattr(module, "LONGEST_WITH_ID", 3)
    for found in (["1", "2"], ["1", "2"], ["3", "1", "4"], ["5"], ["6"], ["1"] * 3, ["7"] * 9, ["/x/8", "/9"]):
        ids = [text[-1] for text in found]
        assert rows.ids(found) == ids
        assert len(rows.known) <= 5
        for odd in ("x", "1/", 1, None, ["1"]):
            assert rows.ids([*found, odd]) is None
        assert rows.ids(found) == ids
        assert {"x", "/x/8"}.isdisjoint(rows.known)
    assert rows.ids([]) == []


def test_a_connector_forgets_every_id() -> None:
    """Whichever way the records of a route look: all of them share what they remember."""
    connector = load_connector(Path(__file__).parents[2] / "policies" / "connectors" / "hubspot.yaml")
    paths = ("/crm/v3/objects/contacts/101", "/contacts/v1/contact/vid/101/profile")
    held = [connector.route(Request("GET", path, "", Headers())).declared.grammar.setting.rows for path in paths]
    assert held[0] is not held[1]
    for rows, key in zip(held, ("101", "102"), strict=True):
        assert rows.ids([key]) == [key]
    assert connector.known.keys() == {"101", "102"}
    connector.forget()
    assert not any(rows.known for rows in held)
