"""How conditions were answered, as the ledger keeps it: signs and marks, bounded, without a value."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.model import Action, AttributeSpec, FieldSpec, ObjectSpec
from proxy.policy.conditions import (
    ERROR,
    Attribute,
    Condition,
    Declarations,
    check,
    compile_condition,
    parse,
    read_type,
)
from proxy.policy.witness import MORE, MOST_ALIKE, MOST_TEXT, mark, read, within_bounds, written


def _condition(text: str, sets: dict[str, frozenset[str]] | None = None) -> Condition:
    declared = Declarations({"country": Attribute(read_type("string"), optional=False)}, sets or {})
    return compile_condition(check(parse(text), declared))


def _spec(field: str = "Country") -> ObjectSpec:
    return ObjectSpec(
        "Contact", {"A": FieldSpec("user.name")}, attributes={"country": AttributeSpec(field, "string")}
    )


def test_a_mark_is_of_what_is_asked_of_what() -> None:
    """Another constant, another set of the same name, or another field behind the attribute: another mark."""
    plain = mark(_condition('resource.country == "IE"'), _spec())
    assert plain == mark(_condition(' resource.country=="IE"'), _spec())
    assert plain != mark(_condition('resource.country == "DE"'), _spec())
    assert plain != mark(_condition('resource.country == "IE"'), _spec("Nation"))
    text = "resource.country in sets.eu"
    small, large = (_condition(text, {"eu": frozenset(each)}) for each in (["IE"], ["IE", "DE"]))
    assert mark(small, _spec()) != mark(large, _spec())
    assert len(plain) == 16
    assert set(plain) <= set("0123456789abcdef")


ANSWERS: Any = st.sets(st.tuples(*[st.sampled_from([True, False, ERROR])] * 3), min_size=1, max_size=MOST_ALIKE)


@given(ANSWERS)
def test_what_is_written_is_read(seen: Any) -> None:
    """Each combination once, in an order that says nothing of the records."""
    marks = ["a" * 16, "b" * 16, "c" * 16]
    action, name, found = read(written(Action.LIST, "Contact", marks, seen))
    assert (action, name) == ("list", "Contact")
    assert {tuple(each[key] for key in marks) for each in found} == seen
    assert len(found) == len(seen)


def test_too_many_are_not_kept_and_entries_stay_short() -> None:
    """That there were more is said, so that nobody takes a part for all."""
    marks = [f"{at:016x}" for at in range(7)]
    many = {tuple(bool(number >> at & 1) for at in range(7)) for number in range(MOST_ALIKE + 1)}
    text = written(Action.READ, "Contact", marks, many)
    assert text.endswith(f": {MORE}")
    assert read(text) == ("read", "Contact", ())
    long = [f"read Object{at} {'a' * 16}: {'1 ' * 1000}" for at in range(20)]
    short = within_bounds(long)
    assert sum(map(len, short)) < MOST_TEXT + 40 * len(long)
    assert all(read(each)[2] == () for each in short if each.endswith(MORE))
    assert len(short) == len(long)
