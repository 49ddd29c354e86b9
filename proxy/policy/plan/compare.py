"""Two policy sets, cell by cell: who may see or do what that they could not before?

`compare` is the story: the callers there are on either side, the days on which something begins or ends, and
for every caller, action and object the fields that come out differently. Callers whom the same rules speak
about are handled as one, and so are fields that the same rules reach; that is all that makes it quick, and
nothing is left out by it.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations, product
from typing import Final, NamedTuple, cast

from proxy.model import DISCLOSING, Action, Client, FieldSpec, Outcome
from proxy.policy.compile import PolicySet
from proxy.policy.plan.boxes import Box, merged
from proxy.policy.plan.cell import (
    PLAIN,
    Cell,
    Difference,
    Shape,
    Shapes,
    Spaces,
    Table,
    Verdict,
    difference,
    undecided,
)
from proxy.policy.plan.changes import Change, Comparison, Example
from proxy.policy.plan.index import Index
from proxy.policy.plan.phrase import fact_words, outcome_words, words
from proxy.policy.plan.reading import Caller, Conditions, Reading

MOST_DAYS: Final = 366
"""Days on which something begins or ends that are looked at; a set with more is compared up to there."""
MOST_ROLES: Final = 6
"""Roles of a client whose tokens may carry any of them, up to which every combination is looked at."""


@dataclass(frozen=True, slots=True)
class Side:
    """One policy set to compare, and how its conditions are read."""

    policies: PolicySet
    reading: Reading


def sides(old: PolicySet, new: PolicySet) -> tuple[Side, Side]:
    """Return two sets to compare, with their own conditions."""
    return Side(old, Conditions(old, new, "before")), Side(new, Conditions(new, old, "after"))


def compare(old: Side, new: Side, *, today: date, role_sets: Iterable[frozenset[str]] = ()) -> Comparison:
    """Return what differs from `today` (UTC) on.

    Args:
        old: what is in force.
        new: what is to be.
        today: days before are not looked at.
        role_sets: callers with these roles are looked at beside those with one role, and those with the
            roles of a registered client, or any of them where tokens choose.
    """
    return _Comparing(old, new, today, role_sets).result()


class _Kind(NamedTuple):
    """What cells must share to stand in one row."""

    verdict: Verdict
    was: str
    now: str
    exact: bool


_Steps = tuple[tuple[_Kind, frozenset[str]], ...]
"""How the fields of one object differ for one caller on one day; fields that do not are missing."""
_Cell = tuple[int, int, Shapes]
"""The rules about a cell on either side, and the field's shapes where they differ: all a difference is from."""
_Dimensions = tuple[
    frozenset[date], frozenset[frozenset[str]], frozenset[str], frozenset[str], frozenset[Action], frozenset[str]
]
"""What a box is of: days, roles, purposes, recipients, actions, fields."""
_Where = tuple[str, str, Action]
"""Connector, object and action."""


class _Asker(NamedTuple):
    """What callers must share to be handled as one."""

    asked: tuple[tuple[int, int], ...]
    """For each day, the rules of either side that speak about them."""
    given: tuple[Hashable, Hashable]
    """What conditions on either side can tell of them."""


class _Comparing:
    """One comparison on its way."""

    def __init__(self, old: Side, new: Side, today: date, role_sets: Iterable[frozenset[str]]) -> None:
        self.days, later = _days(old.policies, new.policies, today)
        self.untried = _untried(old.policies, new.policies, later)
        callers = tuple(_callers(old.policies, new.policies, role_sets))
        self.old, self.new = Index(old.policies, old.reading), Index(new.policies, new.reading)
        self.spaces = Spaces()
        self.callers: dict[_Asker, list[Caller]] = {}
        self._askers: dict[Caller, _Asker] = {}
        self._classes: dict[tuple[str, str, Action], dict[_Cell, frozenset[str]]] = {}
        for caller in callers:
            asked = tuple((self.old.asked(caller, day), self.new.asked(caller, day)) for day in self.days)
            asker = _Asker(asked, (self.old.given(caller), self.new.given(caller)))
            self.callers.setdefault(asker, []).append(caller)
            self._askers[caller] = asker
        self.cells = self.inexact = 0
        self.counts = dict.fromkeys(Verdict, 0)
        self.opening: set[str] = set()
        self.boxes: dict[tuple[_Kind, str, str], list[Box]] = {}
        self._alike: dict[object, tuple[Difference | None, _Kind | None]] = {}
        self._found: dict[object, tuple[Difference | None, _Kind | None]] = {}

    def result(self) -> Comparison:
        """Return everything that differs."""
        for connector, name in _objects(self.old.policies, self.new.policies):
            for action in Action:
                self._compare_object(connector, name, action)
        changes = [
            self._change(kind, connector, name, box)
            for (kind, connector, name), boxes in self.boxes.items()
            # Days first, roles and purposes last: a row should read as one person's new right.
            for box in merged(boxes, (0, 5, 4, 3, 1, 2))
        ]
        changes.sort(key=_in_order)
        return Comparison(
            tuple(changes),
            self.cells,
            self.counts,
            self.inexact,
            self.days,
            frozenset(self.opening),
            self.untried,
        )

    def _compare_object(self, connector: str, name: str, action: Action) -> None:
        """Compare one object for one action: all callers, all fields, all days."""
        fields = self._classes[connector, name, action] = self._field_classes(connector, name, action)
        count = sum(map(len, fields.values()))
        # Rules that reach nothing here make no difference; without them many callers are the same.
        speaking = [0, 0]
        for was, now, _ in fields:
            speaking[0] |= was
            speaking[1] |= now
        steps: dict[tuple[int, int, object], _Steps] = {}
        ways: dict[tuple[int, ...], list[tuple[_Kind, frozenset[date], frozenset[str]]]] = {}
        for asker, callers in self.callers.items():
            self.cells += count * len(callers)
            daily = []
            for was, now in asker.asked:
                key = (was & speaking[0], now & speaking[1], asker.given)
                if key not in steps:
                    steps[key] = self._steps(fields, (connector, name, action), *key)
                daily.append(steps[key])
            if not any(daily):
                continue
            way = tuple(map(id, daily))
            if way not in ways:
                ways[way] = _over_days(daily, self.days)
            self._note(connector, name, action, callers, ways[way])

    def _note(
        self,
        connector: str,
        name: str,
        action: Action,
        callers: Sequence[Caller],
        way: Sequence[tuple[_Kind, frozenset[date], frozenset[str]]],
    ) -> None:
        verdicts: dict[str, set[Verdict]] = {}
        for kind, days, names in way:
            self.inexact += 0 if kind.exact else len(names) * len(callers)
            for each in names:
                verdicts.setdefault(each, set()).add(kind.verdict)
            boxes = self.boxes.setdefault((kind, connector, name), [])
            boxes += (
                (days, *(frozenset({word}) for word in caller), frozenset({action}), names) for caller in callers
            )
        for met in verdicts.values():
            self.counts[met.pop() if len(met) == 1 else Verdict.MIXED] += len(callers)

    def _field_classes(self, connector: str, name: str, action: Action) -> dict[_Cell, frozenset[str]]:
        """Return the fields of one object by the rules about them, those of either side for this action."""
        before, after = (side.fields(connector, name, action) for side in (self.old, self.new))
        doing = self.old.doing(action), self.new.doing(action)
        specs = [
            catalogues[name].fields
            if name in (catalogues := side.policies.catalogues.get(connector, {}))
            else {}
            for side in (self.old, self.new)
        ]
        found: dict[_Cell, set[str]] = {}
        for field in {*before, *after}:
            one, two = (_shape(spec[field]) if field in spec else None for spec in specs)
            # Masks may go by the type, so it counts where it is not the same on both sides.
            shapes = (one, two) if one and two and one != two else (PLAIN, PLAIN)
            cell = (before.get(field, 0) & doing[0], after.get(field, 0) & doing[1], shapes)
            found.setdefault(cell, set()).add(field)
        return {cell: frozenset(names) for cell, names in found.items()}

    def _steps(
        self,
        fields: Mapping[_Cell, frozenset[str]],
        where: _Where,
        was: int,
        now: int,
        given: tuple[Hashable, Hashable],
    ) -> _Steps:
        """Return how the fields of one object differ, given the rules that speak about the caller."""
        found: dict[_Kind, frozenset[str]] = {}
        for (before, after, shapes), names in fields.items():
            kind = self._difference((was & before, now & after, shapes), where, given)[1]
            if kind is not None:
                found[kind] = found.get(kind, frozenset()) | names
        return tuple(found.items())

    def _difference(
        self, cell: _Cell, where: _Where, given: tuple[Hashable, Hashable]
    ) -> tuple[Difference | None, _Kind | None]:
        was, now, _ = cell
        connector, name, action = where
        # Object, action and caller only make a difference to conditions.
        depends = was & self.old.conditional(given[0]) or now & self.new.conditional(given[1])
        key = (cell, connector, name, action in DISCLOSING, given) if depends else cell
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._differ(cell, where, given)
        return found

    def _differ(
        self, cell: _Cell, where: _Where, given: tuple[Hashable, Hashable]
    ) -> tuple[Difference | None, _Kind | None]:
        was, now, shapes = cell
        connector, name, action = where
        old = self.old, self.old.ruled(was, (connector, name), given[0], action)
        new = self.new, self.new.ruled(now, (connector, name), given[1], action)
        if not old[1] and not new[1]:
            return None, None
        # The same rules under the same conditions are met for many objects and callers.
        same = (*((id(rule), id(condition)) for rule, condition in (*old[1], *new[1])), shapes)
        if same not in self._alike:
            self._alike[same] = self._compared(old, new, shapes)
        return self._alike[same]

    def _compared(self, old: Cell, new: Cell, shapes: Shapes) -> tuple[Difference | None, _Kind | None]:
        found = difference(old, new, self.spaces, shapes)
        if found is not None:
            self._remember_opening(found)
            said = words(found.was, found.space), words(found.now, found.space)
            if said[0] == said[1]:
                # A mask that kept its name and does something else now is told by what it does.
                sides = (found.was, found.now)
                was, now = (words(side, found.space, spelled=True) for side in sides)
                said = (was, now) if was != now else said
            return found, _Kind(found.verdict, *said, found.space.exact)
        if undecided(old, new, self.spaces):
            return None, _Kind(Verdict.MIXED, "", "", exact=False)
        return None, None

    def _remember_opening(self, found: Difference) -> None:
        for table in (found.was, found.now):
            self.opening |= {seen.outcome.rule for seen, rows in table if rows & found.loosened}
        self.opening.discard("")

    def _change(self, kind: _Kind, connector: str, name: str, box: Box) -> Change:
        days, roles, purposes, recipients, actions, fields = cast("_Dimensions", box)
        change = Change(
            verdict=kind.verdict,
            connector=connector,
            object=name,
            roles=tuple(sorted(roles, key=sorted)),
            purposes=tuple(sorted(purposes)),
            recipients=tuple(sorted(recipients)),
            actions=tuple(action for action in Action if action in actions),
            fields=tuple(sorted(fields)),
            days=_stretches(days, self.days),
            was=kind.was,
            now=kind.now,
            exact=kind.exact,
        )
        return replace(change, examples=tuple(self._examples(change)))

    def _examples(self, change: Change) -> Iterator[Example]:
        """Yield the first cell of a row, in a case that opens and in one that closes."""
        caller = Caller(change.roles[0], change.purposes[0], change.recipients[0])
        action, field, day = change.actions[0], change.fields[0], change.days[0][0]
        asker = self._askers[caller]
        asked = asker.asked[self.days.index(day)]
        classes = self._classes[change.connector, change.object, action]
        before, after, shapes = next(cell for cell, names in classes.items() if field in names)
        cell = (asked[0] & before, asked[1] & after, shapes)
        found, _ = self._difference(cell, (change.connector, change.object, action), asker.given)
        if found is None:
            return
        both = found.loosened & found.tightened
        for opens, rows in ((True, found.loosened), (False, found.tightened & ~both)):
            if rows:
                yield _example(change, caller, rows, found, opens=opens)


def _example(change: Change, caller: Caller, rows: int, found: Difference, *, opens: bool) -> Example:
    row = found.space.row(rows)
    was, now = (_outcome_in(table, row.bit) for table in (found.was, found.now))
    domains = found.space.domains
    return Example(
        opens=opens,
        caller=caller,
        action=change.actions[0],
        field=change.fields[0],
        day=change.days[0][0],
        facts={fact: fact_words(value, domains[fact]) for fact, value in row.facts.items()},
        was=outcome_words(was),
        was_rule=was.rule,
        now=outcome_words(now),
        now_rule=now.rule,
    )


def _outcome_in(table: Table, bit: int) -> Outcome:
    return next(seen.outcome for seen, rows in table if rows & bit)


def _over_days(
    daily: Sequence[_Steps], days: Sequence[date]
) -> list[tuple[_Kind, frozenset[date], frozenset[str]]]:
    """Return what differs in the same way, with the days on which it does and the fields it is about."""
    when: dict[tuple[_Kind, str], set[date]] = {}
    for day, steps in zip(days, daily, strict=True):
        for kind, names in steps:
            for name in names:
                when.setdefault((kind, name), set()).add(day)
    found: dict[tuple[_Kind, frozenset[date]], set[str]] = {}
    for (kind, name), on in when.items():
        found.setdefault((kind, frozenset(on)), set()).add(name)
    return [(kind, on, frozenset(names)) for (kind, on), names in found.items()]


def _days(old: PolicySet, new: PolicySet, today: date) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Return the days to look at, and those that are too many."""
    later = sorted({day for side in (old, new) for day in side.days if day > today})
    return (today, *later[: MOST_DAYS - 1]), tuple(later[MOST_DAYS - 1 :])


def _untried(old: PolicySet, new: PolicySet, later: Sequence[date]) -> tuple[str, ...]:
    """Return in words what is not looked at; nothing is missed there if the documents are the same."""
    if old.digest == new.digest and old.rules == new.rules:
        return ()
    many = {
        name
        for side in (old, new)
        for name, client in side.clients.items()
        if client.jwt and len(client.roles) > MOST_ROLES
    }
    said = [f"tokens of client {name} with some of its roles" for name in sorted(many)]
    return (*said, f"{later[0]} and after") if later else tuple(said)


def _stretches(days: Iterable[date], all_days: Sequence[date]) -> tuple[tuple[date, date | None], ...]:
    """Return days as stretches, each from its first day to the day after its last."""
    chosen = set(days)
    found: list[tuple[date, date | None]] = []
    for at, day in enumerate(all_days):
        if day in chosen:
            after = all_days[at + 1] if at + 1 < len(all_days) else None
            if found and found[-1][1] == day:
                found[-1] = (found[-1][0], after)
            else:
                found.append((day, after))
    return tuple(found)


def _callers(old: PolicySet, new: PolicySet, role_sets: Iterable[frozenset[str]]) -> Iterator[Caller]:
    """Yield every caller with one role, with roles a client can have, or with one of the given sets."""
    clients = [*old.clients.values(), *new.clients.values()]
    roles = {frozenset({role}) for role in (*old.roles, *new.roles)}
    roles |= {each for client in clients for each in _role_sets(client)} | set(role_sets)
    purposes = sorted({*old.purposes, *new.purposes})
    recipients = sorted({*old.recipients, *new.recipients})
    for found in product(sorted(roles, key=sorted), purposes, recipients):
        yield Caller(*found)


def _role_sets(client: Client) -> Iterator[frozenset[str]]:
    """Yield the roles of a client's callers: a token may give any of them, a key gives all."""
    yield client.roles
    if client.jwt and len(client.roles) <= MOST_ROLES:
        for count in range(1, len(client.roles)):
            yield from map(frozenset, combinations(sorted(client.roles), count))


def _shape(spec: FieldSpec) -> Shape:
    return Shape(spec.semantic, "structured" in spec.tags)


def _objects(old: PolicySet, new: PolicySet) -> list[tuple[str, str]]:
    return sorted(
        {
            (connector, name)
            for side in (old, new)
            for connector, catalogue in side.catalogues.items()
            for name in catalogue
        }
    )


def _in_order(change: Change) -> tuple[object, ...]:
    first = (Verdict.LOOSENED, Verdict.MIXED, Verdict.TIGHTENED).index(change.verdict)
    roles = [sorted(each) for each in change.roles]
    return (first, roles, change.purposes, change.connector, change.object, change.actions, change.fields)
