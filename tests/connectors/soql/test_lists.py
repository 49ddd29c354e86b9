"""SOQL: a list of selected fields that is read in one piece."""

from importlib.resources import files

from hypothesis import given
from hypothesis import strategies as st
from lark import Lark
from lark.exceptions import LarkError

from proxy.connectors.soql import parse
from proxy.connectors.soql.parsing import _Build
from proxy.errors import Gap


def _one_by_one() -> Lark:
    """Return a parser that never takes a list of fields in one piece."""
    lines = (files("proxy.connectors.soql") / "soql.lark").read_text("utf-8").splitlines()
    grammar = "\n".join(line for line in lines if "PATHS" not in line)
    assert len(grammar.splitlines()) == len(lines) - 2
    return Lark(grammar, parser="lalr", transformer=_Build(), maybe_placeholders=True)


ONE_BY_ONE = _one_by_one()
LISTED = [*("Id", "Account.Name", "a.", ".b", "a.1", "c", "FROM", "from", "NULLS", "Count()"), *" \n,,,,."]


@given(st.lists(st.sampled_from(LISTED), max_size=8).map("".join), st.sampled_from(["", " x", " LIMIT 1"]))
def test_a_list_of_fields_in_one_piece_is_what_it_is_one_by_one(columns: str, rest: str) -> None:
    """The token that holds a whole list of fields means the same tree, and the same refusals."""
    text = f"SELECT {columns} FROM C{rest}"
    try:
        expected = ONE_BY_ONE.parse(text)
    except (LarkError, Gap):
        expected = None
    try:
        found = parse(text)
    except Gap:
        found = None
    assert found == expected


def test_lists_are_read_in_one_piece() -> None:
    """What the property compares does happen: whitespace, case and paths through relations included."""
    found = parse("select Id ,\n Account.Name,c.Id From Contact c")
    assert [".".join(column.expression.hops) for column in found.columns] == ["Id", "Account.Name", "c.Id"]
