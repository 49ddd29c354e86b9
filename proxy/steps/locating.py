"""Finds everything of one person in all CRMs: who is named, who is the same, what belongs to them, what names
them.

The person is not one record. `trace` makes one pass through one CRM and is repeated, CRM after CRM, until a
whole round finds nothing new: a lead with the same address leads to a second address, which leads to a contact
elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.connectors.erasespec import ErasedModel
from proxy.connectors.fill import tree
from proxy.connectors.playbook import Book, Found
from proxy.erasure import mentions, normal, numbers
from proxy.erasure.plan import Known, Spot
from proxy.errors import LychgateError
from proxy.steps.asking import Asking, find, holding, linked, named, read

MOST: Final = 2_000
"""Records of one person; more means that a value is shared by many, and that nobody may be erased by it."""
STRONG: Final = frozenset({"email", "id"})
"""Kinds of which one alike value makes two records the same person; a household has one phone."""


class TooMany(LychgateError):
    """What was named leads to so many records that it cannot be one person."""


@dataclass(slots=True)
class Trail:
    """What has been found of one person."""

    named: tuple[Spot, ...] = ()
    people: dict[Spot, Found] = field(default_factory=dict)
    related: dict[Spot, Found] = field(default_factory=dict)
    mentions: dict[Spot, Found] = field(default_factory=dict)
    """Records of others whose free text names the person."""
    known: dict[tuple[str, str], Known] = field(default_factory=dict)
    """By kind and normal form; the value as it was found first."""
    alike: set[tuple[str, str]] = field(default_factory=set)
    """By kind and normal form: every form by which the person is known."""
    _looked: set[tuple[object, ...]] = field(default_factory=set)

    def learn(self, kind: str, value: str, region: str = "") -> None:
        """Take note of a value by which the person can be found.

        A number that says nothing of its country is taken note of with it as well: elsewhere it is another one.
        """
        for part in normal.parts(kind, value):
            found = normal.kind_of(kind, part)
            if found == "text":
                continue
            self.alike |= {(found, key) for key in normal.keys(found, part, region)}
            for written in (part, numbers.international(part, region) if found == "phone" else ""):
                if form := normal.key(found, written):
                    self.known.setdefault((found, form), Known(found, written))

    def note(self, lane: str, each: ErasedModel, found: Found, region: str = "") -> None:
        """Take note of a record that is the person, or belongs to it."""
        spot = Spot(lane, found.object, found.id)
        (self.people if each.person else self.related)[spot] = found
        self.mentions.pop(spot, None)
        for name, kind in each.identifies.items():
            if name in found.fields:
                self.learn(kind, found.fields[name], region)
        for names in each.called:
            self.learn("name", " ".join(found.fields[name] for name in names if name in found.fields))
        if len(self.people) + len(self.related) + len(self.mentions) > MOST:
            raise TooMany(
                f"what was named leads to more than {MOST} records: a value is shared by many; name a record"
            )

    def has(self, lane: str, found: Found) -> bool:
        """Say whether a record is the person's already."""
        spot = Spot(lane, found.object, found.id)
        return spot in self.people or spot in self.related

    def unseen(self, *what: object) -> bool:
        """Say whether this is looked for the first time, and take note of it."""
        if what in self._looked:
            return False
        self._looked.add(what)
        return True

    @property
    def size(self) -> tuple[int, ...]:
        """What grows as long as there is something new."""
        return len(self.people), len(self.related), len(self.mentions), len(self.known), len(self._looked)


def trace(lane: str, book: Book, trail: Trail) -> Asking[None]:
    """Add to the trail what one pass through one CRM finds.

    Raises:
        TooMany: see there.
        UpstreamFault: nobody can say what the CRM holds.
    """
    yield from _named(lane, book, trail)
    for object_, each in book.objects.items():
        if each.same:
            yield from _same(lane, book, trail, object_)
    for spot in [*trail.people, *trail.related]:
        if spot.lane == lane:
            yield from _belonging(lane, book, trail, spot)
    for object_, each in book.objects.items():
        if each.then == "scrub" or each.mentions:
            yield from _mentioning(lane, book, trail, object_)


def _named(lane: str, book: Book, trail: Trail) -> Asking[None]:
    for spot in trail.named:
        if spot.lane == lane and spot.object in book.objects and trail.unseen("named", spot):
            found = yield from read(book, spot.object, spot.id)
            if found is None:  # it may be in the bin already, and still has to be purged
                found = yield from read(book, spot.object, spot.id, deleted=True)
            if found is not None:
                trail.note(lane, book.objects[spot.object], found, book.region)


def _same(lane: str, book: Book, trail: Trail, object_: str) -> Asking[None]:
    """Find further records of the same person by what is known of it."""
    each = book.objects[object_]
    for names in each.same:
        first = names[0]
        conditions = [
            (first, form)
            for known in [*trail.known.values()]
            if normal.fits(each.identifies[first], known.kind) and (len(names) > 1 or known.kind in STRONG)
            for form in normal.forms(known.kind, known.value, book.region)
            if trail.unseen("same", lane, object_, *names, form)
        ]
        if conditions:
            for found in (yield from find(book, object_, conditions)):
                if not trail.has(lane, found) and _alike(found, names, each.identifies, trail, book.region):
                    _meet(lane, book, trail, found)


def _meet(lane: str, book: Book, trail: Trail, found: Found) -> None:
    """Take note of a record that tells the same person, or of the person that it belongs to."""
    each = book.objects[found.object]
    if each.person or not each.of:
        trail.note(lane, each, found, book.region)
        return
    owners = {Spot(lane, way.object, found.fields[way.field]) for way in each.of if way.field in found.fields}
    trail.named = tuple(dict.fromkeys([*trail.named, *sorted(owners)]))


def _alike(found: Found, names: list[str], kinds: Mapping[str, str], trail: Trail, region: str) -> bool:
    for name in names:
        forms = {
            (kind, key)
            for part in normal.parts(kinds[name], found.fields.get(name, ""))
            for kind in (normal.kind_of(kinds[name], part),)
            for key in normal.keys(kind, part, region)
        }
        if forms.isdisjoint(trail.alike):
            return False
    return True


def _belonging(lane: str, book: Book, trail: Trail, spot: Spot) -> Asking[None]:
    """Find what belongs to a record."""
    for object_, way in book.belonging(spot.object):
        if not trail.unseen("of", lane, object_, way.field, spot.id):
            continue
        if way.field:
            records = yield from find(book, object_, [(way.field, tree(way.text, {"id": spot.id}))])
        else:
            records = yield from linked(book, object_, spot.object, spot.id)
        for found in records:
            if not trail.has(lane, found):
                trail.note(lane, book.objects[object_], found, book.region)


def _mentioning(lane: str, book: Book, trail: Trail, object_: str) -> Asking[None]:
    """Find records of others whose texts name the person."""
    each = book.objects[object_]
    wanted = [
        known
        for known in [*trail.known.values()]
        if mentions.telling(known.kind, known.value) and trail.unseen("text", lane, object_, known)
    ]
    places = [(name, known) for known in wanted for name in each.free_text]
    if not places:
        return
    for found in (yield from holding(book, object_, places)):
        spot = Spot(lane, object_, found.id)
        if found.deleted or spot in trail.related:
            continue
        if any(named(found.fields.get(name, ""), wanted, book.region) for name in each.free_text):
            trail.mentions[spot] = found
