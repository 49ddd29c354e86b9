"""A bench for packs: an object with a field of each category that is probed, and grants that open it all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.model import Outcome
from proxy.policy import PolicySet, check_policies
from proxy.policy.packs import Probe, coverage
from proxy.policy.packs.vectors import catalogue_of, outcome_of, words
from proxy.transforms import check_mask

POLICIES = Path(__file__).parents[3] / "policies"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SHIPPED = {each.pack.metadata.name: each.pack for each in coverage(POLICIES)}


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
        return outcome_of(self.policies, probe, "crm", NOW)


@pytest.fixture(scope="session")
def bench_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Bench]:
    """Return a function from the name of a pack to its bench, made once."""
    made: dict[str, Bench] = {}

    def make(name: str) -> Bench:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            (folder / "words.yaml").write_text(f"{words(SHIPPED[name])}packs: [{name}]\n")
            (folder / "open.yaml").write_text(OPEN)
            (folder / "packs" / name).mkdir(parents=True)
            for path in (POLICIES / "packs" / name).glob("*.yaml"):
                (folder / "packs" / name / path.name).write_bytes(path.read_bytes())
            checked = check_policies(
                folder, {"crm": catalogue_of(SHIPPED[name])}, check_mask=check_mask, clock=NOW.timestamp
            )
            assert [str(each) for each in checked.problems if each.severity == "error"] == []
            assert checked.policies is not None
            made[name] = Bench(checked.policies, tuple(str(each) for each in checked.problems))
        return made[name]

    return make
