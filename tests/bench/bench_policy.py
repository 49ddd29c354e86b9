"""What policy costs: load and check, a question asked for the first time, and a question asked again.

    python tests/bench/bench_policy.py

Thread CPU time, the least of several runs. The sets are made up: rules spread evenly over 100 objects of 30
fields, so that a set ten times as large is ten times as large everywhere.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from proxy.model import Access, Action, Catalogue, FieldSpec, ObjectSpec, Principal, Purpose, Recipient
from proxy.policy import PolicySet, check_policies, decide

SIZES = (10, 100, 1_000, 10_000)
OBJECTS, FIELDS, ROLES, PURPOSES = 100, 30, 10, 5
PER_FILE = 2_000
HEAD = {"apiVersion": "lychgate.dev/v1", "metadata": {"name": "bench"}}
Question = tuple[frozenset[str], str, str, Action]
"""Roles, purpose, object, action."""


def catalogue() -> Catalogue:
    """Return objects whose fields have three levels of category."""
    fields = {f"F{n}": FieldSpec(f"user.group{n % 10}.leaf{n}") for n in range(FIELDS)}
    return {f"Object{n}": ObjectSpec(f"Object{n}", fields) for n in range(OBJECTS)}


def rules(count: int) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield `grants` or `guards` with a rule; every fourth rule is a guard, every third grant a mask."""
    for n in range(count):
        guard = n % 4 == 3
        effect = (
            {"effect": "redact"}
            if guard
            else {"effect": "mask", "with": "last4"}
            if n % 3 == 2
            else {"effect": "allow"}
        )
        yield (
            "guards" if guard else "grants",
            {
                "id": f"rule-{n}",
                **effect,
                "roles": [f"role{n % ROLES}", f"role{(n + 1) % ROLES}"],
                "purposes": [f"purpose{n % PURPOSES}"],
                "recipients": ["desk"],
                "on": {"objects": [f"Object{n % OBJECTS}"], "categories": [f"user.group{n % 10}"]},
                "actions": ["read", "list"],
            },
        )


def write(folder: Path, count: int) -> None:
    """Write a vocabulary and `count` rules."""
    words = {
        "kind": "Vocabulary",
        "roles": {f"role{n}": {} for n in range(ROLES)},
        "purposes": {f"purpose{n}": {"lawful_basis": "contract"} for n in range(PURPOSES)},
        "recipients": {"desk": {}},
        "masks": {"last4": {"kind": "keep_last", "n": 4}},
    }
    (folder / "vocabulary.yaml").write_text(json.dumps(HEAD | words, indent=1))
    made = list(rules(count))
    for at in range(0, count, PER_FILE):
        document: dict[str, object] = HEAD | {"kind": "Policy"}
        for kind in ("grants", "guards"):
            document[kind] = [rule for found, rule in made[at : at + PER_FILE] if found == kind]
        (folder / f"policy{at}.yaml").write_text(json.dumps(document))


def least(run: Callable[[], object], times: int) -> float:
    """Return the least CPU seconds that one of several runs took."""
    best = float("inf")
    for _ in range(times):
        began = time.thread_time_ns()
        run()
        best = min(best, (time.thread_time_ns() - began) / 1e9)
    return best


def ask(policies: PolicySet, question: Question) -> object:
    """Ask one question as `enforce` does: plan, then decide."""
    roles, purpose, name, action = question
    plan = policies.plan(
        connector="crm", roles=roles, purpose=purpose, recipient="desk", action=action, object=name
    )
    return decide(plan, Access(WHO, WHY, action, name))


WHO = Principal("bench", "bench", frozenset({"role1"}), Recipient("desk"))
WHY = Purpose("purpose1")


def measure(folder: Path, count: int) -> tuple[float, float, float]:
    """Return CPU seconds to load and check, per first question, and per repeated question."""
    write(folder, count)
    load = partial(check_policies, folder, {"crm": catalogue()}, check_mask=lambda _: None)
    loading = least(load, 2)
    policies = load().policies
    assert policies is not None
    questions: list[Question] = [
        (frozenset({f"role{n % ROLES}"}), f"purpose{n % PURPOSES}", f"Object{n % OBJECTS}", Action.READ)
        for n in range(OBJECTS)
    ]
    first = least(lambda: [ask(policies, each) for each in questions], 1) / len(questions)
    again = least(lambda: [ask(policies, each) for each in questions * 50], 5) / len(questions) / 50
    return loading, first, again


def main() -> None:
    """Print one row per size."""
    print("rules     load+check    first ask    asked again")
    for count in SIZES:
        with tempfile.TemporaryDirectory() as name:
            loading, first, again = measure(Path(name), count)
        print(f"{count:6,}  {loading * 1e3:9.1f} ms  {first * 1e6:8.1f} us  {again * 1e6:10.2f} us")


if __name__ == "__main__":
    main()
