"""Policies are replaced under a running installation whole, or not at all."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from proxy.app import App, build
from proxy.config import load_config
from proxy.demo.installation import Installation, LaneOf, make_installation
from proxy.errors import Problem, Problems
from proxy.ledger.verify import read_entries
from proxy.policy.sources.folder import read_files
from proxy.policy.sources.signing import manifest_of


@dataclass
class Running:
    """An installation that is not listening, but would enforce."""

    app: App
    made: Installation

    @property
    def example(self) -> Path:
        """Where the example rules lie."""
        return self.made.policies / "example"

    def in_force(self) -> tuple[object, ...]:
        """Return what every lane enforces, by identity."""
        return tuple(gateway.rules for gateway in self.app.gateways.values())

    def count(self, result: str) -> int:
        """Return how many reloads ended so."""
        text = self.app.metrics.text().decode()
        lines = [line for line in text.splitlines() if f'policy_reloads_total{{result="{result}"}}' in line]
        return int(float(lines[0].split()[-1])) if lines else 0

    def refused(self) -> tuple[Problem, ...]:
        """Reload, which must fail and change nothing; return why."""
        before, refusals = self.in_force(), self.count("refused")
        metrics = self.app.metrics.text().count(b"lychgate_policy_info{")
        with pytest.raises(Problems) as caught:
            self.app.reload()
        assert self.in_force() == before
        assert all(one is other for one, other in zip(self.in_force(), before, strict=True))
        assert self.count("refused") == refusals + 1
        assert self.app.metrics.text().count(b"lychgate_policy_info{") == metrics
        return caught.value.problems


LANES = {
    "salesforce": LaneOf(8443, "http://127.0.0.1:9", "secret"),
    "hubspot": LaneOf(8444, "http://127.0.0.1:9", "secret"),
}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Return an installation with two lanes on one policy folder."""
    made = make_installation(tmp_path / "gateway", LANES, admin=0)
    app = build(load_config(made.config))
    try:
        yield Running(app, made)
    finally:
        app.ledger.close()


def test_an_edited_set_is_put_in_force_on_every_lane(running: Running) -> None:
    """All lanes get the new set, metric and return value say which."""
    before = running.app.reload()
    edit(running.example / "guards.yaml", *GOOD)
    after = running.app.reload()
    assert after != before
    assert {gateway.rules.policies.digest for gateway in running.app.gateways.values()} == {after}
    assert running.app.metrics.text().count(f'digest="{after}"'.encode()) == 2
    assert running.count("activated") == 2


GOOD = ("Nobody knows what people wrote there.", "Nobody knows what is written there.")
"""An edit that makes another set of it, and one that passes its tests."""


def edit(path: Path, old: str, new: str) -> None:
    """Replace one passage of a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def bomb() -> str:
    """Return a small text that a reader which expands aliases makes a gigabyte of."""
    lines = ["apiVersion: lychgate.dev/v1", "kind: Policy", "metadata: {name: bomb}", "a0: &a0 [lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(lines) + "\n"


def link(path: Path, target: Path) -> None:
    """Put a link in the place of a file."""
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def condition(at: Path, text: str) -> None:
    """Give a guard of its own a condition."""
    rule = f'  - {{id: own, effect: deny, on: {{objects: [Contact]}}, actions: [read], when: ["{text}"]}}\n'
    (at / "guards.yaml").write_text((at / "guards.yaml").read_text().replace("guards:\n", f"guards:\n{rule}"))


def floor(name: str) -> str:
    """Return a policy that stands on a floor with another hash than any file has."""
    head = "apiVersion: lychgate.dev/v1\nkind: Policy\nmetadata: {name: base}\n"
    return f"{head}extends: {{file: {name}, sha256: {'a' * 64}}}\n"


EXPIRED = """
    exceptions:
      - {roles: [support_lead], owner: dpo, because: migration, until: 2020-01-31}
"""


class Bad(NamedTuple):
    """One way in which a policy set is bad."""

    what: str
    spoil: Callable[[Path], object]
    """Takes the folder of the example rules."""
    file: str
    code: str
    message: str
    located: bool = True
    """False where a file or folder as such is wrong."""


def own_tests(at: Path) -> Path:
    """Give the set the tests that ship with it, and return the one about support."""
    shutil.copytree(Path(__file__).parents[1] / "policies" / "example" / "tests", at / "tests")
    return at / "tests" / "support.test.yaml"


def failing(at: Path) -> None:
    """Have the set fail a test of its own."""
    own_tests(at)
    edit(at / "support.yaml", "effect: mask\n    with: phone_ending", "effect: allow")


BAD = [
    Bad(
        "own test that fails",
        failing,
        "support.test.yaml",
        "LG128",
        "fails: Phone: expected *** *** 67, got +353861234567 (allow) by support-phone-masked",
    ),
    Bad(
        "own test about nobody",
        lambda at: edit(own_tests(at), "client: helpdesk}", "client: helpdsk}"),
        "support.test.yaml",
        "LG101",
        'unknown client "helpdsk" (did you mean "helpdesk"?)',
    ),
    Bad(
        "misspelt key",
        lambda at: edit(at / "guards.yaml", "    actions:", "    acitons:"),
        "guards.yaml",
        "LG101",
        'unknown key "acitons" (did you mean "actions"?)',
    ),
    Bad(
        "unknown role",
        lambda at: edit(at / "support.yaml", "support_lead", "suport_lead"),
        "support.yaml",
        "LG101",
        'unknown role "suport_lead" (did you mean "support_lead"?)',
    ),
    Bad(
        "duplicate id",
        lambda at: edit(at / "support.yaml", "id: support-region", "id: support-basics"),
        "support.yaml",
        "LG107",
        'rule "support-basics" stands twice',
    ),
    Bad(
        "duplicate key",
        lambda at: edit(at / "guards.yaml", "    effect: deny\n", "    effect: deny\n    effect: mask\n"),
        "guards.yaml",
        "LG107",
        'key "effect" stands twice',
    ),
    Bad(
        "wrong type",
        lambda at: edit(at / "guards.yaml", "actions: [read, list, export]", "actions: 7"),
        "guards.yaml",
        "LG117",
        "expected a list, got the number 7",
    ),
    Bad(
        "half-written file",
        lambda at: (at / "guards.yaml").write_text((at / "guards.yaml").read_text().split("actions:")[0]),
        "guards.yaml",
        "LG117",
        'missing key "actions"',
    ),
    Bad(
        "half-written line",
        lambda at: (at / "guards.yaml").write_text((at / "guards.yaml").read_text().split(", list")[0]),
        "guards.yaml",
        "LG100",
        "did not find expected ',' or ']'",
    ),
    Bad(
        "empty set",
        lambda at: [path.unlink() for path in at.glob("*.yaml")],
        "policies",
        "LG100",
        "no policy",
        located=False,
    ),
    Bad("alias bomb", lambda at: (at / "bomb.yaml").write_text(bomb()), "bomb.yaml", "LG100", "anchor &a0"),
    Bad(
        "link out of the folder",
        lambda at: link(at / "guards.yaml", Path("/etc/hostname")),
        "guards.yaml",
        "LG100",
        "is a link; links are not followed",
        located=False,
    ),
    Bad(
        "folder that is a link",
        lambda at: link(at / "more", Path("/etc")),
        "more",
        "LG100",
        "is a link; links are not followed",
        located=False,
    ),
    Bad(
        "expired exception",
        lambda at: edit(
            at / "guards.yaml", "    actions: [read, list, export]\n", "    actions: [read]" + EXPIRED
        ),
        "guards.yaml",
        "LG111",
        "2020-01-31",
    ),
    Bad(
        "wrong type in a condition",
        lambda at: condition(at, "resource.opted_out == 'yes'"),
        "guards.yaml",
        "LG122",
        "",
    ),
    Bad(
        "missing attribute",
        lambda at: condition(at, "resource.contry == 'IE'"),
        "guards.yaml",
        "LG101",
        'did you mean "country"?',
    ),
    Bad(
        "attribute without has()",
        lambda at: condition(at, "resource.last_activity < now"),
        "guards.yaml",
        "LG105",
        "has(",
    ),
    Bad(
        "floor that was not pinned",
        lambda at: (at / "base.yaml").write_text(floor("guards.yaml")),
        "base.yaml",
        "LG126",
        "not the one that was pinned",
    ),
    Bad(
        "floor that is gone",
        lambda at: (at / "base.yaml").write_text(floor("floor.yaml")),
        "base.yaml",
        "LG126",
        'there is no file "floor.yaml"',
    ),
    Bad(
        "broken connector",
        lambda at: (at.parent / "connectors" / "hubspot.yaml").write_text("kind: Connector\n"),
        "hubspot.yaml",
        "LG117",
        'missing key "routes"',
    ),
    Bad(
        "connector gone",
        lambda at: (at.parent / "connectors" / "hubspot.yaml").unlink(),
        "hubspot.yaml",
        "LG101",
        'unknown object "contacts"',
    ),
    Bad(
        "writable for anybody",
        lambda at: (at / "guards.yaml").chmod(0o666),
        "guards.yaml",
        "LG505",
        "can be written by anybody",
        located=False,
    ),
    Bad(
        "a pipe",
        lambda at: os.mkfifo(at / "pipe.yaml"),
        "pipe.yaml",
        "LG100",
        "is not a regular file",
        located=False,
    ),
    Bad(
        "folder gone",
        lambda at: at.parent.rename(at.parent.with_name("x")),
        "policies",
        "LG100",
        "cannot be read",
        located=False,
    ),
]


@pytest.mark.parametrize("bad", BAD, ids=[each.what for each in BAD])
def test_a_bad_set_is_told_with_its_place_and_changes_nothing(running: Running, bad: Bad) -> None:
    """Each lane goes on with the very set it had; the author learns file, line, code and what to write."""
    bad.spoil(running.example)
    told = [each for each in running.refused() if each.code == bad.code and bad.message in each.message]
    (found, *_) = [each for each in told if Path(each.file).name == bad.file]
    assert found.severity == "error"
    assert (found.line > 0, found.column > 0) == (bad.located, bad.located)


def test_a_set_that_passes_its_own_tests_is_put_in_force(running: Running) -> None:
    """Tests are no part of the digest: the set is the one that was in force without them."""
    before = running.app.reload()
    own_tests(running.example)
    assert running.app.reload() == before


def test_after_a_refused_set_a_mended_one_is_put_in_force(running: Running) -> None:
    """A refusal leaves nothing behind."""
    edit(running.example / "guards.yaml", "effect: redact", "effect: redcat")
    running.refused()
    edit(running.example / "guards.yaml", "effect: redcat", "effect: redact")
    edit(running.example / "guards.yaml", *GOOD)
    assert running.app.reload() == running.app.gateways["hubspot"].rules.policy


async def test_refusal_and_activation_are_in_the_ledger(running: Running) -> None:
    """Every change of what is enforced is on record, and so is every try."""
    await running.app.started()
    activated = [each for each in _notes(running) if each[0] == "policy_activated"]
    digest = running.app.gateways["hubspot"].rules.policy
    assert activated == [("policy_activated", digest), ("policy_activated", digest)]


def _notes(running: Running) -> list[tuple[str, str]]:
    entries = [json.loads(line) for _, _, line in read_entries(running.made.ledger)]
    return [(each["what"], each["detail"]) for each in entries if each["kind"] == "noted"]


def test_even_a_defect_of_ours_leaves_the_set_in_force(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw while reading is a refusal like any other, and names no more than its kind."""

    def broken() -> None:
        raise MemoryError("secret")

    monkeypatch.setattr(type(running.app.origins[0].source), "opened", lambda _: broken())
    (problem,) = running.refused()
    assert problem.message == "the policies cannot be read: MemoryError"


def test_marks_change_with_the_policies(running: Running) -> None:
    """One cheap look for all lanes; an edit moves it, and a hidden file does not."""
    before = running.app.marks()
    (running.example / ".guards.yaml.swp").write_text("x")
    assert running.app.marks() == before
    edit(running.example / "guards.yaml", *GOOD)
    assert running.app.marks() != before
    assert len(before) == 1  # two lanes, one folder


def test_manifests_cover_what_is_read(running: Running) -> None:
    """Rules and connectors both; a change in either is a change of the manifest."""
    names = manifest_of(read_files(running.made.policies), 1).hashes
    assert {"example/guards.yaml", "connectors/hubspot.yaml"} <= set(names)
