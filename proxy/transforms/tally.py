"""What came of each field of one exchange: names, effects, rules and counts, never a value.

Records with the same members and the same rules share one `Shape`, so remembering a record is one addition;
the rest is worked out once, when the ledger and the metrics ask.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What to do with every record that has certain members; made by a `Redactor`, shared and immutable."""

    removed: tuple[str, ...]
    nulled: tuple[str, ...]
    masked: tuple[tuple[str, Apply], ...]
    shown: bool
    """Whether anything of such a record may be shown."""
    cells: tuple[Cell, ...]
    unclassified: int
    """How many of the removed members are no field the connector lists, or not the scalar it promises."""


class Tally:
    """Counts what happened to the records of one answer."""

    def __init__(self) -> None:
        self.records = 0
        """Records of which something may be shown."""
        self.unclassified = 0
        """Members that were removed because nobody has said what they are."""
        self._shapes: Counter[Shape] = Counter()

    def add(self, shape: Shape) -> None:
        """Count one record."""
        self._shapes[shape] += 1
        self.unclassified += shape.unclassified
        self.records += shape.shown

    def cells(self) -> frozenset[Cell]:
        """Return every cell of the answer, denied ones included."""
        return frozenset(cell for shape in self._shapes for cell in shape.cells)

    def fields(self) -> tuple[str, ...]:
        """Return `effect object.field` of every field that came back, sorted."""
        return _sorted(f"{cell.effect.name.lower()} {_path(cell)}" for cell in self.cells())

    def categories(self) -> tuple[str, ...]:
        """Return the categories of which something was shown, in clear or transformed, sorted."""
        return _sorted(cell.category for cell in self.cells() if cell.effect in RELEASED)

    def rules(self) -> tuple[str, ...]:
        """Return the ids of the rules that decided, sorted."""
        return _sorted(cell.rule for cell in self.cells() if cell.rule)

    def decisions(self) -> Iterator[tuple[Action, Effect, int]]:
        """Yield how many values of each action met each effect."""
        found: Counter[tuple[Action, Effect]] = Counter()
        for cell, count in self._counted():
            found[cell.action, cell.effect] += count
        for (action, effect), count in found.items():
            yield action, effect, count

    def transforms(self) -> Iterator[tuple[str, int]]:
        """Yield how many values each kind of transformation was applied to."""
        found: Counter[str] = Counter()
        for cell, count in self._counted():
            if cell.how:
                found[cell.how] += count
        yield from found.items()

    def _counted(self) -> Iterator[tuple[Cell, int]]:
        return ((cell, count) for shape, count in self._shapes.items() for cell in shape.cells)


def _path(cell: Cell) -> str:
    return f"{cell.object}.{cell.field}" if cell.field else cell.object


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(words)))
