"""From the `objects` of a connector's file to its words, with every name checked against the others."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from proxy.connectors.spec import ConnectorFile, ObjectModel, RelationModel
from proxy.connectors.words import NAME, OBJECT_NAME, UNCLASSIFIED, ObjectWords, Relation, Words, spec_of
from proxy.model import FieldSpec
from proxy.yamlfile import nearest

Complain = Callable[[tuple[str | int, ...], str], None]
"""Gets the place in the document and a sentence for its author."""
Where = Callable[[tuple[str | int, ...]], str]
"""Returns `file:line:column` of a place in the document."""


def _unknown(_path: tuple[str | int, ...]) -> str:
    return ""


def compile_words(model: ConnectorFile, complain: Complain, where: Where = _unknown) -> Words:
    """Return the words of a connector; whatever is wrong with them is complained of, and left out."""
    any_case = model.names == "any_case"
    found = {name: _object(name, each, where, any_case=any_case) for name, each in model.objects.items()}
    for name, each in model.objects.items():
        _check(name, each, model.objects, complain)
    return Words(MappingProxyType(found), _spelling(found) if any_case else MappingProxyType({}))


def _object(name: str, model: ObjectModel, where: Where, *, any_case: bool) -> ObjectWords:
    fields = {
        each: FieldSpec(
            spec.category,
            frozenset(spec.tags),
            spec.semantic,
            spec.type,
            spec.length,
            where(("objects", name, "fields", each)),
        )
        for each, spec in model.fields.items()
    }
    parents = _relations(model.parents)
    children = _relations(model.children)
    spelling = _spelling({**fields, **parents, **children}) if any_case else MappingProxyType({})
    key = model.subject.key if model.subject else None
    return ObjectWords(spec_of(name, fields, parents, key), parents, children, tuple(model.searched), spelling)


def _relations(models: Mapping[str, RelationModel]) -> Mapping[str, Relation]:
    found = {name: Relation(name, each.object, each.via, frozenset(each.types)) for name, each in models.items()}
    return MappingProxyType(found)


def _spelling(names: Mapping[str, object]) -> Mapping[str, str]:
    return MappingProxyType({name.lower(): name for name in names})


def _check(name: str, model: ObjectModel, objects: Mapping[str, ObjectModel], complain: Complain) -> None:
    here = ("objects", name)
    relations = {**model.parents, **model.children}
    if not OBJECT_NAME.fullmatch(name):
        complain(here, "cannot be the name of an object")
    for each in (*model.fields, *relations):
        if not NAME.fullmatch(each) or each == UNCLASSIFIED:
            complain(here, f'"{each}" cannot be the name of a field')
    together = [each.lower() for each in (*model.fields, *model.parents, *model.children)]
    if len(together) != len(set(together)):
        complain(here, "has two fields or relations whose names differ in case at most")
    known = model.fields.keys()
    if model.subject and model.subject.key not in known:
        complain((*here, "subject"), f'no field "{model.subject.key}"{nearest(model.subject.key, known)}')
    for each in model.searched:
        if each not in known:
            complain((*here, "searched"), f'no field "{each}"{nearest(each, known)}')
    for kind, group in (("parents", model.parents), ("children", model.children)):
        for relation, target in group.items():
            at = (*here, kind, relation)
            if target.object not in objects:
                complain(at, f'no object "{target.object}"{nearest(target.object, objects.keys())}')
                continue
            holder = model if kind == "parents" else objects[target.object]
            if target.via not in holder.fields:
                complain(at, f'no field "{target.via}"{nearest(target.via, holder.fields.keys())}')
