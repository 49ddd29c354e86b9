"""A bench for packs: an object with a field of each category that is probed, and grants that open it all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.model import (
    Access,
    Action,
    AttributeSpec,
    Catalogue,
    FieldSpec,
    ObjectSpec,
    Outcome,
    Principal,
    Purpose,
)
from proxy.policy import PolicySet, check_policies, decide
from proxy.policy.packs import PackDocument, Probe, coverage
from proxy.transforms import check_mask

POLICIES = Path(__file__).parents[3] / "policies"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SHIPPED = {each.pack.metadata.name: each.pack for each in coverage(POLICIES)}


def _field(probe: Probe) -> str:
    return (probe.category or f"tag_{probe.tag}").replace(".", "_")


def _recipient(probe: Probe) -> str:
    who = probe.recipient
    return f"{who.kind}_{who.country or 'nowhere'}{'_listed' if who.listed else ''}"


def _catalogues(pack: PackDocument) -> Mapping[str, Catalogue]:
    fields = {
        _field(probe): FieldSpec(
            probe.category or "user.content", frozenset() if probe.tag is None else frozenset({probe.tag})
        )
        for test in pack.tests
        for probe in (test.closes, test.leaves)
    }
    consents = AttributeSpec("Consents", "list<string>", default=())
    return {"crm": {"Thing": ObjectSpec("Thing", fields, attributes={"consents": consents})}}


def words(pack: PackDocument) -> str:
    """Return a vocabulary that takes a pack in and has what the pack needs."""
    probes = [probe for test in pack.tests for probe in (test.closes, test.leaves)]
    recipients = {_recipient(probe): probe.recipient for probe in probes}
    listed = ", ".join(name for name, who in recipients.items() if who.listed) or "nobody"
    lines = [
        "apiVersion: lychgate.dev/v1",
        "kind: Vocabulary",
        "metadata: {name: words}",
        f"packs: [{pack.metadata.name}]",
        "roles: {worker: {}}",
        "purposes: {work: {lawful_basis: contract}}",
        "recipients:",
    ]
    for name, who in recipients.items():
        country = f', country: "{who.country}"' if who.country else ""
        safeguards = ", safeguards: [contract]" if who.kind == "processor" else ""
        lines.append(f"  {name}: {{kind: {who.kind}{country}{safeguards}}}")
    lines += ["sets:", '  unused: ["-"]']
    lines += [f"  {name}: [{'IE, DE, FR' if name == 'adequate' else listed}]" for name in pack.needs]
    return "\n".join(lines) + "\n"


OPEN = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: open}
grants:
  - {id: everything, effect: allow, actions: ["*"]}
"""


@dataclass(frozen=True)
class Bench:
    """One pack, taken in by a set whose grants open everything."""

    policies: PolicySet
    problems: tuple[str, ...]

    def outcome(self, probe: Probe) -> Outcome:
        """Return what the set says of a probe."""
        recipient = self.policies.recipients[_recipient(probe)]
        plan = self.policies.plan(
            connector="crm",
            roles=frozenset({"worker"}),
            purpose=probe.purpose,
            recipient=recipient.name,
            action=Action(probe.action),
            object="Thing",
        )
        principal = Principal("them", "them", frozenset({"worker"}), recipient, probe.kind)
        facts = {"consents": probe.consents}
        access = Access(principal, Purpose(probe.purpose), Action(probe.action), "Thing", facts=facts, now=NOW)
        return decide(plan, access).of(_field(probe))


@pytest.fixture(scope="session")
def bench_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Bench]:
    """Return a function from the name of a pack to its bench, made once."""
    made: dict[str, Bench] = {}

    def make(name: str) -> Bench:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            (folder / "words.yaml").write_text(words(SHIPPED[name]))
            (folder / "open.yaml").write_text(OPEN)
            (folder / "packs" / name).mkdir(parents=True)
            for path in (POLICIES / "packs" / name).glob("*.yaml"):
                (folder / "packs" / name / path.name).write_bytes(path.read_bytes())
            checked = check_policies(
                folder, _catalogues(SHIPPED[name]), check_mask=check_mask, clock=NOW.timestamp
            )
            assert [str(each) for each in checked.problems if each.severity == "error"] == []
            assert checked.policies is not None
            made[name] = Bench(checked.policies, tuple(str(each) for each in checked.problems))
        return made[name]

    return make
