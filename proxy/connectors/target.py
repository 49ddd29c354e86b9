"""Request targets: one strict reading of path and query, and one way of writing them.

A path is compared with routes only after it is known to have a single meaning: printable ASCII, no dot
segments, no empty segment but the last, no `;`, no backslash, and percent-encoding only where RFC 3986 §2.1
needs it, decoded exactly once. SDKs that put a value into a path encode all of it, `a%40b.c`; that is the one
other way there is, told by `Quoted`, for blanks that are declared to hold values. What is sent on is written
anew from the decoded parts.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from proxy.errors import Undecodable

MAX_PATH: Final = 32_768
"""Characters; a sealed cursor of a long query is the longest segment."""
MAX_PARAMETERS: Final = 64

_PLAIN_PATH: Final = re.compile(r"(/[A-Za-z0-9._~:@!$&'()*+,=-]+)*/?", re.ASCII)
_CODED_PATH: Final = re.compile(r"(/[A-Za-z0-9._~:@!$&'()*+,=%-]+)*/?", re.ASCII)
_QUERY: Final = re.compile(r"[A-Za-z0-9._~:@!$'()*+,;=%/?&\[\]-]*", re.ASCII)
"""Brackets do not belong there (RFC 3986 section 3.4), and clients write them all the same; they have no other
meaning than their codes, which is what is sent on."""
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_NEVER: Final = re.compile(r"[\x00-\x1f\x7f/\\;?#%]")
_UNRESERVED: Final = "-._~"
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~-]*", re.ASCII)
_IN_SEGMENT: Final = "-._~:@!$&'()*+,="


class Quoted(str):
    """A decoded segment in which every sign was encoded that may be, and not only those that have to be."""

    __slots__ = ()


def segments(path: str) -> list[str]:
    """Return the decoded segments of a path; a path that ends in `/` ends in an empty one.

    Raises:
        Undecodable: two readers could understand the path differently.
    """
    if len(path) > MAX_PATH:
        raise Undecodable("path_too_long", status=414)
    coded = "%" in path
    if not path or not (_CODED_PATH if coded else _PLAIN_PATH).fullmatch(path):
        raise Undecodable("ambiguous_path")
    parts = path[1:].split("/")
    if "." in parts or ".." in parts:
        raise Undecodable("ambiguous_path")
    return [_segment(part) for part in parts] if coded else parts


def _segment(part: str) -> str:
    """Return one segment decoded, if it was encoded in one of the two ways there are."""
    if "%" not in part:
        return part
    text = _decoded(part, "ambiguous_path")
    written = _ESCAPE.sub(lambda escape: escape[0].upper(), part)
    if not _NEVER.search(text):
        if written == quote(text, safe=_IN_SEGMENT):
            return text
        if written == quote(text, safe=_UNRESERVED):
            return Quoted(text)
    raise Undecodable("ambiguous_path")


def parameters(query: str) -> list[tuple[str, str]]:
    """Return the parameters of a query string in order, decoded once; `+` is a space.

    Raises:
        Undecodable: a part without a name or `=`, a bad escape, bytes that are not UTF-8, or too many.
    """
    if not query:
        return []
    if not _QUERY.fullmatch(query) or _BAD_ESCAPE.search(query):
        raise Undecodable("ambiguous_query")
    parts = query.split("&")
    if len(parts) > MAX_PARAMETERS:
        raise Undecodable("ambiguous_query")
    return [_parameter(part) for part in parts]


def _parameter(part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not name or not equals:
        raise Undecodable("ambiguous_query")
    return _decoded(name, "ambiguous_query"), _decoded(value.replace("+", " "), "ambiguous_query")


def _decoded(text: str, reason: str) -> str:
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise Undecodable(reason)
    text = text.replace("%20", " ").replace("%2C", ",")  # nothing but these is in most
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise Undecodable(reason) from None


def template(text: str) -> tuple[str | tuple[str], ...]:
    """Return the segments of a path template: literals as text, `{blanks}` as 1-tuples of their name."""
    return tuple((part[1:-1],) if part[:1] + part[-1:] == "{}" else part for part in text[1:].split("/"))


def path_of(parts: Iterable[str | tuple[str]], params: Mapping[str, str]) -> str:
    """Return the encoded path of a template with its blanks filled in."""
    return "".join("/" + (part if isinstance(part, str) else _in_path(params[part[0]])) for part in parts)


def query_of(pairs: Iterable[tuple[str, str]]) -> str:
    """Return `?a=b&c=d` with every reserved character encoded; "" for no pairs."""
    text = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs)
    return f"?{text}" if text else ""


def _in_path(text: str) -> str:
    """Return one segment; `contacts(ID)` stays readable, as servers disagree on whether it may be encoded."""
    return text if _PLAIN.fullmatch(text) else quote(text, safe=f"{_UNRESERVED}()',=")


def _encoded(text: str) -> str:
    # Most blanks hold an id or a version, and finding that out is quicker than quoting it.
    return text if _PLAIN.fullmatch(text) else quote(text, safe=_UNRESERVED)
