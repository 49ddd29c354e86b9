"""FetchXML: what is written says what was read, and nothing but a refusal comes of anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from proxy.connectors.odata.fetchreading import MAX_DEPTH, MAX_LENGTH, MAX_LINKS, read
from proxy.connectors.odata.fetchtree import write
from proxy.errors import ExchangeError, Gap, Undecodable

WHOLE = """
<fetch version="1.0" mapping="logical" distinct="true" count="5" page="2" paging-cookie="abc">
  <entity name="contact">
    <attribute name="fullname"/>
    <attribute name="jobtitle" alias="job"/>
    <order attribute="createdon"/>
    <filter type="or">
      <condition attribute="statecode" operator="eq" value="0"/>
      <condition attribute="lastname" operator="in"><value uiname="x">O'Neill &amp; Co</value><value/>
      </condition>
      <condition attribute="a" operator="eq" valueof="o.b"/>
      <filter><condition entityname="o" attribute="createdon" operator="last-x-days" value="7"/></filter>
    </filter>
    <link-entity name="systemuser" from="systemuserid" to="ownerid" alias="o" link-type="outer">
      <all-attributes/>
    </link-entity>
  </entity>
</fetch>
"""


EQ = "<condition attribute='a' operator='eq'>"


def _of(inside: str) -> str:
    return f"<fetch><entity name='contact'>{inside}</entity></fetch>"


def test_what_is_written_says_what_was_read() -> None:
    """Once more through the reader it is the same tree; another XML parser finds the values unchanged."""
    found = read(WHOLE)
    text = write(found)
    assert read(text) == found
    assert etree.fromstring(text).xpath("string(//condition[@operator='in']/value)") == "O'Neill & Co"
    assert "uiname" not in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<fetch>",
        "<entity name='contact'/>",
        "<fetch><entity name='contact'/><entity name='lead'/></fetch>",
        "<fetch><entity name='contact'/></fetch><fetch/>",
        "<fetch xmlns='urn:x'><entity name='contact'/></fetch>",
        "<fetch a='1'><entity name='contact'/></fetch>",
        "<fetch top='0'><entity name='contact'/></fetch>",
        "<fetch><entity name='Contact'/></fetch>",
        "<fetch><entity/></fetch>",
        "<fetch><entity name='contact' other='1'/></fetch>",
        "<fetch><entity name='contact'><!-- hidden --></entity></fetch>",
        "<fetch><entity name='contact'><?x y?></entity></fetch>",
        "<fetch aggregate='true'><entity name='contact'><attribute name='a'/></entity></fetch>",
        "<fetch aggregate='true'><entity name='contact'><attribute name='a' aggregate='sum'/></entity></fetch>",
        "<fetch aggregate='true'><entity name='contact'><all-attributes/></entity></fetch>",
        "<fetch><entity name='contact'><attribute name='a' alias='b' aggregate='sum'/></entity></fetch>",
        "<fetch><entity name='contact'><attribute name='a' dategrouping='day'/></entity></fetch>",
        "<fetch><entity name='contact'><order/></entity></fetch>",
        "<fetch><entity name='contact'><order attribute='a' alias='b'/></entity></fetch>",
        _of("<filter/>"),
        _of("<filter isquickfindfields='1'><condition attribute='a' operator='null'/></filter>"),
        _of("<filter><condition attribute='a' operator='null' value='x'/></filter>"),
        _of("<filter><condition attribute='a' operator='last-x-days' value='x'/></filter>"),
        _of(f"<filter>{EQ}<value>1</value><value>2</value></condition></filter>"),
        _of(f"<filter>{EQ}<value><b/></value></condition></filter>"),
        _of("<link-entity name='a' from='b' to='c' intersect='true'/>"),
        _of("<link-entity name='a' from='b'/>"),
    ],
)
def test_what_has_no_word_is_refused(text: str) -> None:
    """Elements, attributes, operators and places of them are a closed list."""
    with pytest.raises(Gap):
        read(text)


def test_xml_cannot_bring_anything_along(tmp_path) -> None:
    """No document type, no entity, no file."""
    secret = tmp_path / "secret"
    secret.write_text("contact")
    for head, name in (
        (f'<!DOCTYPE fetch [<!ENTITY x SYSTEM "file://{secret}">]>', "&x;"),
        ('<!DOCTYPE fetch [<!ENTITY x "contact">]>', "contact"),
        ("<!DOCTYPE fetch>", "contact"),
    ):
        with pytest.raises(Gap):
            read(f"{head}<fetch><entity name='contact'><attribute name='{name}'/></entity></fetch>")


def test_queries_are_bounded() -> None:
    """In length, depth and joins."""
    link = "<link-entity name='a' from='b' to='c'>"
    for inside in (
        "x" * MAX_LENGTH,
        "<filter>" * (MAX_DEPTH + 2)
        + "<condition attribute='a' operator='null'/>"
        + "</filter>" * (MAX_DEPTH + 2),
        link * (MAX_DEPTH + 2) + "</link-entity>" * (MAX_DEPTH + 2),
        (link + "</link-entity>") * (MAX_LINKS + 1),
    ):
        with pytest.raises(Undecodable):
            read(_of(inside))


PIECES = (
    *("<fetch>", "</fetch>", "<entity name='contact'>", "</entity>", "<attribute name='a'/>", "<filter>"),
    *(
        "</filter>",
        "<condition attribute='a' operator='eq' value='1'/>",
        "&#x41;",
        "<![CDATA[x]]>",
        "<a/>",
        "\0",
    ),
)


@given(st.lists(st.sampled_from(PIECES), max_size=10))
def test_nothing_but_a_refusal_comes_of_rubbish(pieces: list[str]) -> None:
    """And what is read is read again from what is written."""
    for text in ("".join(pieces), _of("".join(pieces))):
        try:
            found = read(text)
        except ExchangeError:
            continue
        assert read(write(found)) == found
