"""Query languages that are trees, or have a reader of their own: domains, filter groups, SOSL, forms in parts.

Each is held against a reader that knows nothing of ours: whatever decides by its account which records come
back has to be among the uses that policy is asked about.
"""

import email
import email.policy
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from proxy.codec import codec_named
from proxy.codec.form_data import read_form, write_form
from proxy.connectors import Connector, load_connector
from proxy.connectors.domains import UNDECLARED, Relation, Shape, filter_uses
from proxy.connectors.objects import compile_words
from proxy.connectors.odoo.domains import Filtered
from proxy.connectors.soql import parse_search, write_search
from proxy.connectors.spec import ConnectorFile
from proxy.connectors.zoho.criteria import parse as parse_criteria
from proxy.connectors.zoho.criteria import write as write_criteria
from proxy.connectors.zoho.meaning import Names
from proxy.connectors.zoho.meaning import understand as understand_coql
from proxy.connectors.zoho.parsing import parse as parse_coql
from proxy.connectors.zoho.tree import Path as ZohoPath
from proxy.connectors.zoho.writing import write as write_coql
from proxy.message import Request, Tree
from proxy.model import Action, FieldUse
from proxy.sandbox.salesforce.refusals import SalesforceError
from proxy.sandbox.salesforce.searching import read as sosl_elsewhere
from proxy.sandbox.zoho.coql import parse as coql_elsewhere
from proxy.sandbox.zoho.criteria import parse as criteria_elsewhere
from proxy.sandbox.zoho.querying import paths_of as zoho_paths
from proxy.sandbox.zoho.refusals import ZohoError

ROOT: Final = Path(__file__).resolve().parents[2]
SHAPES: Final = {
    "a": Shape(
        frozenset({"id", "name", "ssn", "friend", "parts", "rec_name"}),
        {"friend": Relation("a"), "parts": Relation("b", many=True)},
        {"rec_name": ("name",)},
    ),
    "b": Shape(
        frozenset({"id", "code", "owner", "rec_name"}), {"owner": Relation("a")}, {"rec_name": ("code",)}
    ),
}
"""Two objects that refer to each other."""


def _tree(data: bytes) -> Tree:
    codec = codec_named(frozenset({"json"}))
    tree = codec.decode(data)
    assert json.loads(codec.encode(tree)) == json.loads(data)
    return tree


def _paths(model: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield (object, field) of each step of a path, as far as it has a name."""
    for step in path.split("."):
        shape = SHAPES[model]
        if step not in shape.fields:
            yield model, UNDECLARED
            return
        yield model, step
        if step not in shape.relations:
            return
        model = shape.relations[step].object


def _at(model: str, path: str) -> str:
    """Return the object that a path through relations ends at."""
    for step in path.split("."):
        model = SHAPES[model].relations[step].object
    return model


def _tryton(domain: Any, model: str) -> Iterator[tuple[str, str]]:
    """Yield what trytond filters by: `ModelSQL.search_domain` and `is_leaf` of 8.2, retold."""
    if isinstance(domain, list) and len(domain) > 2 and isinstance(domain[1], str):
        yield from _paths(model, domain[0])
        if domain[1] in {"where", "not where"} and "unclassified" not in dict(_paths(model, domain[0])).values():
            yield from _tryton(domain[2], _at(model, domain[0]))
    elif domain:
        for clause in domain[1:] if domain[0] in ("AND", "OR") else domain:
            yield from _tryton(clause, model)


def _odoo(domain: Any, model: str) -> Iterator[tuple[str, str]]:
    """Yield what Odoo filters by: every leaf of a domain in prefix notation."""
    for part in domain or ():
        if isinstance(part, list) and part not in ([1, "=", 1], [0, "=", 1]):
            yield from _paths(model, part[0])
            if part[1] in {"any", "not any"}:
                yield from _odoo(part[2], _at(model, part[0]))


def _covered(found: Iterator[tuple[str, str]], uses: tuple[FieldUse, ...]) -> bool:
    asked = {(use.object, use.field) for use in uses if use.action is Action.FILTER}
    missing = set(found) - asked
    assert not missing
    return True


def _tryton_domain(data: bytes) -> bool:
    tree = _tree(data)
    return _covered(_tryton(json.loads(data), "a"), filter_uses(tree, "a", SHAPES))


def _odoo_domain(data: bytes) -> bool:
    tree, filtered = _tree(data), Filtered(SHAPES)
    filtered.domain(tree, "a")
    return _covered(_odoo(json.loads(data), "a"), tuple(filtered.uses))


@cache
def _hubspot() -> Connector:
    return load_connector(ROOT / "policies/connectors/hubspot.yaml")


def _filters(data: bytes) -> bool:
    tree = _tree(data)
    request = Request("POST", "/crm/v3/objects/contacts/search", body=data)
    asked = _hubspot().route(request).recognise(request, tree)
    (operation,) = asked.operations
    uses = {(use.field, use.action) for use in operation.uses}
    sent = asked.tree
    assert isinstance(sent, dict)
    named = {(name, Action.FILTER) for name in _named(sent.get("filterGroups"), "propertyName")}
    named |= {(name, Action.SORT) for name in _named(sent.get("sorts"), "propertyName")}
    catalogue = _hubspot().catalogue["contacts"].fields
    assert all((name if name in catalogue else UNDECLARED, action) in uses for name, action in named)
    return True


def _named(tree: Any, member: str) -> Iterator[str]:
    """Yield every value that a member has, however deep it lies."""
    for name, value in tree.items() if isinstance(tree, dict) else ():
        if name == member:
            yield value
        yield from _named(value, member)
    for value in tree if isinstance(tree, list) else ():
        yield from _named(value, member)


def sosl(meant: Callable[[str], Any]) -> Callable[[bytes], bool]:
    """Return a check of searches; `meant` says what the sandbox reads in a SELECT."""

    def check(data: bytes) -> bool:
        text = data.decode("utf-8", "replace")
        sent = write_search(parse_search(text))
        assert write_search(parse_search(sent)) == sent
        try:
            theirs = sosl_elsewhere(text)
            selects = [meant(query) for query in theirs.queries or ()]
        except SalesforceError:
            return True  # it reads less; what it does read, it has to read alike
        ours = sosl_elsewhere(sent)
        assert (ours.words, ours.scope, ours.limit) == (theirs.words, theirs.scope, theirs.limit)
        assert [meant(query) for query in ours.queries or ()] == selects
        return True

    return check


def _coql(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    query = parse_coql(text)
    sent = write_coql(query)
    assert parse_coql(sent) == query
    try:
        theirs = coql_elsewhere(text)
    except ZohoError:
        return True  # it reads less; what it does read, it has to read alike
    assert coql_elsewhere(sent) == theirs
    named = set(zoho_paths(theirs.where)) | {column.path for column in theirs.columns} | set(theirs.group)
    names = names_of_zoho()
    uses = {(use.object, use.field) for use in understand_coql(query, names).uses}
    words = names.words.object(query.module)
    assert all(
        (end.name, field) in uses for end, field in (names.meant(words, ZohoPath(path)) for path in named)
    )
    return True


def _criteria(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    condition = parse_criteria(text)
    sent = write_criteria(condition)
    assert parse_criteria(sent) == condition
    try:
        theirs = criteria_elsewhere(text)
    except ZohoError:
        return True
    assert criteria_elsewhere(sent) == theirs
    return True


@cache
def names_of_zoho() -> Names:
    """Return what knows where paths lead in Zoho."""
    model = ConnectorFile.model_validate(_zoho().document, strict=False)
    words = compile_words(model, lambda _path, _message: None)  # it was loaded; there is nothing to complain of
    return Names(words, {name: short.object for name, short in model.record.short.items()})


@cache
def _zoho() -> Connector:
    return load_connector(ROOT / "policies/connectors/zoho.yaml")


def _form_data(data: bytes) -> bool:
    kind = "multipart/form-data; boundary=b"
    content_type, sent = write_form(read_form(kind, data))
    assert _fields(content_type, sent) == _fields(kind, data)
    return True


def _fields(kind: str, body: bytes) -> list[tuple[Any, Any, bytes]]:
    """Return name, file name and content of every part."""
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]


CHECKS: Final[dict[str, Callable[[bytes], bool]]] = {
    "tryton": _tryton_domain,
    "odoo": _odoo_domain,
    "filters": _filters,
    "formdata": _form_data,
    "coql": _coql,
    "criteria": _criteria,
}
