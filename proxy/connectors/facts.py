"""What conditions may know of a record: attributes, read from what the CRM sent before anything is hidden.

A condition can look at a field that the client did not ask for, or may not see. So the CRM is asked for it as
well, the fact is read from its answer, and the field is taken out again before anybody decides what to show.

A field that is not in the answer is not the same as an empty one: what could not be had is unknown, and a
condition that looks at it, even by `has`, is an error, which no rule takes for a yes. Only an empty value is
absent, or is what the attribute's `default` says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from proxy.message import Tree, scalar_text
from proxy.model import AttributeSpec, ObjectSpec

Wanted = Mapping[str, frozenset[str]]
"""Object -> names of its attributes that conditions look at."""
Way = tuple[str, ...]
"""Relations from the outermost record to a nested one."""
MAX_LISTED: Final = 200
"""Items of a list; a longer one is unknown."""
_LINK: Final = "@"
_TYPES: Final = frozenset({"string", "bool", "int", "double", "timestamp"})


@dataclass(frozen=True, slots=True)
class Gathering:
    """Which facts are read from an answer, and what is then taken out of it again."""

    wanted: Wanted = field(default_factory=lambda: MappingProxyType({}))
    added: Mapping[Way, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    """Fields that nobody but us asked for."""

    def take(self, spec: ObjectSpec, members: dict[str, Tree], way: Way) -> Mapping[str, object] | None:
        """Return the facts of one record, None if no condition looks at any; take out what we added."""
        names = self.wanted.get(spec.name)
        if not names:
            return None
        facts = facts_of(spec, names, members)
        for name in self.added.get(way, ()):
            members.pop(name, None)
        return facts


NOTHING: Final = Gathering()


class Known(dict[str, object]):
    """The facts of one record; to look at one of the `unknown` raises KeyError, by `get` too."""

    unknown: frozenset[str] = frozenset()

    def get(self, name: str, default: object = None) -> object:
        """Return a fact, `default` where it is absent."""
        if name in self.unknown:
            raise KeyError(name)
        return super().get(name, default)


def facts_of(spec: ObjectSpec, names: Iterable[str], members: Mapping[str, Tree]) -> Mapping[str, object]:
    """Return the named attributes of a record; a value of another type than declared is unknown."""
    facts = Known()
    unknown = []
    for name in names:
        attribute = _attribute(spec, name)
        if attribute is None:
            unknown.append(name)
            continue
        raw = members.get(attribute.field, _NOWHERE)
        if raw is _NOWHERE:
            unknown.append(name)
            continue
        if raw is None or raw == "":
            if attribute.default is not None:
                facts[name] = attribute.default
            continue
        try:
            facts[name] = _read(attribute, raw)
        except (ValueError, OverflowError):
            unknown.append(name)
    if unknown:
        facts.unknown = frozenset(unknown)
    return facts


def fields_of(spec: ObjectSpec, names: Iterable[str]) -> list[str]:
    """Return the fields that some attributes come from, each once, in order."""
    found = (attribute.field for name in sorted(names) if (attribute := _attribute(spec, name)) is not None)
    return list(dict.fromkeys(found))


def link(field: str) -> str:
    """Return the name of what is known of a record by a field that links it to another: the other's id.

    It is "" where the link leads to none. No condition can name it.
    """
    return f"{_LINK}{field}"


def _attribute(spec: ObjectSpec, name: str) -> AttributeSpec | None:
    return AttributeSpec(name[1:], _LINK, default="") if name.startswith(_LINK) else spec.attributes.get(name)


def check_type(text: str) -> str:
    """Return the type as it is written.

    Raises:
        ValueError: there is no such type.
    """
    inner = text[5:-1] if text.startswith("list<") and text.endswith(">") else text
    if inner not in _TYPES:
        raise ValueError(f'there is no type "{text}"; there are {", ".join(sorted(_TYPES))}, list<string>')
    return text


def default_of(attribute: str, value: object) -> object:
    """Return the default of an attribute of a type, as conditions see it.

    Raises:
        ValueError: it is of another type.
    """
    if attribute.startswith("list<"):
        if not isinstance(value, list):
            raise ValueError("is not a list")
        return tuple(_one(attribute[5:-1], each) for each in value)
    return _one(attribute, value)


class _Nowhere:
    """Stands for a field that is not in the answer."""


_NOWHERE: Final = _Nowhere()


def _read(attribute: AttributeSpec, raw: Tree) -> object:
    if attribute.type.startswith("list<"):
        text = raw.split(";") if isinstance(raw, str) else raw
        if not isinstance(text, list) or len(text) > MAX_LISTED:
            raise ValueError
        item = attribute.type[5:-1]
        return tuple(_one(item, each.strip() if isinstance(each, str) else each) for each in text if each != "")
    return _one(attribute.type, raw)


def _one(kind: str, raw: object) -> object:
    """Return a scalar of a type; some CRMs send everything as text."""
    if kind == "bool":
        if isinstance(raw, bool):
            return raw
        return _BOOLS[raw.lower()] if isinstance(raw, str) and raw.lower() in _BOOLS else _no()
    if isinstance(raw, bool):
        return _no()
    text = scalar_text(raw)
    if text is None:
        return _no()
    if kind == _LINK:
        return text
    if kind == "string":
        return raw if isinstance(raw, str) else _no()
    if kind == "int":
        return int(text) if text.removeprefix("-").isdigit() and text.isascii() and len(text) < 20 else _no()
    if kind == "double":
        return float(text)
    return _moment(text)


_BOOLS: Final = {"true": True, "false": False}


def _no() -> object:
    raise ValueError("is of another type")


def _moment(text: str) -> datetime:
    """Return a moment: ISO 8601 with offset, a date (its beginning, UTC), or milliseconds since the epoch."""
    if text.isascii() and text.isdigit():
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        if len(text) != len("2026-11-23"):
            raise ValueError
        return found.replace(tzinfo=UTC)
    return found.astimezone(UTC)
