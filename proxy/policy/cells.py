"""Which fields rules match, and whether one rule's callers are another's: what the checks are made of."""

from collections.abc import Iterable, Mapping

from proxy.message import RECORD_ITSELF
from proxy.model import Catalogue, FieldSpec
from proxy.policy.rules import Callers, Names, On, Rule
from proxy.policy.taxonomy import RECORD

Cell = tuple[str, str, str]
"""Connector, object, field."""

_RECORD = FieldSpec(RECORD)


class Cells:
    """The fields each rule matches, worked out once per distinct selector."""

    def __init__(self, catalogues: Mapping[str, Catalogue]) -> None:
        self.catalogues = catalogues
        self._seen: dict[On, frozenset[Cell]] = {}

    def of(self, rule: Rule) -> frozenset[Cell]:
        """Return the cells that a rule matches, whatever the action."""
        return self.on(rule.on)

    def on(self, on: On) -> frozenset[Cell]:
        """Return the cells that a selector matches."""
        if on not in self._seen:
            self._seen[on] = frozenset(
                (connector, name, field)
                for connector, catalogue in self.catalogues.items()
                for name, spec in catalogue.items()
                for field in on.within(connector, spec)
            )
        return self._seen[on]

    def spec(self, cell: Cell) -> FieldSpec:
        """Return what the connector says of a cell that some rule matches."""
        connector, name, field = cell
        return _RECORD if field == RECORD_ITSELF else self.catalogues[connector][name].fields[field]


class Walls:
    """Some guards, found by the cells they stand on; sets of thousands of guards stay checkable."""

    def __init__(self, guards: Iterable[Rule], cells: Cells) -> None:
        self._cells = cells
        self._on: dict[Cell, list[Rule]] = {}
        for guard in guards:
            for cell in cells.of(guard):
                self._on.setdefault(cell, []).append(guard)

    def at(self, cell: Cell) -> list[Rule]:
        """Return the guards that stand on a cell."""
        return self._on.get(cell, [])

    def shutting(self, rule: Rule) -> Rule | None:
        """Return one of the guards that together stand in the way of everything a rule says; else None.

        They hold for every caller of the rule and for every of its actions.
        """
        found: Rule | None = None
        for cell in self._cells.of(rule):
            found = next((wall for wall in self.at(cell) if wall is not rule and covers(wall, rule)), None)
            if found is None:
                return None
        return found


def covers(wall: Rule, rule: Rule) -> bool:
    """Tell whether a guard without exceptions holds whenever a rule does."""
    return callers_within(rule.callers, wall.callers) and rule.actions <= wall.actions


def callers_within(inner: Callers, outer: Callers) -> bool:
    """Tell whether whoever fits `inner` fits `outer`."""
    return (
        within(inner.roles, outer.roles)
        and within(inner.purposes, outer.purposes)
        and within(inner.recipients, outer.recipients)
    )


def overlap(one: Names, other: Names) -> bool:
    """Tell whether two selectors have a name in common."""
    return one is None or other is None or not one.isdisjoint(other)


def within(inner: Names, outer: Names) -> bool:
    """Tell whether everything that fits one selector fits another."""
    return outer is None or (inner is not None and inner <= outer)


def listed(cells: Iterable[Cell], most: int = 4) -> str:
    """Return cells as text for a message: `Contact.Phone, Contact and 3 more`."""
    found = sorted(f"{name}.{field}" if field else name for _, name, field in cells)
    rest = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + rest
