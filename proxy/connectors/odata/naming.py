"""Which field a property means, and where a navigation property leads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxy.connectors.facts import Wanted, fields_of
from proxy.connectors.odata.spec import ODataModel, ODataObject
from proxy.connectors.words import UNCLASSIFIED, ObjectWords, Words
from proxy.errors import Gap
from proxy.model import Action, FieldUse

_LOOKUP: Final = re.compile(r"_([A-Za-z0-9_]{1,90})_value")

SHOWS_VALUES: Final = frozenset({"min", "max"})
"""What comes of these is one of the values: judged as showing the field, too, as what a group is called is."""


@dataclass(frozen=True, slots=True)
class Names:
    """The objects of one connector as OData writes them."""

    words: Words
    objects: Mapping[str, ODataObject]
    by_set: Mapping[str, str]
    """Entity set -> object."""

    @staticmethod
    def compile(model: ODataModel, words: Words) -> "Names":
        """Return the names a connector declares.

        Raises:
            ValueError: an object, a key or a lookup is not among the connector's objects and fields.
        """
        if model.objects.keys() != words.objects.keys():
            raise ValueError("odata.objects must have an entry for each of the objects, and no other")
        for name, each in model.objects.items():
            fields = words.objects[name].spec.fields
            named = [each.key, *each.lookups, *(field for keys in each.alternate_keys for field in keys)]
            for field in named:
                if field not in fields:
                    raise ValueError(f'odata.objects.{name} has "{field}", which is not among its fields')
        by_set = {each.set: name for name, each in model.objects.items()}
        if len(by_set) != len(model.objects):
            raise ValueError("odata.objects gives two objects the same set")
        return Names(words, model.objects, by_set)

    def of_set(self, name: str) -> ObjectWords:
        """Return the object of an entity set; raises Gap if nobody listed it."""
        if name not in self.by_set:
            raise Gap("object", "unknown_object")
        return self.words.objects[self.by_set[name]]

    def field(self, words: ObjectWords, name: str) -> str:
        """Return the listed field that a property of an object is, or UNCLASSIFIED."""
        found = _LOOKUP.fullmatch(name)
        if found is not None:
            return found[1] if found[1] in self.objects[words.name].lookups else UNCLASSIFIED
        return UNCLASSIFIED if name in self.objects[words.name].lookups else words.listed(name)

    def label(self, words: ObjectWords, field: str) -> str:
        """Return the field that the formatted value of a field shows: the field itself, or its target's name.

        A link is formatted as what its target is called, which is another matter than that there is a link.
        """
        called = self.objects[words.name].lookups.get(field)
        return field if called is None else words.listed(called)

    def facts(self, words: ObjectWords, wanted: Wanted) -> list[str]:
        """Return the properties that facts are read from; links come with what their targets are called."""
        lookups = self.objects[words.name].lookups
        return [each for each in fields_of(words.spec, wanted.get(words.name, ())) if each not in lookups]

    def uses(self, words: ObjectWords, name: str, action: Action) -> list[FieldUse]:
        """Return what it is to use a property."""
        field = self.field(words, name)
        fields = dict.fromkeys((field, self.label(words, field)) if action is Action.SORT else (field,))
        return [FieldUse(words.name, each, action) for each in fields]
