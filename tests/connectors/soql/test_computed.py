"""Columns that the CRM computes: what can stand there."""

import pytest
from msgspec import Raw

from proxy.connectors.soql import Kind, fits, parse, understand
from proxy.connectors.words import ObjectWords, Words
from proxy.message import Tree
from proxy.model import FieldSpec, ObjectSpec

FIELDS = {
    "Id": FieldSpec("system", semantic="id"),
    "Name": FieldSpec("user.name", semantic="name"),
    "Born": FieldSpec("user", semantic="date"),
    "Amount": FieldSpec("user", semantic="number"),
    "Score": FieldSpec("user", type="number"),
    "Seen": FieldSpec("user", type="time", semantic="date"),
}
WORDS = Words({"Person": ObjectWords(ObjectSpec("Person", FIELDS, "Id"))})


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("COUNT(Id)", "count"),
        ("COUNT_DISTINCT(Name)", "count"),
        ("SUM(Amount)", "number"),
        ("AVG(Name)", "number"),
        # one of the values, so it is as the field is
        ("MAX(Amount)", "number"),
        ("MIN(Score)", "number"),
        ("MIN(Born)", "date"),
        ("MAX(Seen)", "any"),  # a time of day
        ("MAX(Name)", "any"),
        ("MAX(Secret__c)", "any"),
        ("Born", "date"),
        ("CALENDAR_YEAR(Born)", "count"),
        ("DAY_ONLY(Born)", "date"),
    ],
)
def test_a_column_is_what_its_function_gives(column: str, kind: Kind) -> None:
    """Or else what the field is that it shows."""
    group = "" if column[:3] in {"COU", "SUM", "AVG", "MIN", "MAX"} else f" GROUP BY {column}"
    kinds = understand(parse(f"SELECT {column} x, COUNT(Id) FROM Person{group}"), WORDS).kinds
    assert kinds == {"x": kind, "expr0": "count"}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("count", 0, True),
        ("count", 7, True),
        ("count", -1, False),
        ("count", True, False),
        ("count", None, False),
        ("count", "078-05-1120", False),
        ("count", "7", False),
        ("count", Raw(b"7.0"), False),
        ("count", 1 << 60, False),
        ("count", {"n": 1}, False),
        ("number", 7, True),
        ("number", Raw(b"-1.50"), True),
        ("number", Raw(b"1e3"), True),
        ("number", None, True),  # of no rows
        ("number", "7", False),
        ("number", False, False),
        ("number", [1], False),
        ("date", "1984-03-17", True),
        ("date", "1984-03-17T10:00:00.000+0000", True),
        ("date", "1984-03-17T10:00:00Z", True),
        ("date", None, True),
        ("date", "078-05-1120", False),
        ("date", "1984-03-17 078-05-1120", False),
        ("date", 19840317, False),
        ("any", "Mara", True),
        ("any", True, True),
    ],
)
def test_what_is_of_another_kind_does_not_fit(kind: Kind, value: Tree, expected: bool) -> None:
    """A count is a number, whoever says it."""
    assert fits(kind, value) is expected
