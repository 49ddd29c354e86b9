"""What fields repeat of others (`copy_of`), checked and followed to what it begins with."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from proxy.connectors.spec import ObjectModel
from proxy.model import CopyOf, FieldSpec
from proxy.yamlfile import nearest

Objects = Mapping[str, ObjectModel]
Complain = Callable[[tuple[str | int, ...], str], None]


class Stated(NamedTuple):
    """What a field is said to repeat."""

    object: str
    field: str
    by: str = ""


def stated(objects: Objects, name: str, field: str) -> list[Stated]:
    """Return what a field is said to repeat, there or not."""
    given = objects[name].fields[field].copy_of
    each = given if isinstance(given, list) else [given]
    return [Stated(name, one) if isinstance(one, str) else Stated(one.object, one.field, one.by) for one in each]


def copies_of(objects: Objects, name: str, field: str) -> tuple[CopyOf, ...]:
    """Return what a field repeats, and what that repeats in its turn; what is not there is left out."""
    found: dict[CopyOf, None] = {}
    first = stated(objects, name, field)
    for own in _and_beside(objects, name, field):
        if own != field:
            found[CopyOf(name, own, direct=Stated(name, own) in first)] = None
        for each in stated(objects, name, own):
            if each.by and each.object in objects and each.field in objects[each.object].fields:
                for one in _and_beside(objects, each.object, each.field):
                    found[CopyOf(each.object, one, each.by, direct=one == each.field)] = None
    return tuple(found)


def _and_beside(objects: Objects, name: str, field: str) -> list[str]:
    """Return a field, and those of its record that it repeats, each once."""
    found = [field]
    for one in found:  # which grows meanwhile
        beside = (each.field for each in stated(objects, name, one) if not each.by)
        found += [each for each in dict.fromkeys(beside) if each in objects[name].fields and each not in found]
    return found


def borrowed(fields: Mapping[str, FieldSpec]) -> Mapping[str, tuple[CopyOf, ...]]:
    """Return the fields that repeat what stands in other records."""
    found = {name: tuple(each for each in of.copies if each.by) for name, of in fields.items()}
    return MappingProxyType({name: ways for name, ways in found.items() if ways})


def check_copies(objects: Objects, complain: Complain) -> None:
    """Complain of copies of what is not there, or whose record nobody can tell."""
    for name, model in objects.items():
        for field in model.fields:
            for each in stated(objects, name, field):
                if problem := _problem(objects, name, field, each):
                    complain(("objects", name, "fields", field, "copy_of"), problem)


def _problem(objects: Objects, name: str, field: str, copy: Stated) -> str:
    """Return what is wrong with a copy, or ""."""
    if copy.object not in objects:
        return f'no object "{copy.object}"{nearest(copy.object, objects.keys())}'
    known, own = objects[copy.object].fields.keys(), objects[name].fields.keys()
    if copy.field not in known:
        return f'{copy.object} has no field "{copy.field}"{nearest(copy.field, known)}'
    if not copy.by:
        return "is a copy of itself" if copy.field == field else ""
    if copy.by not in own:
        return f'no field "{copy.by}" that could link it{nearest(copy.by, own)}'
    if any(each.by for each in stated(objects, copy.object, copy.field)):
        return f"repeats {copy.object}.{copy.field}, which is a copy itself: name what that one repeats"
    return ""
