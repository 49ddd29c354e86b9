"""A process in service: policies are replaced under load, it ends without losing anybody, and it is alone."""

import contextlib
import http.client
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.demo.installation import LaneOf
from proxy.sandbox import HubSpotSandbox, running
from tests.e2e.conftest import Install
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import PATIENCE, Installed, until
from tests.e2e.wire import Asking, Got, Held, Line

MASKED = "effect: mask\n    with: phone_ending\n    roles: [support_agent]"
CLEAR = "effect: allow\n    roles: [support_agent]"


@pytest.fixture
def held() -> Iterator[tuple[Held, str]]:
    """A CRM that answers when it is told to, and its address."""
    crm = Held()
    with running(crm) as address:
        yield crm, address.url
        crm.go.set()


@pytest.fixture
def serving(install: Install, held: tuple[Held, str]) -> Installed:
    """Lychgate in front of it."""
    return install({"hubspot": LaneOf(0, held[1], CRM_TOKEN)}).up()


class Load:
    """Clients that ask for the same contact again and again."""

    def __init__(self, run: Installed, clients: int) -> None:
        self._port, self._key = run.ports["hubspot"], run.keys["helpdesk"]
        self._over = threading.Event()
        self.got: list[Got] = []
        self.errors: list[Exception] = []
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        try:
            with Line(self._port, self._key) as line:
                while not self._over.is_set():
                    self.got.append(line.ask())
        except (OSError, http.client.HTTPException) as error:
            self.errors.append(error)

    def more(self, answers: int) -> None:
        """Return once so many further answers have come in."""
        goal = len(self.got) + answers
        until(lambda: len(self.got) >= goal or self.errors)

    def stop(self) -> list[Got]:
        """Return every answer."""
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not self.errors
        return self.got


def digest_in_force(run: Installed) -> str:
    """Return the digest that the metrics tell of."""
    lines = run.ask_admin("/metrics")[1].splitlines()
    (line,) = [line for line in lines if line.startswith("lychgate_policy_info{")]
    return line.partition('digest="')[2].partition('"')[0]


def phone(run: Installed) -> str:
    """Return what an agent sees of a number."""
    with Line(run.ports["hubspot"], run.keys["helpdesk"]) as line:
        return str(line.ask().tree["properties"]["phone"])


def test_policies_are_replaced_under_load(serving: Installed, held: tuple[Held, str]) -> None:
    """No request fails while sets are activated and refused; each is decided by one set from end to end."""
    held[0].go.set()
    path = serving.made.policies / "example" / "support.yaml"
    text = path.read_text("utf-8")
    load = Load(serving, 4)
    load.more(40)
    digests, shown = [digest_in_force(serving)], [phone(serving)]
    for content in (text.replace(MASKED, CLEAR), text, text.replace(MASKED, CLEAR)):
        path.write_text(content, "utf-8")
        assert "policy reloaded: sha256:" in serving.reload()
        digests.append(digest_in_force(serving))
        shown.append(phone(serving))
        load.more(40)
        path.write_text(content.replace("effect: allow", "effect: alow", 1), "utf-8")
        said = serving.reload()
        # A person has to find the place, and see what was meant.
        assert "support.yaml:" in said
        assert 'did you mean "allow"' in said
        assert (digest_in_force(serving), serving.ask_admin("/ready")[0]) == (digests[-1], 200)
        load.more(20)
    answers = load.stop()
    assert {answer.status for answer in answers} == {200}
    assert shown == ["*** *** 01", "+353 1 555 0101"] * 2
    assert digests == digests[:2] * 2
    assert len(set(digests)) == 2
    assert serving.metric('lychgate_policy_reloads_total{result="activated"}') == 3
    assert serving.metric('lychgate_policy_reloads_total{result="refused"}') == 3
    serving.down()
    entries = serving.entries()
    decided = {
        name: {entry["policy"] for entry in entries if entry["id"] == name}
        for name in {answer.decision for answer in answers}
    }
    assert {len(found) for found in decided.values()} == {1}
    assert set.union(*decided.values()) == set(digests)
    noted = [(entry["what"], entry["detail"]) for entry in entries if entry["kind"] == "noted"]
    assert [detail for what, detail in noted if what == "policy_activated"] == digests
    assert [what for what, _ in noted].count("policy_refused") == 3
    serving.check_ledger()


def test_the_last_edit_wins(serving: Installed, held: tuple[Held, str]) -> None:
    """Of two reloads in quick succession the later one is in force, even if the earlier one takes longer."""
    held[0].go.set()
    path = serving.made.policies / "example" / "support.yaml"
    text = path.read_text("utf-8")
    one = "  - {{id: filler-{0}, effect: allow, roles: [marketer], on: {{objects: [Lead]}}, actions: [read]}}\n"
    slow = text.replace(MASKED, CLEAR) + "".join(one.format(number) for number in range(600))
    assert serving.spoken is not None
    path.write_text(slow, "utf-8")
    serving.tell(signal.SIGHUP)
    spent = busy(serving)
    until(lambda: busy(serving) > spent + 10)  # it reads
    path.write_text(text, "utf-8")
    serving.tell(signal.SIGHUP)
    until(lambda: serving.spoken.text.count("policy reloaded") == 2)
    assert phone(serving) == "*** *** 01"


def test_a_policy_folder_that_is_gone_leaves_the_old_set(serving: Installed, held: tuple[Held, str]) -> None:
    """A reload that finds nothing at all says so, and the policies in force go on deciding."""
    held[0].go.set()
    before = digest_in_force(serving)
    serving.made.policies.rename(serving.made.folder / "elsewhere")
    assert "policy reload refused" in serving.reload()
    assert phone(serving) == "*** *** 01"
    assert digest_in_force(serving) == before


def test_sigterm_lets_what_is_under_way_finish(serving: Installed, held: tuple[Held, str]) -> None:
    """A request under way ends with 200 and its entries, nobody new is let in, and the exit code is 0."""
    crm, _ = held
    idle = Line(serving.ports["hubspot"], serving.keys["helpdesk"])
    slow = Asking(Line(serving.ports["hubspot"], serving.keys["helpdesk"]))
    idle.connection.connect()
    assert crm.asked.wait(PATIENCE)
    serving.tell(signal.SIGTERM)
    until(lambda: not accepts(serving.ports["hubspot"]))
    # Whoever balances load must not send anybody here any more, while it is still there to be asked.
    assert serving.ask_admin("/ready") == (503, "process: stopping\n")
    assert serving.ask_admin("/healthz")[0] == 200
    with idle, pytest.raises((OSError, http.client.HTTPException)):
        idle.ask()
    assert serving.process is not None
    assert serving.process.poll() is None
    crm.go.set()
    got = slow.result()
    assert (got.status, got.tree["properties"]["phone"]) == (200, "*** *** 01")
    code, said = serving.ended()
    assert (code, "Traceback" in said) == (0, False)
    assert serving.told(got.decision) == ["requested", "disclosed"]
    assert serving.entries()[-1]["what"] == "stopped"
    serving.check_ledger()


def test_what_outlives_the_drain_is_refused_and_on_record(install: Install, held: tuple[Held, str]) -> None:
    """A request that is not over when the drain is gets a refusal, and a Failed entry."""
    crm, url = held
    lanes = {"hubspot": LaneOf(0, url, CRM_TOKEN)}
    run = install(lanes, lambda text: text.replace("drain_seconds: 5", "drain_seconds: 0")).up()
    slow = Asking(Line(run.ports["hubspot"], run.keys["helpdesk"]))
    assert crm.asked.wait(PATIENCE)
    run.tell(signal.SIGTERM)
    got = slow.result()
    assert got.status in (502, 503, 504)
    assert b"example.org" not in got.body
    assert run.ended()[0] == 0
    assert run.told(got.decision) == ["requested", "failed"]
    run.check_ledger()


def test_a_second_process_on_the_same_ledger_is_refused(serving: Installed, held: tuple[Held, str]) -> None:
    """Two writers would break the chain: the second one says so and ends, the first one goes on."""
    held[0].go.set()
    second = Installed(serving.made, serving.keys)
    second.start()
    code, said = second.ended()
    assert (code, "in use by another process" in said, "Traceback" in said) == (2, True, False)
    assert phone(serving) == "*** *** 01"
    serving.down()
    serving.check_ledger()


def accepts(port: int) -> bool:
    """Return whether somebody listens on a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def busy(run: Installed) -> int:
    """Return the processor time that a process has taken, in hundredths of a second."""
    assert run.process is not None
    fields = Path(f"/proc/{run.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_crm_that_closes_its_connections_is_asked_again(install: Install) -> None:
    """A client's connection outlives the one to the CRM behind it: the CRM may restart between two requests."""
    first = HubSpotSandbox(CRM_TOKEN)
    with running(first) as address:
        run = install({"hubspot": LaneOf(0, address.url, CRM_TOKEN)}).up()
        line = Line(run.ports["hubspot"], run.keys["helpdesk"])
        assert line.ask().status == 200
    with line, running(HubSpotSandbox(CRM_TOKEN), port=address.port):
        assert [line.ask().status for _ in range(2)] == [200, 200]
    run.down()
