"""Options that compare protected fields with what stands in the CRM for the values they name."""

from dataclasses import replace
from typing import Final

from proxy.connectors.comparing import Looking, refuse
from proxy.connectors.odata.naming import Names
from proxy.connectors.odata.tree import (
    Call,
    Compare,
    Condition,
    Junction,
    Literal,
    Not,
    Operand,
    Options,
    Path,
    Quantified,
    Within,
)
from proxy.connectors.words import ObjectWords

_NULL: Final = "null"
_JOINED: Final = {"eq": "or", "ne": "and"}
Scope = dict[str, ObjectWords]


def swapped(options: Options, words: ObjectWords, names: Names, looking: Looking) -> Options:
    """Return options with each comparison of a protected field put into what the CRM has.

    Raises:
        Refused: a protected field is compared by anything but equality with a text, or searched.
    """
    swapper = _Swapper(names, looking)
    if options.search is not None:
        for field in words.searched:
            looking.other(words.name, field)
    condition = None if options.condition is None else swapper.condition(options.condition, {"": words})
    expand = tuple(
        replace(each, options=swapped(each.options, swapper.behind(words, each.name), names, looking))
        for each in options.expand
    )
    apply = options.apply
    if apply is not None and apply.condition is not None:
        apply = replace(apply, condition=swapper.condition(apply.condition, {"": words}))
    return replace(options, condition=condition, expand=expand, apply=apply)


class _Swapper:
    """Goes over conditions that `understand` has been over."""

    def __init__(self, names: Names, looking: Looking) -> None:
        self.names = names
        self.looking = looking

    def condition(self, tree: Condition, scope: Scope) -> Condition:
        match tree:
            case Compare():
                return self._compared(tree, scope)
            case Within():
                return self._within(tree, scope)
            case Call():
                self._other(tree, scope)
                return tree
            case Not():
                return Not(self.condition(tree.condition, scope))
            case Junction():
                return replace(tree, conditions=tuple(self.condition(each, scope) for each in tree.conditions))
            case Quantified():
                return self._quantified(tree, scope)

    def _compared(self, tree: Compare, scope: Scope) -> Condition:
        path, value = (tree.left, tree.right) if isinstance(tree.left, Path) else (tree.right, tree.left)
        if not isinstance(path, Path) or not isinstance(value, Literal) or tree.operator not in _JOINED:
            self._other(tree.left, scope)
            self._other(tree.right, scope)
            return tree
        found = self._look(path, (value,), scope)
        return tree if found is None else _joined(path, tree.operator, found)

    def _within(self, tree: Within, scope: Scope) -> Condition:
        if not isinstance(tree.operand, Path):
            self._other(tree.operand, scope)
            return tree
        found = self._look(tree.operand, tree.values, scope)
        return tree if found is None else _joined(tree.operand, "eq", found)

    def _look(self, path: Path, values: tuple[Literal, ...], scope: Scope) -> tuple[Literal, ...] | None:
        name, field = self._meant(path, scope)
        if not self.looking.guarded(name, field):
            return None
        texts = [value.text for value in values if value.text != _NULL]
        if not all(text.startswith("'") for text in texts):
            refuse(name, field)
        found = self.looking.look(name, field, [text[1:-1].replace("''", "'") for text in texts])
        if found is None or not texts:
            return None
        nulls = (Literal(_NULL),) if len(texts) < len(values) else ()
        return (*(Literal("'" + text.replace("'", "''") + "'") for text in found), *nulls)

    def _quantified(self, tree: Quantified, scope: Scope) -> Condition:
        if tree.condition is None:
            return tree
        *before, last = tree.path.steps
        words, rest = _start(tuple(before), scope)
        for step in rest:
            words = self.behind(words, step)
        inner = {**scope, tree.variable: self.behind(words, last)}
        return replace(tree, condition=self.condition(tree.condition, inner))

    def _other(self, tree: Operand, scope: Scope) -> None:
        if isinstance(tree, Path):
            self.looking.other(*self._meant(tree, scope))
        elif isinstance(tree, Call):
            for each in tree.arguments:
                self._other(each, scope)

    def _meant(self, path: Path, scope: Scope) -> tuple[str, str]:
        *before, last = path.steps
        words, rest = _start(tuple(before), scope)
        for step in rest:
            if step not in words.parents:
                return words.name, ""
            words = self.behind(words, step)
        return words.name, self.names.field(words, last)

    def behind(self, words: ObjectWords, step: str) -> ObjectWords:
        """Return the object that a navigation property leads to."""
        relation = words.parents.get(step) or words.children[step]
        return self.names.words.objects[relation.object]


def _start(steps: tuple[str, ...], scope: Scope) -> tuple[ObjectWords, tuple[str, ...]]:
    if steps and steps[0] and steps[0] in scope:
        return scope[steps[0]], steps[1:]
    return scope[""], steps


def _joined(path: Path, operator: str, values: tuple[Literal, ...]) -> Condition:
    """Return comparisons with each value; every OData service knows these, and few know `in`."""
    each = tuple(Compare(path, operator, value) for value in values)
    return each[0] if len(each) == 1 else Junction(_JOINED[operator], each)
