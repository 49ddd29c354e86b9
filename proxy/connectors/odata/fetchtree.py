"""The tree of a FetchXML query, and the one way in which it is written again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute that is shown, grouped by, or computed over many rows."""

    name: str
    alias: str = ""
    aggregate: str = ""
    """What is computed; "" for a value as it is."""
    group: bool = False
    more: tuple[tuple[str, str], ...] = ()
    """What else is said of it, checked: `distinct`, `dategrouping`, `usertimezone`."""


@dataclass(frozen=True, slots=True)
class Order:
    """One key to sort by."""

    name: str
    """An attribute, or what an attribute is called where rows are grouped."""
    is_alias: bool
    entity: str
    """Alias of the link whose attribute it is; "" for that of the entity it stands in."""
    descending: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """One condition."""

    name: str
    operator: str
    values: tuple[str, ...]
    entity: str = ""
    """Alias of the link whose attribute it is about."""
    other: str = ""
    """The attribute that it is compared with, with the alias of its link and a dot before it if it has one."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions joined by one word."""

    word: str
    items: "tuple[Compare | Filter, ...]"


@dataclass(frozen=True, slots=True)
class Entity:
    """What is asked of one object."""

    name: str
    whole: bool
    """Whether every attribute is asked for."""
    columns: tuple[Column, ...]
    orders: tuple[Order, ...]
    filters: tuple[Filter, ...]
    links: "tuple[Link, ...]"


@dataclass(frozen=True, slots=True)
class Link:
    """Another object, joined to the one it stands in."""

    entity: Entity
    alias: str
    here: str
    """`from`: the attribute of the object that is joined."""
    there: str
    """`to`: the attribute of the object that it is joined to."""
    outer: bool


@dataclass(frozen=True, slots=True)
class Fetch:
    """A whole query."""

    entity: Entity
    said: Mapping[str, str]
    """Attributes of the outermost element, checked; the page and its cookie apart."""
    page: str = ""
    cookie: str = ""
    """As it came: sealed by us, or, when it is sent, the CRM's own."""

    @property
    def aggregates(self) -> bool:
        """Whether its rows are no records but computed over many."""
        return self.said.get("aggregate") == "true"

    @property
    def distinct(self) -> bool:
        """Whether rows that look alike are one."""
        return self.said.get("distinct") == "true"

    def entities(self) -> Iterator[tuple[str, Entity]]:
        """Yield every object with the alias of its link, "" for the outermost."""
        yield "", self.entity
        waiting = list(self.entity.links)
        while waiting:
            link = waiting.pop(0)
            yield link.alias, link.entity
            waiting += link.entity.links


def write(fetch: Fetch) -> str:
    """Return a query that asks for exactly what the tree says."""
    said = dict(fetch.said)
    said |= {"page": fetch.page} if fetch.page else {}
    said |= {"paging-cookie": fetch.cookie} if fetch.cookie else {}
    root = etree.Element("fetch", said)
    _entity(etree.SubElement(root, "entity", name=fetch.entity.name), fetch.entity)
    return etree.tostring(root, encoding="unicode")


def _entity(node: etree._Element, entity: Entity) -> None:
    if entity.whole:
        etree.SubElement(node, "all-attributes")
    for column in entity.columns:
        said = {"name": column.name, "alias": column.alias, "aggregate": column.aggregate, **dict(column.more)}
        said |= {"groupby": "true"} if column.group else {}
        etree.SubElement(node, "attribute", {name: value for name, value in said.items() if value})
    for order in entity.orders:
        said = {"alias" if order.is_alias else "attribute": order.name, "entityname": order.entity}
        said |= {"descending": "true"} if order.descending else {}
        etree.SubElement(node, "order", {name: value for name, value in said.items() if value})
    for each in entity.filters:
        _filter(node, each)
    for link in entity.links:
        kind = "outer" if link.outer else "inner"
        said = {"name": link.entity.name, "from": link.here, "to": link.there, "alias": link.alias}
        _entity(etree.SubElement(node, "link-entity", {**said, "link-type": kind}), link.entity)


def _filter(node: etree._Element, tree: Filter) -> None:
    inside = etree.SubElement(node, "filter", type=tree.word)
    for each in tree.items:
        if isinstance(each, Filter):
            _filter(inside, each)
            continue
        said = {"entityname": each.entity, "attribute": each.name, "operator": each.operator}
        said |= {"valueof": each.other} if each.other else {}
        found = etree.SubElement(inside, "condition", {name: value for name, value in said.items() if value})
        for value in each.values:
            etree.SubElement(found, "value").text = value
