"""Large bodies are worked on in another process: with the same result, nobody waiting, failing closed."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from proxy import enforce
from proxy.aside import Job, _Helper
from proxy.demo.installation import LaneOf
from proxy.enforce import Gateway, is_large
from proxy.message import Headers, Request, Response
from proxy.sandbox import SalesforceSandbox, running
from tests.e2e.conftest import Install
from tests.e2e.harness import CRM_TOKEN, Ended, GatewayHarness
from tests.e2e.processes import Installed, until
from tests.e2e.test_exchanges import Crm, cases, request_of
from tests.e2e.test_workers import alive, two
from tests.e2e.wire import Asking, Line

FIELDS = (
    "Id, Name, Email, Phone, Title, Department, MailingCity, MailingCountry, MailingState, Birthdate, OtherCity"
)
LARGE = f"/services/data/v59.0/query/?q={quote_plus(f'SELECT {FIELDS} FROM Contact')}"
SMALL = f"/services/data/v59.0/query/?q={quote_plus('SELECT Id, Phone FROM Contact LIMIT 1')}"
MASKED = "effect: mask\n    with: phone_ending\n    roles: [support_agent]"
CLEAR = "effect: allow\n    roles: [support_agent]"

Everything = Callable[[], None]


@pytest.fixture
def everything_aside(monkeypatch: pytest.MonkeyPatch) -> Everything:
    """Have every body be a large one from now on."""

    def set_() -> None:
        monkeypatch.setattr(enforce, "LARGE", -1)
        monkeypatch.setattr(enforce, "LARGE_CODED", -1)

    return set_


def told(ended: Ended) -> Any:
    """Return all of an exchange but its id, place in the ledger and time."""
    decision = ended.response.headers.one("lychgate-decision") or ""
    entries = [
        {name: value for name, value in entry.items() if name not in ("id", "seq", "prev", "time_ms")}
        for entry in ended.entries
    ]
    headers = sorted((name, value) for name, value in ended.response.headers if name != "lychgate-decision")
    body = ended.response.body.replace(decision.encode(), b"decision")
    body = re.sub(rb"query/lg1\.[\w.-]+", b"query/sealed", body)  # sealed anew each time
    return ended.forwarded, ended.response.status, headers, body, entries


def counted(harness: GatewayHarness) -> dict[tuple[str, tuple[str, ...]], list[float]]:
    """Return every series but those of times."""
    return {
        (name, labels): numbers
        for name, series in harness.app.metrics.counted().items()
        for labels, numbers in series
        if name != "exchange_seconds"
    }


def grown(before: dict[Any, list[float]], after: dict[Any, list[float]]) -> dict[Any, list[float]]:
    """Return what was counted in between."""
    found = {
        key: [new - old for new, old in zip(numbers, before.get(key, [0.0] * len(numbers)), strict=True)]
        for key, numbers in after.items()
    }
    return {key: numbers for key, numbers in found.items() if any(numbers)}


@pytest.mark.parametrize("case", cases())
async def test_aside_comes_out_as_here(
    harness: GatewayHarness, case: dict[str, Any], everything_aside: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte: what is forwarded, released, written down and counted, in every recorded exchange."""
    outcomes = []
    jobs = []
    work = _Helper.say

    def do(helper: _Helper, job: object) -> Any:
        if isinstance(job, Job):  # and no answer to what a helper asks for
            jobs.append(job)
        return work(helper, job)

    monkeypatch.setattr(_Helper, "say", do)
    for _ in range(2):
        before = counted(harness)
        ended = await harness.exchange(case["lane"], request_of(case, harness), Crm(case, harness))
        outcomes.append((told(ended), grown(before, counted(harness))))
        everything_aside()
    assert outcomes[0] == outcomes[1]
    # Whoever is known is worked for aside, once for the request and once for the answer.
    assert len(jobs) == (bool(ended.entries[0]["client"]) and 1 + (ended.forwarded is not None))


@pytest.mark.parametrize(
    ("size", "coding", "large"),
    [
        (256 << 10, None, False),
        ((256 << 10) + 1, None, True),
        (16 << 10, "gzip", False),
        (20 << 10, "gzip", True),
    ],
)
def test_what_is_large(size: int, coding: str | None, large: bool) -> None:
    """By its bytes; a coded body by fewer, as nobody knows what it comes to."""
    headers = Headers((("content-encoding", coding),) if coding else ())
    assert is_large(Response(200, headers, bytes(size))) is large


def contacts(count: int) -> Callable[[Request], Response]:
    """Return a CRM that answers with so many contacts."""
    rows = [
        {"attributes": {"type": "Contact"}, "Phone": f"+353 1 555 {n:04}", "Name": "x" * 300}
        for n in range(count)
    ]
    body = json.dumps({"totalSize": count, "done": True, "records": rows}).encode()
    return lambda _: Response(200, Headers((("content-type", "application/json"),)), body)


def asking(harness: GatewayHarness) -> Request:
    """Return a request for names and numbers."""
    query = f"q={quote_plus('SELECT Name, Phone FROM Contact')}"
    return Request("GET", "/services/data/v59.0/query/", query, Headers(harness.credentials("helpdesk")))


async def test_out_of_memory_is_a_refusal_and_a_new_helper(
    harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helper that cannot go on takes nobody with it: 503, on record, without a byte; the next one is fine."""
    show = Gateway.show

    def out_of_memory(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(Gateway, "show", out_of_memory)
        harness.app.gateways["salesforce"].rules = fresh(harness)
        ended = await harness.exchange("salesforce", asking(harness), contacts(1_500))
    assert (ended.response.status, b"353" in ended.response.body) == (503, False)
    assert [entry["kind"] for entry in ended.entries] == ["requested", "failed"]
    assert ended.entries[-1]["reason"] == "internal_error"
    assert Gateway.show is show
    ended = await harness.exchange("salesforce", asking(harness), contacts(1_500))
    assert ended.response.status == 200


def fresh(harness: GatewayHarness) -> Any:
    """Return the same rules read again, for which there is no helper yet."""
    return harness.app.prepare().rules["salesforce"]


# ---- as processes -------------------------------------------------------------------------------------------


def helpers(run: Installed) -> list[int]:
    """Return the processes that large bodies are worked on in."""
    assert run.process is not None
    return children(run.process.pid)


def children(process: int) -> list[int]:
    """Return the living children of a process."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text("ascii")
    return [int(number) for number in text.split() if alive(int(number))]


@pytest.fixture
def crm() -> SalesforceSandbox:
    """Enough people for an answer of some hundred kilobytes."""
    return SalesforceSandbox(CRM_TOKEN, people=1_500)


def one_helper(run: Installed) -> int:
    """Have a large answer be worked on, and return who did it; nothing else waits for it."""
    with Line(run.ports["salesforce"], run.keys["helpdesk"]) as line:
        got = line.ask(LARGE)
    assert (got.status, len(got.body) > 256 << 10) == (200, True)
    (helper,) = helpers(run)
    return helper


def held_up(run: Installed, helper: int, crm: SalesforceSandbox) -> Asking:
    """Return a request whose answer waits for a helper that stands still."""
    os.kill(helper, signal.SIGSTOP)
    asked = len(crm.calls)
    slow = Asking(Line(run.ports["salesforce"], run.keys["helpdesk"]), LARGE)
    until(lambda: len(crm.calls) > asked)
    return slow


def test_others_do_not_wait_and_a_killed_helper_is_a_refusal(install: Install, crm: SalesforceSandbox) -> None:
    """While a large answer is not done, others are served; it is refused when its helper dies."""
    with running(crm) as address:
        run = install({"salesforce": LaneOf(0, address.url, CRM_TOKEN)}).up()
        helper = one_helper(run)
        slow = held_up(run, helper, crm)
        with Line(run.ports["salesforce"], run.keys["helpdesk"]) as line:
            assert [line.ask(SMALL).status for _ in range(20)] == [200] * 20
        assert slow.is_alive()
        os.kill(helper, signal.SIGKILL)
        got = slow.result()
        assert (got.status, b"555" in got.body) == (503, False)
        entries = [entry for entry in run.entries() if entry["id"] == got.decision]
        assert [entry["kind"] for entry in entries] == ["requested", "failed"]
        assert (entries[-1]["stage"], entries[-1]["reason"]) == ("transform", "aside_failed")
        assert one_helper(run) != helper
        assert "Traceback" not in run.down()
        run.check_ledger()


def test_a_helper_that_hangs_ends_with_the_deadline(install: Install, crm: SalesforceSandbox) -> None:
    """The exchange is refused in time and on record, the helper is gone, and the next one is answered."""
    deadline = "    connector: salesforce\n    deadline_seconds: 2\n"
    with running(crm) as address:
        lanes = {"salesforce": LaneOf(0, address.url, CRM_TOKEN)}
        run = install(lanes, lambda text: text.replace("    connector: salesforce\n", deadline)).up()
        helper = one_helper(run)
        got = held_up(run, helper, crm).result()
        assert got.status in (503, 504)
        assert b"555" not in got.body
        assert run.told(got.decision) == ["requested", "failed"]
        until(lambda: not alive(helper))
        assert one_helper(run) != helper
        run.down()
        run.check_ledger()


def test_a_helper_decides_by_the_set_of_its_exchange(install: Install, crm: SalesforceSandbox) -> None:
    """After each reload large answers follow the new set, and helpers do not pile up."""
    with running(crm) as address:
        run = install({"salesforce": LaneOf(0, address.url, CRM_TOKEN)}).up()
        path = run.made.policies / "example" / "support.yaml"
        text = path.read_text("utf-8")
        shown = []
        for content in (text.replace(MASKED, CLEAR), text, text.replace(MASKED, CLEAR), text):
            with Line(run.ports["salesforce"], run.keys["helpdesk"]) as line:
                got = line.ask(LARGE)
            shown.append((got.headers["lychgate-policy"], got.tree["records"][0]["Phone"].startswith("*")))
            assert len(helpers(run)) <= 2
            path.write_text(content, "utf-8")
            assert "policy reloaded" in run.reload()
        assert [masked for _, masked in shown] == [True, False, True, False]
        assert len(set(shown)) == 2
        run.down()


def test_a_helper_does_not_outlive_who_it_works_for(install: Install, crm: SalesforceSandbox) -> None:
    """Neither a kill nor an orderly end leaves a process behind, nor the ledger's lock held."""
    with running(crm) as address:
        run = install({"salesforce": LaneOf(0, address.url, CRM_TOKEN)}).up()
        for end in (run.kill, run.down):
            helper = one_helper(run)
            end()
            until(lambda helper=helper: not alive(helper))
            run.up()
        run.down()
        run.check_ledger()


def test_a_large_request_is_understood_aside(install: Install, crm: SalesforceSandbox) -> None:
    """A refusal is in the CRM's own shape, and its record says what was asked for, like any other."""
    with running(crm) as address:
        run = install({"salesforce": LaneOf(0, address.url, CRM_TOKEN)}, two).up()
        for name, status in (("Description", 403), ("Nonsense", 403)):
            with Line(run.ports["salesforce"], run.keys["helpdesk"]) as line:
                got = line.ask(
                    "/services/data/v59.0/sobjects/Contact/003Lg0000000101AAA",
                    "PATCH",
                    {name: "x" * (300 << 10)},
                )
            assert (got.status, isinstance(got.tree, list)) == (status, True)
            (entry,) = [entry for entry in run.entries() if entry["id"] == got.decision]
            assert (entry["kind"], entry["operations"]) == ("declined", ["update Contact"])
        assert sum(len(children(worker)) for worker in helpers(run)) >= 1
        run.down()
        run.check_ledger()
