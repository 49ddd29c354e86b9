"""Request targets: one reading, one writing."""

from urllib.parse import parse_qsl, quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.target import MAX_PATH, parameters, path_of, query_of, segments, template
from proxy.errors import Undecodable

TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)


def test_segments_keeps_a_last_empty_one() -> None:
    """A path that ends in a slash is another path than one that does not."""
    assert segments("/a/b/") == ["a", "b", ""]
    assert segments("/a/b") == ["a", "b"]


def test_segments_decodes_what_had_to_be_encoded() -> None:
    """A space cannot stand in a path, so its one encoded form is read; case of the escape is no matter."""
    assert segments("/a%20b/%c3%A9") == ["a b", "é"]


@pytest.mark.parametrize(
    "path",
    [
        "",  # no path
        "a/b",  # not rooted
        "//a",  # an empty segment, which some servers skip
        "/a//b",
        "/.",
        "/../a",
        "/a/%2E%2e/b",  # dots encoded
        "/a;b",  # matrix parameters, which some servers cut off
        "/a%3Bb",
        "/a\\b",
        "/a%5cb",
        "/a%2fb",
        "/a%00",
        "/a%0d%0ab",
        "/a%ff",  # not UTF-8
        "/a%c0%af",  # overlong slash
        "/a%",
        "/a%4",
        "/%61",  # an encoded letter
        "/%2561",  # encoded twice
        "/a?b",
        "/a#b",
        "/a b",
        "/é",
        "/a\n",
        "http://host/a",
    ],
)
def test_segments_refuses_what_has_two_readings(path: str) -> None:
    """A path that two readers could take apart differently is refused, whatever it leads to."""
    with pytest.raises(Undecodable, match="ambiguous_path"):
        segments(path)


def test_segments_refuses_a_path_without_end() -> None:
    """The length of a path is bounded before anything looks at it."""
    with pytest.raises(Undecodable) as caught:
        segments("/" + "a" * MAX_PATH)
    assert caught.value.status == 414


@given(TEXT)
def test_segments_agrees_with_a_plain_decoder(text: str) -> None:
    """Where a segment is read at all, it reads as the standard library decodes it, and is written back."""
    path = "/" + quote(text, safe="-._~")
    try:
        found = segments(path)
    except Undecodable:
        return
    assert found == [unquote(path[1:])]
    assert unquote(path_of([("x",)], {"x": found[0]})) == unquote(path)


def test_parameters_are_decoded_once() -> None:
    """An escape inside an escape stays; a plus is a space."""
    assert parameters("q=a%2520b+c&r=%2B&s=") == [("q", "a%20b c"), ("r", "+"), ("s", "")]


@pytest.mark.parametrize(
    "query",
    [
        "a",  # no value: a flag to some, nothing to others
        "=b",
        "&a=b",
        "a=b&",
        "a=%",
        "a=%4",
        "a=%ff",
        "a=b c",
        "a=é",
        'a="',
        "&".join(f"a{n}=1" for n in range(65)),  # more than anybody needs
    ],
)
def test_parameters_refuses_what_has_two_readings(query: str) -> None:
    """A query string that two readers could take apart differently is refused."""
    with pytest.raises(Undecodable, match="ambiguous_query"):
        parameters(query)


@given(st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=8))
def test_what_is_written_reads_back(pairs: list[tuple[str, str]]) -> None:
    """Parameters survive being written and read, by our reader and by the standard library's."""
    text = query_of(pairs)
    assert parameters(text[1:]) == pairs
    assert parse_qsl(text[1:], keep_blank_values=True) == pairs


def test_template_marks_blanks() -> None:
    """A template's literals are text, its blanks tuples, and filling them encodes what must be."""
    parts = template("/x/{id}/y/")
    assert parts == ("x", ("id",), "y", "")
    assert path_of(parts, {"id": "a/b"}) == "/x/a%2Fb/y/"
