"""What a case of a batch takes, however many there are: counted with the real store, ledger and ports."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from proxy.ledger.disclosures import Disclosures
from proxy.sandbox import HubSpotSandbox, StoppedClock
from tests.desk import Desk, installed
from tests.erase.conftest import TOKEN
from tests.erasures.conftest import RETENTION

FEW, MORE, MANY = 12, 20, 28
"""All are many, and take two people. What the sandbox has of people differs, and evens out over eight."""
OTHERS = 8
PHASES = ("swept", "planned", "shown", "agreed", "erased")


class Meter:
    """Counts what a part of the work takes: statements to the store, questions to CRMs, whole readings of the
    ledger."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now: Counter[str] = Counter()
        self._desk = desk
        reads = Disclosures._read_segment

        def reading(disclosures: Disclosures, path: Path) -> bool:
            self._now["ledger"] += disclosures._offset == 0
            return reads(disclosures, path)

        monkeypatch.setattr(Disclosures, "_read_segment", reading)
        event.listen(Engine, "before_cursor_execute", self._statement)

    def stop(self) -> None:
        """Count no more."""
        event.remove(Engine, "before_cursor_execute", self._statement)

    def _statement(self, *_what: object) -> None:
        self._now["statements"] += 1

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """Give what the block takes, once it is over."""
        before, found = self._all(), Counter[str]()
        yield found
        found.update(self._all() - before)

    def _all(self) -> Counter[str]:
        return Counter(self._now, questions=len(self._desk.crms["hubspot"].calls))


async def _batch(desk: Desk, meter: Meter, people: int, others: int) -> dict[str, Counter[str]]:
    """Have so many people of one CRM erased as one batch, beside other cases; return what each phase takes."""
    for number in range(others):
        about = {"values": [("email", f"somebody-{number}@else.example")], "ground": "objection"}
        await desk.does("open", **about)
    clock = StoppedClock(time.time() - 9 * 86_400)
    desk.crms = {"hubspot": HubSpotSandbox(TOKEN, people=people, now=clock)}
    took = {}
    with meter.counted() as took["swept"]:
        proposed = await desk.does("sweep", open=True)
    cases = proposed["opened"]
    assert len(cases) == people
    with meter.counted() as took["planned"]:
        for case in cases:
            await desk.does("plan", case)
    with meter.counted() as took["shown"]:
        batch = await desk.does("batch", batch=proposed["batch"])
    key = desk.harness.installation.keys["privacy_desk"]
    said = {"batch": batch["batch"], "key": key, "purpose": "subject_request"}
    with meter.counted() as took["agreed"]:
        await desk.does("confirm", typed=[batch["short"]], **said)
    for case in cases:  # somebody else, too, as it is many
        desk.second_agrees(case)
    with meter.counted() as took["erased"]:
        for case in cases:
            told = await desk.does("run", case)
            assert told["state"] == "live_complete", told["reason"]
    return took


async def test_a_case_takes_the_same_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight more take as much as eight more; cases that are none of the batch's take nothing, but that the
    ledger is read for them in the same pass."""
    took = {}
    for people, others in ((FEW, 0), (MORE, 0), (MANY, 0), (MORE, OTHERS)):
        with installed(tmp_path / f"{people}-{others}", monkeypatch) as desk:
            folder = desk.harness.installation.policies / "example"
            (folder / "sweep.yaml").write_text(RETENTION.replace("[Contact]", "[contacts]"), "utf-8")
            desk.harness.app.reload()
            meter = Meter(desk, monkeypatch)
            try:
                took[people, others] = await _batch(desk, meter, people, others)
            finally:
                meter.stop()
    few, more, many, beside = took.values()
    for phase in PHASES:
        assert more[phase] - few[phase] == many[phase] - more[phase], phase
        once = Counter(statements=2 * OTHERS) if phase == "erased" else Counter()  # each begins, and is read
        assert beside[phase] == more[phase] + once, phase
    assert more["erased"]["ledger"] == 1
