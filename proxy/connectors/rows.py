"""Records as one CRM writes them in its answers: finding the fields, and the records nested in them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from proxy.connectors import paths
from proxy.connectors.asked import Opened
from proxy.connectors.facts import NOTHING, Gathering, Way
from proxy.connectors.spec import RecordModel
from proxy.connectors.words import ObjectWords, Relation, Words
from proxy.errors import UpstreamFault
from proxy.message import Record, Tree
from proxy.model import Action

MAX_NESTING: Final = 8
"""Records inside records; SOQL follows five relations at most."""

More = Callable[[str, str], str | None]
"""Gets the name of a child relation, "" for the page itself, and the link to its next page; returns a sealed
link, or None to have it dropped."""


def no_more(_relation: str, _link: str) -> str | None:
    """Have every link to a further page dropped."""
    return None


@dataclass(frozen=True, slots=True)
class Rows:
    """How records look, compiled; shared between exchanges."""

    words: Words
    type_at: tuple[str, ...] | None
    """Where a record says what it is; None: it does not, the route knows."""
    structure: Mapping[str, frozenset[str]]
    """Member that holds structure -> what is kept of it."""
    keys: tuple[tuple[str, ...], ...]
    id: re.Pattern[str]
    inner: str | None
    """The member that holds the fields; None: the record does itself."""
    outer: Mapping[str, str]
    """With `inner`: member beside it -> the field it shows."""

    @staticmethod
    def compile(model: RecordModel, words: Words, id_pattern: re.Pattern[str]) -> "Rows":
        """Return the rows a connector declares.

        Raises:
            ValueError: a path in the model is wrong.
        """
        inner = paths.names(model.fields) if model.fields else ()
        if len(inner) > 1:
            raise ValueError("fields: must be a member of the record itself")
        return Rows(
            words,
            paths.names(model.object) if model.object else None,
            MappingProxyType({name: frozenset(kept) for name, kept in model.structure.items()}),
            tuple(paths.names(path) for path in model.key),
            id_pattern,
            inner[0] if inner else None,
            model.outer,
        )

    def told(self, tree: dict[str, Tree]) -> str | None:
        """Return what a record says it is, unverified; None if it does not."""
        told = None if self.type_at is None else paths.get(tree, self.type_at)
        return told if isinstance(told, str) else None

    def key(self, tree: dict[str, Tree]) -> str | None:
        """Return the CRM's id of a record if it says one: the last segment of what stands at a key path."""
        for steps in self.keys:
            value = paths.get(tree, steps)
            if isinstance(value, str) and self.id.fullmatch(found := value.rpartition("/")[2]):
                return found
        return None


@dataclass(slots=True)
class Page:
    """One answer while it is taken apart."""

    rows: Rows
    action: Action
    into: Opened
    """Collects records and counts what is pruned."""
    more: More = no_more
    gathering: Gathering = NOTHING

    def open(
        self, tree: Tree, expected: ObjectWords, types: frozenset[str] = frozenset(), way: Way = ()
    ) -> Tree:
        """Add the record that `tree` is, and every record nested in it, to `into`; return it, pruned.

        Args:
            tree: one record of an answer, untrusted, edited in place.
            expected: what the request asked for.
            types: further names the CRM may give this object.
            way: the relations that lead from the outermost record to this one.

        Raises:
            UpstreamFault: not a record, not of that object, or nested too deeply.
        """
        rows = self.rows
        if not isinstance(tree, dict) or len(way) > MAX_NESTING:
            raise UpstreamFault("unexpected_record")
        if rows.type_at is not None:
            told = rows.told(tree)
            if told != expected.name and told not in types:
                raise UpstreamFault("unexpected_record")
        key = rows.key(tree)
        if rows.inner is not None:
            self._inner(tree, expected, key, rows.inner)
            return tree
        facts = self.gathering.take(expected.spec, tree, way)
        keep = self.structure(tree)
        for name in expected.parents.keys() & tree.keys():
            if tree[name] is not None:
                self._parent(tree[name], expected.parents[name], (*way, name))
                keep.append(name)
        for name in expected.children.keys() & tree.keys():
            keep.append(name)
            if tree[name] is not None:
                self._children(tree[name], expected.children[name], (*way, name))
        record = Record(expected.name, self.action, tree, None, frozenset(keep), key, facts=facts)
        self.into.records.append(record)
        return tree

    def structure(self, tree: dict[str, Tree]) -> list[str]:
        """Cut structural members down to what is kept of them; return their names."""
        kept: list[str] = []
        for name, parts in self.rows.structure.items():
            value = tree.get(name)
            if isinstance(value, dict):
                tree[name] = {part: value[part] for part in parts if isinstance(value.get(part), str)}
                kept.append(name)
            elif name in tree:
                del tree[name]
                self.into.pruned += 1
        return kept

    def _parent(self, tree: Tree, relation: Relation, way: Way) -> None:
        self.open(tree, self.rows.words.objects[relation.object], relation.types, way)

    def _children(self, tree: Tree, relation: Relation, way: Way) -> None:
        """Open a list of child records in its envelope."""
        rows = tree.get("records") if isinstance(tree, dict) else None
        if not isinstance(tree, dict) or not isinstance(rows, list):
            raise UpstreamFault("unexpected_shape")
        other = self.rows.words.objects[relation.object]
        for row in rows:
            self.open(row, other, relation.types, way)
        for name in list(tree):
            value = tree[name]
            if name == "records" or (name in {"totalSize", "done"} and isinstance(value, int)):
                continue
            sealed = None
            if name == "nextRecordsUrl" and isinstance(value, str):
                sealed = self.more(relation.name, value)
            if sealed is None:
                del tree[name]
                self.into.pruned += 1
            else:
                tree[name] = sealed

    def _inner(self, tree: dict[str, Tree], words: ObjectWords, key: str | None, inner: str) -> None:
        """Open a record whose fields lie in a member of their own, with more fields beside it."""
        outer = self.rows.outer
        for name in tree.keys() - outer.keys() - {inner}:
            del tree[name]
            self.into.pruned += 1
        fields = tree.setdefault(inner, {})
        if not isinstance(fields, dict):
            raise UpstreamFault("unexpected_record")
        names = {member: (words.name, outer[member], self.action) for member in tree if member != inner}
        keep = frozenset({inner})
        facts = self.gathering.take(words.spec, fields, ())
        self.into.records.append(Record(words.name, self.action, tree, names, keep, key, facts=facts))
        self.into.records.append(Record(words.name, self.action, fields, None, frozenset(), key, facts=facts))
