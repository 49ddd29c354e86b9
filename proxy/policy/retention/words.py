"""Retention in words, for the matrix, for explanations and for messages."""

from collections.abc import Iterator
from typing import Final

from proxy.message import RECORD_ITSELF
from proxy.policy.cells import Cell, Cells, listed
from proxy.policy.retention.rules import Hold, Retention, RetentionRule

_MOST: Final = 6


def said(rule: RetentionRule) -> str:
    """Return what a rule does: `erase after P24M from last_activity`, `keep for P10Y from closed`."""
    how = "for" if rule.then == "keep" else "after"
    return f"{rule.then} {how} {rule.keep.text} from {' or '.join(rule.clocks)}"


def told_of(
    retention: Retention, cells: Cells, connector: str, object_: str, field: str | None = None
) -> Iterator[str]:
    """Yield a line for each rule and hold about an object, or one field of it; `""` is the record itself."""
    for rule in retention.rules:
        if about := _about(cells.on(rule.on), connector, object_, field):
            yield f"{rule.id}: {said(rule)}{_when(rule)}{about.rstrip()}{_refs(rule)}"
    for hold in retention.holds:
        if about := _about(cells.on(hold.on), connector, object_, field):
            yield f"{hold.id}: held{_when(hold)}{about.rstrip()}{_refs(hold)}"


def _about(on: frozenset[Cell], connector: str, object_: str, field: str | None) -> str:
    """Return which fields a rule is about; of one field that is asked for nothing more than a blank."""
    mine = {cell for cell in on if cell[:2] == (connector, object_) and field in (None, cell[2])}
    if not mine:
        return ""
    if field is not None:
        return " "
    # The record itself has all of it.
    whole = (connector, object_, RECORD_ITSELF)
    return f" on {listed({whole} if whole in mine else mine, most=_MOST)}"


def _when(each: RetentionRule | Hold) -> str:
    return f" when {each.when.text}" if each.when.text else ""


def _refs(each: RetentionRule | Hold) -> str:
    return f" ({'; '.join(each.refs)})" if each.refs else ""
