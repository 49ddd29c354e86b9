"""Fields that have more than one value in an answer: earlier ones, and those in a list of what is linked.

Each value is judged as the field is, for a list of them is worth as much as the field. Where it may not be shown
it goes from the list, and the list with the last of them, so that nobody can count what is hidden.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from proxy.connectors.asked import Opened
from proxy.connectors.shape import GONE, Shape
from proxy.message import Place, Record, Tree
from proxy.model import Action, Facts

VALUE: Final = "value"
"""Kind of the member that holds the value of an entry."""
Names = Mapping[str, tuple[str, str, Action]]


class Use(NamedTuple):
    """What the values of one list are."""

    object: str
    field: str
    action: Action


@dataclass(frozen=True, slots=True)
class Values:
    """How an entry of a list of values looks, compiled; shared between exchanges."""

    members: tuple[str, ...]
    """Those that may hold the value."""
    shape: Shape
    kept: dict[Use, Names] = field(default_factory=dict)
    """The same object for the same use, so that what is to be done with it is worked out once."""

    @staticmethod
    def compile(
        members: tuple[str, ...], beside: Mapping[str, str], patterns: Mapping[str, re.Pattern[str]]
    ) -> "Values":
        """Return how an entry looks whose value stands in one of `members`, with JSONPaths beside it.

        Raises:
            ValueError: a path or a kind is wrong.
        """
        places = {f"$['{name}']": VALUE for name in members} | dict(beside)
        return Values(members, Shape(places, frozenset({VALUE}), patterns))

    def open_list(
        self,
        items: list[Tree],
        use: Use,
        into: Opened,
        *,
        outer: Place | None = None,
        whole: Tree | None = None,
        key: str | None = None,
        facts: Facts | None = None,
    ) -> None:
        """Add every entry of a list to `into`, pruned; what is none goes from the list.

        Args:
            items: untrusted, edited in place.
            use: what they are values of.
            into: collects them.
            outer: where the list stands.
            whole: what goes from there with the last entry.
            key: the record they belong to; None: each is about the record that its value names.
            facts: what is known of that record.
        """
        place = Place(items, outer, whole)
        entries = [each for each in items if isinstance(each, dict)]
        into.pruned += len(items) - len(entries)
        items[:] = entries
        for entry in entries:
            self.open(entry, use, place, into, key=key, facts=facts)
        place.settle()

    def open(
        self,
        entry: dict[str, Tree],
        use: Use,
        place: Place,
        into: Opened,
        *,
        key: str | None = None,
        facts: Facts | None = None,
    ) -> None:
        """Add one entry to `into`, pruned; see `open_list`."""
        _, pruned = self.shape.open(entry, {VALUE: _scalar})
        into.pruned += pruned
        names = self.kept.setdefault(use, dict.fromkeys(self.members, use))
        if key is None:
            key = next(
                (str(entry[name]) for name in self.members if isinstance(entry.get(name), str | int)), None
            )
        keep = frozenset(entry.keys() - names.keys())
        into.records.append(Record(use.object, use.action, entry, names, keep, key, facts=facts, place=place))


def _scalar(value: Tree) -> Tree:
    """Return a value; what holds more is none, whatever the field may hold where it has one."""
    return GONE if isinstance(value, dict | list) else value
