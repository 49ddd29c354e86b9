"""A stencil is laid on records that are written alike, and cuts them as asked."""

import pytest

from proxy.codec.json_stencil import MOST_COLUMNS, ODD_ESCAPE, Cut, Stencil, Stencils
from proxy.columns import PageAt

AT = PageAt(("records",), frozenset({"attributes"}))
BODY = b'[{"Id":"1","attributes":{"type":"Contact","url":"/x"},"Name":"M\\"","Amount":1.50},{"Id":"2"'


def stencil(body: bytes = BODY, at: PageAt = AT) -> Stencil | None:
    """Return the stencil of the first record of a body, at second sight."""
    stencils = Stencils()
    assert stencils.find(body, 1, at) is None
    return stencils.find(body, 1, at)


def parts(cut: Cut) -> list[bytes]:
    """Return the slots of the first record."""
    found = cut.pattern.match(BODY)
    assert found is not None
    return list(found.groups())


def test_columns_are_cut_apart() -> None:
    """Every value with its name; brackets and the names of objects are pieces of their own."""
    made = stencil()
    assert made is not None
    assert made.names == ("Id", "attributes", "Name", "Amount")
    assert made.nested == {"attributes": ("type", "url")}
    cut = made.cut_all(escapes=True)
    assert parts(cut) == [
        *(b'"Id":"1"', b',"attributes":{', b'"type":"Contact"', b',"url":"/x"', b"}"),
        *(b',"Name":"M\\""', b',"Amount":1.50'),
    ]
    assert cut.opening == b"{"
    assert [slot.opens for slot in cut.slots] == [False, True, False, False, False, False, False]


def test_what_nobody_looks_at_stays_in_one_piece() -> None:
    """And what everybody has dropped so far is cut away."""
    made = stencil()
    assert made is not None
    made.mixed = {("Amount",)}
    made.looked_at.add(("attributes", "url"))
    made.dropped |= {("Name",), ("attributes", "url")}
    cut = made.cut(escapes=True)
    assert parts(cut) == [b'"Id":"1","attributes":{"type":"Contact"', b',"url":"/x"', b"}", b',"Amount":1.50']
    assert cut.away == {("Name",)}
    assert made.cut(escapes=True) is cut
    made.looked_at.add(("Name",))
    assert made.cut(escapes=True).away == frozenset()


def test_what_all_records_begin_with_is_no_slot() -> None:
    """It is the same in each, and need not be cut out of any."""
    body = BODY.replace(b'"Id":"1",', b"")
    made = stencil(body, AT._replace(told=(("attributes", "type"), "Contact")))
    assert made is not None
    made.mixed = {("Amount",)}
    made.looked_at.add(("Name",))
    cut = made.cut(escapes=True)
    assert cut.opening == b'{"attributes":{"type":"Contact"'
    assert cut.slots[0].start == b',"url":'
    made.looked_at.add(("attributes", "type"))
    assert made.cut(escapes=True).opening == b'{"attributes":{"type":"'


def test_columns_of_texts_are_cut_out_bare() -> None:
    """Without the name before it a text is read and replaced at half the cost."""
    made = stencil()
    assert made is not None
    made.mixed = {("Amount",)}
    made.looked_at |= {("Id",), ("attributes", "url"), ("Amount",)}
    cut = made.cut(escapes=True)
    between = b',"attributes":{"type":"Contact","url":"'
    assert cut.opening == b'{"Id":"'
    assert parts(cut) == [b'1"', between, b'/x"', b'},"Name":"M\\""', b',"Amount":1.50']
    assert cut.bare == {("Id",), ("attributes", "url")}
    made.dropped.add(("Id",))
    made.changed.add(("attributes", "url"))
    cut = made.cut(escapes=True)
    assert (cut.opening, cut.bare) == (b"{", frozenset())
    assert parts(cut)[0] == b'"Id":"1"'


def test_a_column_that_held_texts_may_hold_something_else() -> None:
    """Then the record does not match, and does where every column is cut apart."""
    made = stencil()
    assert made is not None
    made.mixed = set()
    assert made.cut(escapes=True).pattern.match(BODY) is None
    assert made.cut_all(escapes=True).pattern.match(BODY) is not None
    made.mixed.add(("Amount",))
    assert made.cut(escapes=True).pattern.match(BODY) is not None


def test_what_records_say_they_are_is_part_of_the_stencil() -> None:
    """A record of another object does not fit."""
    made = stencil(at=AT._replace(told=(("attributes", "type"), "Account")))
    assert made is not None
    assert made.cut_all(escapes=True).pattern.match(BODY) is None


@pytest.mark.parametrize(
    "body",
    [
        b"[{}]",
        b"[1]",
        b'[{"a":1,"a":2}]',
        b'[{"":1}]',
        b'[{",":1}]',
        b'[{"a b":1}]',
        b'[{"\xff":1}]',
        b'[{"a":[]}]',
        b'[{"a":{"b":1}}]',
        b'[{"attributes":{}}]',
        b'[{"attributes":{"attributes":{"a":1}}}]',
        b'[{"a": 1}]',
        b"[{" + b",".join(b'"a%d":1' % number for number in range(MOST_COLUMNS + 1)) + b"}]",
    ],
)
def test_there_is_no_stencil_of_what_could_be_misread(body: bytes) -> None:
    """Odd names, objects where none may be, lists, and records without an end."""
    assert stencil(body) is None


@pytest.mark.parametrize("escape", [b"\\/", b"\\u0041", b"\\x", b"\\\\u0041"])
def test_odd_escapes_are_found(escape: bytes) -> None:
    """Rather one too many: what follows an escaped backslash is found as well."""
    assert ODD_ESCAPE.search(b'"' + escape + b'"')


def test_our_own_escapes_are_not_odd() -> None:
    """They are written again as they came."""
    assert not ODD_ESCAPE.search(rb'"\"\b\f\n\r\t"')
    assert not ODD_ESCAPE.search(rb'"\\"')
