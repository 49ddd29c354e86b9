"""A draft of a connector from the metadata document of an OData 4 service (CSDL, `$metadata`)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import yaml
from lxml import etree

from proxy.connectors.drafting.categories import suggest
from proxy.connectors.drafting.endings import ending
from proxy.connectors.words import NAME

MAX_SIZE: Final = 64 << 20
"""Bytes; Dataverse's own document has some ten million."""
_EDM: Final = "{http://docs.oasis-open.org/odata/ns/edm}"
_LOOKUP: Final = re.compile(r"_([A-Za-z0-9_]{1,90})_value")
_IDS: Final = {
    "Edm.Guid": "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    **dict.fromkeys(("Edm.Int16", "Edm.Int32", "Edm.Int64"), "[0-9]{1,19}"),
}
"""Type of a key -> how an id looks in a URL; sets with other keys are left out."""
_TYPES: Final = {
    "Edm.Boolean": "boolean",
    "Edm.Date": "date",
    "Edm.DateTimeOffset": "time",
    **dict.fromkeys(("Edm.Byte", "Edm.Int16", "Edm.Int32", "Edm.Int64"), "number"),
    **dict.fromkeys(("Edm.Decimal", "Edm.Double", "Edm.Single"), "number"),
}
"""Type of a property -> what a connector calls it."""
_HEAD: Final = """\
# A draft, made from the metadata document of an OData service. Read every line before use: categories are
# guesses from names, and what is `unclassified` is never shown, searched or written until somebody says what.
"""


@dataclass(slots=True)
class Entity:
    """One entity type."""

    name: str
    base: str | None
    keys: tuple[str, ...]
    fields: dict[str, str] = field(default_factory=dict)
    """Property -> type."""
    lengths: dict[str, int] = field(default_factory=dict)
    """Property -> the most characters of it, where the document says a number."""
    one: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Navigation property to one record -> its type, and the property that holds the link."""
    many: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Navigation property to many records -> their type, and the way back."""


def draft(metadata: bytes, *, name: str, path: str, sets: Iterable[str] = ()) -> str:
    """Return the YAML of a connector.

    Args:
        metadata: the document.
        name: of the connector.
        path: of the service's root, `/api/data/v9.2`.
        sets: the entity sets to take; all of them if none is named.

    Raises:
        ValueError: not such a document, or none of the sets can be described.
    """
    entities, found = _read(metadata)
    wanted = list(sets) or list(found)
    for each in wanted:
        if each not in found:
            raise ValueError(f'the document has no entity set "{each}"')
    chosen = {each: entity for each in wanted if (entity := _usable(found[each], entities)) is not None}
    if not chosen:
        raise ValueError("none of the entity sets has a single key that is a number or a GUID")
    return _HEAD + yaml.safe_dump(
        _document(name, path, chosen), sort_keys=False, default_flow_style=None, width=113, allow_unicode=True
    )


# ---- reading -----------------------------------------------------------------------------------------------


def _read(metadata: bytes) -> tuple[Mapping[str, Entity], Mapping[str, str]]:
    """Return entity types by their whole names, and the type of each entity set."""
    if len(metadata) > MAX_SIZE:
        raise ValueError("the document is too large")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(metadata, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise ValueError("the document is not XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("the document has a document type, which metadata has not")
    entities: dict[str, Entity] = {}
    sets: dict[str, str] = {}
    for schema in root.iter(f"{_EDM}Schema"):
        spaces = [each for each in (schema.get("Namespace"), schema.get("Alias")) if each]
        for node in schema.iterfind(f"{_EDM}EntityType"):
            entity = _entity(node)
            entities.update({f"{space}.{entity.name}": entity for space in spaces})
        for node in schema.iterfind(f"{_EDM}EntityContainer/{_EDM}EntitySet"):
            sets[node.get("Name", "")] = node.get("EntityType", "")
    if not sets:
        raise ValueError("the document is no OData 4 metadata: it has no entity sets")
    return entities, sets


def _entity(node: etree._Element) -> Entity:
    keys = tuple(each.get("Name", "") for each in node.iterfind(f"{_EDM}Key/{_EDM}PropertyRef"))
    entity = Entity(node.get("Name", ""), node.get("BaseType"), keys)
    for each in node.iterfind(f"{_EDM}Property"):
        entity.fields[each.get("Name", "")] = each.get("Type", "")
        length = each.get("MaxLength", "")
        if length.isascii() and length.isdigit() and int(length):  # "max" says no number
            entity.lengths[each.get("Name", "")] = int(length)
    for each in node.iterfind(f"{_EDM}NavigationProperty"):
        name, kind = each.get("Name", ""), each.get("Type", "")
        if kind.startswith("Collection("):
            entity.many[name] = (kind[len("Collection(") : -1], each.get("Partner", ""))
            continue
        link = each.find(f"{_EDM}ReferentialConstraint")
        if link is not None:
            entity.one[name] = (kind, link.get("Property", ""))
    return entity


def _usable(name: str, entities: Mapping[str, Entity]) -> Entity | None:
    """Return a type with what it inherits, None if its records have no id that a URL can hold."""
    entity = entities.get(name)
    if entity is None:
        return None
    whole = Entity(entity.name, None, entity.keys)
    seen: set[str] = set()
    while entity is not None and entity.name not in seen:
        seen.add(entity.name)
        whole.keys = whole.keys or entity.keys
        whole.fields = {**entity.fields, **whole.fields}
        whole.lengths = {**entity.lengths, **whole.lengths}
        whole.one = {**entity.one, **whole.one}
        whole.many = {**entity.many, **whole.many}
        entity = entities.get(entity.base or "")
    if len(whole.keys) != 1 or whole.fields.get(whole.keys[0]) not in _IDS:
        return None
    return whole if NAME.fullmatch(whole.name) and NAME.fullmatch(whole.keys[0]) else None


# ---- writing -----------------------------------------------------------------------------------------------


def _document(name: str, path: str, chosen: Mapping[str, Entity]) -> dict[str, object]:
    ids = dict.fromkeys(_IDS[entity.fields[entity.keys[0]]] for entity in chosen.values())
    objects = {entity.name: entity for entity in chosen.values()}
    one = "odata"
    options = dict.fromkeys(
        ("$select", "$filter", "$orderby", "$top", "$expand", "$count", "$apply", "$skiptoken", "@*"), one
    )
    shown = {"$select": one, "$expand": one}
    return {
        "apiVersion": "lychgate.dev/v1",
        "kind": "Connector",
        "metadata": {"name": name, "description": f"Draft: {', '.join(sorted(objects))} by OData 4."},
        "patterns": {
            "id": "|".join(ids),
            "set": "[A-Za-z][A-Za-z0-9_]{0,99}",
            "entity": "[A-Za-z][A-Za-z0-9_]{0,99}\\(.{1,1000}\\)",
        },
        "headers": {
            "send": {"accept": "application/json", "odata-version": "4.0", "odata-maxversion": "4.0"},
            "forward": {"prefer": "return=(representation|minimal)", "if-match": "\\*", "if-none-match": "\\*"},
            "back": ["retry-after"],
        },
        "routes": [
            {"match": f"GET {path}/{{set}}", "grammar": one, "action": "list", "query": options},
            {
                "match": f"POST {path}/{{set}}",
                "grammar": one,
                "action": "create",
                "query": dict(shown),
                "media": ["json"],
            },
            {"match": f"GET {path}/{{entity}}", "grammar": one, "action": "read", "query": dict(shown)},
            {
                "match": f"PATCH {path}/{{entity}}",
                "grammar": one,
                "action": "update",
                "query": dict(shown),
                "media": ["json"],
            },
            {"match": f"DELETE {path}/{{entity}}", "grammar": one, "action": "delete", "ends": "gone"},
        ],
        "endings": {"gone": ending(204)},
        "odata": {
            "objects": {
                entity.name: {
                    "set": each,
                    "key": entity.keys[0],
                    "lookups": {link: f"{link}name" for link in _lookups(entity)},
                }
                for each, entity in chosen.items()
            }
        },
        "errors": {
            "shape": {"error": {"code": "{code}", "message": "{text}"}},
            "code": "$.error.code",
            "statuses": {"4xx": "BadRequest", "404": "NotFound", "5xx": "ServerError"},
            "codes": {
                "BadRequest": "The request was not accepted.",
                "NotFound": "The requested resource does not exist.",
                "ServerError": "The service failed.",
            },
        },
        "objects": {each: _object(entity, objects) for each, entity in objects.items()},
    }


def _lookups(entity: Entity) -> list[str]:
    found = (_LOOKUP.fullmatch(name) for name in entity.fields)
    return [each[1] for each in found if each is not None and NAME.fullmatch(each[1])]


def _object(entity: Entity, objects: Mapping[str, Entity]) -> dict[str, object]:
    fields = _fields(entity)
    parents = {
        name: {"object": target, "via": via}
        for name, (kind, held) in entity.one.items()
        if (target := kind.rpartition(".")[2]) in objects
        and (via := _column(held)) in fields
        and _is_free(name, fields, via)
    }
    children = {}
    for name, (kind, back) in entity.many.items():
        target = kind.rpartition(".")[2]
        held = objects[target].one.get(back) if target in objects else None
        if held is not None and _column(held[1]) in _fields(objects[target]) and _is_free(name, fields):
            children[name] = {"object": target, "via": _column(held[1])}
    found: dict[str, object] = {"parents": parents} if parents else {}
    if children:
        found["children"] = children
    return {**found, "fields": fields}


def _fields(entity: Entity) -> dict[str, dict[str, object]]:
    """Return the columns of an entity; of names that differ in case only, the first."""
    found: dict[str, dict[str, object]] = {}
    lookups = _lookups(entity)
    for name, kind in entity.fields.items():
        if kind.startswith("Edm.") and NAME.fullmatch(name) and name.lower() not in map(str.lower, found):
            found[name] = _field(name, is_id=name in entity.keys)
            if type_ := _TYPES.get(kind):
                found[name]["type"] = type_
            if name in entity.lengths and kind == "Edm.String":
                found[name]["length"] = entity.lengths[name]
    for link in lookups:
        found[link] = {"category": "system.operations", "semantic": "id"}
        found.setdefault(f"{link}name", {"category": "unclassified"})
    return found


def _field(name: str, *, is_id: bool) -> dict[str, object]:
    if is_id:
        return {"category": "system.operations", "semantic": "id"}
    said = suggest(name)
    found: dict[str, object] = {"category": said.category}
    if said.semantic:
        found["semantic"] = said.semantic
    return {**found, "tags": list(said.tags)} if said.tags else found


def _column(held: str) -> str:
    found = _LOOKUP.fullmatch(held)
    return held if found is None else found[1]


def _is_free(name: str, fields: Mapping[str, object], via: str = "") -> bool:
    """Say whether a navigation property can be told from every field, but the one it goes by."""
    return NAME.fullmatch(name) is not None and (
        name == via or name.lower() not in (each.lower() for each in fields)
    )
