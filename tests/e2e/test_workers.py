"""Several processes serve one installation: what one is told holds in all, and none can die unnoticed."""

import contextlib
import http.client
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.demo.installation import LaneOf
from proxy.sandbox import Fault, HubSpotSandbox, running
from tests.e2e.conftest import Install
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import PATIENCE, Installed, until
from tests.e2e.wire import CONTACT, Asking, Got, Held, Line

MASKED = "effect: mask\n    with: phone_ending\n    roles: [support_agent]"
CLEAR = "effect: allow\n    roles: [support_agent]"
ENDS = frozenset({("noted",), ("declined",), ("requested", "disclosed"), ("requested", "failed")})
RELEASED = 'lychgate_exchanges_total{lane="hubspot",outcome="released"}'
KILLS = 12


def two(text: str) -> str:
    """Have two workers serve."""
    return f"{text}workers: 2\n"


@pytest.fixture
def crm() -> Iterator[tuple[HubSpotSandbox, str]]:
    """A CRM and its address."""
    made = HubSpotSandbox(CRM_TOKEN)
    with running(made) as address:
        yield made, address.url


@pytest.fixture
def pair(install: Install, crm: tuple[HubSpotSandbox, str]) -> Installed:
    """Lychgate with two workers in front of it."""
    return install({"hubspot": LaneOf(0, crm[1], CRM_TOKEN)}, two).up()


def workers(run: Installed) -> list[int]:
    """Return the processes of the workers, oldest first."""
    assert run.process is not None
    children = Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children").read_text("ascii")
    return [int(number) for number in children.split()]


def alive(process: int) -> bool:
    """Say whether a process is there and not only waits for its parent to look."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    return False


def spread(run: Installed, count: int, key: str = "helpdesk") -> list[Got]:
    """Return what so many requests get, each over a connection of its own, so that every worker is asked."""
    got = []
    for _ in range(count):
        with Line(run.ports["hubspot"], run.keys[key]) as line:
            got.append(line.ask())
    return got


def principal(run: Installed, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `lychgate principal`."""
    command = [sys.executable, "-m", "proxy.cli", "principal", *arguments, "--config", str(run.made.config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=run.made.folder)


class Load:
    """Clients that ask, and begin anew when their connection ends."""

    def __init__(self, run: Installed, clients: int = 3) -> None:
        self._run = run
        self.acknowledged: dict[str, int] = {}
        self.news = threading.Condition()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        while not self._over.is_set():
            with (
                contextlib.suppress(OSError, http.client.HTTPException),
                Line(self._run.ports["hubspot"], self._run.keys["helpdesk"]) as line,
            ):
                while not self._over.is_set():
                    got = line.ask(CONTACT.replace("101", random.choice(("101", "102"))))
                    with self.news:
                        self.acknowledged[got.decision] = got.status
                        self.news.notify_all()

    def more(self, answers: int) -> None:
        """Return once so many further exchanges were acknowledged."""
        with self.news:
            goal = len(self.acknowledged) + answers
            assert self.news.wait_for(lambda: len(self.acknowledged) >= goal, PATIENCE)

    def stop(self) -> dict[str, int]:
        """Return what was acknowledged."""
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        return self.acknowledged


def check(run: Installed, acknowledged: dict[str, int]) -> Counter[str]:
    """Fail if something acknowledged is not on record, or an intent is open; return the reasons of failures."""
    run.check_ledger()
    kinds: dict[str, list[str]] = {}
    reasons: Counter[str] = Counter()
    for entry in run.entries():
        kinds.setdefault(entry["id"], []).append(entry["kind"])
        if entry["kind"] == "failed":
            reasons[entry["reason"]] += 1
    for decision, status in acknowledged.items():
        assert (status, kinds.get(decision)) == (200, ["requested", "disclosed"])
    assert {tuple(told) for told in kinds.values()} <= ENDS
    return reasons


def test_one_scrape_shows_the_sum_of_all_workers(pair: Installed) -> None:
    """Every exchange is counted once, whichever process had it, and both have had some."""
    got = spread(pair, 24)
    assert {one.status for one in got} == {200}
    assert (pair.metric(RELEASED), pair.metric("lychgate_workers")) == (24, 2)
    histogram = 'lychgate_exchange_seconds_count{lane="hubspot",part="request"}'
    assert pair.metric(histogram) == 24
    first, second = workers(pair)
    os.kill(first, signal.SIGTERM)  # recycled by hand: what it says last is kept
    until(lambda: pair.metric("lychgate_workers_replaced_total" + '{why="died"}') == 1)
    until(lambda: pair.metric("lychgate_workers") == 2)
    assert second in workers(pair)
    assert first not in workers(pair)
    assert pair.metric(RELEASED) == 24
    spread(pair, 6)
    assert pair.metric(RELEASED) == 30
    pair.down()
    check(pair, {one.decision: one.status for one in got})


def test_killed_workers_lose_nothing_and_are_replaced(pair: Installed, crm: tuple[HubSpotSandbox, str]) -> None:
    """What was acknowledged is on record, what was under way is closed at once, and traffic goes on."""
    crm[0].faults.add(Fault("delay", path="/102", times=-1, seconds=0.01))  # so that intents are open
    load = Load(pair)
    for number in range(KILLS):
        load.more(random.Random(number).randrange(5, 40))
        os.kill(workers(pair)[number % 2], signal.SIGKILL)
        until(lambda: pair.metric("lychgate_workers") == 2)
    load.more(40)
    acknowledged = load.stop()
    assert pair.metric('lychgate_workers_replaced_total{why="died"}') == KILLS
    until(lambda: all(told[-1] != "requested" for told in by_decision(pair).values()))
    reasons = check(pair, acknowledged)  # while it runs: nobody waits for a restart
    assert set(reasons) == {"outcome_unknown"}
    assert len(acknowledged) > KILLS * 5
    assert "Traceback" not in pair.down()
    check(pair, acknowledged)


def by_decision(run: Installed) -> dict[str, list[str]]:
    """Return the kinds of entries of each decision."""
    kinds: dict[str, list[str]] = {}
    for entry in run.entries():
        kinds.setdefault(entry["id"], []).append(entry["kind"])
    return kinds


def test_a_killed_supervisor_takes_its_workers_with_it(pair: Installed, crm: tuple[HubSpotSandbox, str]) -> None:
    """Whoever holds the ledger is gone: nobody serves any more, and a start finds everything acknowledged."""
    crm[0].faults.add(Fault("delay", path="/102", times=-1, seconds=0.01))
    acknowledged: dict[str, int] = {}
    for number in range(3):
        load = Load(pair)
        load.more(random.Random(number).randrange(20, 60))
        before = workers(pair)
        pair.kill()
        until(lambda before=before: not any(map(alive, before)))
        got = load.stop()
        # A worker may live a moment longer than the supervisor; it can only refuse then.
        assert set(got.values()) <= {200, 503}
        acknowledged |= {decision: status for decision, status in got.items() if status == 200}
        pair.up()
        until(lambda: all(told[-1] != "requested" for told in by_decision(pair).values()))
        check(pair, acknowledged)
    assert {one.status for one in spread(pair, 6)} == {200}
    pair.down()


def test_while_nothing_can_be_written_nothing_is_served(
    install: Install, crm: tuple[HubSpotSandbox, str]
) -> None:
    """A writer that hangs stops traffic: 503 by the deadline, and the CRM is not asked; then all is well."""
    deadline = "    connector: hubspot\n    deadline_seconds: 1\n"
    lanes = {"hubspot": LaneOf(0, crm[1], CRM_TOKEN)}
    run = install(lanes, lambda text: two(text.replace("    connector: hubspot\n", deadline))).up()
    assert {one.status for one in spread(run, 4)} == {200}
    asked = len(crm[0].calls)
    run.tell(signal.SIGSTOP)
    got = spread(run, 2)
    assert {one.status for one in got} <= {503, 504}
    assert not any(b"example.org" in one.body for one in got)
    assert len(crm[0].calls) == asked
    run.tell(signal.SIGCONT)
    until(lambda: {one.status for one in spread(run, 4)} == {200})
    assert run.metric('lychgate_workers_replaced_total{why="unresponsive"}') == 0
    run.down()
    run.check_ledger()


def phones(run: Installed) -> set[str]:
    """Return what agents see of a number, over connections that reach every worker."""
    return {str(one.tree["properties"]["phone"]) for one in spread(run, 16)}


def test_a_reload_reaches_every_worker_or_none(pair: Installed) -> None:
    """One digest everywhere; a set that is refused changes nobody; a new worker gets what is in force."""
    path = pair.made.policies / "example" / "support.yaml"
    text = path.read_text("utf-8")
    assert phones(pair) == {"*** *** 01"}
    path.write_text(text.replace(MASKED, CLEAR), "utf-8")
    assert "policy reloaded: sha256:" in pair.reload()
    assert phones(pair) == {"+353 1 555 0101"}
    assert len({one.headers["lychgate-policy"] for one in spread(pair, 16)}) == 1
    path.write_text(text.replace("effect: allow", "effect: alow", 1), "utf-8")
    said = pair.reload()
    assert "support.yaml:" in said
    assert 'did you mean "allow"' in said
    assert phones(pair) == {"+353 1 555 0101"}
    for process in workers(pair):  # the folder cannot be loaded now: what is in force can
        os.kill(process, signal.SIGKILL)
    until(lambda: pair.metric("lychgate_workers") == 2)
    assert phones(pair) == {"+353 1 555 0101"}
    path.write_text(text, "utf-8")
    assert "policy reloaded: sha256:" in pair.reload()
    assert phones(pair) == {"*** *** 01"}
    pair.down()
    pair.check_ledger()


def test_a_worker_that_cannot_follow_is_replaced(pair: Installed) -> None:
    """One that hangs does not keep the others from an edit, and never serves by the old set again."""
    path = pair.made.policies / "example" / "support.yaml"
    hung = workers(pair)[0]
    os.kill(hung, signal.SIGSTOP)
    path.write_text(path.read_text("utf-8").replace(MASKED, CLEAR), "utf-8")
    assert "policy reloaded: sha256:" in pair.reload()
    until(lambda: not alive(hung))
    until(lambda: pair.metric("lychgate_workers") == 2)
    assert pair.metric('lychgate_workers_replaced_total{why="behind"}') == 1
    assert phones(pair) == {"+353 1 555 0101"}
    pair.down()


def test_a_freeze_reaches_every_worker_and_outlives_restarts(pair: Installed) -> None:
    """403 in the CRM's shape from all of them once the command has ended; others are served; it is on record."""
    done = principal(pair, "freeze", "helpdesk")
    assert (done.returncode, done.stdout) == (0, "helpdesk is frozen\n")
    got = spread(pair, 16)
    assert {(one.status, one.tree["message"].split(" Ask")[0]) for one in got} == {
        (403, "This access has been stopped.")
    }
    assert {one.status for one in spread(pair, 8, "helpdesk_leads")} == {200}
    os.kill(workers(pair)[0], signal.SIGKILL)  # a worker that comes later knows, too
    until(lambda: pair.metric("lychgate_workers") == 2)
    assert {one.status for one in spread(pair, 16)} == {403}
    pair.down()
    assert principal(pair, "list").stdout == "helpdesk\n"
    pair.up()
    assert {one.status for one in spread(pair, 16)} == {403}
    assert principal(pair, "unfreeze", "helpdesk").returncode == 0
    assert {one.status for one in spread(pair, 16)} == {200}
    pair.down()
    declined = [entry for entry in pair.entries() if entry["kind"] == "declined"]
    assert {(entry["stage"], entry["reason"]) for entry in declined} == {("identity", "principal_frozen")}
    noted = {entry["what"]: entry["detail"] for entry in pair.entries() if entry["kind"] == "noted"}
    caller = {entry["principal"] for entry in pair.entries() if entry.get("client") == "helpdesk"} - {""}
    assert {noted["principal_frozen"], noted["principal_unfrozen"]} == caller
    pair.check_ledger()


def test_a_name_that_nobody_has_is_not_frozen(pair: Installed) -> None:
    """A typing mistake must not look like a stop; unfreezing who is not frozen is one, too."""
    done = principal(pair, "freeze", "helpdek")
    assert (done.returncode, 'did you mean "helpdesk"' in done.stderr) == (2, True)
    assert principal(pair, "unfreeze", "helpdesk").returncode == 2
    assert principal(pair, "list").stdout == "nobody is frozen\n"
    pair.down()
    # Without a process the command does it itself, and the next start finds it.
    assert principal(pair, "freeze", "helpdesk").returncode == 0
    pair.up()
    assert {one.status for one in spread(pair, 4)} == {403}
    pair.down()
    pair.check_ledger()


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_under_way_when_somebody_is_frozen_is_withheld(install: Install, count: int) -> None:
    """The CRM's answer comes after the freeze: it is not released, with one process and with two."""
    crm = Held()
    with running(crm) as address:
        run = install(
            {"hubspot": LaneOf(0, address.url, CRM_TOKEN)}, lambda text: f"{text}workers: {count}\n"
        ).up()
        slow = Asking(Line(run.ports["hubspot"], run.keys["helpdesk"]))
        assert crm.asked.wait(PATIENCE)
        assert principal(run, "freeze", "helpdesk").returncode == 0
        crm.go.set()
        got = slow.result()
        assert (got.status, b"example.org" in got.body) == (403, False)
        assert run.told(got.decision) == ["requested", "failed"]
        run.down()
        run.check_ledger()


def test_sigterm_drains_every_worker(install: Install) -> None:
    """Requests under way in all of them end with 200, and the exit code is 0."""
    crm = Held()
    with running(crm) as address:
        run = install({"hubspot": LaneOf(0, address.url, CRM_TOKEN)}, two).up()
        slow = [Asking(Line(run.ports["hubspot"], run.keys["helpdesk"])) for _ in range(8)]
        until(lambda: len([entry for entry in run.entries() if entry["kind"] == "requested"]) == 8)
        run.tell(signal.SIGTERM)
        until(lambda: run.ask_admin("/ready")[0] == 503)
        crm.go.set()
        got = [one.result() for one in slow]
        assert {one.status for one in got} == {200}
        code, said = run.ended()
        assert (code, "Traceback" in said) == (0, False)
        check(run, {one.decision: one.status for one in got})
        assert run.entries()[-1]["what"] == "stopped"


def test_a_port_that_is_taken_is_refused(
    pair: Installed, install: Install, crm: tuple[HubSpotSandbox, str]
) -> None:
    """Sharing a port is for the workers of one installation: another one would take half of its clients."""
    other = install({"hubspot": LaneOf(pair.ports["hubspot"], crm[1], CRM_TOKEN)}, two)
    other.start()
    code, said = other.ended()
    assert (code, "in use" in said.lower(), "Traceback" in said) == (2, True, False)
    assert {one.status for one in spread(pair, 4)} == {200}
    pair.down()


def test_workers_that_cannot_start_end_it(install: Install, crm: tuple[HubSpotSandbox, str]) -> None:
    """What no worker can serve is said once, and the process ends, so that somebody looks."""
    run = install({"hubspot": LaneOf(0, crm[1], CRM_TOKEN, tls=True)}, two)
    (run.made.folder / "state" / "tls" / "localhost.pem").write_text("no certificate\n", "utf-8")
    run.start()
    code, said = run.ended()
    assert (code, "no worker can serve" in said, "Traceback" in said) == (2, True, False)
