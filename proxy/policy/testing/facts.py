"""What conditions know of a made-up record, from the attributes its author gives."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from proxy.model import AttributeSpec, ObjectSpec
from proxy.policy.names import Findings, Spot

_TYPES: Final = {"string": str, "bool": bool, "int": int, "double": float}


def facts_of(
    spec: ObjectSpec, given: Mapping[str, object], spot: Spot, findings: Findings
) -> Mapping[str, object]:
    """Return the facts of a record; a wrong name or type goes to `findings`.

    What is not given has the connector's default, or is absent.
    """
    facts: dict[str, object] = {
        name: each.default for name, each in spec.attributes.items() if each.default is not None
    }
    for name, value in given.items():
        here = spot / name
        if not findings.known(here, f"attribute of {spec.name}", name, spec.attributes):
            continue
        attribute = spec.attributes[name]
        if value is None:
            facts.pop(name, None)
            continue
        try:
            facts[name] = _read(attribute, value)
        except ValueError:
            findings.add(here, "LG117", f"expected {attribute.type}, as the connector says")
    return facts


def _read(attribute: AttributeSpec, value: object) -> object:
    if not attribute.type.startswith("list<"):
        return _one(attribute.type, value)
    if not isinstance(value, list):
        raise ValueError
    return tuple(_one(attribute.type[5:-1], each) for each in value)


def _one(kind: str, value: object) -> object:
    if kind == "timestamp":
        if not isinstance(value, str):
            raise ValueError
        found = datetime.fromisoformat(value)
        if found.tzinfo is None and len(value) != len("2026-11-23"):
            raise ValueError
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    if kind == "double" and type(value) is int:
        return float(value)
    if type(value) is not _TYPES.get(kind):
        raise ValueError
    return value
