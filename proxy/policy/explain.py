"""Why one field comes out as it does: read from the same algebra that decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from proxy.message import RECORD_ITSELF
from proxy.model import Action, Outcome
from proxy.policy.cells import Cells
from proxy.policy.compile import WHOLE_RECORD, PolicySet
from proxy.policy.retention.words import told_of
from proxy.policy.rules import Rule


@dataclass(frozen=True, slots=True)
class Question:
    """One cell, or with several roles the cell of a caller who has them all."""

    connector: str
    object: str
    field: str
    """`""` asks about the record itself."""
    action: Action
    roles: frozenset[str]
    purpose: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule that speaks about the field and the action, and why it does or does not count."""

    rule: Rule
    counts: bool
    because: str
    """`applies`, under which condition, or what keeps it from applying."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The outcome and every rule that was looked at, grants first."""

    outcome: Outcome
    """Of a record of which nothing is known, where conditions play a part."""
    category: str
    listed: bool
    """False: the connector does not list the field, so no rule can match it."""
    considered: tuple[Considered, ...]
    retention: tuple[str, ...] = ()
    """How long the field is kept, in words; no decision depends on it."""


def explain(policies: PolicySet, question: Question) -> Explanation:
    """Return the outcome of one cell with the rules behind it."""
    spec = policies.catalogues.get(question.connector, {}).get(question.object)
    field = spec.fields.get(question.field) if spec else None
    plan = policies.plan(
        connector=question.connector,
        roles=question.roles,
        purpose=question.purpose,
        recipient=question.recipient,
        action=question.action,
        object=question.object,
    )
    considered = [
        Considered(each.rule, not reason, reason or _applies(each.rule))
        for each in policies.reach(question.connector, question.object, question.action)
        if _speaks(each.rule, each.fields, question)
        for reason in [_why_not(each.rule, question, policies.today())]
    ]
    considered.sort(key=lambda each: (each.rule.kind, not each.counts, each.rule.id))
    return Explanation(
        plan.decision.of(question.field),
        field.category if field else "",
        field is not None or (spec is not None and question.field == RECORD_ITSELF),
        tuple(considered),
        _retention(policies, question),
    )


def _retention(policies: PolicySet, question: Question) -> tuple[str, ...]:
    cells = Cells({question.connector: policies.catalogues.get(question.connector, {})})
    return tuple(told_of(policies.retention, cells, question.connector, question.object, question.field))


def _speaks(rule: Rule, fields: Iterable[str], question: Question) -> bool:
    """Tell whether a rule has a say on the field; on a whole record every guard of a field has one."""
    whole = question.field == RECORD_ITSELF and question.action in WHOLE_RECORD and rule.kind == "guard"
    return (whole and not rule.demands) or question.field in fields


def _applies(rule: Rule) -> str:
    if rule.demands:
        return f"a copy is open only where its {rule.copied} is"
    whose = f" to its {rule.copied}, of which it is a copy" if rule.copied else ""
    return f"applies{whose} when {rule.when}" if rule.when else f"applies{whose}"


def _why_not(rule: Rule, question: Question, today: date) -> str:
    """Return what keeps a rule from applying, or ""."""
    callers = rule.callers
    if callers.roles is not None and callers.roles.isdisjoint(question.roles):
        return f"only for roles {', '.join(sorted(callers.roles))}"
    if callers.purposes is not None and question.purpose not in callers.purposes:
        return f"only for purposes {', '.join(sorted(callers.purposes))}"
    if callers.recipients is not None and question.recipient not in callers.recipients:
        return f"only for recipients {', '.join(sorted(callers.recipients))}"
    spared = rule.spares(question.roles, question.purpose, question.recipient, today)
    if spared is not None:
        return f"excepted until {spared.until}, owner {spared.owner}"
    if not rule.concerns(question.roles, question.purpose, question.recipient, today):
        return "the caller is in its except"
    if not rule.in_force(today):
        return f"in force only {rule.since or '...'} to {rule.until or '...'}"
    return "" if rule.applies else "mode audit: observed, not applied"
