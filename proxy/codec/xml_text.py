"""XML that carries data (SOAP above all) as a tree of plain names, and back.

An element is a member of its parent, called by what its namespace and local name are in the `Profile` of the
CRM: `soap:Body`, `p:records`, or just `Email` in the namespace of the records' fields. A namespace that the
profile does not know gives `{urn:x}Email`, which is no name that anybody declares. Prefixes in the document
mean nothing (threat XM-01). What an element holds becomes

    text                      str
    xsi:nil="true"            None
    text of a simple type     `Text`, a str that remembers xsi:type="xsd:..."
    anything else             dict: attributes as `@name`, then the elements; `#text` for text beside attributes
    repeated                  a list, if the profile says that this element is one, even where there is only one

`@xsi:type` holds a name like an element's, not a prefix. Comments and instructions are dropped, character
references and CDATA are read as the text they are.

Refused: any document type, hence every entity; other encodings than UTF-8; XML 1.1; a byte order mark; text
between elements (XM-05); repeated elements that are no declared list, or with others between them, because
their order could not be given back; nesting, attributes or size beyond the limits (XM-02 to XM-06).

What is written says the same in one form: prefixes as the profile has them, all declared on the root.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from lxml import etree

from proxy.errors import Undecodable
from proxy.message import Tree, scalar_text

MAX_DEPTH: Final = 64
MAX_ELEMENTS: Final = 200_000
MAX_ATTRIBUTES: Final = 32
"""Of one element."""

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
TYPE: Final = "@xsi:type"
TEXT: Final = "#text"

_DECLARATION: Final = re.compile(
    rb"""<\?xml[ \t\r\n]+version=(?:'1\.0'|"1\.0")"""
    rb"""(?:[ \t\r\n]+encoding=(?:'[Uu][Tt][Ff]-8'|"[Uu][Tt][Ff]-8"))?"""
    rb"""(?:[ \t\r\n]+standalone=(?:'(?:yes|no)'|"(?:yes|no)"))?[ \t\r\n]*\?>"""
)
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOCAL: Final = re.compile(r"[^\W\d][\w.\-]*")


class Text(str):
    """The text of an element whose `xsi:type` is one of XML Schema's own."""

    __slots__ = ("kind", "times")
    kind: str
    """Its local name; "" for none."""
    times: int
    """How often the element stands there, with the same text."""

    def __new__(cls, text: str, kind: str = "", times: int = 1) -> Self:
        """Return `text` with what is known of it."""
        self = super().__new__(cls, text)
        self.kind, self.times = kind, times
        return self


@dataclass(frozen=True, slots=True)
class Profile:
    """The names of one CRM's XML."""

    namespaces: Mapping[str, tuple[str, str]]
    """Namespace -> prefix in the tree ("" for none), prefix in what is written ("" for the default)."""
    lists: frozenset[str] = frozenset()
    """Elements, by their name in the tree, that are lists."""
    doubled: frozenset[str] = frozenset()
    """Elements that the CRM writes twice with the same text; once in the tree."""
    _names: Mapping[str, tuple[str, str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        known = {XSI: ("xsi", "xsi"), XSD: ("xsd", "xsd"), **self.namespaces}
        object.__setattr__(self, "namespaces", known)
        object.__setattr__(self, "_names", {short: (uri, written) for uri, (short, written) in known.items()})

    def name(self, uri: str, local: str) -> str:
        """Return what an element is called in the tree."""
        short = self.namespaces.get(uri)
        if short is None:
            return f"{{{uri}}}{local}"
        return f"{short[0]}:{local}" if short[0] else local

    def expand(self, name: str) -> tuple[str, str]:
        """Return namespace and local name of a name in the tree.

        Raises:
            Undecodable: it is none.
        """
        if name.startswith("{"):
            uri, _, local = name[1:].rpartition("}")
        else:
            short, _, local = name.rpartition(":")
            if short not in self._names:
                raise Undecodable("unencodable_value")
            uri = self._names[short][0]
        if not _LOCAL.fullmatch(local):
            raise Undecodable("unencodable_value")
        return uri, local


class XmlText:
    """The codec for XML of one profile; stateless."""

    media_types: Final = frozenset({"text/xml", "application/xml"})
    content_type: Final = "text/xml; charset=utf-8"

    def __init__(self, name: str, profile: Profile) -> None:
        self.name: Final = name
        self._profile = profile

    def decode(self, body: bytes) -> Tree:
        """Return the document as a dict of its only element.

        Raises:
            Undecodable: it is not exactly one XML document that can be read in one way only.
        """
        root = _parse(body)
        return {self._name(root): self._value(root, 1)}

    def encode(self, tree: Tree) -> bytes:
        """Return the document for a tree that `decode` made, edited or not.

        Raises:
            Undecodable: a value has no form in XML.
        """
        if not isinstance(tree, dict) or len(tree) != 1:
            raise Undecodable("unencodable_value")
        writer = _Writer(self._profile)
        ((name, value),) = tree.items()
        writer.element(name, value)
        return writer.document()

    def _name(self, node: etree._Element) -> str:
        return self._profile.name(*_split(str(node.tag)))

    def _value(self, node: etree._Element, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise Undecodable("too_deep")
        if len(node.attrib) > MAX_ATTRIBUTES:
            raise Undecodable("too_many_attributes", status=413)
        attributes = {self._attribute(name): str(value) for name, value in node.attrib.items()}
        if len(attributes) != len(node.attrib):
            raise Undecodable("repeated_element")
        if TYPE in attributes:
            attributes[TYPE] = self._type(node, attributes[TYPE])
        if not len(node):
            return _leaf(attributes, node.text or "")
        if _has_text(node.text) or any(_has_text(child.tail) for child in node):
            raise Undecodable("mixed_content")
        return self._members(dict(attributes), node, depth)

    def _members(self, found: dict[str, Tree], node: etree._Element, depth: int) -> Tree:
        before = ""
        for child in node:
            name, value = self._name(child), self._value(child, depth + 1)
            if name in self._profile.lists:
                items = found.setdefault(name, [])
                assert isinstance(items, list)
                if items and name != before:
                    raise Undecodable("interleaved_elements")
                items.append(value)
            elif name not in found:
                found[name] = value
            elif name in self._profile.doubled and name == before and _same(found[name], value):
                found[name] = Text(str(value), getattr(value, "kind", ""), 2)
            else:
                raise Undecodable("repeated_element")
            before = name
        return found

    def _attribute(self, tag: str | bytes) -> str:
        uri, local = _split(str(tag))
        return "@" + (self._profile.name(uri, local) if uri else local)

    def _type(self, node: etree._Element, value: str) -> str:
        """Return the type that `xsi:type` names, with the prefix as it is bound here."""
        prefix, _, local = value.strip(" \t\r\n").rpartition(":")
        uri = node.nsmap.get(prefix or None)
        if (prefix and uri is None) or not _LOCAL.fullmatch(local):
            raise Undecodable("bad_xml")
        return self._profile.name(uri or "", local)


def _parse(body: bytes) -> etree._Element:
    """Return the root, without comments and instructions."""
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Undecodable("bad_utf8") from None
    if b"<!DOCTYPE" in body or b"\0" in body or not body.lstrip(b" \t\r\n").startswith(b"<"):
        raise Undecodable("bad_xml")
    if body.startswith(b"<?xml") and not _DECLARATION.match(body):
        raise Undecodable("bad_xml")
    if body.count(b"<") > 2 * MAX_ELEMENTS:
        raise Undecodable("too_many_items", status=413)
    # A parser per call: lxml's keep a dictionary of names that would grow with hostile input.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        pass
    raise Undecodable("bad_xml")


def _leaf(attributes: dict[str, str], text: str) -> Tree:
    """Return what an element without elements inside is."""
    if not attributes:
        return text
    if attributes == {"@xsi:nil": "true"} and not text:
        return None
    kind = attributes.get(TYPE, "")
    if len(attributes) == 1 and kind.startswith("xsd:"):
        return Text(text, kind.removeprefix("xsd:"))
    return {**attributes, TEXT: text} if text else dict(attributes)


def _same(one: Tree, other: Tree) -> bool:
    plain = isinstance(one, str) and isinstance(other, str) and getattr(one, "times", 1) == 1
    return plain and one == other and getattr(one, "kind", "") == getattr(other, "kind", "")


def _split(tag: str) -> tuple[str, str]:
    uri, closed, local = tag.removeprefix("{").rpartition("}")
    if ":" in local:
        # libxml2 forgets that `:a` is no name once a namespace is declared behind it. For us it would be short.
        raise Undecodable("bad_xml")
    return (uri, local) if closed else ("", tag)


def _has_text(text: str | None) -> bool:
    return text is not None and bool(text.strip(" \t\r\n"))


class _Writer:
    """Writes one document; recursion is bounded because trees come from `decode`."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._out: list[str] = []
        self._used: dict[str, str] = {}
        self._root = ""

    def document(self) -> bytes:
        """Return what was written, with every namespace declared on the root."""
        if "" in self._used and "" in (written for uri, written in self._used.items() if uri):
            raise Undecodable("unencodable_value")  # an element without a namespace would get the default one
        spaces = "".join(
            f' xmlns{":" if written else ""}{written}="{_escape(uri)}"'
            for uri, written in self._used.items()
            if uri
        )
        text = "".join(self._out)
        at = len(self._root)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text[:at]}{spaces}{text[at:]}'.encode()

    def element(self, name: str, value: Tree) -> None:
        """Write an element, or one for each item of a list."""
        if isinstance(value, list):
            if any(isinstance(item, list) for item in value):
                raise Undecodable("unencodable_value")
            for item in value:
                self.element(name, item)
            return
        written = self._written(name)
        self._root = self._root or f"<{written}"
        for _ in range(getattr(value, "times", 1)):
            self._one(written, value)

    def _one(self, written: str, value: Tree) -> None:
        members: Mapping[str, Tree]
        match value:
            case None:
                members = {"@xsi:nil": "true"}
            case dict():
                members = value
            case Text(kind=str(kind)) if kind:
                members = {TYPE: f"xsd:{kind}", TEXT: str(value)}
            case _:
                members = {TEXT: value}
        self._out.append(f"<{written}")
        for name, attribute in members.items():
            if name.startswith("@"):
                self._out.append(f" {self._attribute(name, attribute)}")
        inside = [(name, member) for name, member in members.items() if not name.startswith("@")]
        if not inside or inside == [(TEXT, "")]:
            self._out.append("/>")
            return
        self._out.append(">")
        for name, member in inside:
            if name == TEXT:
                self._out.append(_escape(_scalar(member)))
            else:
                self.element(name, member)
        self._out.append(f"</{written}>")

    def _attribute(self, name: str, value: Tree) -> str:
        written = name[1:]
        if ":" in written or written.startswith("{"):
            written = self._written(written, attribute=True)
        elif not _LOCAL.fullmatch(written):
            raise Undecodable("unencodable_value")
        text = self._written(_scalar(value)) if name == TYPE else _scalar(value)
        return f'{written}="{_escape(text)}"'

    def _written(self, name: str, *, attribute: bool = False) -> str:
        """Return a name of the tree as it is written, and have its namespace declared."""
        uri, local = self._profile.expand(name)
        if uri not in self._used:
            taken = len(self._used)
            self._used[uri] = self._profile.namespaces.get(uri, ("", f"n{taken}"))[1] if uri else ""
        prefix = self._used[uri]
        if attribute and uri and not prefix:
            raise Undecodable("unencodable_value")  # the default namespace is not for attributes
        return f"{prefix}:{local}" if prefix else local


def _scalar(value: Tree) -> str:
    if value is None:
        return ""
    text = ("false", "true")[value] if isinstance(value, bool) else scalar_text(value)
    if text is None:
        raise Undecodable("unencodable_value")
    return text


def _escape(text: str) -> str:
    """Return `text` so that a parser reads it back, in an element and in an attribute."""
    if _NOT_XML.search(text):
        raise Undecodable("unencodable_value")
    for character, reference in _REFERENCES:
        text = text.replace(character, reference)
    return text


_REFERENCES: Final = (
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ('"', "&quot;"),
    ("\r", "&#13;"),
    ("\n", "&#10;"),
    ("\t", "&#9;"),
)

SALESFORCE_SOAP: Final = XmlText(
    "soap_salesforce",
    Profile(
        {
            "http://schemas.xmlsoap.org/soap/envelope/": ("soap", "soapenv"),
            "urn:partner.soap.sforce.com": ("p", ""),
            "urn:sobject.partner.soap.sforce.com": ("", "sf"),
            "urn:fault.partner.soap.sforce.com": ("fault", "sff"),
        },
        lists=frozenset(
            {"p:records", "p:result", "p:errors", "p:fields", "p:sObjects", "p:ids", "p:sobjects"}
            | {"p:searchRecords", "p:mergedRecordIds", "p:updatedRelatedIds", "p:recordToMergeIds"}
            | {"p:sObjectType", "fieldsToNull", "p:fieldsToNull", "p:childRelationships", "p:picklistValues"}
            | {"p:referenceTo", "p:recordTypeInfos", "p:namedLayoutInfos", "p:supportedScopes"}
            | {"p:actionOverrides", "p:junctionIdListNames", "p:junctionReferenceTo"}
        ),
        doubled=frozenset({"Id"}),
    ),
)
"""Salesforce's SOAP API with the partner WSDL: fields of a record are bare names, all else has its prefix."""
SALESFORCE_BULK: Final = XmlText(
    "xml_salesforce_bulk",
    Profile(
        {"http://www.force.com/2009/06/asyncapi/dataload": ("", "")},
        lists=frozenset({"batchInfo", "result"}),
    ),
)
"""Salesforce's Bulk API 1.0: jobs and batches, and lists of results."""
