"""JSON is read exactly or refused; ids are those of the threat catalogue, parser differentials."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw

from proxy.codec import json_text
from proxy.codec.json_text import MAX_DEPTH, JsonText
from proxy.errors import Undecodable
from proxy.message import Tree

CORPUS = sorted((Path(__file__).parent.parent / "corpus" / "codec").glob("*.json"))
CODEC = JsonText()

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
SPACE = st.text(" \t\r\n", max_size=3)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """JSON texts of every spelling: whitespace, escapes, numbers no float can hold, and no name twice."""
    tree = draw(
        st.recursive(
            st.none() | st.booleans() | NUMBERS.map(_Number) | TEXT,
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
            max_leaves=12,
        )
    )
    return _write(draw, tree)


class _Number(str):
    """A number's lexeme, as the documents are made."""


def _write(draw: st.DrawFn, tree: object) -> str:
    before, after = draw(SPACE), draw(SPACE)
    if isinstance(tree, _Number):
        text = str(tree)
    elif isinstance(tree, dict):
        text = "{" + ",".join(f"{_write(draw, k)}:{_write(draw, v)}" for k, v in tree.items()) + "}"
    elif isinstance(tree, list):
        text = "[" + ",".join(_write(draw, item) for item in tree) + "]"
    else:
        text = json.dumps(tree, ensure_ascii=draw(st.booleans()))
    return before + text + after


def _meaning(body: bytes | str) -> object:
    """Return what another parser reads: pairs for objects, the lexeme for every number."""
    return json.loads(body, object_pairs_hook=_pairs, parse_float=_lexeme, parse_int=_lexeme)


def _pairs(pairs: list[tuple[str, object]]) -> object:
    return "object", pairs


def _lexeme(text: str) -> object:
    return "number", text


def _reason(body: bytes) -> str:
    with pytest.raises(Undecodable) as caught:
        CODEC.decode(body)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value.reason


@given(documents())
@example("-0")
@example(' {"a" : [ ] , "b" : { } } ')
def test_what_comes_out_means_what_came_in(document: str) -> None:
    """PD-14: order, text and every number's lexeme are those of the body, however it was spelled."""
    assert _meaning(CODEC.encode(CODEC.decode(document.encode()))) == _meaning(document)


@given(documents())
def test_what_we_wrote_comes_back_byte_for_byte(document: str) -> None:
    """Decoding and encoding is the identity on bodies as we write them."""
    body = CODEC.encode(CODEC.decode(document.encode()))
    assert CODEC.encode(CODEC.decode(body)) == body


@given(documents())
def test_both_ways_of_reading_agree(document: str) -> None:
    """The fast way and the exact way make the same tree, of the same types."""
    body = document.encode()
    assert _typed(CODEC.decode(body)) == _typed(json_text._decode_exactly(body))


def _typed(tree: Tree) -> object:
    if isinstance(tree, dict):
        return [(name, _typed(value)) for name, value in tree.items()]
    if isinstance(tree, list):
        return [_typed(item) for item in tree]
    return type(tree), bytes(tree) if isinstance(tree, Raw) else tree


@given(documents(), st.integers(0), st.integers(0, 255))
def test_pd_11_a_flipped_byte_is_read_as_another_parser_reads_it_or_refused(
    document: str, at: int, value: int
) -> None:
    """PD-11: no damage makes us read something else than a strict parser would."""
    damaged = bytearray(document.encode())
    damaged[at % len(damaged)] = value
    body = bytes(damaged)
    try:
        tree = CODEC.decode(body)
    except Undecodable:
        return
    assert _meaning(CODEC.encode(tree)) == _meaning(body.decode())


@given(TEXT, SPACE, st.lists(TEXT, max_size=3), st.booleans())
@example("a", "", [], False)
@example("ssn", " ", ["x"], True)
def test_pd_01_a_name_that_stands_twice_is_refused(
    name: str, space: str, between: list[str], escape: bool
) -> None:
    """PD-01, PD-04: whatever stands between, whatever the spacing, and even if one is escaped."""
    first = json.dumps(name, ensure_ascii=False)
    again = '"' + "".join(f"\\u{ord(c):04x}" for c in name) + '"' if escape and name.isascii() else first
    others = "".join(
        f"{json.dumps('_' + o + str(i))}:1," for i, o in enumerate(between) if "_" + o + str(i) != name
    )
    for body in (
        f"{{{first}{space}:1,{others}{again}:1}}",
        f'[{{"properties":{{{first}:1,{others}{again}{space}:2}}}}]',
    ):
        assert _reason(body.encode()) == "duplicate_key"


def test_pd_02_a_container_that_stands_twice_is_refused() -> None:
    """PD-02: neither the first nor the last `properties` wins."""
    body = b'{"properties":{"ssn":"1"},"properties":{"ssn":"2"}}'
    assert _reason(body) == "duplicate_key"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'\xef\xbb\xbf{"a":1}', "bad_json"),  # PD-08: a byte order mark is not JSON
        ('{"a":1}'.encode("utf-16"), "bad_utf8"),  # PD-09: json.loads would guess
        ('{"a":1}'.encode("utf-16-le"), "bad_json"),  # PD-09: undeclared, no mark
        ('{"a":1}'.encode("utf-32-be"), "bad_json"),  # PD-09
        (b'{"a":"\x00"}', "bad_json"),  # PD-09: NUL byte
        (b'{"a":"\\u0000"}', "nul_character"),  # NUL by escape
        (b'{"\\\\\\u0000":1}', "nul_character"),  # after an escaped backslash
        (b'{"a":"\xff"}', "bad_utf8"),  # PD-11: invalid
        (b'{"a":"\xc0\x80"}', "bad_utf8"),  # PD-11: overlong
        (b'{"a":"\xed\xa0\x80"}', "bad_utf8"),  # a surrogate, encoded
        (b'{"a":"\\ud800"}', "lone_surrogate"),  # half a pair: cannot be encoded again
        (b'{"\\udc00":1}', "lone_surrogate"),
        (b'{"a":"\\ud800\\ud800"}', "lone_surrogate"),
        (b'{"a":NaN}', "not_a_number"),  # PD-12
        (b'{"a":Infinity}', "not_a_number"),  # PD-12
        (b"[-Infinity]", "not_a_number"),  # PD-12
        (b"{}{}", "bad_json"),  # PD-17: two documents
        (b"{} x", "bad_json"),  # PD-17: trailing garbage
        (b"[1,]", "bad_json"),  # PD-17: trailing comma
        (b"[1]// x", "bad_json"),  # PD-17: comment
        (b"{a:1}", "bad_json"),  # PD-17: JSON5
        (b'{"a":"\n"}', "bad_json"),  # PD-17: raw newline
        (b'{"a":1', "bad_json"),  # PD-17: truncated
        (b'{"a":01}', "bad_json"),  # a second reader might take it for octal
        (b'{"a":+1}', "bad_json"),
        (b'{"a":1.}', "bad_json"),
        (b'{"a":.5}', "bad_json"),
        (b"", "bad_json"),  # an empty body is no value
        (b")]}',\n{}", "bad_json"),  # PD-18: prefix against hijacking
        (b'cb({"a":1})', "bad_json"),  # PD-18: JSONP
        (b'{"a":1}\n{"a":2}', "bad_json"),  # PD-28: newline-delimited
        (b'\x1e{"a":1}', "bad_json"),  # PD-28: RFC 7464
    ],
)
def test_what_two_readers_could_read_differently_is_refused(body: bytes, reason: str) -> None:
    """PD-08 to PD-18: one grammar, one encoding, one document; and no exception carries the text."""
    assert _reason(body) == reason


@pytest.mark.parametrize(
    "lexeme",
    [
        "9007199254740993",  # more than a double holds
        "1.10",  # a price
        "1500.00",
        "-0",  # Python would write 0
        "-0.0",
        "0.10000000000000000001",  # twenty digits
        "1e400",  # PD-12: a double's infinity, but a number
        "1E+2",
        "18446744073709551616",  # beyond 64 bits
        "-9223372036854775809",
        "9" * 5000,  # PD-13: beyond what int() takes
    ],
)
@pytest.mark.parametrize("spelling", ['{{"a":{}}}', '{{ "a" : {} }}', '{{"\\u0061":{}}}'])
def test_pd_14_numbers_keep_their_lexeme(lexeme: str, spelling: str) -> None:
    """PD-13, PD-14: byte for byte, on the fast way and on the exact one."""
    tree = CODEC.decode(spelling.format(lexeme).encode())
    assert CODEC.encode(tree) == f'{{"a":{lexeme}}}'.encode()


def test_integers_are_integers() -> None:
    """Counts and flags can be used as numbers; what Python writes otherwise is opaque."""
    assert CODEC.decode(b"[0,-7,18446744073709551615,true,null]") == [0, -7, 2**64 - 1, True, None]
    assert type(CODEC.decode(b"[1.0]")[0]) is Raw  # type: ignore[index]


@pytest.mark.parametrize("spelling", [("[", "]"), ('{"a":', "}"), ("[ ", " ]"), ('[{"\\u0061":', "}]")])
def test_pd_15_depth_is_capped_however_it_is_written(spelling: tuple[str, str]) -> None:
    """PD-15: 64 containers inside each other pass, 65 do not, and no depth ends in a RecursionError."""
    each = spelling[0].count("[") + spelling[0].count("{")
    most = MAX_DEPTH // each
    fits = spelling[0] * most + "1" + spelling[1] * most
    assert CODEC.decode(fits.encode()) is not None
    for depth in (most + 1, 500, 5_000, 100_000, json_text.MAX_ITEMS // (2 * each)):
        assert _reason((spelling[0] * depth + "1" + spelling[1] * depth).encode()) == "too_deep"


def test_pd_15_brackets_in_strings_hide_no_depth() -> None:
    """PD-15: a bracket in a string neither counts as depth nor takes any away."""
    closing = '["]",' * MAX_DEPTH + '["]"' + "]" * (MAX_DEPTH + 1)
    assert _reason(closing.encode()) == "too_deep"
    assert CODEC.decode(json.dumps(["[" * 1000, "{" * 20_000]).encode()) == ["[" * 1000, "{" * 20_000]


def test_pd_15_a_wide_body_is_not_a_deep_one() -> None:
    """Thousands of containers side by side pass, in a short body and in a long one."""
    for count in (100, 10_000):
        assert CODEC.decode(b"[" + b",".join([b"{}"] * count) + b"]") == [{}] * count


def test_a_long_string_is_a_value() -> None:
    """A body need not be a container."""
    assert CODEC.decode(b'"' + b"x" * 20_000 + b'"') == "x" * 20_000


def test_pd_16_too_many_items_are_refused_before_they_are_made() -> None:
    """PD-16: a million empty lists would take fifty times the memory of their text."""
    body = b"[" + b",".join([b"[]"] * (json_text.MAX_ITEMS + 2)) + b"]"
    with pytest.raises(Undecodable) as caught:
        CODEC.decode(body)
    assert (caught.value.reason, caught.value.status) == ("too_many_items", 413)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_bodies_of_real_crms_pass_unchanged(path: Path) -> None:
    """What CRMs write, in their own layout, means the same after us."""
    body = path.read_bytes()
    assert _meaning(CODEC.encode(CODEC.decode(body))) == _meaning(body)


def test_the_corpus_is_there() -> None:
    """The test above has something to read."""
    assert len(CORPUS) == 5


@pytest.mark.parametrize(
    "tree",
    [
        {"a": object()},  # no form in JSON
        {"a": "\ud800"},  # half a pair, put in by a mistake of ours
        {(1, 2): "a"},  # not a name
    ],
)
def test_what_has_no_form_is_refused_without_its_value(tree: Tree) -> None:
    """Encoding fails closed, and the encoder's exception is not reachable from ours."""
    with pytest.raises(Undecodable) as caught:
        CODEC.encode(tree)
    assert caught.value.reason == "unencodable_value"
    assert caught.value.__context__ is None


@given(documents())
def test_msgspec_format_copies_every_token(document: str) -> None:
    """The comparison that proves a spaced body relies on `format` dropping whitespace and nothing else."""
    compact = msgspec.json.format(document.encode(), indent=-1)
    assert _meaning(compact) == _meaning(document)


def test_msgspec_format_drops_no_duplicate() -> None:
    """If it did, a spaced body with a name twice would look proved."""
    assert msgspec.json.format(b'{ "a" : 1 , "a" : 1 }', indent=-1) == b'{"a":1,"a":1}'


def test_containers_count_as_items_and_not_only_commas() -> None:
    """A body of nested single-member objects has few commas and costs as much memory (PD-16)."""
    body = b'{"groups":[' + b",".join([b'{"a":{"a":{}}}'] * 110_000) + b'],"\\u0061":1}'
    with pytest.raises(Undecodable) as caught:
        JsonText().decode(body)
    assert (caught.value.reason, caught.value.status) == ("too_many_items", 413)


_BRACKETED = st.recursive(
    st.text('[]{}"\\ab', max_size=6) | st.just([]) | st.just({}),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('[]{}"\\', max_size=3), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(_BRACKETED, st.text("[{", max_size=MAX_DEPTH + 6), st.booleans())
@example([], "[" * (MAX_DEPTH - 1), True)
@example("]]]]]]", "[" * (MAX_DEPTH + 2), False)
def test_pd_15_what_looks_flat_is_not_deep(inner: Tree, around: str, padded: bool) -> None:
    """Brackets and quotes inside texts make nothing look flatter than it is; most bodies need no second look."""
    tree = inner
    for bracket in around:
        tree = [tree] if bracket == "[" else {"{": tree}
    body = json.dumps([tree, "x" * 20_000] if padded else tree).encode()
    if json_text._is_flat(body):
        assert not json_text._too_deep(json.loads(body))
    simple = json.dumps({"rows": [{"a": [{}], "b": "c\\n"}] * 400, "pad": "x" * 20_000}).encode()
    assert json_text._is_flat(simple)
