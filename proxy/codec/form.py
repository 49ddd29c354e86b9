"""Forms (`application/x-www-form-urlencoded`), brackets included, as a tree.

`name=Mara&tags[]=a&tags[]=b&address[city]=Cork` is `{"name": "Mara", "tags": ["a", "b"], "address": {"city":
"Cork"}}`, so that `properties[ssn]` is the member that it becomes in the CRM, however it is escaped. A number
between brackets is a name like any other. Leaves are str; a blank value is the empty text.

Refused, because readers differ (threats FO-01 and FO-02): a name twice, also as text here and as a group there;
`;`, an empty pair, a name without `=`, a percent sign without two digits, bytes that are no UTF-8, U+0000,
brackets that do not match or with anything behind `[]`; and every name that overrides the method.
"""

import re
from typing import ClassVar, Final
from urllib.parse import quote, unquote_to_bytes

from proxy.errors import Undecodable
from proxy.message import Tree, scalar_text

MAX_PAIRS: Final = 10_000
MAX_DEPTH: Final = 8
"""Brackets behind one name."""
OVERRIDES: Final = frozenset(
    {"_method", "_httpmethod", "x-http-method", "x-http-method-override", "x-method-override"}
)
"""Names, in lower case, that have some server take another method than the one on the request line."""

_BODY: Final = re.compile(rb"(?:[A-Za-z0-9\-._~*+!$'(),:@/?\[\]]|%[0-9A-Fa-f]{2}|[=&])*")
_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\]")


class Form:
    """The codec for forms; stateless."""

    name: ClassVar[str] = "form"
    media_types: ClassVar[frozenset[str]] = frozenset({"application/x-www-form-urlencoded"})
    content_type: ClassVar[str] = "application/x-www-form-urlencoded"

    def decode(self, body: bytes) -> Tree:
        """Return the members of a form.

        Raises:
            Undecodable: two readers could take it for different ones, or it goes beyond the limits.
        """
        if not _BODY.fullmatch(body):
            raise Undecodable("bad_form")
        if body.count(b"&") >= MAX_PAIRS:
            raise Undecodable("too_many_items", status=413)
        found: dict[str, Tree] = {}
        for pair in body.split(b"&"):
            name, equals, value = pair.partition(b"=")
            if not equals or b"=" in value:
                raise Undecodable("bad_form")
            _put(found, _path(_text(name)), _text(value))
        return found

    def encode(self, tree: Tree) -> bytes:
        """Return the form for a tree, spaces as `+`; an empty group has no form and is left out.

        Raises:
            Undecodable: a value has no form here; null is one of those.
        """
        if not isinstance(tree, dict):
            raise Undecodable("unencodable_value")
        pairs: list[str] = []
        for name, value in tree.items():
            if _path(name) != [name]:
                raise Undecodable("unencodable_value")
            _write(_escape(name), value, pairs, 0)
        return "&".join(pairs).encode()


def _text(escaped: bytes) -> str:
    try:
        text = unquote_to_bytes(escaped.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Undecodable("bad_utf8")
    return text


def _path(name: str) -> list[str]:
    """Return the name of a pair as steps into the tree; an empty last one is an item of a list."""
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise Undecodable("bad_form")
    steps = [parts[1], *_BRACKETS.findall(parts[2])]
    if "" in steps[:-1] or len(steps) > MAX_DEPTH:
        raise Undecodable("bad_form")
    if parts[1].strip().lower() in OVERRIDES:
        raise Undecodable("method_override")
    return steps


def _put(found: dict[str, Tree], path: list[str], value: str) -> None:
    is_item = path[-1] == ""
    *outer, last = path[:-1] if is_item else path
    for step in outer:
        group = found.setdefault(step, {})
        if not isinstance(group, dict):
            raise Undecodable("duplicate_key")
        found = group
    if is_item:
        items = found.setdefault(last, [])
        if not isinstance(items, list):
            raise Undecodable("duplicate_key")
        items.append(value)
    elif last in found:
        raise Undecodable("duplicate_key")
    else:
        found[last] = value


def _write(name: str, value: Tree, pairs: list[str], depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise Undecodable("unencodable_value")
    if isinstance(value, dict):
        for inner, member in value.items():
            if not inner or "[" in inner or "]" in inner:
                raise Undecodable("unencodable_value")
            _write(f"{name}%5B{_escape(inner)}%5D", member, pairs, depth + 1)
    elif isinstance(value, list):
        pairs += (f"{name}%5B%5D={_escape(_scalar(item))}" for item in value)
    else:
        pairs.append(f"{name}={_escape(_scalar(value))}")


def _scalar(value: Tree) -> str:
    text = scalar_text(value)
    if text is None or "\0" in text:
        raise Undecodable("unencodable_value")
    return text


def _escape(text: str) -> str:
    try:
        return quote(text, safe=" ").replace(" ", "+")
    except UnicodeEncodeError:
        pass
    raise Undecodable("unencodable_value")
