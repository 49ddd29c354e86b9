"""The records of a page opened together: what `Page.open` does to each, worked out once for all of them.

A page holds hundreds of records that say the same of themselves: one object, the same members, no record in
another. Here that is proved, a member at a time and mostly without a line of Python per record. Where it
cannot be, nothing has been changed and each record is opened by itself, which also alone refuses.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, Final

from proxy.connectors import paths
from proxy.connectors.rows import Layout, Page, Rows
from proxy.connectors.words import ObjectWords
from proxy.message import Alike, Tree

FEWEST: Final = 4
"""Records below which finding out that they are alike saves nothing."""

_DICT: Final = frozenset({dict})
_TEXT: Final = frozenset({str})
_Cut = list[tuple[list[Any], list[str]]]
"""Containers of structure, one of each record, and what is to be taken out of them."""


def together(page: Page, items: list[Any], expected: ObjectWords) -> Alike | None:
    """Open the records of a list in place and return them as one, or return None with nothing changed.

    Args:
        page: the answer they are in.
        items: untrusted.
        expected: what the request asked for.
    """
    rows = page.rows
    if len(items) < FEWEST or rows.inner is not None or rows.sides.inside or set(map(type, items)) != _DICT:
        return None
    names = list(items[0])
    if list(map(list, items)).count(names) != len(items) or not _are(expected.name, items, rows):
        return None
    added = page.gathering.added.get((), frozenset())
    left = tuple(name for name in names if name not in added)
    layout = rows.layouts.get((left, expected.name)) or rows.layout(left, expected.name)
    cut = _structure(items, layout)
    if layout.parents or layout.children or cut is None:
        return None
    keys = _keys(items, rows)
    if keys is None:
        keys = [rows.key(row) for row in items]
    take, spec = page.gathering.take, expected.spec
    facts = [take(spec, row, ()) for row in items] if page.gathering.wanted else None
    for containers, parts in cut:
        for container in containers:
            for part in parts:
                del container[part]
    return Alike(expected.name, page.action, items, layout.keep, keys, facts)


def _are(name: str, items: list[Any], rows: Rows) -> bool:
    """Say whether every record tells that it is of an object, as far as records of this CRM tell."""
    if rows.type_at is None:
        return True
    told = paths.column(items, rows.type_at)
    return told is not None and told.count(name) == len(items)


def _keys(items: list[Any], rows: Rows) -> list[str | None] | None:
    """Return the key of every record if all say it at the first place where one may be."""
    found = paths.column(items, rows.keys[0]) if rows.keys else None
    if found is None or not _are_text(found):
        return None
    keys = [text.rpartition("/")[2] for text in found]  # type: ignore[attr-defined]
    return keys if all(map(rows.id.fullmatch, keys)) else None


def _structure(items: list[Any], layout: Layout) -> _Cut | None:
    """Return what to take out of the structure of every record; None unless all have the same."""
    cut: _Cut = []
    for name, parts in layout.structure:
        found: list[Any] = list(map(itemgetter(name), items))
        if set(map(type, found)) != _DICT:
            return None
        inside = list(found[0])
        if list(map(list, found)).count(inside) != len(found):
            return None
        if not all(_are_text(map(itemgetter(part), found)) for part in inside if part in parts):
            return None
        cut.append((found, [part for part in inside if part not in parts]))
    return cut


def _are_text(values: Iterable[Tree]) -> bool:
    return set(map(type, values)) == _TEXT
