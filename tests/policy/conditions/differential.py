"""Random conditions, answered by us and by Google's own CEL; prints every difference, and counts as JSON.

    python tests/policy/conditions/differential.py SEED EXPRESSIONS

A program of its own, so that `test_differential.py` can run two of them at once and outside the coverage tracer.
Each expression goes to both sides: it is checked, and if both take it, asked of two records. Some attributes are
missing, null or of the wrong type, some expressions are ill-typed, and numbers are near their limits, so that
about half of all answers are errors. What only one of the two languages has is not generated; see the package's
docstring for the list, and the unit tests for that.

Trees reach Google as text and are not parsed by us, which would take most of the time. Now and then a text is
parsed by both: one with nothing but precedence to go by, or a spoilt one.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[3]))

from cel_expr_python import cel
from expressions import (
    ATTRIBUTES,
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    LISTS,
    MIXED,
    NOW,
    SETS,
    STRING,
    STRINGS,
    TIMESTAMP,
    VALUES,
    Writer,
    declarations,
    flat,
    spaced,
    spoilt,
)

from proxy.policy.conditions import (
    ERROR,
    Condition,
    Expr,
    Flawed,
    Type,
    canonical,
    check,
    compile_condition,
    parse,
)
from proxy.policy.conditions.syntax import Binary, Call, Has, Name, Select, rebuilt


class Record:
    """One record and request, for both sides."""

    def __init__(self, random: Random, env: cel.Env) -> None:
        self.facts = {
            name: value for name, kind in ATTRIBUTES.items() if (value := _fact(random, kind)) is not _MISSING
        }
        self.context: dict[str, object] = {"purpose": random.choice(STRINGS)}
        roles = random.sample(("agent", "lead", "a", "DE"), 2)
        self.context["principal.roles"] = frozenset(roles)
        if random.random() < 0.8:
            self.context["recipient.country"] = random.choice(STRINGS)
        there = {name: True for name, value in self.facts.items() if value is not None}
        self.activation = env.Activation(
            {
                **{f"resource.{name}": value for name, value in self.facts.items()},
                **self.context,
                **{f"sets.{name}": list(texts) for name, texts in SETS.items()},
                "principal.roles": roles,
                "now": NOW,
                "record": there,
            }
        )


_MISSING = object()


def _fact(random: Random, kind: Type) -> object:
    chance = random.random()
    if chance < 0.25:
        return _MISSING
    if chance < 0.29:
        return None
    if chance < 0.33:
        # Not an int where a double is declared or the other way round: both sides have leave to take some.
        others = [each for each in (BOOL, STRING, TIMESTAMP, DURATION) if each != kind]
        return random.choice(VALUES[random.choice(others)]) if kind not in (INT, DOUBLE) else "1"
    if kind.item is None:
        return random.choice(VALUES[kind])
    items = [random.choice(VALUES[kind.item]) for _ in range(random.choice((0, 1, 2, 3, 5)))]
    return [*items, "x" if kind.item != STRING else 1] if random.random() < 0.2 else items


def environment() -> cel.Env:
    """Return Google's side of the declarations; `record` tells which attributes are there."""
    kinds = {BOOL: cel.Type.BOOL, INT: cel.Type.INT, DOUBLE: cel.Type.DOUBLE, STRING: cel.Type.STRING}
    kinds |= {TIMESTAMP: cel.Type.TIMESTAMP, DURATION: cel.Type.DURATION}
    kinds |= {listed: cel.Type.List(kinds[item]) for item, listed in LISTS.items()}
    texts = cel.Type.List(cel.Type.STRING)
    return cel.NewEnv(
        variables={
            **{f"resource.{name}": kinds[kind] for name, kind in ATTRIBUTES.items()},
            **{f"sets.{name}": texts for name in SETS},
            "principal.roles": texts,
            "recipient.country": cel.Type.STRING,
            "purpose": cel.Type.STRING,
            "now": cel.Type.TIMESTAMP,
            "record": cel.Type.Map(cel.Type.STRING, cel.Type.BOOL),
        }
    )


def for_google(expr: Expr) -> Expr:
    """Return the expression as Google's checker takes it: `has` of a map, `dyn` where numbers are mixed."""

    def change(each: Expr) -> Expr | None:
        if isinstance(each, Has):
            return Has(Select(Name("record"), each.of.name))
        if isinstance(each, Binary) and each.at is MIXED:
            return Binary(each.op, Call("dyn", (for_google(each.left),)), for_google(each.right))
        return None

    return rebuilt(expr, change)


class Comparison:
    """Both sides, and what came of it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.env = environment()
        self.declarations = declarations()
        self.writer = Writer(self.random)
        self.records = [Record(self.random, self.env) for _ in range(24)]
        self.counts: Counter[str] = Counter()
        self.differences: list[str] = []

    def tree(self) -> None:
        """Compare one expression."""
        expr, ours, limited = self._condition()
        while limited:
            expr, ours, limited = self._condition()
        text = canonical(expr)
        self.counts["expressions"] += 1
        self._compare(ours, self._compiled(canonical(for_google(expr))), text)
        if self.counts["expressions"] % 25 == 0:
            if parse(text) != expr or parse(spaced(self.random, expr)) != expr:
                self.differences.append(f"is read otherwise: {text}")
            self._text(flat(self.random))
            self._text(spoilt(self.random, expr))

    def _condition(self) -> tuple[Expr, Condition | None, bool]:
        """Make an expression up; say also whether only a limit of ours (LG123) that CEL has not refuses it."""
        expr = self.writer.condition()
        try:
            return expr, compile_condition(check(expr, self.declarations)), False
        except Flawed as error:
            return expr, None, all(flaw.code == "LG123" for flaw in error.flaws)

    def _text(self, text: str) -> None:
        """Compare how one text is read: what we take, Google must take too, and give the same answers."""
        self.counts["texts"] += 1
        try:
            expr = parse(text)
        except Flawed:
            self.counts["texts refused"] += 1
            return
        try:
            self.env.compile(text, disable_check=True)
        except Exception:
            self.differences.append(f"only we can read: {text}")
            return
        ours, theirs = self._checked(expr), self._compiled(text)
        # Google's binding takes has(resource.x) for another thing when the attribute is a variable of its own.
        if "has(" not in text and ours is not None and theirs is not None:
            self._compare(ours, theirs, text)

    def _checked(self, expr: Expr) -> Condition | None:
        try:
            return compile_condition(check(expr, self.declarations))
        except Flawed:
            return None

    def _compiled(self, text: str) -> cel.Expression | None:
        try:
            expression = self.env.compile(text)
        except Exception:
            return None
        return expression if expression.return_type() == cel.Type.BOOL else None

    def _compare(self, ours: Condition | None, theirs: cel.Expression | None, text: str) -> None:
        if (ours is None) != (theirs is None):
            self.differences.append(f"only {'Google' if ours is None else 'we'} take: {text}")
        elif ours is None:
            self.counts["answers"] += 1
            self.counts["refused"] += 1
        else:
            for record in self.random.sample(self.records, 2):
                self._ask(ours, theirs, record, text)

    def _ask(self, ours: Condition, theirs: cel.Expression, record: "Record", text: str) -> None:
        our = ours.evaluate(record.facts, record.context, NOW)
        value = theirs.eval(record.activation)
        their = ERROR if value.type() == cel.Type.ERROR else value.value()
        self.counts["answers"] += 1
        self.counts["errors" if their is ERROR else str(their).lower()] += 1
        if our is not their:
            self.differences.append(f"{our} but {their}: {text}  [{value.value()}]")
        atoms = [atom.evaluate(record.facts, record.context, NOW) for atom in ours.atoms]
        if ours.under(atoms) is not our:
            self.differences.append(f"{our} but not from its atoms: {text}")


def main() -> None:
    """Compare as many expressions as asked for."""
    seed, count = map(int, sys.argv[1:])
    comparison = Comparison(seed)
    for _ in range(count):
        comparison.tree()
    found = {"counts": comparison.counts, "different": len(comparison.differences)}
    print(json.dumps({**found, "differences": comparison.differences[:20]}, indent=1))


if __name__ == "__main__":
    main()
