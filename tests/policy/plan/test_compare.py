"""Two policy sets compared, held against trying every cell in every case."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.model import Action, Effect, FieldSpec, Mask, ObjectSpec
from proxy.policy.compile import WHOLE_RECORD, PolicySet
from proxy.policy.documents import VocabularyDocument
from proxy.policy.names import Findings
from proxy.policy.plan import Caller, Comparison, Side, Verdict, compare
from proxy.policy.plan import formula as f
from proxy.policy.rules import Callers, On, Rule
from proxy.policy.vocabulary import link_vocabulary
from proxy.yamlfile import YamlFile, validate

TODAY = date(2026, 11, 23)
LATER = date(2027, 1, 1)
ROLES, PURPOSES, RECIPIENTS = ("agent", "lead"), ("support", "mail"), ("desk", "abroad")
ACTIONS = (Action.READ, Action.FILTER, Action.DELETE)
CATALOGUE = {
    "crm": {
        "Contact": ObjectSpec("Contact", {"Name": FieldSpec("user.name"), "Phone": FieldSpec("user.contact")})
    }
}
MASKS = (
    Mask("last", "keep_last", (("n", 4),)),
    Mask("first", "keep_first", (("n", 2),)),
    Mask("year", "year_only"),
)
STRENGTH = {"last": 50, "first": 50, "year": 60}
TESTS = (
    f.Atom("country", 'country == "IE"', frozenset({"IE"})),
    f.Atom("country", 'country in ["IE", "DE"]', frozenset({"IE", "DE"})),
    f.Atom("country", "has(country)", frozenset(), presence=True),
    f.Atom("vip", "vip"),
    f.Atom("always", "always", fails=False),
)


DOCUMENT = {
    "apiVersion": "lychgate.dev/v1",
    "kind": "Vocabulary",
    "metadata": {"name": "words"},
    "roles": {name: {} for name in ROLES},
    "purposes": {name: {"lawful_basis": "contract"} for name in PURPOSES},
    "recipients": {name: {} for name in RECIPIENTS},
}
FILE = YamlFile("words.yaml", DOCUMENT, {(): (1, 1)})
WORDS = link_vocabulary([(FILE, validate(FILE, VocabularyDocument))], lambda mask: None, Findings())


def policies(*rules: Rule) -> PolicySet:
    """Return a set of rules over the words of this file."""
    return PolicySet(rules, WORDS, CATALOGUE, digest="sha256:00", clock=lambda: 0.0)


# ---- random policies -----------------------------------------------------------------------------------------


def some(words: tuple[str, ...]) -> st.SearchStrategy[frozenset[str] | None]:
    """Return a selector: any, or some of the words."""
    return st.none() | st.frozensets(st.sampled_from(words), min_size=1)


formulas = st.recursive(
    st.sampled_from(TESTS)
    | st.sampled_from([f.Constant(value=True), f.Constant(value=False), f.Constant(value=None)]),
    lambda inner: st.one_of(
        inner.map(f.Not),
        st.lists(inner, min_size=1, max_size=2).map(tuple).map(f.All),
        st.lists(inner, min_size=1, max_size=2).map(tuple).map(f.Any),
        st.builds(f.Choice, inner, inner, inner),
    ),
    max_leaves=4,
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Return a rule without an id."""
    kind = draw(st.sampled_from(["grant", "grant", "guard"]))
    low, high = (Effect.ALLOW, Effect.REDACT) if kind == "grant" else (Effect.MASK, Effect.DENY)
    effect = draw(
        st.sampled_from(
            [each for each in (Effect.ALLOW, Effect.MASK, Effect.REDACT, Effect.DENY) if low <= each <= high]
        )
    )
    mask = draw(st.sampled_from(MASKS)) if effect is Effect.MASK else None
    return Rule(
        id="",
        kind=kind,  # type: ignore[arg-type]
        effect=effect,
        actions=draw(st.frozensets(st.sampled_from(ACTIONS), min_size=1)),
        mask=mask,
        strength=STRENGTH[mask.name] if mask else 0,
        callers=Callers(draw(some(ROLES)), draw(some(PURPOSES)), draw(some(RECIPIENTS))),
        unless=draw(st.none() | st.builds(Callers, st.just(frozenset({"lead"})), some(PURPOSES))),
        on=On(
            fields=draw(some(("Name", "Phone"))),
            categories=draw(st.none() | st.just(frozenset({"system.record"}))),
        ),
        mode=draw(st.sampled_from(["enforce", "enforce", "enforce", "warn", "audit"])),  # type: ignore[arg-type]
        since=draw(st.sampled_from([None, None, None, LATER])),
    )


@dataclass(frozen=True)
class Made:
    """A random set: its rules, and the conditions of some of them."""

    rules: tuple[Rule, ...]
    conditions: Mapping[str, f.Formula]

    @property
    def side(self) -> Side:
        return Side(policies(*self.rules), self)

    def given(self, caller: Caller) -> str:
        """Conditions here do not look at who asks."""
        del caller
        return ""

    def conditional(self, rule: Rule, given: object) -> bool:
        """Return whether a rule has a condition."""
        del given
        return rule.id in self.conditions

    def formula(self, rule: Rule, where: object, given: object, *, record: bool) -> f.Formula:
        """Return a rule's condition."""
        del where, given, record
        return f.simplified(self.conditions[rule.id])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Made, Made]:
    """Return two sets that share some of their rules."""
    pool = [
        replace(rule, id=f"r{at}") for at, rule in enumerate(draw(st.lists(rules(), min_size=1, max_size=5)))
    ]
    conditions = {rule.id: draw(formulas) for rule in pool if draw(st.booleans())}
    edited = {name: draw(formulas) if draw(st.integers(0, 3)) == 0 else of for name, of in conditions.items()}
    old = [rule for rule in pool if draw(st.integers(0, 3))]
    new = [rule for rule in pool if draw(st.integers(0, 3))]
    return Made(tuple(old), conditions), Made(tuple(new), edited)


# ---- the reference: every cell, every case, from the definitions ---------------------------------------------

Facts = Mapping[str, str]
Cell = tuple[frozenset[str], str, str, Action, str, date]


def truth(formula: f.Formula, facts: Facts) -> bool | None:
    """Return a formula's value, None for an error."""
    match formula:
        case f.Constant(value):
            return value
        case f.Atom():
            value = facts[formula.fact]
            if value == "unreadable" or (value in ("missing", "unusable") and not formula.presence):
                return None
            return value != "missing" if formula.presence else value in formula.values
        case f.Choice(test, then, otherwise):
            asked = truth(test, facts)
            return None if asked is None else truth(then if asked else otherwise, facts)
        case f.Not(of):
            inner = truth(of, facts)
            return None if inner is None else not inner
        case f.All(of):
            values = [truth(each, facts) for each in of]
            return False if False in values else None if None in values else True
        case f.Any(of):
            values = [truth(each, facts) for each in of]
            return True if True in values else None if None in values else False


CLASSES = {
    "country": ("FR", "IE", "DE", "missing", "unreadable", "unusable"),
    "vip": ("no", "true", "unreadable"),
    "always": ("no", "true"),
}


def cases(*sides: Made) -> list[Facts]:
    """Return every way the facts can be that conditions of these sets look at."""
    used = {
        t.fact
        for made in sides
        for r in made.rules
        for t in f.atoms_of(made.conditions.get(r.id, f.Constant(None)))
    }
    ways = product(*(CLASSES[fact] if fact in used else CLASSES[fact][:1] for fact in CLASSES))
    return [dict(zip(CLASSES, way, strict=True)) for way in ways]


def outcome(made: Made, cell: Cell, facts: Facts) -> tuple[int, int, object]:
    """Return effect, strength and mask of one cell in one case."""
    roles, purpose, recipient, action, field, day = cell

    def fits(callers: Callers) -> bool:
        return (
            (callers.roles is None or bool(callers.roles & roles))
            and (callers.purposes is None or purpose in callers.purposes)
            and (callers.recipients is None or recipient in callers.recipients)
        )

    def reaches(rule: Rule, name: str) -> bool:
        if rule.on.fields is None and rule.on.categories is None:
            return True
        return name in (rule.on.fields or ()) or (name == "" and rule.on.categories is not None)

    doors, walls = [], []
    for rule in made.rules:
        if rule.mode == "audit" or (rule.since and day < rule.since) or action not in rule.actions:
            continue
        if not fits(rule.callers) or (rule.unless and fits(rule.unless)):
            continue
        holds = truth(made.conditions[rule.id], facts) if rule.id in made.conditions else True
        whole = rule.kind == "guard" and field == "" and action in WHOLE_RECORD
        if not (reaches(rule, field) or (whole and any(reaches(rule, name) for name in ("", "Name", "Phone")))):
            continue
        if holds or (holds is None and rule.kind == "guard"):
            (doors if rule.kind == "grant" else walls).append(rule)
    if not doors:
        return (5, 0, None)
    least = min((rule.effect, rule.strength) for rule in doors)
    counted = [rule for rule in doors if (rule.effect, rule.strength) == least] + walls
    most = max((rule.effect, rule.strength) for rule in counted)
    masks = {(rule.strength, rule.mask) for rule in counted if rule.mask}
    if most[0] < Effect.REDACT and len(masks) > len({strength for strength, _ in masks}):
        return (int(Effect.REDACT), 0, None)
    return (
        int(most[0]),
        most[1],
        next((rule.mask for rule in counted if (rule.effect, rule.strength) == most), None),
    )


def reference(old: Made, new: Made, role_sets: list[frozenset[str]]) -> dict[Cell, Verdict]:
    """Return the verdict on every cell that differs in some case."""
    found = {}
    tried = cases(old, new)
    days = sorted(
        {
            TODAY,
            *(rule.since for made in (old, new) for rule in made.rules if rule.since),
        }
    )
    for cell in product(role_sets, PURPOSES, RECIPIENTS, ACTIONS, ("", "Name", "Phone"), days):
        opened = closed = False
        for facts in tried:
            was, now = outcome(old, cell, facts), outcome(new, cell, facts)
            if was[0] != now[0] or was[2] != now[2]:
                opened |= now[0] <= was[0]
                closed |= now[0] >= was[0]
        if opened or closed:
            found[cell] = (
                Verdict.MIXED if opened and closed else Verdict.LOOSENED if opened else Verdict.TIGHTENED
            )
    return found


def cells_of(comparison: Comparison) -> dict[Cell, Verdict]:
    """Return every cell that a comparison lists; no cell may stand in two rows."""
    found: dict[Cell, Verdict] = {}
    for change in comparison.changes:
        days = [
            day for day in comparison.days if any(a <= day and (b is None or day < b) for a, b in change.days)
        ]
        for cell in product(
            change.roles, change.purposes, change.recipients, change.actions, change.fields, days
        ):
            assert cell not in found
            found[cell] = change.verdict
    return found


SINGLE = [frozenset({role}) for role in ROLES]
BOTH = frozenset(ROLES)


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_a_comparison_is_what_trying_every_cell_in_every_case_finds(pair: tuple[Made, Made]) -> None:
    """Every cell that opens or closes is listed with its verdict, and no other; the way back is the mirror."""
    old, new = pair
    found = compare(old.side, new.side, today=TODAY, role_sets=[BOTH])
    assert cells_of(found) == reference(old, new, [*SINGLE, BOTH])
    assert found.inexact == 0
    back = compare(new.side, old.side, today=TODAY, role_sets=[BOTH])
    mirror = {
        Verdict.LOOSENED: Verdict.TIGHTENED,
        Verdict.TIGHTENED: Verdict.LOOSENED,
        Verdict.MIXED: Verdict.MIXED,
    }
    assert cells_of(back) == {cell: mirror[verdict] for cell, verdict in cells_of(found).items()}
    assert {(c.was, c.now) for c in back.changes} == {(c.now, c.was) for c in found.changes}


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_every_example_can_be_checked_by_hand(pair: tuple[Made, Made]) -> None:
    """In the case it names, the cell has the two outcomes it says, and they differ in the direction it says."""
    old, new = pair
    classes = {
        "false": "no",
        "(anything else)": "FR",
        "(anything)": "FR",
        "(missing)": "missing",
        "(cannot be evaluated)": "unreadable",
        "(not of its type)": "unusable",
    }
    for change in compare(old.side, new.side, today=TODAY).changes:
        assert [each.opens for each in change.examples] in ([True], [False], [True, False])
        assert change.examples[0].opens == change.verdict.opens
        for each in change.examples:
            facts = {"country": "FR", "vip": "no", "always": "no"} | {
                fact: classes.get(value, value) for fact, value in each.facts.items()
            }
            cell = (*each.caller, each.action, each.field, each.day)
            was, now = outcome(old, cell, facts), outcome(new, cell, facts)
            assert (was[0], was[2]) != (now[0], now[2])
            assert now[0] <= was[0] if each.opens else now[0] >= was[0]
            assert Effect(was[0]).name.lower() == each.was.partition("(")[0]
            assert Effect(now[0]).name.lower() == each.now.partition("(")[0]


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_a_set_does_not_differ_from_itself(pair: tuple[Made, Made]) -> None:
    """Whatever its rules, in whatever order, a set compared with itself has no change."""
    made, _ = pair
    found = compare(made.side, Made(made.rules[::-1], made.conditions).side, today=TODAY, role_sets=[BOTH])
    assert found.changes == ()
    assert not found.opens
    assert sum(found.counts.values()) == 0


def test_a_mask_that_kept_its_name_is_told_by_what_it_does() -> None:
    """Otherwise a review would read the same words twice."""

    def side(mask: Mask) -> Side:
        rule = Rule(
            "r", "grant", Effect.MASK, frozenset({Action.READ}), mask, 50, on=On(fields=frozenset({"Phone"}))
        )
        return Made((rule,), {}).side

    found = compare(side(Mask("last", "keep_last", (("n", 4),))), side(Mask("last", "phone")), today=TODAY)
    assert {(each.verdict, each.was, each.now) for each in found.changes} == {
        (Verdict.MIXED, "mask(last: keep_last, n=4)", "mask(last: phone)")
    }
