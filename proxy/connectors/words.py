"""The objects of one CRM as its connector names them, and how one leads to another."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from proxy.errors import Gap
from proxy.model import Catalogue, FieldSpec, ObjectSpec

UNCLASSIFIED: Final = "unclassified"
"""Stands for every field nobody has listed. What the client called it is not repeated: it may be data."""

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}|[0-9a-f]{40}", re.ASCII)
"""How a field, and an object in a path or query, may be written at all, whichever CRM it is.

Pipedrive calls the fields that an account made by 40 digits of a hash, of which the first may be a number."""

CALLED: Final = "name"
"""The field that says what a record is called where it stands in another in short."""

Hidden = frozenset[tuple[str, str]]
"""Fields, each with its object, of which nothing could be shown; UNCLASSIFIED among them."""

OBJECT_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*", re.ASCII)
"""How an object may be called in a connector: some CRMs put dots between the parts of a model's name."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One way from an object to another: to its parent, or to its children."""

    name: str
    object: str
    via: str
    """The field that holds the link: on this object for a parent, on the other one for children."""
    types: frozenset[str]
    """What the CRM may call a record on the other end."""


@dataclass(frozen=True, slots=True)
class ObjectWords:
    """One object: its fields, its relations, and the spelling of both."""

    spec: ObjectSpec
    parents: Mapping[str, Relation] = field(default_factory=lambda: MappingProxyType({}))
    children: Mapping[str, Relation] = field(default_factory=lambda: MappingProxyType({}))
    searched: tuple[str, ...] = ()
    """Fields that the CRM's free-text search looks into."""
    spelling: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Lower-case name -> name as listed, of fields and relations; empty where case matters."""
    unasked: tuple[str, ...] = ()
    """Fields that the CRM answers with when a request names none; empty: all of them."""
    searched_in: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Scope of a search -> the fields it looks into."""
    prefix: str = ""
    """What ids of its records begin with; "" where they say nothing of their object."""

    @property
    def name(self) -> str:
        """The object's name in the connector's spelling."""
        return self.spec.name

    def spelled(self, name: str) -> str:
        """Return `name` in the connector's spelling if it is listed, else as it is."""
        return self.spelling.get(name.lower(), name) if self.spelling else name

    def listed(self, name: str) -> str:
        """Return the listed field meant by `name`, or UNCLASSIFIED."""
        name = self.spelled(name)
        return name if name in self.spec.fields and name not in self.parents else UNCLASSIFIED


@dataclass(frozen=True, slots=True)
class Words:
    """Every object of one CRM that policy has words for."""

    objects: Mapping[str, ObjectWords]
    spelling: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Other name -> name as listed; lower-case where case does not matter."""

    def spelled(self, name: str) -> str:
        """Return the name of an object in the connector's spelling if it is listed, else as it is."""
        name = self.aliases.get(name.lower() if self.spelling else name, name)
        return self.spelling.get(name.lower(), name) if self.spelling else name

    def object(self, name: str) -> ObjectWords:
        """Return the object called `name`.

        Raises:
            Gap: the connector does not list it.
        """
        found = self.objects.get(self.spelled(name))
        if found is None:
            raise Gap("object", "unknown_object")
        return found

    def of_id(self, key: str) -> ObjectWords:
        """Return the object whose record an id names.

        Raises:
            Gap: no listed object has such ids.
        """
        for words in self.objects.values():
            if words.prefix and key.startswith(words.prefix):
                return words
        raise Gap("object", "unknown_object")

    def catalogue(self) -> Catalogue:
        """Return what policy needs to know of the objects."""
        return MappingProxyType({name: words.spec for name, words in self.objects.items()})


def spec_of(
    name: str, fields: Mapping[str, FieldSpec], parents: Mapping[str, Relation], key: str | None
) -> ObjectSpec:
    """Return the catalogue's entry for one object.

    A parent relation is listed beside the fields, classified as the field that holds the link: the answer
    `Account: null` says of the link what `AccountId: null` says.
    """
    links = {each.name: fields[each.via] for each in parents.values() if each.via in fields}
    return ObjectSpec(name, MappingProxyType({**links, **fields}), key)
