"""Queries that also bring what facts come from."""

import pytest

from proxy.connectors.soql import parse, understand, widened, write
from proxy.connectors.words import ObjectWords, Relation, Words
from proxy.model import AttributeSpec, FieldSpec, ObjectSpec

FIELDS = {name: FieldSpec("user") for name in ("Id", "Name", "BossId", "Closed")}
KNOWN = {"closed": AttributeSpec("Closed", "bool"), "same": AttributeSpec("Closed", "string")}
BOSS = Relation("Boss", "Person", "BossId", frozenset())
STAFF = Relation("Staff", "Person", "BossId", frozenset())
PERSON = ObjectWords(ObjectSpec("Person", FIELDS, "Id", KNOWN), {"Boss": BOSS}, {"Staff": STAFF})
WORDS = Words({"Person": PERSON})
WANTED = {"Person": frozenset({"closed", "same"})}


@pytest.mark.parametrize(
    ("text", "wider", "added"),
    [
        ("SELECT Id FROM Person", "SELECT Id, Closed FROM Person", {()}),  # once, for two attributes
        ("SELECT Closed FROM Person", "SELECT Closed FROM Person", set()),
        (  # the boss's boss stands between
            "SELECT Boss.Boss.Name FROM Person",
            "SELECT Boss.Boss.Name, Closed, Boss.Closed, Boss.Boss.Closed FROM Person",
            {(), ("Boss",), ("Boss", "Boss")},
        ),
        (
            "SELECT Id, (SELECT Boss.Name, Closed FROM Staff LIMIT 2) FROM Person",
            "SELECT Id, (SELECT Boss.Name, Closed, Boss.Closed FROM Staff LIMIT 2), Closed FROM Person",
            {(), ("Staff", "Boss")},
        ),
        (
            "SELECT FIELDS(ALL), (SELECT Id FROM Staff) FROM Person LIMIT 5",
            "SELECT FIELDS(ALL), (SELECT Id, Closed FROM Staff) FROM Person LIMIT 5",
            {("Staff",)},
        ),
    ],
)
def test_columns_are_added_wherever_records_of_the_object_come_back(
    text: str, wider: str, added: set[tuple[str, ...]]
) -> None:
    """And it is known for each place what was added there, so that it can be taken out again."""
    meaning = understand(parse(text), WORDS)
    query, found = widened(meaning.query, meaning.object, WORDS, WANTED)
    assert write(query) == wider
    assert found == {way: {"Closed"} for way in added}


def test_a_query_of_which_nothing_is_wanted_stays_as_it_is() -> None:
    """No rule looks at a record, so the CRM is asked what the client asked."""
    meaning = understand(parse("SELECT Id, Boss.Name FROM Person"), WORDS)
    assert widened(meaning.query, meaning.object, WORDS, {}) == (meaning.query, {})
