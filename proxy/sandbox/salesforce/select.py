"""Runs a SOQL query: source, WHERE, ORDER BY, OFFSET, LIMIT, and then what was selected."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from proxy.sandbox.salesforce.aggregate import grouped
from proxy.sandbox.salesforce.comparing import sort_key
from proxy.sandbox.salesforce.conditions import compiled
from proxy.sandbox.salesforce.org import Org, Row
from proxy.sandbox.salesforce.reach import Reach, Scope
from proxy.sandbox.salesforce.refusals import SalesforceError, at_place, malformed_query
from proxy.sandbox.salesforce.schema import Field, SObject
from proxy.sandbox.salesforce.soql import parse
from proxy.sandbox.salesforce.soql_tree import Column, Function, Order, Path, Query

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class Found:
    """What a query gives: `records` to page through, and the `total` that `COUNT()` answers without any."""

    total: int
    records: list[Record]


class Select:
    """Runs queries on one org.

    Args:
        org: the records.
        base: `/services/data/v59.0`, for the URLs of records.
        deleted: whether rows in the recycle bin are seen (`queryAll`).
    """

    def __init__(self, org: Org, base: str, *, deleted: bool = False) -> None:
        self.org = org
        self.base = base
        self.deleted = deleted

    def run(self, text: str) -> Found:
        """Return what the query finds.

        Raises:
            SalesforceError: the query is malformed or names what does not exist.
        """
        query = parse(text)
        sobject = self.org.schema.find(query.source.parts[-1])
        if sobject is None:
            name = query.source.parts[-1]
            message = (
                f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be "
                "sure to append the '__c' after the entity name. Please reference your WSDL or the describe "
                "call for the appropriate names."
            )
            raise at_place("INVALID_TYPE", text, query.source.at, message)
        return self._select(Scope(self.org, text, query, sobject), self.org.rows(sobject, deleted=self.deleted))

    def _select(self, scope: Scope, rows: Iterable[Row]) -> Found:
        query = scope.query
        if query.where is not None:
            test = compiled(query.where, self._left(scope), self._within(scope), scope.text, self.org.now())
            rows = (row for row in rows if test(row))
        kept = list(rows)
        if _counts_only(query):
            return Found(len(kept), [])
        if query.groups or _aggregates(query):
            records = grouped(scope, kept)
            return Found(len(records), records)
        self._sort(scope, kept)
        project = self._projection(scope)
        records = [project(row) for row in window(query, kept)]
        return Found(len(records), records)

    def _left(self, scope: Scope) -> Callable[[Path | Function], tuple[Field, Callable[[Row], object]]]:
        def left(path: Path | Function) -> tuple[Field, Callable[[Row], object]]:
            if isinstance(path, Function):
                raise malformed_query(f"unexpected token: '{path.name}'")
            reach = scope.usable(path, "WHERE")
            return reach.item, lambda row: reach.value(self.org, scope.sobject, row)

        return left

    def _within(self, scope: Scope) -> Callable[[Query], frozenset[object]]:
        def within(query: Query) -> frozenset[object]:
            sobject = self.org.schema.find(query.source.parts[-1])
            if sobject is None or len(query.columns) != 1 or not isinstance(query.columns[0].what, Path):
                raise malformed_query("semi join sub-selects must select one field of a known object")
            inner = Scope(self.org, scope.text, query, sobject)
            reach = inner.reach(query.columns[0].what)
            if reach.item.type not in {"id", "reference"}:
                raise malformed_query("The selected field of a semi join sub-select must be an id")
            found = self._select(inner, self.org.rows(sobject, deleted=self.deleted))
            return frozenset(record.get(reach.item.name) for record in found.records)

        return within

    def _sort(self, scope: Scope, rows: list[Row]) -> None:
        for order in reversed(scope.query.orders):
            if isinstance(order.by, Function):
                raise malformed_query("Ordered field must be grouped or aggregated: " + order.by.name)
            reach = scope.usable(order.by, "ORDER BY")
            exact = reach.item.type in {"id", "reference"}
            sort_rows(rows, order, partial(reach.value, self.org, scope.sobject), exact=exact)

    def _projection(self, scope: Scope) -> Callable[[Row], Record]:
        columns = [column for item in scope.query.columns for column in self._expanded(scope, item)]

        def project(row: Row) -> Record:
            record = self._shell(scope.sobject, row)
            for put in columns:
                put(record, row)
            return record

        return project

    def _shell(self, sobject: SObject, row: Row) -> Record:
        url = f"{self.base}/sobjects/{sobject.name}/{row['Id']}"
        return {"attributes": {"type": sobject.name, "url": url}}

    def _expanded(self, scope: Scope, column: Column) -> list[Callable[[Record, Row], None]]:
        what = column.what
        if isinstance(what, Query):
            return [self._children(scope, what)]
        if isinstance(what, Path):
            if column.alias:
                raise malformed_query(f"only aggregate expressions use field aliasing: {column.alias}")
            return [self._putter(scope, scope.reach(what))]
        if what.name == "FIELDS" and what.argument:
            return [self._putter(scope, Reach((), scope.sobject, item)) for item in _fields(scope, what)]
        if what.name in {"TOLABEL", "FORMAT"} and what.argument:
            return [self._putter(scope, scope.reach(what.argument))]
        raise malformed_query(f"unexpected token: '{what.name}'")

    def _putter(self, scope: Scope, reach: Reach) -> Callable[[Record, Row], None]:
        def put(record: Record, row: Row) -> None:
            here, sobject, above = record, scope.sobject, row
            for link in reach.links:
                parent = self.org.parent(above, link)
                if parent is None:
                    here[link.up] = None
                    return
                sobject, above = self.org.schema.objects[link.to.lower()], parent
                here = here.setdefault(link.up, self._shell(sobject, parent))  # type: ignore[assignment]
            here[reach.item.name] = self.org.value(sobject, above, reach.item)

        return put

    def _children(self, scope: Scope, query: Query) -> Callable[[Record, Row], None]:
        name = query.source.parts[-1]
        down = self.org.schema.downward(scope.sobject, name)
        if down is None:
            raise at_place("INVALID_TYPE", scope.text, query.source.at, _NO_CHILDREN.format(name))
        child, link = down
        inner = Scope(self.org, scope.text, replace(query, source=Path((child.name,), query.source.at)), child)

        def put(record: Record, row: Row) -> None:
            rows = (held for held in self.org.rows(child, deleted=self.deleted) if held[link.name] == row["Id"])
            found = self._select(inner, rows)
            page: Record = {"totalSize": found.total, "done": True, "records": found.records}
            record[link.down] = page if found.records else None

        return put


_NO_CHILDREN = "Didn't understand relationship '{}' in FROM part of query call."


def window[T](query: Query, rows: list[T]) -> list[T]:
    """Return the rows that OFFSET and LIMIT leave.

    Raises:
        SalesforceError: OFFSET above 2000, as the real service refuses it.
    """
    if query.offset > 2000:
        raise SalesforceError(400, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
    return rows[query.offset :][: query.limit]


def sort_rows[T](rows: list[T], order: Order, value: Callable[[T], object], *, exact: bool) -> None:
    """Sort in place by one key; null goes first, also when descending, unless NULLS LAST."""
    rows.sort(key=lambda row: sort_key(value(row), exact=exact), reverse=order.descending)
    rows.sort(key=lambda row: (value(row) is None) == order.nulls_last)


def _counts_only(query: Query) -> bool:
    return query.columns == (Column(Function("COUNT", None, getattr(query.columns[0].what, "at", 0))),)


def _aggregates(query: Query) -> bool:
    plain = {"FIELDS", "TOLABEL", "FORMAT"}
    return any(isinstance(item.what, Function) and item.what.name not in plain for item in query.columns)


def _fields(scope: Scope, what: Function) -> list[Field]:
    kind = what.argument.parts[0].upper() if what.argument else ""
    limit = scope.query.limit
    if kind not in {"ALL", "STANDARD", "CUSTOM"}:
        raise malformed_query(f"unexpected token: '{kind}'")
    if kind != "STANDARD" and (limit is None or limit > 200):
        raise malformed_query("The SOQL FIELDS function must have a LIMIT of at most 200")
    return [item for item in scope.sobject.listed if kind == "ALL" or item.custom == (kind == "CUSTOM")]
