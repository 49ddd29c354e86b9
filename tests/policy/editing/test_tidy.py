"""What `policy fmt` writes, and that it never says anything else than before."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.errors import Problems
from proxy.policy.documents import PolicyDocument, VocabularyDocument
from proxy.policy.editing.tidy import lay_out, misread, tidy
from proxy.yamlfile import parse_yaml

KINDS = {"Policy": PolicyDocument, "Vocabulary": VocabularyDocument}
SHIPPED = Path(__file__).parents[3] / "policies"

UNTIDY = """\
# The file's own words stay on top.

kind: Policy
apiVersion: lychgate.dev/v1
metadata: { owner: dpo,   name: untidy }


guards:
# about the first guard
- effect: redact   # beside the effect
  # about the id
  id: first
  on:
      tags: [free_text,
             special]
      objects:
      - Contact   # a person
      - NO
  actions: ["*"]
      # a last word on the first

  # about the second guard
- {actions: [read], id: second, effect: deny}
# the end
"""
TIDY = """\
# The file's own words stay on top.

apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: untidy, owner: dpo}

guards:
  # about the first guard
  # about the id
  - id: first
    effect: redact  # beside the effect
    on:
      objects:
        - Contact  # a person
        - "NO"
      tags: [free_text, special]
    actions: ["*"]
    # a last word on the first

  # about the second guard
  - {id: second, effect: deny, actions: [read]}
# the end
"""


def data(text: str) -> list[object]:
    """Return the data of every document."""
    return [file.data for file in parse_yaml(text, "test.yaml")]


def comments(text: str) -> list[str]:
    """Return every comment, for texts whose scalars have no `#` in them."""
    return sorted(re.findall(r"#.*?(?=\s*$)", text, re.MULTILINE))


def test_the_layout_by_example() -> None:
    """Order, indentation, quotes and the place of each comment, as a reviewer gets to see them."""
    assert tidy(UNTIDY, KINDS) == TIDY


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a: [DE, NO, SE]\n", 'a: [DE, "NO", SE]\n'),  # Norway
        ("a: ON\n", 'a: "ON"\n'),  # Ontario
        ("a: Y\n", 'a: "Y"\n'),
        ("a: 12:30\n", 'a: "12:30"\n'),  # 750 in YAML 1.1
        ("a: 1_000\n", 'a: "1_000"\n'),
        ("a: 'NO'\n", "a: 'NO'\n"),  # quoted already
        ("a: true\n", "a: true\n"),  # a boolean for everybody
        ("a: 7\n", "a: 7\n"),
        ("a: 2027-03-31\n", "a: 2027-03-31\n"),  # meant as a date
        ("NO: 1\non: {NO: 2}\n", '"NO": 1\non: {"NO": 2}\n'),  # `on` is a key of the language
        ("a: NOT\n", "a: NOT\n"),
    ],
)
def test_text_that_other_readers_misread_is_quoted(written: str, expected: str) -> None:
    """Country codes and times read the same everywhere afterwards; nothing else gets quotes."""
    assert tidy(written, KINDS) == expected


@given(st.from_regex(r"[A-Za-z0-9_:.+-]{1,8}", fullmatch=True))
def test_what_is_not_quoted_reads_as_text_in_both_versions_or_in_neither(word: str) -> None:
    """The list of misread words is that of a YAML 1.1 reader, not one that somebody remembered."""
    try:
        ours = data(f"- {word}\n")
        theirs = yaml.safe_load(f"- {word}\n")
    except (Problems, yaml.YAMLError, ValueError):
        return
    if isinstance(theirs[0], bool | int | float) and ours == [[word]]:
        assert misread(word)
    elif isinstance(theirs[0], str):
        assert not misread(word) or word in "yYnN"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a:   [b,\n  c]  # why\n", "a:   [b, c]  # why\n"),  # joined where it fits
        ("a:\n  [b, c]\n", "a: [b, c]\n"),
        ("a: [b, # why\n    c]\n", "a: [b, # why\n    c]\n"),  # a comment inside keeps brackets as they are
        ("a:\n- b\n-   c\n", "a:\n  - b\n  - c\n"),
        ("a:\n    b: 1\n    # c\n    d: 2\n", "a:\n  b: 1\n  # c\n  d: 2\n"),
        ("a: |\n    b\n     c\nd: 1\n", "a: |\n    b\n     c\nd: 1\n"),
        ("a:\n    b: |\n        c\n         d\n\n    e: 1\n", "a:\n  b: |\n      c\n       d\n\n  e: 1\n"),
        ("a:\n    b: >-  # why\n        c\n    d: 1\n", "a:\n  b: >-  # why\n      c\n  d: 1\n"),
        ("a: |+\n  b\n\n\n", "a: |+\n  b\n\n\n"),  # it says to keep what is squeezed elsewhere: left alone
        ("? a\n: b\n", "? a\n: b\n"),  # nobody needs it, so it is left alone
        ("a: b\n   c\n", "a: b\n  c\n"),  # a plain scalar over two lines
        ('a: "b\n   c"\n', 'a: "b\n  c"\n'),
        ("a:\n  # c\n  b\n", "# c\na: b\n"),
        ("- - a\n  - b\n-\n  - c\n", "- - a\n  - b\n- - c\n"),
        ("a: 1\n\n\n\nb: 2   \n\n", "a: 1\n\nb: 2\n"),
        ("a:\nb:\n", "a:\nb:\n"),  # keys without a value
        ("a: {b: , c: d}\n", "a: {b: , c: d}\n"),
        ("# only words\n", "# only words\n"),
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("---\n# c\na: 1\n---\nb: 2\n# d\n", "---\n# c\na: 1\n---\nb: 2\n# d\n"),
        ("é: [ü,\n ö]   # ß\n", "é: [ü, ö]  # ß\n"),  # places count characters
    ],
)
def test_layouts(written: str, expected: str) -> None:
    """Each way of writing has one layout, and that one stays."""
    assert tidy(written, KINDS) == expected
    assert tidy(expected, KINDS) == expected


def test_a_long_list_is_filled_and_a_long_line_is_left() -> None:
    """Brackets over several lines are filled up to the width; what was one line stays one."""
    words = [f"word{number:02}" for number in range(30)]
    filled = tidy(f"a: [{words[0]},\n{', '.join(words[1:])}]\n", KINDS)
    assert [len(line) <= 110 for line in filled.splitlines()] == [True, True, True]
    assert {line[:4] for line in filled.splitlines()[1:]} == {"    "}
    line = f"a: [{', '.join(words)}]\n"
    assert tidy(line, KINDS) == line


def test_an_unreadable_text_is_refused_with_its_place() -> None:
    """What the loader refuses is not laid out, whatever it might mean."""
    with pytest.raises(Problems) as caught:
        tidy("a: &x 1\nb: *x\n", KINDS, "bad.yaml")
    assert [(each.file, each.line) for each in caught.value.problems] == [("bad.yaml", 1), ("bad.yaml", 2)]


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.yaml")), ids=lambda path: path.name)
def test_what_ships_keeps_its_meaning_and_its_comments(path: Path) -> None:
    """Real files, laid out without the safety net: the same data and the same comments, and stable."""
    text = path.read_text()
    result = lay_out(text, KINDS)
    assert data(result) == data(text)
    assert comments(result) == comments(text)
    assert lay_out(result, KINDS) == result


# ---- any document ------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "a",
        "id",
        "effect",
        "on",
        "roles",
        "NO",
        "y",
        "12:30",
        "7",
        "1.5",
        "true",
        "null",
        "two words",
        "é",
        "",
        "-",
    ]
)
VALUES = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS.filter(bool), inner, max_size=4),
    max_leaves=12,
)


class Untidy:
    """Writes data as a person in a hurry might, with comments in every place where one can be."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.count = 0

    def maybe(self) -> bool:
        return self.draw(st.integers(0, 3)) == 0

    def comment(self) -> str:
        self.count += 1
        return f"# comment {self.count}"

    def scalar(self, word: str) -> str:
        quote = self.draw(st.sampled_from(["", "'", '"']))
        if quote or word in ("", "-", "null", "two words"):
            return f'"{word}"' if quote != "'" else f"'{word}'"
        return word

    def end(self) -> str:
        return f"  {self.comment()}" if self.maybe() else ""

    def between(self, indent: int) -> list[str]:
        lines = [" " * indent + self.comment()] if self.maybe() else []
        return lines + ([""] if self.maybe() else [])

    def flow(self, value: object) -> str:
        blank = self.draw(st.sampled_from(["", " ", "\n" + " " * 40]))
        if isinstance(value, dict):
            return "{" + ",".join(f"{blank}{self.scalar(k)}: {self.flow(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ",".join(f"{blank}{self.flow(each)}" for each in value) + "]"
        return self.scalar(str(value))

    def block(self, value: object, indent: int) -> list[str]:
        lines: list[str] = []
        assert isinstance(value, dict | list)
        items = value.items() if isinstance(value, dict) else ((None, each) for each in value)
        for key, each in items:
            lines += self.between(indent)
            head = " " * indent + ("-" if key is None else f"{self.scalar(key)}:")
            if isinstance(each, dict | list) and each and self.draw(st.booleans()):
                step = self.draw(st.integers(1, 5))
                lines += [head + self.end(), *self.block(each, indent + step)]
            else:
                lines.append(f"{head} {self.flow(each)}{self.end()}")
        return lines


@st.composite
def untidy(draw: st.DrawFn) -> str:
    """Return one untidy document; mostly with rules whose keys are out of order."""
    value: Mapping[str, object] = draw(st.dictionaries(WORDS.filter(bool), VALUES, min_size=1, max_size=4))
    keys = draw(st.permutations(["id", "effect", "roles", "on", "mode"]))
    rules = [{key: draw(VALUES) for key in keys} for _ in range(draw(st.integers(0, 2)))]
    whole = {**({"guards": rules, "kind": "Policy"} if rules else {}), **value}
    writer = Untidy(draw)
    return "\n".join([*writer.block(whole, 0), *writer.between(0)]) + "\n"


@settings(max_examples=300, deadline=None)
@given(untidy())
def test_any_document_means_the_same_and_loses_no_comment(text: str) -> None:
    """load(fmt(x)) == load(x), fmt(fmt(x)) == fmt(x), and comments are neither lost nor doubled."""
    try:
        before = data(text)
    except Problems:
        return  # two equal keys, or a quoted and a plain one
    result = lay_out(text, KINDS)
    assert data(result) == before
    assert comments(result) == comments(text)
    assert lay_out(result, KINDS) == result
    assert tidy(text, KINDS) == result
