"""A person is erased, from the address to the certificate, with the commands that an operator has."""

import json
import subprocess
import sys
from typing import Any

from proxy.demo.stage import Stage
from proxy.demo.under_way import Running
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox

_OFFICER = ("privacy_desk", "subject_request")


def erasure(stage: Stage, run: Running, salesforce: SalesforceSandbox, hubspot: HubSpotSandbox) -> None:
    """Found in both CRMs by one address, planned, agreed to, erased, certified; the certificate verifies."""
    person = salesforce.people()[2]
    address, name = str(person["Email"]), str(person["LastName"])
    stage.scene("lychgate erasure: somebody asks to be forgotten")
    opened = _does(run, "open", "--email", address, "--ground", "consent_withdrawn", "--identity", "document")
    case = str(opened["case"])
    planned = _does(run, "plan", case)
    stage.say("\n".join(planned["summary"]))
    stage.expect("nothing has been touched yet", len(salesforce.people()) == len(hubspot.people()) == 12)
    key = run.installation.folder / "officer.key"
    key.write_text(run.installation.keys[_OFFICER[0]], "utf-8")
    agree = ("confirm", case, "--key-file", str(key), "--purpose", _OFFICER[1], "--hash")
    stage.expect("a hash of another plan is refused", _does(run, *agree, "0" * 12) == {})
    stage.expect("the privacy officer types the plan's hash", _does(run, *agree, str(planned["short"])) != {})
    done = next(iter(_does(run, "run", case).get("cases", [{}])))
    verdicts = {one["verdict"] for one in done.get("findings", [])}
    stage.say(f"case {case}: {str(done.get('state')).replace('_', ' ')}; found afterwards: {sorted(verdicts)}")
    stage.expect("the case is complete", done.get("state") == "live_complete")
    held = json.dumps([salesforce.people(), hubspot.people()], ensure_ascii=False)
    stage.expect("no CRM holds her name or address, bins included", address not in held and name not in held)

    stage.scene("lychgate certificate verify: offline, with the public key alone")
    folder = run.installation.folder / "certificates"
    _lychgate(run, "erasure", "certificate", case, "--out", str(folder))
    (folder / "key").write_text(_lychgate(run, "audit", "public-key")[1], "utf-8")
    (file,) = folder.glob("*.json")
    code, text = _lychgate(run, "certificate", "verify", str(file), "--public-key", str(folder / "key"))
    stage.say(text)
    stage.expect("the certificate is what it says", code == 0)
    stage.expect(
        "it names nobody", address not in file.read_text("utf-8") and name not in file.read_text("utf-8")
    )
    file.write_text(file.read_text("utf-8").replace("erased", "kept", 1), "utf-8")
    code, text = _lychgate(run, "certificate", "verify", str(file), "--public-key", str(folder / "key"))
    stage.expect(f"one word changed, and it is not: {text}", code == 1)


def _does(run: Running, *words: str) -> dict[str, Any]:
    """Return what a command says; {} if it refuses."""
    _, text = _lychgate(run, "erasure", *words, "--format", "json")
    found = [line for line in text.splitlines() if line.startswith("{")]
    return dict(json.loads(found[-1])) if found else {}


def _lychgate(run: Running, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "proxy.cli", *words]
    folder = run.installation.folder
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    return done.returncode, (done.stdout + done.stderr).strip()
