"""Values that come alone: a single property as plain text, and JSON folded into a parameter.

`PlainValue` is the body of OData's `/$value` and the like. A route declares it by its name `plain`; the tree
is `{"value": text}`, a place for one field like any other, and a route knows which. With the value gone, the
body is empty.

`fold` and `unfold` are for parameters that hold JSON in base64url (RFC 4648 section 5): one text for one value,
with the padding or without it, and nothing hidden in the bits that are left over.
"""

import base64
import re
from typing import Final

from proxy.codec.json_text import JsonText
from proxy.errors import Undecodable
from proxy.message import Tree, scalar_text

MAX_FOLDED: Final = 65_536
"""Characters of one parameter."""

_FOLDED: Final = re.compile(r"[A-Za-z0-9_-]+")
_JSON: Final = JsonText()


class PlainValue:
    """The codec for one value as plain text; stateless."""

    def __init__(self, name: str = "plain", kind: str = "text/plain") -> None:
        """Take what connectors call it, and the media type that its bodies are labelled."""
        self.name: Final = name
        self.media_types: Final = frozenset({kind})
        self.content_type: Final = f"{kind}; charset=utf-8"

    def decode(self, body: bytes) -> Tree:
        """Return the value; raises Undecodable if it is not UTF-8, or holds U+0000."""
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text or text.startswith("\ufeff"):
            raise Undecodable("bad_utf8")
        return {"value": text}

    def encode(self, tree: Tree) -> bytes:
        """Return the value, or nothing where it is null or gone; raises Undecodable for anything else."""
        if not isinstance(tree, dict) or not tree.keys() <= {"value"}:
            raise Undecodable("unencodable_value")
        value = tree.get("value")
        if value is None:
            return b""
        text = ("false", "true")[value] if isinstance(value, bool) else scalar_text(value)
        try:
            return (text if text is not None and "\0" not in text else "\ud800").encode()
        except UnicodeEncodeError:
            pass
        raise Undecodable("unencodable_value")


QUERY_TEXTS: Final = (PlainValue("query_csv", "text/csv"), PlainValue("query_json", "application/json"))
"""Queries as Salesforce's Bulk 1.0 takes them: bare text under the label of what is to come back."""


def unfold(text: str) -> Tree:
    """Return the value that a parameter holds as JSON in base64url.

    Raises:
        Undecodable: it is not written in the one way there is, or is not exactly one JSON text.
    """
    if len(text) > MAX_FOLDED:
        raise Undecodable("parameter_too_long", status=413)
    bare = text.rstrip("=")
    padding = "=" * (-len(bare) % 4)
    if not _FOLDED.fullmatch(bare) or text not in {bare, bare + padding} or len(bare) % 4 == 1:
        raise Undecodable("bad_base64")
    body = base64.urlsafe_b64decode(bare + padding)
    if base64.urlsafe_b64encode(body).decode().rstrip("=") != bare:
        raise Undecodable("bad_base64")
    return _JSON.decode(body)


def fold(tree: Tree) -> str:
    """Return a value as JSON in base64url, without padding; raises Undecodable if it has no form in JSON."""
    return base64.urlsafe_b64encode(_JSON.encode(tree)).decode().rstrip("=")
