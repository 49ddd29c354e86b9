"""The sandbox's own reading of SOQL."""

import string

from hypothesis import given
from hypothesis import strategies as st

from proxy.sandbox.salesforce.refusals import SalesforceError
from proxy.sandbox.salesforce.soql import parse
from proxy.sandbox.salesforce.soql_tree import (
    Column,
    Compare,
    Const,
    Every,
    Function,
    Not,
    Order,
    Path,
    Query,
    Some,
)


def where(text):
    """Return the condition of a query."""
    return parse(f"SELECT Id FROM Contact WHERE {text}").where


def test_every_clause_has_its_place():
    """A query with everything in it is read into one value."""
    query = parse(
        "select Name n, COUNT(Id) total from Contact c where Email != null with SECURITY_ENFORCED "
        "group by Name having COUNT(Id) > 1 order by Name desc nulls last limit 5 offset 2 for VIEW"
    )
    assert query.columns == (
        Column(Path(("Name",), 7), "n"),
        Column(Function("COUNT", Path(("Id",), 21), 15), "total"),
    )
    assert (query.source, query.alias) == (Path(("Contact",), 36), "c")
    assert query.where == Compare(Path(("Email",), 52), "!=", Const("null", None, "null", 61))
    assert query.groups == (Path(("Name",), query.groups[0].at),)
    assert isinstance(query.having, Compare)
    assert query.orders == (Order(Path(("Name",), query.orders[0].by.at), descending=True, nulls_last=True),)
    assert (query.limit, query.offset) == (5, 2)


def test_words_of_the_language_can_be_names():
    """A keyword inside a longer name, or where only a name can stand, is not a keyword."""
    query = parse("SELECT Order.Name, FromDate__c, Limit__c, Group FROM Order ORDER BY Limit__c")
    assert [".".join(column.what.parts) for column in query.columns] == [
        "Order.Name",
        "FromDate__c",
        "Limit__c",
        "Group",
    ]
    assert query.source.parts == ("Order",)


def test_conditions_nest():
    """AND, OR and NOT keep the shape the parentheses give them."""
    tree = where("a = 1 AND (b = 2 OR NOT c = 3) AND d IN ('x', 'y')")
    assert isinstance(tree, Every)
    first, either, last = tree.terms
    assert isinstance(first, Compare)
    assert isinstance(either, Some)
    assert isinstance(either.terms[1], Not)
    assert (last.op, [const.value for const in last.right]) == ("IN", ["x", "y"])


def test_operators_and_literals():
    """Every operator and kind of literal is told apart."""
    assert where("a <> 'x'").op == "!="
    assert where("a not in ('x')").op == "NOT IN"
    assert isinstance(where("a IN (SELECT Id FROM Case)").right, Query)
    kinds = {"'x'": "string", "-1.5": "number", "true": "boolean", "NULL": "null", "2026-01-02": "date"}
    kinds |= {"2026-01-02T03:04:05.000Z": "datetime", "LAST_N_DAYS:30": "days", "today": "days"}
    for text, kind in kinds.items():
        assert where(f"a = {text}").right.kind == kind


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_string_survives_quoting(text):
    """A value that is escaped as documented comes back as it was."""
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    assert where(f"a = '{quoted}'").right.value == text


@given(st.text(string.printable, max_size=60))
def test_nonsense_is_refused_and_never_crashes(text):
    """Whatever stands after WHERE, the reader returns a query or refuses it in Salesforce's way."""
    try:
        result = parse(f"SELECT Id FROM Contact WHERE {text}")
    except SalesforceError as error:
        result = error.code
    assert result == "MALFORMED_QUERY" or isinstance(result, Query)
