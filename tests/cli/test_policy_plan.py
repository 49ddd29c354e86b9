"""`lychgate policy plan`, on a repository with the policies that ship."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli.policy import policy

SHIPPED = Path(__file__).parents[2] / "policies"
SMALL = {
    "words.yaml": """\
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {name: words, owner: platform}
roles: {agent: {}, lead: {}}
purposes: {support: {lawful_basis: contract}}
recipients: {desk: {country: IE}}
clients:
  helpdesk: {recipient: desk, roles: [agent], purposes: [support]}
masks: {ending: {kind: phone}}
""",
    "grants.yaml": """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: grants, owner: privacy-eng}
grants:
  - id: phone
    effect: mask
    with: ending
    roles: [agent]
    recipients: [desk]
    on: {objects: [Contact], fields: [Phone]}
    actions: [read, list]
  - {id: lead-name, effect: allow, roles: [lead], recipients: [desk], on: {fields: [Name]}, actions: [read]}
""",
    "guards.yaml": """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: guards, owner: dpo}
guards:
  - {id: no-lists, effect: deny, on: {objects: [Contact], fields: [Phone]}, actions: [list]}
""",
}
UNMASKED = ("grants.yaml", "effect: mask\n    with: ending", "effect: allow")


class Repository:
    """A repository of policies that a test may change."""

    def __init__(self, top: Path) -> None:
        self.top = top
        (top / "connectors").mkdir(parents=True)
        shutil.copy(SHIPPED / "connectors" / "salesforce.yaml", top / "connectors")
        for name, text in SMALL.items():
            (top / name).write_text(text)
        names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
        names |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in names.items()}
        self.environment = (
            os.environ | names | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        )
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.top, env=self.environment, check=True, capture_output=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "change")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.top / name).read_text()
        assert old in text
        (self.top / name).write_text(text.replace(old, new))

    def plan(self, *words: str) -> Result:
        return CliRunner().invoke(policy, ["plan", "--policies", str(self.top), *words])


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository whose folder is the policy set, with one commit on main."""
    return Repository(tmp_path / "acme")


def _without_time(text: str) -> str:
    return re.sub(r"\(exact, [\d,]+ ms\)", "(exact)", text)


def test_what_opens_is_told_with_who_what_and_by_which_rule(repository: Repository) -> None:
    """One row for one change, places as in the repository, the summary last, exit code 11."""
    repository.edit(*UNMASKED)
    repository.commit()
    result = repository.plan("HEAD~1..HEAD")
    assert result.exit_code == 11
    cells = re.search(r"of ([\d,]+) ", result.output)
    assert cells is not None
    assert (
        _without_time(result.output)
        == f"""\
+ LOOSENED  agent · support · read · to desk   salesforce:Contact.{{Phone}}
      was  mask(ending)   by phone (grants.yaml:5)
      now  allow   by phone (grants.yaml:5)
Plan: 1 cell loosened, 0 tightened, 0 mixed of {cells[1]} (exact).
"""
    )


@pytest.mark.parametrize(
    ("edits", "code", "said"),
    [
        ([], 0, "Plan: no change in any cell of "),
        ([("grants.yaml", "roles: [agent]", "roles: [agent]  # again")], 0, "Plan: no change in any cell of "),
        (
            [("guards.yaml", "actions: [list]", "actions: [read, list]")],
            10,
            "0 cells loosened, 1 tightened, 0 mixed",
        ),
        ([("guards.yaml", "effect: deny", "effect: redact")], 11, "1 cell loosened, 0 tightened, 0 mixed"),
        ([("words.yaml", "kind: phone", "kind: keep_last, n: 4")], 11, "0 cells loosened, 0 tightened, 1 mixed"),
        (
            [("words.yaml", "roles: [agent]", "roles: [agent, lead]")],
            11,
            "Clients: 1 change loosening, 0 tightening.",
        ),
        ([("words.yaml", "masks:", "# masks\nmasks:")], 0, "Plan: no change"),
        (
            [
                (
                    "grants.yaml",
                    "recipients: [desk]\n    on",
                    "recipients: [desk]\n    valid: {from: 2099-01-01}\n    on",
                )
            ],
            10,
            "1 tightened",
        ),
    ],
)
def test_the_exit_code_says_what_a_pipeline_needs(
    repository: Repository, edits: list[tuple[str, str, str]], code: int, said: str
) -> None:
    """0 nothing, 10 only tightened, 11 something loosened; the working tree against HEAD."""
    for edit in edits:
        repository.edit(*edit)
    result = repository.plan()
    assert said in result.output.splitlines()[-1]
    assert result.exit_code == code


def test_a_right_that_begins_later_is_told_today(repository: Repository) -> None:
    """With the day; otherwise nobody would ever review it."""
    repository.edit("grants.yaml", "actions: [read]}", "actions: [read], valid: {until: 2098-12-31}}")
    repository.commit()
    repository.edit("grants.yaml", "until: 2098-12-31", "until: 2099-12-31")
    result = repository.plan()
    assert "      from 2099-01-01 until 2100-01-01\n" in result.output
    assert result.exit_code == 11


def test_two_folders_need_no_repository(repository: Repository, tmp_path: Path) -> None:
    """As they lie on disk."""
    shutil.copytree(repository.top, tmp_path / "other", ignore=shutil.ignore_patterns(".git"))
    text = (tmp_path / "other" / "guards.yaml").read_text()
    (tmp_path / "other" / "guards.yaml").write_text(text.replace("[list]", "[read]"))
    result = CliRunner().invoke(policy, ["plan", str(repository.top), str(tmp_path / "other")])
    assert result.exit_code == 11
    assert "1 cell loosened, 1 tightened" in result.output
    assert f"by no-lists ({tmp_path / 'other' / 'guards.yaml'}:5)" in result.output


def test_three_dots_leave_out_what_came_on_main_since(repository: Repository) -> None:
    """A pull request is compared with where its branch began."""
    repository.git("checkout", "--quiet", "-b", "branch")
    repository.edit(*UNMASKED)
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.edit("guards.yaml", "actions: [list]", "actions: [read, list]")
    repository.commit()
    assert "      was  mask(ending)   by phone" in repository.plan("main...branch").output
    assert "      was  deny   by no-lists" in repository.plan("main..branch").output


def test_an_error_on_either_side_is_located_in_its_revision(repository: Repository) -> None:
    """Nothing is compared, and the frame shows the file as it was committed; exit code 2."""
    repository.edit("guards.yaml", "effect: deny", "effect: dney")
    repository.commit()
    repository.edit("guards.yaml", "effect: dney", "effect: dany")
    result = repository.plan("HEAD")
    assert result.exit_code == 2
    assert 'HEAD:guards.yaml:5:28  LG101 error  unknown effect "dney" (did you mean "deny"?)' in result.output
    assert "{id: no-lists, effect: dney," in result.output
    assert "HEAD has 1 error; nothing was compared" in result.output
    assert 'unknown effect "dany"' in result.output
    assert "lychgate-plan-" not in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere..HEAD"], "there is no revision nowhere here"),
        (["a", "b"], "a is no folder; for revisions write a..b"),
        (["a", "b", "c"], "give A..B, one revision, or two folders"),
        (["HEAD", "--roles", "agent+led"], 'unknown role "led" (did you mean "lead"?)'),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(
    repository: Repository, words: list[str], said: str
) -> None:
    """No traceback, and not the exit code of a finding."""
    result = repository.plan(*words)
    assert said in result.output + str(result.exception)
    assert result.exit_code not in (0, 10, 11)


def test_callers_with_several_roles_are_looked_at_on_request(repository: Repository) -> None:
    """A guard that only meets the roles of one caller together closes nothing for callers with one role."""
    repository.edit(
        "grants.yaml",
        "actions: [read]}",
        "actions: [read]}\nguards:\n"
        "  - {id: apart, effect: deny, roles: [lead], on: {fields: [Phone]}, actions: [read]}",
    )
    assert repository.plan().exit_code == 0
    result = repository.plan("--roles", "agent+lead")
    assert result.exit_code == 10
    assert "- TIGHTENED agent+lead · support · read · to desk   salesforce:Contact.{Phone}" in result.output


def test_approval_is_asked_of_those_who_own_the_rules_today(repository: Repository) -> None:
    """A change cannot name itself the owner of what it opens."""
    repository.edit("guards.yaml", "  - {id: no-lists", "  - {id: other")
    repository.edit(
        "guards.yaml", "on: {objects: [Contact], fields: [Phone]}", "on: {objects: [Contact], fields: [Fax]}"
    )
    repository.edit("guards.yaml", "owner: dpo", "owner: me")
    assert "needs approval" not in repository.plan().output
    last = repository.plan("--require-approval", "loosened").output.splitlines()[-1]
    assert last.endswith("Loosening needs approval by: dpo, privacy-eng")


def test_a_new_document_is_agreed_to_by_whoever_owns_the_purposes(repository: Repository) -> None:
    """Its own owner is not enough, and neither is a client's new role."""
    grants = (repository.top / "grants.yaml").read_text()
    new = grants.replace("owner: privacy-eng", "owner: me").replace("name: grants", "name: more")
    new = new.replace("id: phone", "id: more").replace("id: lead-name", "id: other").replace("Phone", "Fax")
    (repository.top / "more.yaml").write_text(new)
    last = repository.plan("--require-approval", "loosened").output.splitlines()[-1]
    assert last.endswith("Loosening needs approval by: me, platform")
    (repository.top / "more.yaml").unlink()
    repository.edit("words.yaml", "roles: [agent]", "roles: [agent, lead]")
    last = repository.plan("--require-approval", "loosened").output.splitlines()[-1]
    assert last.endswith("Loosening needs approval by: platform")


def test_the_same_plan_for_machines_and_for_a_pull_request(repository: Repository, tmp_path: Path) -> None:
    """JSON with everything, also into a file; markdown in which names stay names."""
    repository.edit(*UNMASKED)
    result = repository.plan(
        "--format", "json", "--out", str(tmp_path / "plan.json"), "--require-approval", "loosened"
    )
    found = json.loads(result.output)
    assert found == json.loads((tmp_path / "plan.json").read_text())
    assert (found["exit_code"], found["exact"], found["counts"]) == (
        11,
        True,
        {"loosened": 1, "tightened": 0, "mixed": 0},
    )
    assert (found["from"]["name"], found["to"]["name"], found["approval"]) == (
        "HEAD",
        "working tree",
        ["privacy-eng"],
    )
    (change,) = found["changes"]
    assert (change["roles"], change["fields"], change["was"], change["now"]) == (
        [["agent"]],
        ["Phone"],
        "mask(ending)",
        "allow",
    )
    (example,) = change["examples"]
    assert example["was"] == {"outcome": "mask(ending)", "rule": "phone", "place": "grants.yaml:5"}
    result = repository.plan("--format", "markdown")
    assert result.exit_code == 11
    assert "### Policy plan: `HEAD` → `working tree`" in result.output
    assert (
        "| + **LOOSENED** | `agent`<br>to `desk` | `support` | `read` | `salesforce:Contact.{Phone}` |"
        in result.output
    )


def test_colour_is_for_people_who_want_it(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red opens; NO_COLOR is respected."""
    repository.edit(*UNMASKED)
    words = ["plan", "--policies", str(repository.top)]
    assert "\x1b[31m+ LOOSENED" in CliRunner().invoke(policy, words, color=True).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in CliRunner().invoke(policy, words, color=True).output
