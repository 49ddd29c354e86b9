"""`lychgate policy replay`, on a ledger as the proxy writes it."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli.policy import policy
from proxy.ledger import Ledger
from proxy.model import Disclosed, Noted, Requested

SHIPPED = Path(__file__).parents[2] / "policies"
COMMON = {
    "lane": "sales",
    "principal": "p",
    "client": "helpdesk",
    "recipient": "helpdesk_app",
    "purpose": "customer_support",
    "policy": "sha256:00",
    "roles": ("support_agent",),
    "connector": "salesforce",
}


@pytest.fixture
async def ledger(tmp_path: Path) -> Path:
    """Return a ledger with two exchanges and a note."""
    folder = tmp_path / "ledger"
    written = Ledger.open(folder, now=lambda: 1_795_424_400.0)
    await written.append(Noted("0", "", what="started", detail=""))
    for name in ("1", "2"):
        await written.append(
            Requested(
                id=name,
                purpose_claimed="",
                operations=("read Contact",),
                fields=(),
                records=("r",),
                rules=("support-basics",),
                **COMMON,  # type: ignore[arg-type]
            )
        )
        await written.append(
            Disclosed(
                id=name,
                status=200,
                records=1,
                part=1,
                parts=1,
                subjects=("r",),
                categories=("user.name",),
                fields=("allow Contact.Name", "mask Contact.Phone", "redact Contact.Description"),
                rules=("support-basics",),
                **COMMON,  # type: ignore[arg-type]
            )
        )
    written.close()
    return folder


def _replay(ledger: Path, *words: str | Path) -> Result:
    return CliRunner().invoke(policy, ["replay", "--ledger", str(ledger), *map(str, words)])


async def test_the_policies_that_decided_decide_the_same_again(ledger: Path) -> None:
    """The denominator first; exit code 0."""
    result = _replay(ledger, "--policy", SHIPPED)
    assert result.output == "Replayable: 4 of 4 decisions (100.0%).\nChanged: 0 in 0 groups\n"
    assert result.exit_code == 0


async def test_other_policies_tell_what_they_would_have_shown(ledger: Path, tmp_path: Path) -> None:
    """Grouped, with who, what and by which rule; exit code 11 for what opens, 10 for what only closes."""
    other = tmp_path / "other"
    shutil.copytree(SHIPPED, other)
    support, guards = other / "example" / "support.yaml", other / "example" / "guards.yaml"
    before = support.read_text()
    support.write_text(before.replace("effect: mask\n    with: phone_ending", "effect: allow"))
    result = _replay(ledger, "--policy", other)
    lines = result.output.splitlines()
    assert lines[1] == "Changed: 2 (50.00%) in 1 group"
    assert lines[2].startswith(
        "  + 2  support_agent · customer_support · to helpdesk_app · salesforce · read Contact.Phone   "
        f"mask -> allow   by support-phone-masked ({support}:"
    )
    assert result.exit_code == 11
    found = json.loads(_replay(ledger, "--policy", other, "--format", "json").output)
    assert (found["decisions"], found["replayable"], found["changed"], found["exit_code"]) == (4, 4, 2, 11)
    (group,) = found["groups"]
    assert (group["was"], group["now"], group["opens"]) == ("mask", "allow", True)
    support.write_text(before)
    guards.write_text(guards.read_text().replace("effect: redact", "effect: deny"))
    result = _replay(ledger, "--policy", other)
    assert "  - 2  support_agent" in result.output
    assert result.exit_code == 10


async def test_a_ledger_or_policy_that_cannot_be_read_is_exit_code_2(ledger: Path, tmp_path: Path) -> None:
    """With a sentence each."""
    assert _replay(tmp_path / "nowhere", "--policy", SHIPPED).exit_code == 2
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "p.yaml").write_text("kind: Polcy\n")
    result = _replay(ledger, "--policy", tmp_path / "bad")
    assert (result.exit_code, "LG101" in result.output) == (2, True)
