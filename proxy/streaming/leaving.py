"""Rows that take their records away by being written, or bring them back: an archive flag, all fields empty.

They are what they are in a single request: a delete, an erasure, a return; see `proxy.connectors.goings`.
"""

from collections.abc import Mapping

from proxy.connectors.rowset import Rowset
from proxy.exchange import Exchange
from proxy.message import RECORD_ITSELF, Tree
from proxy.model import Action, FieldUse, Operation


class Leaving:
    """What the rows of one body come to, as far as they have been looked at.

    Args:
        exchange: of the rows.
        rowset: what they write.
    """

    def __init__(self, exchange: Exchange, rowset: Rowset) -> None:
        updates = Action.UPDATE in {rowset.action, *rowset.more}
        self._name = rowset.object.name
        self._going = exchange.rules.connector.goings.get(self._name) if updates else None
        self._found: dict[Action, None] = {}
        self.back: list[tuple[str, str]] = []
        """Object and id of records that come back; the caller's to clear."""

    def look(self, members: Mapping[str, Tree], key: str) -> bool:
        """Say whether a row does what no row before it did.

        Args:
            members: field -> what is written.
            key: the record's id, "" where the row does not say it.
        """
        if self._going is None:
            return False
        if self._going.back_by(members):
            self.back.append((self._name, key))
        found = self._going.by(members)
        if found is None or found[0] in self._found:
            return False
        self._found[found[0]] = None
        return True

    def operations(self) -> tuple[Operation, ...]:
        """Return what rows do beside writing."""
        name = self._name
        return tuple(Operation(each, name, (FieldUse(name, RECORD_ITSELF, each),)) for each in self._found)
