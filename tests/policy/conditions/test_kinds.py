"""Types."""

import pytest

from proxy.policy.conditions.kinds import (
    ANY,
    BOOL,
    INT,
    STRING,
    TIMESTAMP,
    Type,
    list_of,
    read_type,
    set_of,
    together,
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("bool", BOOL), ("timestamp", TIMESTAMP), ("list<string>", list_of(STRING)), ("list<int>", list_of(INT))],
)
def test_read(text: str, kind: Type) -> None:
    """A type is read as it is written."""
    assert read_type(text) == kind
    assert str(kind) == text


@pytest.mark.parametrize(
    "text", ["text", "list", "list<>", "list<list<int>>", "set<int>", "null", "List<int>", ""]
)
def test_there_is_no_other(text: str) -> None:
    """Another word is refused with the types there are."""
    with pytest.raises(ValueError, match="there are bool, int, double, string, timestamp, duration and lists"):
        read_type(text)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (INT, INT, INT),
        (INT, STRING, None),
        (list_of(INT), list_of(INT), list_of(INT)),
        (list_of(INT), list_of(STRING), None),
        (list_of(ANY), list_of(INT), list_of(INT)),  # [] is a list of anything
        (list_of(INT), list_of(ANY), list_of(INT)),
        (list_of(ANY), set_of(STRING), None),
        (list_of(ANY), INT, None),
    ],
)
def test_together(one: Type, other: Type, both: Type | None) -> None:
    """Two types have a common one when they are equal, or one is that of an empty list."""
    assert together(one, other) == both
