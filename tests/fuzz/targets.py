"""What is fuzzed: every codec and query grammar, each beside a reader that shares no code with it.

A target takes any bytes. It returns whether they were accepted; it raises AssertionError where what came and
what would be sent are two things to an independent reader, and lets any other error through.
"""

import base64
import csv
import email
import email.policy
import io
import json
import xmlrpc.client
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import yaml
from graphql import parse as graphql_parse
from graphql import print_ast
from lxml import etree

from proxy.codec import codec_for, codec_named
from proxy.codec.batch import OdataBatch
from proxy.codec.small import fold, unfold
from proxy.codec.xml_text import SALESFORCE_SOAP
from proxy.connectors.graphql.query import body_of, read_query
from proxy.connectors.odata.fetchreading import read as read_fetch
from proxy.connectors.odata.fetchtree import write as write_fetch
from proxy.connectors.odata.parsing import options as read_options
from proxy.connectors.odata.writing import pairs as write_options
from proxy.connectors.soql import parse as parse_soql
from proxy.connectors.soql import write as write_soql
from proxy.errors import ExchangeError
from proxy.sandbox.salesforce.refusals import SalesforceError
from proxy.sandbox.salesforce.soql import parse as soql_elsewhere
from proxy.sandbox.salesforce.soql_tree import Every, Some
from tests.fuzz.queries import CHECKS as QUERIES
from tests.fuzz.queries import sosl
from tests.fuzz.wire import CHECKS as WIRE

HERE: Final = Path(__file__).parent
OPTIONS: Final = ("$select", "$filter", "$orderby", "$top", "$expand", "$apply", "$search")


@dataclass(frozen=True, slots=True)
class Target:
    """One of them."""

    name: str
    check: Callable[[bytes], bool]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]
    """What inputs are made of."""


def _json(data: bytes) -> bool:
    codec = codec_named(frozenset({"json"}))
    sent = codec.encode(codec.decode(data))
    assert _read_json(sent) == _read_json(data)
    return True


def _read_json(data: bytes) -> Any:
    """Return members in order, repeated ones too, and numbers as they are written."""
    return json.loads(
        data, object_pairs_hook=_Pairs, parse_float=_Number, parse_int=_Number, parse_constant=_Number
    )


class _Pairs(list[Any]):
    """Members of an object."""


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def _ndjson(data: bytes) -> bool:
    codec = codec_named(frozenset({"ndjson"}))
    sent = codec.encode(codec.decode(data))
    assert [_read_json(line) for line in sent.split(b"\n") if line] == [
        _read_json(line) for line in data.split(b"\n") if line.strip()
    ]
    return True


def _csv(data: bytes) -> bool:
    codec = codec_for("text/csv", frozenset({"csv"}))
    rows = codec.decode(data)
    # Without a row there are no members to say what the columns are called, and the body is empty.
    assert not rows or _read_csv(codec.encode(rows)) == _read_csv(data)
    return True


def _read_csv(data: bytes) -> list[list[str]]:
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    return [row for row in csv.reader(text, strict=True) if row]


def _form(data: bytes) -> bool:
    codec = codec_named(frozenset({"form"}))
    sent = codec.encode(codec.decode(data))
    ours, theirs = (
        parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True) for body in (sent, data)
    )
    # An order that two brackets interleave is not kept, and nobody reads it.
    assert sorted(ours) == sorted(theirs)
    return True


def _xmlrpc(data: bytes) -> bool:
    codec = codec_named(frozenset({"xmlrpc"}))
    sent = codec.encode(codec.decode(data))
    assert _read_xmlrpc(sent) == _read_xmlrpc(data)
    return True


def _read_xmlrpc(data: bytes) -> str:
    try:
        return repr(xmlrpc.client.loads(data, use_builtin_types=True))
    except xmlrpc.client.Fault as fault:
        return repr((fault.faultCode, fault.faultString))


def _soap(data: bytes) -> bool:
    sent = SALESFORCE_SOAP.encode(SALESFORCE_SOAP.decode(data))
    again = SALESFORCE_SOAP.encode(SALESFORCE_SOAP.decode(sent))
    assert etree.canonicalize(sent.decode()) == etree.canonicalize(again.decode())
    assert sorted(_texts(sent)) == sorted(_texts(data))
    return True


def _texts(document: bytes) -> list[tuple[str, str]]:
    """Return every element that holds text, and the text."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    return [
        (str(node.tag), node.text)
        for node in etree.fromstring(document, parser).iter(etree.Element)
        if node.text and node.text.strip() and not len(node)
    ]


def _batch(data: bytes) -> bool:
    codec = OdataBatch.of("multipart/mixed; boundary=b")
    sent = codec.encode(codec.decode(data))
    assert _parts(codec.content_type, sent) == _parts("multipart/mixed; boundary=b", data)
    return True


def _parts(kind: str, body: bytes) -> list[bytes]:
    """Return the first lines of the requests in a batch, in order."""
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    return [
        part.get_payload(decode=True).partition(b"\r\n")[0]
        for part in message.walk()
        if part.get_content_type() == "application/http"
    ]


def _folded(data: bytes) -> bool:
    text = data.decode("latin-1")
    sent = fold(unfold(text))
    ours, theirs = (base64.urlsafe_b64decode(each + "=" * (-len(each) % 4)) for each in (sent, text.rstrip("=")))
    assert _read_json(ours) == _read_json(theirs)
    return True


def _graphql(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    sent = body_of(read_query({"query": text}))["query"]
    again = body_of(read_query({"query": sent}))["query"]
    assert print_ast(graphql_parse(str(sent))) == print_ast(graphql_parse(str(again)))
    assert set(_names(str(sent))) <= set(_names(text)) | {"__typename"}
    return True


def _names(query: str) -> list[str]:
    """Return every field a query names."""
    found: list[str] = []
    todo: list[Any] = list(graphql_parse(query).definitions)
    while todo:
        node = todo.pop()
        if node.kind == "field":
            found.append(node.name.value)
        todo += getattr(getattr(node, "selection_set", None), "selections", None) or ()
    return found


def _soql(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    sent = write_soql(parse_soql(text))
    assert write_soql(parse_soql(sent)) == sent
    try:
        theirs = soql_elsewhere(text)
    except SalesforceError:
        return True  # it reads less; what it does read, it has to read alike
    assert _meant(soql_elsewhere(sent)) == _meant(theirs)
    return True


def _meant(tree: Any) -> Any:
    """Return a tree of the sandbox as plain values, less places, case, and brackets that change nothing."""
    if isinstance(tree, Every | Some):
        terms = [_meant(term) for term in tree.terms]
        kind = type(tree).__name__
        return (kind, *(part for term in terms for part in (term[1:] if term[0] == kind else (term,))))
    if is_dataclass(tree):
        named = [
            (part.name, getattr(tree, part.name)) for part in fields(tree) if part.name not in {"at", "raw"}
        ]
        return (type(tree).__name__, *((name, _meant(value)) for name, value in named))
    if isinstance(tree, tuple):
        return tuple(_meant(part) for part in tree)
    return tree.lower() if isinstance(tree, str) else tree


def _odata(data: bytes) -> bool:
    number, _, text = data.decode("utf-8", "replace").partition(" ")
    name = OPTIONS[len(number) % len(OPTIONS)]
    sent = dict(write_options(read_options({name: text}, {})))
    assert dict(write_options(read_options(sent, {}))) == sent
    return True


def _fetchxml(data: bytes) -> bool:
    data = data.decode("utf-8", "replace").encode()
    sent = write_fetch(read_fetch(data.decode()))
    assert write_fetch(read_fetch(sent)) == sent
    ours, theirs = (_attributes(each) for each in (sent.encode(), data))
    assert ours == theirs
    return True


def _attributes(document: bytes) -> list[tuple[str, str]]:
    """Return every column that a query names, with what names it, and every value that it compares with."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    nodes = list(etree.fromstring(document, parser).iter(etree.Element))
    named = [
        (str(node.tag), value)
        for node in nodes
        for name, value in node.items()
        if name in {"name", "attribute", "from", "to", "operator"}
    ]
    values = [("value", node.get("value") or "") for node in nodes if "value" in node.keys()]  # noqa: SIM118
    return sorted(named + values + [("value", node.text or "") for node in nodes if node.tag == "value"])


_CHECKS: Final[dict[str, Callable[[bytes], bool]]] = {
    "json": _json,
    "ndjson": _ndjson,
    "csv": _csv,
    "form": _form,
    "xmlrpc": _xmlrpc,
    "soap": _soap,
    "batch": _batch,
    "folded": _folded,
    "graphql": _graphql,
    "soql": _soql,
    "odata": _odata,
    "fetchxml": _fetchxml,
    "sosl": sosl(lambda text: _meant(soql_elsewhere(text))),
}


def targets() -> list[Target]:
    """Return every target, with the inputs it starts from."""
    seeds = yaml.safe_load((HERE / "seeds.yaml").read_text("utf-8"))
    return [
        Target(
            name,
            check,
            tuple(seed.encode() for seed in seeds[name]["inputs"]),
            tuple(word.encode() for word in seeds[name]["words"]),
        )
        for name, check in {**_CHECKS, **QUERIES, **WIRE}.items()
    ]


def tried(target: Target, data: bytes) -> bool:
    """Return whether a target takes an input; raises where something is wrong with it."""
    try:
        return target.check(data)
    except ExchangeError:
        return False
