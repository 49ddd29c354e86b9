"""XML-RPC bodies: what is read, what is refused, and that nothing changes on the way through."""

import datetime as dt
import xmlrpc.client

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.codec.xmlrpc import MAX_DEPTH, MAX_VALUES, Scalar, XmlRpc
from proxy.errors import Undecodable

CODEC = XmlRpc()


def answer(value: str) -> bytes:
    """Return an answer whose one value is written as `value`."""
    return f"<methodResponse><params><param><value>{value}</value></param></params></methodResponse>".encode()


def fault(code: str, text: str) -> bytes:
    """Return a fault with these two values."""
    members = "".join(
        f"<member><name>{name}</name><value>{value}</value></member>"
        for name, value in (("faultCode", code), ("faultString", text))
    )
    return f"<methodResponse><fault><value><struct>{members}</struct></value></fault></methodResponse>".encode()


def call(inside: str) -> bytes:
    """Return a call with this inside."""
    return f"<methodCall>{inside}</methodCall>".encode()


TEXT = st.text(
    st.characters(
        blacklist_categories=["Cs"],
        blacklist_characters=[*map(chr, range(32)), "\x7f", "\ufffe", "\uffff"],
    )
    | st.sampled_from("\t\n\r<>&]'\"")
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.binary(max_size=200),
    st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(9999, 1, 1)).map(  # noqa: DTZ001
        lambda moment: moment.replace(microsecond=0)
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def stdlib(body: bytes) -> object:
    """Return what Python's own client reads in a body; the judge that shares no code with ours."""
    return xmlrpc.client.loads(body.decode(), use_builtin_types=True)


@given(st.lists(VALUES, max_size=3))
def test_a_call_means_the_same_to_another_reader_before_and_after(params: list[object]) -> None:
    """Python's xmlrpc.client reads the same call in what it wrote and in what we made of it."""
    body = xmlrpc.client.dumps(tuple(params), "model.party.party.read", allow_none=True).encode()
    assert stdlib(CODEC.encode(CODEC.decode(body))) == stdlib(body)


@given(VALUES)
def test_an_answer_means_the_same_to_another_reader_before_and_after(value: object) -> None:
    """Python's xmlrpc.client reads the same answer in what it wrote and in what we made of it."""
    body = xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True).encode()
    assert stdlib(CODEC.encode(CODEC.decode(body))) == stdlib(body)


@given(VALUES)
def test_decoding_what_was_encoded_gives_the_tree_again(value: object) -> None:
    """decode after encode is the identity on trees, texts with carriage returns included."""
    tree = CODEC.decode(xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True).encode())
    assert CODEC.decode(CODEC.encode(tree)) == tree


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("plain", "plain"),  # no type means string
        ("", ""),
        ("<string></string>", ""),
        ("<string>a&#13;b&amp;&lt;&#x20AC;</string>", "a\rb&<€"),
        ("<string>a<![CDATA[<b>]]>c</string>", "a<b>c"),  # XM-02: one text, wherever it was cut
        ("<int>0</int>", 0),
        ("<i4>-2147483648</i4>", -(2**31)),
        ("<int>007</int>", Scalar("int", "007")),
        ("<int>-0</int>", Scalar("int", "-0")),
        ("<int>2147483648</int>", Scalar("int", "2147483648")),
        ("<i8>5</i8>", Scalar("i8", "5")),
        ("<double>1500.00</double>", Scalar("double", "1500.00")),  # no float damage
        ("<bigdecimal>0.10</bigdecimal>", Scalar("bigdecimal", "0.10")),
        ("<biginteger>99999999999999999999</biginteger>", Scalar("biginteger", "99999999999999999999")),
        ("<base64>\nAAE=\n</base64>", Scalar("base64", "\nAAE=\n")),
        (
            "<dateTime.iso8601>20261123T16:46:00</dateTime.iso8601>",
            Scalar("dateTime.iso8601", "20261123T16:46:00"),
        ),
        ("<boolean>1</boolean>", True),
        ("<nil/>", None),
        ("\n <struct>\n <member> <name>a</name> <value>b</value> </member>\n</struct> ", {"a": "b"}),
        ("<array><data></data></array>", []),
        ("<array><data><value>b</value><value><nil/></value></data></array>", ["b", None]),
    ],
)
def test_each_value_is_read_as_what_it_is(written: str, read: object) -> None:
    """Every scalar keeps its exact text or is a plain Python value that says the same."""
    tree = CODEC.decode(answer(written))
    assert tree == {"result": read}
    assert CODEC.decode(CODEC.encode(tree)) == tree


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "bad_xml"),
        (b"<methodCall>", "bad_xml"),
        (b"\xef\xbb\xbf" + call("<methodName>a</methodName>"), "bad_xml"),  # byte order mark
        (call("<methodName>a</methodName>").decode().encode("utf-16"), "bad_utf8"),  # XM-04
        (b"<?xml version='1.0' encoding='latin-1'?>" + call("<methodName>a</methodName>"), "bad_xml"),  # XM-04
        (b"<?xml version='1.1'?>" + call("<methodName>a</methodName>"), "bad_xml"),
        (b"<!DOCTYPE methodCall [<!ENTITY x 'y'>]>" + call("<methodName>&x;</methodName>"), "bad_xml"),  # XM-03
        (b"<!-- x -->" + call("<methodName>a</methodName>"), "bad_xml"),
        (call("<methodName>a</methodName>") + b"<!-- x -->", "bad_xml"),
        (call("<methodName>a</methodName>") + b"<?x y?>", "bad_xml"),
        (call("<methodName>a</methodName>") + b"x", "bad_xml"),
        (call("<methodName>a</methodName><?x y?>"), "not_xmlrpc"),
        (call("<methodName>a<!-- b -->c</methodName>"), "not_xmlrpc"),  # XM-02: one reader sees "a", one "ac"
        (call("<methodName>a&foo;</methodName>"), "bad_xml"),
        (call("<methodName a='b'>a</methodName>"), "not_xmlrpc"),
        (call("<methodName xmlns='u:x'>a</methodName>"), "not_xmlrpc"),
        (call("<methodName>a b</methodName>"), "not_xmlrpc"),
        (call("<methodName>a</methodName><methodName>b</methodName>"), "not_xmlrpc"),
        (call("<methodName>a</methodName>x<params/>"), "not_xmlrpc"),  # XM-05: text between elements
        (call("<params/><methodName>a</methodName>"), "not_xmlrpc"),
        (call("<methodName>a</methodName><params><param/></params>"), "not_xmlrpc"),
        (call("<methodName>a</methodName><params><value>b</value></params>"), "not_xmlrpc"),
        (answer("<ex:nil xmlns:ex='u:x'/>"), "not_xmlrpc"),  # another reader drops the prefix
        (answer("<nil>x</nil>"), "bad_scalar"),
        (answer("<unknown/>"), "not_xmlrpc"),
        (answer("<int>1</int><int>2</int>"), "not_xmlrpc"),
        (answer("x<int>1</int>"), "not_xmlrpc"),
        (answer("<int>1<b/></int>"), "not_xmlrpc"),
        (answer("<int> 1</int>"), "bad_scalar"),
        (answer("<int>1e3</int>"), "bad_scalar"),
        (answer("<int>\u0661</int>"), "bad_scalar"),  # a digit, but not one of ours
        (answer("<boolean>true</boolean>"), "bad_scalar"),
        (answer("<double>nan</double>"), "bad_scalar"),
        (answer("<double></double>"), "bad_scalar"),
        (answer("<base64>&lt;</base64>"), "bad_scalar"),
        (answer("<base64>AAE\u2028=</base64>"), "bad_scalar"),
        (answer("<base64>AAE</base64>"), "bad_scalar"),
        (answer("<base64>A</base64>"), "bad_scalar"),
        (answer("<base64>AA==AAE=</base64>"), "bad_scalar"),
        (answer("<dateTime.iso8601>yesterday</dateTime.iso8601>"), "bad_scalar"),
        (answer("<array><value/></array>"), "not_xmlrpc"),
        (answer("<array><data>x</data></array>"), "not_xmlrpc"),
        (answer("<struct><member><name>a</name></member></struct>"), "not_xmlrpc"),
        (
            answer(
                "<struct><member><name>a</name><value>1</value></member>"
                "<member><name>a</name><value>2</value></member></struct>"
            ),
            "duplicate_member",
        ),
        (b"<methodResponse><params></params></methodResponse>", "not_xmlrpc"),
        (b"<methodResponse><fault><value>no</value></fault></methodResponse>", "not_xmlrpc"),
        (
            fault("<boolean>1</boolean>", "x"),  # a fault code that is no number
            "not_xmlrpc",
        ),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(body: bytes, reason: str) -> None:
    """Everything outside the grammar is refused, with a reason and without a word of the body."""
    with pytest.raises(Undecodable) as caught:
        CODEC.decode(body)
    assert str(caught.value) == reason
    assert caught.value.__cause__ is None


def test_a_fault_is_told_apart_from_a_result() -> None:
    """A fault has a tree of its own, and goes through unchanged."""
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(1, "no")).encode()
    tree = CODEC.decode(body)
    assert tree == {"fault": {"faultCode": 1, "faultString": "no"}}
    with pytest.raises(xmlrpc.client.Fault):
        stdlib(CODEC.encode(tree))


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 80, 300, 100_000])
def test_nesting_is_bounded(depth: int) -> None:
    """Deep nesting is refused by us or by the parser, never by a crash (XM-06)."""
    body = answer("<array><data><value>" * depth + "</value></data></array>" * depth)
    with pytest.raises(Undecodable):
        CODEC.decode(body)


def test_as_deep_as_allowed_is_read() -> None:
    """The limit is ours and not an earlier one of the parser's."""
    nested = MAX_DEPTH - 1
    body = answer("<array><data><value>" * nested + "</value></data></array>" * nested)
    assert CODEC.decode(CODEC.encode(CODEC.decode(body))) == CODEC.decode(body)


def test_the_number_of_values_is_bounded() -> None:
    """More values than the limit are refused as too large."""
    with pytest.raises(Undecodable) as caught:
        CODEC.decode(answer("<array><data>" + "<value/>" * MAX_VALUES + "</data></array>"))
    assert (caught.value.reason, caught.value.status) == ("too_many_values", 413)


@pytest.mark.parametrize(
    "tree",
    [
        None,
        {"method": "a b", "params": []},
        {"result": 1.5},  # a float has lost its text already
        {"result": "a\x00b"},
        {"result": "a\ufffeb"},
        {"result": {"\x01": 1}},
        {"result": (1,)},
    ],
)
def test_what_has_no_form_is_not_written(tree: object) -> None:
    """PD-32: a tree that did not come from a codec is refused rather than guessed at."""
    with pytest.raises(Undecodable):
        CODEC.encode(tree)


def test_an_integer_beyond_32_bits_is_written_as_tryton_writes_it() -> None:
    """Larger integers take Python's extension, which Tryton and proteus read back."""
    assert stdlib(CODEC.encode({"result": 2**40})) == ((2**40,), None)
