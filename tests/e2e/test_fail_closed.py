"""Whatever is missing, broken, full, down or gone: nothing passes, it is said plainly, and it is on record."""

import contextlib
import resource
import shutil
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hubspot.crm.contacts import ApiException
from simple_salesforce.exceptions import SalesforceGeneralError

from proxy.crypto import create_key, ensure_authority, issue_leaf
from proxy.demo.installation import LaneOf
from proxy.sandbox import Fault, HubSpotSandbox, SalesforceSandbox, Tls, running
from tests.e2e.conftest import Install
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import PATIENCE, Installed, until
from tests.e2e.sdks import Hubspot, salesforce
from tests.e2e.wire import Asking, Held, Line

NOWHERE = "http://127.0.0.1:9"
NAMES = ("aoife", "example.org", "555 0101")
"""What the CRM holds of the first contact: none of it may be in a refusal."""


def line_of(run: Installed) -> Line:
    """Return a connection of the help desk to the HubSpot lane."""
    return Line(run.ports["hubspot"], run.keys["helpdesk"])


def outcome(run: Installed, decision: str) -> tuple[str, str]:
    """Return kind and reason of the last entry of a decision."""
    last = [entry for entry in run.entries() if entry["id"] == decision][-1]
    return last["kind"], last.get("reason", "")


# ---- it does not start -------------------------------------------------------------------------------------

Break = Callable[[Path], object]


def _replace(name: str, old: str, new: str) -> Break:
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    return change


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        # a typing mistake in a rule: place and near word
        (_replace("policies/example/support.yaml", "effect: mask", "effect: msk"), ["yaml:", "did you mean"]),
        # not YAML at all
        (_replace("policies/example/guards.yaml", "guards:", "guards: ]["), ["guards.yaml:", "error LG"]),
        # a connector that does not compile
        (_replace("policies/connectors/hubspot.yaml", "action: erase", "action: arase"), ["hubspot.yaml:"]),
        # no policies
        (lambda folder: shutil.rmtree(folder / "policies"), ["policies"]),
        # no connector of that name
        (lambda folder: (folder / "policies/connectors/hubspot.yaml").unlink(), ["hubspot"]),
        # the configuration itself
        (_replace("lychgate.yaml", "connector: hubspot", "conector: hubspot"), ["lychgate.yaml:", "connector"]),
        # an upstream in clear that is not on this machine
        (_replace("lychgate.yaml", NOWHERE, "http://crm.example.org"), ["lychgate.yaml:", "https://"]),
        # the root key is missing, readable by others, and no key
        (lambda folder: (folder / "state/keys/root.key").unlink(), ["root.key"]),
        (lambda folder: (folder / "state/keys/root.key").chmod(0o644), ["root.key"]),
        (lambda folder: (folder / "state/keys/root.key").write_bytes(b"short"), ["root.key"]),
        # the CRM's credential is missing, readable by others, and empty
        (lambda folder: (folder / "state/credentials/hubspot").unlink(), ["credentials/hubspot", "credential"]),
        (lambda folder: (folder / "state/credentials/hubspot").chmod(0o640), ["credentials/", "chmod 600"]),
        (lambda folder: (folder / "state/credentials/hubspot").write_text("\n"), ["credentials/hubspot"]),
        # the ledger's folder is a file, and open to others
        (lambda folder: (folder / "state/ledger").write_text(""), ["ledger"]),
        (lambda folder: (folder / "state/ledger").mkdir(mode=0o755), ["ledger", "0700"]),
        # the lane's certificate is missing, and is another key's
        (lambda folder: (folder / "state/tls/localhost.pem").unlink(), ["hubspot", "tls"]),
        (lambda folder: create_key(_gone(folder / "state/tls/localhost.key")), ["hubspot", "tls"]),
    ],
)  # fmt: skip
def test_it_does_not_start(install: Install, broken: Break, words: list[str]) -> None:
    """It ends with exit code 2 before it listens, and says what to mend, without a traceback or a secret."""
    run = install({"hubspot": LaneOf(0, NOWHERE, CRM_TOKEN, tls=True)})
    broken(run.made.folder)
    run.start()
    code, said = run.ended()
    assert code == 2, said
    assert "Traceback" not in said
    assert "\nready" not in said
    for word in words:
        assert word in said
    assert CRM_TOKEN not in said


def _gone(path: Path) -> Path:
    path.unlink()
    return path


@pytest.mark.parametrize("who", ["lane", "admin"])
def test_a_port_in_use_is_said(install: Install, who: str) -> None:
    """A port that somebody else has is named, and the exit code is 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        word = {"lane": "listen", "admin": "admin"}[who]
        run = install({"hubspot": LaneOf(0, NOWHERE, CRM_TOKEN)})
        _replace("lychgate.yaml", f"{word}: 127.0.0.1:0", f"{word}: 127.0.0.1:{port}")(run.made.folder)
        run.start()
        code, said = run.ended()
    assert (code, "Traceback" in said) == (2, False)
    assert "in use" in said
    assert str(port) in said


def test_a_disk_that_is_full_at_the_start(install: Install) -> None:
    """Where no segment of the ledger fits, nothing is served."""
    run = install({"hubspot": LaneOf(0, NOWHERE, CRM_TOKEN)})
    run.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
    code, said = run.ended()
    assert (code, "Traceback" in said) == (2, False)
    assert "the ledger cannot be used" in said


def test_check_says_what_it_would_do_and_ends(install: Install) -> None:
    """`run --check` loads everything, says what would be enforced where, and listens to nobody."""
    run = install({"hubspot": LaneOf(0, NOWHERE, CRM_TOKEN)})
    run.start("--check")
    code, said = run.ended()
    assert code == 0
    assert "hubspot" in said
    assert "ready" not in said.split()


# ---- the ledger fails while it serves ----------------------------------------------------------------------


@pytest.mark.parametrize("left", [0, 100])  # nothing of the next entry, and half of it
def test_a_ledger_that_cannot_be_written_refuses_all_traffic(install: Install, left: int) -> None:
    """From the first entry that is not durable on, every SDK gets 503 and no CRM is asked anything."""
    org, account = SalesforceSandbox(CRM_TOKEN), HubSpotSandbox(CRM_TOKEN)
    with running(org) as here, running(account) as there:
        lanes = {
            "salesforce": LaneOf(0, here.url, CRM_TOKEN, tls=True),
            "hubspot": LaneOf(0, there.url, CRM_TOKEN),
        }
        run = install(lanes).up()
        agent, hub = salesforce(run, "helpdesk"), Hubspot(run, "helpdesk")
        assert agent.query("SELECT COUNT() FROM Contact")["totalSize"] == 12
        assert hub.basic.get_by_id("101").id == "101"
        before = len(org.calls), len(account.calls)
        run.fill_the_disk(left=left)
        for _ in range(2):
            with pytest.raises(SalesforceGeneralError) as raised:
                agent.query("SELECT Id, Name FROM Contact")
            assert raised.value.status == 503
            assert raised.value.content[0]["errorCode"] == "SERVER_UNAVAILABLE"
            with pytest.raises(ApiException) as told:
                hub.basic.get_by_id("101")
            assert told.value.status == 503
        agent.session.close()
        assert (len(org.calls), len(account.calls)) == before
        assert run.ask_admin("/ready") == (503, "ledger: the ledger cannot be written\n")
        run.tell(signal.SIGTERM)
        _, said = run.ended()
        assert "Traceback" not in said
        assert "traffic is refused until a restart" in said
        run.up()
        run.check_ledger()
        assert hub_is_fine(run)
        run.down()
        run.check_ledger()


def hub_is_fine(run: Installed) -> bool:
    """Return whether the HubSpot lane serves."""
    with line_of(run) as line:
        return line.ask().status == 200


def test_an_answer_whose_disclosure_cannot_be_written_is_withheld(install: Install) -> None:
    """WP-12: the ledger fails while the CRM answers: the client gets 503, no byte, and the intent stays open."""
    crm = Held()
    with running(crm) as address:
        run = install({"hubspot": LaneOf(0, address.url, CRM_TOKEN)}).up()
        asking = Asking(line_of(run))
        assert crm.asked.wait(PATIENCE)
        run.fill_the_disk(left=0)
        crm.go.set()
        got = asking.result()
        assert got.status == 503
        assert not any(name in got.body.decode().lower() for name in NAMES)
        run.kill()
        assert run.told(got.decision) == ["requested"]
        run.up()
        assert outcome(run, got.decision) == ("failed", "outcome_unknown")
        run.down()
        run.check_ledger()


def test_a_ledger_that_was_removed_refuses_all_traffic(install: Install) -> None:
    """Somebody clears the folder away while it serves: what is written into nothing counts for nothing."""
    crm = HubSpotSandbox(CRM_TOKEN)
    with running(crm) as address:
        run = install({"hubspot": LaneOf(0, address.url, CRM_TOKEN)}).up()
        assert hub_is_fine(run)
        shutil.rmtree(run.made.ledger)
        before = len(crm.calls)
        with line_of(run) as line:
            assert [line.ask().status for _ in range(2)] == [503, 503]
        assert len(crm.calls) == before
        assert run.ask_admin("/ready")[0] == 503
        run.kill()


# ---- the CRM, and the way to it ----------------------------------------------------------------------------


def test_a_crm_that_is_down_is_502_in_its_own_shape(install: Install) -> None:
    """Nobody listens upstream: the client gets the CRM's error shape, the ledger an intent and its failure."""
    run = install({"hubspot": LaneOf(0, NOWHERE, CRM_TOKEN)}).up()
    with line_of(run) as line:
        got = line.ask()
    assert (got.status, got.tree["category"]) == (502, "INTERNAL_ERROR")
    assert run.told(got.decision) == ["requested", "failed"]
    run.down()


@pytest.fixture
def other_authority(tmp_path: Path) -> tuple[Path, Tls]:
    """An authority that the installation does not know, and a certificate of it for localhost."""
    folder = tmp_path / "other"
    folder.mkdir()
    return ensure_authority(folder), Tls(*issue_leaf(folder, ["localhost"], []))


def test_a_crm_that_cannot_prove_who_it_is_gets_nothing(
    install: Install, tmp_path: Path, other_authority: tuple[Path, Tls]
) -> None:
    """A certificate of an unknown authority, or for another name, is 502; no request and no credential leave."""
    made = tmp_path / "gateway-0" / "state" / "tls"
    crm = HubSpotSandbox(CRM_TOKEN)
    with running(crm, tls=other_authority[1]) as unknown:
        run = install({"hubspot": LaneOf(0, f"https://localhost:{unknown.port}", CRM_TOKEN)}).up()
        with line_of(run) as line:
            got = line.ask()
        assert (got.status, crm.calls) == (502, [])
        assert run.told(got.decision) == ["requested", "failed"]
        run.down()
    issue_leaf(made, ["crm.example.org"], [])
    with running(crm, tls=Tls(made / "crm.example.org.pem", made / "crm.example.org.key")) as misnamed:
        text = run.made.config.read_text("utf-8")
        run.made.config.write_text(text.replace(str(unknown.port), str(misnamed.port)), "utf-8")
        with line_of(run.up()) as line:
            got = line.ask()
        assert (got.status, crm.calls) == (502, [])
        run.down()


def test_a_crm_with_the_right_certificate_is_asked(install: Install, tmp_path: Path) -> None:
    """With a certificate of the authority in `ca_file`, for the right name, the request goes through."""
    made = tmp_path / "gateway-0" / "state" / "tls"
    crm = HubSpotSandbox(CRM_TOKEN)
    run = install({"hubspot": LaneOf(0, "https://localhost:1", CRM_TOKEN)})
    with running(crm, tls=Tls(made / "localhost.pem", made / "localhost.key")) as address:
        text = run.made.config.read_text("utf-8")
        run.made.config.write_text(text.replace('localhost:1"', f'localhost:{address.port}"'), "utf-8")
        assert hub_is_fine(run.up())
        run.down()
    assert [call.bearer() for call in crm.calls] == [CRM_TOKEN]


def test_a_crm_that_takes_too_long_is_504(install: Install) -> None:
    """After the lane's deadline the client is told, whatever the CRM does later, and it is on record."""
    crm = Held()
    with running(crm) as address:
        lanes = {"hubspot": LaneOf(0, address.url, CRM_TOKEN)}
        run = install(lanes, lambda text: text + "    deadline_seconds: 1\n").up()
        with line_of(run) as line:
            got = line.ask()
        assert got.status == 504
        crm.go.set()
        assert run.told(got.decision) == ["requested", "failed"]
        assert outcome(run, got.decision) == ("failed", "deadline")
        assert hub_is_fine(run)
        run.down()


@pytest.fixture
def behaving(install: Install) -> Iterator[tuple[Installed, HubSpotSandbox]]:
    """A lane and its CRM."""
    crm = HubSpotSandbox(CRM_TOKEN)
    with running(crm) as address:
        run = install({"hubspot": LaneOf(0, address.url, CRM_TOKEN)}).up()
        yield run, crm
        run.down()
        run.check_ledger()


def test_broken_answers_are_502(behaving: tuple[Installed, HubSpotSandbox]) -> None:
    """An answer that breaks off, ends in the middle, or can be read in two ways is withheld as a whole."""
    run, crm = behaving
    for kind in ("hang_up", "truncate", "garble", "duplicate_keys", "content_type"):
        crm.faults.add(Fault(kind))
        with line_of(run) as line:
            got = line.ask()
        assert (kind, got.status) == (kind, 502)
        assert not any(name in got.body.decode().lower() for name in NAMES)
        assert run.told(got.decision) == ["requested", "failed"]
    assert hub_is_fine(run)


def test_a_client_that_goes_away_leaves_an_outcome(install: Install) -> None:
    """A client hangs up while the CRM works: that nothing was disclosed is on record."""
    crm = Held()
    with running(crm) as address:
        run = install({"hubspot": LaneOf(0, address.url, CRM_TOKEN)}).up()
        with line_of(run) as line:
            line.connection.request(
                "GET",
                "/crm/v3/objects/contacts/101",
                headers={"authorization": f"Bearer {run.keys['helpdesk']}"},
            )
            assert crm.asked.wait(PATIENCE)
        until(lambda: run.entries()[-1]["kind"] == "failed")
        assert run.entries()[-1]["reason"] == "client_gone"
        assert run.told(run.entries()[-1]["id"]) == ["requested", "failed"]
        crm.go.set()
        assert hub_is_fine(run)
        run.down()
        run.check_ledger()


def test_plaintext_on_a_tls_lane_gets_nothing(install: Install) -> None:
    """Who speaks HTTP to a TLS lane, or trusts another authority, gets no answer."""
    run = install({"hubspot": LaneOf(0, NOWHERE, CRM_TOKEN, tls=True)}).up()
    with socket.create_connection(("127.0.0.1", run.ports["hubspot"])) as plain:
        plain.sendall(b"GET /crm/v3/objects/contacts/101 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"HTTP" not in plain.recv(1000)
    strange = ssl.create_default_context()
    with socket.create_connection(("127.0.0.1", run.ports["hubspot"])) as raw, pytest.raises(ssl.SSLError):
        strange.wrap_socket(raw, server_hostname="localhost")
    run.down()
