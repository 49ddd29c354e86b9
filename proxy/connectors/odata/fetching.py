"""What a FetchXML query does: every attribute, how it is used, and on which object.

The same operations come of it as of the same query in OData's own options. A join by a field is a filter on it,
and shows the link where attributes of the other object are shown. It has to follow a relation that the
connector declares, by the field that holds the link: joined by another, objects would tell each other's values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from proxy.connectors.facts import Wanted
from proxy.connectors.implied import outright
from proxy.connectors.odata.fetchreading import COUNTING, TEXTUAL
from proxy.connectors.odata.fetchtree import Column, Compare, Entity, Fetch, Filter, Link, Order
from proxy.connectors.odata.naming import SHOWS_VALUES, Names
from proxy.connectors.words import Hidden, ObjectWords, Relation
from proxy.errors import Gap, Refused
from proxy.message import RECORD_ITSELF
from proxy.model import QUERYING, Action, FieldUse, Operation

Columns = Mapping[str, tuple[str, str, Action]]


@dataclass(frozen=True, slots=True)
class Joined:
    """One object of a query, and how it comes into it."""

    alias: str
    words: ObjectWords
    entity: Entity
    outermost: bool


@dataclass(frozen=True, slots=True)
class Meaning:
    """One query, understood."""

    operations: tuple[Operation, ...]
    """What is done with the object itself, and with each one that is joined to it."""
    joined: tuple[Joined, ...]
    columns: Columns
    """What columns with names of their own are; with aggregates, all of them."""
    counting: frozenset[str]
    """Those that can only be numbers."""


def field_of(names: Names, words: ObjectWords, name: str) -> str:
    """Return the listed field that an attribute is, or UNCLASSIFIED: a link is called by its own name here."""
    return name if name in names.objects[words.name].lookups else words.listed(name)


def understand(fetch: Fetch, words: ObjectWords, names: Names) -> Meaning:
    """Return what a query does.

    Raises:
        Gap: another object than the URL's, a join that follows no relation, or a name that means two things.
    """
    if fetch.entity.name != words.name:
        raise Gap("construct", "fetchxml")
    return _Reader(names, fetch).whole(words)


class _Reader:
    def __init__(self, names: Names, fetch: Fetch) -> None:
        self.names = names
        self.fetch = fetch
        self.joined: list[Joined] = []
        self.uses: dict[str, dict[FieldUse, None]] = {}
        """By object."""
        self.columns: dict[str, tuple[str, str, Action]] = {}
        self.counting: set[str] = set()

    def whole(self, words: ObjectWords) -> Meaning:
        self._join("", words, self.fetch.entity)
        for each in self.joined:
            self._object(each)
        own = self.joined[0].words.name
        operations = [
            Operation(Action.LIST, name, tuple(uses)) for name, uses in self.uses.items() if name != own
        ]
        # Which records of the own object come is a matter of what the others are found and sorted by.
        joined = (use for each in operations for use in each.uses if use.action in QUERYING)
        first = Operation(Action.LIST, own, tuple(dict.fromkeys((*self.uses.get(own, ()), *joined))))
        operations = [first, *operations, *self._told_apart()]
        return Meaning(tuple(operations), tuple(self.joined), self.columns, frozenset(self.counting))

    def _told_apart(self) -> Iterator[Operation]:
        """Yield what rows are told apart by: how many there are tells which values are the same, shown or not.

        So each has to be shown as it is. All attributes of an object are of one record alone, its id among them.
        """
        if self.fetch.distinct and not self.fetch.aggregates:
            for at in self.joined:
                for column in at.entity.columns:
                    field = field_of(self.names, at.words, column.name)
                    yield outright(FieldUse(at.words.name, field, Action.LIST))

    def _join(self, alias: str, words: ObjectWords, entity: Entity) -> None:
        self.joined.append(Joined(alias, words, entity, not self.joined))
        self.uses.setdefault(words.name, {})
        for link in entity.links:
            holder, relation, target = relation_of(self.names, words, link)
            self._note(holder, relation.via, Action.FILTER)
            if _shows(link.entity):
                self._note(holder, relation.via, Action.LIST)
            self._join(link.alias, target, link.entity)

    def _note(self, words: ObjectWords, field: str, action: Action) -> None:
        self.uses.setdefault(words.name, {})[FieldUse(words.name, field, action)] = None

    def _object(self, at: Joined) -> None:
        for column in at.entity.columns:
            self._column(at, column)
        for order in at.entity.orders:
            self._order(at, order)
        for each in at.entity.filters:
            self._filter(at, each)

    def _column(self, at: Joined, column: Column) -> None:
        field = field_of(self.names, at.words, column.name)
        shown = not column.aggregate or column.aggregate in SHOWS_VALUES
        action = Action.LIST if shown else Action.AGGREGATE
        if column.aggregate == "count":
            field = RECORD_ITSELF
        if column.group or column.aggregate:
            self._note(at.words, field, Action.GROUP if column.group else Action.AGGREGATE)
        self._note(at.words, field, action)
        if column.alias:
            # In the answer it stands beside the object's own attributes, and must not be taken for one.
            if column.alias in self.joined[0].words.spec.fields or column.alias in self.joined[0].words.parents:
                raise Gap("construct", "fetchxml")
            if column.alias.startswith("_"):
                raise Gap("construct", "fetchxml")
            self.columns[column.alias] = (at.words.name, field, action)
            if column.aggregate in COUNTING:
                self.counting.add(column.alias)

    def _order(self, at: Joined, order: Order) -> None:
        if order.is_alias:
            if order.name not in self.columns:
                found = [column.alias for _, each in self.fetch.entities() for column in each.columns]
                if order.name not in found:
                    raise Gap("construct", "fetchxml")
            self._sorted_by_alias(order.name)
            return
        words = self._named(at, order.entity)
        self._with_label(words, order.name, Action.SORT)

    def _sorted_by_alias(self, alias: str) -> None:
        for each in self.joined:
            for column in each.entity.columns:
                if column.alias == alias and not column.aggregate:
                    self._with_label(each.words, column.name, Action.SORT)

    def _with_label(self, words: ObjectWords, name: str, action: Action) -> None:
        """Note a use of an attribute that looks at what a link is called."""
        field = field_of(self.names, words, name)
        self._note(words, field, action)
        self._note(words, self.names.label(words, field), action)

    def _named(self, at: Joined, alias: str) -> ObjectWords:
        if not alias:
            return at.words
        for each in self.joined:
            if each.alias == alias:
                return each.words
        raise Gap("construct", "fetchxml")

    def _filter(self, at: Joined, tree: Filter) -> None:
        for each in tree.items:
            if isinstance(each, Filter):
                self._filter(at, each)
            else:
                self._compare(at, each)

    def _compare(self, at: Joined, tree: Compare) -> None:
        words = self._named(at, tree.entity)
        if tree.operator in TEXTUAL:
            self._with_label(words, tree.name, Action.FILTER)
        else:
            self._note(words, field_of(self.names, words, tree.name), Action.FILTER)
        if tree.other:
            alias, _, name = tree.other.rpartition(".")
            other = self._named(at, alias)
            self._note(other, field_of(self.names, other, name), Action.FILTER)


def _shows(entity: Entity) -> bool:
    return entity.whole or bool(entity.columns) or any(_shows(link.entity) for link in entity.links)


def relation_of(names: Names, words: ObjectWords, link: Link) -> tuple[ObjectWords, Relation, ObjectWords]:
    """Return who holds the link that a join follows, the relation, and the object that is joined.

    Raises:
        Gap: it follows none that the connector declares.
    """
    target = names.words.objects.get(link.entity.name)
    if target is not None:
        own, far = names.objects[words.name].key, names.objects[target.name].key
        for each in words.parents.values():
            if (each.object, each.via, far) == (target.name, link.there, link.here):
                return words, each, target
        for each in words.children.values():
            if (each.object, each.via, own) == (target.name, link.here, link.there):
                return target, each, target
    raise Gap("construct", "odata_navigation")


def narrowed(fetch: Fetch, words: ObjectWords, names: Names, hidden: Hidden) -> Fetch:
    """Return a query without the attributes of which nothing could be shown.

    Raises:
        Refused: some were asked for, and none of them remains.
    """
    entity, asked, left = _narrowed(fetch.entity, words, names, hidden)
    if asked and not left:
        raise Refused("not_granted", words.name)
    return replace(fetch, entity=entity)


def _narrowed(
    entity: Entity, words: ObjectWords, names: Names, hidden: Hidden, *, shown: bool = True
) -> tuple[Entity, int, int]:
    """Return an entity, how many attributes it asked for, and how many of them remain.

    Of an object whose link is not to be shown nothing is; the join stays, for what it filters by was judged.
    """
    columns = tuple(
        each
        for each in entity.columns
        if shown and (words.name, field_of(names, words, each.name)) not in hidden
    )
    asked, left = len(entity.columns) + entity.whole, len(columns) + (entity.whole and shown)
    links: list[Link] = []
    for link in entity.links:
        holder, relation, target = relation_of(names, words, link)
        visible = shown and (holder.name, relation.via) not in hidden
        inner, more, remain = _narrowed(link.entity, target, names, hidden, shown=visible)
        links.append(replace(link, entity=inner))
        asked, left = asked + more, left + remain
    whole = entity.whole and shown
    return replace(entity, whole=whole, columns=columns, links=tuple(links)), asked, left


Added = Mapping[str, frozenset[str]]
"""Alias of a link, "" for the outermost object -> attributes that nobody but us asked for."""


def widened(fetch: Fetch, words: ObjectWords, names: Names, wanted: Wanted) -> tuple[Fetch, Added]:
    """Return a query that also asks for the attributes facts are read from, and whose the rows of joined objects
    are; and those that were added.

    Where rows that look alike are one, nothing is added: other rows would come, and tell what is in it.
    """
    added: dict[str, frozenset[str]] = {}

    def wide(alias: str, entity: Entity, of: ObjectWords, *, named: bool) -> Entity:
        links = tuple(
            replace(
                each,
                entity=wide(each.alias, each.entity, relation_of(names, of, each)[2], named=bool(each.alias)),
            )
            for each in entity.links
        )
        if named and entity.columns and not entity.whole:
            asked = {column.name for column in entity.columns if not column.alias}
            # Of the outermost object the CRM shows whose a row is, asked or not.
            key = [names.objects[of.name].key] if alias and of.spec.subject_key is not None else []
            new = [name for name in dict.fromkeys((*key, *names.facts(of, wanted))) if name not in asked]
            added[alias] = frozenset(new)
            entity = replace(entity, columns=(*entity.columns, *map(Column, new)))
        return replace(entity, links=links)

    if fetch.distinct:
        return fetch, added
    return replace(fetch, entity=wide("", fetch.entity, words, named=True)), added
