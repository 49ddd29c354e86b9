"""Decisions that were made, made again by another policy set: what would have come out?

The ledger keeps names and no values, and that is enough for most of it: who asked, what for, which fields, what
each of them came out as, and how the conditions of the day were answered (`proxy.policy.witness`). The facts of
records it does not keep. A decision is made again where it comes out the same for all facts that fit those
answers; another is counted as one that cannot be made again. How many there are of those is the first thing to
say, because all that follows is about the rest.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from proxy.errors import Refused
from proxy.message import RECORD_ITSELF
from proxy.model import (
    DENIED,
    Access,
    Action,
    Catalogue,
    Decision,
    Effect,
    FieldUse,
    Operation,
    Outcome,
    Principal,
    Purpose,
)
from proxy.policy.compile import PolicySet
from proxy.policy.conditions import ERROR
from proxy.policy.conditions.atoms import Outcome as Answered
from proxy.policy.decide import Decider
from proxy.policy.judge import Ruling, judge
from proxy.policy.plan.cell import Spaces, table
from proxy.policy.plan.formula import Formula, atoms_of
from proxy.policy.plan.index import Index, Ruled
from proxy.policy.plan.phrase import outcome_words
from proxy.policy.plan.reading import KNOWN, Caller, Conditions, Given
from proxy.policy.plan.space import Space
from proxy.policy.witness import Answers, atom_marks, mark, read

FACTS: Final = "a condition looks at facts that are not recorded"
OLDER: Final = "older record format, without roles"
SEVERAL: Final = "several operations in one request"
UNKNOWN: Final = "names nobody knows"
_ALLOWED, _REFUSED = "allowed", "refused"


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which decisions come out differently."""

    opens: bool
    roles: tuple[str, ...]
    purpose: str
    recipient: str
    connector: str
    what: str
    """`read Contact.Phone` for a field that was in an answer, `request: filter Contact.Phone` for a request."""
    was: str
    now: str
    rule: str
    """Id of the rule that decides now; "" where no grant matches."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of making decisions again."""

    decisions: int
    """How many the ledger has that policy made."""
    not_replayable: Mapping[str, int]
    """Reason -> how many cannot be made again; known parts of them are all the same among the ways."""
    changed: int
    """How many come out differently."""
    ways: Mapping[Way, int]
    """How many decisions each way is part of; those that open first, then the most frequent."""

    @property
    def replayable(self) -> int:
        """How many can be made again."""
        return self.decisions - sum(self.not_replayable.values())

    @property
    def opens(self) -> bool:
        """Tell whether anything would have been shown or allowed that was not."""
        return any(way.opens for way in self.ways)


class _CannotReplay(Exception):
    """With the reason as its only argument."""


def replay(entries: Iterable[Mapping[str, object]], policies: PolicySet, day: date) -> Replayed:
    """Return what other policies make of recorded decisions, with their rules as of one day.

    Args:
        entries: of the ledger, in order; anything that is no decision of policy is passed over.
        policies: by which to decide.
        day: UTC.
    """
    return _Replay(policies, day).run(entries)


class _Replay:
    def __init__(self, policies: PolicySet, day: date) -> None:
        self._policies = policies
        self._day = day
        self._reading = Conditions(policies, policies, "")
        self._index = Index(policies, self._reading)
        self._spaces = Spaces()
        self._marked: dict[tuple[tuple[str, str], Given], dict[str, Formula]] = {}
        self._found: dict[object, Outcome | None] = {}
        self._actions: dict[str, Action | None] = {}
        """What the exchanges whose answer is not on record yet asked to be shown."""

    def run(self, entries: Iterable[Mapping[str, object]]) -> Replayed:
        decisions = changed = 0
        reasons: Counter[str] = Counter()
        ways: Counter[Way] = Counter()
        for entry in entries:
            if not _is_decision(entry):
                continue
            decisions += 1
            try:
                different = set(self._decide_again(entry, reasons))
            except _CannotReplay as reason:
                reasons[str(reason)] += 1
                continue
            changed += bool(different)
            ways.update(different)
        in_order = sorted(ways.items(), key=lambda item: (not item[0].opens, -item[1], str(item[0])))
        return Replayed(decisions, dict(reasons.most_common()), changed, dict(in_order))

    def _decide_again(self, entry: Mapping[str, object], reasons: Counter[str]) -> Iterator[Way]:
        caller = Caller(frozenset(_words(entry, "roles")), _word(entry, "purpose"), _word(entry, "recipient"))
        connector = _word(entry, "connector")
        if not connector:
            raise _CannotReplay(OLDER)
        if entry["kind"] == "disclosed":
            return self._answer(entry, caller, connector, reasons)
        return self._request(entry, caller, connector)

    # ---- what was in an answer ---------------------------------------------------------------------------

    def _answer(
        self, entry: Mapping[str, object], caller: Caller, connector: str, reasons: Counter[str]
    ) -> Iterator[Way]:
        action = self._actions.get(_word(entry, "id"))
        if action is None:
            raise _CannotReplay(SEVERAL)
        partly = False
        found = []
        witnessed = {(doing, name): seen for doing, name, seen in map(read, _words(entry, "facts"))}
        were: dict[str, set[Effect]] = {}
        for said in _words(entry, "fields"):
            effect, _, path = said.partition(" ")
            were.setdefault(path, set()).add(_effect(effect))
        for path, was in were.items():
            name, field = self._split(connector, path)
            always = self._outcome(caller, connector, name, action, field)
            if always is not None:
                now = {always}
            else:
                seen = witnessed.get((action.value, name), ())
                now = self._witnessed(caller, (connector, name), action, field, seen)
            gone = was - {outcome.effect for outcome in now}
            if not now or (not gone and len(was) < len({outcome.effect for outcome in now})):
                # Some record may come out otherwise, and nobody can say whether this field was in it.
                partly = True
            if now:
                likeliest = min(now, key=lambda outcome: outcome.effect)
                found += [_way(caller, connector, f"{action} {path}", each, likeliest) for each in sorted(gone)]
        if partly:
            reasons[FACTS] += 1
        return iter(found)

    def _witnessed(
        self,
        caller: Caller,
        where: tuple[str, str],
        action: Action,
        field: str,
        seen: Iterable[Answers],
    ) -> set[Outcome]:
        """Return what a cell comes to for each set of recorded answers; empty where one leaves it open."""
        rules, space = self._cell(caller, *where, action, field)
        atoms = set(space.atoms)
        given = self._reading.given(caller)
        found: set[Outcome] = set()
        for answers in seen:
            rows = space.all if space.exact else 0
            for name, formula in self._asked(where, given).items():
                if name in answers and set(atoms_of(formula)) <= atoms:
                    rows &= _fitting(space, formula, answers[name])
            outcomes = [said.outcome for said, these in table(self._index, rules, space) if these & rows]
            if len({(outcome.effect, outcome.mask) for outcome in outcomes}) != 1:
                return set()
            found.add(outcomes[0])
        return found

    def _asked(self, where: tuple[str, str], given: Given) -> Mapping[str, Formula]:
        """Return the conditions that are asked of one object, and what they are made of, by their marks."""
        key = (where, given)
        if key not in self._marked:
            connector, name = where
            spec = self._policies.catalogues.get(connector, {}).get(name)
            asked = [rule.conditions[where] for rule in self._policies.rules if where in rule.conditions]
            asked += [each for purpose in self._policies.purposes for each in self._policies.implied(purpose)]
            found = self._marked[key] = {}
            for condition in {id(each): each for each in asked}.values():
                found[mark(condition, spec)] = self._reading.read(condition, where, given)
                atoms = self._reading.read_atoms(condition, where, given)
                found |= zip(atom_marks(condition, spec), atoms, strict=True)
        return self._marked[key]

    # ---- what a request asked for ------------------------------------------------------------------------

    def _request(self, entry: Mapping[str, object], caller: Caller, connector: str) -> Iterator[Way]:
        operations = self._operations(entry, connector)
        self._actions[_word(entry, "id")] = _shown(operations)
        was_allowed = entry["kind"] == "requested"
        if len(operations) > 1:
            raise _CannotReplay(SEVERAL)
        catalogue = self._policies.catalogues.get(connector, {})
        at_worst, at_best = (
            judge(
                operations,
                _Decider(self, caller, connector, unknown),
                catalogue,
                _Foreseeing(self, caller, connector, unknown),
            )
            for unknown in (DENIED, Outcome(Effect.ALLOW))
        )
        if (at_worst.refusal is None) != (at_best.refusal is None):
            raise _CannotReplay(FACTS)
        allowed = at_best.refusal is None
        if allowed is was_allowed:
            return iter(())
        what = _asked(at_best.refusal or entry, operations)
        was, now = (_ALLOWED, _REFUSED) if was_allowed else (_REFUSED, _ALLOWED)
        rule = _rule(at_best)
        roles = tuple(sorted(caller.roles))
        way = Way(
            allowed, roles, caller.purpose, caller.recipient, connector, f"request: {what}", was, now, rule
        )
        return iter([way])

    def _operations(self, entry: Mapping[str, object], connector: str) -> tuple[Operation, ...]:
        """Return what a request asked for; uses stand with its one operation, or with all of several."""
        uses = []
        for said in _words(entry, "fields"):
            action, _, path = said.partition(" ")
            uses.append(FieldUse(*self._split(connector, path), _action(action)))
        found = []
        for said in dict.fromkeys(_words(entry, "operations")):
            action, _, name = said.partition(" ")
            found.append(Operation(_action(action), name, tuple(uses)))
        return tuple(found)

    # ---- one cell ----------------------------------------------------------------------------------------

    def decision(self, caller: Caller, connector: str, name: str, action: Action, unknown: Outcome) -> Decision:
        """Return the decision on one object, with `unknown` wherever it depends on facts."""
        spec = self._policies.catalogues.get(connector, {}).get(name)
        outcomes = {}
        for field in (*spec.fields, RECORD_ITSELF) if spec else ():
            found = self._outcome(caller, connector, name, action, field)
            outcome = unknown if found is None else found
            if outcome.effect is not Effect.DENY:
                outcomes[field] = outcome
        return Decision(action, name, outcomes)

    def foreseen(self, caller: Caller, connector: str, name: str, action: Action) -> Decision | None:
        """Return the best that could come out for a record nobody has seen; None if more has to be known."""
        recipient = self._policies.recipients.get(caller.recipient)
        plan = self._policies.plan(
            connector=connector,
            roles=caller.roles,
            purpose=caller.purpose,
            recipient=caller.recipient,
            action=action,
            object=name,
        )
        if plan.table is None or recipient is None:
            return plan.decision
        asked = zip(plan.table.conditions, plan.table.of_record, strict=True)
        if not all(of_record or each.context <= KNOWN for each, of_record in asked):
            return None
        principal = Principal("", "", caller.roles, recipient)
        return Decider(plan, Access(principal, Purpose(caller.purpose), action, name)).foreseen()

    def _outcome(self, caller: Caller, connector: str, name: str, action: Action, field: str) -> Outcome | None:
        """Return what a cell comes to, whatever the facts; None if it depends on them."""
        key = (caller, connector, name, action, field)
        if key not in self._found:
            rules, space = self._cell(caller, connector, name, action, field)
            outcomes = [seen.outcome for seen, _ in table(self._index, rules, space)]
            same = len({(outcome.effect, outcome.mask) for outcome in outcomes}) == 1 and space.exact
            self._found[key] = outcomes[0] if same else None
        return self._found[key]

    def _cell(
        self, caller: Caller, connector: str, name: str, action: Action, field: str
    ) -> tuple[Sequence[Ruled], Space]:
        bits = self._index.asked(caller, self._day) & self._index.doing(action)
        about = self._index.fields(connector, name, action).get(field, 0)
        rules = self._index.ruled(bits & about, (connector, name), self._index.given(caller), action)
        return rules, self._spaces.of(each.condition for each in rules)

    def _split(self, connector: str, path: str) -> tuple[str, str]:
        """Return object and field; names of objects may have dots in them, and so may names of fields."""
        catalogue: Catalogue = self._policies.catalogues.get(connector, {})
        if path in catalogue:
            return path, RECORD_ITSELF
        for at in range(len(path) - 1, 0, -1):
            if path[at] == "." and path[:at] in catalogue:
                return path[:at], path[at + 1 :]
        name, _, field = path.rpartition(".")
        return name, field


@dataclass(frozen=True, slots=True)
class _Decider:
    """Decides for one caller, as `judge` asks."""

    replay: _Replay
    caller: Caller
    connector: str
    unknown: Outcome

    def __call__(self, name: str, action: Action) -> Decision:
        return self.replay.decision(self.caller, self.connector, name, action, self.unknown)


class _Foreseeing(_Decider):
    """Says what could be shown at best, as `judge` asks of what is decided again in the answer."""

    __slots__ = ()

    def __call__(self, name: str, action: Action) -> Decision:
        found = self.replay.foreseen(self.caller, self.connector, name, action)
        return _Decider.__call__(self, name, action) if found is None else found


def _fitting(space: Space, formula: Formula, answer: Answered) -> int:
    """Return the rows in which a formula is answered so."""
    true, error = space.where(formula)
    if answer is True:
        return true
    return error if answer is ERROR else space.all & ~(true | error)


def _is_decision(entry: Mapping[str, object]) -> bool:
    kind = entry.get("kind")
    return (
        kind == "requested"
        or (kind == "disclosed" and entry.get("part") == 1)
        or (kind == "declined" and entry.get("stage") == "policy")
    )


def _shown(operations: tuple[Operation, ...]) -> Action | None:
    """Return the action under which the answer was decided; None if there were several."""
    actions = {operation.action for operation in operations}
    return next(iter(actions)) if len(actions) == 1 else None


def _way(caller: Caller, connector: str, what: str, was: Effect, now: Outcome) -> Way:
    return Way(
        opens=now.effect < was,
        roles=tuple(sorted(caller.roles)),
        purpose=caller.purpose,
        recipient=caller.recipient,
        connector=connector,
        what=what,
        was=was.name.lower(),
        now=outcome_words(now),
        rule=now.rule,
    )


def _asked(refused: Refused | Mapping[str, object], operations: tuple[Operation, ...]) -> str:
    """Return the part of a request that is refused, or was."""
    detail = refused.detail if isinstance(refused, Refused) else str(refused.get("detail", ""))
    (operation,) = operations
    return detail if " " in detail else f"{operation.action} {operation.object}"


def _rule(ruling: Ruling) -> str:
    return ruling.rules[0] if len(ruling.rules) == 1 else ""


def _action(word: str) -> Action:
    try:
        return Action(word)
    except ValueError:
        raise _CannotReplay(UNKNOWN) from None


def _effect(word: str) -> Effect:
    try:
        return Effect[word.upper()]
    except KeyError:
        raise _CannotReplay(UNKNOWN) from None


def _word(entry: Mapping[str, object], name: str) -> str:
    found = entry.get(name)
    return found if isinstance(found, str) else ""


def _words(entry: Mapping[str, object], name: str) -> tuple[str, ...]:
    found = entry.get(name)
    return tuple(each for each in found if isinstance(each, str)) if isinstance(found, list) else ()
