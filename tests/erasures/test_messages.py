"""Whoever is told of erasures is told beside each other; what came of it is durable."""

import asyncio
import time
from collections import Counter

import msgspec
import pytest

from proxy.erasure import Case, Notice, Origin, Plan, State, notices
from proxy.erasures.messages import AT_ONCE, EACH, Messages
from tests.desk import Desk

PLAN = Plan("case0001", "salt", (), (), (), (), ())


class Others:
    """Everybody else: some take their time."""

    def __init__(self) -> None:
        self.slow: set[str] = set()
        self.broken: set[str] = set()
        self.gate = asyncio.Event()
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.most_at_once = 0
        self.heard: list[tuple[str, str]] = []

    async def tell(self, case: Case, notice: Notice, now: int) -> Notice:
        """Take a message."""
        name = notice.recipient
        self.now[name] += 1
        self.most |= self.now
        self.most_at_once = max(self.most_at_once, self.now.total())
        self.heard.append((case.id, name))
        try:
            await asyncio.sleep(0)
            if name in self.broken:
                raise ValueError("canary")
            if name in self.slow:
                await self.gate.wait()
        finally:
            self.now[name] -= 1
        return notices.sent(notice, now, acknowledged=False)

    async def replied(self, case: Case, now: int) -> tuple[Origin, str]:
        """Take a call back."""
        del now
        assert case.origin is not None
        if case.origin.who in self.broken:
            raise ValueError("canary")
        return msgspec.structs.replace(case.origin, told="in_progress"), "answered"


@pytest.fixture
def others(desk: Desk) -> Others:
    """Who is told by this installation."""
    found = Others()
    desk.erasures.shared.messengers = found
    return found


@pytest.fixture
def messages(desk: Desk) -> Messages:
    """What tells them."""
    return desk.erasures.unasked.messages


def keep(desk: Desk, number: int, *recipients: str) -> str:
    """Keep a case of which recipients have to be told, and return its name."""
    told = tuple(Notice(name, 1, 5, again=1 + number) for name in recipients)
    name = f"case{number:04}"
    desk.erasures.cases.keep(
        Case(name, State.LIVE_COMPLETE, 7, "gdpr", "objection", "operator", plan=PLAN, erased=9, notices=told)
    )
    return name


async def until(done) -> None:
    """Return once something is so."""
    while not done():
        await asyncio.sleep(0)


async def test_one_who_is_slow_holds_nobody_back(desk: Desk, others: Others, messages: Messages) -> None:
    """Neither others of the same case, nor of cases behind it, nor those that come due meanwhile."""
    others.slow.add("slow")
    for number in range(20):
        keep(desk, number, "slow")
    both = keep(desk, 20, "slow", "quick")
    await messages.begin()
    await until(lambda: (both, "quick") in others.heard)
    late = keep(desk, 21, "other")
    await messages.begin()
    await until(lambda: (late, "other") in others.heard)
    await until(lambda: desk.erasures.cases.get(late).notices[0].sent)
    assert others.most["slow"] == EACH
    others.slow.clear()
    others.gate.set()
    await messages.tell()
    assert Counter(others.heard).most_common(1)[0][1] == 1  # nobody was told twice
    assert len(others.heard) == 23
    told = [entry for entry in desk.harness.entries() if entry.get("what") == "told"]
    assert len(told) == 23


async def test_only_so_many_are_told_at_a_time(desk: Desk, others: Others, messages: Messages) -> None:
    """Of however many who take their time."""
    names = [f"r{number}" for number in range(3 * AT_ONCE)]
    others.slow.update(names)
    for number, name in enumerate(names):
        keep(desk, number, name)
    for _ in range(3):
        await messages.begin()
        await asyncio.sleep(0.01)
    assert len(others.heard) == others.most_at_once == AT_ONCE
    others.gate.set()
    await messages.tell()
    assert len(others.heard) == len(names)
    assert others.most_at_once == AT_ONCE


async def test_a_case_can_be_changed_while_somebody_is_told(
    desk: Desk, others: Others, messages: Messages
) -> None:
    """What was written down meanwhile is not undone by what came of the message."""
    others.slow.add("slow")
    case = keep(desk, 1, "slow")
    await messages.begin()
    await until(lambda: others.heard)
    await desk.does("told", case, recipient="slow", note="by phone")
    others.gate.set()
    await messages.tell()
    (one,) = desk.erasures.cases.get(case).notices
    assert (bool(one.acknowledged), bool(one.sent), one.note, one.tries) == (True, True, "by phone", 1)


async def test_what_we_fail_on_is_tried_again_later(
    desk: Desk, others: Others, messages: Messages, caplog: pytest.LogCaptureFixture
) -> None:
    """And told by its name only; when it is tried next is durable."""
    others.broken |= {"broken", "agent"}
    case = keep(desk, 1, "broken", "quick")
    origin = Origin("drp", "agent", "a-1", "http://127.0.0.1:9/agent")
    desk.erasures.cases.keep(desk.erasures.cases.get(case).put(origin=origin))
    now = int(time.time())
    for _ in range(2):
        await messages.tell()
    kept = desk.erasures.cases.get(case)
    assert [(one.tries, one.why, bool(one.sent)) for one in kept.notices] == [
        (1, "failed_here", False), (1, "", True)
    ]  # fmt: skip
    assert kept.notices[0].again >= now + notices.FIRST
    assert kept.origin.tries == 1
    assert kept.origin.again >= now + notices.FIRST
    assert "ValueError" in caplog.text
    assert "canary" not in caplog.text


async def test_nobody_is_told_while_it_cannot_be_put_on_record(
    desk: Desk, others: Others, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be told again and again."""
    keep(desk, 1, "quick")
    monkeypatch.setattr(type(desk.harness.app.ledger), "failed", True)
    await messages.tell()
    assert others.heard == []


async def test_what_was_under_way_is_told_by_the_next_process(
    desk: Desk, others: Others, messages: Messages
) -> None:
    """It was not written down that it arrived."""
    others.slow.add("slow")
    case = keep(desk, 1, "slow")
    await messages.begin()
    await until(lambda: others.heard)
    messages.stop()
    await asyncio.sleep(0)
    others.gate.set()
    await Messages(desk.erasures.shared).tell()
    assert others.heard == [(case, "slow")] * 2
    assert desk.erasures.cases.get(case).notices[0].sent
