"""What goes by itself in the process that runs."""

import asyncio
import time

import pytest

from proxy.erase import Eraser
from proxy.erasure import State
from proxy.erasures import unasked
from proxy.errors import LychgateError
from proxy.sandbox import SalesforceSandbox, StoppedClock
from proxy.sweeps import Rounds
from tests.desk import ABOUT, Desk
from tests.erase.conftest import TOKEN
from tests.erasures.conftest import RETENTION


async def test_a_clock_is_told_once_for_each_step(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """In the log, in the ledger, among the metrics, to whoever asks whether all is ready, and in the list."""
    case = (await desk.does("open", **ABOUT))["case"]
    desk.erasures.unasked.watch()
    await desk.erasures.unasked.warn()
    assert (desk.erasures.unasked.told, caplog.text) == ({}, "")
    kept = desk.erasures.cases.get(case)
    desk.erasures.cases.keep(kept.put(received=kept.received - 27 * 86_400))
    for _ in range(2):
        await desk.erasures.unasked.warn()
    assert desk.erasures.unasked.told == {"erasures": "cases 1 close to it"}
    desk.erasures.cases.keep(desk.erasures.cases.get(case).put(received=kept.received - 40 * 86_400))
    for _ in range(2):
        await desk.erasures.unasked.warn()
    assert desk.erasures.unasked.told == {"erasures": "cases 1 past the day on which they are due"}
    assert b"lychgate_erasure_cases_overdue 1.0" in desk.harness.app.metrics.text()
    assert [one["clock"] for one in (await desk.does("list"))["cases"]] == ["passed"]
    said = [entry["how"] for entry in desk.harness.entries() if entry.get("what") == "warned"]
    assert said == ["80_percent", "100_percent"]
    assert len(caplog.records) == 2
    assert f"erasure {case}: 100 % of the time that gdpr gives is used up" in caplog.records[1].getMessage()


async def test_nothing_waits_for_all_that_is_new(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody opts very many people out: what has begun goes on first, and who comes next is not the last."""
    many = [(await desk.does("open", **ABOUT))["case"] for _ in range(30)]
    cases, moved = desk.erasures.cases, list[str]()
    cases.keep(cases.get(many[15]).put(state=State.ERASING))

    async def drive(name: str) -> None:
        moved.append(name)
        await asyncio.sleep(0)

    monkeypatch.setattr(desk.erasures._moving, "drive", drive)
    going = asyncio.ensure_future(desk.erasures.unasked.keep_going())
    while len(moved) < 2:
        await asyncio.sleep(0)
    assert moved[0] == many[15]
    while many[29] not in moved:
        await asyncio.sleep(0)
    assert many[0] in moved
    assert len(moved) < 15
    going.cancel()
    await asyncio.wait([going])


async def test_every_new_case_that_has_failed_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many others fail each time, before it and behind it."""
    many = {(await desk.does("open", **ABOUT))["case"] for _ in range(35)}
    moved = set[str]()

    async def drive(name: str) -> None:
        moved.add(name)
        desk.erasures.shared.troubles[name] = "the CRM cannot be asked"
        await asyncio.sleep(0)

    monkeypatch.setattr(desk.erasures._moving, "drive", drive)
    monkeypatch.setattr(unasked, "EVERY_SECONDS", 0)
    going = asyncio.ensure_future(desk.erasures.unasked.keep_going())
    for _ in range(2):  # as new ones, and as such that have failed
        async with asyncio.timeout(30):
            while moved != many:
                await asyncio.sleep(0)
        moved.clear()
    going.cancel()
    await asyncio.wait([going])


async def test_the_process_that_runs_looks_by_itself(desk: Desk, monkeypatch) -> None:
    """What it found is on record, among the metrics and told by /ready; it opens nothing."""
    (desk.harness.installation.policies / "example" / "sweep.yaml").write_text(RETENTION, "utf-8")
    desk.harness.app.reload()
    del desk.crms["hubspot"]
    desk.crms["salesforce"] = SalesforceSandbox(TOKEN, now=StoppedClock(time.time() - 9 * 86_400))
    await desk.erasures.unasked.look_through()  # nobody wants it, by the configuration as it stands
    assert "sweep" not in desk.erasures.unasked.told
    desk.erasures.unasked.rounds = Rounds(1.0, time.monotonic() - 3600)
    desk.erasures.unasked.watch()
    await desk.erasures.unasked.look_through()
    assert desk.erasures.unasked.told["sweep"].startswith("12 records whose time is over")
    assert b"lychgate_erasure_swept_retention 12.0" in desk.harness.app.metrics.text()
    swept = [entry["detail"] for entry in desk.harness.entries() if entry.get("what") == "swept"]
    assert swept == ["0 returned, 12 due, 0 withdrawn"]
    assert (await desk.does("list"))["cases"] == []

    async def away(*_: object) -> None:
        raise LychgateError("it does not answer")

    desk.erasures.unasked.rounds = Rounds(1.0, time.monotonic() - 3600)
    monkeypatch.setattr(Eraser, "asked", away)
    with pytest.raises(LychgateError):
        await desk.erasures.unasked.look_through()
    assert "could not be looked through" in desk.erasures.unasked.told["sweep"]


async def test_all_of_it_goes_for_as_long_as_the_process_runs(desk: Desk, monkeypatch) -> None:
    """Each at once, without the others; whoever ends it ends them."""
    unasked, begun = desk.erasures.unasked, set()

    def begins(name: str):
        async def begin() -> None:
            begun.add(name)
            if begun == {"cases", "messages", "people", "tokens"}:
                all_.set()

        return begin

    all_ = asyncio.Event()
    for owner, name, word in (
        (unasked, "_look", "cases"),
        (unasked.messages, "begin", "messages"),
        (unasked, "look_through", "people"),
        (unasked, "give_up_strays", "tokens"),
    ):
        monkeypatch.setattr(owner, name, begins(word))
    going = asyncio.create_task(unasked.keep_going())
    await asyncio.wait_for(all_.wait(), 10)
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
