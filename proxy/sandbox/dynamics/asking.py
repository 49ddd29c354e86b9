"""Query options of the Web API: what of which rows is shown, in which order, and with what inside."""

import re
from collections import defaultdict

from proxy.sandbox.dynamics.filters import Filter
from proxy.sandbox.dynamics.refusals import bad_request, no_such_property
from proxy.sandbox.dynamics.store import Row, Store
from proxy.sandbox.dynamics.tables import TABLES, Table

FORMATTED = "OData.Community.Display.V1.FormattedValue"
_CHOICES: dict[str, dict[object, str]] = {
    "statecode": {0: "Active", 1: "Inactive"},
    "statuscode": {1: "Active", 2: "Inactive"},
    "donotbulkemail": {False: "Allow", True: "Do Not Allow"},
}


def outer(text: str, sign: str) -> list[str]:
    """Return the parts of a text between signs that stand in no parenthesis and no string."""
    parts, depth, quoted = [""], 0, False
    for each in text:
        quoted ^= each == "'"
        depth += 0 if quoted else (each == "(") - (each == ")")
        if each == sign and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += each
    return parts


class Asking:
    """Shows rows as one request asks for them."""

    def __init__(self, store: Store, *, annotated: bool) -> None:
        self._store = store
        self._annotated = annotated

    def chosen(self, table: Table, options: dict[str, str]) -> list[Row]:
        """Return the rows that meet `$filter`, in the order of `$orderby`; raises DataverseError."""
        rows = list(self._store.rows(table.name))
        if "$filter" in options:
            condition = Filter(options["$filter"], table, self._store)
            rows = [row for row in rows if condition.holds(row)]
        for key in reversed(outer(options["$orderby"], ",") if "$orderby" in options else []):
            name, _, direction = key.strip().partition(" ")
            column = self._column(table, name)
            rows.sort(key=lambda row: self._sorted(table, column, row), reverse=direction == "desc")
        return rows

    def _sorted(self, table: Table, column: str, row: Row) -> tuple[bool, str, float]:
        # A link sorts by what its target is called.
        value = row[column]
        if column in table.links:
            value = self._store.name_of(table, column, value)
        number = value if isinstance(value, int | float) else 0
        return value is not None, "" if isinstance(value, int | float) else str(value).lower(), number

    def shown(self, table: Table, row: Row, options: dict[str, str]) -> dict[str, object]:
        """Return one row as `$select` and `$expand` have it; raises DataverseError."""
        names = options["$select"].split(",") if "$select" in options else None
        columns = [self._column(table, each.strip()) for each in names] if names else sorted(table.columns)
        found: dict[str, object] = {"@odata.etag": f'W/"{row["@version"]}"'}
        for column in dict.fromkeys([*columns, table.key]):
            found |= self._property(table, column, row)
        for item in outer(options["$expand"], ",") if "$expand" in options else []:
            found |= self._expanded(table, row, item.strip())
        return found

    def _column(self, table: Table, name: str) -> str:
        column = table.column(name)
        if column is None:
            raise no_such_property(table.name, name)
        return column

    def _property(self, table: Table, column: str, row: Row) -> dict[str, object]:
        name, value = table.shown(column), row[column]
        found = {name: value}
        if not self._annotated or value is None:
            return found
        if column in table.links:
            found[f"{name}@{FORMATTED}"] = self._store.name_of(table, column, value)
            found[f"{name}@Microsoft.Dynamics.CRM.lookuplogicalname"] = self._leads_to(table, column, value)
        elif column in _CHOICES:
            found[f"{name}@{FORMATTED}"] = _CHOICES[column].get(value, str(value))
        elif column in {"birthdate", "createdon", "modifiedon", "creditlimit", "revenue"}:
            found[f"{name}@{FORMATTED}"] = str(value).replace("-", "/")
        return found

    def _leads_to(self, table: Table, column: str, key: object) -> str | None:
        for navigation, held in table.lookups.items():
            other = TABLES[table.targets[navigation]]
            if held == column and self._store.find(other, {other.key: key}) is not None:
                return other.name
        return None

    def _expanded(self, table: Table, row: Row, item: str) -> dict[str, object]:
        found = re.fullmatch(r"(\w+)(?:\((.*)\))?", item)
        if found is None or found[1] not in table.targets:
            raise no_such_property(table.name, item)
        inner = dict(each.split("=", 1) for each in outer(found[2], ";")) if found[2] else {}
        other = TABLES[table.targets[found[1]]]
        if found[1] in table.lookups:
            far = self._store.find(other, {other.key: row[table.lookups[found[1]]]})
            return {found[1]: None if far is None else self.shown(other, far, inner)}
        rows = [each for each in self.chosen(other, inner) if each[table.many[found[1]]] == row[table.key]]
        if "$top" in inner:
            rows = rows[: int(inner["$top"])]
        return {found[1]: [self.shown(other, each, inner) for each in rows]}

    def applied(self, table: Table, text: str) -> list[dict[str, object]]:
        """Return the rows of `$apply`; raises DataverseError."""
        *before, last = outer(text, "/")
        options = {}
        for step in before:
            if not (step.startswith("filter(") and step.endswith(")")):
                raise bad_request(f"The transformation '{step}' is not supported.")
            options["$filter"] = step[7:-1]
        rows = self.chosen(table, options)
        found = re.fullmatch(r"groupby\(\(([\w,]+)\)(?:,aggregate\((.*)\))?\)|aggregate\((.*)\)", last)
        if found is None:
            raise bad_request(f"The transformation '{last}' is not supported.")
        names = found[1].split(",") if found[1] else []
        columns = [self._column(table, each) for each in names]
        groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
        for row in rows:
            groups[tuple(row[each] for each in columns)].append(row)
        if not names:
            groups.setdefault((), [])
        wanted = found[2] or found[3]
        return [
            dict(zip(names, key, strict=True)) | self._aggregates(table, wanted, members)
            for key, members in groups.items()
        ]

    def _aggregates(self, table: Table, text: str | None, rows: list[Row]) -> dict[str, object]:
        found: dict[str, object] = {}
        for item in text.split(",") if text else []:
            if counted := re.fullmatch(r"\$count as (\w+)", item):
                found[counted[1]] = len(rows)
                continue
            named = re.fullmatch(r"(\w+) with (sum|average|min|max|countdistinct) as (\w+)", item)
            if named is None:
                raise bad_request(f"The aggregation '{item}' is not supported.")
            column = self._column(table, named[1])
            found[named[3]] = aggregate(named[2], [row[column] for row in rows if row[column] is not None])
        return found


def aggregate(method: str, values: list[object]) -> object:
    """Return what is computed over values of which none is null."""
    if method == "countdistinct":
        return len(set(values))
    if not values:
        return None
    if method in {"min", "max"}:
        return (min if method == "min" else max)(values, key=lambda each: (str(type(each)), each))
    total = sum(each for each in values if isinstance(each, int | float))
    return total if method == "sum" else total / len(values)
