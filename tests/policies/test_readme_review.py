"""What the language's reference shows of reviewing a change is what the commands print."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from proxy.cli.policy import policy
from proxy.ledger import Ledger
from proxy.model import Disclosed, Requested


def _shown(text: str, command: str) -> str:
    """Return what the page shows below a command."""
    (found,) = re.findall(
        rf"^```console\n\$ lychgate policy {command}[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    )
    assert isinstance(found, str)
    return _stable(found)


def _stable(printed: str) -> str:
    """Return text without what grows with the connectors, moves with the files, or depends on the machine."""
    printed = re.sub(r"of [\d,]+ \(exact, [\d,]+ ms\)", "of N (exact, N ms)", printed)
    return re.sub(r"support\.yaml:\d+", "support.yaml:N", printed)


@pytest.fixture
def branched(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the page, in a repository with the policies on main and the page's change on a branch."""
    page = (shipped / "README.md").read_text()
    shutil.copytree(shipped, tmp_path / "policies")
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    names |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in names.items()}
    environment = os.environ | names | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=tmp_path, env=environment, check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "-m", "policies")
    git("checkout", "--quiet", "-b", "branch")
    (change,) = re.findall(r"^```yaml change\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "policies" / "example" / "campaign.yaml").write_text(change)
    git("add", "--all")
    git("commit", "--quiet", "-m", "campaign")
    monkeypatch.chdir(tmp_path)
    return page


def test_the_plan_on_the_page_is_the_plan(branched: str) -> None:
    """Down to the last word; only the number of cells and the time may differ."""
    words = ["plan", "main..branch", "--require-approval", "loosened"]
    result = CliRunner().invoke(policy, words)
    assert result.exit_code == 11
    assert _stable(result.output) == _shown(branched, "plan")


def test_the_matrix_on_the_page_has_the_lines_it_shows(branched: str) -> None:
    """Dots stand for lines that are left out."""
    words = ["matrix", "Contact", "--purpose", "product_news", "--action", "list"]
    printed = CliRunner().invoke(policy, words).output
    assert set(_shown(branched, "matrix").splitlines()) - {"..."} <= set(printed.splitlines())


async def test_the_replay_on_the_page_is_the_replay(branched: str) -> None:
    """Of a ledger with one exchange: a request, and its answer."""
    common = {
        "id": "1",
        "lane": "crm",
        "principal": "p",
        "client": "helpdesk",
        "recipient": "helpdesk_app",
        "purpose": "customer_support",
        "policy": "sha256:00",
        "roles": ("support_agent",),
        "connector": "salesforce",
        "rules": (),
    }
    Path("state").mkdir()
    ledger = Ledger.open(Path("state/ledger"), now=lambda: 1_795_424_400.0)
    asked = Requested(purpose_claimed="", operations=("read Contact",), fields=(), records=(), **common)  # type: ignore[arg-type]
    await ledger.append(asked)
    fields = ("allow Contact.Name", "mask Contact.Fax")
    told = Disclosed(status=200, records=1, part=1, parts=1, subjects=(), categories=(), fields=fields, **common)  # type: ignore[arg-type]
    await ledger.append(told)
    ledger.close()
    result = CliRunner().invoke(policy, ["replay", "--ledger", "state/ledger", "--policy", "branch"])
    assert result.exit_code == 10
    assert result.output == _shown(branched, "replay")
