"""A process in service signs its ledger when it is asked to, by itself, and when it ends."""

import signal

from click.testing import CliRunner

from proxy.cli.audit import audit
from proxy.demo.installation import LaneOf
from proxy.ledger import verify as judge
from proxy.sandbox import running
from tests.e2e.conftest import Install
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed, until
from tests.e2e.wire import Held, Line


def taken(run: Installed, *arguments: str) -> str:
    """Return what `lychgate audit` prints."""
    result = CliRunner().invoke(audit, [*arguments, "--config", str(run.made.config)])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_what_happened_is_signed(install: Install) -> None:
    """A checkpoint covers the exchange that was just answered; the last one covers all, here and elsewhere."""
    crm = Held()
    crm.go.set()

    def edited(text: str) -> str:
        return text + "checkpoints: {every_seconds: 1, witness: elsewhere, name: acme.example/crm}\n"

    with running(crm) as address:
        run = install({"hubspot": LaneOf(0, address.url, CRM_TOKEN)}, edited)
        elsewhere = run.made.folder / "elsewhere"
        elsewhere.mkdir()
        run.up()
        with Line(run.ports["hubspot"], run.keys["helpdesk"]) as line:
            got = line.ask()
        note = taken(run, "checkpoint").encode()
        keys = judge.parse_keys(taken(run, "public-key"))
        signed = judge.open_checkpoint(note, keys)
        assert signed.origin == "acme.example/crm"
        (outcome,) = [one for one in run.entries() if one["id"] == got.decision and one["kind"] == "disclosed"]
        assert outcome["seq"] <= signed.size
        said = judge.check_proof(taken(run, "prove", "--id", str(got.decision)), keys)
        assert said[-1].startswith("ok: 2 entries")
        state = run.made.config.parent / "state"
        until((state / "checkpoints" / "checkpoint").exists)
        run.tell(signal.SIGTERM)
        assert run.ended()[0] == 0
    last = judge.open_checkpoint((state / "checkpoints" / "checkpoint").read_bytes(), keys)
    assert last.size == run.entries()[-1]["seq"]
    assert run.entries()[-1]["what"] == "stopped"
    for one in (signed, last):
        assert judge.verify(state / "ledger", checkpoint=one, pauses=()).problem_count == 0
    newest = max(elsewhere.glob("*/*.checkpoint"))
    assert judge.open_checkpoint(newest.read_bytes(), keys) == last
