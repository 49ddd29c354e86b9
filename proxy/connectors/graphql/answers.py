"""What comes back: cut down to what was asked for, and each record in it found by the key it was asked under."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.connectors.asked import Opened, Total
from proxy.connectors.facts import Wanted, facts_of
from proxy.connectors.graphql.query import Query, Selected, project
from proxy.connectors.graphql.selecting import FACT, TYPE, relation_of
from proxy.connectors.graphql.spec import GraphqlField
from proxy.connectors.shape import MAX_COUNT, TOTAL
from proxy.connectors.words import ObjectWords, Words
from proxy.errors import Undecodable, UpstreamFault
from proxy.message import Record, Tree, scalar_text
from proxy.model import DISCLOSING, Action

FAILED = "The CRM could not answer a part of this."
Names = Mapping[str, tuple[str, str, Action]]


@dataclass(frozen=True, slots=True)
class Answered:
    """How the answer to one query is read."""

    words: Words
    query: Query
    declared: Mapping[str, GraphqlField]
    wanted: Wanted = field(default_factory=dict)

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the records of the answer; see `Answer`. Of the CRM's errors there is that there were some."""
        del status
        try:
            found = project(self.query, tree)
        except Undecodable:
            raise UpstreamFault("unexpected_shape") from None
        assert isinstance(found, dict)
        opened = Opened(found, blank=True)
        data = found["data"]
        if data is None:
            return Opened({"data": None, "errors": [{"message": FAILED}]}, is_error=True)
        assert isinstance(data, dict)
        for each in self.query.fields:
            if each.name != TYPE and data.get(each.key) is not None:
                self._root(data, each, opened)
        return opened

    def _root(self, data: dict[str, Tree], root: Selected, into: Opened) -> None:
        declared = self.declared[root.name]
        own = self.words.objects[declared.object]
        action = declared.action if declared.action in DISCLOSING else Action.READ
        if not root.inside:  # a mutation that says no more than that it was done
            data[root.key] = data[root.key] if isinstance(data[root.key], bool) else None
            return
        steps = tuple(declared.records.split(".")) if declared.records else ()
        self._walk(data[root.key], root.inside, steps, _Below(declared, own, action, ""), into)

    def _walk(
        self, tree: Tree, selection: tuple[Selected, ...], steps: tuple[str, ...], at: "_Below", into: Opened
    ) -> None:
        """Go down to the records, through an envelope of which only what is declared stays."""
        if isinstance(tree, list):
            for item in tree:
                self._walk(item, selection, steps, at, into)
            return
        if tree is None:
            return
        if not isinstance(tree, dict):
            raise UpstreamFault("unexpected_shape")
        if not steps:
            self._record(tree, selection, at, into, None)
            return
        for each in selection:
            path = at.path + each.name
            if each.key not in tree or each.name == TYPE:
                tree.pop(each.key, None)
            elif each.name == steps[0]:
                self._walk(tree[each.key], each.inside, steps[1:], at.further(each.name), into)
            else:
                tree[each.key] = _beside(tree[each.key], each, path, at.declared)
                if at.declared.beside.get(path) == TOTAL:
                    listed = (one.key for one in selection if one.name == steps[0])
                    into.totals.append(Total(tree, each.key, tree, next(listed, ""), at.own.name))

    def _record(
        self,
        tree: dict[str, Tree],
        selection: tuple[Selected, ...],
        at: "_Below",
        into: Opened,
        within: tuple[Record, str] | None,
    ) -> None:
        own, names, keep = at.own, {}, set()
        related: list[Selected] = []
        held: dict[str, Tree] = {}
        for each in selection:
            relation = relation_of(own, each.name)
            if each.key not in tree:
                continue
            if each.name == TYPE:
                del tree[each.key]
            elif relation is not None and isinstance(tree[each.key], dict | list):
                keep.add(each.key)
                via = relation.via if each.name in own.parents else ""
                if via:
                    names[each.key] = (own.name, via, at.action)
                related.append(each)
            elif relation is not None:
                if each.name in own.parents:
                    names[each.key] = (own.name, relation.via, at.action)
            else:
                names[each.key] = (own.name, own.listed(each.name), at.action)
                held.setdefault(each.name, tree[each.key])
        facts = None
        if wanted := self.wanted.get(own.name):
            facts = facts_of(own.spec, wanted, held)
        for key in [key for key in tree if key.startswith(FACT)]:
            del tree[key]
            names.pop(key, None)
        key_field = own.spec.subject_key or "id"
        record = Record(
            own.name, at.action, tree, names, frozenset(keep), scalar_text(held.get(key_field)), within, facts
        )
        for each in related:
            relation = relation_of(own, each.name)
            assert relation is not None
            target = self.words.objects[relation.object]
            inner = _Below(at.declared, target, Action.LIST, "")
            for row in rows if isinstance(rows := tree[each.key], list) else [rows]:
                if not isinstance(row, dict):
                    raise UpstreamFault("unexpected_record")
                self._record(row, each.inside, inner, into, (record, each.key))
        into.records.append(record)


@dataclass(frozen=True, slots=True)
class _Below:
    """Where one is below a field of the root."""

    declared: GraphqlField
    own: ObjectWords
    action: Action
    path: str

    def further(self, step: str) -> "_Below":
        return _Below(self.declared, self.own, self.action, f"{self.path}{step}.")


def _beside(value: Tree, each: Selected, path: str, declared: GraphqlField) -> Tree:
    """Return what stands beside records, if it is what it is declared to be; else null."""
    if not each.inside:
        kind = declared.beside.get(path)
        fits = (kind in {"count", TOTAL} and type(value) is int and 0 <= value < MAX_COUNT) or (
            kind == "flag" and isinstance(value, bool)
        )
        return value if fits else None
    if not isinstance(value, dict):
        return None
    return {
        inner.key: _beside(value[inner.key], inner, f"{path}.{inner.name}", declared)
        for inner in each.inside
        if inner.key in value and inner.name != TYPE
    }
