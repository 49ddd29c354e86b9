"""What a record shows of a field beside its value: each in a cell, earlier ones, and what it is linked to.

HubSpot's API v3 lists `propertiesWithHistory` and `associations` beside the properties; v1 has a cell for each
property, with its value and all that it was before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from proxy.connectors.asked import Beside, Opened
from proxy.connectors.facts import Gathering
from proxy.connectors.inside import Inside
from proxy.connectors.linked import Links
from proxy.connectors.spec import RecordModel
from proxy.connectors.values import Use, Values
from proxy.connectors.words import ObjectWords, Words
from proxy.errors import Gap, UpstreamFault
from proxy.message import Place, Tree
from proxy.model import Action, Facts

_RESULTS: Final = "results"


class Side(NamedTuple):
    """The record that something stands beside, and the answer it is in."""

    action: Action
    key: str | None
    facts: Facts | None
    into: Opened
    asked: Beside
    """What the request asked for of all this."""


@dataclass(frozen=True, slots=True)
class Sides:
    """How one CRM's records say more of a field than its value, compiled."""

    cells: str = ""
    history: str = ""
    past: Values | None = None
    """An earlier value; the same member holds it as holds the value of a cell."""
    linked: str = ""
    links: Links | None = None
    words: Words | None = None
    inside: Inside = field(default_factory=Inside)
    """What flat records hold; such have nothing of the above."""

    @staticmethod
    def compile(
        model: RecordModel, words: Words, patterns: Mapping[str, re.Pattern[str]], links: Links | None
    ) -> "Sides":
        """Return what a connector declares.

        Raises:
            ValueError: a path or kind is wrong, or something needs what is not there.
        """
        if (model.cells or model.history or model.links) and not model.fields:
            raise ValueError("cells, history and links need fields:")
        if model.links and links is None:
            raise ValueError("links: needs the connector to have a section of that name")
        if (model.many or model.more or model.short) and model.fields:
            raise ValueError("many, more and short are for records without fields:")
        past = None
        if model.cells or model.history or model.many:
            past = Values.compile((model.cells or model.many or "value",), model.beside, patterns)
        inside = Inside.compile(model, words, past)
        return Sides(model.cells, model.history, past, model.links, links, words, inside)

    @property
    def members(self) -> frozenset[str]:
        """Members of a record that hold something of this."""
        beside = {self.history} if not self.cells else set()
        return frozenset({*beside, self.linked} - {""})

    def facts(self, fields: dict[str, Tree], words: ObjectWords, gathering: Gathering) -> Facts | None:
        """Return what conditions may know of a record; take out what only we asked for."""
        if not self.cells:
            return gathering.take(words.spec, fields, ())
        flat = {name: cell.get(self.cells) if isinstance(cell, dict) else None for name, cell in fields.items()}
        found = gathering.take(words.spec, flat, ())
        for name in fields.keys() - flat.keys():
            del fields[name]
        return found

    def open(self, tree: dict[str, Tree], fields: dict[str, Tree], words: ObjectWords, side: Side) -> None:
        """Open all of it in one record; what is of no listed field goes."""
        if self.cells:
            self._cells(fields, words, side)
        elif self.history in tree:
            self._history(tree, words, side)
        if self.linked in tree:
            self._linked(tree, words, side)

    def _cells(self, fields: dict[str, Tree], words: ObjectWords, side: Side) -> None:
        assert self.past is not None
        place = Place(fields)
        for name, cell in list(fields.items()):
            use = Use(words.name, words.listed(name), side.action)
            if not isinstance(cell, dict) or use.field not in words.spec.fields:
                del fields[name]
                side.into.pruned += 1
                continue
            past = cell.pop(self.history, None) if self.history else None
            self.past.open(cell, use, place, side.into, key=side.key, facts=side.facts)
            if isinstance(past, list) and past:
                self._put_past(cell, past, use, side)

    def _put_past(self, cell: dict[str, Tree], past: list[Tree], use: Use, side: Side) -> None:
        """Put the earlier values of a cell back, to go one by one; the cell goes by itself."""
        assert self.past is not None
        cell[self.history] = past
        record = side.into.records[-1]
        record.keep |= {self.history}
        self.past.open_list(past, use, side.into, outer=Place(cell), key=side.key, facts=side.facts)

    def _history(self, tree: dict[str, Tree], words: ObjectWords, side: Side) -> None:
        assert self.past is not None
        past = tree[self.history]
        if not isinstance(past, dict):
            raise UpstreamFault("unexpected_record")
        outer = Place(past, Place(tree))
        for name, items in list(past.items()):
            use = Use(words.name, words.listed(name), side.action)
            asked = name in side.asked.past and isinstance(items, list)
            if not asked or use.field not in words.spec.fields:
                del past[name]
                side.into.pruned += 1
                continue
            assert isinstance(items, list)
            self.past.open_list(items, use, side.into, outer=outer, key=side.key, facts=side.facts)
        outer.settle()

    def _linked(self, tree: dict[str, Tree], words: ObjectWords, side: Side) -> None:
        """Open what a record is linked to: by object, a list of entries in an envelope."""
        assert self.links is not None
        others = tree[self.linked]
        if not isinstance(others, dict):
            raise UpstreamFault("unexpected_record")
        outer = Place(others, Place(tree))
        for name, page in list(others.items()):
            use, near = self._link(words.name, name, side.action)
            items = page.get(_RESULTS) if isinstance(page, dict) else None
            if use is None or not isinstance(items, list) or self._named(name) not in side.asked.linked:
                del others[name]
                side.into.pruned += 1
                continue
            whole = others[name] = {_RESULTS: items}
            key, facts = (side.key, side.facts) if near else (None, None)
            self.links.values.open_list(items, use, side.into, outer=outer, whole=whole, key=key, facts=facts)
        outer.settle()

    def _named(self, other: str) -> str:
        assert self.words is not None
        return self.words.spelled(other)

    def _link(self, name: str, other: str, action: Action) -> tuple[Use | None, bool]:
        """Return the use that a link to another object is, and whether its field is of this end."""
        assert self.links is not None
        assert self.words is not None
        try:
            holder, field = self.links.field(name, self.words.object(other).name)
        except Gap:
            return None, False
        return Use(holder, field, action), holder == name
