"""Conditions of rules, linked: every name and type checked against the objects that the rule reaches.

Objects of different CRMs may have an attribute of one name at different types, so a condition is checked, and
compiled, for each object it can be asked of.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from proxy.model import Catalogue, ObjectSpec
from proxy.policy.conditions import (
    Attribute,
    Condition,
    Declarations,
    Expr,
    Flaw,
    Flawed,
    Typed,
    canonical,
    check,
    compile_condition,
    parse_when,
    read_type,
)
from proxy.policy.conditions.syntax import Call, Constant
from proxy.policy.names import Findings, Spot
from proxy.policy.rules import On
from proxy.policy.vocabulary import Vocabulary, flaw_text

CONSENTS: Final = "consents"
"""The attribute that says what the person behind a record has consented to: a list of purposes."""


@dataclass(frozen=True, slots=True)
class When:
    """A condition, linked."""

    text: str = ""
    conditions: Mapping[tuple[str, str], Condition] = field(default_factory=lambda: MappingProxyType({}))
    """By connector and object."""


NEVER_ASKED: Final = When()
_BROKEN: Final = When("false")


def consent_to(purpose: str) -> Condition:
    """Return the condition that the person behind a record has consented to a purpose."""
    return compile_condition(check(Call("consent", (Constant(purpose),)), Declarations()))


class Whens:
    """Links the conditions of one policy set; equal conditions on equal attributes are one."""

    def __init__(self, vocabulary: Vocabulary, catalogues: Mapping[str, Catalogue], findings: Findings) -> None:
        self._vocabulary = vocabulary
        self._catalogues = catalogues
        self._findings = findings
        self._made: dict[tuple[str, object], Typed | Flawed] = {}
        self._compiled: dict[int, Condition] = {}

    def link(self, spot: Spot, tree: object, on: On) -> When:
        """Return a rule's condition for every object that the rule reaches; flaws go to the findings."""
        here = spot / "when"
        try:
            expr = parse_when(tree)
        except Flawed as error:
            self._note(here, error.flaws)
            return _BROKEN
        found: dict[tuple[str, str], Condition] = {}
        warned: tuple[Flaw, ...] = ()
        text = json.dumps(tree, sort_keys=True)
        for connector, catalogue in self._catalogues.items():
            for name, spec in catalogue.items():
                if not on.within(connector, spec):
                    continue
                typed = self._typed(text, expr, spec)
                if isinstance(typed, Flawed):
                    self._note(here, typed.flaws, f" [{name} of {connector}]")
                    return _BROKEN
                warned = typed.warnings
                found[connector, name] = self._condition(typed)
        self._note(here, warned)
        return When(canonical(expr), MappingProxyType(found))

    def _typed(self, text: str, expr: Expr, spec: ObjectSpec) -> Typed | Flawed:
        key = (text, tuple(sorted((name, repr(each)) for name, each in spec.attributes.items())))
        if key not in self._made:
            try:
                self._made[key] = check(expr, self._declarations(spec))
            except Flawed as error:
                self._made[key] = error
        return self._made[key]

    def _condition(self, typed: Typed) -> Condition:
        if id(typed) not in self._compiled:
            self._compiled[id(typed)] = compile_condition(typed)
        return self._compiled[id(typed)]

    def _declarations(self, spec: ObjectSpec) -> Declarations:
        words = self._vocabulary
        attributes = {
            name: Attribute(read_type(each.type), each.optional, each.words)
            for name, each in spec.attributes.items()
        }
        known = {
            "purpose": frozenset(words.purposes),
            "principal.roles": frozenset(words.roles),
            "principal.client": frozenset(words.clients),
            "recipient.name": frozenset(words.recipients),
        }
        return Declarations(attributes, words.sets, words.variables, {k: v for k, v in known.items() if v})

    def _note(self, spot: Spot, flaws: tuple[Flaw, ...], which: str = "") -> None:
        for flaw in flaws:
            at = spot
            for step in flaw.at.within:
                at /= int(step) if step.isdigit() else step
            self._findings.add(at, flaw.code, flaw_text(flaw) + which, severity=flaw.severity)
