"""Names: what each of them is at the place where it stands."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from proxy.policy.conditions.declarations import CONTEXT, Attribute, Declarations
from proxy.policy.conditions.flaws import OPTIONAL, TYPES, UNKNOWN, At, Flaw
from proxy.policy.conditions.kinds import STRING, TIMESTAMP, Type, set_of
from proxy.policy.conditions.presence import Paths, path_of
from proxy.policy.conditions.syntax import Name, Select
from proxy.policy.conditions.terms import Term, untyped
from proxy.policy.conditions.writing import canonical
from proxy.yamlfile import nearest

RECORDS: Final = frozenset({"resource", "principal", "recipient", "sets", "variables"})
TAKEN: Final = RECORDS | {"purpose", "now"}
"""Names that a variable of `exists` or `all` cannot have."""


@dataclass(slots=True)
class Report:
    """What is wrong so far."""

    flaws: list[Flaw] = field(default_factory=list)

    def add(self, at: At, code: str, message: str) -> None:
        """Note an error."""
        self.flaws.append(Flaw(at, code, message))


@dataclass(frozen=True, slots=True)
class Scope:
    """What holds at one place."""

    declarations: Declarations
    known: Paths = frozenset()
    """Attributes that are certain to be there."""
    bound: Mapping[str, tuple[int, Type]] = field(default_factory=lambda: MappingProxyType({}))
    """Variables of the `exists` and `all` around: place and type."""

    def knowing(self, paths: Paths) -> "Scope":
        """Return the scope where some more attributes are certain to be there."""
        return replace(self, known=self.known | paths)

    def binding(self, name: str, type_: Type) -> "Scope":
        """Return the scope inside an `exists` or `all`."""
        return replace(self, bound={**self.bound, name: (len(self.bound) + 1, type_)})

    def of_path(self, path: str) -> Attribute | None:
        """Return what is declared of an attribute of a root."""
        root, _, name = path.partition(".")
        if root == "resource":
            return self.declarations.attributes.get(name)
        return self.declarations.of_context(path)

    def beside(self, path: str) -> Collection[str]:
        """Return the names of the attributes that the same root has."""
        root = path.partition(".")[0]
        if root == "resource":
            return self.declarations.attributes.keys()
        return [each.removeprefix(f"{root}.") for each in CONTEXT if each.startswith(f"{root}.")]


def named(expr: Name | Select, scope: Scope, report: Report) -> Term:
    """Return the step that gets what a name or a member stands for."""
    if isinstance(expr, Name):
        return _word(expr, scope, report)
    path = path_of(expr)
    if path is not None:
        return attribute(expr, path, scope, report)
    if expr.of == Name("sets"):
        known = scope.declarations.sets
        if expr.name in known:
            return Term("constant", set_of(STRING), expr, value=frozenset(known[expr.name]))
        report.add(expr.at, UNKNOWN, f'unknown set "{expr.name}"{nearest(expr.name, known)}')
    else:
        report.add(expr.at, TYPES, f"{canonical(expr.of)} has no members")
    return untyped(expr)


def attribute(expr: Select, path: str, scope: Scope, report: Report, *, asked: bool = False) -> Term:
    """Return the step that gets an attribute; with `asked` it is only asked whether the attribute is there."""
    declared = scope.of_path(path)
    if declared is None:
        beside = scope.beside(path)
        few = "; there are " + ", ".join(sorted(beside)) if len(beside) <= 8 else ""
        report.add(expr.at, UNKNOWN, f"unknown attribute {path}{nearest(expr.name, beside) or few}")
        return untyped(expr)
    if declared.optional and path not in scope.known and not asked:
        report.add(expr.at, OPTIONAL, f"{path} is optional: write has({canonical(expr)}) && ...")
    if path.startswith("resource."):
        return Term("attribute", declared.type, expr, value=expr.name)
    return Term("context", declared.type, expr, value=path)


def _word(expr: Name, scope: Scope, report: Report) -> Term:
    name = expr.name
    if name in scope.bound:
        place, type_ = scope.bound[name]
        return Term("bound", type_, expr, value=place)
    if name == "now":
        return Term("now", TIMESTAMP, expr)
    if name == "purpose":
        return Term("context", STRING, expr, value="purpose")
    if name in RECORDS:
        report.add(expr.at, TYPES, f"{name} is no value; name one of its members, {name}.NAME")
    else:
        near = nearest(name, [*TAKEN, *scope.bound])
        report.add(expr.at, UNKNOWN, f'unknown name "{name}"{near}')
    return untyped(expr)
