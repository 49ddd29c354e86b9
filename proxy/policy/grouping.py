"""How many records a group has to have before anything computed from them is shown (k-anonymity of aggregates).

A count, a sum or a mean over one person is that person's value. So what is computed from fewer records than a
set demands is not shown, whoever may aggregate. Differences between larger groups tell as much; they are not
looked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from proxy.model import Catalogue, ObjectSpec
from proxy.policy.documents import PolicyDocument
from proxy.policy.link import Linker
from proxy.policy.names import Findings, Spot
from proxy.policy.rules import Callers, On
from proxy.policy.vocabulary import Vocabulary
from proxy.yamlfile import YamlFile


@dataclass(frozen=True, slots=True)
class MinimumGroup:
    """One demand: groups of records of some objects have at least so many."""

    id: str
    on: On
    minimum: int
    unless: Callers | None

    def holds(self, roles: frozenset[str], purpose: str, recipient: str) -> bool:
        """Say whether it holds for a caller."""
        return self.unless is None or not self.unless.fit(roles, purpose, recipient)


def link_groups(
    files: Iterable[tuple[YamlFile, PolicyDocument]],
    vocabulary: Vocabulary,
    catalogues: Mapping[str, Catalogue],
    findings: Findings,
) -> tuple[MinimumGroup, ...]:
    """Return every demand of every policy document; what is wrong with them goes to `findings`."""
    linker = Linker(vocabulary, catalogues, findings)
    found: list[MinimumGroup] = []
    for file, document in files:
        for at, given in enumerate(document.minimum_groups):
            spot = Spot(file) / "minimum_groups" / at
            findings.once(spot / "id", "rule", given.id)
            unless = None if given.except_ is None else linker.callers(spot / "except", given.except_)
            each = MinimumGroup(given.id, linker.on(spot / "on", given.on), given.minimum, unless)
            found.append(each)
            if not any(groups_on([each], name, spec) for name, of in catalogues.items() for spec in of.values()):
                message = f"{given.id} demands nothing: no connector lists a field that it is on"
                findings.add(spot / "on", "LG103", message, severity="warning")
    return tuple(found)


def groups_on(groups: Iterable[MinimumGroup], connector: str, spec: ObjectSpec) -> tuple[MinimumGroup, ...]:
    """Return what is demanded of groups of an object's records, the largest first."""
    found = (each for each in groups if each.on.within(connector, spec))
    return tuple(sorted(found, key=lambda each: (-each.minimum, each.id)))
