"""How much of a policy its tests look at."""

from collections.abc import Iterator
from dataclasses import dataclass

from proxy.model import Action
from proxy.policy.compile import PolicySet
from proxy.policy.packs.choosing import pack_of
from proxy.policy.rules import Rule
from proxy.policy.testing.running import Branch, Cell, Touched


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    touched: int
    of: int

    @property
    def percent(self) -> float:
        """0 to 100; of nothing, everything."""
        return 100 * self.touched / self.of if self.of else 100.0

    def __str__(self) -> str:
        """Return `100.0 % (25 of 25)`; rounded down, so that 100 is all."""
        return f"{int(self.percent * 10) / 10:.1f} % ({self.touched:,} of {self.of:,})"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What tests looked at, and what nobody did."""

    rules: Share
    """Rules that matched something that a test looks at."""
    branches: Share
    """Answers, yes and no, to each question that a rule's conditions ask."""
    cells: Share
    """Cells (role, purpose, recipient, action, field) that a grant speaks about for a registered client, or
    for anybody where there are no clients."""
    unmatched: tuple[Rule, ...]
    never_decided: tuple[Rule, ...]
    """Matched, but something else was always stricter, or milder, or nothing was open anyway."""
    missing: tuple[Branch, ...]


def coverage(policies: PolicySet, touched: Touched) -> Coverage:
    """Return how much of a set the tests that were run look at; packs have their own, and are no part."""
    rules = [rule for rule in policies.rules if _own(rule)]
    matched = [rule for rule in rules if rule.id in touched.matched]
    branches = set(_branches(policies))
    cells = set(_cells(policies))
    return Coverage(
        Share(len(matched), len(rules)),
        Share(len(branches & touched.branches), len(branches)),
        Share(len(cells & touched.cells), len(cells)),
        tuple(rule for rule in rules if rule.id not in touched.matched),
        tuple(rule for rule in matched if rule.applies and rule.id not in touched.decided),
        tuple(sorted(branches - touched.branches)),
    )


def _own(rule: Rule) -> bool:
    return not rule.built_in and not pack_of(rule.place)


def _branches(policies: PolicySet) -> Iterator[Branch]:
    """Yield both answers to each question; conditions on different objects that ask the same are one."""
    for rule in filter(_own, policies.rules):
        for condition in rule.conditions.values():
            for atom in condition.atoms:
                yield rule.id, atom.text, True
                yield rule.id, atom.text, False
        for text in _consents(policies, rule):
            yield rule.id, text, True
            yield rule.id, text, False


def _consents(policies: PolicySet, rule: Rule) -> Iterator[str]:
    """Yield what a grant asks because a purpose rests on consent, where it names the purpose."""
    if rule.kind == "grant":
        for name in rule.callers.purposes or ():
            for condition in policies.implied(name):
                yield from (atom.text for atom in condition.atoms)


def _cells(policies: PolicySet) -> Iterator[Cell]:
    for role, purpose, recipient in sorted(_callers(policies)):
        for connector, catalogue in policies.catalogues.items():
            for name in catalogue:
                for action in Action:
                    for rule in policies.rules_for(
                        connector=connector,
                        roles=frozenset({role}),
                        purpose=purpose,
                        recipient=recipient,
                        action=action,
                        object=name,
                    ):
                        if rule.rule.kind == "grant" and rule.rule.applies:
                            for field in rule.fields:
                                yield role, purpose, recipient, action, connector, name, field


def _callers(policies: PolicySet) -> set[tuple[str, str, str]]:
    registered = {
        (role, purpose, client.recipient.name)
        for client in policies.clients.values()
        for role in client.roles
        for purpose in client.purposes
    }
    return registered or {
        (role, purpose, recipient)
        for role in policies.roles
        for purpose in policies.purposes
        for recipient in policies.recipients
    }
