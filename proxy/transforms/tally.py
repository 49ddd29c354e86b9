"""What came of each field of one exchange: names, effects, rules and counts, never a value.

Records with the same members and the same rules share one `Shape`, so remembering a record is one addition;
the rest is worked out once, when the ledger and the metrics ask.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from proxy.model import Action, Effect
from proxy.transforms.masks import Apply

RELEASED = frozenset({Effect.ALLOW, Effect.MASK, Effect.TOKENIZE, Effect.ENCRYPT})
"""Effects under which something of the value was shown."""


class Cell(NamedTuple):
    """One field of one object in the answer, and what came of it."""

    action: Action
    object: str
    field: str
    category: str
    effect: Effect
    how: str
    """Kind of the mask, `redact`, `remove`, or "" where the value is shown as it is."""
    rule: str
    warned: str = ""
    """The rule, where it is in mode warn."""
    would: str = ""
    """What rules in mode audit would have made of it."""


class Summary(NamedTuple):
    """What cells come to; worked out once per shape, because an answer mostly has one."""

    cells: frozenset[Cell]
    fields: tuple[str, ...]
    """`effect object.field`, sorted, like the two below."""
    categories: tuple[str, ...]
    rules: tuple[str, ...]
    decisions: tuple[tuple[Action, Effect, int], ...]
    transforms: tuple[tuple[str, int], ...]
    warned: tuple[str, ...]
    would: tuple[str, ...]


def summarise(cells: tuple[Cell, ...]) -> Summary:
    """Return what the cells of one record come to."""
    return Summary(
        frozenset(cells),
        _sorted(f"{cell.effect.name.lower()} {_path(cell)}" for cell in cells),
        _sorted(cell.category for cell in cells if cell.effect in RELEASED),
        _sorted(cell.rule for cell in cells if cell.rule),
        tuple((*key, count) for key, count in Counter((cell.action, cell.effect) for cell in cells).items()),
        tuple(Counter(cell.how for cell in cells if cell.how).items()),
        _sorted(cell.warned for cell in cells if cell.warned),
        _sorted(f"{_path(cell)}: {cell.would}" for cell in cells if cell.would),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What to do with every record that has certain members; made by a `Redactor`, shared and immutable."""

    removed: tuple[str, ...]
    nulled: tuple[str, ...]
    masked: tuple[tuple[str, Apply], ...]
    scalars: tuple[str, ...]
    """Shown as they are; a record with a dict or a list in one of them has another shape, without it."""
    shown: bool
    """Whether anything of such a record may be shown."""
    summary: Summary
    unclassified: int
    """How many of the removed members are no field the connector lists, or not the scalar it promises."""


class Tally:
    """Counts what happened to the records of one answer."""

    def __init__(self) -> None:
        self._shapes: dict[Shape, int] = {}

    def add(self, shape: Shape, records: int = 1) -> None:
        """Count records."""
        self._shapes[shape] = self._shapes.get(shape, 0) + records

    def absorb(self, other: "Tally") -> None:
        """Count what another has counted as well."""
        for shape, records in other._shapes.items():
            self.add(shape, records)

    @property
    def records(self) -> int:
        """Records of which something may be shown."""
        return sum(count for shape, count in self._shapes.items() if shape.shown)

    @property
    def unclassified(self) -> int:
        """Members that were removed because nobody has said what they are."""
        return sum(shape.unclassified * count for shape, count in self._shapes.items())

    def cells(self) -> frozenset[Cell]:
        """Return every cell of the answer, denied ones included."""
        return frozenset().union(*(shape.summary.cells for shape in self._shapes))

    def fields(self) -> tuple[str, ...]:
        """Return `effect object.field` of every field that came back, sorted."""
        return _together([shape.summary.fields for shape in self._shapes])

    def categories(self) -> tuple[str, ...]:
        """Return the categories of which something was shown, in clear or transformed, sorted."""
        return _together([shape.summary.categories for shape in self._shapes])

    def rules(self) -> tuple[str, ...]:
        """Return the ids of the rules that decided, sorted."""
        return _together([shape.summary.rules for shape in self._shapes])

    def warned(self) -> tuple[str, ...]:
        """Return the ids of the rules in mode warn that decided, sorted."""
        return _together([shape.summary.warned for shape in self._shapes])

    def would(self) -> tuple[str, ...]:
        """Return `object.field: redact by RULE` of what audited rules would have changed, sorted."""
        return _together([shape.summary.would for shape in self._shapes])

    def decisions(self) -> Iterator[tuple[Action, Effect, int]]:
        """Yield how many values of each action met each effect."""
        found: dict[tuple[Action, Effect], int] = {}
        for shape, records in self._shapes.items():
            for action, effect, count in shape.summary.decisions:
                found[action, effect] = found.get((action, effect), 0) + count * records
        for (action, effect), count in found.items():
            yield action, effect, count

    def transforms(self) -> Iterator[tuple[str, int]]:
        """Yield how many values each kind of transformation was applied to."""
        found: dict[str, int] = {}
        for shape, records in self._shapes.items():
            for how, count in shape.summary.transforms:
                found[how] = found.get(how, 0) + count * records
        yield from found.items()


def _path(cell: Cell) -> str:
    return f"{cell.object}.{cell.field}" if cell.field else cell.object


def _together(words: list[tuple[str, ...]]) -> tuple[str, ...]:
    return words[0] if len(words) == 1 else _sorted(chain.from_iterable(words))


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(words)))
