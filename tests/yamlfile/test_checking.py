"""How a document becomes a model, and how each mistake is told."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from proxy.errors import Problem, Problems
from proxy.yamlfile import Strict, nearest, read_yaml, validate


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Item(Strict):
    id: str
    effect: Literal["allow", "mask", "deny"]
    with_: str | None = Field(default=None, alias="with")
    colours: frozenset[Colour] = frozenset()

    @field_validator("id")
    @classmethod
    def _plain(cls, given: str) -> str:
        if given == "bad":
            raise ValueError("an id must not be bad")
        if given == "clash":
            raise PydanticCustomError("LG104", "this id clashes")
        return given


class Round(Strict):
    kind: Literal["round"]
    radius: int


class Square(Strict):
    kind: Literal["square"]
    side: int


class Document(Strict):
    some: tuple[str, ...] | None = Field(default=None, min_length=1)
    word: str = Field(default="a", pattern="^[a-z]+$")
    items: tuple[Item, ...] = ()
    until: date | None = None
    strict: bool = False
    named: dict[str, Item] = Field(default_factory=dict)
    shape: Annotated[Round | Square, Field(discriminator="kind")] | None = None


def _check(tmp_path: Path, text: str) -> Document:
    path = tmp_path / "d.yaml"
    path.write_text(text)
    (file,) = read_yaml(path)
    return validate(file, Document)


def _problems(tmp_path: Path, text: str) -> list[Problem]:
    with pytest.raises(Problems) as caught:
        _check(tmp_path, text)
    return list(caught.value.problems)


def test_a_right_document_becomes_its_model(tmp_path: Path) -> None:
    """Lists become tuples and sets, words become enums, dates become dates."""
    document = _check(
        tmp_path,
        "items: [{id: a, effect: mask, with: m, colours: [red, green]}]\nuntil: 2027-03-31\nstrict: true\n",
    )
    assert document.items[0].with_ == "m"
    assert document.items[0].colours == {Colour.RED, Colour.GREEN}
    assert document.until == date(2027, 3, 31)


@pytest.mark.parametrize(
    ("text", "code", "place", "message"),
    [
        ("itms: []", "LG101", (1, 1), 'unknown key "itms" (did you mean "items"?)'),
        (
            "items:\n  - {id: a, effect: deny, wiht: m}",
            "LG101",
            (2, 27),
            'unknown key "wiht" (did you mean "with"?)',
        ),
        (
            "named:\n  x: {id: a, effect: deny, Id: b}",
            "LG101",
            (2, 28),
            'unknown key "Id" (did you mean "id"?)',
        ),
        (
            "items:\n  - id: a\n    effect: alow",
            "LG101",
            (3, 13),
            'unknown effect "alow" (did you mean "allow"?)',
        ),
        (
            "items: [{id: a, effect: 1}]",
            "LG101",
            (1, 25),
            "unknown effect: expected one of allow, mask, deny",
        ),
        (
            "items: [{id: a, effect: zzz}]",
            "LG101",
            (1, 25),
            'unknown effect "zzz"; expected one of allow, mask, deny',
        ),
        (
            "items: [{id: a, effect: deny, colours: [red, gren]}]",
            "LG101",
            (1, 46),
            'unknown word "gren" (did you',
        ),
        ("shape: {kind: sqare, side: 1}", "LG101", (1, 8), 'unknown shape "sqare" (did you mean "square"?)'),
        (
            "shape: {kind: square, sid: 1, side: 2}",
            "LG101",
            (1, 23),
            'unknown key "sid" (did you mean "side"?)',
        ),
        ("items: [{effect: deny}]", "LG117", (1, 9), 'missing key "id"'),
        (
            "items: [{id: 12, effect: deny}]",
            "LG117",
            (1, 14),
            "expected text, got the number 12; put it in quotes",
        ),
        ("items: {id: a}", "LG117", (1, 8), "expected a list, got keys and values"),
        ("items: [a]", "LG117", (1, 9), 'expected keys and values, got the text "a"'),
        ("strict: yes", "LG117", (1, 9), 'expected true or false, got the text "yes"'),
        ("strict: 1", "LG117", (1, 9), "expected true or false, got the number 1"),  # strict: nothing coerced
        ("until: tomorrow", "LG117", (1, 8), 'expected a date (2027-03-31), got the text "tomorrow"'),
        ("items: [{id: bad, effect: deny}]", "LG117", (1, 14), "an id must not be bad"),
        ("items: [{id: clash, effect: deny}]", "LG104", (1, 14), "this id clashes"),  # a validator's own code
        ("some: []", "LG117", (1, 7), "the list is empty; name at least one"),
        ("word: A1", "LG117", (1, 7), '"A1" is not of the form ^[a-z]+$'),
        ("[1]", "LG117", (1, 1), "expected keys and values, got a list"),
    ],
)
def test_a_mistake_is_told_at_its_place_with_what_to_write(
    tmp_path: Path, text: str, code: str, place: tuple[int, int], message: str
) -> None:
    """One mistake is one problem with a stable code, a place and the near word."""
    (problem,) = _problems(tmp_path, text)
    assert (problem.code, (problem.line, problem.column)) == (code, place)
    assert problem.message.startswith(message)


def test_all_mistakes_of_a_document_come_at_once(tmp_path: Path) -> None:
    """The author does not have to run the check once per mistake."""
    text = "items:\n  - {id: 1, effect: alow}\n  - {effect: deny, x: 1}\nstrict: maybe\n"
    assert [(found.line, found.code) for found in _problems(tmp_path, text)] == [
        (2, "LG117"),
        (2, "LG101"),
        (3, "LG117"),
        (3, "LG101"),
        (4, "LG117"),
    ]


def test_nearest_ignores_case_and_stays_silent_about_strangers() -> None:
    """A suggestion is made only for a word that is close."""
    assert nearest("contact", {"Contact", "Account"}) == ' (did you mean "Contact"?)'
    assert nearest("Phne", {"phone", "Phone"}) == ' (did you mean "Phone"?)'  # its own case first
    assert nearest("EMAIL", {"email"}) == ' (did you mean "email"?)'
    assert nearest("zzz", {"Contact", "Account"}) == ""
