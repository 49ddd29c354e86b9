"""A pack's own tests, put to the pack as a set takes it in: where grants open everything, what does it close?

They are tried apart from the set's grants and records, which a pack cannot know: on an object that has a field
of each category that is probed, for callers and recipients that are made up. What is tried are the guards as
they stand in the folder, in force and without the exceptions that somebody made for callers of the set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from proxy.model import Access, AttributeSpec, Catalogue, FieldSpec, ObjectSpec, Outcome, Principal, Purpose
from proxy.policy.compile import PolicySet
from proxy.policy.decide import decide
from proxy.policy.documents import PolicyDocument, VocabularyDocument
from proxy.policy.gather import Gathered
from proxy.policy.link import link_rules
from proxy.policy.names import Findings
from proxy.policy.packs.choosing import pack_of
from proxy.policy.packs.documents import PackDocument, PackTest, Probe
from proxy.policy.rules import CheckMask
from proxy.policy.vocabulary import link_vocabulary
from proxy.yamlfile import YamlFile, parse_yaml, validate

CONNECTOR, OBJECT, ROLE = "vectors", "Thing", "vector"
_OPEN = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: vectors}
grants: [{id: vectors.everything, effect: allow, actions: ["*"]}]
"""


@dataclass(frozen=True, slots=True)
class Vector:
    """One pair of probes of one rule, and what came of it."""

    pack: str
    rule: str
    place: str
    """`file:line:column` of the rule; "" if the pack has no such guard."""
    wrong: str
    """What came out otherwise; "" if nothing did."""

    @property
    def passed(self) -> bool:
        """Tell whether the rule decided the first probe, and nothing closed the second."""
        return not self.wrong


def try_packs(gathered: Gathered, *, check_mask: CheckMask, now: datetime) -> tuple[Vector, ...]:
    """Return what comes of every test of every pack that a set takes in, by pack and rule.

    Args:
        gathered: a set without errors.
        check_mask: says whether a mask can be carried out.
        now: with offset.
    """
    return tuple(
        vector
        for pack in sorted(gathered.packs, key=lambda each: each.metadata.name)
        for vector in _Tried(pack, gathered, check_mask, now).vectors()
    )


def words(pack: PackDocument) -> str:
    """Return a vocabulary that has what a pack's tests ask for: who asks, for whom, and the pack's sets."""
    probes = _probes(pack)
    recipients = {recipient_of(probe): probe.recipient for probe in probes}
    listed = ", ".join(name for name, who in recipients.items() if who.listed) or "nobody"
    lines = [
        "apiVersion: lychgate.dev/v1",
        "kind: Vocabulary",
        "metadata: {name: vectors}",
        f"roles: {{{ROLE}: {{}}}}",
        "purposes: {work: {lawful_basis: contract}}",
        "recipients:",
    ]
    for name, who in recipients.items():
        country = f', country: "{who.country}"' if who.country else ""
        safeguards = ", safeguards: [contract]" if who.kind == "processor" else ""
        lines.append(f"  {name}: {{kind: {who.kind}{country}{safeguards}}}")
    lines += ["sets:", '  unused: ["-"]']
    lines += [f"  {name}: [{'IE, DE, FR' if name == 'adequate' else listed}]" for name in pack.needs]
    return "\n".join(lines) + "\n"


def catalogue_of(pack: PackDocument) -> Catalogue:
    """Return an object with a field of each category and tag that is probed."""
    fields = {
        field_of(probe): FieldSpec(
            probe.category or "user.content", frozenset() if probe.tag is None else frozenset({probe.tag})
        )
        for probe in _probes(pack)
    }
    consents = AttributeSpec("Consents", "list<string>", default=())
    return {OBJECT: ObjectSpec(OBJECT, fields, attributes={"consents": consents})}


def field_of(probe: Probe) -> str:
    """Return the field that a probe is about."""
    return (probe.category or f"tag_{probe.tag}").replace(".", "_")


def recipient_of(probe: Probe) -> str:
    """Return the name of the recipient that a probe is about."""
    who = probe.recipient
    return f"vector_{who.kind}_{who.country or 'nowhere'}{'_listed' if who.listed else ''}"


def outcome_of(policies: PolicySet, probe: Probe, connector: str, now: datetime) -> Outcome:
    """Return what a set with those words and that catalogue says of a probe."""
    recipient = policies.recipients[recipient_of(probe)]
    roles = frozenset({ROLE})
    plan = policies.plan(
        connector=connector,
        roles=roles,
        purpose=probe.purpose,
        recipient=recipient.name,
        action=probe.action,
        object=OBJECT,
    )
    principal = Principal("vector", "vector", roles, recipient, probe.kind)
    facts = {"consents": probe.consents}
    access = Access(principal, Purpose(probe.purpose), probe.action, OBJECT, facts=facts, now=now)
    return decide(plan, access).of(field_of(probe))


def _probes(pack: PackDocument) -> Sequence[Probe]:
    return [probe for test in pack.tests for probe in (test.closes, test.leaves)]


class _Tried:
    """One pack, and a set around it that opens everything."""

    def __init__(self, pack: PackDocument, gathered: Gathered, check_mask: CheckMask, now: datetime) -> None:
        self.pack = pack
        self.now = now
        name = pack.metadata.name
        catalogues: Mapping[str, Catalogue] = {CONNECTOR: catalogue_of(pack)}
        findings = Findings()
        made = _made(words(pack), VocabularyDocument)
        theirs = [each for each in gathered.vocabularies if pack_of(each[0].path) == name]
        vocabulary = link_vocabulary([made, *theirs], check_mask, findings)
        guards = [each for each in gathered.policies if pack_of(each[0].path) == name]
        bare = [(file, _without_exceptions(document)) for file, document in guards]
        written = link_rules([_made(_OPEN, PolicyDocument), *bare], vocabulary, catalogues, findings)
        rules = [replace(each.rule, mode="enforce") for each in written if each.rule.layer == ""]
        self.problems = [each for each in findings.problems if each.severity == "error"]
        self.policies = PolicySet(rules, vocabulary, catalogues, digest="", clock=now.timestamp)
        self.rules = {rule.id: rule for rule in rules}

    def vectors(self) -> Sequence[Vector]:
        return [
            Vector(
                self.pack.metadata.name,
                test.rule,
                self.rules[test.rule].place if test.rule in self.rules else "",
                self._wrong(test),
            )
            for test in self.pack.tests
        ]

    def _wrong(self, test: PackTest) -> str:
        rule = self.rules.get(test.rule)
        if self.problems:
            return f"cannot be tried: {self.problems[0].message}"
        if rule is None:
            return "the pack has no such guard"
        closed, left = self._outcome(test.closes), self._outcome(test.leaves)
        if (closed.effect, closed.rule) != (rule.effect, rule.id):
            return f"closes: expected {rule.effect.name.lower()}, got {_told(closed)}"
        if left.rule != "vectors.everything":
            return f"leaves: expected allow, got {_told(left)}"
        return ""

    def _outcome(self, probe: Probe) -> Outcome:
        return outcome_of(self.policies, probe, CONNECTOR, self.now)


def _made[M: (VocabularyDocument, PolicyDocument)](text: str, model: type[M]) -> tuple[YamlFile, M]:
    (file,) = parse_yaml(text, "vectors")
    return file, validate(file, model)


def _without_exceptions(document: PolicyDocument) -> PolicyDocument:
    bare = tuple(rule.model_copy(update={"exceptions": ()}) for rule in document.guards)
    return document.model_copy(update={"guards": bare})


def _told(outcome: Outcome) -> str:
    return outcome.effect.name.lower() + (f" by {outcome.rule}" if outcome.rule else "")
