"""Looks whether the person is gone: by id, where deleted records are shown, and by every value ever known.

Nothing that the erasure itself was told is used here: each place is asked anew, and a place of which nobody can
say is reported as such, never as clean.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from proxy.connectors.erasespec import ErasedModel
from proxy.connectors.playbook import Book, Found
from proxy.erasure import mentions, normal
from proxy.erasure.case import Finding
from proxy.erasure.plan import Plan, Spot, Step
from proxy.errors import UpstreamFault
from proxy.steps.asking import Asking, Condition, find, holding, named, read, remembered
from proxy.steps.carrying import is_blank, scrubbed

IN_TEXTS: Final = frozenset({"text", "name", "address"})
"""Kinds of values that others may share, and that are looked for among other words only."""


LAGS: Final = "search_lags"
"""Why something is pending that the CRM has let go of: a search still shows it."""


class Checks:
    """The checks of one plan in one CRM.

    Args:
        lane: name of the CRM's lane.
        book: its playbook.
        plan: what was done.
        erased_at: when the last step ended.
        now: seconds since the epoch.
        refused: the records of which the CRM does not let go, as it has said.
    """

    def __init__(
        self, lane: str, book: Book, plan: Plan, erased_at: int, now: int, *, refused: Collection[Spot] = ()
    ) -> None:
        self.lane = lane
        self.book = book
        self.plan = plan
        visible = timedelta(hours=book.delays.visible_hours)
        self._until = datetime.fromtimestamp(erased_at, UTC) + visible
        self._waits = datetime.fromtimestamp(now, UTC) < self._until
        self._lag = book.delays.search_seconds
        indexed = datetime.fromtimestamp(erased_at + self._lag, UTC)
        self._indexed = (indexed + timedelta(seconds=59)).replace(second=0)
        self._lagging = now < self._indexed.timestamp()
        kept = [each for each in plan.kept if each.lane == lane]
        self._kept = {(each.object, each.id) for each in kept}
        self._kept_whole = {(each.object, each.id) for each in kept if not each.fields}
        self._refused = {(each.object, each.id) for each in refused if each.lane == lane}
        self._known = [
            (one, normal.keys(one.kind, one.value, book.region))
            for one in plan.known
            if one.kind not in IN_TEXTS
        ]

    def by_id(self) -> Asking[list[Finding]]:
        """Ask for each record by its id, among the live ones and where deleted ones are shown."""
        found = []
        for step in self._last_steps():
            try:
                one = yield from self._one(step)
                if one.verdict != "residue" or (step.object, step.id) not in self._refused:
                    found.append(one)  # else it was told as refused
                if step.do != "purge" and (yield from remembered(self.book, step.object, step.id)):
                    found.append(Finding(self.lane, step.object, "kept", "history", 1, why="remembered"))
            except UpstreamFault as fault:
                found.append(Finding(self.lane, step.object, "unverifiable", "id", 1, why=fault.reason))
        return found

    def _one(self, step: Step) -> Asking[Finding]:
        live = yield from read(self.book, step.object, step.id)
        if step.do in {"overwrite", "scrub"} or (live is not None and self._or_else(step, live)):
            return self._stays(step, live)
        if live is not None:
            return Finding(self.lane, step.object, "residue", "id", 1, why="still_there")
        if step.do == "purge" and (yield from self._remembered(step)):
            return Finding(self.lane, step.object, "residue", "history", 1, why="remembered")
        gone = yield from read(self.book, step.object, step.id, deleted=True)
        if gone is None:
            return Finding(self.lane, step.object, "erased", "id", 1)
        return self._in_bin(step.object, "deleted", 1)

    def _remembered(self, step: Step) -> Asking[bool]:
        return (yield from remembered(self.book, step.object, step.id, self.plan.known))

    def _or_else(self, step: Step, live: Found) -> bool:
        each = self.book.objects[step.object]
        says = (place not in each.shared for place in self._places(live, each, among=False))
        return each.or_else == "overwrite" and not any(says)

    def _stays(self, step: Step, live: Found | None) -> Finding:
        if live is None:
            return Finding(self.lane, step.object, "erased", "id", 1)
        if step.do == "scrub":
            left = bool(scrubbed(live, step.fields, self.plan.known, self.book.region))
        else:
            left = not is_blank(live, self.book.blank(step.object, step.id, step.fields))
        return Finding(self.lane, step.object, "residue" if left else "erased", "id", 1)

    def _in_bin(self, place: str, how: str, count: int) -> Finding:
        if self._waits:
            return Finding(self.lane, place, "pending", how, count, self._until.isoformat()[:16] + "Z")
        return Finding(self.lane, place, "residue", how, count, why="in_bin")

    def by_value(self) -> Asking[list[Finding]]:
        """Ask every object for every known value, in every form, in every field that could hold it."""
        found = []
        for object_, each in self.book.objects.items():
            places = {**each.identifies, **each.holds}
            conditions = list(self._conditions(places))
            texts = [
                (name, one)
                for one in self.plan.known
                if mentions.telling(one.kind, one.value)
                for name in _texts(each)
                if name in each.free_text or normal.fits(_said(each, name), one.kind)
            ]
            if conditions:
                asking = find(self.book, object_, conditions)
                found += yield from self._hits(object_, each, asking, among=False)
            if texts:
                asking = holding(self.book, object_, texts)
                found += yield from self._hits(object_, each, asking, among=True)
        return found

    def _conditions(self, places: Mapping[str, str]) -> Iterator[Condition]:
        for one, _ in self._known:
            for name, kind in places.items():
                if kind not in normal.SEVERAL and normal.fits(kind, one.kind):
                    for form in normal.forms(one.kind, one.value, self.book.region):
                        yield name, form

    def _hits(
        self, object_: str, each: ErasedModel, asking: Asking[list[Found]], *, among: bool
    ) -> Asking[list[Finding]]:
        """Judge what a CRM finds: records that hold a value in a field, or among other words."""
        try:
            records, stale = yield from self._believed(object_, each, (yield from asking), among=among)
        except UpstreamFault as fault:
            return [Finding(self.lane, object_, "unverifiable", "value", 0, why=fault.reason)]
        findings: list[Finding] = []
        live: dict[str, list[Found]] = {}
        binned: list[Found] = []
        for record in records:
            places = list(self._places(record, each, among=among))
            if places and record.deleted:
                binned.append(record)
            for place in places if not record.deleted else ():
                live.setdefault(place, []).append(record)
        for place, hits in sorted(live.items()):
            findings += self._judge(object_, each, place, hits)
        closed = [record for record in binned if (object_, record.id) in self._refused]
        if closed:
            findings.append(Finding(self.lane, object_, "refused", "value", len(closed), why="in_bin"))
        if stale:
            findings.append(self._stale(object_, stale))
        if len(binned) > len(closed):
            findings.append(self._in_bin(object_, "value", len(binned) - len(closed)))
        return findings or [Finding(self.lane, object_, "erased", "value")]

    def _believed(
        self, object_: str, each: ErasedModel, hits: list[Found], *, among: bool
    ) -> Asking[tuple[list[Found], int]]:
        """Return hits as the CRM has the records, and how many hold nothing but for a search that lags."""
        believed: list[Found] = []
        stale = 0
        for hit in hits:
            if not self._lag or hit.deleted or not any(self._places(hit, each, among=among)):
                believed.append(hit)
                continue
            live = yield from read(self.book, object_, hit.id)
            if live is None or not any(self._places(live, each, among=among)):
                stale += 1
            else:
                believed.append(live)
        return believed, stale

    def _stale(self, object_: str, count: int) -> Finding:
        """Return what is said of records that a search shows and that are not so any more."""
        if self._lagging:
            until = self._indexed.isoformat()[:16] + "Z"
            return Finding(self.lane, object_, "pending", "value", count, until, LAGS)
        return Finding(self.lane, object_, "residue", "value", count, why=LAGS)

    def _places(self, record: Found, each: ErasedModel, *, among: bool) -> Iterator[str]:
        """Yield the fields of a record that really hold a known value; a CRM finds by rules of its own."""
        names = dict.fromkeys(_texts(each), "") if among else {**each.identifies, **each.holds}
        for name, said in names.items():
            text = record.fields.get(name, "")
            if text and (named(text, self.plan.known, self.book.region) if among else self._knows(said, text)):
                yield name

    def _knows(self, said: str, text: str) -> bool:
        """Say whether one of the values in a field is known."""
        return any(
            not theirs.isdisjoint(normal.keys(one.kind, part, self.book.region))
            for one, theirs in self._known
            if normal.fits(said, one.kind)
            for part in normal.parts(said, text)
        )

    def _judge(self, object_: str, each: ErasedModel, place: str, hits: list[Found]) -> Iterator[Finding]:
        where = f"{object_}.{place}"
        kept = [one for one in hits if self._stays_there(object_, one, place)]
        closed = [one for one in hits if one not in kept and (object_, one.id) in self._refused]
        rest = len(hits) - len(kept) - len(closed)
        if closed:
            yield Finding(self.lane, where, "refused", "value", len(closed))
        if kept:
            yield Finding(self.lane, where, "kept", "value", len(kept), why="held")
        if rest and place in each.shared:
            yield Finding(self.lane, where, "kept", "value", rest, why="shared")
        elif rest:
            yield Finding(self.lane, where, "residue", "value", rest)

    def _stays_there(self, object_: str, record: Found, place: str) -> bool:
        return any(
            (kept.object, kept.id) == (object_, record.id) and (not kept.fields or place in kept.fields)
            for kept in self.plan.kept
            if kept.lane == self.lane
        )

    def _last_steps(self) -> Iterable[Step]:
        """Return of each record the step that says what should have become of it."""
        last: dict[tuple[str, str], Step] = {}
        for step in self.plan.steps:
            if step.lane == self.lane:
                last[step.object, step.id] = step
        return last.values()


def check(
    lane: str, book: Book, plan: Plan, erased_at: int, now: int, *, refused: Collection[Spot] = ()
) -> Asking[list[Finding]]:
    """Return what all checks in one CRM say, alike ones together; see `Checks`."""
    checks = Checks(lane, book, plan, erased_at, now, refused=refused)
    by_id = yield from checks.by_id()
    by_value = yield from checks.by_value()
    return together([*by_id, *by_value])


def together(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with the counts of those that say the same added up."""
    counts: dict[tuple[str, ...], int] = {}
    for one in findings:
        said = (one.lane, one.place, one.verdict, one.how, one.until, one.why)
        counts[said] = counts.get(said, 0) + one.count
    return [
        Finding(lane, place, verdict, how, count, until, why)  # type: ignore[arg-type]
        for (lane, place, verdict, how, until, why), count in sorted(counts.items())
    ]


def _texts(each: ErasedModel) -> list[str]:
    """Return the fields that hold a value among other words."""
    several = [name for name, kind in {**each.identifies, **each.holds}.items() if kind in normal.SEVERAL]
    return [*each.free_text, *several]


def _said(each: ErasedModel, name: str) -> str:
    """Return what a playbook says of a field."""
    return {**each.identifies, **each.holds}.get(name, "text")
