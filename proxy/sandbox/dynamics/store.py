"""The rows of one environment, its recycle bin, and what its fields were."""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Final

from proxy.sandbox.clock import Now
from proxy.sandbox.dynamics.refusals import DataverseError, duplicate, no_such_property, no_such_row
from proxy.sandbox.dynamics.tables import AUDIT, BELOW, PARTY, TABLES, Table

Row = dict[str, object]
Rows = dict[str, dict[str, Row]]
_STAMP = "2026-11-23T09:00:00Z"
KEPT: Final = 30 * 86_400
"""Seconds for which a deleted row can be read in the recycle bin, and restored."""
_AUDITED = frozenset({"contact", "account", "lead", *(table.name for table in BELOW)})
_DELETED = "@deleted"


class Store:
    """Every row, in the order they were made.

    Args:
        now: the clock.
    """

    def __init__(self, now: Now) -> None:
        self._now = now
        self._rows: Rows = {name: {} for name in TABLES}
        self._bin: Rows = {name: {} for name in TABLES}
        self._made = 0
        self.versions = 1_000
        """Counts changes; a row's version is what it was when it changed last."""

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of a table."""
        return iter(list(self._rows[table].values()))

    def find(self, table: Table, pairs: Mapping[str, object]) -> Row | None:
        """Return the row with these values in these columns."""
        return next(
            (row for row in self.rows(table.name) if all(row.get(each) == pairs[each] for each in pairs)), None
        )

    def get(self, table: Table, key: str) -> Row:
        """Return the row with this id; raises DataverseError (404)."""
        row = self._rows[table.name].get(key.lower())
        if row is None:
            raise no_such_row(table.name, key)
        return row

    def create(self, table: Table, values: Mapping[str, object], key: str | None = None) -> Row:
        """Store a new row; raises DataverseError: an unknown column, or an alternate key that is taken."""
        self._check(table, values, None)
        self._made += 1
        made = key or str(uuid.UUID(int=(0x5C0FFEE << 96) + self._made))
        row: Row = dict.fromkeys(sorted(table.columns))
        row |= {table.key: made, "createdon": _STAMP, "statecode": 0, "statuscode": 1} | dict(values)
        if table.label == "fullname":
            row["fullname"] = row["fullname"] or f"{row.get('firstname')} {row.get('lastname')}"
        row = {name: value for name, value in row.items() if name in table.columns}
        self._rows[table.name][made] = row
        self._touch(row)
        return row

    def update(self, table: Table, row: Row, values: Mapping[str, object]) -> None:
        """Write values over a row; raises DataverseError as `create` does."""
        self._check(table, values, row)
        self._audit(table, row, "Update", {name: row[name] for name in values if row[name] != values[name]})
        row.update(values)
        if table.label == "fullname" and values.keys() & {"firstname", "lastname"}:
            row["fullname"] = f"{row['firstname']} {row['lastname']}"
        if "address1_composite" in row and any(name.startswith("address1_") for name in values):
            row["address1_composite"] = _composite(row)
        self._touch(row)

    def delete(self, table: Table, row: Row) -> None:
        """Put a row into the bin, and what is about it; other links to it are cleared."""
        key = str(row[table.key])
        for other in TABLES.values():
            for each in self.rows(other.name):
                for link in other.links - {"activityid"}:
                    if each.get(link) == key and other in (*BELOW, PARTY):
                        self.delete(other, each)
                    elif each.get(link) == key and other is not AUDIT:
                        each[link] = None
        for each in self.rows(PARTY.name):
            if each["activityid"] == key:
                del self._rows[PARTY.name][str(each[PARTY.key])]
        self._rows[table.name].pop(key, None)
        self._bin[table.name][key] = {**row, _DELETED: self._now()}
        self._audit(table, row, "Delete", {name: value for name, value in row.items() if value is not None})

    def binned(self, table: str) -> Iterator[Row]:
        """Yield the rows of a table that are in the bin."""
        rows = self._bin[table]
        for key in [key for key, row in rows.items() if float(str(row[_DELETED])) + KEPT <= self._now()]:
            del rows[key]
        return iter(list(rows.values()))

    def restore(self, table: Table, key: str) -> Row:
        """Bring a row back from the bin; raises DataverseError (404)."""
        row = next((row for row in self.binned(table.name) if row[table.key] == key.lower()), None)
        if row is None:
            raise no_such_row(table.name, key)
        del self._bin[table.name][key.lower()]
        row = {name: value for name, value in row.items() if name != _DELETED}
        self._rows[table.name][key.lower()] = row
        return row

    def forget_changes(self, key: str) -> int:
        """Remove what the fields of a row were, and return how many entries that was."""
        entries = [row for row in self.rows(AUDIT.name) if row["objectid"] == key.lower()]
        for each in entries:
            del self._rows[AUDIT.name][str(each[AUDIT.key])]
        return len(entries)

    def _audit(self, table: Table, row: Row, action: str, was: Row) -> None:
        if table.name not in _AUDITED or not was:
            return
        changed = [{"logicalName": name, "oldValue": value} for name, value in was.items() if name[0] != "@"]
        values = {"objectid": row[table.key], "objecttypecode": table.name, "action": action}
        self.create(AUDIT, {**values, "changedata": json.dumps({"changedAttributes": changed})})

    def kept(self) -> tuple[Rows, Rows]:
        """Return a copy of all rows, and of the bin, to be put back."""
        return _copied(self._rows), _copied(self._bin)

    def put_back(self, kept: tuple[Rows, Rows]) -> None:
        """Have the rows as they were."""
        self._rows, self._bin = kept

    def name_of(self, table: Table, column: str, key: object) -> str | None:
        """Return what the row is called that a link leads to."""
        for navigation, held in table.lookups.items():
            if held == column:
                other = TABLES[table.targets[navigation]]
                row = self._rows[other.name].get(str(key))
                if row is not None:
                    return str(row[other.label])
        return None

    def _check(self, table: Table, values: Mapping[str, object], row: Row | None) -> None:
        for name, value in values.items():
            if name not in table.columns:
                raise no_such_property(table.name, name)
            if name in table.unique and value is not None:
                other = self.find(table, {name: value})
                if other is not None and other is not row:
                    raise duplicate(name, str(value))
            if isinstance(value, str) and len(value) > 4_000 and table is not AUDIT:
                raise DataverseError(400, "0x80044331", f"A validation error occurred. The length of '{name}'")

    def _touch(self, row: Row) -> None:
        self.versions += 1
        row["modifiedon"] = _STAMP
        row["@version"] = self.versions


def _copied(rows: Rows) -> Rows:
    return {name: {key: dict(row) for key, row in each.items()} for name, each in rows.items()}


def _composite(row: Row) -> str | None:
    """Return the whole address, which the service keeps beside its parts."""
    town = " ".join(str(row[name]) for name in ("address1_postalcode", "address1_city") if row[name])
    return "\r\n".join(filter(None, [str(row["address1_line1"] or ""), town])) or None
