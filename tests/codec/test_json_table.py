"""Records held as text come out as if they had been read into dicts, edited there and written again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.codec import json_table
from proxy.codec.json_stencil import MOST_KNOWN, Stencils
from proxy.codec.json_table import FEWEST, Table
from proxy.codec.json_text import JsonText
from proxy.columns import Columns, Dicts, PageAt
from proxy.errors import Undecodable
from proxy.message import Tree

CODEC = JsonText()
AT = PageAt(("records",), frozenset({"attributes"}))
TOLD = AT._replace(told=(("attributes", "type"), "Contact"))

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
PIECES = [*'abz,:{}[] "\\/\n\t\b\f\r\x7f\xe9\u20ac\U0001f600', '","', '":', ',"Id":"', "null"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
NAMES = st.sampled_from(["Id", "Name", "Email", "Größe__c", "a", "type", "Amount", "odata.x@y", "x y", 'q"q'])


@pytest.fixture(autouse=True)
def _nothing_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_table, "_STENCILS", Stencils())


def _lexeme(value: object) -> str:
    return value if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


class _Number(str):
    """A number's lexeme, as the documents are made."""

    __slots__ = ()


SCALARS = st.none() | st.booleans() | NUMBERS.map(_Number) | TEXTS


def _object(members: dict[str, object]) -> str:
    inside = (
        f"{json.dumps(name, ensure_ascii=False)}:{_object(value) if isinstance(value, dict) else _lexeme(value)}"
        for name, value in members.items()
    )
    return "{" + ",".join(inside) + "}"


@st.composite
def pages(draw: st.DrawFn) -> str:
    """Bodies as a CRM writes them: records with the same names, and values of any kind."""
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    at = draw(st.integers(-1, len(names)))
    inner = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    text = draw(st.booleans())
    values = TEXTS if text else SCALARS

    def record() -> dict[str, object]:
        found: list[tuple[str, object]] = [(name, draw(values)) for name in names]
        if at >= 0:
            found.insert(at, ("attributes", {name: draw(values) for name in inner}))
        return dict(found)

    rows = ",".join(_object(record()) for _ in range(draw(st.integers(FEWEST, FEWEST + 4))))
    before = draw(st.sampled_from(["", '"done":true,', '"totalSize":12,"x":[{"records":[]}],']))
    after = draw(st.sampled_from(["", ',"next":null', ',"more":[1,{"a":"\\u00e9"}]']))
    return f'{{{before}"records":[{rows}]{after}}}'


@st.composite
def edits(draw: st.DrawFn, columns: Columns) -> list[tuple[Any, ...]]:
    """Return what somebody could do to such records."""
    paths = [(name,) for name in columns.names if columns.inside(name) is None]
    paths += [(name, each) for name in columns.names for each in columns.inside(name) or ()]
    found: list[tuple[Any, ...]] = []
    for path in draw(st.lists(st.sampled_from(paths), unique=True)) if paths else ():
        kinds = ["drop", "read"] if len(path) > 1 else ["drop", "read", "put"]
        kind = draw(st.sampled_from(kinds))
        values = TEXTS if draw(st.booleans()) else st.none() | TEXTS | st.integers()
        new = draw(st.lists(values, min_size=len(columns), max_size=len(columns))) if kind == "put" else None
        found.append((kind, path, new))
    return found


def _edit(columns: Columns, doings: list[tuple[Any, ...]]) -> list[object]:
    """Do it, and return everything that was said of the records on the way."""
    seen: list[object] = [columns.names, len(columns), [columns.inside(name) for name in columns.names]]
    for kind, path, new in doings:
        seen.append(columns.all_text(*path))
        if kind == "read":
            seen.append((columns.all_are("a", *path), columns.column(*path)))
        elif kind == "drop":
            columns.drop(*path)
            seen.append(columns.column(*path))
        else:
            columns.put(path[0], new)
            seen.append(columns.column(*path))
    return seen


def _learnt(body: bytes, at: PageAt = AT) -> Tree:
    """Read a page whose kind has been seen before."""
    CODEC.decode_page(body, at)
    return CODEC.decode_page(body, at)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_edited_as_text_is_edited_as_a_tree(data: st.DataObject) -> None:
    """The same bytes, and the same answers to the same questions, page after page of the same kind."""
    json_table._STENCILS = Stencils()
    for body in data.draw(st.lists(pages(), min_size=1, max_size=2)):
        _learnt(body.encode())
        for _ in range(3):  # cut in full; cut as the first was used; cut as both were
            plain: Any = CODEC.decode(body.encode())
            paged: Any = CODEC.decode_page(body.encode(), AT)
            rows = Dicts.of(plain["records"])
            table = paged["records"]
            if rows is None or isinstance(table, list):
                assert CODEC.encode(paged) == CODEC.encode(plain)
                continue
            doings = data.draw(edits(rows))
            assert _edit(table, doings) == _edit(rows, doings)
            assert CODEC.encode(paged) == CODEC.encode(plain)
            assert CODEC.encode(paged) == CODEC.encode(plain)  # writing it changes nothing


@settings(max_examples=150, deadline=None)
@given(pages(), st.data())
def test_whatever_is_not_exact_goes_the_other_way(body: str, data: st.DataObject) -> None:
    """A byte put in, taken out or changed anywhere: the same tree, or the same reason to refuse."""
    json_table._STENCILS = Stencils()
    whole = body.encode()
    CODEC.decode_page(whole, AT)
    at = data.draw(st.integers(0, len(whole)))
    odd = st.sampled_from([b"", b'"', b"\\", b" ", b"\x00", b"\x1f", b"\xff", b"\xed\xa0\x80", b",", b":", b"}"])
    odd |= st.sampled_from([b"]", b"{", b"[", b'"Id":1,', b'\\"', b"\\/", b"\\ud800", b"-", b"0", b"x", b"NaN"])
    spoilt = whole[:at] + data.draw(odd) + whole[at + data.draw(st.integers(0, 2)) :]
    assert _outcome(spoilt, page=True) == _outcome(spoilt, page=False)


def _outcome(body: bytes, *, page: bool) -> object:
    try:
        return CODEC.encode(CODEC.decode_page(body, AT) if page else CODEC.decode(body))
    except Undecodable as error:
        return error.reason


def _page(*records: str, before: str = "", after: str = "") -> bytes:
    return f'{{{before}"records":[{",".join(records)}]{after}}}'.encode()


def _records(count: int = FEWEST, name: str = "Name") -> list[str]:
    return [
        f'{{"attributes":{{"type":"Contact","url":"/x/{number}"}},"Id":"{number}","{name}":"Mara"}}'
        for number in range(count)
    ]


def _is_table(tree: Any) -> bool:
    return isinstance(tree["records"], Table)


def test_a_page_is_read_as_columns_at_second_sight() -> None:
    """What is seen for the first time may never come again."""
    body = _page(*_records())
    assert not _is_table(CODEC.decode_page(body, AT))
    assert _is_table(CODEC.decode_page(body, AT))
    assert _is_table(CODEC.decode_page(_page(*_records(30), before='"done":true,', after=',"a":[1]'), AT))


@pytest.mark.parametrize(
    "odd",
    [
        '{"attributes":{"type":"Contact","url":"/x"},"Id":"1","Name":"Mara","Id":"2"}',
        '{"attributes":{"type":"Contact","url":"/x"},"Id":"1","Name":"Mara","More":1}',
        '{"attributes":{"type":"Contact","url":"/x"},"Id":"1"}',
        '{"attributes":{"url":"/x","type":"Contact"},"Id":"1","Name":"Mara"}',
        '{"attributes":null,"Id":"1","Name":"Mara"}',
        '{"attributes":{"type":"Contact","url":"/x"},"Id":"1","Name":{"a":1}}',
        '{"attributes":{"type":"Contact","url":"/x"},"Id":"1","Name":[]}',
        '{"attributes":{"type":"Contact","url":"/x"},"Id":"1", "Name":"Mara"}',
        '{"attributes":{"type":"Contact","url":"/x"},"Id":"1","Name":"\\u004dara"}',
        '{"attributes":{"type":"Contact","url":"/x"},"Id":"1","Name":"\\/"}',
        "null",
        "[]",
    ],
)
@pytest.mark.parametrize("place", [0, 3, FEWEST])
def test_one_record_that_is_written_otherwise_is_enough(odd: str, place: int) -> None:
    """Then all are read the other way, and come out the same."""
    _learnt(_page(*_records()))
    records = _records()
    records.insert(place, odd)
    body = _page(*records)
    if odd.count('"Id"') > 1:
        with pytest.raises(Undecodable, match="duplicate_key"):
            CODEC.decode_page(body, AT)
        return
    for _ in range(3):
        tree = CODEC.decode_page(body, AT)
        assert not _is_table(tree)
        assert CODEC.encode(tree) == CODEC.encode(CODEC.decode(body))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (_page(*_records(), after=',"done":1,"done":2'), "duplicate_key"),
        (_page(*_records(), after=',"records":[]'), "duplicate_key"),
        (_page(*_records(), after=',"x":NaN'), "not_a_number"),
        (_page(*_records(), after=',"x":"\\u0000"'), "nul_character"),
        (_page(*_records(), after=',"x":"\\ud800"'), "lone_surrogate"),
        (_page(*_records(), after=f',"x":{"[" * 70}{"]" * 70}'), "too_deep"),
        (_page(*_records()) + b"x", "bad_json"),
        (_page(*_records()).replace(b"Mara", b"Ma\x01a", 1), "bad_json"),
        (_page(*_records()).replace(b"Mara", b"Ma\xffa", 1), "bad_utf8"),
        (_page(*_records()).replace(b'"Mara"', b"01", 1), "bad_json"),
        (_page(*_records()).replace(b'"Mara"', b"NaN", 1), "not_a_number"),
        (_page(*_records()).replace(b'"Mara"', b"Mara", 1), "bad_json"),
    ],
)
def test_what_is_refused_is_refused(body: bytes, reason: str) -> None:
    """The kind of record is known, and the body is still held to everything."""
    _learnt(_page(*_records()))
    for _ in range(2):
        with pytest.raises(Undecodable, match=reason):
            CODEC.decode_page(body, AT)


def test_a_list_at_another_place_is_none_of_ours() -> None:
    """Only what stands where the connector says is read as columns."""
    records = ",".join(_records())
    _learnt(_page(*_records()))
    for body in (
        f'{{"x":{{"records":[{records}]}},"records":[]}}',
        f'{{"records":["the records of this page"],"x":{{"records":[{records}]}}}}',
        f'[{{"records":[{records}]}}]',
    ):
        tree = CODEC.decode_page(body.encode(), AT)
        assert CODEC.encode(tree) == body.encode()
    deep = PageAt(("a", "records"), AT.structure)
    body = b'{"a":%b}' % _page(*_records())
    tree = _learnt(body, deep)
    assert _is_table(tree["a"])  # type: ignore[index]
    assert CODEC.encode(tree) == body


def test_a_few_records_are_read_into_dicts() -> None:
    """Below a handful nothing would be saved."""
    assert not _is_table(_learnt(_page(*_records(FEWEST - 1))))


def test_an_object_where_none_may_be_has_no_columns() -> None:
    """Its members would be released as if they were the field."""
    records = [record.replace('"Mara"', '{"first":"Mara"}') for record in _records()]
    assert not _is_table(_learnt(_page(*records)))


def test_records_of_another_kind_do_not_pass_for_those_asked_for() -> None:
    """What a record says it is, is part of how it is written."""
    assert _learnt(_page(*_records()), TOLD)["records"].all_are("Contact", "attributes", "type")  # type: ignore[index]
    other = _records()
    other[5] = other[5].replace('"Contact"', '"Account"')
    assert not _is_table(CODEC.decode_page(_page(*other), TOLD))
    assert not _learnt(_page(*other), AT)["records"].all_are("Contact", "attributes", "type")  # type: ignore[index]


def test_records_that_had_to_be_taken_apart_are_not_read_as_columns_again() -> None:
    """Somebody had to have them one by one, so reading them twice gained nothing."""
    body = _page(*_records())
    table: Any = _learnt(body)["records"]  # type: ignore[index]
    table.drop("Id")
    assert table.apart()[1] == {"attributes": {"type": "Contact", "url": "/x/1"}, "Name": "Mara"}
    assert not _is_table(CODEC.decode_page(body, AT))


def test_a_column_that_others_may_not_see_is_there_for_those_who_may() -> None:
    """What was taken out of every page so far is no longer cut apart; the next caller still gets it."""
    body = _page(*_records())
    for _ in range(3):
        tree: Any = _learnt(body)
        tree["records"].drop("Name")
        assert b"Mara" not in CODEC.encode(tree)
    assert CODEC.encode(_learnt(body)) == body
    tree = _learnt(body)
    assert tree["records"].column("Name") == ["Mara"] * FEWEST


def test_there_is_no_column_that_is_not_there() -> None:
    """To edit what is gone, or an object as a whole, fails; nothing is released then."""
    table: Any = _learnt(_page(*_records()))["records"]  # type: ignore[index]
    table.drop("Id")
    assert table.column("Id") is None
    assert not table.all_text("Id")
    assert not table.all_are("1", "Id")
    assert not table.all_plain(["attributes", "Name"])
    assert table.all_plain(["Name"])
    for path in ("Id", "attributes", "Nobody"):
        with pytest.raises(KeyError):
            table.drop(path)
        with pytest.raises(KeyError):
            table.put(path, [None] * FEWEST)


def test_a_column_of_texts_with_something_else_in_it_for_once() -> None:
    """It is read as columns all the same, and from then on no column of texts."""
    body = _page(*_records())
    for _ in range(3):
        assert _learnt(body)["records"].column("Name") == ["Mara"] * FEWEST  # type: ignore[index]
    odd = _page(*_records()).replace(b'"Mara"', b"null", 1)
    for _ in range(3):
        tree: Any = CODEC.decode_page(odd, AT)
        assert tree["records"].column("Name") == [None] + ["Mara"] * (FEWEST - 1)
        assert not tree["records"].all_text("Name")
        assert CODEC.encode(tree) == odd
        assert _learnt(body)["records"].all_text("Name")  # type: ignore[index]


@pytest.mark.parametrize("new", ["Mara", 'a\n"\\', "", ",", None, 1])
def test_a_column_of_texts_takes_any_value(new: Tree) -> None:
    """Page after page, beside another that is replaced by texts, and one that is not shown."""
    for _ in range(4):
        tree: Any = _learnt(_page(*_records()))
        table = tree["records"]
        assert ("Id",) in table._cut.bare or ("Id",) not in table._stencil.looked_at
        ids = table.column("Id")
        table.put("Id", [f"*{each}" for each in ids])
        table.put("Name", [new] * FEWEST)
        assert table.column("Name") == [new] * FEWEST
        table.drop("attributes", "url")
        rows = json.loads(CODEC.encode(tree))["records"]
        assert rows[1] == {"attributes": {"type": "Contact"}, "Id": "*1", "Name": new}


@example([""])
@example(["", ",", '"'])
@given(st.lists(TEXTS, min_size=1))
def test_texts_are_written_behind_their_first_quotes(values: list[Tree]) -> None:
    """However they are written, none is taken for two."""
    assert [json.loads(b'"' + each) for each in json_table._texts(values)] == values


@example(["a", None, "b"])
@example([",", '"', ","])
@given(st.lists(st.none() | TEXTS | st.integers() | st.booleans(), min_size=1))
def test_values_are_named_one_by_one(values: list[Tree]) -> None:
    """However they are written, each has its name before it."""
    found = json_table._named(b',"Name":', values)
    assert [json.loads(each.removeprefix(b',"Name":')) for each in found] == values
    assert all(each.startswith(b',"Name":') for each in found)


def kinds() -> Iterator[bytes]:
    """Yield pages of ever new kinds of records."""
    for number in range(MOST_KNOWN + 3):
        yield _page(*_records(name=f"Custom_{number}__c"))


def test_ever_new_kinds_of_records_do_not_fill_the_memory() -> None:
    """A hostile CRM gets none of its records compiled, and little remembered."""
    for body in kinds():
        assert not _is_table(CODEC.decode_page(body, AT))
    assert len(json_table._STENCILS._known) <= MOST_KNOWN
    assert not any(json_table._STENCILS._known.values())
