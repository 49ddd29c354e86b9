"""Rules as written become rules with every name resolved against the vocabulary and the connectors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, Literal

from proxy.model import Action, Catalogue, Effect, ObjectSpec
from proxy.policy.documents import ExceptDocument, OnDocument, PolicyDocument, RuleDocument
from proxy.policy.names import Findings, Spot
from proxy.policy.rules import LAXER, Callers, Mode, On, Rule, Spared
from proxy.policy.taxonomy import CATEGORIES, RECORD, TAGS, below, with_parents
from proxy.policy.vocabulary import MaskSpec, Vocabulary
from proxy.policy.whens import NEVER_ASKED, Whens
from proxy.yamlfile import YamlFile

NO_FLOORS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Written:
    """A linked rule and where it was written."""

    rule: Rule
    spot: Spot


def link_rules(
    files: Iterable[tuple[YamlFile, PolicyDocument]],
    vocabulary: Vocabulary,
    catalogues: Mapping[str, Catalogue],
    findings: Findings,
    floors: Mapping[str, str] = NO_FLOORS,
) -> tuple[Written, ...]:
    """Return every rule of every policy document; what is wrong with them goes to `findings`.

    Rules of a file among `floors` (path -> digest) belong to that floor.
    """
    linker = Linker(vocabulary, catalogues, findings, floors)
    return tuple(linker.rules(files)) + tuple(_recipient_guards(vocabulary, findings))


class Linker:
    """Links one rule at a time, against words and connectors that all rules share."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        catalogues: Mapping[str, Catalogue],
        findings: Findings,
        floors: Mapping[str, str] = NO_FLOORS,
    ) -> None:
        self.words = vocabulary
        self.floors = floors
        self.catalogues = catalogues
        self.findings = findings
        self.whens = Whens(vocabulary, catalogues, findings)
        fields = [
            of for catalogue in catalogues.values() for spec in catalogue.values() for of in spec.fields.values()
        ]
        self.categories = with_parents(
            {*CATEGORIES, RECORD, *vocabulary.categories, *(of.category for of in fields)}
        )
        self.tags = TAGS.union(*(of.tags for of in fields))
        self.purposes = with_parents(vocabulary.purposes)

    def rules(self, files: Iterable[tuple[YamlFile, PolicyDocument]]) -> Iterator[Written]:
        """Yield the rules of all documents."""
        for file, document in files:
            for at, grant in enumerate(document.grants):
                yield self.rule(Spot(file) / "grants" / at, "grant", grant, document.mode)
            for at, guard in enumerate(document.guards):
                yield self.rule(Spot(file) / "guards" / at, "guard", guard, document.mode)

    def rule(self, spot: Spot, kind: Literal["grant", "guard"], given: RuleDocument, most: Mode) -> Written:
        """Return one rule; its mode is no stricter than `most`."""
        self.findings.once(spot / "id", "rule", given.id)
        effect = self._effect(spot, kind, given)
        mask = self._mask(spot, effect, given)
        on = self.on(spot / "on", given.on)
        when = NEVER_ASKED if "when" not in given.model_fields_set else self.whens.link(spot, given.when, on)
        except_ = given.except_
        rule = Rule(
            id=given.id,
            kind=kind,
            effect=effect,
            actions=_actions(given.actions),
            mask=mask.mask if mask else None,
            strength=mask.strength if mask else 0,
            callers=self.callers(spot, given),
            unless=self.callers(spot / "except", except_) if except_ else None,
            spared=tuple(
                Spared(self.callers(spot / "exceptions" / at, each), each.owner, each.until)
                for at, each in enumerate(given.exceptions)
            ),
            on=on,
            mode=max(given.mode, most, key=LAXER.index),
            since=given.valid.from_ if given.valid else None,
            until=given.valid.until if given.valid else None,
            layer=self.floors.get(spot.file.path, ""),
            when=when.text,
            conditions=when.conditions,
            description=given.description or "",
            refs=given.refs,
            place=str(spot / "id"),
        )
        return Written(rule, spot)

    def _effect(self, spot: Spot, kind: str, given: RuleDocument) -> Effect:
        effect = Effect[given.effect.upper()]
        if kind == "grant" and effect is Effect.DENY:
            self.findings.add(spot / "effect", "LG117", "a grant only opens; to close, write a guard")
        if kind == "guard" and effect is Effect.ALLOW:
            self.findings.add(spot / "effect", "LG117", "a guard only closes; to open, write a grant")
        return effect

    def _mask(self, spot: Spot, effect: Effect, given: RuleDocument) -> MaskSpec | None:
        if given.with_ is None:
            if effect is Effect.MASK:
                self.findings.add(spot / "effect", "LG117", "mask needs with: the name of a mask")
            return None
        if effect is not Effect.MASK:
            self.findings.add(spot / "with", "LG117", f"with has no meaning for {given.effect}", key=True)
            return None
        if not self.findings.known(spot / "with", "mask", given.with_, self.words.masks):
            return None
        return self.words.masks[given.with_]

    def callers(self, spot: Spot, given: RuleDocument | ExceptDocument) -> Callers:
        """Return whom a rule concerns, or leaves out, the names checked."""
        purposes = self.findings.selector(spot / "purposes", "purpose", given.purposes, self.purposes)
        if purposes is not None:
            declared = self.words.purposes
            purposes = frozenset(name for word in purposes for name in below(word, declared))
        return Callers(
            self.findings.selector(spot / "roles", "role", given.roles, self.words.roles),
            purposes,
            self.findings.selector(spot / "recipients", "recipient", given.recipients, self.words.recipients),
        )

    def on(self, spot: Spot, given: OnDocument) -> On:
        """Return a selector of fields, its names checked."""
        select = self.findings.selector
        connectors = select(spot / "connectors", "connector", given.connectors, self.catalogues)
        searched = [
            catalogue for name, catalogue in self.catalogues.items() if connectors is None or name in connectors
        ]
        named = {name for catalogue in searched for name in catalogue}
        objects = select(spot / "objects", "object", given.objects, named)
        specs = _specs(searched, objects)
        listed = {name for spec in specs for name in spec.fields}
        return On(
            connectors,
            objects,
            select(spot / "categories", "category", given.categories, self.categories),
            select(spot / "tags", "tag", given.tags, self.tags),
            select(spot / "fields", "field", given.fields, listed),
        )


def _specs(catalogues: Sequence[Catalogue], objects: frozenset[str] | None) -> list[ObjectSpec]:
    return [
        spec
        for catalogue in catalogues
        for name, spec in catalogue.items()
        if objects is None or name in objects
    ]


def _actions(given: Iterable[Action | str]) -> frozenset[Action]:
    words = frozenset(given)
    return frozenset(Action) if "*" in words else frozenset(Action(word) for word in words)


def _recipient_guards(vocabulary: Vocabulary, findings: Findings) -> Iterator[Written]:
    """Yield the built-in guards: no processor abroad without safeguards, none after its agreement ends."""
    adequate = vocabulary.sets.get("adequate", frozenset())
    for name, spec in vocabulary.recipients.items():
        processor = spec.recipient.kind == "processor"
        if processor and not spec.safeguards and spec.recipient.country not in adequate:
            where = spec.recipient.country or "an unknown country"
            message = f"processor {name} in {where} has no safeguards and is not in sets.adequate: all is denied"
            findings.add(spec.spot, "LG110", message, severity="warning", key=True)
            yield Written(_closed(name, "safeguards", spec.spot), spec.spot)
        if spec.dpa_expires is not None and spec.dpa_expires < date.max:
            after = spec.dpa_expires + timedelta(days=1)
            yield Written(_closed(name, "agreement", spec.spot, after), spec.spot)


def _closed(recipient: str, what: str, spot: Spot, since: date | None = None) -> Rule:
    """Return a guard that denies a recipient everything; its id cannot be an author's, for the colon."""
    return Rule(
        id=f"built-in:{recipient}-{what}",
        kind="guard",
        effect=Effect.DENY,
        actions=frozenset(Action),
        callers=Callers(recipients=frozenset({recipient})),
        since=since,
        place=str(spot),
    )
