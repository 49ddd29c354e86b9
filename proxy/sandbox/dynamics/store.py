"""The rows of one environment."""

import uuid
from collections.abc import Iterator, Mapping

from proxy.sandbox.dynamics.refusals import DataverseError, duplicate, no_such_property, no_such_row
from proxy.sandbox.dynamics.tables import TABLES, Table

Row = dict[str, object]
_STAMP = "2026-11-23T09:00:00Z"


class Store:
    """Every row, in the order they were made."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
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
        row.update(values)
        if table.label == "fullname" and values.keys() & {"firstname", "lastname"}:
            row["fullname"] = f"{row['firstname']} {row['lastname']}"
        self._touch(row)

    def delete(self, table: Table, row: Row) -> None:
        """Remove a row; links to it are cleared."""
        key = str(row[table.key])
        del self._rows[table.name][key]
        for other in TABLES.values():
            for each in self.rows(other.name):
                for link in other.links:
                    if each.get(link) == key:
                        each[link] = None

    def kept(self) -> dict[str, dict[str, Row]]:
        """Return a copy of all rows, to be put back."""
        return {name: {key: dict(row) for key, row in rows.items()} for name, rows in self._rows.items()}

    def put_back(self, kept: dict[str, dict[str, Row]]) -> None:
        """Have the rows as they were."""
        self._rows = kept

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
            if isinstance(value, str) and len(value) > 4_000:
                raise DataverseError(400, "0x80044331", f"A validation error occurred. The length of '{name}'")

    def _touch(self, row: Row) -> None:
        self.versions += 1
        row["modifiedon"] = _STAMP
        row["@version"] = self.versions
