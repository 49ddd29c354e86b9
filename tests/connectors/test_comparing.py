"""What queries compare protected fields with becomes what the CRM has; all else is refused."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors import load_connector, soql
from proxy.connectors.comparing import Looking
from proxy.connectors.soql.swapping import literal, plain
from proxy.errors import Refused

CONNECTORS = Path(__file__).parents[2] / "policies" / "connectors"


class Looked:
    """Stands for the vault: `x` lies in the CRM as `<x>`, and it is written down what was asked."""

    def __init__(self, *guarded: tuple[str, str]) -> None:
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []
        self._guarded = guarded
        self.looking = Looking(self.look, self.guarded)

    def guarded(self, name: str, field: str) -> bool:
        return (name, field) in self._guarded

    def look(self, name: str, field: str, texts: Sequence[str]) -> tuple[str, ...]:
        self.asked.append((name, field, tuple(texts)))
        return tuple(f"<{text}>" for text in texts)


@pytest.fixture(scope="module")
def words():
    """Salesforce's words, as its grammar has them."""
    connector = load_connector(CONNECTORS / "salesforce.yaml")
    route = next(each.declared.grammar for each in [connector.route(_query())])
    return route.setting.words


def _query():
    from proxy.message import Request

    return Request("GET", "/services/data/v59.0/query", "q=SELECT+Id+FROM+Contact")


def swapped(text: str, words, looked: Looked) -> str:
    """Return what a query becomes."""
    meaning = soql.understand(soql.parse(text), words)
    return soql.write(soql.swapped(meaning.query, meaning.object, words, looked.looking))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Email = 'a'", "Email IN ('<a>')"),
        ("Email <> 'a'", "Email NOT IN ('<a>')"),
        ("Email IN ('a', 'b')", "Email IN ('<a>', '<b>')"),
        ("Email NOT IN ('a', null)", "Email NOT IN ('<a>', null)"),
        ("Email = null", "Email = null"),
        ("Email = 'O\\'Neill\\n\\u0041'", "Email IN ('<O\\'Neill\nA>')"),
        ("NOT Email = 'a'", "NOT (Email IN ('<a>'))"),
        ("LastName = 'a' AND (Email = 'b' OR Phone LIKE 'c%')",
         "LastName = 'a' AND (Email IN ('<b>') OR Phone LIKE 'c%')"),
        ("ReportsTo.Email = 'a'", "ReportsTo.Email IN ('<a>')"),
        ("AccountId IN (SELECT AccountId FROM Contact WHERE Email = 'a')",
         "AccountId IN (SELECT AccountId FROM Contact WHERE Email IN ('<a>'))"),
    ],
)  # fmt: skip
def test_soql_equality_is_put_into_what_the_crm_has(words, before, after):
    """Wherever it stands; comparisons of other fields stay as they are."""
    looked = Looked(("Contact", "Email"))
    assert (
        swapped(f"SELECT Id FROM Contact WHERE {before}", words, looked)
        == f"SELECT Id FROM Contact WHERE {after}"
    )
    assert {(name, field) for name, field, _ in looked.asked} == {("Contact", "Email")}


@pytest.mark.parametrize(
    "condition",
    [
        "Email LIKE 'a%'",
        "Email > 'a'",
        "Email = 3",
        "Email IN (SELECT Email FROM Lead)",
        "AccountId IN (SELECT AccountId FROM Contact WHERE Email LIKE 'a%')",
        "DAY_ONLY(CreatedDate) = 2026-01-01 AND Email < 'b'",
    ],
)
def test_soql_refuses_what_ciphertext_cannot_answer(words, condition):
    """Parts, order, numbers, and columns compared with columns."""
    meaning = soql.understand(soql.parse(f"SELECT Id FROM Contact WHERE {condition}"), words)
    with pytest.raises(Refused, match="protected_not_comparable"):
        soql.swapped(meaning.query, meaning.object, words, Looked(("Contact", "Email")).looking)


def test_soql_sub_queries_start_from_their_own_object(words):
    """A field of the same name elsewhere is another field."""
    text = "SELECT Id, (SELECT Id FROM Contacts WHERE Email = 'a') FROM Account WHERE Phone = 'b'"
    looked = Looked(("Contact", "Email"), ("Contact", "Phone"))
    assert swapped(text, words, looked) == (
        "SELECT Id, (SELECT Id FROM Contacts WHERE Email IN ('<a>')) FROM Account WHERE Phone = 'b'"
    )


@given(st.text(max_size=40))
def test_a_text_is_itself_as_a_soql_literal(text):
    """However it has to be quoted."""
    assert plain(literal(text)) == text
