"""A draft of a connector from an OpenAPI document, 3.0 or 3.1: the operations on records that it describes.

An operation is taken over where its answer or its body is a record of a named schema, a list of such records,
or an envelope around either; its path may end in an id. What cannot be said declaratively is left out, and the
draft says what and why, so that nobody takes it for covered. A parameter that is called like a field is taken
for a filter on it; one that pages is taken as it is. A cursor is taken where the answer says in one place what
the next one is, so that it can be sealed there: what is in it nobody knows, and some hold a condition.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from proxy.connectors.drafting.categories import suggest
from proxy.connectors.drafting.endings import ending, silent
from proxy.connectors.drafting.playbook import drafted
from proxy.connectors.words import NAME, OBJECT_NAME, UNCLASSIFIED

MAX_SIZE: Final = 32 << 20
"""Bytes; HubSpot's whole collection has some ten million."""
MAX_DEPTH: Final = 12
_METHODS: Final = {"get": "read", "post": "create", "put": "update", "patch": "update", "delete": "delete"}
_PAGING: Final = re.compile(
    r"(?:page|limit|offset|size|count|per_?page|page_?(?:size|number)|start|skip|top)", re.IGNORECASE
)
_CURSOR: Final = re.compile(r"(?:after|before|cursor|(?:next|page)_?token|continuation)", re.IGNORECASE)
_NEXT: Final = re.compile(r"next|(?:next_?)?(?:cursor|after|continuation|(?:page_?)?token)", re.IGNORECASE)
_DEEPEST_CURSOR: Final = 2
"""Objects that the next page's cursor stands in: `paging.next.after`."""
_BLANK: Final = re.compile(r"\{([^{}/]+)\}")
_JSON: Final = re.compile(r"application/(?:[a-z0-9.-]+\+)?json")
_PATTERNS: Final = {
    "id": "[A-Za-z0-9_-]{1,64}",
    "number": "[0-9]{1,9}",
    "cursor": "[A-Za-z0-9._-]{16,2000}",
    "position": "[A-Za-z0-9%=_.+/-]{1,512}",
    "text": "[^\\x00-\\x1f]{1,255}",
}
_HEAD: Final = """\
# A draft, made from an OpenAPI document. Read every line before use: categories are guesses from names, and what
# is `unclassified` is never shown, searched or written until somebody says what it is. Look especially at
#   patterns    how ids really look: the tighter, the better
#   unasked     what the API answers with when a request names no fields; every field, if nothing is said
#   filter      a parameter that is called like a field is taken for a condition on it
#   denied      what was left out, and why; a request for it is refused
"""


@dataclass(slots=True)
class Route:
    """One operation that is taken over."""

    match: str
    action: str
    of: str
    """The object."""
    query: dict[str, object] = field(default_factory=dict)
    body: tuple[str, ...] | None = None
    """Steps to the record in the request body; None: there is none."""
    answer: dict[str, str] | None = None
    gone: int | None = None
    """Status of the answer without a body to a delete; None: it has one, or nobody says."""


@dataclass(slots=True)
class Found:
    """What a document comes to."""

    routes: list[Route] = field(default_factory=list)
    denied: list[dict[str, str]] = field(default_factory=list)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Object -> its schema's properties."""
    notes: list[str] = field(default_factory=list)


class Left(Exception):
    """Says why an operation is not taken over."""


def draft(document: bytes, *, name: str, path: str = "") -> str:
    """Return the YAML of a connector.

    Args:
        document: the OpenAPI document, JSON or YAML.
        name: of the connector.
        path: put before every path of the document; "": what its first server says.

    Raises:
        ValueError: not such a document, or no operation in it can be described.
    """
    spec = _read(document)
    found = _Reader(spec, _base(spec, path)).read()
    if not found.routes:
        raise ValueError("the document describes no operation on records that could be taken over")
    text = yaml.safe_dump(
        _document(name, spec, found), sort_keys=False, default_flow_style=None, width=113, allow_unicode=True
    )
    notes = "".join(f"# Left out: {_line(note)}\n" for note in found.notes)
    return _HEAD + notes + text + drafted(found.routes, found.objects)


def _line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _read(document: bytes) -> Mapping[str, Any]:
    if len(document) > MAX_SIZE:
        raise ValueError("the document is too large")
    try:
        text = document.decode("utf-8-sig")
        spec = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, yaml.CSafeLoader)
    except (ValueError, RecursionError, yaml.YAMLError):
        raise ValueError("the document is neither JSON nor YAML") from None
    version = str(spec.get("openapi", "")) if isinstance(spec, dict) else ""
    if not version.startswith("3.") or not isinstance(spec.get("paths"), dict):
        raise ValueError("the document is no OpenAPI 3 document: it has no openapi: 3.x and paths")
    found: Mapping[str, Any] = spec
    return found


def _base(spec: Mapping[str, Any], path: str) -> str:
    if path:
        return path.rstrip("/")
    servers = spec.get("servers")
    url = (
        servers[0].get("url", "")
        if isinstance(servers, list) and servers and isinstance(servers[0], dict)
        else ""
    )
    found = re.fullmatch(r"(?:https?://[^/]*)?(/[^?#{}]*)?", str(url))
    return (found[1] or "").rstrip("/") if found else ""


class _Reader:
    """One pass over the paths of a document."""

    def __init__(self, spec: Mapping[str, Any], base: str) -> None:
        self._spec = spec
        self._base = base
        self._found = Found()

    def read(self) -> Found:
        for path, item in sorted(self._spec["paths"].items()):
            if not isinstance(path, str) or not path.startswith("/") or not isinstance(item, dict):
                continue
            for method in _METHODS:
                if isinstance(operation := item.get(method), dict):
                    self._operation(path, method, operation, item)
        return self._found

    def _operation(self, path: str, method: str, operation: dict[str, Any], item: dict[str, Any]) -> None:
        template = self._base + _BLANK.sub("{id}", path)
        match = f"{method.upper()} {template}"
        try:
            if any(match == route.match for route in self._found.routes):
                raise Left("another path that looks alike is taken over")
            if re.search(r"[\s?#]|//", template) or template.count("{id}") != len(_BLANK.findall(path)):
                raise Left("its path is none that can be written here")
            if template.count("{id}") > 1:
                raise Left("it is about records below a record")
            self._found.routes.append(self._route(match, method, operation, item))
        except Left as why:
            denied = {"match": match, "because": f"{str(why)[0].upper()}{str(why)[1:]}."}
            if match not in [each["match"] for each in self._found.denied]:
                self._found.denied.append(denied)

    def _route(self, match: str, method: str, operation: dict[str, Any], item: dict[str, Any]) -> Route:
        one = match.endswith("{id}")
        action = "list" if method == "get" and not one else _METHODS[method]
        if method in {"get", "delete", "put", "patch"} and "{id}" in match and not one:
            raise Left("it is about something of a record, and what is not said")
        if (method == "post") == one and method != "get":
            raise Left("its method and its path do not say together what it does")
        shown, answer = self._answered(operation)
        given, body = self._body(operation) if method in {"post", "put", "patch"} else ("", None)
        name = shown or given or self._by_path(match)
        if not name or (shown and given and shown != given and self._same(shown, given) is False):
            raise Left("its body and its answer are not of one kind of record")
        known = self._by_path(match) or self._by_path(match.removesuffix("/{id}"))
        if known and name != known and self._same(known, name):
            name = known  # another schema for input, or for what is shown of it in a list
        if method in {"post", "put", "patch"} and body is None:
            raise Left("its body is no record")
        if action in {"read", "list"} and answer is None:
            raise Left("its answer is no record, no list of records, and no envelope around either")
        if action != "list" and answer is not None and "*" in "".join(answer):
            action = "list" if method == "get" else action
        self._object(shown or given or name, name)
        query = self._query(match, operation, item, name)
        gone = silent(operation) if method == "delete" else None
        return Route(match, action, name, query, body, self._paged(match, operation, query, answer), gone)

    def _paged(
        self, match: str, operation: dict[str, Any], query: dict[str, object], answer: dict[str, str] | None
    ) -> dict[str, str] | None:
        """Return the answer with the place of the next page's cursor; without one, no cursor can be sent."""
        cursors = [name for name, kind in query.items() if kind == "cursor"]
        places = [*self._cursors(self._schema(operation))] if cursors and answer is not None else []
        if answer is not None and len(cursors) == len(places) == 1:
            query[cursors[0]] = {"kind": "cursor", "next": places[0]}
            return answer | {places[0]: "position"}
        for name in cursors:
            del query[name]
            self._found.notes.append(
                f"parameter {name} of {match}: its answer has no single place for the next one"
            )
        return answer

    def _cursors(self, schema: Any, at: str = "$", depth: int = 0) -> Iterator[str]:
        """Yield where the next page's cursor may stand in an answer, outside of records."""
        for member, raw in self._properties(schema).items():
            of = self._resolve(raw)
            if not NAME.fullmatch(member) or not isinstance(of, dict) or self._record(raw):
                continue
            if _kind(of) == "string" and _NEXT.fullmatch(member) and of.get("format") not in {"uri", "url"}:
                yield f"{at}.{member}"
            elif depth < _DEEPEST_CURSOR:
                yield from self._cursors(of, f"{at}.{member}", depth + 1)

    def _same(self, one: str, other: str) -> bool:
        """Say whether two schemas are one kind of record: one for input, the other for output."""
        fields, others = (set(self._properties(self._named(each))) for each in (one, other))
        return bool(fields & others) and (fields <= others or others <= fields)

    def _by_path(self, match: str) -> str:
        """Return the object of other routes on the same path, for a delete without a body."""
        path = match.partition(" ")[2]
        return next((each.of for each in self._found.routes if each.match.partition(" ")[2] == path), "")

    # ---- schemas -----------------------------------------------------------------------------------------

    def _resolve(self, node: Any, depth: int = 0) -> Any:
        """Return what a reference leads to, within the document."""
        if not isinstance(node, dict) or "$ref" not in node:
            return node
        reference = str(node["$ref"])
        if depth > MAX_DEPTH or not reference.startswith("#/"):
            return {}
        found: Any = self._spec
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name, {}) if isinstance(found, dict) else {}
        return self._resolve(found, depth + 1)

    def _named(self, name: str) -> Any:
        return self._resolve({"$ref": f"#/components/schemas/{name}"})

    def _properties(self, schema: Any, depth: int = 0) -> dict[str, Any]:
        """Return the properties of a schema, with those it takes over from others."""
        schema = self._resolve(schema)
        if not isinstance(schema, dict) or depth > MAX_DEPTH:
            return {}
        found: dict[str, Any] = {}
        for each in schema.get("allOf", []) if isinstance(schema.get("allOf"), list) else []:
            found |= self._properties(each, depth + 1)
        own = schema.get("properties")
        return found | (own if isinstance(own, dict) else {})

    def _record(self, schema: Any) -> str:
        """Return the name of a schema that is a record: an object with scalars in it."""
        reference = str(schema.get("$ref", "")) if isinstance(schema, dict) else ""
        name = reference.removeprefix("#/components/schemas/")
        if not reference or "/" in name or not OBJECT_NAME.fullmatch(name):
            return ""
        scalars = [each for each, of in self._properties(schema).items() if _scalar(self._resolve(of))]
        return name if len(scalars) > 1 or "id" in scalars else ""

    def _envelope(self, schema: Any) -> tuple[str, dict[str, str]] | None:
        """Return the record in an answer and where everything in it stands; None if there is no single one."""
        if name := self._record(schema):
            inside = self._inside(schema)
            return inside or (name, {"$": "record"})
        whole = self._resolve(schema)
        if isinstance(whole, dict) and _kind(whole) == "array" and (name := self._record(whole.get("items"))):
            return name, {"$[*]": "record"}
        return self._inside(schema)

    def _inside(self, schema: Any) -> tuple[str, dict[str, str]] | None:
        """Return the one record, or list of records, inside an object, with what stands beside it."""
        records: list[tuple[str, str]] = []
        places: dict[str, str] = {}
        for member, raw in self._properties(schema).items():
            of = self._resolve(raw)
            if not NAME.fullmatch(member) or not isinstance(of, dict):
                continue
            if _kind(of) == "array" and (name := self._record(of.get("items"))):
                records.append((name, f"$.{member}[*]"))
            elif name := self._record(raw):
                records.append((name, f"$.{member}"))
            elif _kind(of) in {"integer", "boolean"}:
                places[f"$.{member}"] = "count" if _kind(of) == "integer" else "flag"
        lists = [each for each in records if each[1].endswith("[*]")]
        chosen = lists if len(lists) == 1 and len(records) == 1 else records if len(records) == 1 else []
        scalars = [each for each in self._properties(schema).values() if _kind(self._resolve(each)) == "string"]
        if not chosen or (len(scalars) > 2 and not lists):
            return None
        ((name, place),) = chosen
        return name, {place: "record", **places}

    def _content(self, node: Any) -> Any:
        content = node.get("content") if isinstance(node, dict) else None
        for kind, media in content.items() if isinstance(content, dict) else ():
            if _JSON.match(str(kind)) and isinstance(media, dict):
                return media.get("schema")
        return None

    def _schema(self, operation: dict[str, Any]) -> Any:
        """Return the schema of what an operation answers with when it succeeds."""
        answers = operation.get("responses")
        for status, answer in (
            sorted(answers.items(), key=lambda each: str(each[0])) if isinstance(answers, dict) else ()
        ):
            if str(status).startswith("2"):
                return self._content(self._resolve(answer)) or {}
        return {}

    def _answered(self, operation: dict[str, Any]) -> tuple[str, dict[str, str] | None]:
        return self._envelope(self._schema(operation)) or ("", None)

    def _body(self, operation: dict[str, Any]) -> tuple[str, tuple[str, ...] | None]:
        schema = self._content(self._resolve(operation.get("requestBody"))) or {}
        if name := self._record(schema):
            return name, ()
        members = [(name, self._record(of)) for name, of in self._properties(schema).items()]
        records = [(member, name) for member, name in members if name and NAME.fullmatch(member)]
        if len(members) == 1 and len(records) == 1:
            return records[0][1], (records[0][0],)
        return "", None

    # ---- parameters and fields -----------------------------------------------------------------------------

    def _query(
        self, match: str, operation: dict[str, Any], item: dict[str, Any], name: str
    ) -> dict[str, object]:
        found: dict[str, object] = {}
        for raw in (*_list(item.get("parameters")), *_list(operation.get("parameters"))):
            given = self._resolve(raw)
            if not isinstance(given, dict) or given.get("in") != "query":
                continue
            parameter = str(given.get("name"))
            if _PAGING.fullmatch(parameter):
                found[parameter] = "number"
            elif _CURSOR.fullmatch(parameter):
                found[parameter] = "cursor"
            elif parameter in {"fields", "select", "$select"}:
                found[parameter] = "select"
            elif parameter in _fields(self._found.objects[name]):
                found[parameter] = {"kind": "text", "filter": parameter}
            else:
                self._found.notes.append(f"parameter {parameter} of {match}")
        return found

    def _object(self, schema: str, name: str) -> None:
        properties = {
            each: self._resolve(of)
            for each, of in self._properties(self._named(schema)).items()
            if NAME.fullmatch(each)
        }
        known = self._found.objects.setdefault(name, {})
        for each, of in properties.items():
            if each != UNCLASSIFIED and each.lower() not in {other.lower() for other in known if other != each}:
                known.setdefault(each, of)


def _list(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []


def _kind(schema: Any) -> str:
    """Return the type of a schema; of several, the one that is not null (OpenAPI 3.1)."""
    kind = schema.get("type", "") if isinstance(schema, dict) else ""
    if isinstance(kind, list):
        kinds = [each for each in kind if each != "null"]
        kind = kinds[0] if len(kinds) == 1 else ""
    return str(kind)


def _scalar(schema: Any) -> bool:
    return _kind(schema) in {"string", "integer", "number", "boolean"}


def _fields(properties: Mapping[str, Any]) -> Iterator[str]:
    return (name for name, of in properties.items() if _scalar(of))


# ---- writing -------------------------------------------------------------------------------------------------


def _document(name: str, spec: Mapping[str, Any], found: Found) -> dict[str, object]:
    bodies: dict[str, dict[str, str]] = {}
    answers: dict[str, dict[str, str]] = {}
    routes = [_route(route, bodies, answers) for route in found.routes]
    title = spec.get("info", {}).get("title", "") if isinstance(spec.get("info"), dict) else ""
    used = {kind for route in found.routes for kind in (*_kinds(route), *(route.answer or {}).values())} | {"id"}
    document: dict[str, object] = {
        "apiVersion": "lychgate.dev/v1",
        "kind": "Connector",
        "metadata": {
            "name": name,
            "description": f"Draft: {_line(str(title)) or 'an API'}, by its OpenAPI document.",
        },
        "patterns": {each: pattern for each, pattern in _PATTERNS.items() if each in used},
        "headers": {"send": {"accept": "application/json"}, "back": ["retry-after"]},
        "record": {"key": ["$.id"]},
        "routes": routes,
    }
    if bodies:
        document["bodies"] = bodies
    document["answers"] = answers
    if statuses := sorted({route.gone for route in found.routes if route.gone is not None}):
        document["endings"] = {f"gone_{status}": ending(status) for status in statuses}
    document["errors"] = {
        "shape": {"error": {"code": "{code}", "message": "{text}"}},
        "code": "$.error.code",
        "statuses": {"4xx": "bad_request", "404": "not_found", "5xx": "server_error"},
        "codes": {
            "bad_request": "The request was not accepted.",
            "not_found": "The requested resource does not exist.",
            "server_error": "The service failed.",
        },
    }
    if found.denied:
        document["denied"] = found.denied
    document["objects"] = {each: {"fields": _listed(of)} for each, of in found.objects.items()}
    return document


def _kinds(route: Route) -> Iterator[str]:
    for kind in route.query.values():
        yield str(kind["kind"]) if isinstance(kind, dict) else str(kind)


def _route(
    route: Route, bodies: dict[str, dict[str, str]], answers: dict[str, dict[str, str]]
) -> dict[str, object]:
    written: dict[str, object] = {"match": route.match, "action": route.action, "object": route.of}
    if route.gone is not None:
        written["ends"] = f"gone_{route.gone}"
    if route.query:
        written["query"] = route.query
    if route.body is not None:
        written["body"] = _called(bodies, {".".join(("$", *route.body)): "fields"}, "body")
    if route.answer is not None:
        written["answer"] = _called(answers, route.answer, "answer")
    return written


def _called(known: dict[str, dict[str, str]], shape: dict[str, str], word: str) -> str:
    """Return the name of a shape, a new one where it has none yet."""
    for name, each in known.items():
        if each == shape:
            return name
    name = f"{word}{len(known) + 1}"
    known[name] = shape
    return name


def _listed(properties: Mapping[str, Any]) -> dict[str, dict[str, object]]:
    return {name: _field(name, of) for name, of in properties.items() if _scalar(of)}


def _field(name: str, schema: Mapping[str, Any]) -> dict[str, object]:
    if name == "id":
        return {"category": "system.operations", "semantic": "id"}
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    said = suggest(plain)
    if said.category == "unclassified" and schema.get("format") == "email":
        said = suggest("email")
    found: dict[str, object] = {"category": said.category}
    if said.semantic:
        found["semantic"] = said.semantic
    if said.tags:
        found["tags"] = list(said.tags)
    kind = {"integer": "number", "number": "number", "boolean": "boolean"}.get(_kind(schema), "")
    kind = kind or {"date": "date", "date-time": "time"}.get(str(schema.get("format")), "")
    if kind:
        found["type"] = kind
    if isinstance(schema.get("maxLength"), int) and _kind(schema) == "string":
        found["length"] = schema["maxLength"]
    return found
