"""The story of one migration: look, change what has to be changed, look again."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from proxy.errors import LychgateError, UpstreamFault
from proxy.message import Request, Response
from proxy.migration.journal import Journal
from proxy.migration.walkers import Page, Row, Walker
from proxy.model import Protection, Protections
from proxy.vault import Got, Need, Opening, Put, Ready, Returned, Sending, Shown
from proxy.vault.vault import handles_in, is_protected

ATTEMPTS: Final = 6
"""At one request that the CRM asks to have later, or whose answer was lost: each change may be repeated."""
MOST_NAMED: Final = 100
"""Records that are named one by one."""
LONGEST_WAIT: Final = 120.0
_LATER: Final = frozenset({429, 500, 502, 503, 504})
_GONE: Final = frozenset({404, 410})
_UNTOUCHED: Final = 429
"""Of these the one that says that nothing was done."""

State = Literal["clear", "protected", "empty", "refused", "changed", "unreadable"]
STATES: Final[tuple[State, ...]] = ("clear", "protected", "empty", "refused", "changed", "unreadable")
"""Of one value: refused: the CRM did not take the change, or what stands for it does not fit; changed: somebody
else changed it meanwhile, and it was left as they have it; unreadable: it looks protected, and nobody can open
it where it stands: it was moved, its key is gone, or it lies in clear and only looks so."""
_KEPT: Final[tuple[State, ...]] = ("refused", "changed")
"""What no look afterwards tells."""

Send = Callable[[Request], Awaitable[Response]]
Written = Literal["taken", "refused", "changed", "unknown"]
"""What the CRM did with one value. changed: nothing, since somebody else has changed it after it was read.
unknown: an answer was lost, and the repetition was refused; the CRM may have the value from the first time, and
refuse the second since the record was changed meanwhile, by us."""
Tell = Callable[[str, int], None]
"""(object, records so far) -> told to whoever watches."""


class Unfinished(LychgateError):
    """The CRM does not answer as it should; what is done is noted, and the same command takes it up again."""


@dataclass(slots=True)
class Counts:
    """Values by object.field, and by what they are."""

    found: dict[str, dict[str, int]] = field(default_factory=dict)
    unreadable: list[tuple[str, str, str]] = field(default_factory=list)
    """Object, record and field of the first of these, for a person to look at."""

    def add(self, name: str, state: State) -> None:
        """Count one."""
        row = self.found.setdefault(name, dict.fromkeys(STATES, 0))
        row[state] = row.get(state, 0) + 1  # a journal may be an older version's

    def total(self, *states: State) -> int:
        """Return how many values are in one of these states."""
        return sum(row[state] for row in self.found.values() for state in states)


@dataclass(slots=True)
class Migration:
    """Goes over one CRM."""

    walker: Walker
    send: Send
    settle: Callable[[Need], Got]
    """Of the vault; blocks."""
    protections: Protections
    tell: Tell
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    pause: float = 0.0
    """Seconds between two changes."""

    async def plan(self) -> Counts:
        """Return what is there; nothing is changed."""
        counts = Counts()
        for name, fields in self.protections.items():
            after, seen = "", 0
            while True:
                page = await self._page(name, sorted(fields), after)
                unreadable = await self._unreadable(fields, page.rows)
                for row in page.rows:
                    _count(counts, name, row, fields, unreadable)
                seen += len(page.rows)
                self.tell(name, seen)
                if not (after := page.after):
                    break
        return counts

    async def _unreadable(
        self, fields: Mapping[str, Protection], rows: Sequence[Row]
    ) -> frozenset[tuple[str, str]]:
        """Return key and field of each value that looks protected and that the vault does not open there."""
        shown = _shown(fields, rows)
        if not shown:
            return frozenset()
        returned = await asyncio.to_thread(self.settle, Opening(tuple(each for _, each in shown)))
        assert isinstance(returned, Returned)
        both = zip(shown, returned.values, strict=True)
        return frozenset(
            (rows[number].key, each.protection.field)
            for (number, each), opened in both
            if opened.fate != "opened"
        )

    async def apply(self, journal: Journal) -> Counts:
        """Seal what is in clear, and return what is there afterwards."""
        return await self._over(journal, self._protect)

    async def rollback(self, journal: Journal) -> Counts:
        """Write what is sealed back in clear, and return what is there afterwards."""
        return await self._over(journal, self._reveal)

    async def _over(self, journal: Journal, work: "_Work") -> Counts:
        refused = Counts(journal.counts)
        for name, fields in self.protections.items():
            after, seen = journal.after.get(name, ""), 0
            while name not in journal.done:
                page = await self._page(name, sorted(fields), after)
                await work(name, fields, page.rows, refused)
                journal.note(name, page.after)
                seen += len(page.rows)
                self.tell(name, seen)
                after = page.after
        counts = await self.plan()
        for what, row in refused.found.items():
            for state in _KEPT:
                counts.found.setdefault(what, dict.fromkeys(STATES, 0))[state] = row.get(state, 0)
        return counts

    async def _protect(
        self, name: str, fields: Mapping[str, Protection], rows: Sequence[Row], refused: Counts
    ) -> None:
        """Seal what is in clear on one page; what stands for it is durable before it is written."""
        puts = [
            Put(fields[each], value, row.key, number)
            for number, row in enumerate(rows)
            for each, value in row.values.items()
            if isinstance(value, str) and value.strip() and not is_protected(value)
        ]
        # What an earlier run sealed and did not live to write is in no record: what is there takes its place.
        kept = handles_in(value for row in rows for value in row.values.values() if isinstance(value, str))
        if not puts:
            if kept:
                await asyncio.to_thread(self.settle, Opening(kept=tuple(kept)))
            return
        ready = await asyncio.to_thread(self.settle, Sending(puts=tuple(puts)))
        assert isinstance(ready, Ready)
        changes: dict[int, dict[str, str]] = {}
        handles: dict[tuple[int, str], str] = {}
        for put, placed in zip(puts, ready.placed, strict=True):
            if placed.trouble is not None:
                refused.add(f"{name}.{put.protection.field}", "refused")
                continue
            changes.setdefault(put.group, {})[put.protection.field] = placed.text
            handles[put.group, put.protection.field] = placed.handle
        dropped: list[str] = []
        for number, values in changes.items():
            written = await self._change(name, rows[number], values)
            for each in values:
                how = written[each]
                if how == "taken":
                    kept.append(handles[number, each])
                elif how != "unknown":
                    refused.add(f"{name}.{each}", how)
                    if how == "refused" or rows[number].version:  # certainly not in the CRM
                        dropped.append(handles[number, each])
        opening = Opening(kept=tuple(filter(None, kept)), dropped=tuple(filter(None, dropped)))
        await asyncio.to_thread(self.settle, opening)

    async def _reveal(
        self, name: str, fields: Mapping[str, Protection], rows: Sequence[Row], refused: Counts
    ) -> None:
        """Write what is sealed on one page back; a row of the vault goes when the CRM has the value."""
        shown = _shown(fields, rows)
        if not shown:
            return
        returned = await asyncio.to_thread(self.settle, Opening(tuple(each for _, each in shown)))
        assert isinstance(returned, Returned)
        changes: dict[int, dict[str, str]] = {}
        handles: dict[tuple[int, str], list[str]] = {}
        for (number, each), opened in zip(shown, returned.values, strict=True):
            field_ = each.protection.field
            if opened.fate != "opened":
                continue  # who looks again afterwards counts it
            changes.setdefault(number, {})[field_] = opened.text
            handles[number, field_] = handles_in([each.text])
        gone: list[str] = []
        for number, values in changes.items():
            written = await self._change(name, rows[number], values)
            for of in values:
                how = written[of]
                if how == "taken":
                    gone += handles[number, of]
                elif how != "unknown":
                    refused.add(f"{name}.{of}", how)
        await asyncio.to_thread(self.settle, Opening(dropped=tuple(gone)))

    async def _change(self, name: str, row: Row, values: Mapping[str, str]) -> dict[str, Written]:
        """Write values into one record, and return what became of each.

        A change that somebody else has made since the record was read stays. One value that the CRM does not
        take, as of a field that it computes, keeps none of the others out.
        """
        if row.version:
            return await self._checked(name, row, values)
        return await self._looked_at(name, row, values)

    async def _checked(self, name: str, row: Row, values: Mapping[str, str]) -> dict[str, Written]:
        """Have the CRM write values if the record is the one that was read."""
        await self._breathe()
        answer, repeated = await self._tried(self.walker.change(name, row, values))
        outcome = self.walker.outcome(answer)
        if outcome != "taken" and repeated:
            return dict.fromkeys(values, "unknown")
        if outcome != "refused" or len(values) == 1:
            return dict.fromkeys(values, outcome)
        found: dict[str, Written] = {}
        for each, value in values.items():
            fresh = await self._again(name, row, [each])  # its version is another one after each change of ours
            if fresh is None or fresh.values.get(each) != row.values.get(each):
                found[each] = "changed"
            else:
                found |= await self._checked(name, fresh, {each: value})
        return found

    async def _looked_at(self, name: str, row: Row, values: Mapping[str, str]) -> dict[str, Written]:
        """Write values into a record of a CRM that takes every change: look before, and look afterwards.

        Nothing is repeated without a look. What is written by others between a look and our change is written
        over: that is some milliseconds, and where the CRM tells what a field held before, it is put back.
        """
        found: dict[str, Written] = {}
        left = dict(values)
        for attempt in range(ATTEMPTS):
            fresh = await self._again(name, row, [*left])
            for each in [*left]:
                if (stands := _stands(fresh, row, each, left[each])) != "as_read":
                    found[each] = await self._restored(name, row, fresh, each) if stands == "ours" else "changed"
                    del left[each]
            if not left:
                return found
            await self._breathe()
            answer = await self._once(self.walker.change(name, row, left), attempt)
            if answer is not None and self.walker.outcome(answer) != "taken":
                if len(left) == 1:
                    return found | dict.fromkeys(left, "refused")
                for each, value in left.items():
                    found |= await self._looked_at(name, row, {each: value})
                return found
        return found | dict.fromkeys(left, "unknown")

    async def _restored(self, name: str, row: Row, fresh: Row | None, field_: str) -> Written:
        """Return `taken` if what was read is what our value took the place of; else put back what was there."""
        past = fresh.past.get(field_, ()) if fresh is not None else ()
        before = next((each for each in past if each != past[0]), None)
        if before is None or before == (row.values.get(field_) or ""):
            return "taken"
        await self._tried(self.walker.change(name, row, {field_: before}))
        return "changed"

    async def _again(self, name: str, row: Row, fields: Sequence[str]) -> Row | None:
        """Return a record as it is now; None if it is gone."""
        answer, _ = await self._tried(self.walker.again(name, sorted(fields), row.key))
        if answer.status in _GONE:
            return None
        page = self._read(name, fields, answer)
        return next((each for each in page.rows if each.key == row.key), None)

    async def _breathe(self) -> None:
        if self.pause:
            await self.sleep(self.pause)

    async def _page(self, name: str, fields: Sequence[str], after: str) -> Page:
        answer, _ = await self._tried(self.walker.page(name, fields, after))
        return self._read(name, fields, answer)

    def _read(self, name: str, fields: Sequence[str], answer: Response) -> Page:
        try:
            return self.walker.rows(name, fields, answer)
        except UpstreamFault as error:
            what = f"the CRM does not list {name} ({error.reason}, status {answer.status})"
            raise Unfinished(
                f"{what}; look at the lane's credential and at the fields, then run it again"
            ) from None

    async def _tried(self, request: Request) -> tuple[Response, bool]:
        """Return the CRM's answer, and whether an attempt before may have done what was asked for.

        After as many attempts as it takes; waits as long as the CRM asks for.
        """
        repeated = False
        for attempt in range(ATTEMPTS):
            try:
                answer = await self.send(request)
                if answer.status not in _LATER:
                    return answer, repeated
                reason, wait = f"status {answer.status}", _asked(answer, attempt)
                repeated = repeated or answer.status != _UNTOUCHED
            except UpstreamFault as error:
                reason, wait, repeated = error.reason, float(2**attempt), True
            await self.sleep(wait)
        raise Unfinished(f"the CRM does not answer ({reason}); what is done is noted, run it again later")

    async def _once(self, request: Request, attempt: int) -> Response | None:
        """Return the CRM's answer; None, after as long as it asks for, if nobody knows what it did."""
        try:
            answer = await self.send(request)
            if answer.status not in _LATER:
                return answer
            wait = _asked(answer, attempt)
        except UpstreamFault:
            wait = float(2**attempt)
        await self.sleep(wait)
        return None


_Work = Callable[[str, Mapping[str, Protection], Sequence[Row], Counts], Awaitable[None]]


def _shown(fields: Mapping[str, Protection], rows: Sequence[Row]) -> list[tuple[int, Shown]]:
    """Return what looks protected, and the place of its record among the rows."""
    return [
        (number, Shown(fields[each], value, row.key))
        for number, row in enumerate(rows)
        for each, value in row.values.items()
        if isinstance(value, str) and is_protected(value)
    ]


def _count(
    counts: Counts,
    name: str,
    row: Row,
    fields: Mapping[str, Protection],
    unreadable: Collection[tuple[str, str]],
) -> None:
    for each in fields:
        if each not in row.values:
            continue
        value = row.values[each]
        if value is None or value is False or (isinstance(value, str) and not value.strip()):
            counts.add(f"{name}.{each}", "empty")
        elif (row.key, each) in unreadable:
            counts.add(f"{name}.{each}", "unreadable")
            if len(counts.unreadable) < MOST_NAMED:
                counts.unreadable.append((name, row.key, each))
        else:
            protected = isinstance(value, str) and is_protected(value)
            counts.add(f"{name}.{each}", "protected" if protected else "clear")


def _stands(fresh: Row | None, row: Row, field_: str, value: str) -> Literal["as_read", "ours", "else"]:
    """Say what stands in a field that was read, and into which a value is to be written, perhaps was."""
    found = fresh.values.get(field_) if fresh is not None else None
    if fresh is not None and found == row.values.get(field_):
        return "as_read"
    if not isinstance(found, str):
        return "else"
    if not is_protected(value):  # a CRM may write what is in clear in another way, addresses in lower case
        return "else" if is_protected(found) else "ours"
    return "ours" if found == value or (handles_in([found]) == handles_in([value]) != []) else "else"


def _asked(answer: Response, attempt: int) -> float:
    """Return how long the CRM asks to be left alone, in seconds."""
    said = answer.headers.one("retry-after") or ""
    return min(LONGEST_WAIT, float(said)) if said.isdigit() else float(2**attempt)
