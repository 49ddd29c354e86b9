"""FetchXML, read and answered: a reading of its own, so that it can judge what a proxy sends."""

import re
from collections import defaultdict
from collections.abc import Callable
from urllib.parse import quote
from xml.etree import ElementTree as ET

from proxy.sandbox.dynamics.asking import FORMATTED, Asking, aggregate
from proxy.sandbox.dynamics.refusals import bad_request, no_such_property
from proxy.sandbox.dynamics.store import Row, Store
from proxy.sandbox.dynamics.tables import TABLES, Table

Node = ET.Element
Joined = dict[str, tuple[Table, Row | None]]
"""Alias -> table and row; "" is the outermost."""
_OPERATORS: dict[str, Callable[[object, str], bool]] = {
    "eq": lambda held, given: str(held).lower() == given.lower(),
    "ne": lambda held, given: str(held).lower() != given.lower(),
    "ge": lambda held, given: _order(held) >= _order(given),
    "le": lambda held, given: _order(held) <= _order(given),
    "gt": lambda held, given: _order(held) > _order(given),
    "lt": lambda held, given: _order(held) < _order(given),
    "like": lambda held, given: (
        re.fullmatch(re.escape(given.lower()).replace("%", ".*"), str(held).lower()) is not None
    ),
    "begins-with": lambda held, given: str(held).lower().startswith(given.lower()),
}


def _order(value: object) -> tuple[float, str]:
    try:
        return float(str(value)), ""
    except ValueError:
        return 0.0, str(value)


class Fetched:
    """Answers one query of one table."""

    def __init__(self, store: Store, table: Table, text: str, *, annotated: bool) -> None:
        """Read it; raises DataverseError if it is none."""
        self._store = store
        self._asking = Asking(store, annotated=annotated)
        try:
            self._fetch = ET.fromstring(text)  # noqa: S314
        except ET.ParseError:
            raise bad_request("Invalid XML.") from None
        self._entity = self._fetch[0]
        if self._entity.get("name") != table.name:
            raise bad_request("Entity Name specified in fetchXml does not match Entity Name specified in Url.")
        self._table = table
        self._annotated = annotated

    def answer(self) -> dict[str, object]:
        """Return the body of the answer; raises DataverseError."""
        joined = self._joined()
        if self._fetch.get("aggregate") == "true":
            return {"value": self._grouped(joined)}
        for order in reversed([*self._entity.iter("order")]):
            alias, name = order.get("entityname", ""), order.get("attribute", "")
            joined.sort(
                key=lambda each: (
                    self._held(each, alias, name) is not None,
                    str(self._held(each, alias, name)).lower(),
                ),
                reverse=order.get("descending") == "true",
            )
        rows = [self._shown(each) for each in joined]
        if self._fetch.get("distinct") == "true":
            rows = [row for at, row in enumerate(rows) if row not in rows[:at]]
        if "top" in self._fetch.attrib:
            rows = rows[: int(self._fetch.attrib["top"])]
        return self._page(rows)

    def _page(self, rows: list[dict[str, object]]) -> dict[str, object]:
        page, size = int(self._fetch.get("page", "1")), int(self._fetch.get("count", "5000"))
        if (
            page > 1
            and "paging-cookie" in self._fetch.attrib
            and f'page="{page - 1}"' not in self._fetch.attrib["paging-cookie"]
        ):
            raise bad_request("Invalid paging cookie.")
        shown = rows[(page - 1) * size : page * size]
        head: dict[str, object] = {}
        if self._fetch.get("returntotalrecordcount") == "true":
            head["@Microsoft.Dynamics.CRM.totalrecordcount"] = len(rows)
        if len(rows) > page * size:
            last = shown[-1].get(self._table.key)
            inner = quote(quote(f'<cookie page="{page}"><{self._table.key} last="{{{last}}}"/></cookie>'))
            head["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"] = (
                f'<cookie pagenumber="{page + 1}" pagingcookie="{inner}" istracking="False" />'
            )
            head["@Microsoft.Dynamics.CRM.morerecords"] = True
        return {**head, "value": shown}

    # ---- which rows --------------------------------------------------------------------------------------

    def _joined(self) -> list[Joined]:
        binned = self._fetch.get("datasource") == "bin"
        rows = self._store.binned(self._table.name) if binned else self._store.rows(self._table.name)
        found: list[Joined] = [{"": (self._table, row)} for row in rows]
        found = self._joins(found, self._entity, "")
        return [each for each in found if self._meets(each, self._entity, "")]

    def _joins(self, found: list[Joined], entity: Node, alias: str) -> list[Joined]:
        for number, link in enumerate(entity.findall("link-entity")):
            other = TABLES.get(link.get("name", ""))
            if other is None:
                raise bad_request("The entity of a link does not exist.")
            called = link.get("alias", f"{link.get('name')}{number}")
            wider: list[Joined] = []
            for each in found:
                held = self._held(each, alias, link.get("to", ""))
                rows = [
                    row for row in self._store.rows(other.name) if held and row.get(link.get("from", "")) == held
                ]
                rows_met = [
                    one
                    for one in self._joins([{**each, called: (other, row)} for row in rows], link, called)
                    if self._meets(one, link, called)
                ]
                if not rows_met and link.get("link-type") == "outer":
                    rows_met = [{**each, called: (other, None)}]
                wider += rows_met
            found = wider
        return found

    def _meets(self, joined: Joined, entity: Node, alias: str) -> bool:
        return all(self._filtered(joined, each, alias) for each in entity.findall("filter"))

    def _filtered(self, joined: Joined, tree: Node, alias: str) -> bool:
        results = [
            self._filtered(joined, each, alias) if each.tag == "filter" else self._compared(joined, each, alias)
            for each in tree
        ]
        return any(results) if tree.get("type") == "or" else all(results)

    def _compared(self, joined: Joined, node: Node, alias: str) -> bool:
        held = self._held(joined, node.get("entityname", alias), node.get("attribute", ""))
        operator = node.get("operator", "")
        values = [value.text or "" for value in node.findall("value")] or [node.get("value", "")]
        if operator in {"null", "not-null"}:
            return (held is None) == (operator == "null")
        if held is None:
            return False
        if operator == "in":
            return str(held) in values
        if "valueof" in node.attrib:
            values = [str(self._held(joined, alias, node.attrib["valueof"]))]
        if operator not in _OPERATORS:
            raise bad_request(f"The condition operator '{operator}' is not supported.")
        return bool(_OPERATORS[operator](held, values[0]))

    def _held(self, joined: Joined, alias: str, name: str) -> object:
        if alias not in joined:
            raise bad_request(f"Link entity with name or alias {alias} is not found.")
        table, row = joined[alias]
        if name not in table.columns:
            raise no_such_property(table.name, name)
        return None if row is None else row[name]

    # ---- what is shown -----------------------------------------------------------------------------------

    def _columns(self, entity: Node, table: Table) -> list[tuple[str, str]]:
        if entity.find("all-attributes") is not None:
            return [(name, "") for name in sorted(table.columns)]
        return [(each.get("name", ""), each.get("alias", "")) for each in entity.findall("attribute")]

    def _shown(self, joined: Joined) -> dict[str, object]:
        found: dict[str, object] = {}
        if self._fetch.get("distinct") != "true":
            found[self._table.key] = self._held(joined, "", self._table.key)
        for alias, entity in [("", self._entity), *((each.get("alias", ""), each) for each in self._links())]:
            table, row = joined[alias]
            for name, called in self._columns(entity, table):
                value = self._held(joined, alias, name)
                if value is None:
                    continue
                shown = called or (f"{alias}.{name}" if alias else table.shown(name))
                found[shown] = value
                if self._annotated and row is not None and name in table.links:
                    found[f"{shown}@{FORMATTED}"] = self._store.name_of(table, name, value)
        return found

    def _links(self) -> list[Node]:
        return [*self._entity.iter("link-entity")]

    def _grouped(self, joined: list[Joined]) -> list[dict[str, object]]:
        columns = [
            (alias, each)
            for alias, entity in [("", self._entity), *((link.get("alias", ""), link) for link in self._links())]
            for each in entity.findall("attribute")
        ]
        by = [(alias, each) for alias, each in columns if each.get("groupby") == "true"]
        groups: dict[tuple[object, ...], list[Joined]] = defaultdict(list)
        for one in joined:
            groups[tuple(self._held(one, alias, each.get("name", "")) for alias, each in by)].append(one)
        rows: list[dict[str, object]] = []
        for key, members in groups.items():
            row: dict[str, object] = {
                each.get("alias", ""): value for (_, each), value in zip(by, key, strict=True)
            }
            for alias, each in columns:
                if method := each.get("aggregate"):
                    values = [self._held(member, alias, each.get("name", "")) for member in members]
                    row[each.get("alias", "")] = _computed(method, values)
            rows.append(row)
        return rows


def _computed(method: str, values: list[object]) -> object:
    held = [value for value in values if value is not None]
    if method in {"count", "countcolumn"}:
        return len(values if method == "count" else held)
    return aggregate({"avg": "average"}.get(method, method), held)
