"""How a consent stands in a record now, asked of the CRM: for a case that its withdrawal opened, or may open."""

from dataclasses import dataclass
from datetime import UTC, datetime

from proxy.erase import Has
from proxy.erasure import Case, Spot
from proxy.erasure.case import Withdrawn
from proxy.erasures.shared import Shared
from proxy.exchange import Rules
from proxy.model import Facts, ObjectSpec
from proxy.policy.conditions import ERROR
from proxy.policy.erasing import Before, Withdrawal, withdrawn
from proxy.policy.erasing.withdrawals import Told
from proxy.steps.withdrawing import attributes_of


@dataclass(frozen=True, slots=True)
class Looked:
    """What a record says of consents at one moment."""

    spot: Spot
    """With the id as the CRM writes it."""
    rules: tuple[Withdrawal, ...]
    """About its object."""
    connector: str
    spec: ObjectSpec
    facts: Facts
    now: datetime

    def told(self, before: Before) -> Told:
        """Return what has become of a consent since."""
        return withdrawn(self.rules, self.connector, self.spec, self.facts, self.now, before=before)

    def changed(self, rule: Withdrawal) -> bool:
        """Say whether a withdrawal is seen by the change alone, as the record does not say it."""
        return rule.stands(self.connector, self.spec, self.facts, self.now) != "withdrawn"

    def line(self, seen: Withdrawn) -> str:
        """Return what whoever agrees to a case has to know; "" as long as the consent is withdrawn."""
        rule = next((each for each in self.rules if each.id == seen.rule), None)
        if rule is None:
            return (
                f"{self.spot.lane}: the rule {seen.rule}, by which this case was opened, is gone from the policy"
            )
        stands = rule.stands(self.connector, self.spec, self.facts, self.now)
        spared = rule.spared(self.connector, self.spec, self.facts, self.now)
        if stands == "unknown" or spared is ERROR:
            return f"{self.spot.lane}: nobody can say whether the consent {rule.consent} is still withdrawn"
        if spared is True:
            return (
                f"{self.spot.lane}: by now another basis lets the record stay ({rule.id}); deny the case if so"
            )
        if stands == "withdrawn" or (seen.changed and stands == "absent"):
            return ""
        return (
            f"{self.spot.lane}: the consent {rule.consent} is not withdrawn any more, and with it the ground of "
            "this case may be gone; deny it if so"
        )


async def look(shared: Shared, has: Has, spot: Spot) -> Looked | None:
    """Return what a record says of consents, None if the CRM shows no such record or no rule is about it.

    Raises:
        Stuck: the CRM cannot be asked now.
    """
    rules: Rules = shared.rules(spot.lane)
    connector, spec = rules.connector.name, rules.connector.catalogue.get(spot.object)
    book, about = rules.connector.book, rules.policies.erasing.withdrawn(rules.connector.name, spot.object)
    if spec is None or book is None or spot.object not in book.objects:
        return None
    names = frozenset[str]().union(*(each.attributes(connector, spec) for each in about))
    found = await has.asked(spot.lane, attributes_of(book, spec, spot.id, names))
    if found is None:
        return None
    name, facts = found
    return Looked(Spot(spot.lane, spot.object, name), about, connector, spec, facts, datetime.now(UTC))


class Consents:
    """Says what has become of withdrawals that have opened cases; see `proxy.erase.Consents`."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def told(self, case: Case, has: Has) -> tuple[str, ...]:
        """Return lines for the plan; raises Stuck."""
        if case.withdrawn is None:
            return ()
        looked = [await look(self._shared, has, spot) for spot in sorted(case.people)]
        return tuple(line for each in looked if each is not None and (line := each.line(case.withdrawn)))
