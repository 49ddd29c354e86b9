"""Queries without what could not be shown."""

import pytest

from proxy.connectors.soql import narrowed, parse, understand, write
from proxy.connectors.words import ObjectWords, Relation, Words
from proxy.errors import Refused
from proxy.model import FieldSpec, ObjectSpec

FIELDS = {name: FieldSpec("user") for name in ("Id", "Name", "BossId", "Wage")}
BOSS = Relation("Boss", "Person", "BossId", frozenset())
STAFF = Relation("Staff", "Person", "BossId", frozenset())
SPELLING = {name.lower(): name for name in (*FIELDS, "Boss", "Staff")}
PERSON = ObjectWords(ObjectSpec("Person", FIELDS, "Id"), {"Boss": BOSS}, {"Staff": STAFF}, (), SPELLING)
WORDS = Words({"Person": PERSON})
HIDDEN = frozenset({("Person", "Wage"), ("Person", "unclassified")})


@pytest.mark.parametrize(
    ("text", "less"),
    [
        ("SELECT Id, wage, Name FROM Person", "SELECT Id, Name FROM Person"),
        ("SELECT Id, Secret__c FROM Person", "SELECT Id FROM Person"),
        ("SELECT Id, Boss.Wage, Boss.Boss.Secret__c, Boss.Name FROM Person", "SELECT Id, Boss.Name FROM Person"),
        ("SELECT Id, Secret__r.Name FROM Person", "SELECT Id FROM Person"),
        ("SELECT p.Wage, p.Id FROM Person p LIMIT 5", "SELECT Id FROM Person LIMIT 5"),
        (
            "SELECT Id, (SELECT Wage, Id, Boss.Wage, (SELECT Name, Wage FROM Staff) FROM Staff) FROM Person",
            "SELECT Id, (SELECT Id, (SELECT Name FROM Staff) FROM Staff) FROM Person",
        ),
        ("SELECT FIELDS(ALL) FROM Person LIMIT 9", "SELECT FIELDS(ALL) FROM Person LIMIT 9"),
        ("SELECT Id, Name FROM Person", "SELECT Id, Name FROM Person"),
    ],
)
def test_columns_that_could_not_be_shown_are_not_asked_for(text: str, less: str) -> None:
    """Wherever they stand; a listed field and one that nobody listed go alike."""
    meaning = understand(parse(text), WORDS)
    assert write(narrowed(meaning.query, PERSON, WORDS, HIDDEN)) == less


@pytest.mark.parametrize(
    "text",
    [
        "SELECT Wage FROM Person",
        "SELECT Secret__c, Boss.Wage FROM Person",
        "SELECT Id, (SELECT Wage FROM Staff) FROM Person",
    ],
)
def test_a_query_for_nothing_else_is_refused(text: str) -> None:
    """No query is made up in its place."""
    meaning = understand(parse(text), WORDS)
    with pytest.raises(Refused, match="not_granted"):
        narrowed(meaning.query, PERSON, WORDS, HIDDEN)
