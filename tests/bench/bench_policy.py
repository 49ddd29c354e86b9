"""What policy costs: load and check, a question asked the first time and again, and records decided one by one.

    python tests/bench/bench_policy.py

Thread CPU time, the least of several runs. The sets are made up: rules spread evenly over 100 objects of 30
fields, so that a set ten times as large is ten times as large everywhere.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from proxy.message import Record
from proxy.model import (
    Access,
    Action,
    AttributeSpec,
    Catalogue,
    FieldSpec,
    ObjectSpec,
    Principal,
    Purpose,
    Recipient,
)
from proxy.policy import Decider, PolicySet, check_policies, decide
from proxy.transforms import Redactions, Redactors, Tally, check_mask

SIZES = (10, 100, 200, 1_000, 10_000)
OBJECTS, FIELDS, ROLES, PURPOSES = 100, 30, 10, 5
PER_FILE = 2_000
HEAD = {"apiVersion": "lychgate.dev/v1", "metadata": {"name": "bench"}}
CONDITION = '!resource.restricted && has(resource.seen) && resource.seen > now - duration("{days}d")'
Question = tuple[frozenset[str], str, str, Action]
"""Roles, purpose, object, action."""


def catalogue() -> Catalogue:
    """Return objects whose fields have three levels of category."""
    fields = {f"F{n}": FieldSpec(f"user.group{n % 10}.leaf{n}") for n in range(FIELDS)}
    known = {
        "restricted": AttributeSpec("R", "bool", default=False),
        "seen": AttributeSpec("S", "timestamp", optional=True),
        "consents": AttributeSpec("X", "list<string>", default=()),
    }
    return {f"Object{n}": ObjectSpec(f"Object{n}", fields, attributes=known) for n in range(OBJECTS)}


def rules(count: int, *, conditional: bool = False) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield `grants` or `guards` with a rule; every fourth rule is a guard, every third grant a mask.

    If `conditional`, every second one has a condition, and no two the same.
    """
    for n in range(count):
        guard = n % 4 == 3
        effect = (
            {"effect": "redact"}
            if guard
            else {"effect": "mask", "with": "last4"}
            if n % 3 == 2
            else {"effect": "allow"}
        )
        when = {"when": CONDITION.format(days=n + 1)} if conditional and n % 2 else {}
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
                **when,
            },
        )


def write(folder: Path, count: int, *, conditional: bool = False) -> None:
    """Write a vocabulary and `count` rules."""
    words = {
        "kind": "Vocabulary",
        "roles": {f"role{n}": {} for n in range(ROLES)},
        "purposes": {f"purpose{n}": {"lawful_basis": "contract"} for n in range(PURPOSES)},
        "recipients": {"desk": {}},
        "masks": {"last4": {"kind": "keep_last", "n": 4}},
    }
    (folder / "vocabulary.yaml").write_text(json.dumps(HEAD | words, indent=1))
    made = list(rules(count, conditional=conditional))
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


def question(n: int) -> Question:
    """Return a question about one object that every rule about that object matches."""
    return frozenset({f"role{n % ROLES}"}), f"purpose{n % PURPOSES}", f"Object{n}", Action.READ


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
    questions = [question(n) for n in range(OBJECTS)]
    first = least(lambda: [ask(policies, each) for each in questions], 1) / len(questions)
    again = least(lambda: [ask(policies, each) for each in questions * 50], 5) / len(questions) / 50
    return loading, first, again


PAGE = 200
CONDITIONS = """
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: conditions}
grants:
  - {id: read, effect: allow, roles: [role1], recipients: [desk], actions: [read, list]}
  - {id: some, effect: mask, with: last4, roles: [role2], recipients: [desk], actions: [read, list]}
guards:
  - {id: restricted, effect: deny, on: {objects: [Object1]}, actions: [list], when: resource.restricted}
  - id: stale
    effect: redact
    on: {objects: [Object1], categories: [user.group1]}
    actions: [list]
    when: has(resource.seen) && resource.seen < now - duration("730d")
  - id: masked
    effect: mask
    with: last4
    on: {objects: [Object1], categories: [user.group2]}
    actions: [list]
    when: '!consent("purpose1")'
"""


def recorded(folder: Path, count: int = 0) -> PolicySet:
    """Return a set of so many rules, and those of `CONDITIONS`."""
    write(folder, count)
    (folder / "conditions.yaml").write_text(CONDITIONS)
    policies = check_policies(folder, {"crm": catalogue()}, check_mask=check_mask).policies
    assert policies is not None
    return policies


class Listing:
    """Pages of records of 30 fields, and what is done to each: decided and transformed."""

    def __init__(self, policies: PolicySet, action: Action) -> None:
        """Take a set; `list` asks three conditions of each record, `read` none."""
        now = datetime.now(UTC)
        self.facts = [
            {
                "restricted": n % 40 == 0,
                "seen": now - timedelta(days=n * 10),
                "consents": ("purpose1",) * (n % 2),
            }
            for n in range(PAGE)
        ]
        self.plan = policies.plan(
            connector="crm",
            roles=WHO.roles,
            purpose=WHY.name,
            recipient="desk",
            action=action,
            object="Object1",
        )
        self._action = action
        self._whole = self.plan.decision
        self._decider = Decider(self.plan, Access(WHO, WHY, action, "Object1", now=now))
        self._redactors = Redactors(policies.catalogues["crm"])

    def pages(self, count: int) -> list[list[Record]]:
        """Return pages as they come out of a connector; redacting one uses it up."""
        return [
            [
                Record(
                    "Object1",
                    self._action,
                    {f"F{n}": f"value {n} of record {at}" for n in range(FIELDS)},
                    facts=facts,
                )
                for at, facts in enumerate(self.facts)
            ]
            for _ in range(count)
        ]

    def decide(self) -> None:
        """Decide a page of records and leave them as they are."""
        for each in self.facts:
            self._decider.of(each)

    def redact(self, page: list[Record]) -> None:
        """Decide and transform a page of records, as an exchange does."""
        redactions = Redactions(
            lambda _name, _action: self._whole,
            self._redactors.catalogue,
            self._redactors,
            lambda _name, _action, facts: self._decider.of(facts),
        )
        tally = Tally()
        for record in page:
            redactions.apply(record, tally)


def measure_records(folder: Path) -> None:
    """Print what deciding and transforming records of 30 fields costs, with three conditions and without."""
    policies = recorded(folder)
    for name, action in (("three conditions", Action.LIST), ("no condition", Action.READ)):
        listing = Listing(policies, action)
        pages = listing.pages(50)
        spent = least(lambda listing=listing, pages=pages: listing.redact(pages.pop()), 50)
        deciding = least(listing.decide, 50)
        asked = len(listing.plan.table.conditions) if listing.plan.table else 0
        each = f", {deciding / PAGE / asked * 1e6:.2f} us per condition" if asked else ""
        print(
            f"{name:17} {spent / PAGE * 1e6:5.2f} us to decide and transform a record of {FIELDS} fields{each}, "
            f"{spent * 1e3:.2f} ms per page of {PAGE}"
        )


def main() -> None:
    """Print one row per size, and what records cost."""
    print("rules     load+check    first ask    asked again")
    for count in SIZES:
        with tempfile.TemporaryDirectory() as name:
            loading, first, again = measure(Path(name), count)
        print(f"{count:6,}  {loading * 1e3:9.1f} ms  {first * 1e6:8.1f} us  {again * 1e6:10.2f} us")
    with tempfile.TemporaryDirectory() as name:
        measure_records(Path(name))


if __name__ == "__main__":
    main()
