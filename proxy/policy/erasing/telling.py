"""Whether clients can be told what a rule has them told, on each route by which their CRM deletes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from proxy.model import Catalogue
from proxy.policy.erasing.documents import ErasureDocument
from proxy.policy.erasing.rules import Erasing, ErasureRule
from proxy.policy.names import Findings, Spot
from proxy.yamlfile import YamlFile

_UNNAMED: Final = frozenset({"lookup", "zoho-bin"})
"""Grammars of deletes that do not say by id which records they mean: those are refused for that."""
_SHOWN: Final = 3


def check_endings(
    files: Iterable[tuple[YamlFile, ErasureDocument]],
    erasing: Erasing,
    catalogues: Mapping[str, Catalogue],
    connectors: Mapping[str, object],
    findings: Findings,
) -> None:
    """Note rules of which some clients cannot be told (LG149): they get the CRM's own error.

    Args:
        files: the documents.
        erasing: what they say.
        catalogues: what each connector lists.
        connectors: the connectors' whole documents, by name; of one that is not here nothing is said.
        findings: where it goes.
    """
    rules = {rule.id: rule for rule in erasing.rules}
    for file, document in files:
        for at, given in enumerate(document.rules):
            rule = rules[given.id]
            if rule.then in {"case", "convert"}:
                spot = Spot(file) / "rules" / at / "then"
                for connector in sorted(name for name in connectors if _reaches(rule, name, catalogues)):
                    _check(spot, rule, connector, connectors[connector], findings)


def _reaches(rule: ErasureRule, connector: str, catalogues: Mapping[str, Catalogue]) -> bool:
    objects = catalogues.get(connector, {})
    asked = ((each, action) for each in objects for action in rule.actions)
    return any(rule.admits(connector, *each, rule.roles or frozenset()) for each in asked)


def _check(spot: Spot, rule: ErasureRule, connector: str, said: object, findings: Findings) -> None:
    document = said if isinstance(said, Mapping) else {}
    if not document.get("erasure"):
        message = (
            f"rule {rule.id} opens cases that cannot be carried out: connector {connector} has no `erasure:`"
        )
        findings.add(spot, "LG149", message, severity="warning")
    told = ["done"] if rule.then == "case" and rule.answer == "done" else ["pending"]
    told += ["done"] if rule.then == "convert" else []
    for word in sorted(told):
        if routes := list(_mute(document, rule, word)):
            message = (
                f"rule {rule.id} has clients told that a delete is {word}; connector {connector} has no "
                f"word for that on {_listed(routes)}, so they get the CRM's own error"
            )
            findings.add(spot, "LG149", message, severity="warning")


def _mute(document: Mapping[str, object], rule: ErasureRule, word: str) -> Iterator[str]:
    """Yield the routes by which records are deleted, and on which something cannot be told."""
    endings, routes = document.get("endings"), document.get("routes")
    known = endings if isinstance(endings, Mapping) else {}
    for route in routes if isinstance(routes, list) else ():
        if not isinstance(route, Mapping) or route.get("refuse") or route.get("grammar") in _UNNAMED:
            continue
        ending = route.get("ends")
        if ending is None and route.get("action") not in rule.actions:
            continue
        if not known.get(ending, {}).get(word):
            yield str(route.get("match"))


def _listed(routes: Sequence[str]) -> str:
    more = len(routes) - _SHOWN
    return ", ".join(routes[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
