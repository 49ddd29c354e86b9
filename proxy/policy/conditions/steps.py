"""Operators and lists, checked: the step that an expression is, given the steps of its parts."""

from collections.abc import Sequence
from typing import Final

from proxy.policy.conditions.arithmetic import has_double
from proxy.policy.conditions.flaws import TYPES
from proxy.policy.conditions.kinds import ANY, BOOL, DOUBLE, INT, NULL, list_of, together
from proxy.policy.conditions.operators import arithmetic_of, equality_of, negative_of, order_of
from proxy.policy.conditions.scope import Report, Scope
from proxy.policy.conditions.syntax import Binary, Choice, Index, Listing, Negative
from proxy.policy.conditions.terms import UNTYPED, Term, untyped
from proxy.policy.conditions.words import check_words

_ORDERS: Final = frozenset({"<", "<=", ">", ">="})


def indexed(expr: Index, of: Term, key: Term, report: Report) -> Term:
    """Return the step that gets an item of a list."""
    if UNTYPED in (of.type, key.type):
        return untyped(expr)
    item = of.type.item
    if of.type.name != "list" or item is None or item == ANY or key.type != INT:
        report.add(expr.at, TYPES, f"{of.type} has no [{key.type}]; only a list has items, by number")
        return untyped(expr)
    return Term("apply", item, expr, (of, key), _item)


def listed(expr: Listing, items: tuple[Term, ...], report: Report) -> Term:
    """Return the step that makes a list; one whose items all stand there is made now."""
    types = {each.type for each in items}
    if UNTYPED in types:
        return untyped(expr)
    if len(types) > 1:
        found = " and ".join(sorted(map(str, types)))
        report.add(expr.at, TYPES, f"the items of a list have one type, not {found}")
        return untyped(expr)
    item = types.pop() if types else ANY
    if item.item is not None:
        report.add(expr.at, TYPES, "there are no lists of lists")
        return untyped(expr)
    if all(each.op == "constant" for each in items):
        return Term("constant", list_of(item), expr, items, tuple(each.value for each in items))
    return Term("list", list_of(item), expr, items)


def negated(expr: Negative, of: Term, report: Report) -> Term:
    """Return the step that changes a sign."""
    function = negative_of(of.type)
    if function is None:
        if of.type is not UNTYPED:
            report.add(expr.at, TYPES, f"- does not go with {of.type}")
        return untyped(expr)
    return Term("apply", of.type, expr, (of,), function)


def operated(expr: Binary, left: Term, right: Term, scope: Scope, report: Report) -> Term:
    """Return the step that an operator between two values is."""
    if UNTYPED in (left.type, right.type):
        return untyped(expr)
    found = _operated(expr, left, right)
    if found is None:
        null = NULL in (left.type, right.type) and left.type != right.type
        hint = "; whether an attribute is there is asked by has(...)" if null else ""
        report.add(expr.at, TYPES, f"{expr.op} does not go with {left.type} and {right.type}{hint}")
        return untyped(expr)
    if expr.op in ("==", "!=", "in"):
        check_words(left, right, scope, report)
    return found


def chosen(expr: Choice, parts: tuple[Term, Term, Term], report: Report) -> Term:
    """Return the step that one of two values is."""
    test, then, otherwise = parts
    if UNTYPED in (test.type, then.type, otherwise.type):
        return untyped(expr)
    both = together(then.type, otherwise.type)
    if both is None:
        message = f"both sides of : have one type, not {then.type} and {otherwise.type}"
        report.add(expr.at, TYPES, message)
        return untyped(expr)
    return Term("if", both, expr, parts)


def _operated(expr: Binary, left: Term, right: Term) -> Term | None:
    """Return what an operator does with two values, None if nothing."""
    args = (left, right)
    if expr.op in ("==", "!="):
        equal = equality_of(left.type, right.type)
        if equal is None:
            return None
        source = Binary("==", expr.left, expr.right, expr.at)
        term = Term("apply", BOOL, source, args, equal)
        return term if expr.op == "==" else Term("not", BOOL, expr, (term,))
    if expr.op in _ORDERS:
        order = order_of(expr.op, left.type, right.type)
        return None if order is None else Term("apply", BOOL, expr, args, order)
    if expr.op == "in":
        held = right.type.item
        if held is None or held not in (left.type, ANY) or left.type.item is not None:
            return None
        return (
            Term("apply", BOOL, expr, args, has_double) if left.type == DOUBLE else Term("in", BOOL, expr, args)
        )
    found = arithmetic_of(expr.op, left.type, right.type)
    return None if found is None else Term("apply", found[0], expr, args, found[1])


def _item(items: Sequence[object], at: int) -> object:
    if at < 0:
        raise IndexError
    return items[at]
