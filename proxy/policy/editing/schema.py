"""`policy schema`: what may stand in a document, in JSON Schema, for editors; and one key, for people."""

import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from proxy.model import Catalogue
from proxy.policy.documents import VocabularyDocument
from proxy.policy.editing.meanings import meaning
from proxy.policy.editing.order import Models, inside, keys_of
from proxy.policy.editing.tidy import Kinds
from proxy.policy.editing.tightening import tighten
from proxy.policy.taxonomy import CATEGORIES, RECORD, TAGS, with_parents

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
WIDTH: Final = 100
Schema = dict[str, Any]

_CALLERS: Final = {"roles": "roles", "purposes": "purpose_words", "recipients": "recipients"}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "RuleDocument": {**_CALLERS, "with": "masks"},
    "ExceptDocument": _CALLERS,
    "ExceptionDocument": _CALLERS,
    "OnDocument": {each: each for each in ("connectors", "objects", "categories", "tags", "fields")},
    "ClientDocument": {
        "recipient": "recipients",
        "roles": "roles",
        "purposes": "purposes",
        "default_purpose": "purposes",
    },
    "CallerDocument": {"client": "clients", "roles": "roles", "recipient": "recipients"},
    "AskDocument": {"purpose": "purposes"},
    "TestDocument": {"purpose": "purposes"},
    "RecordDocument": {"object": "objects", "connector": "connectors"},
}
"""Model -> key -> which words of a policy set may stand there: fields of `Words`."""


@dataclass(frozen=True, slots=True)
class Words:
    """The names that a policy set declares, and those of its connectors; empty = unknown, anything may stand."""

    roles: Collection[str] = ()
    purposes: Collection[str] = ()
    purpose_words: Collection[str] = ()
    """Purposes and their parents."""
    recipients: Collection[str] = ()
    clients: Collection[str] = ()
    masks: Collection[str] = ()
    categories: Collection[str] = ()
    tags: Collection[str] = ()
    connectors: Collection[str] = ()
    objects: Collection[str] = ()
    fields: Collection[str] = ()


def words_of(
    vocabularies: Iterable[VocabularyDocument] | None, catalogues: Mapping[str, Catalogue] | None
) -> Words:
    """Return the names that may be used.

    Args:
        vocabularies: all of them; None if one cannot be read, for then nobody knows what it declares.
        catalogues: those of all connectors; None if one cannot be read.
    """
    known = tuple(vocabularies) if vocabularies is not None else ()
    specs = [spec for catalogue in (catalogues or {}).values() for spec in catalogue.values()]
    fields = [(name, of) for spec in specs for name, of in spec.fields.items()]
    purposes = {name for each in known for name in each.purposes}
    complete = vocabularies is not None and catalogues is not None
    categories = {*CATEGORIES, RECORD, *(name for each in known for name in each.categories)}
    return Words(
        roles={name for each in known for name in each.roles},
        purposes=purposes,
        purpose_words=with_parents(purposes),
        recipients={name for each in known for name in each.recipients},
        clients={name for each in known for name in each.clients},
        masks={name for each in known for name in each.masks},
        categories=with_parents({*categories, *(of.category for _, of in fields)}) if complete else (),
        tags=TAGS.union(*(of.tags for _, of in fields)) if catalogues is not None else (),
        connectors=catalogues or (),
        objects={spec.name for spec in specs},
        fields={name for name, _ in fields},
    )


def schema(kinds: Kinds, words: Words | None = None) -> Schema:
    """Return one JSON Schema (draft 2020-12) for documents of every kind.

    What it refuses the loader refuses too; the loader refuses more.

    Args:
        kinds: kind -> model.
        words: the names that may be used; without them any name may.
    """
    places, whole = models_json_schema([(model, "validation") for model in kinds.values()])
    definitions: dict[str, Schema] = whole["$defs"]
    for model in _all_models(kinds.values()):
        if (found := _definition(definitions, model)) is not None:
            _describe(found, model)
            if words is not None:
                _restrict(found, _WORDS.get(model.__name__, {}), words)
    _by_side(definitions.get("PolicyDocument", {}))
    tighten(definitions)
    return {
        "$schema": DRAFT,
        "title": "Lychgate",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {
            "apiVersion": {"const": "lychgate.dev/v1", "description": "Version of the language."},
            "kind": {"enum": sorted(kinds), "description": "What the document is about."},
        },
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": places[model, "validation"],
            }
            for kind, model in kinds.items()
        ],
        "$defs": definitions,
    }


def _all_models(models: Iterable[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """Yield the models and all that stand inside them, each once."""
    seen: set[type[BaseModel]] = set()
    waiting = list(models)
    while waiting:
        model = waiting.pop()
        if model not in seen:
            seen.add(model)
            yield model
            for name, field in model.model_fields.items():
                waiting += inside((model,), field.alias or name)


def _definition(definitions: Mapping[str, Schema], model: type[BaseModel]) -> Schema | None:
    """Return a model's part of the schema; pydantic spells out the module where two have one name."""
    long = f"{model.__module__}__{model.__qualname__}".replace(".", "__")
    return definitions.get(model.__name__) or definitions.get(long)


def _describe(definition: Schema, model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        text = meaning(model, name)
        if text:
            definition["properties"][field.alias or name]["description"] = text
    for each in definition["properties"].values():
        each.pop("title", None)
    definition["title"] = model.__name__.removesuffix("Document")


def _restrict(definition: Schema, keys: Mapping[str, str], words: Words) -> None:
    """Let only words of the policy set stand at some keys."""
    for key, what in keys.items():
        names = sorted(getattr(words, what))
        if names:
            for place in _texts(definition["properties"][key]):
                place.clear()
                place["enum"] = names


def _texts(part: Schema) -> Iterator[Schema]:
    """Yield the parts that stand for one text: the value itself, or each of a list."""
    if part.get("type") == "string":
        yield part
    for inner in [*part.get("anyOf", ()), *([part["items"]] if "items" in part else [])]:
        yield from _texts(inner)


def _by_side(definition: Schema) -> None:
    """Say that grants only open and guards only close."""
    for side, wrong in (("grants", "deny"), ("guards", "allow")):
        if side in definition.get("properties", {}):
            rules = definition["properties"][side]
            rules["items"] = {**rules["items"], "properties": {"effect": {"not": {"const": wrong}}}}


def explained(kinds: Kinds, path: str) -> list[str]:
    """Return lines that tell a person what one key is: `Policy.grants.effect`.

    Names that an author chooses are left out or written `*`: `Vocabulary.roles.refs`.

    Raises:
        KeyError: there is no such key; its arguments are the word and those that could stand there.
    """
    kind, *keys = [step for step in path.split(".") if step != "*"]
    if kind not in kinds:
        raise KeyError(kind, tuple(sorted(kinds)))
    models: Models = (kinds[kind],)
    lines = [kind]
    for at, key in enumerate(keys):
        fields = {(field.alias or name): (model, name) for model in models for name, field in _fields(model)}
        if key not in fields:
            raise KeyError(key, tuple(fields))
        model, name = fields[key]
        lines = [f"{kind}.{'.'.join(keys[: at + 1])}  ({_needed(model, name)})", f"  {_values(model, name)}"]
        lines += _wrapped("  ", meaning(model, name))
        models = inside(models, key)
    for model in models:
        lines += ["", *_wrapped("  ", (model.__doc__ or "").split("\n\n", maxsplit=1)[0])]
        names = {field.alias or name: name for name, field in _fields(model)}
        width = max(map(len, names))
        for key in (each for each in keys_of((model,)) if each in names):
            text = meaning(model, names[key]) or _values(model, names[key])
            lines += _wrapped(f"    {key:{width}}  ", text)
    return lines


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDTH, initial_indent=head, subsequent_indent=" " * len(head))


def _fields(model: type[BaseModel]) -> Iterable[tuple[str, Any]]:
    return model.model_fields.items()


def _needed(model: type[BaseModel], name: str) -> str:
    return "required" if model.model_fields[name].is_required() else "optional"


def _values(model: type[BaseModel], name: str) -> str:
    """Say what may stand at a key, as far as the schema knows."""
    whole = model.model_json_schema()
    field = model.model_fields[name]
    return _said(whole["properties"][field.alias or name], whole.get("$defs", {}))


def _said(part: Schema, definitions: Mapping[str, Schema]) -> str:
    if "$ref" in part:
        return _said(definitions[part["$ref"].rpartition("/")[2]], definitions)
    if "const" in part:
        return str(part["const"])
    if "enum" in part:
        return "one of " + ", ".join(map(str, part["enum"]))
    if "anyOf" in part:
        said = [_said(each, definitions) for each in part["anyOf"] if each.get("type") != "null"]
        return ", or ".join(dict.fromkeys(said))
    kind = part.get("type")
    if kind == "array":
        return f"list of {_said(part.get('items', {}), definitions)}"
    if kind == "object":
        return "keys" if "properties" in part else "names of your own, each with keys"
    if kind == "string":
        of = {"date": "a date (2027-03-31)"}.get(part.get("format", ""))
        return of or (f"text like {part['pattern']}" if "pattern" in part else "text")
    return {"integer": "a whole number", "boolean": "true or false"}.get(str(kind), "anything")
