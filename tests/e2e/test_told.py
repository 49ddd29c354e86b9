"""What people who run Lychgate are told: at the start, by metrics, and by the ledger's own commands."""

import json
import subprocess
import sys

from tests.e2e.conftest import Town
from tests.e2e.wire import CONTACT, Line

SEARCH = "/crm/v3/objects/contacts/search"


def audit(town: Town, *arguments: str) -> tuple[int, str]:
    """Return exit code and output of `lychgate audit`."""
    command = [sys.executable, "-m", "proxy.cli", "audit", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_the_start_says_what_is_enforced_where(town: Town) -> None:
    """Each lane with its address, upstream, connector and policy; where the ledger is, and who may look in."""
    assert town.run.spoken is not None
    said = town.run.spoken.text
    for lane, scheme in (("salesforce", "https"), ("hubspot", "http")):
        assert f"{lane}: {scheme}://127.0.0.1:{town.run.ports[lane]} -> http://127.0.0.1:" in said
        assert f"connector {lane}:" in said
    assert "credential held here" in said
    assert str(town.run.made.ledger) in said
    assert f"http://127.0.0.1:{town.run.admin}  /ready /healthz /metrics" in said
    assert (town.run.ask_admin("/ready"), town.run.ask_admin("/healthz")) == ((200, "ready\n"), (200, "ok\n"))


def test_metrics_count_what_happened(town: Town) -> None:
    """Every release, refusal, gap, mask and unlisted field moves its own counter, by what it was."""
    series = (
        'lychgate_exchanges_total{lane="hubspot",outcome="released"}',
        'lychgate_exchanges_total{lane="hubspot",outcome="refused"}',
        'lychgate_refusals_total{lane="hubspot",stage="identity",status="401"}',
        'lychgate_refusals_total{lane="hubspot",stage="policy",status="403"}',
        'lychgate_refusals_total{lane="hubspot",stage="connector",status="403"}',
        'lychgate_gaps_total{kind="route",lane="hubspot"}',
        'lychgate_gaps_total{kind="field",lane="hubspot"}',
        'lychgate_decisions_total{action="read",effect="mask",lane="hubspot"}',
        'lychgate_transforms_total{kind="phone",lane="hubspot"}',
        'lychgate_exchange_seconds_count{lane="hubspot",part="upstream"}',
    )
    before = {name: town.run.metric(name) for name in series}
    with Line(town.run.ports["hubspot"], town.run.keys["helpdesk"]) as line:
        assert line.ask(f"{CONTACT},annual_income").status == 200  # one mask, one field that nobody listed
        assert line.ask(authorization="Bearer lg_nobody").status == 401
        assert line.ask(SEARCH, "POST", {"sorts": ["iban"]}).status == 403
        assert line.ask("/crm/v3/limits").status == 403
    moved = {name: town.run.metric(name) - before[name] for name in series}
    assert moved == dict(zip(series, (1, 3, 1, 1, 1, 1, 1, 1, 1, 1), strict=True))


def test_the_ledger_tells_of_one_decision(town: Town) -> None:
    """With the decision id that a client was given, an auditor finds who, what for, and which rules."""
    with Line(town.run.ports["hubspot"], town.run.keys["helpdesk"]) as line:
        got = line.ask()
    code, text = audit(town, "show", "--id", got.decision, str(town.run.made.ledger))
    requested, disclosed = map(json.loads, text.splitlines())
    assert code == 0
    assert (requested["client"], requested["purpose"]) == ("helpdesk", "customer_support")
    assert "mask contacts.phone" in disclosed["fields"]
    assert "support-phone-masked" in disclosed["rules"]
    code, text = audit(town, "verify", str(town.run.made.ledger))
    assert (code, text.splitlines()[-2].startswith("ok: ")) == (0, True)
