"""Calls of functions, checked; texts that stand there are read now and not for every record."""

from collections.abc import Callable
from typing import Final

import re2

from proxy.policy.conditions import functions
from proxy.policy.conditions.facts import Fault
from proxy.policy.conditions.flaws import LIMIT, LITERAL, TYPES, UNKNOWN
from proxy.policy.conditions.kinds import BOOL, TIMESTAMP
from proxy.policy.conditions.scope import Report, Scope
from proxy.policy.conditions.syntax import Call, Constant, Expr, Name
from proxy.policy.conditions.terms import UNTYPED, Term, untyped
from proxy.yamlfile import nearest

MAX_MEMORY: Final = 1 << 20
"""Bytes that one expression of `matches` may take; RE2's own bound is eight times that."""
MAX_TEXT: Final = 10_000
"""Characters that `matches` looks through; with a longer text the condition is an error."""
_NOT_HERE: Final = {
    "dyn": "every value has its type here",
    "exists_one": "there are exists and all",
    "filter": "there are exists and all",
    "map": "there are exists and all",
    "int": "there are no conversions between types",
    "string": "there are no conversions between types",
    "double": "there are no conversions between types",
}


def function_of(expr: Call, report: Report) -> functions.Function | None:
    """Return the function that is called; None, and a flaw, if there is none."""
    table = functions.FUNCTIONS if expr.of is None else functions.METHODS
    function = table.get(expr.name)
    if function is None:
        _unknown(expr, report)
    return function


def called(
    expr: Call, function: functions.Function, args: tuple[Term, ...], scope: Scope, report: Report
) -> Term:
    """Return the step that a call is; `args` starts with what stands before the point, if anything does."""
    if len(args) != len(function.params):
        count = len(function.params) - (expr.of is not None)
        report.add(expr.at, TYPES, f"{expr.name} takes {count or 'no'} argument{'s' if count != 1 else ''}")
        return untyped(expr)
    for each, types in zip(args, function.params, strict=True):
        if each.type is not UNTYPED and each.type.name not in types:
            wanted = " or ".join(sorted(types))
            report.add(each.source.at, TYPES, f"{expr.name} takes {wanted} here, not {each.type}")
            return untyped(expr)
    if any(each.type is UNTYPED for each in args):
        return untyped(expr)
    if expr.name == functions.MATCHES:
        return _matches(expr, args, scope, report)
    if expr.name == functions.CONSENT:
        return _consent(expr, args[0].source, scope, report)
    assert function.run is not None
    if expr.name in functions.READERS and args[0].op == "constant":
        return _read(expr, args[0], function, report)
    timed = (Term("now", TIMESTAMP, Name("now")),) if function.timed else ()
    return Term("apply", function.result, expr, args + timed, function.run)


def _unknown(expr: Call, report: Report) -> None:
    names = functions.FUNCTIONS if expr.of is None else {**functions.METHODS, "exists": None, "all": None}
    others = functions.METHODS if expr.of is None else functions.FUNCTIONS
    if expr.name in others:
        right = f"x.{expr.name}(...)" if expr.of is None else f"{expr.name}(...)"
        report.add(expr.at, UNKNOWN, f"{expr.name} is written {right}")
        return
    why = f": {_NOT_HERE[expr.name]}" if expr.name in _NOT_HERE else nearest(expr.name, names)
    report.add(expr.at, UNKNOWN, f'unknown function "{expr.name}"{why}')


def _read(expr: Call, text: Term, function: functions.Function, report: Report) -> Term:
    assert function.run is not None
    try:
        return Term("constant", function.result, expr, value=function.run(text.value))
    except (ValueError, OverflowError) as error:
        message = str(error) if str(error).startswith("a ") else "there is no such time"
        report.add(text.source.at, LITERAL, message)
        return untyped(expr)


def _matches(expr: Call, args: tuple[Term, ...], scope: Scope, report: Report) -> Term:
    text, pattern = args
    if len(scope.bound) > 1:
        report.add(expr.at, LIMIT, "matches stands in one exists or all at most: each multiplies its cost")
        return untyped(expr)
    if not (pattern.op == "constant" and isinstance(pattern.value, str)):
        report.add(pattern.source.at, TYPES, "the expression of matches must stand there, in quotes")
        return untyped(expr)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    try:
        search = re2.compile(pattern.value, options).search
    except (re2.error, UnicodeEncodeError):
        report.add(pattern.source.at, LITERAL, "not a regular expression of RE2 (no look-around, no \\1)")
        return untyped(expr)
    return Term("apply", BOOL, expr, (text,), _found(search))


def _found(search: Callable[[str], object]) -> Callable[[str], bool]:
    def found(text: str) -> bool:
        if len(text) > MAX_TEXT:
            raise Fault
        return search(text) is not None

    return found


def _consent(expr: Call, purpose: Expr, scope: Scope, report: Report) -> Term:
    if not (isinstance(purpose, Constant) and isinstance(purpose.value, str)):
        report.add(purpose.at, TYPES, 'consent takes a purpose in quotes: consent("newsletter")')
        return untyped(expr)
    name = purpose.value
    known = scope.declarations.words.get("purpose")
    if known is not None and name not in known:
        report.add(purpose.at, UNKNOWN, f'unknown purpose "{name}"{nearest(name, known)}')
    steps = name.split(".")
    covering = tuple(".".join(steps[:count]) for count in range(len(steps), 0, -1))
    return Term("consent", BOOL, expr, value=covering)
