"""XML that carries data: one reading or none; ids are those of the threat catalogue."""

import re
import xml.etree.ElementTree as ET
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.codec import codec_for, codec_named, xml_text
from proxy.codec.xml_text import MAX_DEPTH, SALESFORCE_SOAP, XSI, Profile, Text, XmlText
from proxy.connectors.shape import Shape
from proxy.errors import Undecodable

CORPUS = Path(__file__).parent.parent / "corpus" / "codec"
PLAIN = XmlText("plain", Profile({"urn:a": ("", "a"), "urn:b": ("b", "")}, lists=frozenset({"row"})))
FREE = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]) | st.sampled_from("\t\n\r<>&\"']]>")
)


def doc(inside: str, attributes: str = "") -> bytes:
    """Return a document whose root holds this."""
    return f'<a:r xmlns:a="urn:a" xmlns:b="urn:b" xmlns:i="{XSI}"{attributes}>{inside}</a:r>'.encode()


def inside(text: str, attributes: str = "") -> object:
    """Return what the root of such a document holds."""
    tree = PLAIN.decode(doc(text, attributes))
    assert isinstance(tree, dict)
    return tree["r"]


def reason(body: bytes, codec: XmlText = PLAIN) -> str:
    """Return why a body is refused."""
    with pytest.raises(Undecodable) as caught:
        codec.decode(body)
    return caught.value.reason


def independent(body: bytes) -> object:
    """Return what the standard library reads, prefixes and the whitespace between elements apart."""
    spaces: dict[str, str] = {}
    for event, item in ET.iterparse(BytesIO(body), events=("start-ns", "end")):
        if event == "start-ns":
            spaces[item[0]] = item[1]
        else:
            root = item

    def node(each: ET.Element) -> object:
        attributes = dict(each.attrib)
        kind = attributes.get(f"{{{XSI}}}type")
        if kind is not None:
            prefix, _, local = kind.rpartition(":")
            attributes[f"{{{XSI}}}type"] = f"{{{spaces[prefix]}}}{local}"
        return each.tag, attributes, [node(child) for child in each] or (each.text or "")

    return node(root)


@pytest.mark.parametrize("file", sorted(CORPUS.glob("salesforce-soap-*.xml")), ids=lambda file: file.stem)
def test_bodies_of_salesforce_say_the_same_afterwards(file: Path) -> None:
    """An independent parser reads the same elements, attributes, types and text from what we write."""
    body = file.read_bytes()
    encoded = SALESFORCE_SOAP.encode(SALESFORCE_SOAP.decode(body))
    assert independent(encoded) == independent(body)
    assert SALESFORCE_SOAP.encode(SALESFORCE_SOAP.decode(encoded)) == encoded


def test_a_body_of_another_crm_says_the_same_with_a_profile_of_its_own() -> None:
    """Nested entities and types of an organisation service."""
    body = (CORPUS / "dynamics-soap-create.xml").read_bytes()
    xrm = "http://schemas.microsoft.com/xrm/2011/Contracts"
    codec = XmlText("xrm", Profile({xrm: ("x", "a")}, lists=frozenset({"x:KeyValuePairOfstringanyType"})))
    assert independent(codec.encode(codec.decode(body))) == independent(body)


def test_records_of_a_query_are_where_a_connector_says() -> None:
    """The envelope of the partner API is a declared shape, and a record has its fields by their bare names."""
    shape = Shape(
        {
            "$.'soap:Envelope'.'soap:Body'.'p:queryResponse'.'p:result'[*].'p:records'[*]": "record",
            "$.'soap:Envelope'.'soap:Body'.'p:queryResponse'.'p:result'[*].'p:size'": "digits",
        },
        frozenset({"record"}),
        {"digits": re.compile(r"\d{1,9}")},
    )
    seen: list[object] = []
    tree = SALESFORCE_SOAP.decode((CORPUS / "salesforce-soap-query.xml").read_bytes())
    shape.open(tree, {"record": lambda record: seen.append(record) or record})  # type: ignore[func-returns-value]
    assert seen[0] == {
        "@xsi:type": "sObject",
        "type": "Opportunity",
        "Id": "006A000000LZhwNIAT",
        "Name": "Opportunity 1",
        "StageName": "Prospecting",
    }
    assert isinstance(seen[0], dict)
    seen[0]["Name"] = None
    del seen[0]["StageName"]
    encoded = SALESFORCE_SOAP.encode(tree)
    assert b'<sf:Name xsi:nil="true"/></records>' in encoded
    assert b"queryLocator" not in encoded
    assert encoded.count(b"<sf:Id>006A000000LZhwNIAT</sf:Id>") == 2  # as the CRM writes it


def test_xm_01_names_are_namespaces_and_not_prefixes() -> None:
    """XM-01, PD-05: prefix, default namespace and attribute make no difference; case and namespace do."""
    same = {"r": {"@id": "7", "ssn": "1", "b:ssn": "2"}}
    assert PLAIN.decode(doc("<a:ssn>1</a:ssn><b:ssn>2</b:ssn>", ' id="7"')) == same
    assert PLAIN.decode(b'<r id="7" xmlns="urn:a"><ssn>1</ssn><q:ssn xmlns:q="urn:b">2</q:ssn></r>') == same
    assert inside('<x:ssn xmlns:x="urn:x">1</x:ssn><ssn>2</ssn><a:SSN>3</a:SSN>') == {
        "{urn:x}ssn": "1",
        "{}ssn": "2",
        "SSN": "3",
    }
    assert inside('<a:f ssn="2" b:ssn="3"/>') == {"f": {"@ssn": "2", "@b:ssn": "3"}}
    assert reason(doc('<a:f a:ssn="1" ssn="2"/>')) == "repeated_element"  # both would be `@ssn`


def test_xm_02_text_is_what_it_says_however_it_is_written() -> None:
    """XM-02: CDATA, comments, instructions and character references do not split a value or hide one."""
    assert inside("<a:s>1<!-- x -->2<![CDATA[<3>]]>&#52;<?x y?>5&amp;</a:s><!-- 6 --><?y z?>") == {
        "s": "12<3>45&"
    }
    assert b"<!--" not in PLAIN.encode(PLAIN.decode(doc("<!-- ssn --><a:s>1</a:s>")))


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE r [<!ENTITY x "1">]><r>&x;</r>',
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>',
        b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><r/>',
        b'<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:9/">%x;]><r/>',
        b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><r>&c;</r>',
        b'<?xml version="1.0"?>\n<!-- x --><!DOCTYPE r><r/>',
        b"<r>&x;</r>",
    ],
)
def test_xm_03_no_document_type_and_no_entity(body: bytes) -> None:
    """XM-03: refused before a parser expands, fetches or multiplies anything."""
    assert reason(body) == "bad_xml"


@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.0" encoding="utf-16"?><r>é</r>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-7"?><r>+AOk-</r>',
        b'<?xml version="1.0" encoding="iso-8859-1"?><r>\xe9</r>',
        b'<?xml version="1.0" encoding="iso-8859-1"?><r>e</r>',
        b'<?xml version="1.0" encoding="utf-8"?><r>\xe9</r>',
        b'<?xml version="1.1"?><r/>',
        b"\xef\xbb\xbf<r/>",
        b"<r>\xc0\xbc</r>",
        b"<r>\x00</r>",
    ],
)
def test_xm_04_utf_8_and_nothing_else(body: bytes) -> None:
    """XM-04, PD-08, PD-09, PD-11: declared and actual, both."""
    assert reason(body) in {"bad_utf8", "bad_xml"}


@pytest.mark.parametrize(
    "text", ["x<a:s>1</a:s>", "<a:s>1</a:s>x", "<a:s>1</a:s>x<a:t>2</a:t>", "<a:s><a:t/>&#120;</a:s>"]
)
def test_xm_05_text_between_elements_is_refused(text: str) -> None:
    """XM-05: nobody would look for a value there."""
    assert reason(doc(text)) == "mixed_content"


def test_xm_05_a_repeated_element_is_a_list_or_refused() -> None:
    """XM-05, PD-01: two readers take the first or the last; and an order that cannot be kept is refused."""
    assert inside("<a:row>1</a:row>") == {"row": ["1"]}
    assert inside("<a:row>1</a:row><a:row><a:s>2</a:s></a:row>") == {"row": ["1", {"s": "2"}]}
    assert reason(doc("<a:s>1</a:s><a:s>2</a:s>")) == "repeated_element"
    assert reason(doc("<a:row>1</a:row><a:s/><a:row>2</a:row>")) == "interleaved_elements"
    twice = '<s:R xmlns:s="urn:sobject.partner.soap.sforce.com"><s:Id>1</s:Id>{}</s:R>'
    for other in (
        "<s:Id>2</s:Id>",
        "<s:Id>1</s:Id><s:Id>1</s:Id>",
        "<s:N/><s:Id>1</s:Id>",
        "<s:Id><s:x/></s:Id>",
    ):
        assert reason(twice.format(other).encode(), SALESFORCE_SOAP) == "repeated_element"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "bad_xml"),
        (b"x", "bad_xml"),
        (b"<r>", "bad_xml"),
        (b"<r></s>", "bad_xml"),
        (b"<r/><r/>", "bad_xml"),
        (b"<r/>x", "bad_xml"),
        (b'<r a="1" a="2"/>', "bad_xml"),
        (b'<p:r xmlns:p="urn:p" :a="1" xmlns="urn:a"/>', "bad_xml"),
        (b'<r xmlns:a="urn:a" xmlns:b="urn:a" a:x="1" b:x="2"/>', "bad_xml"),
        (b"<x:r/>", "bad_xml"),
        (b"<r>\x01</r>", "bad_xml"),
        (b"<r>" * 50_000 + b"</r>" * 50_000, "bad_xml"),
        (b"<r>" * (MAX_DEPTH + 1) + b"</r>" * (MAX_DEPTH + 1), "too_deep"),
        (b"<r " + b" ".join(b'a%d=""' % at for at in range(100_000)) + b"/>", "too_many_attributes"),
        (b'<r xmlns:i="' + XSI.encode() + b'" i:type="x:y"/>', "bad_xml"),
        (b'<r xmlns:i="' + XSI.encode() + b'" i:type="x y"/>', "bad_xml"),
    ],
)
def test_xm_06_not_well_formed_or_too_much(body: bytes, expected: str) -> None:
    """XM-06: a refusal with a reason, and never a parser's exception."""
    assert reason(body) == expected


def test_xm_06_elements_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """XM-06, PD-16: before anything is built of them."""
    monkeypatch.setattr(xml_text, "MAX_ELEMENTS", 10)
    assert reason(doc("<a:row/>" * 30)) == "too_many_items"


def test_null_types_and_attributes_are_kept() -> None:
    """A null is None, a simple type stays with its text, other attributes are members like any other."""
    spaces = ' xmlns:x="http://www.w3.org/2001/XMLSchema"'
    text = '<a:n i:nil="true"/><a:d i:type="x:double">1.10</a:d><a:m i:nil="1"/><a:t i:type="a:s" k="v">x</a:t>'
    tree = inside(text, spaces)
    assert tree == {
        "n": None,
        "d": "1.10",
        "m": {"@xsi:nil": "1"},
        "t": {"@xsi:type": "s", "@k": "v", "#text": "x"},
    }
    assert isinstance(tree, dict)
    assert isinstance(tree["d"], Text)
    body = doc(text, spaces)
    assert independent(PLAIN.encode(PLAIN.decode(body))) == independent(body)


@pytest.mark.parametrize(
    "tree",
    [
        None,
        {},
        {"r": 1, "s": 2},
        {"r": "\0"},
        {"r": "\ud800"},
        {"r": {"@x y": "1"}},
        {"r": {"@x": []}},
        {"x y": "1"},
        {"q:r": "1"},
        {"r": [["x"]]},
        {"r": {"#text": {}}},
        {"r": {"@b:x": "1"}},  # the default namespace is not for attributes
        {"b:r": {"{}s": "1"}},  # nor can it be left
        {"{urn:x}r><": "1"},
    ],
)
def test_what_has_no_form_is_refused(tree: object) -> None:
    """No name and no value can break out of its place."""
    with pytest.raises(Undecodable):
        PLAIN.encode(tree)


def test_a_route_says_which_xml_a_type_means() -> None:
    """XM-07: `text/xml` is XML-RPC or SOAP by what the route takes, never by what the body looks like."""
    assert codec_for("text/xml; charset=UTF-8", frozenset({"soap_salesforce"})) is SALESFORCE_SOAP
    assert codec_for("text/xml", frozenset({"xmlrpc"})).name == "xmlrpc"


LEAVES = FREE | st.none() | FREE.map(lambda text: Text(text, "string"))
MEMBERS = st.recursive(
    st.dictionaries(st.sampled_from(["s", "t", "b:s", "{urn:x}y", "@id", "{}z"]), FREE, max_size=3),
    lambda inner: (
        st.dictionaries(st.sampled_from(["s", "b:t", "{urn:x}y"]), LEAVES | inner, min_size=1, max_size=3)
        | st.fixed_dictionaries({"row": st.lists(LEAVES | inner, min_size=1, max_size=3)})
    ),
    max_leaves=12,
)


@given(MEMBERS)
def test_an_independent_reader_reads_what_was_inspected(members: dict[str, object]) -> None:
    """What is written is read back, by us and by another parser, as what stood in the tree."""
    try:
        encoded = PLAIN.encode({"r": members})
    except Undecodable:
        assert "{}z" in str(members)
        return
    again = PLAIN.decode(encoded)
    assert PLAIN.encode(again) == encoded
    assert again == {"r": _read_back(members)}

    def texts(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for member in value.values() for text in texts(member)]
        if isinstance(value, list):
            return [text for item in value for text in texts(item)]
        return [value] if isinstance(value, str) and value else []

    root = ET.fromstring(encoded)
    found = [text for node in root.iter() for text in (*node.attrib.values(), node.text) if text]
    typed = [text for text in found if text not in {"true", "xsd:string"}]
    assert sorted(typed) == sorted(text for text in texts(members) if text not in {"true", "xsd:string"})


def _read_back(value: object) -> object:
    """Return a tree in the one form that a document has: nothing inside is the empty text."""
    match value:
        case dict():
            return {name: _read_back(member) for name, member in value.items()} or ""
        case list():
            return [_read_back(item) for item in value]
    return value


@given(
    st.lists(
        st.sampled_from([*"<>/&;!-[]?'\" =x", "a:r", "<a:r>", "</a:r>", "&#0;", "&lt;", "]]>", "<![CDATA["])
    )
)
def test_nothing_but_a_refusal_comes_of_rubbish(parts: list[str]) -> None:
    """No text inside the root raises anything undeclared, and what is read says the same when it is written."""
    body = doc("".join(parts))
    try:
        tree = PLAIN.decode(body)
    except Undecodable:
        return
    assert PLAIN.decode(PLAIN.encode(tree)) == tree


DATALOAD = "http://www.force.com/2009/06/asyncapi/dataload"


def test_jobs_of_the_bulk_api_are_plain_names() -> None:
    """Jobs, lists of batches and lists of results keep their order and what they say."""
    codec = codec_named(frozenset({"xml_salesforce_bulk"}))
    one = "<batchInfo><id>751</id></batchInfo>"
    batches = {"batchInfoList": {"batchInfo": [{"id": "751"}, {"id": "751"}]}}
    for inside, tree in (
        ("jobInfo><operation>query</operation></jobInfo", {"jobInfo": {"operation": "query"}}),
        ("result-list><result>752</result></result-list", {"result-list": {"result": ["752"]}}),
        (f"batchInfoList>{one}{one}</batchInfoList", batches),
    ):
        body = f"<{inside}>".replace(">", f' xmlns="{DATALOAD}">', 1).encode()
        assert codec.decode(body) == tree
        assert codec.decode(codec.encode(tree)) == tree
