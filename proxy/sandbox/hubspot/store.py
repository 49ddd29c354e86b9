"""The records of one HubSpot account: what is stored, archived, and every value a property ever had."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from proxy.sandbox.clock import Now, hubspot_time
from proxy.sandbox.hubspot.kinds import EVERY
from proxy.sandbox.hubspot.properties import CONTACTS, Kind
from proxy.sandbox.hubspot.refusals import already_exists, bad_property, invalid, no_such_object

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(slots=True)
class Held:
    """One record."""

    id: str
    values: dict[str, str]
    created: float
    updated: float
    archived: float | None = None
    """When it was archived; archived records can be read and restored for ninety days."""
    history: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    """Property -> its values, newest first, with the time each was set."""

    def as_simple(self) -> dict[str, object]:
        """Return what says no more than which record this is."""
        stamps = {"createdAt": hubspot_time(self.created), "updatedAt": hubspot_time(self.updated)}
        return {"id": self.id, "properties": {}, **stamps, "archived": self.archived is not None}


class Store:
    """Every record, in the order they were made.

    Args:
        now: the clock that stamps changes.
    """

    def __init__(self, now: Now) -> None:
        self.now = now
        self.blocked: set[str] = set()
        """Addresses that `gdpr-delete` was asked to forget; an unknown one is put here too."""
        self._owners: dict[str, dict[str, Held]] = {}
        """Address, lower-case -> the contacts that have it, by id."""
        self._held: dict[str, dict[str, Held]] = {kind.name: {} for kind in EVERY}
        self._merged: dict[tuple[str, str], str] = {}
        """Kind and id of a record that was merged into another -> the id of that."""
        self.search_lag = 0.0
        """Seconds by which searches are behind: what is new is not found yet, what is gone still is."""
        self._gone: list[tuple[float, str, Held]] = []
        """When what was forgotten, and of which kind."""
        self._next = {kind.name: kind.first_id for kind in EVERY}

    def all(self, kind: Kind, *, archived: bool = False) -> Iterator[Held]:
        """Yield the live records, or the archived ones."""
        return (held for held in [*self._held[kind.name].values()] if (held.archived is not None) == archived)

    def indexed(self, kind: Kind) -> list[Held]:
        """Return what searches look through."""
        since = self.now() - self.search_lag
        held = [
            each
            for each in self._held[kind.name].values()
            if each.created <= since and (each.archived is None or each.archived > since)
        ]
        return held + [each for at, name, each in self._gone if name == kind.name and at > since]

    def everything(self, kind: Kind) -> list[Held]:
        """Return live and archived records."""
        return list(self._held[kind.name].values())

    def find(self, kind: Kind, key: str, by: str | None = None) -> Held | None:
        """Return the record with this id, or whose property `by` has this value; archived ones too.

        Raises:
            HubSpotError: `by` is no property with unique values.
        """
        if by in {None, "hs_object_id"}:
            key = self._merged.get((kind.name, key), key)
            return self._held[kind.name].get(key)
        item = kind.by_name.get(str(by))
        if item is None or not item.unique:
            raise invalid(f"Property {by} is not a unique identifier of {kind.name}")
        named = self._owners.get(key.lower(), {}).values()
        return min(named, key=lambda held: held.archived is not None, default=None)

    def merge(self, kind: Kind, winner: str, loser: str) -> Held:
        """Make two records one: what the first lacks it gets from the second, whose id leads to the first.

        Raises:
            HubSpotError: one of them does not exist, or both are the same.
        """
        kept, gone = self.get(kind, winner), self.get(kind, loser)
        if kept is gone:
            raise invalid("Cannot merge a record with itself")
        writable = {name for name, item in kind.by_name.items() if not item.read_only}
        values = {name: value for name, value in gone.values.items() if name in writable}
        further = [values.pop("email", ""), *values.pop("hs_additional_emails", "").split(";")]
        own = kept.values.get("hs_additional_emails", "").split(";")
        self._own(gone, _addresses(gone), set())
        del self._held[kind.name][gone.id]
        self._merged[kind.name, gone.id] = kept.id
        emails = {"hs_additional_emails": ";".join(filter(None, (*own, *further)))} if kind is CONTACTS else {}
        missing = {name: value for name, value in values.items() if name not in kept.values}
        self._set(kind, kept, missing | emails)
        return kept

    def restore(self, held: Held) -> None:
        """Bring an archived record back, as people can in the user interface for ninety days."""
        held.archived = None
        held.updated = self.now()

    def get(self, kind: Kind, key: str, by: str | None = None, *, archived: bool = False) -> Held:
        """Return the live record, or the archived one when `archived`.

        Raises:
            HubSpotError: 404.
        """
        held = self.find(kind, key, by)
        if held is None or (held.archived is not None) != archived:
            raise no_such_object(key)
        return held

    def create(self, kind: Kind, values: Mapping[str, object]) -> Held:
        """Store a new record.

        Raises:
            HubSpotError: a property is refused (400), or the e-mail address is taken (409).
        """
        checked = self._checked(kind, values, None)
        key = str(self._next[kind.name])
        self._next[kind.name] += 1
        now = self.now()
        held = Held(key, {}, now, now)
        self._held[kind.name][key] = held
        stamp = hubspot_time(now)
        self._set(kind, held, {"hs_object_id": key, "createdate": stamp, "hs_createdate": stamp} | checked)
        return held

    def update(self, kind: Kind, held: Held, values: Mapping[str, object]) -> None:
        """Write `values` over the record's own.

        Raises:
            HubSpotError: as for `create`.
        """
        self._set(kind, held, self._checked(kind, values, held))

    def archive(self, held: Held) -> None:
        """Take the record out of lists and searches; it stays readable with `archived=true`."""
        if held.archived is None:
            held.archived = held.updated = self.now()

    def forget(self, kind: Kind, key: str, by: str | None) -> None:
        """Remove the record and its history for good; block the address if nobody has it."""
        held = self.find(kind, key, by)
        if held is not None:
            del self._held[kind.name][held.id]
            self._gone.append((self.now(), kind.name, held))
            self._own(held, _addresses(held), set())
        elif by == "email":
            self.blocked.add(key.lower())
        else:
            raise no_such_object(key)

    def _set(self, kind: Kind, held: Held, values: dict[str, str]) -> None:
        now, before = self.now(), _addresses(held)
        for name, value in (values | _derived(values) | {kind.modified: hubspot_time(now)}).items():
            if held.values.get(name, "") == value:
                continue
            held.history.setdefault(name, []).insert(0, (value, now))
            if value:
                held.values[name] = value
            else:
                held.values.pop(name, None)
        held.updated = now
        self._own(held, before, _addresses(held))

    def _own(self, held: Held, before: set[str], after: set[str]) -> None:
        for address in before - after:
            self._owners[address].pop(held.id)
        for address in after - before:
            self._owners.setdefault(address, {})[held.id] = held

    def _checked(self, kind: Kind, values: Mapping[str, object], but: Held | None) -> dict[str, str]:
        checked = {}
        for name, value in values.items():
            checked[name] = _as_text(kind, name, value)
        email = checked.get("email")
        if kind.name == "contacts" and email:
            checked["email"] = email.lower()
            other = self.find(kind, email, "email")
            if other is not None and other is not but and other.archived is None:
                raise already_exists(kind.label, other.id)
        return checked


def _as_text(kind: Kind, name: str, value: object) -> str:
    item = kind.by_name.get(name)
    if item is None:
        raise bad_property("PROPERTY_DOESNT_EXIST", name, f'Property "{name}" does not exist')
    if item.read_only:
        message = f'"{name}" is a read only property; its value cannot be set.'
        raise bad_property("READ_ONLY_VALUE", name, message)
    text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
    if name == "email" and text and not _EMAIL.fullmatch(text):
        raise bad_property("INVALID_EMAIL", name, f"Email address {text} is invalid")
    if item.type == "number" and text and not re.fullmatch(r"-?\d+(\.\d+)?", text):
        raise bad_property("INVALID_DOUBLE", name, f"{text} was not a valid number.")
    return text


def _derived(values: Mapping[str, str]) -> dict[str, str]:
    """Return copies that the service makes of values: second places where they are."""
    found = {}
    if "email" in values:
        found["hs_email_domain"] = values["email"].rpartition("@")[2]
    if "phone" in values:
        found["hs_searchable_calculated_phone_number"] = re.sub(r"\D", "", values["phone"])
    return found


def _addresses(held: Held) -> set[str]:
    """Return every e-mail address of a contact, lower-case."""
    further = held.values.get("hs_additional_emails", "").lower().split(";")
    return {held.values.get("email", "").lower(), *further} - {""}
