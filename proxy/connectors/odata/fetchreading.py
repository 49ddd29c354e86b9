"""From the text of a FetchXML query to its tree: lxml reads the XML, and what it says is a closed list.

No document type, no entity, no network (threats XML-*). An element, an attribute or an operator that is not
listed here refuses the query: `datasource` would read the recycle bin, `any` and `exists` joins are not read.
"""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from proxy.connectors.odata.fetchtree import Column, Compare, Entity, Fetch, Filter, Link, Order
from proxy.errors import Gap, Undecodable

MAX_LENGTH: Final = 16_000
MAX_DEPTH: Final = 12
MAX_LINKS: Final = 15
"""As Dataverse has it."""
MAX_VALUES: Final = 500

AGGREGATES: Final = frozenset({"count", "countcolumn", "sum", "avg", "min", "max"})
COUNTING: Final = frozenset({"count", "countcolumn", "sum", "avg"})
"""Those that give a number, whatever they are computed over."""
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}")
_FLAG: Final = re.compile(r"true|false")
_FETCH: Final = {
    "version": re.compile(r"1\.0"),
    "output-format": re.compile(r"xml-platform"),
    "mapping": re.compile(r"logical"),
    "distinct": _FLAG,
    "aggregate": _FLAG,
    "no-lock": _FLAG,
    "latematerialize": _FLAG,
    "returntotalrecordcount": _FLAG,
    "top": _NUMBER,
    "count": _NUMBER,
}
"""Attribute of the outermost element -> what it may be."""
_COLUMN: Final = {
    "distinct": _FLAG,
    "dategrouping": re.compile(r"day|week|month|quarter|year|fiscal-period|fiscal-year"),
    "usertimezone": _FLAG,
}
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,99}")
_ALIAS: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_OTHER: Final = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]{0,99}\.)?[a-z_][a-z0-9_]{0,99}")
TEXTUAL: Final = frozenset(
    {"like", "not-like", "begins-with", "not-begin-with", "ends-with", "not-end-with", "contain-values"}
)
"""Operators that look into what a link is called where they are about one."""
_PLAIN: Final = frozenset(
    {"eq", "ne", "neq", "gt", "ge", "lt", "le", *TEXTUAL, "on", "on-or-before", "on-or-after"}
)
_MANY: Final = frozenset({"in", "not-in", "between", "not-between", "not-contain-values"})
_NONE: Final = frozenset(
    {"null", "not-null", "eq-userid", "ne-userid", "today", "yesterday", "tomorrow", "this-week", "this-month"}
    | {"this-year", "last-seven-days", "next-seven-days", "last-week", "last-month", "last-year", "next-week"}
    | {"next-month", "next-year"}
)
_COUNTED: Final = frozenset(
    f"{way}-x-{unit}" for way in ("last", "next") for unit in ("hours", "days", "weeks", "months", "years")
) | frozenset(f"olderthan-x-{unit}" for unit in ("minutes", "hours", "days", "weeks", "months", "years"))


def read(text: str) -> Fetch:
    """Return the tree of a query.

    Raises:
        Gap: an element, attribute or operator that there is no word for, or that is not where it belongs.
        Undecodable: not XML, or beyond the limits.
    """
    if len(text) > MAX_LENGTH:
        raise Undecodable("query_too_long", status=414)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=False
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Gap("construct", "fetchxml") from None
    if root.getroottree().docinfo.internalDTD is not None or root.tag != "fetch" or len(root) != 1:
        raise Gap("construct", "fetchxml")
    given = _said(root)
    page, cookie = given.pop("page", ""), given.pop("paging-cookie", "")
    if (page and not _NUMBER.fullmatch(page)) or (cookie and not page):
        raise Gap("construct", "fetchxml")
    said = {name: _checked(_FETCH, name, value) for name, value in given.items()}
    found = Fetch(_entity(root[0], "entity", 0, aggregate=said.get("aggregate") == "true"), said, page, cookie)
    _check_names(found)
    return found


def _said(node: etree._Element, *needed: str) -> dict[str, str]:
    """Return the attributes of an element that has no text of its own."""
    said = {str(name): str(value) for name, value in node.attrib.items()}
    texts = (node.text, *(each.tail for each in node))
    if not set(needed) <= said.keys() or any(text and text.strip() for text in texts):
        raise Gap("construct", "fetchxml")
    return said


def _checked(table: dict[str, re.Pattern[str]], name: str, value: str) -> str:
    if name not in table or not table[name].fullmatch(value):
        raise Gap("construct", "fetchxml")
    return value


def _only(said: dict[str, str], *names: str) -> None:
    if not said.keys() <= set(names):
        raise Gap("construct", "fetchxml")


def _matched(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise Gap("construct", "fetchxml")
    return text


def _entity(node: etree._Element, tag: str, depth: int, *, aggregate: bool) -> Entity:
    if depth > MAX_DEPTH:
        raise Undecodable("query_too_deep")
    if node.tag != tag:
        raise Gap("construct", "fetchxml")
    said = _said(node, "name")
    if tag == "entity":
        _only(said, "name")
    whole = False
    columns: list[Column] = []
    orders: list[Order] = []
    filters: list[Filter] = []
    links: list[Link] = []
    for each in node:
        match each.tag:
            case "all-attributes" if not len(each) and not _said(each) and not aggregate:
                whole = True
            case "attribute":
                columns.append(_column(each, aggregate=aggregate))
            case "order":
                orders.append(_order(each))
            case "filter":
                filters.append(_filter(each, depth + 1))
            case "link-entity":
                links.append(_link(each, depth + 1, aggregate=aggregate))
            case _:
                raise Gap("construct", "fetchxml")
    name = _matched(_NAME, said["name"])
    return Entity(name, whole, tuple(columns), tuple(orders), tuple(filters), tuple(links))


def _column(node: etree._Element, *, aggregate: bool) -> Column:
    said = _said(node, "name")
    name, alias = _matched(_NAME, said.pop("name")), said.pop("alias", "")
    computed, group = said.pop("aggregate", ""), said.pop("groupby", "false")
    if alias:
        _matched(_ALIAS, alias)
    if len(node) or (computed and computed not in AGGREGATES) or group not in {"true", "false"}:
        raise Gap("construct", "fetchxml")
    if (
        aggregate != bool(computed or group == "true")
        or (aggregate and not alias)
        or (computed and group == "true")
    ):
        raise Gap("construct", "fetchxml")
    if not aggregate and said:
        raise Gap("construct", "fetchxml")
    more = tuple((key, _checked(_COLUMN, key, value)) for key, value in said.items())
    return Column(name, alias, computed, group == "true", more)


def _order(node: etree._Element) -> Order:
    said = _said(node)
    _only(said, "attribute", "alias", "entityname", "descending")
    if (
        len(node)
        or ("attribute" in said) == ("alias" in said)
        or said.get("descending") not in {None, "true", "false"}
    ):
        raise Gap("construct", "fetchxml")
    name = _matched(_ALIAS, said["alias"]) if "alias" in said else _matched(_NAME, said["attribute"])
    return Order(name, "alias" in said, _alias(said), said.get("descending") == "true")


def _alias(said: dict[str, str]) -> str:
    return _matched(_ALIAS, said["entityname"]) if "entityname" in said else ""


def _filter(node: etree._Element, depth: int) -> Filter:
    if depth > MAX_DEPTH:
        raise Undecodable("query_too_deep")
    said = _said(node)
    _only(said, "type")
    word = said.get("type", "and")
    if word not in {"and", "or"} or not len(node):
        raise Gap("construct", "fetchxml")
    items: list[Compare | Filter] = []
    for each in node:
        if each.tag == "filter":
            items.append(_filter(each, depth + 1))
        elif each.tag == "condition":
            items.append(_condition(each))
        else:
            raise Gap("construct", "fetchxml")
    return Filter(word, tuple(items))


def _condition(node: etree._Element) -> Compare:
    said = _said(node, "attribute", "operator")
    _only(said, "attribute", "operator", "value", "valueof", "entityname", "uiname", "uitype")
    values = (*([said["value"]] if "value" in said else []), *_values(node))
    other = _matched(_OTHER, said["valueof"]) if "valueof" in said else ""
    operator = said["operator"]
    fits = (
        (operator in _NONE and not values and not other)
        or (operator in _PLAIN and len(values) + bool(other) == 1)
        or (operator in _MANY and values and not other)
        or (
            operator in _COUNTED
            and len(values) == 1
            and values[0].isascii()
            and values[0].isdigit()
            and not other
        )
    )
    if not fits or len(values) > MAX_VALUES:
        raise Gap("construct", "fetchxml")
    return Compare(_matched(_NAME, said["attribute"]), operator, values, _alias(said), other)


def _values(node: etree._Element) -> Iterator[str]:
    for each in node:
        # What a link is called, for people who look at the query, is not sent on.
        if each.tag != "value" or len(each) or not {str(name) for name in each.attrib} <= {"uiname", "uitype"}:
            raise Gap("construct", "fetchxml")
        yield each.text or ""


def _link(node: etree._Element, depth: int, *, aggregate: bool) -> Link:
    said = _said(node, "name", "from", "to")
    _only(said, "name", "from", "to", "alias", "link-type", "intersect", "visible")
    if said.get("link-type", "inner") not in {"inner", "outer"} or said.get("intersect", "false") != "false":
        raise Gap("construct", "fetchxml")
    entity = _entity(node, "link-entity", depth, aggregate=aggregate)
    alias = _matched(_ALIAS, said["alias"]) if "alias" in said else ""
    here, there = _matched(_NAME, said["from"]), _matched(_NAME, said["to"])
    return Link(entity, alias, here, there, said.get("link-type") == "outer")


def _check_names(fetch: Fetch) -> None:
    """Refuse names that mean two things; a link whose attributes are asked for needs one of its own."""
    aliases = [alias for alias, _ in fetch.entities() if alias]
    called = [column.alias for _, entity in fetch.entities() for column in entity.columns if column.alias]
    unnamed = [entity for alias, entity in list(fetch.entities())[1:] if not alias]
    if len(set(aliases)) != len(aliases) or len(set(called)) != len(called) or set(aliases) & set(called):
        raise Gap("construct", "fetchxml")
    if len(list(fetch.entities())) > MAX_LINKS + 1:
        raise Undecodable("query_too_deep")
    if any(entity.whole or any(not column.alias for column in entity.columns) for entity in unnamed):
        raise Gap("construct", "fetchxml")
