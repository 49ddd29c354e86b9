"""The OpenAPI 3.1 document of the API, made of the table of routes and the models that they name.

OpenAPI 3.1 takes JSON Schema 2020-12 as it is, which is what pydantic writes; so nothing is said twice.
"""

import json
from collections.abc import Iterable
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from proxy import __version__
from proxy.api.shapes import Trouble
from proxy.api.shapes_foreign import DrpTrouble
from proxy.api.words import Route

_REF: Final = "#/components/schemas/{model}"
_SECURITY: Final[dict[str, list[dict[str, list[str]]]]] = {
    "anybody": [],
    "client": [{"credential": []}, {"certificate": []}],
    "requester": [{"credential": []}, {"certificate": []}],
    "administrator": [{"credential": []}, {"certificate": []}],
    "agent": [{"pairwise": []}],
}
_PATTERN: Final = "^[A-Za-z0-9_-]{1,64}$"


def document(routes: Iterable[Route]) -> bytes:
    """Return the document: the same routes, the same bytes."""
    rows = list(routes)
    named: dict[str, type[BaseModel]] = {}
    spoken = [each for row in rows for each in (row.takes, row.gives, *row.also.values())]
    for model in (Trouble, DrpTrouble, *spoken):
        if model is not None:
            named[model.__name__] = model
    sends = {row.takes for row in rows}
    modes: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        (model, "validation" if model in sends else "serialization") for _, model in sorted(named.items())
    ]
    _, schemas = models_json_schema(modes, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    tree = {
        "openapi": "3.1.0",
        "info": {
            "title": "Lychgate erasure API",
            "version": __version__,
            "description": "Erasures: opened, planned, agreed to, carried out and proved. Nothing that it "
            "answers holds a value or a name of anybody.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "credential": {
                    "type": "http", "scheme": "bearer",
                    "description": "An API key of a registered client, or a token of an issuer; `X-Purpose` "
                    "says what for, where the client has no default.",
                },
                "certificate": {"type": "mutualTLS", "description": "A certificate of a registered client."},
                "pairwise": {
                    "type": "http", "scheme": "bearer",
                    "description": "The pair-wise key of an authorized agent (Data Rights Protocol 1.0, 2.05).",
                },
            },
        },
    }  # fmt: skip
    return json.dumps(tree, indent=1, sort_keys=True).encode() + b"\n"


def _operation(row: Route) -> dict[str, Any]:
    in_drp = row.path.startswith("/drp/")
    told: dict[str, Any] = {
        "operationId": row.name,
        "summary": row.summary,
        "tags": ["drp" if in_drp else "fides" if row.path.startswith("/fides/") else "cases"],
        "security": _SECURITY[row.who],
        "responses": _responses(row, DrpTrouble if in_drp else Trouble),
    }
    names = [part[1:-1] for part in row.path.split("/") if part.startswith("{")]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": _PATTERN}}
        for name in names
    ] + [
        {"name": name, "in": "query", "schema": {"type": "string", "pattern": f"^(?:{pattern})$"}}
        for name, pattern in row.query.items()
    ]
    if parameters:
        told["parameters"] = parameters
    if row.takes is not None:
        told["requestBody"] = {"required": True, "content": _sent(row)}
    return told


def _sent(row: Route) -> dict[str, Any]:
    assert row.takes is not None
    if not row.signed:
        return {"application/json": {"schema": _ref(row.takes)}}
    text = "An Ed25519 signature of 64 bytes followed by JSON, in base64."
    signed = {
        "type": "string", "description": text, "contentEncoding": "base64",
        "contentMediaType": "application/json", "contentSchema": _ref(row.takes),
    }  # fmt: skip
    return {"text/plain": {"schema": signed}}


def _responses(row: Route, trouble: type[BaseModel]) -> dict[str, Any]:
    same = row.also.get(row.status)
    shown = _ref(row.gives) if row.gives is not None else {}
    schema = {"anyOf": [shown, _ref(same)]} if same is not None else shown
    found: dict[str, Any] = {
        str(row.status): {
            "description": "Done.",
            "content": {media: {"schema": schema if media == "application/json" else {}} for media in row.media},
        }
    }
    for status, model in row.also.items():
        if model is None:
            found[str(status)] = {"description": "Refused, and nothing is said."}
        elif status != row.status:
            found[str(status)] = {
                "description": "Under way.", "content": {"application/json": {"schema": _ref(model)}}
            }  # fmt: skip
    media = "application/json" if trouble is DrpTrouble else "application/problem+json"
    found["default"] = {"description": "Not done.", "content": {media: {"schema": _ref(trouble)}}}
    return found


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}
