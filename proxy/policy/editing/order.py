"""The order in which keys are written: that of the models, and for rules the order people read them in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel

from proxy.policy.documents import Document, RuleDocument
from proxy.yamlfile import plain_types

RULE: Final = (
    "id",
    "description",
    "effect",
    "with",
    "roles",
    "purposes",
    "recipients",
    "on",
    "actions",
    "when",
    "except",
    "exceptions",
    "mode",
    "valid",
    "refs",
    "waive",
)
"""Who is it, what does it do, to whom, on what, when, and then the small print."""

DOCUMENT: Final = ("apiVersion", "kind", "metadata", "extends")

Models = Sequence[type[BaseModel]]


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that a mapping may have, as far as anybody knows."""

    models: "Models" = ()
    """None: the keys have no order."""
    names: bool = False
    """The keys are the author's own names and stay in the author's order; what is below them has the models."""

    def place(self, word: str) -> int:
        """Return where a key stands among its neighbours; unknown ones come last and keep their order."""
        known = () if self.names else keys_of(self.models)
        return known.index(word) if word in known else len(known)

    def below(self, word: str) -> "Keys":
        """Return the keys of what stands under a key."""
        if self.names:
            return Keys(self.models)
        return Keys(inside(self.models, word), names=named(self.models, word))


def keys_of(models: Models) -> tuple[str, ...]:
    """Return the keys that any of the models has, in the order in which they are written."""
    found: dict[str, None] = {}
    for model in models:
        if issubclass(model, RuleDocument):
            found |= dict.fromkeys(RULE)
        if issubclass(model, Document):
            found |= dict.fromkeys(DOCUMENT)
        found |= dict.fromkeys(field.alias or name for name, field in model.model_fields.items())
    return tuple(found)


def inside(models: Models, key: str) -> Models:
    """Return the models of what stands under a key, through lists and dictionaries of one's own names."""
    return tuple(
        inner
        for model in models
        for name, field in model.model_fields.items()
        if (field.alias or name) == key
        for inner in _models(field.annotation)
    )


def named(models: Models, key: str) -> bool:
    """Tell whether what stands under a key is a dictionary of names that the author chooses."""
    return any(
        get_origin(each) is dict
        for model in models
        for name, field in model.model_fields.items()
        if (field.alias or name) == key
        for each in plain_types(field.annotation)
    )


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for each in plain_types(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel):
            yield each
        elif get_origin(each) is not None:
            for argument in get_args(each):
                if argument is not Ellipsis:
                    yield from _models(argument)
