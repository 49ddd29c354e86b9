"""The records of one Pipedrive account. Deleted ones are marked, and gone after thirty days."""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.sandbox.clock import Now, moment
from proxy.sandbox.pipedrive.refusals import invalid, not_found

PERSONS: Final = "persons"
ORGANIZATIONS: Final = "organizations"
DEALS: Final = "deals"
ACTIVITIES: Final = "activities"
NOTES: Final = "notes"
LEADS: Final = "leads"
FILES: Final = "files"
KINDS: Final = (PERSONS, ORGANIZATIONS, DEALS, ACTIVITIES, NOTES, LEADS, FILES)
OLD: Final = frozenset({NOTES, LEADS, FILES})
"""Kinds of version 1 only."""
KEPT: Final = 30 * 86_400
"""Seconds for which a deleted record can be read and brought back."""
NATIONAL_ID: Final = "1f7a0c4b9d2e6358a1c7f0b4d9e2635871a0c4bd"
IBAN: Final = "9dc80c50d78a15643bfc4ca79d76156a73a1ca0e"
HEALTH: Final = "c2f81b0e7a6d4935b8e0f1a2c3d4e5f60718293a"
INCOME: Final = "77b1e0c5a4f8d2936e0b1c2d3e4f50617283940a"
"""Fields of this account's own; nobody told Lychgate of the last one."""
CUSTOM: Final = frozenset({NATIONAL_ID, IBAN, HEALTH, INCOME})
_OWN: Final[Mapping[str, frozenset[str]]] = {
    PERSONS: frozenset(
        {"name", "first_name", "last_name", "org_id", "owner_id", "job_title", "birthday", "notes", "visible_to"}
    ),
    ORGANIZATIONS: frozenset({"name", "address", "owner_id", "visible_to"}),
    DEALS: frozenset(
        {"title", "value", "currency", "status", "stage_id", "pipeline_id", "person_id", "org_id", "owner_id"}
    ),
    ACTIVITIES: frozenset(
        {
            *("subject", "type", "done", "due_date", "note", "public_description", "location"),
            *("person_id", "org_id", "deal_id", "owner_id"),
        }
    ),
    NOTES: frozenset({"content", "person_id", "org_id", "deal_id", "user_id"}),
    LEADS: frozenset({"title", "person_id", "organization_id", "owner_id"}),
    FILES: frozenset({"name", "description", "person_id", "org_id", "deal_id"}),
}
_REQUIRED: Final = {
    PERSONS: "name",
    ORGANIZATIONS: "name",
    DEALS: "title",
    ACTIVITIES: "subject",
    NOTES: "content",
    LEADS: "title",
    FILES: "name",
}
_LISTS: Final = {"email": "emails", "emails": "emails", "phone": "phones", "phones": "phones"}

Entry = dict[str, object]


@dataclass(slots=True)
class Held:
    """One record."""

    kind: str
    id: int | str
    """Of leads a text, of all others a number."""
    values: dict[str, object]
    """Scalars, by the names of version 2."""
    lists: dict[str, list[Entry]] = field(default_factory=dict)
    """`emails` and `phones`: entries with value, primary and label."""
    custom: dict[str, object] = field(default_factory=dict)
    added: float = 0
    updated: float = 0
    deleted: float | None = None
    changes: list[dict[str, object]] = field(default_factory=list)
    """What its fields were before they were changed, oldest first; it goes when the record goes for good."""


class Store:
    """Every record of every kind, by number.

    Args:
        now: the clock.
    """

    def __init__(self, now: Now) -> None:
        self.now = now
        self._held: dict[str, dict[str, Held]] = {kind: {} for kind in KINDS}
        self._next = dict.fromkeys(KINDS, 1)

    def everything(self, kind: str) -> list[Held]:
        """Return all records of a kind that are not gone for good."""
        gone = [key for key, held in self._held[kind].items() if self._is_gone(held)]
        for key in gone:
            del self._held[kind][key]
        return list(self._held[kind].values())

    def all(self, kind: str) -> Iterator[Held]:
        """Yield the records that are not deleted."""
        return (held for held in self.everything(kind) if held.deleted is None)

    def where(self, kind: str, test: Callable[[Held], bool]) -> list[Held]:
        """Return the records that are not deleted and for which something holds."""
        return [held for held in self.all(kind) if test(held)]

    def get(self, kind: str, key: str) -> Held:
        """Return a record, a deleted one too while it is kept.

        Raises:
            PipedriveError: 404.
        """
        held = self._held[kind].get(key)
        if held is None or self._is_gone(held):
            raise not_found(kind.removesuffix("s").capitalize(), key)
        return held

    def create(self, kind: str, body: Mapping[str, object]) -> Held:
        """Store a new record.

        Raises:
            PipedriveError: 400: something required is missing, or of no field.
        """
        if not body.get(_REQUIRED[kind]):
            raise invalid(f"{_REQUIRED[kind]} is required")
        number = self._next[kind]
        key = str(uuid.UUID(int=(0x1EAD << 112) + number)) if kind == LEADS else number
        held = Held(kind, key, {}, added=self.now())
        self._write(held, body)
        held.changes.clear()
        self._next[kind] += 1
        self._held[kind][str(held.id)] = held
        return held

    def update(self, held: Held, body: Mapping[str, object]) -> None:
        """Write over a record's own values.

        Raises:
            PipedriveError: 400: something is of no field.
        """
        self._write(held, body)

    def delete(self, held: Held) -> None:
        """Mark a record as deleted; a lead has no bin, and is gone."""
        if held.kind == LEADS:
            del self._held[LEADS][str(held.id)]
        held.deleted = held.updated = self.now()

    def restore(self, held: Held) -> None:
        """Bring a deleted record back, as people can in the user interface."""
        held.deleted = None

    def merge(self, kind: str, key: str, other: str) -> Held:
        """Make two records one: the second gets what it lacks from the first, which is deleted.

        Raises:
            PipedriveError: one of them does not exist.
        """
        gone, kept = self.get(kind, key), self.get(kind, other)
        kept.values = gone.values | {name: value for name, value in kept.values.items() if value is not None}
        for name, entries in gone.lists.items():
            known = {str(each["value"]) for each in kept.lists.get(name, [])}
            more = [each | {"primary": False} for each in entries if str(each["value"]) not in known]
            kept.lists[name] = [*kept.lists.get(name, []), *more]
        kept.custom = gone.custom | kept.custom
        self.delete(gone)
        return kept

    def _is_gone(self, held: Held) -> bool:
        return held.deleted is not None and held.deleted + KEPT <= self.now()

    def _write(self, held: Held, body: Mapping[str, object]) -> None:
        values, lists, custom = {}, {}, {}
        inner = body.get("custom_fields")
        flat = {**body, **(inner if isinstance(inner, dict) else {})}
        flat.pop("custom_fields", None)
        for name, value in flat.items():
            if name in _LISTS and held.kind == PERSONS:
                lists[_LISTS[name]] = _entries(value)
            elif name in CUSTOM and held.kind == PERSONS:
                custom[name] = value
            elif name in _OWN[held.kind]:
                values[name] = value
            else:
                raise invalid(f"Parameter '{name}' is not allowed: {value}")
        before = {**held.values, **held.lists, **held.custom}
        held.changes += [
            {"field_key": name, "old_value": before.get(name), "new_value": value, "time": stamp(self.now(), 1)}
            for name, value in {**values, **lists, **custom}.items()
            if before.get(name) != value
        ]
        held.values |= values
        held.lists |= lists
        held.custom |= custom
        held.updated = self.now()
        if "name" in values and held.kind == PERSONS:
            first, _, last = str(values["name"]).partition(" ")
            held.values |= {"first_name": first, "last_name": last}


def _entries(value: object) -> list[Entry]:
    items = value if isinstance(value, list) else [value]
    found: list[Entry] = []
    for number, item in enumerate(items):
        one = item if isinstance(item, dict) else {"value": item}
        entry = {"value": str(one.get("value", "")), "primary": number == 0, "label": one.get("label") or "work"}
        found.append(entry | {"primary": bool(one["primary"])} if "primary" in one else entry)
    return [each for each in found if each["value"]]


def stamp(seconds: float, version: int) -> str:
    """Write an instant as a version does."""
    return moment(seconds).strftime("%Y-%m-%d %H:%M:%S" if version == 1 else "%Y-%m-%dT%H:%M:%SZ")


def digits(text: object) -> str:
    """Return the digits of a number, by which it is searched."""
    return re.sub(r"\D", "", str(text))
