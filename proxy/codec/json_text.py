"""JSON as RFC 8259 writes it and nothing more: one value, UTF-8, no duplicate keys, every number as it came.

`decode` has a fast way and an exact one. The fast one parses, encodes again and compares with what came,
whitespace between tokens apart; equal bytes prove that the tree is all there was (see the package for why).
Anything else, from an escaped letter to a hostile document, takes the exact way, which alone names the
reasons for refusing.
"""

import contextlib
import json
import re
from typing import Any, ClassVar, Final, Never

import msgspec
from msgspec import Raw

from proxy.codec.json_table import Table, read_page
from proxy.columns import PageAt
from proxy.errors import Undecodable
from proxy.message import Tree

MAX_DEPTH: Final = 64
"""Containers inside containers. Recursive readers elsewhere fail at about a thousand."""
MAX_ITEMS: Final = 300_000
"""Commas and opening brackets in one body, those in strings included: each can become an object many times its
size in memory. A page of two thousand records with a hundred fields each stays below."""


def _opaque(leaf: object) -> Raw:
    """Return the text of a leaf that only a codec knows."""
    if isinstance(leaf, Table):
        return Raw(leaf.text())
    raise TypeError


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_opaque)
_DECODER: Final = msgspec.json.Decoder(float_hook=Raw)
_CONTAINERS: Final = frozenset({dict, list})
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b'{}[]"'))
_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class JsonText:
    """The codec for JSON; stateless."""

    name: ClassVar[str] = "json"
    media_types: ClassVar[frozenset[str]] = frozenset({"application/json"})
    content_type: ClassVar[str] = "application/json"
    """Without a charset: RFC 8259 section 11 defines none."""

    def decode(self, body: bytes) -> Tree:
        """Return the value that `body` is; `encode` would write it with the same numbers, order and text.

        Raises:
            Undecodable: it is not exactly one JSON text in UTF-8, holds a name twice, NaN, a lone surrogate
                or U+0000, or goes beyond the limits.
        """
        _check_items(body)
        # One byte is found many times faster than six, and most bodies have no backslash at all.
        if b"\\" in body and b"\\u0000" in body and _ESCAPED_NUL.search(body):
            raise Undecodable("nul_character")
        try:
            tree = _DECODER.decode(body)
            encoded = _ENCODER.encode(tree)
            # `format` drops the whitespace between tokens and copies every token.
            proved = encoded == body or encoded == msgspec.json.format(body, indent=-1)
        except (msgspec.DecodeError, ValueError, RecursionError):
            proved = False
        if not proved:
            tree = None  # two trees of a hostile body at once would double what it costs
            tree = _decode_exactly(body)
        if not _is_flat(body) and _too_deep(tree):
            raise Undecodable("too_deep")
        return tree

    def decode_page(self, body: bytes, at: PageAt) -> Tree:
        """Return what `decode` would, but the list of records at `at` as `Columns` where that can be.

        It cannot at the first sight of such records. All else of the tree is as `decode` leaves it.

        Raises:
            Undecodable: see `decode`.
        """
        _check_items(body)
        tree = None
        with contextlib.suppress(msgspec.DecodeError, ValueError, RecursionError, Undecodable):
            tree = read_page(body, at, self.decode)
        return self.decode(body) if tree is None else tree

    def encode(self, tree: Tree) -> bytes:
        """Return `tree` as compact JSON in UTF-8, opaque leaves byte for byte.

        Raises:
            Undecodable: a value has no form in JSON.
        """
        try:
            return _ENCODER.encode(tree)
        except (TypeError, ValueError, RecursionError):
            pass
        raise Undecodable("unencodable_value")


def _check_items(body: bytes) -> None:
    if len(body) > MAX_ITEMS and sum(map(body.count, (b",", b"{", b"["))) > MAX_ITEMS:
        raise Undecodable("too_many_items", status=413)


def _decode_exactly(body: bytes) -> Tree:
    """Return the value of a body that is not written the way we would write it, or say what is wrong.

    The refusals stand outside the handlers: a parser's exception holds the text it failed on, and must not
    stay reachable as the context of ours.
    """
    reason = "bad_utf8"
    try:
        text = body.decode("utf-8")
        reason = "bad_json"
        tree: Tree = _EXACT.decode(text)
        reason = "lone_surrogate"
        if "\\u" in text:
            _ENCODER.encode(tree)
    except RecursionError:
        reason = "too_deep"
    except ValueError:
        pass
    else:
        return tree
    raise Undecodable(reason)


def _is_flat(body: bytes) -> bool:
    """Say whether it can be told from the brackets alone that a body, known to be JSON, is not too deep.

    Looking at the tree instead takes longer than reading it did.
    """
    # There is no deep value without as many brackets. In a long body counting them saves no time.
    if len(body) < 16_384 and body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return True
    if b"\\" in body and b'\\"' in body:  # a quote that may not be the end of a text
        return False
    # A text without brackets is two quotes here; of any other one, an odd run of quotes is left over.
    brackets = body.translate(None, _NO_BRACKETS).replace(b'""', b"")
    if b'"' in brackets:
        return False
    for _ in range(MAX_DEPTH // 2):  # each time the two innermost levels go, at most
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if not brackets:
            return True
    return False


def _too_deep(tree: Tree) -> bool:
    """Say whether containers nest deeper than `MAX_DEPTH`, level by level and without recursion."""
    level: list[Any] = [tree]
    for _ in range(MAX_DEPTH):
        inside = [node.values() if type(node) is dict else node for node in level if type(node) in _CONTAINERS]
        level = [each for values in inside for each in values if type(each) in _CONTAINERS]
        if not level:
            return False
    return True


# ---- hooks of the exact reader -----------------------------------------------------------------------------


def _object(pairs: list[tuple[str, Tree]]) -> Tree:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Undecodable("duplicate_key")
    return members


def _integer(lexeme: str) -> Tree:
    """Return an int where Python would write it the same; the rest (`-0`, thousands of digits) as it came."""
    if lexeme == "-0":
        return Raw(lexeme.encode())
    try:
        return int(lexeme)
    except ValueError:
        return Raw(lexeme.encode())


def _fraction(lexeme: str) -> Tree:
    return Raw(lexeme.encode())


def _constant(_lexeme: str) -> Never:
    raise Undecodable("not_a_number")


_EXACT: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_constant,
    strict=True,
)
