"""One policy in two languages, ours and that of Cerbos, over the same twenty fields of a record.

A help desk sees five names and five contact details; five health fields only of a person in the EEA who has
consented; five payment fields never. Contact details of whoever has not been seen for two years are closed, and
everything is where processing is restricted. For Cerbos a field is an action, which is how its users model
fields. Before anything is measured both have to give the same answer on every field of every record.
"""

import json
import statistics
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle, product
from pathlib import Path
from typing import NamedTuple

from cerbos import Server, running
from costs import RUNS, Cost, cost, summary, times

from proxy.model import (
    Access,
    Action,
    AttributeSpec,
    Effect,
    FieldSpec,
    ObjectSpec,
    Principal,
    Purpose,
    Recipient,
)
from proxy.policy import Decider, Plan, PolicySet, check_policies, decide
from proxy.transforms import check_mask

GROUPS = ("name", "contact", "health", "payment")
FIELDS = {f"{group}{n}": FieldSpec(f"user.{group}") for group in GROUPS for n in range(5)}
EEA = ["AT", "BE", "BG", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HU", "IE", "IS", "IT", "NO", "SE"]
KNOWN = {
    "country": AttributeSpec("Country", "string"),
    "seen": AttributeSpec("Seen", "timestamp"),
    "consents": AttributeSpec("Consents", "list<string>"),
    "restricted": AttributeSpec("Restricted", "bool"),
}
OURS = f"""
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {{name: words}}
roles: {{agent: {{}}}}
purposes: {{support: {{lawful_basis: contract}}}}
recipients: {{desk: {{}}}}
sets: {{eea: {json.dumps(EEA)}}}
---
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {{name: desk}}
grants:
  - id: person
    effect: allow
    roles: [agent]
    purposes: [support]
    recipients: [desk]
    on: {{objects: [Contact], categories: [user.name, user.contact]}}
    actions: [read]
  - id: health
    effect: allow
    roles: [agent]
    purposes: [support]
    recipients: [desk]
    on: {{objects: [Contact], categories: [user.health]}}
    actions: [read]
    when: '"health" in resource.consents && resource.country in sets.eea'
guards:
  - id: stale
    effect: deny
    on: {{objects: [Contact], categories: [user.contact]}}
    actions: [read]
    when: resource.seen < now - duration("730d")
  - {{id: restricted, effect: deny, on: {{objects: [Contact]}}, actions: [read], when: resource.restricted}}
"""


def _rule(effect: str, role: str, groups: tuple[str, ...], *conditions: str) -> dict[str, object]:
    """Return a rule as Cerbos has it."""
    asked = {"match": {"all": {"of": [{"expr": each} for each in conditions]}}}
    actions = [name for name in FIELDS if name.startswith(groups)]
    return {"actions": actions, "effect": f"EFFECT_{effect}", "roles": [role], "condition": asked}


_SUPPORT = 'P.attr.purpose == "support"'
THEIRS: dict[str, object] = {
    "apiVersion": "api.cerbos.dev/v1",
    "resourcePolicy": {
        "version": "default",
        "resource": "contact",
        "rules": [
            _rule("ALLOW", "agent", ("name", "contact"), _SUPPORT),
            _rule(
                "ALLOW",
                "agent",
                ("health",),
                _SUPPORT,
                f'"health" in R.attr.consents && R.attr.country in {json.dumps(EEA)}',
            ),
            _rule("DENY", "*", ("contact",), 'timestamp(R.attr.seen) < now() - duration("17520h")'),
            _rule("DENY", "*", GROUPS, "R.attr.restricted"),
        ],
    },
}
WHO = Principal("bench", "bench", frozenset({"agent"}), Recipient("desk"))
WHY = Purpose("support")
NOW = datetime.now(UTC)
Facts = dict[str, object]
RECORDS: list[Facts] = [
    {"country": country, "seen": NOW - timedelta(days=days), "consents": consents, "restricted": restricted}
    for country, days, consents, restricted in product(
        ("IE", "US"), (30, 900), (("news", "health"), ("news",)), (False, True)
    )
]
MOST = 50
"""Records in one question to Cerbos, unless it is configured otherwise."""


def policies(folder: Path) -> PolicySet:
    """Return our policy, loaded and checked."""
    (folder / "policy.yaml").write_text(OURS)
    catalogue = {"Contact": ObjectSpec("Contact", FIELDS, attributes=KNOWN)}
    found = check_policies(folder, {"crm": catalogue}, check_mask=check_mask).policies
    assert found is not None
    return found


def _plan(ours: PolicySet) -> Plan:
    return ours.plan(
        connector="crm",
        roles=WHO.roles,
        purpose=WHY.name,
        recipient="desk",
        action=Action.READ,
        object="Contact",
    )


def ask(ours: PolicySet, facts: Facts) -> frozenset[str]:
    """Ask about one record as if nothing had been asked before it; return the fields that may be seen."""
    answer = decide(_plan(ours), Access(WHO, WHY, Action.READ, "Contact", facts=facts, now=NOW))
    return frozenset(name for name in FIELDS if answer.of(name).effect is Effect.ALLOW)


def question(records: list[Facts]) -> bytes:
    """Return the question to Cerbos: these records, every field."""
    asked = [
        {
            "actions": list(FIELDS),
            "resource": {
                "kind": "contact",
                "id": str(n),
                "attr": {**facts, "seen": facts["seen"].isoformat()},
            },
        }
        for n, facts in enumerate(records)
    ]
    who = {"id": "bench", "roles": ["agent"], "attr": {"purpose": "support"}}
    return json.dumps({"requestId": "bench", "principal": who, "resources": asked}).encode()


def alike(ours: PolicySet, server: Server) -> int:
    """Return how many answers both gave alike; stop at the first that differs, as nothing else is comparable."""
    results = json.loads(server.check(question(RECORDS)))["results"]
    seen = set()
    for facts, result in zip(RECORDS, results, strict=True):
        theirs = frozenset(name for name, effect in result["actions"].items() if effect == "EFFECT_ALLOW")
        if len(result["actions"]) != len(FIELDS) or theirs != ask(ours, facts):
            raise SystemExit("Cerbos and Lychgate do not decide alike: the bench would be meaningless")
        seen.add(theirs)
    if len(seen) < 4:
        raise SystemExit("the records are too much alike to say that two policies are")
    return len(RECORDS) * len(FIELDS)


class Peer(NamedTuple):
    """What asking Cerbos costs: of its server CPU seconds, of the client's patience the median."""

    cpu: Cost
    waited: float


def load(server: Server, body: bytes, requests: int) -> Peer:
    """Return what one request costs, over several rounds of so many requests, one after the other."""
    used, waited = [], []
    for _ in range(RUNS):
        before = server.cpu()
        for _ in range(requests):
            began = time.perf_counter()
            server.check(body)
            waited.append(time.perf_counter() - began)
        used.append((server.cpu() - before) / requests)
    return Peer(summary(used), statistics.median(waited))


def ours_once(ours: PolicySet) -> Cost:
    """Return what one question about one record costs us: its plan looked up, decided, twenty fields read."""
    turn = cycle(RECORDS).__next__
    return cost(times(4_000, lambda: ask(ours, turn()))).per(4_000)


def ours_among_many(ours: PolicySet) -> Cost:
    """Return what one more record of the same request costs us."""
    asked = Decider(_plan(ours), Access(WHO, WHY, Action.READ, "Contact", now=NOW))
    return cost(times(1_000, lambda: [asked.of(facts) for facts in RECORDS])).per(1_000 * len(RECORDS))


def theirs(folder: Path, ours: PolicySet) -> tuple[int, Peer, Peer]:
    """Return how many answers were alike, what asking for one record costs, and for as many as Cerbos takes."""
    with running(folder, THEIRS) as server:
        same = alike(ours, server)
        one, many = question(RECORDS[:1]), question((RECORDS * 4)[:MOST])
        for _ in range(200):
            server.check(one)
        for _ in range(5):
            server.check(many)
        return same, load(server, one, 300), load(server, many, 16)
