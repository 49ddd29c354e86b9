"""Makes the plan of what was found: what is done to each record, in which order, what stays and why."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from proxy.connectors.erasespec import ErasedModel
from proxy.connectors.playbook import Book, Found
from proxy.erasure.plan import CLOSED, IRREVERSIBLE, Do, Kept, Plan, Spot, Step, fingerprint
from proxy.model import Catalogue
from proxy.steps.locating import Trail

_ORDER: Final[Mapping[Do, int]] = {"scrub": 0, "overwrite": 1, "delete": 2, "purge": 3}


@dataclass(frozen=True, slots=True)
class Staying:
    """Categories or fields of a record that have to stay."""

    because: str
    by: str
    categories: tuple[str, ...] = ()
    """Dotted; empty with no `fields`: everything."""
    fields: frozenset[str] | None = None
    """Named themselves; `""` is the record as a whole."""
    until: str = ""


Stays = Callable[[Spot, Found], Iterable[Staying]]
"""What of one record has to stay."""


def make(
    case: str,
    salt: str,
    trail: Trail,
    books: Mapping[str, Book],
    catalogues: Mapping[str, Catalogue],
    *,
    stays: Stays,
    unseen: tuple[str, ...] = (),
) -> Plan:
    """Return the plan: the same trail gives the same plan, in whatever order it was found."""
    steps: list[Step] = []
    kept: list[Kept] = []
    for spot, found in sorted({**trail.people, **trail.related}.items()):
        each = books[spot.lane].objects[spot.object]
        held = _held(spot, found, stays, catalogues[spot.lane], books[spot.lane])
        kept += held
        steps += _steps(spot, found, each, held)
    for spot, found in sorted(trail.mentions.items()):
        each = books[spot.lane].objects[spot.object]
        text = _print(each.free_text, found)
        deleted = each.mentions == "delete"
        steps.append(
            Step("delete" if deleted else "scrub", *_at(spot), () if deleted else tuple(each.free_text), text)
        )
    people = frozenset(trail.people)
    steps.sort(key=lambda step: (_ORDER[step.do], step.spot in people and not step.cascades, step.key))
    steps = _parents_first(steps)
    return Plan(
        case,
        salt,
        tuple(steps),
        tuple(sorted(kept)),
        tuple(sorted(trail.known.values())),
        tuple(sorted(trail.people)),
        tuple(sorted(trail.related)),
        (*IRREVERSIBLE, *_closed(trail, steps, books), *_residual(trail, books), *unseen),
    )


def _steps(spot: Spot, found: Found, each: ErasedModel, held: list[Kept]) -> list[Step]:
    whole = _print(found.fields, found)
    stay = frozenset[str]().union(*(one.fields for one in held))
    if any(not one.fields for one in held):
        return []
    if held or each.then == "overwrite":
        fields = tuple(name for name in each.blank if name not in stay)
        return [Step("overwrite", *_at(spot), fields, whole)] if fields else []
    if each.then == "scrub":
        return [Step("scrub", *_at(spot), tuple(each.free_text), whole)]
    if each.then == "leave":
        return []
    binned = found.deleted and not each.lingers
    made = [] if binned else [Step("delete", *_at(spot), (), whole, each.cascades)]
    if each.blank and (each.purge or each.lingers) and not found.deleted and not each.cascades:
        # Whatever outlives the deletion, in a bin or a backup of tomorrow, holds nothing then.
        made.insert(0, Step("overwrite", *_at(spot), tuple(each.blank), whole))
    if each.purge:
        made.append(Step("purge", *_at(spot), (), whole))
    return made


def _parents_first(steps: list[Step]) -> list[Step]:
    """Put what goes along with another record behind it, among the deletions; before anything is purged, too,
    where the other record stays."""
    own = [each for each in steps if not each.cascades]
    along = [each for each in steps if each.cascades]
    last = max((at for at, each in enumerate(own) if each.do != "purge"), default=-1)
    return [*own[: last + 1], *along, *own[last + 1 :]]


def _held(spot: Spot, found: Found, stays: Stays, catalogue: Catalogue, book: Book) -> list[Kept]:
    kept = []
    spec = catalogue.get(spot.object)
    known = spec.fields if spec is not None else {}
    for one in stays(spot, found):
        if one.fields is not None:
            fields = tuple(sorted(one.fields - {""}))
        elif one.categories:
            meant = {
                (member, name)
                for member in found.fields
                for name in book.meanings(spot.object, member)
                if name in known and _is(known[name].category, one.categories)
            }
            fields = tuple(sorted({name for pair in meant for name in pair}))
            if not fields:
                continue
        else:
            fields = ()
        kept.append(Kept(spot.lane, spot.object, spot.id, fields, one.because, one.by, one.until))
    return kept


def _is(category: str, wanted: Iterable[str]) -> bool:
    return any(category == one or category.startswith(f"{one}.") for one in wanted)


def _at(spot: Spot) -> tuple[str, str, str]:
    return spot.lane, spot.object, spot.id


def _print(names: Iterable[str], found: Found) -> str:
    return fingerprint((name, found.fields.get(name, "")) for name in names)


def _closed(trail: Trail, steps: Iterable[Step], books: Mapping[str, Book]) -> list[str]:
    """Return a line for the records of each object of which the CRM is known not to let go as they are."""
    found = {**trail.people, **trail.related, **trail.mentions}
    counts: Counter[tuple[str, str]] = Counter()
    for spot in {step.spot for step in steps if step.spot in found}:
        closed = books[spot.lane].objects[spot.object].closed
        if any(found[spot].fields.get(name) in values for name, values in closed.items()):
            counts[spot.lane, spot.object] += 1
    return [f"{lane}: {count} {object_} {CLOSED}" for (lane, object_), count in sorted(counts.items())]


def _residual(trail: Trail, books: Mapping[str, Book]) -> list[str]:
    lanes = {spot.lane for spot in [*trail.people, *trail.related, *trail.mentions]}
    return [f"{lane}: {line}" for lane in sorted(lanes) for line in books[lane].residual]
