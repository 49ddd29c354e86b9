"""Terms that a law leaves to whoever keeps the data: is there a rule that says them?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from proxy.message import RECORD_ITSELF
from proxy.model import Catalogue
from proxy.policy.cells import Cell, Cells
from proxy.policy.documents import VocabularyDocument
from proxy.policy.names import Findings, Spot
from proxy.policy.packs.choosing import ALIASES, PACKS
from proxy.policy.packs.documents import PackDocument
from proxy.policy.retention.rules import Retention
from proxy.policy.taxonomy import PERSONAL, ancestors
from proxy.yamlfile import YamlFile

_MOST: Final = 6


def check_terms(
    retention: Retention,
    vocabularies: Iterable[tuple[YamlFile, VocabularyDocument]],
    packs: Iterable[PackDocument],
    catalogues: Mapping[str, Catalogue],
    findings: Findings,
) -> None:
    """Note, where a pack is taken in, the objects of which nobody says how long they are kept (LG134)."""
    wanting = objects_without_term(retention, catalogues)
    asking = {
        pack.metadata.name: [each.ref for each in pack.clocks if each.asks == "retention"] for pack in packs
    }
    for file, document in vocabularies if wanting else ():
        for at, given in enumerate(document.packs):
            name = ALIASES.get(given, given)
            if refs := asking.get(name):
                more = f" and {len(wanting) - _MOST} more" if len(wanting) > _MOST else ""
                message = (
                    f"{name} ({', '.join(refs)}) asks how long personal data are kept, and no Retention rule "
                    f"says it of {', '.join(wanting[:_MOST])}{more}"
                )
                findings.add(Spot(file) / PACKS / at, "LG134", message, severity="warning")


def objects_without_term(retention: Retention, catalogues: Mapping[str, Catalogue]) -> Sequence[str]:
    """Return the objects that hold personal data of which nothing says how long they are kept."""
    cells = Cells(catalogues)
    ended = frozenset[Cell]().union(*(cells.on(rule.on) for rule in retention.rules if rule.then != "keep"))
    return sorted(
        f"{name} of {connector}"
        for connector, catalogue in catalogues.items()
        for name, spec in catalogue.items()
        if any(
            not PERSONAL.isdisjoint(ancestors(of.category))
            and (connector, name, field) not in ended
            and (connector, name, RECORD_ITSELF) not in ended
            for field, of in spec.fields.items()
        )
    )
