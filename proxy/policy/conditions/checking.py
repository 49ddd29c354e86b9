"""A condition's names and types checked against what is declared, every flaw found in one run."""

from dataclasses import dataclass
from typing import Final

from proxy.policy.conditions.atoms import Shape, shape
from proxy.policy.conditions.calls import called, function_of
from proxy.policy.conditions.constants import constant_parts
from proxy.policy.conditions.declarations import Declarations
from proxy.policy.conditions.flaws import LIMIT, TYPES, Flaw, Flawed
from proxy.policy.conditions.inlining import inlined
from proxy.policy.conditions.kinds import ANY, BOOL, DOUBLE, INT, NULL, STRING, Type
from proxy.policy.conditions.presence import path_of, shown
from proxy.policy.conditions.running import MAX_FOLDS
from proxy.policy.conditions.scope import TAKEN, Report, Scope, attribute, named
from proxy.policy.conditions.steps import chosen, indexed, listed, negated, operated
from proxy.policy.conditions.syntax import (
    Binary,
    Call,
    Choice,
    Constant,
    Expr,
    Fold,
    Has,
    Index,
    Junction,
    Listing,
    Name,
    Negative,
    Not,
    Select,
)
from proxy.policy.conditions.terms import UNTYPED, Term, untyped

_OF_LITERAL: Final[dict[type, Type]] = {
    bool: BOOL,
    int: INT,
    float: DOUBLE,
    str: STRING,
    type(None): NULL,
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A condition in which every name is declared and every type fits; only `check` makes one."""

    expr: Expr
    """With its variables in place."""
    term: Term
    shape: Shape
    warnings: tuple[Flaw, ...] = ()


def check(expr: Expr, declarations: Declarations) -> Typed:
    """Return the condition with its meaning.

    Raises:
        Flawed: with every error.
    """
    expr = inlined(expr, declarations.variables)
    report = Report()
    term = _Checker(report).condition(expr, Scope(declarations), "the condition")
    if report.flaws:
        raise Flawed(report.flaws)
    found = shape(term)
    return Typed(expr, term, found, constant_parts(term, found))


class _Checker:
    def __init__(self, report: Report) -> None:
        self._report = report

    def condition(self, expr: Expr, scope: Scope, what: str) -> Term:
        """Return the meaning of something that has to be true or false."""
        term = self.term(expr, scope)
        if term.type not in (BOOL, UNTYPED):
            self._report.add(expr.at, TYPES, f"{what} must be true or false, not {term.type}")
            return untyped(expr)
        return term

    def term(self, expr: Expr, scope: Scope) -> Term:
        """Return the meaning of any expression."""
        match expr:
            case Constant():
                return Term("constant", _OF_LITERAL[type(expr.value)], expr, value=expr.value)
            case Name() | Select():
                return named(expr, scope, self._report)
            case Index():
                of, key = self.term(expr.of, scope), self.term(expr.key, scope)
                return indexed(expr, of, key, self._report)
            case Call():
                return self._call(expr, scope)
            case Has():
                return self._has(expr, scope)
            case Fold():
                return self._fold(expr, scope)
            case Listing():
                items = tuple(self.term(each, scope) for each in expr.items)
                return listed(expr, items, self._report)
            case Not():
                negative = self.condition(expr.of, scope, "what stands after !")
                return Term("not", negative.type, expr, (negative,))
            case Negative():
                return negated(expr, self.term(expr.of, scope), self._report)
            case Binary():
                left, right = self.term(expr.left, scope), self.term(expr.right, scope)
                return operated(expr, left, right, scope, self._report)
            case Junction():
                return self._junction(expr, scope)
            case Choice():
                return self._choice(expr, scope)

    def _call(self, expr: Call, scope: Scope) -> Term:
        function = function_of(expr, self._report)
        if function is None:
            return untyped(expr)
        given = ((expr.of,) if expr.of is not None else ()) + expr.args
        args = tuple(self.term(each, scope) for each in given)
        return called(expr, function, args, scope, self._report)

    def _has(self, expr: Has, scope: Scope) -> Term:
        path = path_of(expr.of)
        if path is None:
            self._report.add(expr.at, TYPES, "has takes one attribute: has(resource.country)")
            return untyped(expr)
        term = attribute(expr.of, path, scope, self._report, asked=True)
        return untyped(expr) if term.type is UNTYPED else Term("has", BOOL, expr, value=path)

    def _fold(self, expr: Fold, scope: Scope) -> Term:
        over = self.term(expr.over, scope)
        wrong = self._not_folded(expr, over, scope)
        if wrong:
            self._report.add(expr.at, LIMIT if len(scope.bound) == MAX_FOLDS else TYPES, wrong)
        if wrong or over.type.item is None:
            return untyped(expr)
        inside = scope.binding(expr.name, over.type.item)
        body = self.condition(expr.body, inside, f"the condition of {expr.word}")
        return Term(expr.word, body.type, expr, (over, body), len(inside.bound))

    def _not_folded(self, expr: Fold, over: Term, scope: Scope) -> str:
        """Return why there can be no such `exists` or `all`, or ""."""
        if len(scope.bound) == MAX_FOLDS:
            return f"exists and all stand at most {MAX_FOLDS} deep"
        if over.type is not UNTYPED and over.type.item in (None, ANY):
            return f"{expr.word} is for lists with items, not for {over.type}"
        if expr.name in TAKEN or expr.name in scope.bound:
            return f'"{expr.name}" means something else already; take another name'
        return ""

    def _junction(self, expr: Junction, scope: Scope) -> Term:
        items = []
        for each in expr.items:
            items.append(self.condition(each, scope, f"what stands beside {expr.op}"))
            true, false = shown(each)
            scope = scope.knowing(true if expr.op == "&&" else false)
        if any(each.type is UNTYPED for each in items):
            return untyped(expr)
        return Term("and" if expr.op == "&&" else "or", BOOL, expr, tuple(items))

    def _choice(self, expr: Choice, scope: Scope) -> Term:
        test = self.condition(expr.test, scope, "what stands before ?")
        true, false = shown(expr.test)
        then = self.term(expr.then, scope.knowing(true))
        otherwise = self.term(expr.otherwise, scope.knowing(false))
        return chosen(expr, (test, then, otherwise), self._report)
