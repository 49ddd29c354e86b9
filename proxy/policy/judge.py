"""May these operations go to the CRM? The request's half of deciding twice; pure.

Reading asks only that something may be shown: what is in the answer is decided again, field by field, when it
is there. Everything else must be allowed outright before it leaves, because no later step could take it back:
a filter that ran has told its secret, a written value is stored, a deleted record is gone, and an export is
delivered past us.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from proxy.errors import Gap, Refused
from proxy.message import RECORD_ITSELF
from proxy.model import (
    DISCLOSING,
    QUERYING,
    WRITING,
    Action,
    Catalogue,
    Decision,
    Effect,
    FieldUse,
    Operation,
)

Decide = Callable[[str, Action], Decision]
"""(object, action) -> decision, for the caller of this exchange."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was found, for the ledger, and the refusal if there is one."""

    fields: tuple[str, ...] = ()
    """`action object.field`, sorted; names come from the connector."""
    rules: tuple[str, ...] = ()
    """Ids of the rules that decided, sorted."""
    refusal: Refused | None = None

    def enforce(self) -> None:
        """Return only if every operation may go ahead.

        Raises:
            Refused: policy says no; `Gap` where it has no word for what is asked.
        """
        if self.refusal is not None:
            raise self.refusal


def judge(operations: tuple[Operation, ...], decide: Decide, catalogue: Catalogue) -> Ruling:
    """Return the ruling on one request; one refused operation refuses them all."""
    fields: set[str] = set()
    rules: set[str] = set()
    refusal: Refused | None = None
    for operation in operations:
        for use in operation.uses:
            fields.add(f"{use.action} {use.object}.{use.field}")
        for effect, rule, refused in _findings(operation, decide, catalogue):
            if rule:
                rules.add(rule)
            if effect is not Effect.ALLOW and refusal is None:
                refusal = refused
    if not operations:
        refusal = Gap("construct", "no_operation")
    return Ruling(tuple(sorted(fields)), tuple(sorted(rules)), refusal)


Finding = tuple[Effect, str, Refused | None]
"""What policy says of one thing, by which rule, and the refusal it means unless the effect is ALLOW."""


def _findings(operation: Operation, decide: Decide, catalogue: Catalogue) -> Iterator[Finding]:
    shown = operation.action in DISCLOSING
    if shown:
        yield _something_shown(operation, decide)
    elif not (operation.action in WRITING and operation.uses):
        yield _whole_record(operation, decide)
    for use in operation.uses:
        if not (shown and use.action is operation.action):
            yield _one_use(use, decide, catalogue)


def _something_shown(operation: Operation, decide: Decide) -> Finding:
    """Is there anything that may be shown? Naming no field asks for all of them."""
    selected = [use for use in operation.uses if use.action is operation.action]
    queried = any(use.action in QUERYING for use in operation.uses)
    if selected:
        outcomes = [decide(use.object, use.action).of(use.field) for use in selected]
    elif queried:
        # Only computed columns or a count: each use is judged on its own below.
        return Effect.ALLOW, "", None
    else:
        outcomes = list(decide(operation.object, operation.action).outcomes.values())
    best = min(outcomes, key=lambda outcome: outcome.effect, default=None)
    if best is None or best.effect is Effect.DENY:
        return Effect.DENY, best.rule if best else "", Refused("not_granted", operation.object)
    return Effect.ALLOW, best.rule, None


def _whole_record(operation: Operation, decide: Decide) -> Finding:
    outcome = decide(operation.object, operation.action).of(RECORD_ITSELF)
    return outcome.effect, outcome.rule, Refused("not_granted", f"{operation.action} {operation.object}")


def _one_use(use: FieldUse, decide: Decide, catalogue: Catalogue) -> Finding:
    outcome = decide(use.object, use.action).of(use.field)
    reason, detail = _reason(use.action), f"{use.action} {use.object}.{use.field}"
    spec = catalogue.get(use.object)
    if spec is None or (use.field not in spec.fields and use.field != RECORD_ITSELF):
        return Effect.DENY, "", Gap("field", reason, detail)
    return outcome.effect, outcome.rule, Refused(reason, detail)


def _reason(action: Action) -> str:
    """Return why one use is refused; what a client may not be shown is no field it tried to write."""
    if action in QUERYING:
        return "field_not_queryable"
    return "not_granted" if action in DISCLOSING else "field_not_writable"
