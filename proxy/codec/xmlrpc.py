"""XML-RPC bodies, read by a grammar that has no room for surprises, and written canonically.

A call becomes `{"method": str, "params": list}`, an answer `{"result": tree}`, a fault
`{"fault": {"faultCode": int, "faultString": str}}`. Structs are dicts with their order kept, `nil` is None,
`boolean` is bool, strings are str, and an `int` written the one ordinary way is int. Every other scalar
(`double`, `dateTime.iso8601`, `base64`, `i8`, Python's `bigdecimal` and `biginteger`, an int written `007`)
is a `Scalar`: its type and its text exactly as they came, because nothing here needs to understand them and
a float that went through a parser may come out another one.

What is refused, though an XML parser would take it: a document type or anything else before the root, other
encodings than UTF-8, comments, processing instructions, attributes, namespaces, text between elements, two
members of one name, and nesting or size beyond the limits (threats XM-01 to XM-06). Calls are told apart by
what the body says and by nothing else (XM-07); that is the connector's work, on the tree made here.

Grammar: xmlrpc.com/spec.md, plus the `nil` extension and the two types of Python's `xmlrpc.client` that
Tryton uses. What the specification leaves open (whitespace between elements) is accepted and not kept.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from lxml import etree

from proxy.errors import Undecodable
from proxy.message import Tree

MAX_DEPTH: Final = 64
"""Values inside values. libxml2 stops at 256 elements, and one level of ours is at most three of them."""
MAX_VALUES: Final = 200_000
"""`system.listMethods` of a Tryton with every module has about 9,000."""

_PROLOG: Final = re.compile(
    rb"""[ \t\r\n]*(?:<\?xml[ \t\r\n]+version=(?:'1\.0'|"1\.0")"""
    rb"""(?:[ \t\r\n]+encoding=(?:'[Uu][Tt][Ff]-8'|"[Uu][Tt][Ff]-8"))?[ \t\r\n]*\?>)?"""
    rb"""[ \t\r\n]*<method(?:Call|Response)[ \t\r\n]*>"""
)
"""All that may stand before the root: no byte order mark, no document type, no comment."""
_METHOD: Final = re.compile(r"[A-Za-z0-9_.:/]{1,256}")
_INT: Final = re.compile(r"0|-?[1-9][0-9]{0,9}")
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_I4: Final = range(-(2**31), 2**31)

_LEXEMES: Final[Mapping[str, re.Pattern[str]]] = {
    "int": re.compile(r"[+-]?[0-9]{1,32}"),
    "i4": re.compile(r"[+-]?[0-9]{1,32}"),
    "i8": re.compile(r"[+-]?[0-9]{1,32}"),
    "biginteger": re.compile(r"[+-]?[0-9]{1,400}"),
    "double": re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?"),
    "bigdecimal": re.compile(r"[+-]?[0-9]{1,400}(?:\.[0-9]{0,400})?(?:[eE][+-]?[0-9]{1,4})?"),
    "dateTime.iso8601": re.compile(
        r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z?"
    ),
    # Whole groups, the last one filled up: what is cut short is one thing to one reader, and none to another.
    "base64": re.compile(
        r"[ \t\r\n]*+(?:(?:[A-Za-z0-9+/][ \t\r\n]*+){4})*+"
        r"(?:(?:[A-Za-z0-9+/][ \t\r\n]*+){2}(?:=[ \t\r\n]*+){2}|(?:[A-Za-z0-9+/][ \t\r\n]*+){3}=[ \t\r\n]*+)?"
    ),
}
"""Types whose text is kept as it came, and what it may look like."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One scalar whose type and text are kept exactly; a leaf that nobody but this codec looks into."""

    kind: str
    """An element name of `_LEXEMES`."""
    text: str


class XmlRpc:
    """The codec for XML-RPC; stateless."""

    name: ClassVar[str] = "xmlrpc"
    media_types: ClassVar[frozenset[str]] = frozenset({"text/xml", "application/xml"})
    content_type: ClassVar[str] = "text/xml"
    """Without a charset: both ends take UTF-8, and Tryton compares nothing but the word `xml`."""

    def decode(self, body: bytes) -> Tree:
        """Return the call, answer or fault that `body` is.

        Raises:
            Undecodable: it is not exactly one XML-RPC message in UTF-8, or goes beyond the limits.
        """
        root = _parse(body)
        return _call(root) if root.tag == "methodCall" else _answer(root)

    def encode(self, tree: Tree) -> bytes:
        """Return the message for a tree that `decode` made, edited or not.

        Raises:
            Undecodable: a value has no form in XML-RPC.
        """
        out = ["<?xml version='1.0'?>\n"]
        match tree:
            case {"method": str(method), "params": list(params)} if _METHOD.fullmatch(method):
                out.append(f"<methodCall><methodName>{method}</methodName><params>")
                for param in params:
                    out.append("<param>")
                    _write(param, out)
                    out.append("</param>")
                out.append("</params></methodCall>")
            case {"fault": dict(fault)}:
                out.append("<methodResponse><fault>")
                _write(fault, out)
                out.append("</fault></methodResponse>")
            case {"result": result}:
                out.append("<methodResponse><params><param>")
                _write(result, out)
                out.append("</param></params></methodResponse>")
            case _:
                raise Undecodable("not_xmlrpc")
        return "".join(out).encode()


# ---- reading -----------------------------------------------------------------------------------------------


def _parse(body: bytes) -> etree._Element:
    """Return the root; everything an XML document may hold besides plain elements and text is refused."""
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Undecodable("bad_utf8") from None
    if not _PROLOG.match(body):
        raise Undecodable("bad_xml")
    # A parser per call: lxml's keep a dictionary of names that would grow with hostile input.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise Undecodable("bad_xml") from None
    if root.getnext() is not None:
        raise Undecodable("bad_xml")
    if sum(1 for _ in root.iter("value")) > MAX_VALUES:
        raise Undecodable("too_many_values", status=413)
    return root


def _call(root: etree._Element) -> Tree:
    parts = _children(root)
    if not 1 <= len(parts) <= 2 or parts[0].tag != "methodName":
        raise Undecodable("not_xmlrpc")
    method = _text(parts[0])
    if not _METHOD.fullmatch(method):
        raise Undecodable("not_xmlrpc")
    return {"method": method, "params": _params(parts[1]) if len(parts) > 1 else []}


def _answer(root: etree._Element) -> Tree:
    part = _only(root, "params", "fault")
    if part.tag == "fault":
        match _value(_only(part, "value"), 1):
            case {"faultCode": int(code), "faultString": str(text), **rest} if not rest:
                if not isinstance(code, bool):
                    return {"fault": {"faultCode": code, "faultString": text}}
        raise Undecodable("not_xmlrpc")
    results = _params(part)
    if len(results) != 1:
        raise Undecodable("not_xmlrpc")
    return {"result": results[0]}


def _params(node: etree._Element) -> list[Tree]:
    if node.tag != "params":
        raise Undecodable("not_xmlrpc")
    return [_value(_only(param, "value"), 1) for param in _children(node, "param")]


def _value(node: etree._Element, depth: int) -> Tree:
    """Return what one `<value>` holds; without a type inside it is a string."""
    if depth > MAX_DEPTH:
        raise Undecodable("too_deep")
    if not len(node):
        return _text(node)
    typed = _only(node)
    read = _READERS.get(typed.tag)
    if read is None:
        raise Undecodable("not_xmlrpc")
    return read(typed, depth)


def _struct(node: etree._Element, depth: int) -> Tree:
    found: dict[str, Tree] = {}
    for member in _children(node, "member"):
        parts = _children(member)
        if len(parts) != 2 or parts[0].tag != "name" or parts[1].tag != "value":
            raise Undecodable("not_xmlrpc")
        name = _text(parts[0])
        if name in found:
            raise Undecodable("duplicate_member")
        found[name] = _value(parts[1], depth + 1)
    return found


def _array(node: etree._Element, depth: int) -> Tree:
    return [_value(item, depth + 1) for item in _children(_only(node, "data"), "value")]


def _boolean(node: etree._Element, _depth: int) -> Tree:
    text = _text(node)
    if text not in ("0", "1"):
        raise Undecodable("bad_scalar")
    return text == "1"


def _nil(node: etree._Element, _depth: int) -> Tree:
    if _text(node):
        raise Undecodable("bad_scalar")
    return None


def _lexeme(node: etree._Element, _depth: int) -> Tree:
    kind, text = str(node.tag), _text(node)
    if kind in ("int", "i4") and _INT.fullmatch(text) and int(text) in _I4:
        return int(text)
    if not _LEXEMES[kind].fullmatch(text):
        raise Undecodable("bad_scalar")
    return Scalar(kind, text)


def _text(node: etree._Element) -> str:
    """Return the text of an element that has no children."""
    if len(node):
        raise Undecodable("not_xmlrpc")
    _check_plain(node)
    return node.text or ""


def _only(node: etree._Element, *tags: str) -> etree._Element:
    """Return the only child, whose tag is one of `tags` (any, if none is named)."""
    children = _children(node)
    if len(children) != 1 or (tags and children[0].tag not in tags):
        raise Undecodable("not_xmlrpc")
    return children[0]


def _children(node: etree._Element, tag: str | None = None) -> list[etree._Element]:
    """Return the children, all of them called `tag` if one is given, with nothing but whitespace between."""
    _check_plain(node)
    children = list(node)
    if _has_text(node.text) or any(_has_text(child.tail) for child in children):
        raise Undecodable("not_xmlrpc")
    if tag is not None and any(child.tag != tag for child in children):
        raise Undecodable("not_xmlrpc")
    return children


def _check_plain(node: etree._Element) -> None:
    """Refuse attributes, namespaces, comments, instructions and unexpanded entities."""
    if not isinstance(node.tag, str) or node.attrib or node.nsmap:
        raise Undecodable("not_xmlrpc")


def _has_text(text: str | None) -> bool:
    return text is not None and bool(text.strip(" \t\r\n"))


_READERS: Final[Mapping[object, Callable[[etree._Element, int], Tree]]] = {
    "string": lambda node, _depth: _text(node),
    "boolean": _boolean,
    "nil": _nil,
    "struct": _struct,
    "array": _array,
    **dict.fromkeys(_LEXEMES, _lexeme),
}


# ---- writing -----------------------------------------------------------------------------------------------


def _write(value: Tree, out: list[str]) -> None:
    """Append the one form that `value` has; recursion is bounded because trees come from `decode`."""
    match value:
        case str():
            out.append(f"<value><string>{_escape(value)}</string></value>")
        case None:
            out.append("<value><nil/></value>")
        case bool():
            out.append(f"<value><boolean>{int(value)}</boolean></value>")
        case int():
            kind = "int" if value in _I4 else "biginteger"
            out.append(f"<value><{kind}>{value}</{kind}></value>")
        case Scalar(kind, text):
            out.append(f"<value><{kind}>{text}</{kind}></value>")
        case dict():
            out.append("<value><struct>")
            for name, member in value.items():
                out.append(f"<member><name>{_escape(name)}</name>")
                _write(member, out)
                out.append("</member>")
            out.append("</struct></value>")
        case list():
            out.append("<value><array><data>")
            for item in value:
                _write(item, out)
            out.append("</data></array></value>")
        case _:
            raise Undecodable("unencodable_value")


def _escape(text: str) -> str:
    """Return `text` so that a parser reads it back; a bare carriage return would come back as a newline."""
    if _NOT_XML.search(text):
        raise Undecodable("unencodable_value")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
