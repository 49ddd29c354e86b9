"""Record addresses in OData URLs: `contacts(ID)`, and `contacts(name='x')` by an alternate key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from proxy.connectors.comparing import Looking
from proxy.connectors.grammar import Reading
from proxy.connectors.odata.naming import Names
from proxy.connectors.words import ObjectWords
from proxy.errors import Gap
from proxy.model import Action, FieldUse

_ADDRESS: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,99})\((.{1,1000})\)")
_PAIR: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,99})=('(?:[^'\x00-\x1f\x7f]|'')*'|[A-Za-z0-9.:+-]{1,64})")


@dataclass(frozen=True, slots=True)
class Address:
    """Which record a URL is about."""

    words: ObjectWords
    record: str | None
    """The CRM's id; None where it is looked up."""
    uses: tuple[FieldUse, ...]
    """The fields that it is looked up by."""
    text: str
    """The segment to send."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Where it is looked up: field -> value, as it would be in a body."""

    def swapped(self, looking: Looking) -> str:
        """Return the segment to send, with protected values as the CRM has them.

        Raises:
            Refused: several records have such a value.
        """
        found = {name: looking.key(self.words.name, name, value) for name, value in self.values.items()}
        if found == self.values:
            return self.text
        pairs = dict(_PAIR.findall(self.text.partition("(")[2][:-1]))
        sent = (
            f"{name}={pairs[name] if found[field_] == self.values[field_] else _literal(found[field_])}"
            for name, field_ in zip(pairs, self.values, strict=True)
        )
        return f"{self.text.partition('(')[0]}({','.join(sent)})"

    def swapping(self, reading: Reading) -> Reading:
        """Return a reading of a request about this record that can name it by what the CRM has."""
        if not self.values:
            return reading

        def swap(looking: Looking) -> Reading:
            return replace(reading, params={**reading.params, "entity": self.swapped(looking)})

        return replace(reading, swap=swap)


def read(segment: str, names: Names, is_id: re.Pattern[str]) -> Address:
    """Return the record that a segment of a path is about.

    Raises:
        Gap: a set nobody listed, no id, or properties that are no key of it.
    """
    found = _ADDRESS.fullmatch(segment)
    if found is None:
        raise Gap("construct", "odata_key")
    words = names.of_set(found[1])
    if is_id.fullmatch(found[2]):
        return Address(words, found[2], (), segment)
    pairs = _pairs(found[2])
    fields = [names.field(words, name) for name in pairs]
    own = names.objects[words.name]
    if sorted(fields) not in [[own.key], *map(sorted, own.alternate_keys)]:
        # Whether it is a key that nobody listed or no key at all, is answered alike.
        raise Gap("construct", "odata_key")
    record = pairs.get(own.key) if fields == [own.key] else None
    if record is not None and not is_id.fullmatch(record):
        raise Gap("construct", "odata_key")
    uses = () if record else tuple(FieldUse(words.name, each, Action.FILTER) for each in fields)
    text = ",".join(f"{name}={value}" for name, value in pairs.items())
    values = {} if record else dict(zip(fields, map(_plain, pairs.values()), strict=True))
    return Address(words, record, uses, f"{found[1]}({text})", values)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _plain(literal: str) -> str:
    return literal[1:-1].replace("''", "'") if literal.startswith("'") else literal


def bound(text: str, names: Names, is_id: re.Pattern[str]) -> tuple[str, str]:
    """Return set and object of a record that a write links to, `/contacts(ID)`.

    Raises:
        Gap: it is named in any other way; a lookup by a value would be an oracle.
    """
    address = read(text.removeprefix("/"), names, is_id)
    if address.record is None:
        raise Gap("construct", "odata_key")
    return address.text, address.words.name


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    at = 0
    while True:
        found = _PAIR.match(text, at)
        if found is None or found[1] in pairs:
            raise Gap("construct", "odata_key")
        pairs[found[1]] = found[2]
        at = found.end()
        if at == len(text):
            return pairs
        if text[at] != ",":
            raise Gap("construct", "odata_key")
        at += 1
