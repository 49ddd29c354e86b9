"""Closed shapes: every member a message may have, by JSONPath, compiled into a tree of plain nodes.

The same shape is strict in both directions, in the way each direction needs. A request with a member that is
not in the shape is refused. An answer with such a member is released without it.

Kinds of value, for any shape: `count`, `flag`, `time`, `name`, `none` (null or an empty list), and every name
in the connector's `patterns`; in answers also `total`, a count of the records in the list beside it, of those on
further pages too.
Kinds with a meaning:

    record      answers    a record of an object, opened by the route
    optional    answers    the same, or null where there is none; in a list: the list may be null, and in the
                           outermost list an item is null where a record that was asked for is not there
    fault       answers    an error about one record, told in our words
    outcome     answers    what came of one record: an error as `fault`, or what the connector says is kept
    link        answers    an entry of a list of what is linked, opened by `grammar: links`
    links       answers    the same for many records at once: `from`, and the list in `to`
    counters    answers    named numbers, or groups of them, whatever their names
    definitions answers    by name, what there is to say of fields or objects: flags, numbers and single words
    more        answers    a link to the next page, sealed by the grammar or dropped
    empty       answers    a list, released without its items (each is counted as pruned)
    drop        answers    known, never released, and not counted as pruned
    fields      requests   the members are fields that the client writes
    pair        requests   a field that the client writes, as {property: NAME, value: VALUE}
    select      requests   the text is the name of a field to return
    history     requests   the text is the name of a field whose earlier values are to be returned too
    links       requests   the text is the name of an object; what of it is linked is to be returned
    key         requests   the text is the CRM's id of a record; must match the pattern `id`
    by          requests   the text is the name of a field; every key is a value of it then, and no id
    row         requests   a record of the object that it names itself, written as `fields` are

Why no free text among the kinds: whatever is text in an envelope can hold a value nobody judged.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from proxy.columns import Columns
from proxy.connectors import paths
from proxy.connectors.asked import Total
from proxy.connectors.paths import compile_path
from proxy.connectors.words import NAME
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Tree

ANSWERED: Final = frozenset(
    {
        "record",
        "optional",
        "more",
        "empty",
        "drop",
        "fault",
        "outcome",
        "definitions",
        "counters",
        "link",
        "links",
    }
)
"""Kinds with a meaning in answers."""
REQUESTED: Final = frozenset({"fields", "pair", "select", "history", "links", "key", "by", "row"})
"""Kinds with a meaning in requests."""
TOTAL: Final = "total"
"""The kind of a count that counts records."""
_LISTED: Final = frozenset({"record", "optional", "link", "links"})
"""Kinds of the items of lists that are counted."""
MAX_COUNT: Final = 1 << 53
MAX_ITEMS: Final = 1_000
"""Items of a list in a request where the connector does not say how many the CRM takes."""

_WORD: Final = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)", re.ASCII)

Check = Callable[[Tree], bool]
Visit = Callable[[Tree], Tree]
"""Gets what stands at a place and returns what is to stand there, or GONE."""


class _Gone:
    """Stands for a member that is to be left out."""


GONE: Final = _Gone()


def scalar(kind: str, patterns: Mapping[str, re.Pattern[str]]) -> Check:
    """Return the test for a scalar kind.

    Raises:
        ValueError: no such kind.
    """
    if kind in {"count", TOTAL}:
        return lambda value: type(value) is int and 0 <= value < MAX_COUNT
    if kind == "flag":
        return lambda value: isinstance(value, bool)
    if kind == "none":
        return lambda value: value is None or value == []
    pattern = {"time": _TIME, "name": NAME}.get(kind) or patterns.get(kind)
    if pattern is None:
        raise ValueError(f'"{kind}" is neither a known kind nor one of the patterns')
    matches = pattern.fullmatch
    return lambda value: isinstance(value, str) and matches(value) is not None


@dataclass(slots=True)
class Node:
    """One place of a shape."""

    members: dict[str, "Node"] = field(default_factory=dict)
    items: "Node | None" = None
    kind: str = ""
    """A kind with a meaning, or "" for a scalar or a container."""
    check: Check | None = None
    records: bool = False
    """Whether records lie here or further in: then it must be there."""
    most: int = MAX_ITEMS
    """Of a list in a request: its items."""


class Shape:
    """A compiled shape."""

    def __init__(
        self,
        places: Mapping[str, str],
        allowed: frozenset[str],
        patterns: Mapping[str, re.Pattern[str]],
        lists: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Compile `places`, JSONPath -> kind, with the meaningful kinds `allowed`.

        `lists` says of some lists how many items they may have; those that are not here are ignored.

        Raises:
            ValueError: a path or a kind is wrong, or two places contradict each other.
        """
        self.root = Node()
        self.kinds = frozenset(places.values())
        for path, kind in places.items():
            node = self.root
            for step in compile_path(path):
                if node.kind or node.check:
                    raise ValueError(f'"{path}" lies inside a place that has a kind of its own')
                if step is None:
                    node.items = node.items or Node()
                    node = node.items
                else:
                    node = node.members.setdefault(step, Node())
            if node.kind or node.check or node.members or node.items:
                raise ValueError(f'"{path}" contradicts another place')
            if kind in allowed:
                node.kind = kind
            else:
                node.check = scalar(kind, patterns)
        _mark(self.root)
        self.records = _only_list(path for path, kind in places.items() if kind == "record")
        """Names that lead to the one list of records, None where there is none or several."""
        self._counted = _only_list(path for path, kind in places.items() if kind in _LISTED)
        self._totals = [paths.names(path) for path, kind in places.items() if kind == TOTAL]
        if self._totals and self._counted is None:
            raise ValueError("a total counts the one list of records that there is")
        found = self.root.items
        self.sparse = found is not None and found.kind == "optional"
        """Whether the outermost list has null for what is not there."""
        for path, most in lists.items():
            if (found := self._list_at(path)) is not None:
                found.most = most

    def has_list(self, path: str) -> bool:
        """Say whether a list is declared at a JSONPath; raises ValueError if it is none."""
        return self._list_at(path) is not None

    def _list_at(self, path: str) -> Node | None:
        node: Node | None = self.root
        for step in compile_path(path):
            if node is not None:
                node = node.items if step is None else node.members.get(step)
        return node if node is not None and node.items is not None else None

    def read(self, tree: Tree, visits: Mapping[str, Visit]) -> Tree:
        """Return a request body, all of it declared, with `visits` run at the places that have a meaning.

        Raises:
            Gap: a member that is not declared, or a value that is not of its kind.
            Undecodable: a list with more items than the CRM takes.
        """
        return _read(self.root, tree, visits)

    def open(self, tree: Tree, visits: Mapping[str, Visit]) -> tuple[Tree, int]:
        """Return an answer cut down to what is declared, in place, and how many members were dropped.

        A visit `every record` gets a list of records at once and edits it in place; without one each of them is
        visited as a `record`. The same holds of other kinds. Where `Columns` stand for the list, it gets them
        and returns what is to stand there.

        Raises:
            UpstreamFault: the outermost container, or one that holds records, is not what was declared.
        """
        pruned = [0]
        tree = _open(self.root, tree, visits, pruned)
        if tree is GONE:
            raise UpstreamFault("unexpected_shape")
        return tree, pruned[0]

    def totals(self, tree: Tree, name: str) -> Iterator[Total]:
        """Yield the counts in an opened answer that count its records, which are of object `name`."""
        for steps in self._totals:
            assert self._counted is not None
            holder, beside = paths.get(tree, steps[:-1]), paths.get(tree, self._counted[:-1])
            if isinstance(holder, dict) and steps[-1] in holder and isinstance(beside, dict):
                yield Total(holder, steps[-1], beside, self._counted[-1], name)


def _read(node: Node, tree: Tree, visits: Mapping[str, Visit]) -> Tree:
    if node.kind:
        return visits[node.kind](tree)
    if node.check is not None:
        if not node.check(tree):
            raise Gap("construct", "unknown_value")
        return tree
    if node.items is not None and isinstance(tree, list):
        items = node.items
        if len(tree) > node.most:
            raise Undecodable("too_many_items", status=413)
        return [_read(items, item, visits) for item in tree]
    if node.members and isinstance(tree, dict):
        if not tree.keys() <= node.members.keys():
            raise Gap("construct", "unknown_member")
        return {name: _read(node.members[name], value, visits) for name, value in tree.items()}
    raise Gap("construct", "unknown_value")


def _open(node: Node, tree: Tree, visits: Mapping[str, Visit], pruned: list[int]) -> Tree:
    if node.kind == "empty":
        pruned[0] += len(tree) if isinstance(tree, list) else 1
        return [] if isinstance(tree, list) else GONE
    if node.kind == "counters":
        return _counters(tree, pruned)
    if node.kind == "definitions":
        return _definitions(tree, pruned)
    if node.kind:
        return visits[node.kind](tree)
    if node.check is not None:
        return tree if tree is None or node.check(tree) else GONE
    if node.items is not None and isinstance(tree, Columns):
        if (every := visits.get(f"every {node.items.kind}")) is not None:
            return every(tree)
        tree = tree.apart()
    if node.items is not None and isinstance(tree, list):
        _open_items(node.items, tree, visits, pruned)
        return tree
    if node.members and isinstance(tree, dict):
        _open_members(node.members, tree, visits, pruned)
        return tree
    if tree is None and node.items is not None and node.items.kind == "optional":
        return None  # how some write a list that is empty
    if node.records:
        raise UpstreamFault("unexpected_shape")
    return GONE


def _counters(tree: Tree, pruned: list[int], depth: int = 0) -> Tree:
    """Return named numbers, and groups of them, without whatever else stands there."""
    if not isinstance(tree, dict):
        return GONE
    for name, value in list(tree.items()):
        if isinstance(value, dict):
            known = depth < 1 and _counters(value, pruned, depth + 1) is not GONE
        else:
            known = type(value) is int and abs(value) < MAX_COUNT
        if not known or not NAME.fullmatch(name):
            del tree[name]
            pruned[0] += 1
    return tree


def _definitions(tree: Tree, pruned: list[int]) -> Tree:
    """Return definitions, by name, without whatever could hold more than a word."""
    if not isinstance(tree, dict):
        return GONE
    for name, value in list(tree.items()):
        if not isinstance(value, dict) or not NAME.fullmatch(name):
            del tree[name]
            pruned[0] += 1
            continue
        for member in [member for member, said in value.items() if not _is_word(said)]:
            del value[member]
            pruned[0] += 1
    return tree


def _is_word(tree: Tree) -> bool:
    """Say whether something is a flag, a number, a single word, or a list of such words."""
    if isinstance(tree, list):
        return all(isinstance(each, str) and NAME.fullmatch(each) for each in tree)
    if isinstance(tree, str):
        return _WORD.fullmatch(tree) is not None
    return tree is None or isinstance(tree, bool) or (type(tree) is int and abs(tree) < MAX_COUNT)


def _open_items(node: Node, items: list[Tree], visits: Mapping[str, Visit], pruned: list[int]) -> None:
    if (every := visits.get(f"every {node.kind}")) is not None:
        every(items)
        return
    if node.kind == "record":
        kept = list(map(visits["record"], items))
    else:
        kept = [_open(node, item, visits, pruned) for item in items]
    items[:] = [item for item in kept if item is not GONE]
    pruned[0] += len(kept) - len(items)


def _open_members(
    members: Mapping[str, Node], tree: dict[str, Tree], visits: Mapping[str, Visit], pruned: list[int]
) -> None:
    for name, node in members.items():
        if node.records and name not in tree:
            raise UpstreamFault("unexpected_shape")
    for name in list(tree):
        inner = members.get(name)
        if inner is not None and inner.kind == "drop":
            del tree[name]
            continue
        value = GONE if inner is None else _open(inner, tree[name], visits, pruned)
        if value is GONE:
            del tree[name]
            pruned[0] += 1
        else:
            tree[name] = value


def _only_list(given: Iterable[str]) -> tuple[str, ...] | None:
    match [compile_path(path) for path in given]:
        case [(*names, None)] if names:
            found = tuple(name for name in names if name is not None)
            return found if len(found) == len(names) else None
    return None


def _mark(node: Node) -> bool:
    """Set `records` of a node and all inside it."""
    inner = [*node.members.values(), *([node.items] if node.items else [])]
    marks = [_mark(each) for each in inner]
    node.records = True in marks or node.kind in {"record", "optional", "link"}
    return node.records
