"""The records of a page opened together: what `Page.open` does to each, worked out once for all of them.

A page holds hundreds of records that say the same of themselves: one object, the same members, no record in
another. Here that is proved, a member at a time and mostly without a line of Python per record. Where it
cannot be, nothing has been changed and each record is opened by itself, which also alone refuses.
"""

from typing import Final

from proxy.columns import Alike, Columns, Dicts
from proxy.connectors.rows import Layout, Page, Rows
from proxy.connectors.words import ObjectWords

FEWEST: Final = 4
"""Records below which finding out that they are alike saves nothing."""


def together(page: Page, columns: Columns, expected: ObjectWords) -> Alike | None:
    """Open the records of a list in place and return them as one, or return None with nothing changed.

    Args:
        page: the answer they are in.
        columns: untrusted.
        expected: what the request asked for.
    """
    rows = page.rows
    if len(columns) < FEWEST or rows.inner is not None or rows.sides.inside:
        return None
    if not _are(expected.name, columns, rows):
        return None
    added = page.gathering.added.get((), frozenset())
    left = tuple(name for name in columns.names if name not in added)
    layout = rows.layouts.get((left, expected.name)) or rows.layout(left, expected.name)
    cut = _structure(columns, layout)
    if layout.parents or layout.children or cut is None:
        return None
    keys, facts = _keys(columns, rows), None
    if page.gathering.wanted:
        if not isinstance(columns, Dicts):
            return None
        facts = [page.gathering.take(expected.spec, row, ()) for row in columns.rows]
    for name, part in cut:
        columns.drop(name, part)
    return Alike(expected.name, page.action, columns, layout.keep, keys, facts)


def _are(name: str, columns: Columns, rows: Rows) -> bool:
    """Say whether every record tells that it is of an object, as far as records of this CRM tell."""
    return rows.type_at is None or columns.all_are(name, *rows.type_at)


def _keys(columns: Columns, rows: Rows) -> list[str | None]:
    """Return the key of every record; mostly all say it at the first place where one may be."""
    found = columns.column(*rows.keys[0]) if rows.keys else None
    if found is not None and (keys := rows.ids(found)) is not None:
        return list[str | None](keys)
    if isinstance(columns, Dicts):
        return [rows.key(row) for row in columns.rows]
    there = [column for steps in rows.keys if (column := columns.column(*steps)) is not None]
    return list(map(rows.key_among, zip(*there, strict=True))) if there else [None] * len(columns)


def _structure(columns: Columns, layout: Layout) -> list[tuple[str, str]] | None:
    """Return what to take out of the structure of every record; None unless all have the same."""
    cut: list[tuple[str, str]] = []
    for name, parts in layout.structure:
        inside = columns.inside(name)
        if inside is None or not all(columns.all_text(name, part) for part in inside if part in parts):
            return None
        cut += [(name, part) for part in inside if part not in parts]
    return cut
