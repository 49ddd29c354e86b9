"""Takes records out of an answer whole, as if the CRM did not have them.

Those are records of people who are restricted (`proxy.bars`), and those of which policy shows nothing. In a list
neither leaves a place behind, and a list of nothing but them is empty. One that was asked for alone is answered
as one that is not there. A count of records says how many there are here, wherever policy could have hidden any:
so it is the same whether or not there was one.

What a client can still tell is that a page has fewer records than it asked for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from proxy.columns import Alike, Columns, Dicts
from proxy.connectors import Opened
from proxy.errors import Refused
from proxy.message import Record, Tree


@dataclass(slots=True)
class Taken:
    """What one pass over an answer took out, and what it could not."""

    gone: set[int]
    """The dicts that are to go, by identity."""
    records: set[int]
    """Those that hold fields of records, whether or not they go."""
    kept: set[int] = field(default_factory=set)
    """Those that are shown; what holds one of them stays."""
    nested: bool = False
    """Whether a record goes from inside another, where it leaves null."""
    sparse: set[int] = field(default_factory=set)
    """Lists that have null for what is not there."""
    dead: set[int] = field(default_factory=set)
    """Every dict and list that went, and those that stood in them."""
    alone: list[tuple[dict[str, Tree], str]] = field(default_factory=list)
    """Where a record stands that is in no list."""

    def walk(self, tree: Tree, *, inside: bool = False) -> None:
        """Go through a tree that is none of those to go itself; `inside`: it stands in a record."""
        if isinstance(tree, dict):
            inside = inside or id(tree) in self.records
            for name, value in tree.items():
                self._member(tree, name, value, inside=inside)
        elif isinstance(tree, list):
            going = [self._goes(item) for item in tree]
            for item, goes in zip(tree, going, strict=True):
                if goes:
                    self.bury(item)
                else:
                    self.walk(item, inside=inside)
            if id(tree) in self.sparse:
                tree[:] = [None if goes else item for item, goes in zip(tree, going, strict=True)]
            else:
                tree[:] = [item for item, goes in zip(tree, going, strict=True) if not goes]

    def _member(self, holder: dict[str, Tree], name: str, value: Tree, *, inside: bool) -> None:
        if isinstance(value, Columns):
            if id(value) in self.gone:
                self.dead.add(id(value))
                holder[name] = []
        elif not self.is_gone(value):
            self.walk(value, inside=inside)
        elif not inside:
            self.bury(value)
            self.alone.append((holder, name))
        elif self.nested:
            self.bury(value)
            holder[name] = None

    def _goes(self, item: Tree) -> bool:
        """Say whether an item of a list is a record that goes, or holds one and no other."""
        if self.is_gone(item):
            return True
        if not isinstance(item, dict) or id(item) in self.records:
            return False
        held = [value for value in item.values() if isinstance(value, dict) and id(value) in self.records]
        return bool(held) and all(map(self.is_gone, held))

    def is_gone(self, tree: Tree) -> bool:
        """Say whether what stands in a tree is to go, and nothing that is shown stands in it."""
        return id(tree) in self.gone and not self._holds(tree)

    def _holds(self, tree: Tree) -> bool:
        """Say whether something that is shown stands in a tree."""
        if id(tree) in self.kept:
            return True
        inner: Iterable[Tree] = (
            tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
        )
        return bool(self.kept) and any(map(self._holds, inner))

    def bury(self, tree: Tree) -> None:
        """Note that something went, with all that stood in it."""
        if isinstance(tree, dict | list):
            self.dead.add(id(tree))
            for value in tree.values() if isinstance(tree, dict) else tree:
                self.bury(value)


@dataclass(frozen=True, slots=True)
class Hidden:
    """What policy made of the records of an answer."""

    gone: set[int]
    """What stands there for those of which nothing is shown, by identity."""
    kept: set[int]
    """The same of those of which something is."""

    @staticmethod
    def of(opened: Opened, shown: list[bool], alike: list[list[bool]]) -> "Hidden":
        """Return it by what came of each of `opened.records`, and of the records in each of `opened.alike`."""
        found = Hidden(set(), set())
        if all(shown) and all(map(all, alike)):
            return found
        for record, each in zip(opened.records, shown, strict=True):
            if each:
                found.kept.add(id(record.members))
            elif record.place is None:  # else it has gone from there
                found.gone.add(id(stands(record)))
        for rows, flags in zip(opened.alike, alike, strict=True):
            if not any(flags):
                found.gone.add(id(rows.columns))
            if isinstance(rows.columns, Dicts):
                found.gone.update(id(row) for row, each in zip(rows.rows, flags, strict=True) if not each)
        return found


def stands(record: Record) -> Tree:
    """Return what stands in an answer for a record: mostly its members."""
    return getattr(record.members, "held", record.members)


def take_out(opened: Opened, gone: set[int], reason: str) -> None:
    """Take dicts out of an answer, and what stood in them out of what is still to be judged.

    Raises:
        Refused: for `reason`; there is nothing else in the answer.
    """
    dead: set[int] = set()
    for part in opened.parts or [opened]:
        if id(part.tree) in gone:
            raise Refused(reason)
        taken = _taken(part, gone, nested=True)
        taken.walk(part.tree)
        for holder, name in taken.alone:
            holder[name] = None
        dead |= taken.dead
    if opened.compose is not None:
        opened.tree = opened.compose()
    _forget(opened, dead)


def withhold(opened: Opened, hidden: Hidden) -> set[int]:
    """Leave nothing of records of which policy shows nothing, in an answer that was asked for to read.

    Returns what went, by identity. Where that was all that was asked for, the answer is the CRM's that there is
    no such record, and `opened.absent` says so.

    Raises:
        Refused: it was all there is, and the CRM has no such answer.
    """
    if not hidden.gone:
        return set()
    dead: set[int] = set()
    for part in opened.parts or [opened]:
        if part.discloses:
            dead |= _withhold(part, hidden)
    if opened.compose is not None:
        opened.tree = opened.compose()
    _forget(opened, dead)
    return dead


def _withhold(opened: Opened, hidden: Hidden) -> set[int]:
    taken = _taken(opened, hidden.gone, hidden.kept)
    alone = taken.is_gone(opened.tree)
    if alone:
        taken.bury(opened.tree)
    else:
        taken.walk(opened.tree)
    missing = opened.missing
    if opened.blank:
        for holder, name in taken.alone:
            holder[name] = None
    elif alone or taken.alone or (missing is not None and missing.any and taken.dead):
        if missing is None:
            raise Refused("nothing_released")
        opened.tree, opened.status, opened.absent = missing.tree, missing.status, True
    elif taken.dead and opened.lacking is not None:
        opened.status = opened.lacking()
    return taken.dead


def restate(opened: Opened, hides: Callable[[str], bool]) -> None:
    """Have counts of records say how many are here, of objects of which records can be hidden."""
    for total in opened.totals:
        if hides(total.object):
            total.restate()


def _taken(opened: Opened, gone: set[int], kept: set[int] | None = None, *, nested: bool = False) -> Taken:
    for alike in opened.alike:
        if isinstance(alike.columns, Dicts):  # these may be the very list that is about to get shorter
            alike.columns.rows = [*alike.columns.rows]
    records = {id(record.members) for record in opened.records} | gone
    return Taken(gone, records, kept or set(), nested, set(map(id, opened.sparse)))


def _forget(opened: Opened, dead: set[int]) -> None:
    """Have nothing that went be judged or counted."""
    if not dead:
        return
    for record in opened.records:
        record.removed = record.removed or id(stands(record)) in dead
    opened.records = [record for record in opened.records if id(stands(record)) not in dead]
    opened.alike = [kept for each in opened.alike if (kept := _left(each, dead)) is not None]


def _left(alike: Alike, dead: set[int]) -> Alike | None:
    """Return those of the records that did not go, None if all did."""
    if not isinstance(alike.columns, Dicts):
        return None if id(alike.columns) in dead else alike
    at = [number for number, row in enumerate(alike.rows) if id(row) not in dead]
    if not at:
        return None
    facts = None if alike.facts is None else [alike.facts[number] for number in at]
    rows, keys = [alike.rows[number] for number in at], [alike.keys[number] for number in at]
    return Alike(alike.object, alike.action, Dicts(rows), alike.keep, keys, facts)
