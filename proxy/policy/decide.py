"""The decision: pure, total, without a clock or I/O, and the same for a request and for what came back."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from proxy.model import Access, Decision, Facts, Outcome
from proxy.policy.conditions import CONSENTS as CONSENTED
from proxy.policy.conditions import ERROR, Condition, context_of
from proxy.policy.plans import Answer, Plan
from proxy.policy.whens import CONSENTS

_NOTHING: Final = MappingProxyType[str, Outcome]({})


def decide(plan: Plan, access: Access) -> Decision:
    """Return what the principal may see or do; whatever is not in the answer is denied.

    A plan that was made for another action or object answers nothing: everything is denied.
    """
    return Decider(plan, access).of(access.facts)


class Decider:
    """One question, to be asked of many records: what depends on the request alone is worked out once."""

    def __init__(self, plan: Plan, access: Access) -> None:
        """Take a plan and the question it was made for; the facts in `access` do not matter here."""
        fits = plan.decision.action is access.action and plan.decision.object == access.object
        self._fixed = plan.decision if fits else Decision(access.action, access.object, _NOTHING)
        self._table = plan.table if fits else None
        if self._table is not None:
            self._context = context_of(access.principal, access.purpose)
            self._now = access.now or _NO_TIME
            self._asked = tuple(
                each.evaluate if access.now is not None or "now" not in each.context else _error
                for each in self._table.conditions
            )
            self._consents = CONSENTS in self._table.attributes
        self.seen: set[tuple[Answer, ...]] = set()
        """How the table's conditions were answered for records, each way once; see `witness`."""

    def of_record(self, facts: Facts | None) -> Decision:
        """Return the decision for a record that is about to be shown, and note how its conditions came out."""
        table = self._table
        if table is None:
            return self._fixed
        answers = self._answers(facts)
        self.seen.add(answers)
        return table.decision(answers)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What is asked of each record, in the order of the answers."""
        return self._table.conditions if self._table is not None else ()

    def of(self, facts: Facts | None) -> Decision:
        """Return the decision for a record of which these facts are known; None: for no record."""
        table = self._table
        return self._fixed if table is None else table.decision(self._answers(facts))

    def _answers(self, facts: Facts | None) -> tuple[Answer, ...]:
        known: Mapping[str, object] = UNKNOWN if facts is None else facts
        if self._consents:
            known = consenting(known)
        context, now = self._context, self._now
        return tuple([ask(known, context, now) for ask in self._asked])

    def foreseen(self) -> Decision:
        """Return what could come out at best, for a record that nobody has seen yet.

        With this a request may be let through whose answer is decided again, and nothing else.
        """
        table = self._table
        if table is None:
            return self._fixed
        answers: list[Answer] = [
            None if of_record else ask(UNKNOWN, self._context, self._now)
            for ask, of_record in zip(self._asked, table.of_record, strict=True)
        ]
        return table.decision(tuple(answers))


_NO_TIME: Final = datetime.min.replace(tzinfo=UTC)
"""Never looked at."""


def _error(_facts: Facts, _context: Facts, _now: datetime) -> Answer:
    return ERROR


class _Unknown(Mapping[str, object]):
    """Facts of which none is known: to look at one, even to ask whether it is there, is an error."""

    def __getitem__(self, name: str) -> object:
        raise KeyError(name)

    def get(self, name: str, default: object = None) -> object:
        del default
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


UNKNOWN: Final[Mapping[str, object]] = _Unknown()


class _Consenting(_Unknown):
    """The facts of a record, and what its person has consented to."""

    def __init__(self, facts: Mapping[str, object], consents: frozenset[object]) -> None:
        self._facts = facts
        self._consents = consents

    def __getitem__(self, name: str) -> object:
        return self._consents if name == CONSENTED else self._facts[name]

    def get(self, name: str, default: object = None) -> object:
        return self._facts.get(name, default)


def consenting(facts: Mapping[str, object]) -> Mapping[str, object]:
    """Return the facts with the consents as `consent` looks at them; unknown ones stay unknown."""
    try:
        given = facts[CONSENTS]
    except KeyError:
        return facts
    if type(given) is not tuple and type(given) is not list:
        return facts
    for each in given:
        if type(each) is not str:
            return facts
    return _Consenting(facts, frozenset(given))
