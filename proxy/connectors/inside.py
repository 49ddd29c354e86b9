"""What stands inside a flat record: lists of values, further fields in a member of their own, records in short.

Pipedrive writes `email: [{value, primary, label}]`, keeps what an account made itself in `custom_fields`, and
shows of a linked record its id, name and address where a field has the id alone elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.connectors.asked import Opened
from proxy.connectors.spec import RecordModel
from proxy.connectors.uses import Uses, members_of
from proxy.connectors.values import VALUE, Names, Use, Values
from proxy.connectors.words import ObjectWords, Words
from proxy.errors import Gap
from proxy.message import Place, Record, Tree

MOST_ENTRIES: Final = 100
"""Of a list of values that a write holds."""


@dataclass(frozen=True, slots=True)
class Inside:
    """How one CRM's flat records hold more than values, compiled."""

    entries: Values | None = None
    """An entry of a list of values."""
    more: tuple[str, ...] = ()
    """Members that hold further fields of the record."""
    short: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Field that links a record -> the object of that, and the member of its short form that is the link."""
    words: Words | None = None
    written: frozenset[str] = frozenset()
    """Those links that writes name by that member, too."""

    @staticmethod
    def compile(model: RecordModel, words: Words, values: Values | None) -> "Inside":
        """Return what a connector declares.

        Raises:
            ValueError: something leads to an object that is not listed.
        """
        for name, short in model.short.items():
            if short.object not in words.objects:
                raise ValueError(f'short: {name} leads to "{short.object}", which is not among the objects')
        found = {name: (short.object, short.id) for name, short in model.short.items()}
        written = frozenset(name for name, short in model.short.items() if short.written)
        return Inside(values if model.many else None, tuple(model.more), found, words, written)

    def __bool__(self) -> bool:
        """Whether there is anything to open in records."""
        return bool(self.entries or self.more or self.short)

    def known(self, tree: dict[str, Tree]) -> dict[str, Tree]:
        """Return all fields of a record on one level, for those who look for facts."""
        inner = (tree.get(name) for name in self.more)
        return {name: value for part in inner if isinstance(part, dict) for name, value in part.items()} | tree

    def open(self, record: Record, words: ObjectWords, into: Opened) -> None:
        """Open everything inside a record, before the record itself."""
        tree = record.members
        for name in self.more:
            inner = tree.get(name)
            if isinstance(inner, dict):
                further = Record(words.name, record.action, inner, key=record.key, facts=record.facts)
                self._lists(further, words, into)
                _flatten(further, into)
                into.records.append(further)
                record.keep |= {name}
        for name, (other, link) in self.short.items():
            inner = tree.get(name)
            if isinstance(inner, dict) and name in words.spec.fields:
                self._short(record, name, inner, (other, link), into)
        self._lists(record, words, into)
        _flatten(record, into)

    def read(self, uses: Uses, name: str, tree: Tree) -> Tree:
        """Note what a write puts inside a record, in a list or in a member with further fields.

        Raises:
            Gap: it is neither, or something in it is not declared.
            Undecodable: one field under two names.
        """
        if name in self.written and isinstance(tree, dict):
            link = self.short[name][1]
            if tree.keys() != {link}:
                raise Gap("construct", "nested_value")
            found = members_of({name: tree[link]}, uses, ())
            live = dict.fromkeys(found, (tree, link))
            uses.writes.append(Record(uses.words.name, uses.action, found, live=live))
            return tree
        if name in self.more and isinstance(tree, dict):
            written = members_of(tree, uses, ())
            uses.writes.append(Record(uses.words.name, uses.action, written))
            return written
        if self.entries is None or not isinstance(tree, list) or len(tree) > MOST_ENTRIES:
            raise Gap("construct", "nested_value")

        return [self._entry(uses, name, each) for each in tree]

    def _entry(self, uses: Uses, name: str, tree: Tree) -> Tree:
        """Note one value of a list, which stands there alone or with something beside it."""
        assert self.entries is not None
        values: list[Tree] = []

        def value(leaf: Tree) -> Tree:
            values.append(leaf)
            return leaf

        entry = self.entries.shape.read(tree, {VALUE: value}) if isinstance(tree, dict) else value(tree)
        for leaf in values:
            found = members_of({name: leaf}, uses, ())
            member = self.entries.members[0]
            live = dict.fromkeys(found, (entry, member)) if isinstance(entry, dict) else None
            uses.writes.append(Record(uses.words.name, uses.action, found, live=live))
        return entry

    def _short(
        self, record: Record, name: str, inner: dict[str, Tree], way: tuple[str, str], into: Opened
    ) -> None:
        """Open another record in short: its id says what the link says, the rest is about itself."""
        assert self.words is not None
        other, link = self.words.objects[way[0]], way[1]
        key = inner.get(link)
        names: Names = {each: (other.name, each, record.action) for each in inner if each in other.spec.fields}
        names = {**names, link: (record.object, name, record.action)}
        within = (record, name)
        found = Record(other.name, record.action, inner, names, within=within)
        found.key = str(key) if isinstance(key, str | int) else None
        self._lists(found, other, into)
        _flatten(found, into)
        record.keep |= {name}
        into.records.append(found)

    def _lists(self, record: Record, words: ObjectWords, into: Opened) -> None:
        """Open lists of values, each of them judged as the field; of others nothing is shown."""
        if self.entries is None:
            return
        place = Place(record.members)
        for name, items in list(record.members.items()):
            if isinstance(items, list) and name in words.spec.fields and _are_entries(items):
                use = Use(words.name, name, record.action)
                self.entries.open_list(items, use, into, outer=place, key=record.key or "", facts=record.facts)
                record.keep |= {name} & record.members.keys()


def _flatten(record: Record, into: Opened) -> None:
    """Take out what holds more than was opened: a field that may be a list is one of values, and no more."""
    for name, value in list(record.members.items()):
        if name in record.keep:
            continue
        if isinstance(value, dict):
            del record.members[name]
            into.pruned += 1
        elif isinstance(value, list):
            flat = [each for each in value if not isinstance(each, dict | list)]
            into.pruned += len(value) - len(flat)
            value[:] = flat


def _are_entries(items: list[Tree]) -> bool:
    return all(isinstance(each, dict) for each in items)
