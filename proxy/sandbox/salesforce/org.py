"""The records of one org: what is stored, the recycle bin, and what a field's value is.

A stored row holds every field of its object except the computed ones; values are JSON scalars, moments are
text in Salesforce's own form, and `IsDeleted` rows are in the recycle bin.
"""

import copy
from collections.abc import Iterable, Iterator

from proxy.sandbox.clock import Now, salesforce_time
from proxy.sandbox.salesforce.ids import make_id
from proxy.sandbox.salesforce.refusals import SalesforceError, is_deleted, no_such_resource
from proxy.sandbox.salesforce.schema import Field, Schema, SObject

Scalar = str | int | float | bool | None
Row = dict[str, Scalar]


class Org:
    """Every record of every object, in the order they were made.

    Args:
        schema: the objects there are.
        now: the clock that stamps changes.
    """

    def __init__(self, schema: Schema, now: Now) -> None:
        self.schema = schema
        self.now = now
        self.me = make_id("005", 1)
        """The user every call acts as."""
        self._rows: dict[str, dict[str, Row]] = {item.name: {} for item in schema.objects.values()}
        self.visible_seconds = 0.0
        """How long queryAll goes on showing what was purged; the real service may take a day."""
        self._purged: list[tuple[float, SObject, str]] = []
        self._made: dict[str, int] = dict.fromkeys(self._rows, 0)

    def kept(self) -> tuple[dict[str, dict[str, Row]], dict[str, int]]:
        """Return a copy of everything, for `undo`."""
        return copy.deepcopy((self._rows, self._made))

    def undo(self, kept: tuple[dict[str, dict[str, Row]], dict[str, int]]) -> None:
        """Put back what was kept."""
        self._rows, self._made = kept

    def purge(self, key: str) -> bool:
        """Empty the recycle bin of one record; say whether it was in it."""
        for sobject in self.schema.objects.values():
            row = self.find(sobject, key)
            if row is not None and row.get("IsDeleted"):
                self._purged.append((self.now() + self.visible_seconds, sobject, key))
                self._let_go()
                return True
        return False

    def undelete(self, sobject: SObject, key: str) -> None:
        """Take a record out of the recycle bin again."""
        row = self.find(sobject, key)
        if row is not None and not any(key == purged for _, _, purged in self._purged):
            row["IsDeleted"] = False

    def _let_go(self) -> None:
        """Forget for good what was purged long enough ago."""
        now = self.now()
        for until, sobject, key in self._purged:
            if until <= now:
                self._rows[sobject.name].pop(key, None)
        self._purged = [each for each in self._purged if each[0] > now]

    def rows(self, sobject: SObject, *, deleted: bool = False) -> Iterator[Row]:
        """Yield the live rows of an object, and those in the recycle bin too when `deleted`."""
        self._let_go()
        return (row for row in [*self._rows[sobject.name].values()] if deleted or not row.get("IsDeleted"))

    def find(self, sobject: SObject, key: str) -> Row | None:
        """Return the row with this 18-character id, deleted or not, or None."""
        return self._rows[sobject.name].get(key)

    def get(self, sobject: SObject, key: str) -> Row:
        """Return the live row with this id.

        Raises:
            SalesforceError: there is none (NOT_FOUND), or it is in the recycle bin (ENTITY_IS_DELETED).
        """
        row = self.find(sobject, key)
        if row is None:
            raise no_such_resource()
        if row.get("IsDeleted"):
            raise is_deleted()
        return row

    def insert(self, sobject: SObject, values: Row) -> str:
        """Store a new row with checked `values` and return its id."""
        self._made[sobject.name] += 1
        key = make_id(sobject.prefix, self._made[sobject.name])
        row: Row = {item.name: _blank(item) for item in sobject.listed if not item.computed}
        self._rows[sobject.name][key] = row
        stamp = salesforce_time(self.now())
        row |= {"Id": key} | {name: stamp for name in ("CreatedDate",) if name in row}
        row |= {name: self.me for name in ("CreatedById", "OwnerId") if name in row}
        if sobject.name == "Case":
            row["CaseNumber"] = f"{1000 + self._made['Case']:08d}"
        self.change(sobject, key, values)
        return key

    def change(self, sobject: SObject, key: str, values: Row) -> None:
        """Write checked `values` over the row's own and stamp it."""
        row = self._rows[sobject.name][key]
        row |= values
        stamp = salesforce_time(self.now())
        row |= {name: stamp for name in ("LastModifiedDate", "SystemModstamp") if name in row}
        if "LastModifiedById" in row:
            row["LastModifiedById"] = self.me
        if sobject.name in {"Case", "Task"}:
            row["IsClosed"] = row["Status"] in {"Closed", "Completed"}
        if sobject.name == "Opportunity":
            row["IsClosed"] = str(row["StageName"]).startswith("Closed")
            row["IsWon"] = row["StageName"] == "Closed Won"

    def delete(self, sobject: SObject, key: str) -> None:
        """Put the row, and what goes with it, into the recycle bin.

        Raises:
            SalesforceError: it is gone already, or records that must not lose it hang on it (DELETE_FAILED).
        """
        row = self.get(sobject, key)
        hanging = list(self._hanging(sobject, key))
        blocking = [(child, held) for child, item, held in hanging if item.restrict]
        if blocking:
            raise self._delete_failed(sobject, row, blocking)
        for child, item, held in hanging:
            if item.cascade:
                self.delete(child, str(held["Id"]))
            else:
                held[item.name] = None
        row["IsDeleted"] = True
        self.change(sobject, key, {})

    def restore(self, sobject: SObject, key: str) -> None:
        """Take a row out of the recycle bin, back among the live ones.

        Raises:
            SalesforceError: it is not there (UNDELETE_FAILED).
        """
        row = self.find(sobject, key)
        if row is None or not row.get("IsDeleted"):
            raise SalesforceError(400, "UNDELETE_FAILED", "Entity is not in the recycle bin", [])
        self.undelete(sobject, key)
        self.change(sobject, key, {})

    def _hanging(self, sobject: SObject, key: str) -> Iterator[tuple[SObject, Field, Row]]:
        for child, item in self.schema.children(sobject):
            for held in self.rows(child):
                if held.get(item.name) == key:
                    yield child, item, held

    def _delete_failed(
        self, sobject: SObject, row: Row, blocking: Iterable[tuple[SObject, Row]]
    ) -> SalesforceError:
        held = ", ".join(str(other.get("CaseNumber") or other.get("Name")) for _, other in blocking)
        kind = next(iter({child.plural.lower() for child, _ in blocking}))
        name = self.value(sobject, row, sobject.by_name.get("name", sobject.by_name["id"]))
        message = (
            f"Your attempt to delete {name} could not be completed because it is associated with the "
            f"following {kind}.: {held}\n"
        )
        return SalesforceError(400, "DELETE_FAILED", message, [])

    def value(self, sobject: SObject, row: Row, item: Field) -> object:
        """Return what a reader of this field gets: a scalar, or an object for a compound address."""
        if item.parts == "Name":
            return " ".join(str(row[part]) for part in ("FirstName", "LastName") if row.get(part)) or None
        if item.type == "address":
            return _address(row, item.parts)
        if item.parts:
            return self.along(sobject, row, item.parts.split("."))
        return row.get(item.name)

    def parent(self, row: Row, link: Field) -> Row | None:
        """Return the row that a reference points to, deleted or not, or None."""
        return self.find(self.schema.objects[link.to.lower()], str(row.get(link.name)))

    def along(self, sobject: SObject, row: Row, path: list[str]) -> object:
        """Return the value at the end of a path of relationships; None where it breaks off."""
        link, rest = sobject.upward[path[0].lower()], path[1:]
        above, parent = self.schema.objects[link.to.lower()], self.parent(row, link)
        if parent is None:
            return None
        if len(rest) > 1:
            return self.along(above, parent, rest)
        return self.value(above, parent, above.by_name[rest[0].lower()])


def _blank(item: Field) -> Scalar:
    return False if item.type == "boolean" else None


def _address(row: Row, kind: str) -> dict[str, object] | None:
    parts = ("City", "Country", "CountryCode", "PostalCode", "State", "Street")
    whole: dict[str, object] = {part[0].lower() + part[1:]: row.get(kind + part) for part in parts}
    if not any(whole.values()):
        return None
    return whole | {"geocodeAccuracy": None, "latitude": None, "longitude": None}
