"""Conditions."""

from collections.abc import Iterator, Mapping
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from itertools import product
from random import Random
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.conditions import (
    ERROR,
    Attribute,
    Condition,
    Declarations,
    Flawed,
    canonical,
    check,
    compile_condition,
    parse,
    read_type,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DECLARATIONS = Declarations({name: Attribute(read_type("bool")) for name in "abc"})


def condition(text: str) -> Condition:
    """Return the condition over three attributes that are true or false."""
    return compile_condition(check(parse(text), DECLARATIONS))


def test_example_of_the_language() -> None:
    """The conditions that the policy language was designed with can be written, and answer as they should."""
    declarations = Declarations(
        {
            "country": Attribute(read_type("string"), optional=True),
            "last_activity": Attribute(read_type("timestamp"), optional=True),
            "restricted": Attribute(read_type("bool")),
            "consents": Attribute(read_type("list<string>")),
        },
        {"eea": ("DE", "IE")},
    )
    facts = {"consents": ["health"], "restricted": False, "last_activity": datetime(2024, 1, 1, tzinfo=UTC)}
    context = {"recipient.country": "US"}
    for text, outcome in {
        '"health" in resource.consents': True,
        "resource.restricted": False,
        "!(recipient.country in sets.eea)": True,
        'has(resource.last_activity) && resource.last_activity < now - duration("730d")': True,
        "has(resource.country) && resource.country in sets.eea": False,
        'consent("newsletter")': ERROR,
    }.items():
        made = compile_condition(check(parse(text), declarations))
        assert made.text == text
        assert made.evaluate(facts, context, NOW) is outcome


class Broken(Mapping[str, object]):
    """Facts that cannot be read."""

    def __getitem__(self, name: str) -> object:
        raise RuntimeError(name)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError


def test_never_raises(expressions: ModuleType) -> None:
    """Whatever the facts, the context and the time are, the answer is True, False or ERROR."""
    random = Random(11)
    writer = expressions.Writer(random)
    names = expressions.ATTRIBUTES
    worst = [{}, Broken(), dict.fromkeys(names, object()), {name: [None] for name in names}]
    asked = 0
    while asked < 300:
        try:
            made = compile_condition(check(writer.condition(), expressions.declarations()))
        except Flawed:
            continue
        asked += 1
        for facts, context, now in product(worst, ({}, Broken()), (NOW, datetime(2026, 1, 1))):  # noqa: DTZ001
            assert made.evaluate(facts, context, now) in (True, False, ERROR)


def test_a_condition_is_its_formula_over_its_atoms() -> None:
    """What a condition comes to is what its formula makes of its atoms, errors included."""
    made = condition("resource.a && (resource.b || !resource.c) || (resource.b ? resource.c : resource.a)")
    assert [each.text for each in made.atoms] == ["resource.a", "resource.b", "resource.c"]
    for outcomes in product((True, False, ERROR), repeat=3):
        facts = {name: value for name, value in zip("abc", outcomes, strict=True) if value is not ERROR}
        assert made.under(outcomes) is made.evaluate(facts, {}, NOW)
        assert tuple(each.evaluate(facts, {}, NOW) for each in made.atoms) == outcomes


def test_under_too_few() -> None:
    """An atom without an outcome counts as an error."""
    assert condition("resource.a && resource.b").under([True]) is ERROR
    assert condition("resource.a && resource.b").under([False]) is False


@given(st.lists(st.sampled_from([True, False, ERROR]), min_size=3, max_size=3))
def test_laws(outcomes: list[object]) -> None:
    """Order does not matter, De Morgan holds, and a double negation is none, with errors as without."""
    facts = {name: value for name, value in zip("abc", outcomes, strict=True) if value is not ERROR}
    a, b, c = (f"resource.{name}" for name in "abc")
    for one, other in (
        (f"{a} && {b}", f"{b} && {a}"),
        (f"{a} || {b}", f"{b} || {a}"),
        (f"!({a} && {b})", f"!{a} || !{b}"),
        (f"!({a} || {b})", f"!{a} && !{b}"),
        (f"{a} && ({b} && {c})", f"({a} && {b}) && {c}"),
        (f"!(!{a})", a),
    ):
        assert condition(one).evaluate(facts, {}, NOW) is condition(other).evaluate(facts, {}, NOW)
    assert condition(f"{a} && {b} && false").evaluate(facts, {}, NOW) is False
    assert condition(f"{a} || {b} || true").evaluate(facts, {}, NOW) is True


def test_immutable_and_shared() -> None:
    """A condition holds nothing of what it was asked, so many threads can ask it at once."""
    made = condition("resource.a")
    assert made.evaluate({"a": True}, {}, NOW) is True
    assert made.evaluate({"a": False}, {}, NOW) is False
    with pytest.raises(FrozenInstanceError):
        made.text = ""  # type: ignore[misc]


def test_text_is_canonical() -> None:
    """Conditions that say the same have the same text, and the text says the same."""
    one, other = condition("resource.a&&(resource.b)"), condition(" resource['a']  && resource.b")
    assert one.text == other.text == canonical(parse(one.text))
