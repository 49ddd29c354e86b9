"""SOSL: text to tree and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.soql import parse_search, write_search
from proxy.errors import Gap, Undecodable

NAMES = st.sampled_from(["Id", "Name", "Account.Name", "SSN__c"])
LETTERS = st.characters(exclude_characters="{}\\\x7f", min_codepoint=32, categories=("L", "N", "P", "Zs"))
TERMS = st.text(LETTERS, min_size=1)
OBJECTS = st.sampled_from(["Contact", "Lead", "Case"])
RESTS = st.sampled_from(["", " ORDER BY Name DESC NULLS LAST", " LIMIT 5", " order by a limit 5 offset 2"])


@st.composite
def searches(draw: st.DrawFn) -> str:
    """Return the text of a search."""
    returned = []
    for name in draw(st.lists(OBJECTS, min_size=1, max_size=3, unique=True)):
        fields = ", ".join(draw(st.lists(NAMES, min_size=1, max_size=3)))
        where = draw(st.sampled_from(["", " WHERE Title = 'a)b'", " where a = 1 and (b = 2 or not c = 3)"]))
        rest = draw(
            st.sampled_from(["", " ORDER BY Name DESC NULLS LAST", " LIMIT 5", " order by a limit 5 offset 2"])
        )
        returned.append(f"{name}({fields}{where}{rest})")
    scope = draw(st.sampled_from(["NAME", "email", "PHONE", "ALL", "SIDEBAR"]))
    limit = draw(st.sampled_from(["", " LIMIT 20"]))
    return f"FIND {{{draw(TERMS)}}} IN {scope} FIELDS RETURNING {', '.join(returned)}{limit}"


@given(searches())
def test_what_is_written_reads_the_same(text: str) -> None:
    """One spelling for every tree, and parsing it gives the tree back."""
    found = parse_search(text)
    assert parse_search(write_search(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FIND x IN NAME FIELDS RETURNING Contact",
        "FIND {} IN NAME FIELDS RETURNING Contact",
        "FIND {x\ny} IN NAME FIELDS RETURNING Contact",
        "FIND {x} IN NAME FIELDS RETURNING Contact(Id, (SELECT Id FROM Cases))",
        "FIND {x} IN NAME FIELDS RETURNING Contact(COUNT(Id))",
        "FIND {x} IN NAME FIELDS RETURNING Contact(toLabel(Title))",
        "FIND {x} IN NAME FIELDS RETURNING Contact(Id) WITH HIGHLIGHT",
        "FIND {x} IN NAME FIELDS RETURNING Contact(Id) WITH DATA CATEGORY a AT b",
        "FIND {x} IN NAME FIELDS RETURNING Contact(Id) UPDATE TRACKING",
        "FIND {x} IN NAME FIELDS RETURNING Contact(Id GROUP BY Id)",
        "SELECT Id FROM Contact",
    ],
)
def test_what_is_no_search_has_no_word(text: str) -> None:
    """Snippets, highlights, statistics and anything else that is not understood."""
    with pytest.raises(Gap):
        parse_search(text)


def test_a_term_that_is_too_long_is_refused() -> None:
    """And so is a search as a whole."""
    with pytest.raises(Gap):
        parse_search(f"FIND {{{'x' * 5_000}}} IN NAME FIELDS RETURNING Contact")
    with pytest.raises(Undecodable):
        parse_search(f"FIND {{x}} IN NAME FIELDS RETURNING Contact({'Id, ' * 9_000}Id)")
