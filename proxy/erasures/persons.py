"""Which cases are about the same person: by a record, however its id is written, or by a value that is theirs
alone, in any spelling."""

from collections.abc import Iterable, Iterator

from proxy.erasure import Case, Hold, Known, Spot, State, normal
from proxy.erasure.states import ANSWERED, IRREVOCABLE, OVER
from proxy.erasures.shared import Shared
from proxy.ids import same_form
from proxy.steps.locating import STRONG

Record = tuple[str, str, str]
"""What spots of one record have in common."""


class Persons:
    """Finds the cases of one person."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def holds(self, case: str, spots: Iterable[Spot], known: Iterable[Known]) -> tuple[Hold, ...]:
        """Return the holds that were put on other cases about the same person."""
        found = self._about(self._shared.cases.holding(), _records(spots), self._names(known))
        return tuple(hold for other in found if other.id != case for hold in other.holds)

    def others(self, case: Case) -> list[Case]:
        """Return the other cases about the same person that are not over."""
        ids = [*self._shared.cases.ids(frozenset(State) - OVER)]
        all_ = (self._shared.cases.get(name) for name in ids if name != case.id)
        return [*self._about(all_, _records(case.everybody), self._names(_said(case)))]

    def begun(self, case: Case) -> Case | None:
        """Return another case about the same person in which a hold on this one would come too late.

        One that is complete has erased its records, and no others: who is there again can be held.
        """
        records = _records(case.everybody)
        for other in self.others(case):
            complete = other.state in ANSWERED and records.isdisjoint(_erased(other))
            if other.state in IRREVOCABLE and not complete:
                return other
        return None

    def _about(self, cases: Iterable[Case], records: set[Record], names: set[tuple[str, str]]) -> Iterator[Case]:
        for other in cases:
            apart = records.isdisjoint(_records(other.everybody))
            if not (apart and names.isdisjoint(self._names(_said(other)))):
                yield other

    def _names(self, known: Iterable[Known]) -> set[tuple[str, str]]:
        """Return what values are the same by: a number as it is, and as all the world would call it."""
        regions = {lane.region or "" for lane in self._shared.app.config.lanes}
        return {
            (one.kind, key)
            for one in known
            for region in regions
            for key in normal.keys(one.kind, one.value, region)
        }


def _said(case: Case) -> list[Known]:
    found = case.plan.known if case.plan is not None else ()
    return [*case.values, *(one for one in found if one.kind in STRONG)]


def _erased(case: Case) -> set[Record]:
    kept = case.plan.kept if case.plan is not None else ()
    return _records(case.everybody) - _records(Spot(one.lane, one.object, one.id) for one in kept)


def _records(spots: Iterable[Spot]) -> set[Record]:
    return {(spot.lane, spot.object, same_form(spot.id)) for spot in spots}
