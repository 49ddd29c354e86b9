"""What the people who run Lychgate see and do, whichever CRM is behind it."""

import shutil
import subprocess
import sys
from collections.abc import Callable

from proxy.demo.processes import fetch
from proxy.demo.stage import Stage
from proxy.demo.under_way import Running, reload

_BEFORE = """    effect: mask
    with: phone_ending
    roles: [support_agent]"""
_AFTER = """    effect: allow
    roles: [support_agent]"""


def introduction(stage: Stage, run: Running) -> None:
    """What Lychgate says when it starts."""
    stage.scene("Lychgate is running")
    stage.say(run.log.read_text("utf-8").rstrip())
    stage.expect("it says what is enforced where", "lane" in run.log.read_text("utf-8"))


def policy_edit(stage: Stage, run: Running, phone: Callable[[], str]) -> None:
    """A change in YAML takes effect on reload; a mistake in YAML does not.

    Args:
        stage: where it is shown.
        run: whose policies are edited, and put back.
        phone: returns what the support agent sees of a phone number at the moment.
    """
    path = run.installation.policies / "example" / "support.yaml"
    text = path.read_text("utf-8")
    stage.scene("A policy edit takes effect on reload (kill -HUP)")
    before = phone()
    stage.say("support.yaml, support-phone-masked:\n-   effect: mask\n-   with: phone_ending\n+   effect: allow")
    path.write_text(text.replace(_BEFORE, _AFTER), "utf-8")
    said = reload(run)
    after = phone()
    stage.say(f"{said}\nthe agent saw {before}, and now sees {after}")
    stage.expect("the phone is in clear now", "***" in before and "***" not in after)

    stage.scene("A mistake does not: the set in force stays")
    path.write_text(text.replace("effect: mask", "effect: msk"), "utf-8")
    said = reload(run)
    stage.say(said)
    stage.expect("the error has file, line and column, and the near word", 'did you mean "mask"' in said)
    stage.expect("the former policies still serve", phone() == after)
    path.write_text(text, "utf-8")
    reload(run)
    stage.expect("the original is back in force", phone() == before)


def metrics(stage: Stage, run: Running) -> None:
    """The counters that moved while the demo ran."""
    stage.scene(f"Prometheus reads http://127.0.0.1:{run.admin}/metrics")
    wanted = ("lychgate_refusals_total", "lychgate_gaps_total", 'effect="mask"', "lychgate_policy_info{")
    lines = [line for line in fetch(run.admin, "/metrics").splitlines() if line.startswith("lychgate_")]
    found = [line for line in lines if any(word in line for word in wanted)]
    stage.say("\n".join(found))
    stage.expect(
        "refusals were counted", any("refusals_total" in line and 'status="403"' in line for line in found)
    )


def audit(stage: Stage, run: Running) -> None:
    """The ledger verifies; a copy with one digit changed does not."""
    copy = run.installation.folder / "copy"
    shutil.copytree(run.installation.ledger, copy)
    (segment,) = copy.glob("*.segment")
    stage.scene("lychgate audit verify")
    code, text = _audit(str(copy))
    stage.say(text)
    stage.expect("the ledger is whole", code == 0)
    content = segment.read_bytes()
    segment.write_bytes(content.replace(b'"status":403', b'"status":200', 1))
    stage.scene("Somebody turns one refusal into a success, in a copy")
    code, text = _audit(str(copy))
    stage.say(text)
    stage.expect("it is found", code == 1)


def _audit(folder: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "proxy.cli", "audit", "verify", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command line
    return done.returncode, (done.stdout + done.stderr).strip()
