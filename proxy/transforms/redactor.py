"""Carry out decisions on records, in place: one pass over the members, most of it worked out beforehand.

A page holds two hundred records with the same members. So what to do is compiled once per set of members
into a `Shape`, and a record costs one look-up plus the edits; a `Redactor` keeps the shapes of one decision,
`Redactors` keeps the redactors of a policy set between exchanges.

A member is removed unless something speaks for it: it is structure that the connector judges elsewhere
(`Record.keep`), or a field the connector lists and the decision does not deny. A dict or list is never shown
as the value of a field, unless the field is tagged `structured`: a decision about a scalar says nothing of
what is inside.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from proxy.columns import Alike, Columns, Dicts
from proxy.errors import Unavailable
from proxy.message import RECORD_ITSELF, Record, Tree
from proxy.model import Action, Catalogue, Decision, Effect, Facts, FieldSpec, ObjectSpec, Outcome
from proxy.transforms.masks import Apply, compile_mask, mask_all
from proxy.transforms.standins import StandIns
from proxy.transforms.tally import Cell, Shape, Tally, summarise

STRUCTURED: Final = "structured"
"""Tag of a field whose value is a container and is released, or not, as one."""
MOST_SHAPES: Final = 256
"""Shapes kept per redactor; a CRM that answers with ever new sets of members must not fill the memory."""
MOST_REDACTORS: Final = 4_096

Decide = Callable[[str, Action], Decision]
"""(object, action) -> decision, for the caller of this exchange, on records of which nothing is known."""
DecideRecord = Callable[[str, Action, Facts | None], Decision]
"""The same for one record, by what is known of it."""

_RECORD: Final = FieldSpec("system.record")


class Judged(NamedTuple):
    """One member, and what policy says of it."""

    action: Action
    object: str
    field: str
    spec: FieldSpec
    outcome: Outcome


Judge = Callable[[str], Judged | None]
"""Member -> what policy says of it; None if it is no field that anybody has judged."""
Members = tuple[tuple[str, ...], frozenset[str], frozenset[str]]
"""All members of a record, those that are structure, and those that hold containers where a scalar belongs."""

_NONE: Final[frozenset[str]] = frozenset()
_CONTAINERS: Final = frozenset({dict, list})


class Redactor:
    """Carries out what one judge says; compiled as records come, and reusable between exchanges."""

    def __init__(self, judge: Judge, *, opens: bool, standins: StandIns | None = None) -> None:
        """Take a judge, whether a record without any judged member may be shown, and what makes stand-ins."""
        self._judge = judge
        self._standins = standins
        self._opens = opens
        self._shapes: dict[Members, Shape] = {}

    @classmethod
    def for_decision(cls, decision: Decision, spec: ObjectSpec, standins: StandIns | None = None) -> "Redactor":
        """Return the redactor for records of one object, whose members are its fields."""

        def judge(member: str) -> Judged | None:
            field = spec.fields.get(member)
            if field is None:
                return None
            return Judged(decision.action, spec.name, member, field, decision.of(member))

        opens = any(outcome.effect < Effect.DENY for outcome in decision.outcomes.values())
        return cls(judge, opens=opens, standins=standins)

    def apply(self, record: Record, tally: Tally) -> bool:
        """Edit `record` so that it shows what may be shown, count it, and say whether that is anything.

        Raises:
            Unavailable: policy asks for something nobody here can do; the record must not be released.
        """
        shown = self._edit(record.members, record.keep, tally)
        if record.sparse:
            members, keep = record.members, record.keep
            for name in [each for each, value in members.items() if value is None and each not in keep]:
                del members[name]
        return shown

    def apply_all(self, columns: Columns, keep: frozenset[str], tally: Tally) -> list[bool]:
        """Edit and count records as `apply` does, and say which of them show anything; `keep` is `Record.keep`.

        Raises:
            Unavailable: see `apply`.
        """
        shape = self._shape((columns.names, keep, _NONE))
        if not columns.all_plain(shape.scalars):
            return [self._edit(row, keep, tally) for row in _dicts(columns)]
        for name in shape.removed:
            columns.drop(name)
        for name in shape.nulled:
            columns.put(name, [None] * len(columns))
        for name, mask in shape.masked:
            columns.put(name, mask_all(mask, columns.column(name) or []))
        tally.add(shape, len(columns))
        return [shape.shown] * len(columns)

    def _edit(self, members: dict[str, Tree], keep: frozenset[str], tally: Tally) -> bool:
        key = (tuple(members), keep, _NONE)
        shape = self._shapes.get(key) or self._compile(key)
        if not _CONTAINERS.isdisjoint(map(type, map(members.get, shape.scalars))):
            nested = frozenset(name for name in shape.scalars if type(members[name]) in _CONTAINERS)
            shape = self._shape((tuple(members), keep, nested))
        for name in shape.removed:
            del members[name]
        for name in shape.nulled:
            members[name] = None
        for name, mask in shape.masked:
            members[name] = mask(members[name])
        tally.add(shape)
        return shape.shown

    def shape(self, members: tuple[str, ...]) -> Shape:
        """Return what is done to every record with these members, all of them fields and none a container.

        Raises:
            Unavailable: see `apply`.
        """
        return self._shape((members, _NONE, _NONE))

    def _shape(self, key: Members) -> Shape:
        return self._shapes.get(key) or self._compile(key)

    def _compile(self, key: Members) -> Shape:
        members, keep, nested = key
        found = {name: self._judge(name) for name in members if name not in keep}
        judged = {name: one for name, one in found.items() if one is not None and name not in nested}
        effects = {name: one.outcome.effect for name, one in judged.items()}
        shape = Shape(
            removed=tuple(name for name in found if effects.get(name, Effect.DENY) is Effect.DENY),
            nulled=tuple(name for name in judged if effects[name] is Effect.REDACT),
            masked=tuple((name, _mask(one, self._standins)) for name, one in judged.items() if _is_changed(one)),
            scalars=tuple(name for name, one in judged.items() if _is_scalar(one)),
            shown=any(effect < Effect.DENY for effect in effects.values()) if found else self._opens,
            summary=summarise(tuple(_cell(one) for one in judged.values())),
            unclassified=len(found) - len(judged),
        )
        if len(self._shapes) >= MOST_SHAPES:
            self._shapes.clear()
        self._shapes[key] = shape
        return shape


class Redactors:
    """The redactors of one catalogue, kept between exchanges; drop it together with the policy set."""

    def __init__(self, catalogue: Catalogue, key: bytes | None = None, standins: StandIns | None = None) -> None:
        """Take a catalogue, and the key of stand-ins if any rule of the set asks for one."""
        self.catalogue = catalogue
        self.standins = standins
        self._key = key
        self._of: dict[str, Redactors] = {}
        self._kept: dict[tuple[int, str, Action], tuple[Mapping[str, Outcome], Redactor]] = {}

    def of(self, recipient: str) -> "Redactors":
        """Return those for one recipient: a set with stand-ins shows each recipient others."""
        if self._key is None:
            return self
        found = self._of.get(recipient)
        if found is None:
            standins = StandIns(self._key, recipient)
            found = self._of[recipient] = Redactors(self.catalogue, standins=standins)
        return found

    def find(self, decision: Decision, spec: ObjectSpec) -> Redactor:
        """Return the redactor for a decision, the same one for the same table of outcomes."""
        key = (id(decision.outcomes), spec.name, decision.action)
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= MOST_REDACTORS:
                self._kept.clear()
            # The table is kept with its redactor, so that no other can get its id.
            redactor = Redactor.for_decision(decision, spec, self.standins)
            kept = self._kept[key] = (decision.outcomes, redactor)
        return kept[1]


class Redactions:
    """Carries out the decisions of one exchange."""

    def __init__(
        self,
        decide: Decide,
        catalogue: Catalogue,
        redactors: Redactors | None = None,
        decide_record: DecideRecord | None = None,
    ) -> None:
        """Take the exchange's decisions; `redactors` of the same catalogue save compiling them again.

        A decision that says it is `by_record` is made again for each record by `decide_record`; without one
        it holds as it is.
        """
        self._decide = decide
        self._decide_record = decide_record
        self._catalogue = catalogue
        self._redactors = redactors or Redactors(catalogue)
        self._found: dict[tuple[str, Action], Redactor] = {}
        self._renamed: dict[int, tuple[object, Redactor]] = {}
        self._by_record: dict[tuple[str, Action], ObjectSpec] = {}
        self._varying: dict[object, tuple[object, Redactor]] = {}

    def apply(self, record: Record, tally: Tally) -> bool:
        """Edit `record` in place so that it shows only what may be shown, and count it in `tally`.

        Returns False if none of its fields may be shown; structure that `record.keep` names still stands. A
        record that went with its place in another is not counted.

        Raises:
            Unavailable: policy asks for something nobody here can do; the record must not be released.
        """
        if record.within is not None and record.gone:
            return False
        return self.redactor(record).apply(record, tally)

    def redactor(self, record: Record) -> Redactor:
        """Return what carries out the decisions on a record, whose members do not matter."""
        if record.names is not None:
            return self._for_names(record, record.names)
        return self._found.get((record.object, record.action)) or self._for_object(record)

    def varies(self, record: Record) -> bool:
        """Say whether another record with the same members may come out differently."""
        asked = {(name, action) for name, _, action in (record.names or {}).values()}
        return any(self._decide(*each).by_record for each in asked or {(record.object, record.action)})

    def apply_all(self, alike: Alike, tally: Tally) -> list[bool]:
        """Do to records that are alike what `apply` does to each, and say which of them show anything.

        Raises:
            Unavailable: see `apply`; nothing may be released.
        """
        if alike.facts is None:
            redactor = self._for_object(Record(alike.object, alike.action, {}))
            return redactor.apply_all(alike.columns, alike.keep, tally)
        by_redactor: dict[Redactor, list[int]] = {}
        rows = alike.rows
        for at, facts in enumerate(alike.facts):
            record = Record(alike.object, alike.action, rows[at], facts=facts)
            redactor = self._found.get((alike.object, alike.action)) or self._for_object(record)
            by_redactor.setdefault(redactor, []).append(at)
        shown = [False] * len(rows)
        for redactor, places in by_redactor.items():
            flags = redactor.apply_all(Dicts([rows[at] for at in places]), alike.keep, tally)
            for at, flag in zip(places, flags, strict=True):
                shown[at] = flag
        return shown

    def shuts(self, record: Record) -> bool:
        """Say whether policy shows nothing of a record for what it is, whatever hangs on it."""
        if record.names is not None and record.facts is None:  # computed columns, which are no one record's
            return False
        if not self._decide(record.object, record.action).by_record:
            return False
        outcomes = self._of(record.object, record.action, record).outcomes.values()
        return all(outcome.effect is Effect.DENY for outcome in outcomes)

    def _for_object(self, record: Record) -> Redactor:
        name, action = key = record.object, record.action
        spec = self._by_record.get(key)
        if spec is not None and self._decide_record is not None:
            return self._redactors.find(self._decide_record(name, action, record.facts), spec)
        spec = self._catalogue.get(name) or ObjectSpec(name, {})
        decision = self._of(name, action, record)
        redactor = self._redactors.find(decision, spec)
        if decision.by_record and self._decide_record is not None:
            self._by_record[key] = spec
        else:
            self._found[key] = redactor
        return redactor

    def _of(self, name: str, action: Action, record: Record) -> Decision:
        """Return the decision on one object, made for the record where that matters."""
        decision = self._decide(name, action)
        if decision.by_record and self._decide_record is not None:
            return self._decide_record(name, action, record.facts if name == record.object else None)
        return decision

    def _for_names(self, record: Record, names: Mapping[str, tuple[str, str, Action]]) -> Redactor:
        """Return the redactor for records whose members a query renamed or computed."""
        kept = self._renamed.get(id(names))
        if kept is None:
            found = {(name, action): self._of(name, action, record) for name, _, action in names.values()}
            catalogue = self._catalogue

            def judge(member: str) -> Judged | None:
                if member not in names:
                    return None
                name, field, action = names[member]
                spec = _spec_of(catalogue, name, field)
                if spec is None:
                    return None
                return Judged(action, name, field, spec, found[name, action].of(field))

            redactor = Redactor(judge, opens=True, standins=self._redactors.standins)
            if any(decision.by_record for decision in found.values()):
                return self._alike(names, found, redactor)
            kept = self._renamed[id(names)] = (names, redactor)
        return kept[1]

    def _alike(
        self,
        names: Mapping[str, tuple[str, str, Action]],
        found: Mapping[tuple[str, Action], Decision],
        fresh: Redactor,
    ) -> Redactor:
        """Return the redactor of an earlier record with these names that came out the same, or the fresh one."""
        tables = tuple(decision.outcomes for decision in found.values())
        key = (tuple(names.items()), tuple(map(id, tables)))
        # The tables are kept with the redactor, so that no others can get their ids.
        return self._varying.setdefault(key, (tables, fresh))[1]


def _spec_of(catalogue: Catalogue, name: str, field: str) -> FieldSpec | None:
    spec = catalogue.get(name)
    if spec is None:
        return None
    return _RECORD if field == RECORD_ITSELF else spec.fields.get(field)


_HOW: Final = {
    Effect.REDACT: "redact",
    Effect.DENY: "remove",
    Effect.TOKENIZE: "tokenize",
    Effect.ENCRYPT: "encrypt",
}


def _dicts(columns: Columns) -> list[dict[str, Tree]]:
    """Return records that are to be edited one by one.

    Raises:
        Unavailable: they are held in a way that keeps them from it.
    """
    if not isinstance(columns, Dicts):
        raise Unavailable("obligation_unsupported")
    return columns.rows


def _is_scalar(one: Judged) -> bool:
    """Say whether the value is shown as it is, though a container would show what nobody judged."""
    return one.outcome.effect is Effect.ALLOW and STRUCTURED not in one.spec.tags


def _is_changed(one: Judged) -> bool:
    return one.outcome.effect not in {Effect.ALLOW, Effect.REDACT, Effect.DENY}


def _mask(one: Judged, standins: StandIns | None) -> Apply:
    """Return the function for an effect that changes the value.

    Raises:
        Unavailable: an obligation nobody can discharge is a refusal (XACML 3.0 section 7.2.1).
    """
    effect = one.outcome.effect
    if effect in {Effect.TOKENIZE, Effect.ENCRYPT} and standins is not None:
        return standins.compile(effect, one.spec.category, one.spec.semantic)
    if one.outcome.effect is not Effect.MASK or one.outcome.mask is None:
        raise Unavailable("obligation_unsupported", f"{one.object}.{one.field}")
    try:
        return compile_mask(one.outcome.mask, one.spec.semantic)
    except ValueError:
        raise Unavailable("obligation_unsupported", f"{one.object}.{one.field}") from None


def _cell(one: Judged) -> Cell:
    effect, mask = one.outcome.effect, one.outcome.mask
    how = _HOW.get(effect, mask.kind if mask else "")
    rule = one.outcome.rule
    warned = rule if one.outcome.warned else ""
    return Cell(
        one.action, one.object, one.field, one.spec.category, effect, how, rule, warned, one.outcome.would
    )
