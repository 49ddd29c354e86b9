"""May these operations go to the CRM? The request's half of deciding twice; pure.

Reading asks only that something may be shown: what is in the answer is decided again, field by field, when it
is there. Everything else must be allowed outright before it leaves, because no later step could take it back:
a filter that ran has told its secret, a written value is stored, a deleted record is gone, and an export is
delivered past us.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from proxy.errors import Gap, Refused
from proxy.message import RECORD_ITSELF
from proxy.model import (
    DENIED,
    DISCLOSING,
    QUERYING,
    WRITING,
    Action,
    Catalogue,
    Decision,
    Effect,
    FieldUse,
    Operation,
    Outcome,
    dotted,
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
    warned: tuple[str, ...] = ()
    """Ids of the rules in mode warn among them."""
    would: tuple[str, ...] = ()
    """`object.field: redact by RULE`: what rules in mode audit would have made of what was judged."""

    def enforce(self) -> None:
        """Return only if every operation may go ahead.

        Raises:
            Refused: policy says no; `Gap` where it has no word for what is asked.
        """
        if self.refusal is not None:
            raise self.refusal


def judge(
    operations: tuple[Operation, ...], decide: Decide, catalogue: Catalogue, foresee: Decide | None = None
) -> Ruling:
    """Return the ruling on one request; one refused operation refuses them all.

    Args:
        operations: all that the request does.
        decide: decides without a record, so that conditions about one are in error.
        catalogue: what the connector lists.
        foresee: says what could be shown at best; asked only about what is decided again in the answer.
    """
    fields: set[str] = set()
    found: list[tuple[str, Outcome]] = []
    refusal: Refused | None = None
    for operation in operations:
        for use in operation.uses:
            fields.add(f"{use.action} {use.object}.{use.field}")
        for what, outcome, refused in _findings(operation, decide, catalogue, foresee or decide):
            found.append((what, outcome))
            if refused is not None and refusal is None:
                refusal = refused
    if not operations:
        refusal = Gap("construct", "no_operation")
    return Ruling(
        tuple(sorted(fields)),
        _sorted(outcome.rule for _, outcome in found if outcome.rule),
        refusal,
        _sorted(outcome.rule for _, outcome in found if outcome.warned),
        _sorted(f"{what}: {outcome.would}" for what, outcome in found if outcome.would),
    )


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(words)))


Finding = tuple[str, Outcome, Refused | None]
"""What is judged, what policy says of it, and the refusal that this means."""


def _findings(operation: Operation, decide: Decide, catalogue: Catalogue, foresee: Decide) -> Iterator[Finding]:
    shown = operation.action in DISCLOSING
    if shown:
        yield _something_shown(operation, foresee)
    elif not (operation.action in WRITING and operation.uses):
        yield _whole_record(operation, decide)
    for use in operation.uses:
        if not (shown and use.action is operation.action):
            yield _one_use(use, decide, catalogue)


def _something_shown(operation: Operation, foresee: Decide) -> Finding:
    """Is there anything that may be shown? Naming no field asks for all of them."""
    selected = [use for use in operation.uses if use.action is operation.action]
    queried = any(use.action in QUERYING for use in operation.uses)
    outcomes: Iterable[Outcome]
    if selected:
        outcomes = (foresee(use.object, use.action).of(use.field) for use in selected)
    elif queried:
        # Only computed columns or a count: each use is judged on its own below.
        return operation.object, Outcome(Effect.ALLOW), None
    else:
        outcomes = foresee(operation.object, operation.action).outcomes.values()
    best = _mildest(outcomes) or DENIED
    if best.would:
        # What audited rules would do to a field is said when the field is in the answer.
        best = replace(best, would="")
    refused = Refused("not_granted", operation.object) if best.effect is Effect.DENY else None
    return operation.object, best, refused


def _mildest(outcomes: Iterable[Outcome]) -> Outcome | None:
    """Return the first of those that restrict least."""
    best = None
    for outcome in outcomes:
        if outcome.effect is Effect.ALLOW:
            return outcome
        if best is None or outcome.effect < best.effect:
            best = outcome
    return best


def _whole_record(operation: Operation, decide: Decide) -> Finding:
    outcome = decide(operation.object, operation.action).of(RECORD_ITSELF)
    refused = Refused("not_granted", f"{operation.action} {operation.object}")
    return operation.object, outcome, None if outcome.effect is Effect.ALLOW else refused


def _one_use(use: FieldUse, decide: Decide, catalogue: Catalogue) -> Finding:
    outcome = decide(use.object, use.action).of(use.field)
    reason, detail = _reason(use.action), f"{use.action} {use.object}.{use.field}"
    what = dotted(use.object, use.field)
    spec = catalogue.get(use.object)
    if spec is None or (use.field not in spec.fields and use.field != RECORD_ITSELF):
        return what, DENIED, Gap("field", reason, detail)
    return what, outcome, None if outcome.effect is Effect.ALLOW else Refused(reason, detail)


def _reason(action: Action) -> str:
    """Return why one use is refused; what a client may not be shown is no field it tried to write."""
    if action in QUERYING:
        return "field_not_queryable"
    return "not_granted" if action in DISCLOSING else "field_not_writable"
