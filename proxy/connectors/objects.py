"""From the `objects` of a connector's file to its words, with every name checked against the others."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from proxy.connectors.copies import borrowed, check_copies, copies_of
from proxy.connectors.facts import check_type, default_of
from proxy.connectors.spec import AttributeModel, ConnectorFile, ObjectModel, RelationModel
from proxy.connectors.words import NAME, OBJECT_NAME, UNCLASSIFIED, ObjectWords, Relation, Words, spec_of
from proxy.model import UNLIMITED, AttributeSpec, FieldSpec, Taken
from proxy.yamlfile import nearest

ATTRIBUTE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
"""How an attribute may be called."""
ALIAS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
"""How else an object may be called: HubSpot has numbers for its own, `0-1`."""
Complain = Callable[[tuple[str | int, ...], str], None]
"""Gets the place in the document and a sentence for its author."""
Where = Callable[[tuple[str | int, ...]], str]
"""Returns `file:line:column` of a place in the document."""


def _unknown(_path: tuple[str | int, ...]) -> str:
    return ""


def compile_words(model: ConnectorFile, complain: Complain, where: Where = _unknown) -> Words:
    """Return the words of a connector; whatever is wrong with them is complained of, and left out."""
    any_case = model.names == "any_case"
    takes = frozenset(model.takes)
    found = {name: _object(name, model.objects, where, takes, any_case=any_case) for name in model.objects}
    for name, each in model.objects.items():
        _check(name, each, model.objects, complain)
    check_copies(model.objects, complain)
    _check_aliases(model.objects, complain, str.lower if any_case else str)
    aliases = {
        alias.lower() if any_case else alias: name
        for name, each in model.objects.items()
        for alias in each.aliases
    }
    spelling = _spelling(found) if any_case else MappingProxyType({})
    return Words(MappingProxyType(found), spelling, MappingProxyType(aliases))


def _object(
    name: str, objects: Mapping[str, ObjectModel], where: Where, takes: frozenset[Taken], *, any_case: bool
) -> ObjectWords:
    model = objects[name]
    fields = {
        each: FieldSpec(
            spec.category,
            frozenset(spec.tags),
            spec.semantic,
            spec.type,
            UNLIMITED if spec.length == "unlimited" else spec.length,
            copies_of(objects, name, each),
            where(("objects", name, "fields", each)),
        )
        for each, spec in model.fields.items()
    }
    parents = _relations(model.parents)
    children = _relations(model.children)
    spelling = _spelling({**fields, **parents, **children}) if any_case else MappingProxyType({})
    key = model.subject.key if model.subject else None
    spec = spec_of(name, fields, parents, key)
    spec = replace(
        spec,
        attributes=_attributes(model),
        takes=takes,
        borrowed=borrowed(fields),
        kin=_kin(name, parents),
        place=where(("objects", name)),
    )
    searched, unasked = tuple(model.searched), tuple(model.unasked)
    scopes = MappingProxyType({scope: tuple(names) for scope, names in model.searched_in.items()})
    return ObjectWords(spec, parents, children, searched, spelling, unasked, scopes, model.prefix)


def _kin(name: str, parents: Mapping[str, Relation]) -> frozenset[str]:
    """Return the fields that lead to a record of the same object, and to no other."""
    own = {each.via for each in parents.values() if each.object == name}
    return frozenset(own - {each.via for each in parents.values() if each.object != name})


def _attributes(model: ObjectModel) -> Mapping[str, AttributeSpec]:
    found: dict[str, AttributeSpec] = {}
    for name, each in model.attributes.items():
        with suppress(ValueError):  # complained of by `_check`
            default = None if each.default is None else default_of(each.type, each.default)
            words = None if each.words is None else frozenset(each.words)
            found[name] = AttributeSpec(each.field, check_type(each.type), each.optional, default, words)
    return MappingProxyType(found)


def _relations(models: Mapping[str, RelationModel]) -> Mapping[str, Relation]:
    found = {name: Relation(name, each.object, each.via, frozenset(each.types)) for name, each in models.items()}
    return MappingProxyType(found)


def _spelling(names: Mapping[str, object]) -> Mapping[str, str]:
    return MappingProxyType({name.lower(): name for name in names})


def _check_aliases(objects: Mapping[str, ObjectModel], complain: Complain, one: Callable[[str], str]) -> None:
    """Complain of aliases that are none, or are taken; `one` makes of a name what is compared."""
    taken = {one(name) for name in objects}
    for name, each in objects.items():
        for alias in each.aliases:
            at = ("objects", name, "aliases")
            if not ALIAS.fullmatch(alias):
                complain(at, f'"{alias}" cannot be the name of an object')
            if one(alias) in taken:
                complain(at, f'"{alias}" is the name of an object already')
            taken.add(one(alias))


def _check_attribute(at: tuple[str | int, ...], name: str, model: AttributeModel, complain: Complain) -> None:
    if not ATTRIBUTE.fullmatch(name):
        complain(at, "an attribute is named in lower case, as conditions write it: last_activity")
    if not NAME.fullmatch(model.field):
        complain((*at, "field"), f'"{model.field}" cannot be the name of a field')
    if model.optional and model.default is not None:
        complain((*at, "default"), "an attribute with a default is never absent; leave optional out")
    try:
        check_type(model.type)
    except ValueError as error:
        complain((*at, "type"), str(error))
        return
    try:
        if model.default is not None:
            default_of(model.type, model.default)
    except ValueError:
        complain((*at, "default"), f"is not of the type {model.type}")


def _check(name: str, model: ObjectModel, objects: Mapping[str, ObjectModel], complain: Complain) -> None:
    here = ("objects", name)
    relations = {**model.parents, **model.children}
    if not OBJECT_NAME.fullmatch(name):
        complain(here, "cannot be the name of an object")
    for each in (*model.fields, *relations):
        if not NAME.fullmatch(each) or each == UNCLASSIFIED:
            complain(here, f'"{each}" cannot be the name of a field')
    # A way that is called like the field it goes by (Dataverse) cannot be taken for another.
    ways = (each for each, way in model.parents.items() if way.via != each)
    together = [each.lower() for each in (*model.fields, *ways, *model.children)]
    if len(together) != len(set(together)):
        complain(here, "has two fields or relations whose names differ in case at most")
    known = model.fields.keys()
    if model.subject and model.subject.key not in known:
        complain((*here, "subject"), f'no field "{model.subject.key}"{nearest(model.subject.key, known)}')
    for each in model.searched:
        if each not in known:
            complain((*here, "searched"), f'no field "{each}"{nearest(each, known)}')
    for scope, names in model.searched_in.items():
        for each in names:
            if each not in known:
                complain((*here, "searched_in", scope), f'no field "{each}"{nearest(each, known)}')
    for each in model.unasked:
        if each not in known:
            complain((*here, "unasked"), f'no field "{each}"{nearest(each, known)}')
    for word, attribute in model.attributes.items():
        _check_attribute((*here, "attributes", word), word, attribute, complain)
    for kind, group in (("parents", model.parents), ("children", model.children)):
        for relation, target in group.items():
            at = (*here, kind, relation)
            if target.object not in objects:
                complain(at, f'no object "{target.object}"{nearest(target.object, objects.keys())}')
                continue
            holder = model if kind == "parents" else objects[target.object]
            if target.via not in holder.fields:
                complain(at, f'no field "{target.via}"{nearest(target.via, holder.fields.keys())}')
