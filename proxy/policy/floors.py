"""What the rules of a floor mean is said by the floor.

A pin fixes a file. A mask, set or variable that a rule in it names but that stands elsewhere would mean what the
set below decides, and a floor that denies whoever is outside `sets.eea` would be opened by one more country in
it. So such words stand in the floor's own file, and LG107 keeps anybody from declaring them again.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from proxy.policy.conditions import Expr, Flawed, parse_when
from proxy.policy.conditions.syntax import Name, Select, parts
from proxy.policy.documents import PolicyDocument, RuleDocument, VocabularyDocument
from proxy.policy.names import Findings, Spot
from proxy.policy.vocabulary import Vocabulary
from proxy.yamlfile import YamlFile

_ROOTS: Final = {"sets": "set", "variables": "variable"}
_Words = frozenset[tuple[str, str]]
"""Pairs of `mask`, `set` or `variable` and its name."""


def check_floors(
    floors: Iterable[str],
    vocabularies: Iterable[tuple[YamlFile, VocabularyDocument]],
    policies: Iterable[tuple[YamlFile, PolicyDocument]],
    vocabulary: Vocabulary,
    findings: Findings,
) -> None:
    """Note each mask, set and variable that a floor names and somebody else declares (LG126).

    Words that nobody declares are left to those who link rules.
    """
    words, rules = tuple(vocabularies), tuple(policies)
    known = _declared(vocabulary.masks, vocabulary.sets, vocabulary.variables)
    for path in floors:
        mine = [(file, document) for file, document in words if file.path == path]
        own = {
            word for _, document in mine for word in _declared(document.masks, document.sets, document.variables)
        }
        named = [each for file, document in rules if file.path == path for each in _of_rules(file, document)]
        for file, document in mine:
            for name in document.variables:
                spot = Spot(file) / "variables" / name
                named += ((spot, word) for word in _in(vocabulary.variables[name]))
        for spot, word in named:
            if word in known and word not in own:
                what, name = word
                message = (
                    f'the floor names {what} "{name}", which stands in another file and could mean anything; '
                    "declare it in the floor's own"
                )
                findings.add(spot, "LG126", message)


def _declared(
    masks: Mapping[str, object], sets: Mapping[str, object], variables: Mapping[str, object]
) -> _Words:
    sections = (("mask", masks), ("set", sets), ("variable", variables))
    return frozenset((what, name) for what, section in sections for name in section)


def _of_rules(file: YamlFile, document: PolicyDocument) -> Iterator[tuple[Spot, tuple[str, str]]]:
    for section, rules in (("grants", document.grants), ("guards", document.guards)):
        for at, rule in enumerate(rules):
            spot = Spot(file) / section / at
            if rule.with_ is not None:
                yield spot / "with", ("mask", rule.with_)
            for word in _asked(rule):
                yield spot / "when", word


def _asked(rule: RuleDocument) -> _Words:
    if "when" not in rule.model_fields_set:
        return frozenset()
    try:
        return _in(parse_when(rule.when))
    except Flawed:  # told by those who link it
        return frozenset()


def _in(expr: Expr) -> _Words:
    found: set[tuple[str, str]] = set()
    waiting = [expr]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Select) and isinstance(each.of, Name) and each.of.name in _ROOTS:
            found.add((_ROOTS[each.of.name], each.name))
        waiting += parts(each)
    return frozenset(found)
