"""What a selection shows: fields of records, records inside them, and what stands around a list of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from proxy.connectors.facts import Wanted, fields_of
from proxy.connectors.graphql.query import Selected
from proxy.connectors.graphql.spec import GraphqlField
from proxy.connectors.words import Hidden, ObjectWords, Relation, Words
from proxy.errors import Gap, Undecodable
from proxy.model import Action, FieldUse, Operation

TYPE: Final = "__typename"
FACT: Final = "lychgate_"
"""Begins the keys of what only we ask for; a client's may not."""
MAX_NESTING: Final = 8
Change = Callable[[tuple[Selected, ...]], tuple[Selected, ...]]


@dataclass(slots=True)
class Shown:
    """Collects what is done with one object by a selection; objects inside are operations of their own."""

    words: Words
    own: ObjectWords
    action: Action
    uses: dict[FieldUse, None] = field(default_factory=dict)
    inside: list[Operation] = field(default_factory=list)

    def take(self, selection: tuple[Selected, ...], depth: int = 0) -> None:
        """Take in the selection of a record; raises Gap for what there is no word for."""
        if depth > MAX_NESTING:
            raise Gap("construct", "nested_value")
        for each in selection:
            if each.on or each.arguments or each.key.startswith(FACT):
                raise Gap("construct", "unknown_argument")
            relation = relation_of(self.own, each.name)
            if each.name == TYPE and not each.inside:
                continue
            if relation is None:
                if each.inside:
                    raise Gap("construct", "nested_value")
                self.uses[FieldUse(self.own.name, self.own.listed(each.name), self.action)] = None
            else:
                self._related(each, relation, depth)

    def _related(self, each: Selected, relation: Relation, depth: int) -> None:
        if not each.inside:
            raise Gap("construct", "unknown_value")
        target = self.words.objects[relation.object]
        inner = Shown(self.words, target, Action.LIST)
        if each.name in self.own.parents:
            self.uses[FieldUse(self.own.name, relation.via, self.action)] = None
        else:
            inner.uses[FieldUse(target.name, relation.via, Action.LIST)] = None
        inner.take(each.inside, depth + 1)
        self.inside += [Operation(Action.LIST, target.name, tuple(inner.uses)), *inner.inside]


def relation_of(words: ObjectWords, name: str) -> Relation | None:
    """Return the way to another object that a field of the schema is, None if it is none."""
    return words.parents.get(name) or words.children.get(name)


def unwrapped(root: Selected, declared: GraphqlField) -> tuple[Selected, ...]:
    """Return the selection of the records below a field of the root.

    Raises:
        Gap: something else is asked for there that is not declared.
    """
    steps = tuple(declared.records.split(".")) if declared.records else ()
    return tuple(_below(root.inside, steps, "", declared))


def _below(
    selection: tuple[Selected, ...], steps: tuple[str, ...], path: str, declared: GraphqlField
) -> Iterator[Selected]:
    if not steps:
        yield from selection
        return
    for each in selection:
        if each.on or each.arguments:
            raise Gap("construct", "unknown_argument")
        if each.name == steps[0]:
            if not each.inside:
                raise Gap("construct", "unknown_value")
            yield from _below(each.inside, steps[1:], f"{path}{each.name}.", declared)
        elif each.name != TYPE:
            _check_beside(each, f"{path}{each.name}", declared)


def _check_beside(each: Selected, path: str, declared: GraphqlField) -> None:
    if each.on or each.arguments:
        raise Gap("construct", "unknown_argument")
    if not each.inside:
        if path not in declared.beside:
            raise Gap("construct", "unknown_member")
        return
    for inner in each.inside:
        if inner.name != TYPE:
            _check_beside(inner, f"{path}.{inner.name}", declared)


def plain(
    selection: tuple[Selected, ...], words: Words, own: ObjectWords, types: Mapping[str, str]
) -> tuple[Selected, ...]:
    """Return the selection of a record without conditions on its type, which it meets; each key once.

    Raises:
        Gap: a condition on another type.
        Undecodable: a key that two parts of the selection want filled differently.
    """
    found: dict[str, Selected] = {}
    for each in selection:
        if each.on and each.on != types.get(own.name, own.name):
            raise Gap("construct", "unknown_type")
        one = replace(each, on="")
        relation = relation_of(own, each.name)
        if relation is not None:
            one = replace(one, inside=plain(one.inside, words, words.objects[relation.object], types))
        if found.setdefault(each.key, one) != one:
            raise Undecodable("repeated_field")
    return tuple(found.values())


def narrowed(
    selection: tuple[Selected, ...], words: Words, own: ObjectWords, hidden: Hidden
) -> tuple[Selected, ...]:
    """Return a selection without the fields of which nothing could be shown."""
    found: list[Selected] = []
    for each in selection:
        relation = relation_of(own, each.name)
        if relation is not None:
            target = words.objects[relation.object]
            holder = own.name if each.name in own.parents else target.name
            inner = narrowed(each.inside, words, target, hidden)
            if (holder, relation.via) not in hidden and any(one.name != TYPE for one in inner):
                found.append(replace(each, inside=inner))
        elif each.name == TYPE or (own.name, own.listed(each.name)) not in hidden:
            found.append(each)
    return tuple(found)


def widened(
    selection: tuple[Selected, ...], words: Words, own: ObjectWords, wanted: Wanted
) -> tuple[Selected, ...]:
    """Return a selection that also asks for the fields facts are read from, under keys of ours."""
    found: list[Selected] = []
    for each in selection:
        relation = relation_of(own, each.name)
        if relation is not None:
            inner = widened(each.inside, words, words.objects[relation.object], wanted)
            each = replace(each, inside=inner)  # noqa: PLW2901
        found.append(each)
    names = fields_of(own.spec, wanted.get(own.name, ()))
    return (*found, *(Selected(FACT + name, name, {}) for name in names))


def changed(root: Selected, declared: GraphqlField, change: Change) -> Selected:
    """Return a field of the root with another selection of its records."""
    steps = tuple(declared.records.split(".")) if declared.records else ()
    return replace(root, inside=_changed(root.inside, steps, change))


def _changed(selection: tuple[Selected, ...], steps: tuple[str, ...], change: Change) -> tuple[Selected, ...]:
    if not steps:
        return change(selection)
    return tuple(
        replace(each, inside=_changed(each.inside, steps[1:], change)) if each.name == steps[0] else each
        for each in selection
    )
