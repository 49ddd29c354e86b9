"""What a request's OData options do: every field, how it is used, and on which object.

A condition, an order or a group by a field tells its value as surely as showing it does, also behind a
navigation property, in a lambda, in a function or an alias; each such use is named here for policy to judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.facts import Wanted, Way
from proxy.connectors.odata.naming import SHOWS_VALUES, Names
from proxy.connectors.odata.tree import (
    Apply,
    Call,
    Compare,
    Condition,
    Expand,
    Junction,
    Literal,
    Not,
    Operand,
    Options,
    Path,
    Quantified,
    Within,
)
from proxy.connectors.words import UNCLASSIFIED, Hidden, ObjectWords
from proxy.errors import Gap, Refused, Undecodable
from proxy.message import RECORD_ITSELF
from proxy.model import Action, FieldUse, Operation

MAX_EXPANDED: Final = 6
"""Records inside records inside records."""

Scope = Mapping[str, ObjectWords]
"""Lambda variable -> the object it stands for; "" is the object that the request is about."""
Columns = Mapping[str, tuple[str, str, Action]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """One request, understood."""

    operations: tuple[Operation, ...]
    """What is done with the object itself, and with each object that comes inside its records."""
    columns: Columns | None
    """What each column of an answer is, where the records are grouped or counted."""


def understand(
    options: Options, words: ObjectWords, names: Names, action: Action, keys: tuple[FieldUse, ...] = ()
) -> Meaning:
    """Return what a request does.

    Args:
        options: the tree of its query options.
        words: the object it is about.
        names: of the connector.
        action: what is done with the records.
        keys: the fields by which the URL finds the record, if not by its id.

    Raises:
        Gap: a combination that has no single meaning, or a navigation property nobody listed.
    """
    reader = _Reader(names)
    reader.notes.update(dict.fromkeys(keys))
    columns = reader.whole(options, words, action)
    own = Operation(action, words.name, tuple(reader.notes), tuple(reader.records))
    return Meaning((own, *reader.inside), columns)


class _Reader:
    """Collects what is done with one object; what is done with those inside it are operations of their own."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.notes: dict[FieldUse, None] = {}
        self.records: list[str] = []
        self.inside: list[Operation] = []

    def whole(self, options: Options, words: ObjectWords, action: Action, depth: int = 0) -> Columns | None:
        scope = {"": words}
        for name in options.select:
            self._note(self.names.uses(words, name, action))
        if options.condition is not None:
            self._condition(options.condition, scope)
        for key in options.order:
            self._path(key.path, scope, Action.SORT)
        if options.search is not None:
            self._search(words)
        for each in options.expand:
            self._expand(each, words, action, depth)
        if options.apply is None:
            return None
        if options != Options(apply=options.apply):
            raise Gap("construct", "odata_apply")
        return self._apply(options.apply, words)

    def _note(self, uses: list[FieldUse]) -> None:
        self.notes.update(dict.fromkeys(uses))

    def _search(self, words: ObjectWords) -> None:
        """Note a search in every field that the CRM looks into."""
        if not words.searched:
            raise Gap("construct", "free_text_search")
        self._note([FieldUse(words.name, each, Action.FILTER) for each in words.searched])

    # ---- expanded records --------------------------------------------------------------------------------

    def _expand(self, tree: Expand, words: ObjectWords, action: Action, depth: int) -> None:
        if depth >= MAX_EXPANDED:
            raise Undecodable("query_too_deep")
        relation = words.parents.get(tree.name) or words.children.get(tree.name)
        if relation is None:
            raise Gap("construct", "odata_navigation")
        target = self.names.words.objects[relation.object]
        inner = _Reader(self.names)
        if tree.name in words.parents:
            self._note([FieldUse(words.name, relation.via, action)])
        else:
            inner._note([FieldUse(target.name, relation.via, Action.LIST)])
        inner.whole(tree.options, target, Action.LIST, depth + 1)
        self.inside.append(Operation(Action.LIST, target.name, tuple(inner.notes), tuple(inner.records)))
        self.inside += inner.inside

    # ---- conditions --------------------------------------------------------------------------------------

    def _condition(self, tree: Condition, scope: Scope) -> None:
        match tree:
            case Compare():
                self._operand(tree.left, scope)
                self._operand(tree.right, scope)
                if tree.operator == "eq":
                    self._note_record(tree.left, tree.right, scope)
                    self._note_record(tree.right, tree.left, scope)
            case Within():
                self._operand(tree.operand, scope)
                for value in tree.values:
                    self._note_record(tree.operand, value, scope)
            case Call():
                self._operand(tree, scope)
            case Not():
                self._condition(tree.condition, scope)
            case Junction():
                for each in tree.conditions:
                    self._condition(each, scope)
            case Quantified():
                self._quantified(tree, scope)

    def _operand(self, tree: Operand, scope: Scope) -> None:
        if isinstance(tree, Path):
            self._path(tree, scope, Action.FILTER)
        elif isinstance(tree, Call):
            for each in tree.arguments:
                self._operand(each, scope)

    def _quantified(self, tree: Quantified, scope: Scope) -> None:
        *before, last = tree.path.steps
        words, rest = self._start(tuple(before), scope)
        found = self._follow(words, rest, Action.FILTER)
        relation = None if found is None else found.children.get(last)
        if relation is None:
            raise Gap("construct", "odata_navigation")
        target = self.names.words.objects[relation.object]
        self._note([FieldUse(target.name, relation.via, Action.FILTER)])
        if tree.condition is not None:
            if tree.variable in scope:
                raise Gap("construct", "odata")
            self._condition(tree.condition, {**scope, tree.variable: target})

    def _path(self, path: Path, scope: Scope, action: Action) -> None:
        *before, last = path.steps
        if not before and last in scope:
            raise Gap("construct", "odata")
        words, rest = self._start(tuple(before), scope)
        found = self._follow(words, rest, action)
        if found is not None:
            self._note(self.names.uses(found, last, action))

    @staticmethod
    def _start(steps: tuple[str, ...], scope: Scope) -> tuple[ObjectWords, tuple[str, ...]]:
        """Return the object a path starts from, and its steps from there."""
        if steps and steps[0] and steps[0] in scope:
            words = scope[""]
            if steps[0] in words.parents or steps[0] in words.children:
                raise Gap("construct", "odata")  # two readers could each take another one
            return scope[steps[0]], steps[1:]
        return scope[""], steps

    def _follow(self, words: ObjectWords, steps: tuple[str, ...], action: Action) -> ObjectWords | None:
        """Return the object that navigation leads to, each link noted; None where a step has no name."""
        for step in steps:
            relation = words.parents.get(step)
            if relation is None:
                self._note([FieldUse(words.name, UNCLASSIFIED, action)])
                return None
            self._note([FieldUse(words.name, relation.via, action)])
            words = self.names.words.objects[relation.object]
        return words

    def _note_record(self, operand: Operand, value: Operand, scope: Scope) -> None:
        words = scope[""]
        if isinstance(operand, Path) and isinstance(value, Literal):
            key = self.names.objects[words.name].key
            if operand.steps == (key,) and not value.text.startswith("'"):
                self.records.append(value.text)

    # ---- groups ------------------------------------------------------------------------------------------

    def _apply(self, tree: Apply, words: ObjectWords) -> Columns:
        if tree.condition is not None:
            self._condition(tree.condition, {"": words})
        columns: dict[str, tuple[str, str, Action]] = {}
        for name in tree.group:
            self._note(self.names.uses(words, name, Action.GROUP))
            self._note(self.names.uses(words, name, Action.LIST))
            columns[name] = (words.name, self.names.field(words, name), Action.LIST)
        for each in tree.columns:
            field = self.names.field(words, each.field) if each.field else RECORD_ITSELF
            action = Action.LIST if each.method in SHOWS_VALUES else Action.AGGREGATE
            self._note([FieldUse(words.name, field, use) for use in dict.fromkeys((Action.AGGREGATE, action))])
            if each.alias in columns or each.alias in words.spec.fields or each.alias.startswith("_"):
                raise Gap("construct", "odata_apply")
            columns[each.alias] = (words.name, field, action)
        return columns


def narrowed(options: Options, words: ObjectWords, names: Names, hidden: Hidden) -> Options:
    """Return the options without the fields of which nothing could be shown.

    Raises:
        Refused: some were selected, and none of them remains.
    """
    left = tuple(name for name in options.select if (words.name, names.field(words, name)) not in hidden)
    if options.select and not left:
        raise Refused("not_granted", words.name)
    expand: list[Expand] = []
    for each in options.expand:
        relation = words.parents.get(each.name) or words.children[each.name]
        holder = words.name if each.name in words.parents else relation.object
        if (holder, relation.via) in hidden:
            continue  # that there is a link is not to be shown, and so nor is what lies behind it
        inner = narrowed(each.options, names.words.objects[relation.object], names, hidden)
        expand.append(replace(each, options=inner))
    return replace(options, select=left, expand=tuple(expand))


def widened(
    options: Options, words: ObjectWords, names: Names, wanted: Wanted, way: Way = ()
) -> tuple[Options, Mapping[Way, frozenset[str]]]:
    """Return the options with the fields that facts are read from, and those among them only we ask for.

    Nothing is added where the CRM answers with every property anyway.
    """
    added: dict[Way, frozenset[str]] = {}
    expand: list[Expand] = []
    for each in options.expand:
        relation = words.parents.get(each.name) or words.children[each.name]
        target = names.words.objects[relation.object]
        inner, more = widened(each.options, target, names, wanted, (*way, each.name))
        expand.append(replace(each, options=inner))
        added.update(more)
    select = options.select
    if select:
        new = [name for name in names.facts(words, wanted) if name not in select]
        select, added[way] = (*select, *new), frozenset(new)
    return replace(options, select=select, expand=tuple(expand)), added
