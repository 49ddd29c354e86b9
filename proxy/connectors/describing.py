"""Answers that describe objects and fields: what nobody may see or write is not there, as if there were none.

A name can tell (`HIV_Status__c`), and a list of names tells what to ask for. So of a description is released
what is about objects and fields that the caller has a use for, and flags such as `filterable` say what the
caller may do, not what the account of the lane may. Where an answer describes things is declared (`describes:`);
what of each description is shown is declared like any other answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxy.connectors import paths
from proxy.connectors.asked import Told, ToldByName
from proxy.connectors.spec import ConnectorFile, MetadataModel
from proxy.connectors.words import UNCLASSIFIED, ObjectWords, Words
from proxy.message import Tree
from proxy.model import Action

BY_NAME: Final = "*"
"""In place of the member that holds a name: each description stands under its own."""


@dataclass(frozen=True, slots=True)
class Descriptions:
    """One place in an answer that describes something."""

    at: tuple[str, ...]
    of: str
    """`object`; `field` of the object that the answer is about; `child`, the field of another that links it."""
    name: str
    field: str
    flags: Mapping[str, Action]
    words: Words

    def told(self, tree: Tree, about: ObjectWords) -> Iterator[Told | ToldByName]:
        """Yield what is described there; what is of no listed object or field is taken out in place."""
        found: Any = paths.get(tree, self.at)
        if self.name == BY_NAME:
            yield self._by_name(found if isinstance(found, dict) else {}, about)
            return
        if isinstance(found, list):
            known = [(item, self._about(item, about)) for item in found]
            found[:] = [item for item, named in known if named is not None]
            yield Told(found, [named for _, named in known if named is not None], self.flags)
        elif isinstance(found, dict):
            named = self._about(found, about) or (about.name, UNCLASSIFIED)
            yield Told([found], [named], self.flags, alone=True)

    def _by_name(self, found: dict[str, Tree], about: ObjectWords) -> ToldByName:
        named = {name: self._named(name, about) for name in found}
        for name in [name for name, meant in named.items() if meant is None]:
            del found[name]
        return ToldByName(found, {name: meant for name, meant in named.items() if meant is not None})

    def _named(self, name: str, about: ObjectWords) -> tuple[str, str] | None:
        """Return which object and field a name means; None where nobody listed it."""
        if self.of == "field":
            return self._field(about, name)
        words = self.words.objects.get(self.words.spelled(name))
        return None if words is None else (words.name, "")

    def _about(self, item: Tree, about: ObjectWords) -> tuple[str, str] | None:
        """Return which object and field an item is about; None where nobody listed it."""
        name = item.get(self.name) if isinstance(item, dict) else None
        if not isinstance(name, str) or not isinstance(item, dict):
            return None
        if self.of == "field":
            return self._field(about, name)
        words = self.words.objects.get(self.words.spelled(name))
        if words is None or self.of == "object":
            return None if words is None else (words.name, "")
        return self._field(words, item.get(self.field))

    def _field(self, words: ObjectWords, name: Tree) -> tuple[str, str] | None:
        listed = words.listed(name) if isinstance(name, str) else UNCLASSIFIED
        return None if listed == UNCLASSIFIED else (words.name, listed)


def compile_descriptions(file: ConnectorFile, name: str, words: Words) -> tuple[Descriptions, ...]:
    """Return where an answer describes objects and fields.

    Raises:
        ValueError: a place has no single meaning.
    """
    return tuple(_one(model, words) for model in file.describes.get(name, ()))


def _one(model: MetadataModel, words: Words) -> Descriptions:
    if (model.of == "child") != bool(model.field):
        raise ValueError(f'describes what is at "{model.at}": field belongs to of: child, and to nothing else')
    return Descriptions(paths.names(model.at), model.of, model.name, model.field, model.flags, words)
