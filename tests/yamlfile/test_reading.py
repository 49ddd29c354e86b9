"""What `read_yaml` makes of a file, and everything it refuses to make of one."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import Problems
from proxy.yamlfile import YamlFile, parse_yaml, read_yaml


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    return path


def _read(tmp_path: Path, text: str) -> YamlFile:
    (document,) = read_yaml(_write(tmp_path, text))
    return document


def _refused(path: Path) -> list[tuple[str, int, int]]:
    with pytest.raises(Problems) as caught:
        read_yaml(path)
    return [(problem.code, problem.line, problem.column) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "data"),
    [
        ("NO", "NO"),  # Norway, which YAML 1.1 reads as false
        ("on", "on"),  # a key of our own language
        ("yes", "yes"),
        ("12:30", "12:30"),  # YAML 1.1 reads 750
        ("1_000", "1_000"),  # YAML 1.1 reads 1000
        ("2027-03-31", "2027-03-31"),  # a date stays text until a model wants a date
        ("=", "="),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("-7", -7),
        ("+7", 7),
        ("010", 10),  # YAML 1.1 reads 8
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("0b11", "0b11"),  # not in the core schema
        ("'12'", "12"),
        ('"true"', "true"),
        ("|\n  12\n", "12\n"),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(tmp_path: Path, written: str, data: object) -> None:
    """A plain scalar means what YAML 1.2 says, and a quoted one is text."""
    found = _read(tmp_path, f"a: {written}\n").data
    assert found == {"a": data}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(data)


def test_keys_are_always_text(tmp_path: Path) -> None:
    """A key is the text the author wrote, whatever it looks like."""
    assert _read(tmp_path, "on: 1\n404: 2\nnull: 3\n").data == {"on": 1, "404": 2, "null": 3}


def test_every_value_and_key_has_its_place(tmp_path: Path) -> None:
    """Places are 1-based lines and columns counted in characters."""
    file = _read(tmp_path, 'a:\n  - é: "x"\n  -   [7]\n')
    assert file.places[("a", 0)] == (2, 5)
    assert file.keys[("a", 0, "é")] == (2, 5)
    assert file.places[("a", 0, "é")] == (2, 8)
    assert file.places[("a", 1, 0)] == (3, 8)


def test_a_place_that_does_not_exist_is_the_nearest_one_around_it(tmp_path: Path) -> None:
    """A missing key is reported where the mapping that lacks it stands."""
    file = _read(tmp_path, "a:\n  b: 1\n")
    assert file.place(("a", "missing", 3)) == (2, 3)
    assert file.place(("a", "b")) == (2, 6)
    assert file.place(("a", "b"), key=True) == (2, 3)


def test_one_file_may_hold_several_documents(tmp_path: Path) -> None:
    """Documents come in order, and one with only comments is left out."""
    path = _write(tmp_path, "a: 1\n---\n# nothing\n---\nb: 2\n")
    assert [document.data for document in read_yaml(path)] == [{"a": 1}, {"b": 2}]
    assert [document.place(("b",)) for document in read_yaml(path)] == [(1, 1), (5, 4)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\nb: 2\na: 3\n", [("LG107", 3, 1)]),  # the last one would silently win
        ("a: {x: 1, 'x': 2}\n", [("LG107", 1, 11)]),
        ("a: &x 1\nb: *x\n", [("LG100", 1, 4), ("LG100", 2, 4)]),  # both ends of an alias
        ("a: !!str 1\n", [("LG100", 1, 4)]),
        ("a: !python/object:os.system {}\n", [("LG100", 1, 4)]),
        ("!x a: 1\n", [("LG100", 1, 1)]),  # on a key
        ("a: {<<: {b: 1}}\n", [("LG100", 1, 5)]),
        ("? [1, 2]\n: x\n", [("LG100", 1, 3)]),  # a list as a key
        ("%YAML 1.1\n---\na: NO\n", [("LG100", 1, 1)]),
        ("a: .nan\nb: -.inf\n", [("LG106", 1, 4), ("LG106", 2, 4)]),
        ("a: 9007199254740993\n", [("LG106", 1, 4)]),  # beyond what a double, and so JSON, keeps exactly
        (f"a: {'9' * 5000}\n", [("LG106", 1, 4)]),
        ("a: 1e999\n", [("LG106", 1, 4)]),
        ("a: [1, 2\nb: 3\n", [("LG100", 2, 2)]),  # half-written
        ("a: 1\n b: 2\n", [("LG100", 2, 3)]),
        ("a: 'x\n", [("LG100", 2, 1)]),
        ("a: \x07\n", [("LG100", 0, 0)]),
        ("a: 1\na: 2\nb: *x\nc: [\n", [("LG107", 2, 1), ("LG100", 3, 4), ("LG100", 5, 1)]),  # all at once
    ],
)
def test_what_has_no_one_exact_reading_is_refused_where_it_stands(
    tmp_path: Path, text: str, found: list[tuple[str, int, int]]
) -> None:
    """Each mistake is a located problem, and every one of a file is told in one run."""
    assert _refused(_write(tmp_path, text)) == sorted(found, key=lambda each: each[1:])


def test_a_duplicate_key_names_the_other_place(tmp_path: Path) -> None:
    """The author sees both ends of a duplicate."""
    path = _write(tmp_path, "a: 1\na: 2\n")
    with pytest.raises(Problems) as caught:
        read_yaml(path)
    assert caught.value.problems[0].also == f"{path}:1:1"


def test_an_alias_bomb_is_never_expanded(tmp_path: Path) -> None:
    """Nine levels of nine aliases, a gigabyte when expanded, cost no more than their text."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert len(_refused(_write(tmp_path, "\n".join(lines)))) == 10 + 9 * 9


@pytest.mark.parametrize("depth", [65, 900, 100_000])
def test_deep_nesting_is_refused(tmp_path: Path, depth: int) -> None:
    """A document that nests deeper than 64 is refused and does not exhaust the stack."""
    assert _refused(_write(tmp_path, "[" * depth + "]" * depth))[0][:2] == ("LG100", 1)


def test_nesting_up_to_the_limit_is_read(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    assert read_yaml(_write(tmp_path, "[" * 64 + "]" * 64))


_words = st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=8)
_trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=12,
)


@given(tree=st.dictionaries(_words, _trees, min_size=1, max_size=3), flow=st.booleans())
def test_what_was_written_safely_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    tree: dict[str, object],
    flow: bool,
) -> None:
    """Any tree that PyYAML writes with quoted text comes back as it was, with a place for everything."""
    path = tmp_path_factory.mktemp("yaml") / "tree.yaml"
    path.write_text(yaml.dump(tree, default_style='"', default_flow_style=flow, allow_unicode=True))
    text = path.read_text().replace("!!null ", "").replace("!!bool ", "").replace("!!int ", "")
    # default_style quotes numbers too and marks them with tags, which we refuse: compare the texts instead.
    path.write_text(text)
    (file,) = read_yaml(path)
    assert file.data == _as_text(tree)
    assert set(file.keys) <= set(file.places)


def _as_text(tree: object) -> object:
    if isinstance(tree, dict):
        return {key: _as_text(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_as_text(value) for value in tree]
    if tree is None:
        return "null"
    return str(tree).lower() if isinstance(tree, bool) else str(tree)


def test_a_text_reads_like_the_file_that_holds_it(tmp_path: Path) -> None:
    """`parse_yaml` is `read_yaml` without a file, problems and their places included."""
    text = "a: NO\n---\nb: [1, 2]\n"
    path = _write(tmp_path, text)
    assert parse_yaml(text, str(path)) == read_yaml(path)
    with pytest.raises(Problems) as caught:
        parse_yaml("a: 1\na: 2\n", "not-a-file.yaml")
    assert [(each.file, each.line, each.code) for each in caught.value.problems] == [
        ("not-a-file.yaml", 2, "LG107")
    ]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a: 1\n# fine\x85b: 2\n", [(2, 7)]),  # next line: the parser ends the comment here, a review does not
        ("a: 1\n# fine\u2028b: 2\n", [(2, 7)]),  # line separator
        ("a: 1\n# fine\u2029b: 2\n", [(2, 7)]),  # paragraph separator
        ("a: 1\n# fine\rb: 2\n", [(2, 7)]),  # a carriage return alone
        ("a: 1\r", [(1, 5)]),
        ('a: "\u202ex\u202c"\n', [(1, 5), (1, 7)]),  # an override, and its end
        ("a: 1 # \u2066x\nb: \u2069\nb: 1\n", [(1, 8), (2, 4)]),  # isolates; what else is wrong comes later
    ],
)
def test_what_looks_other_than_it_is_read_is_refused(
    tmp_path: Path, text: str, places: list[tuple[int, int]]
) -> None:
    """Whoever approves a file in a review approves what is read, so such signs are refused where they stand."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(text.encode())
    assert _refused(path) == [("LG100", *place) for place in places]


def test_line_ends_of_windows_and_escapes_are_read(tmp_path: Path) -> None:
    """A carriage return before a line feed hides nothing, and an escape shows what it stands for."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(b'a: 1\r\n# x\r\nb: "\\u2028\\x85"\r\n')
    assert [file.data for file in read_yaml(path)] == [{"a": 1, "b": "\u2028\x85"}]
