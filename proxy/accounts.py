"""What the ledger and the metrics are told of an exchange: names, counts and pseudonyms, never a value."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from proxy.columns import Alike, Dicts
from proxy.connectors import Opened
from proxy.errors import ExchangeError, Gap
from proxy.exchange import Exchange
from proxy.message import Record
from proxy.metrics import Metrics
from proxy.model import Catalogue, Declined, Disclosed, Effect, Failed, Noted, Requested, Stage
from proxy.sealing import Fates
from proxy.subjects import Pseudonyms
from proxy.transforms import Tally

SUBJECTS_PER_ENTRY: Final = 500
"""An entry stays far below the 64 KiB an entry bundle may hold (C2SP tlog-tiles)."""


MOVED_PER_ANSWER: Final = 100
"""Incidents of one answer that get an entry each; all are counted."""
_WORDS: Final = {effect: effect.name.lower() for effect in Effect}


@dataclass(frozen=True, slots=True)
class People:
    """Whom the records of an answer are about, as pseudonyms; worked out while the records still say so."""

    together: list[tuple[Alike, list[str]]]
    """Of records that are alike, "" where nobody says."""
    single: list[tuple[Record, str]]

    def left(self, dead: Container[int]) -> tuple[str, ...]:
        """Return each of those once whose records are still in the answer; `dead`: what is not, by identity."""
        found: dict[str, None] = {}
        for alike, names in self.together:
            if not isinstance(alike.columns, Dicts):  # records that are held as text stand or fall together
                found |= dict.fromkeys(names if id(alike.columns) not in dead else ())
            elif not dead:
                found |= dict.fromkeys(names)
            else:
                rows = zip(alike.rows, names, strict=True)
                found |= dict.fromkeys(name for row, name in rows if id(row) not in dead)
        found |= dict.fromkeys(who for record, who in self.single if not record.gone)
        found.pop("", None)
        return tuple(found)


def people_in(opened: Opened, catalogue: Catalogue, pseudonyms: Pseudonyms) -> People:
    """Return whom each record of an answer is about."""
    together = []
    for alike in opened.alike:
        told = alike.people(catalogue[alike.object].subject_key)
        left = iter(pseudonyms.all("record", [who for who in told if who is not None]))
        together.append((alike, ["" if who is None else next(left) for who in told]))
    found = ((each, each.person(catalogue[each.object].subject_key)) for each in opened.records)
    single = [(record, who) for record, who in found if who is not None]
    names = pseudonyms.all("record", (who for _, who in single))
    return People(together, [(record, name) for (record, _), name in zip(single, names, strict=True)])


class Accounts:
    """Gives account of the exchanges of one lane; builds entries and moves counters, and writes nothing."""

    def __init__(self, lane: str, metrics: Metrics, pseudonyms: Pseudonyms) -> None:
        self._lane = lane
        self._metrics = metrics
        self._pseudonyms = pseudonyms

    def pseudonyms(self, records: Iterable[str]) -> list[str]:
        """Return what records, and the people they are about, are called in entries."""
        return self._pseudonyms.all("record", records)

    def passing(self, people: Iterable[str]) -> list[str]:
        """Return what each of the people in rows that go on is called, once."""
        return self._pseudonyms.once("record", people)

    def requested(self, exchange: Exchange, records: tuple[str, ...]) -> Requested:
        """Return the intent: durable before anything leaves."""
        assert exchange.purpose is not None
        return Requested(
            **self._common(exchange),
            purpose_claimed=exchange.purpose.claimed or "",
            operations=self._operations(exchange),
            fields=exchange.ruling.fields,
            records=records,
            rules=exchange.ruling.rules,
            warned=exchange.ruling.warned,
            would=exchange.ruling.would,
        )

    def disclosed(
        self, exchange: Exchange, status: int, opened: Opened, subjects: tuple[str, ...], tally: Tally
    ) -> list[Disclosed]:
        """Return the disclosure, in parts where it concerns more people than one entry holds."""
        parts = [subjects[at : at + SUBJECTS_PER_ENTRY] for at in range(0, len(subjects), SUBJECTS_PER_ENTRY)]
        first = self._first(
            exchange, status, _count(opened), parts[0] if parts else (), tally, parts=len(parts) or 1
        )
        further = enumerate(parts[1:], start=2)
        return [first, *(replace(first, part=number, subjects=part, facts=()) for number, part in further)]

    def _first(
        self,
        exchange: Exchange,
        status: int,
        records: int,
        subjects: tuple[str, ...],
        tally: Tally,
        *,
        parts: int,
    ) -> Disclosed:
        return Disclosed(
            **self._common(exchange),
            status=status,
            records=records,
            part=1,
            parts=parts,
            subjects=subjects,
            categories=tally.categories(),
            fields=tally.fields(),
            rules=tally.rules(),
            warned=tally.warned(),
            would=tally.would(),
            facts=exchange.witnessed(),
        )

    def passed(
        self, exchange: Exchange, status: int, records: int, subjects: list[str], tally: Tally, *, after: int
    ) -> list[Disclosed]:
        """Return what is on record of rows before they go on, in as many entries as it takes, at least one.

        An answer that is handed on in pieces has parts whose number nobody knows before its end: they say 0.

        Args:
            exchange: whose answer it is.
            status: of the answer.
            records: how many rows.
            subjects: whom they are about.
            tally: what came of their fields.
            after: the parts there were before.
        """
        first = self._first(exchange, status, records, (), tally, parts=0)
        sizes = range(0, len(subjects) or 1, SUBJECTS_PER_ENTRY)
        return [
            replace(
                first,
                part=after + number,
                records=records if number == 1 else 0,
                subjects=tuple(subjects[at : at + SUBJECTS_PER_ENTRY]),
                facts=first.facts if number == 1 else (),
            )
            for number, at in enumerate(sizes, start=1)
        ]

    def declined(self, exchange: Exchange, fault: ExchangeError) -> Declined:
        """Return that nothing was asked of the CRM."""
        return Declined(
            **self._common(exchange),
            operations=self._operations(exchange),
            stage=exchange.stage,
            reason=fault.reason,
            detail=fault.detail,
            status=fault.status,
            fields=exchange.ruling.fields,
            rules=exchange.ruling.rules,
        )

    def failed(self, exchange: Exchange, fault: ExchangeError) -> Failed:
        """Return that the CRM was contacted and nothing of its answer released."""
        return Failed(
            id=exchange.id,
            lane=self._lane,
            stage=exchange.stage,
            reason=fault.reason,
            detail=fault.detail,
            status=fault.status,
        )

    def _common(self, exchange: Exchange) -> Mapping[str, Any]:
        who, purpose = exchange.principal, exchange.purpose
        if who and not exchange.caller:
            exchange.caller = self._pseudonyms.of("principal", who.id)
        return {
            "id": exchange.id,
            "lane": self._lane,
            "principal": exchange.caller,
            "client": who.client if who else "",
            "recipient": who.recipient.name if who else "",
            "purpose": purpose.name if purpose else "",
            "policy": exchange.rules.policy,
            "roles": tuple(sorted(who.roles)) if who else (),
            "connector": exchange.rules.connector.name,
        }

    def _operations(self, exchange: Exchange) -> tuple[str, ...]:
        return tuple(f"{op.action} {op.object}" for op in exchange.asked.operations) if exchange.asked else ()

    def count_hidden(self, exchange: Exchange, hidden: Iterable[tuple[str, str]]) -> None:
        """Count the fields that a request names and nobody listed; the CRM is not asked for them."""
        catalogue = exchange.rules.connector.catalogue
        unlisted = sum(field not in catalogue[name].fields for name, field in hidden)
        if unlisted:
            self._metrics.gap(self._lane, "field").inc(unlisted)

    def moved(self, exchange: Exchange, fates: Fates, new_id: Callable[[], str]) -> list[Noted]:
        """Return an incident for each protected value that does not stand where it was put, up to a bound."""
        return [
            Noted(
                new_id(),
                self._lane,
                what="integrity_violation",
                detail=f"{exchange.rules.connector.name} {each.object}.{each.field} in "
                f"{self._pseudonyms.of('record', each.record) if each.record else 'a record unnamed'}, "
                f"seen in {exchange.id}",
            )
            for each in fates.moved[:MOVED_PER_ANSWER]
        ]

    def count_release(self, tally: Tally, pruned: int, size: int, fates: Fates) -> None:
        """Count an answer that is released."""
        self.count_rows(tally, pruned)
        for fate, count in fates.counts.items():
            self._metrics.protected(self._lane, fate).inc(count)
        if fates.moved:
            self._metrics.violation(self._lane).inc(len(fates.moved))
        self.count_end(size)

    def count_end(self, size: int) -> None:
        """Count that an answer of so many bytes is released, to its last one."""
        self._metrics.bytes(self._lane, "response").observe(size)
        self._metrics.exchange(self._lane, "released").inc()

    def count_rows(self, tally: Tally, pruned: int) -> None:
        """Count what came of the fields of records that are released."""
        lane, metrics = self._lane, self._metrics
        for action, effect, count in tally.decisions():
            metrics.decision(lane, action, _WORDS[effect]).inc(count)
        for kind, count in tally.transforms():
            metrics.transform(lane, kind).inc(count)
        if tally.unclassified:
            metrics.gap(lane, "field").inc(tally.unclassified)
        if pruned:
            metrics.gap(lane, "response").inc(pruned)

    def count_refusal(self, exchange: Exchange, fault: ExchangeError, stage: Stage | None = None) -> None:
        """Count an exchange that ends without an answer, now or at an earlier stage."""
        lane, metrics = self._lane, self._metrics
        metrics.refusal(lane, stage or exchange.stage, str(fault.status)).inc()
        metrics.exchange(lane, "refused").inc()
        if fault.reason == "protected_value_moved":
            metrics.violation(lane).inc()
        if isinstance(fault, Gap):
            metrics.gap(lane, fault.kind).inc()


def _count(opened: Opened) -> int:
    """Return how many records an answer holds; one that shows its fields in two places is one record."""
    keys: dict[str, list[str | None]] = {}
    for alike in opened.alike:
        keys.setdefault(alike.object, []).extend(alike.keys)
    for record in opened.records:
        if record.within is None or not record.gone:
            keys.setdefault(record.object, []).append(record.key)
    return sum(
        len(each := set(found)) + (found.count(None) - 1 if None in each else 0) for found in keys.values()
    )
