"""Conditions read as formulas, held against asking them of records."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from proxy.model import (
    Action,
    AttributeSpec,
    Catalogue,
    Effect,
    FieldSpec,
    ObjectSpec,
    Principal,
    Purpose,
    Recipient,
)
from proxy.policy import PolicySet
from proxy.policy.conditions import (
    CONSENTS,
    ERROR,
    Attribute,
    Condition,
    Declarations,
    Flawed,
    check,
    compile_condition,
    context_of,
    parse,
    read_type,
)
from proxy.policy.documents import VocabularyDocument
from proxy.policy.names import Findings
from proxy.policy.plan import Caller, Verdict, compare, sides
from proxy.policy.plan.formula import (
    MISSING,
    OTHER,
    UNREADABLE,
    UNUSABLE,
    YES,
    All,
    Atom,
    Constant,
    Formula,
    Not,
)
from proxy.policy.plan.reading import Conditions
from proxy.policy.plan.space import Space
from proxy.policy.rules import Rule
from proxy.policy.vocabulary import link_vocabulary
from proxy.yamlfile import YamlFile, validate

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ATTRIBUTES = {
    "country": AttributeSpec("Country", "string", optional=True),
    "restricted": AttributeSpec("Restricted", "bool", default=False),
    "level": AttributeSpec("Level", "int"),
    "consents": AttributeSpec("Consents", "list<string>", default=()),
}
CONTACT = ObjectSpec("Contact", {"Phone": FieldSpec("user.contact")}, attributes=ATTRIBUTES)
CATALOGUE = {"crm": {"Contact": CONTACT}}
WORDS = """\
roles: {agent: {}, lead: {}}
purposes: {support: {lawful_basis: contract}, news: {lawful_basis: consent, consent: news}}
recipients: {desk: {country: IE}, abroad: {country: US}, nowhere: {}}
sets: {eea: [IE, DE]}
variables: {in_eea: has(resource.country) && resource.country in sets.eea}
"""
RULE = """\
grants:
  - id: phone
    effect: allow
    roles: [agent, lead]
    recipients: [desk, abroad, nowhere]
    on: {fields: [Phone]}
    actions: [read]
    when: %s
"""
DESK = Caller(frozenset({"agent"}), "support", "desk")


@pytest.fixture
def catalogues() -> Mapping[str, Catalogue]:
    """Return one object with attributes of several types."""
    return CATALOGUE


def load(bench: Any, when: str, words: str = WORDS) -> PolicySet:
    """Return a set with one grant under a condition."""
    bench.write("vocabulary.yaml", words, kind="Vocabulary")
    checked = bench.check(RULE % when)
    assert checked.policies is not None, checked.problems
    return checked.policies


def read(policies: PolicySet, caller: Caller = DESK) -> Formula:
    """Return the condition of the only grant, as plan reads it."""
    reading = Conditions(policies, policies, "")
    (rule,) = (rule for rule in policies.rules if not rule.built_in)
    return reading.formula(rule, ("crm", "Contact"), reading.given(caller), record=True)


IN_EEA = Atom("resource.country", "resource.country in sets.eea", frozenset({'"IE"', '"DE"'}))
AGENT = Atom("principal.kind", 'principal.kind == "agent"', frozenset({'"agent"'}), fails=False)
HAS = Atom("resource.country", "has(resource.country)", frozenset(), presence=True)


@pytest.mark.parametrize(
    ("when", "formula"),
    [
        ("resource.restricted", Atom("resource.restricted", "resource.restricted")),
        ("resource.restricted == true", Atom("resource.restricted", "resource.restricted")),
        ("resource.restricted == false", Not(Atom("resource.restricted", "resource.restricted"))),
        ("resource.restricted != true", Not(Atom("resource.restricted", "resource.restricted"))),
        ("variables.in_eea", All((HAS, IN_EEA))),
        ("resource.level == 3", Atom("resource.level", "resource.level == 3", frozenset({"3"}))),
        ("resource.level in [1, 2]", Atom("resource.level", "resource.level in [1, 2]", frozenset({"1", "2"}))),
        ("resource.level > 3", Atom("resource.level > 3", "resource.level > 3")),  # a fact of its own
        ("resource.level <= 3", Not(Atom("resource.level > 3", "resource.level > 3"))),  # and its opposite
        ("'\"news\" in resource.consents'", Atom('"news" in resource.consents', '"news" in resource.consents')),
        (AGENT.text, AGENT),
        ('recipient.country == "IE"', Constant(value=True)),  # known of the desk
        ('purpose == "news"', Constant(value=False)),
        ('"lead" in principal.roles', Constant(value=False)),
        ('recipient.country == "IE" && resource.restricted', Atom("resource.restricted", "resource.restricted")),
    ],
)
def test_what_is_known_of_the_caller_is_put_in_and_the_rest_are_facts(
    bench: Any, when: str, formula: Formula
) -> None:
    """Equal questions are equal facts, however they are written."""
    assert read(load(bench, when if when.startswith("'") else f"'{when}'")) == formula


def test_a_recipient_whose_country_nobody_knows_is_an_error(bench: Any) -> None:
    """So a grant for it opens nothing, as at run time."""
    policies = load(bench, "'!(recipient.country in sets.eea)'")
    assert read(policies, Caller(frozenset({"agent"}), "support", "abroad")) == Constant(value=True)
    assert read(policies, Caller(frozenset({"agent"}), "support", "nowhere")) == Constant(None)


def test_a_purpose_that_rests_on_consent_makes_grants_depend_on_it(bench: Any) -> None:
    """Without being written in the rule."""
    policies = load(bench, "resource.restricted")
    consent = Atom('consent("news")', 'consent("news")')
    found = read(policies, Caller(frozenset({"agent"}), "news", "desk"))
    assert found == All((Atom("resource.restricted", "resource.restricted"), consent))


def test_a_set_that_grows_is_a_change_though_no_rule_says_another_word(bench: Any) -> None:
    """Whatever is in the set is part of the condition, in a test of one attribute and inside anything else."""
    for when in ("variables.in_eea", "'sets.eea.exists(c, has(resource.country) && resource.country == c)'"):
        old = load(bench, when)
        new = load(bench, when, WORDS.replace("[IE, DE]", "[IE, DE, FR]"))
        found = compare(*sides(old, new), today=date(2026, 11, 23))
        assert found.opens
        assert compare(*sides(old, old), today=date(2026, 11, 23)).changes == ()
    assert {change.verdict for change in found.changes} == {Verdict.MIXED}  # inside, it is not known which way
    wider = load(bench, "variables.in_eea", WORDS.replace("[IE, DE]", "[IE, DE, FR]"))
    growing = compare(*sides(load(bench, "variables.in_eea"), wider), today=date(2026, 11, 23))
    assert {change.verdict for change in growing.changes} == {Verdict.LOOSENED}
    assert growing.changes[0].examples[0].facts["resource.country"] == '"FR"'


def test_an_attribute_that_is_read_from_another_field_is_another_fact(bench: Any) -> None:
    """The rule says the same of something else, so anybody may see more or less than before."""
    old = load(bench, "resource.restricted")
    moved = replace(ATTRIBUTES["restricted"], field="Other")
    bench.catalogues = {"crm": {"Contact": replace(CONTACT, attributes=ATTRIBUTES | {"restricted": moved})}}
    found = compare(*sides(old, load(bench, "resource.restricted")), today=date(2026, 11, 23))
    assert {change.verdict for change in found.changes} == {Verdict.MIXED}
    (change,) = (change for change in found.changes if change.purposes == ("support",))
    assert set(change.examples[0].facts) == {"resource.restricted [before]", "resource.restricted [after]"}


@pytest.mark.parametrize(
    ("kind", "when", "verdict"),
    [
        ("grants", "resource.restricted", None),  # opens no filter, whatever is on the record
        ("grants", "'recipient.country == \"IE\" || resource.restricted'", Verdict.LOOSENED),  # known without it
        ("guards", "resource.restricted", Verdict.TIGHTENED),  # shuts every filter
    ],
)
def test_before_there_is_a_record_what_looks_at_it_is_an_error(
    bench: Any, kind: str, when: str, verdict: Verdict | None
) -> None:
    """A filter is decided on the request alone, so plan says what will really be."""
    head = "  - {id: %s, effect: %s, recipients: [desk], on: {fields: [Phone]}, actions: [filter]"
    grant, guard = "grants:\n" + head % ("one", "allow"), "guards:\n" + head % ("two", "deny")
    if kind == "grants":
        texts = ["grants: []\n", f"{grant}, when: {when}}}\n"]
    else:
        texts = [f"{grant}}}\n", f"{grant}}}\n{guard}, when: {when}}}\n"]
    bench.write("vocabulary.yaml", WORDS, kind="Vocabulary")
    before, after = (bench.check(text).policies for text in texts)
    found = compare(*sides(before, after), today=date(2026, 11, 23))
    verdicts = {change.verdict for change in found.changes if change.purposes == ("support",)}
    assert verdicts == ({verdict} if verdict else set())


# ---- whatever a condition says, plan and the proxy agree on it ----------------------------------------------

QUESTIONS = (
    "resource.restricted",
    "has(resource.country)",
    'resource.country == "IE"',
    'resource.country != "DE"',
    "resource.country in sets.eea",
    "resource.level == 1",
    "resource.level < 2",
    "resource.level >= 2",
    '"news" in resource.consents',
    'consent("news")',
    "size(resource.consents) > 0",
    'recipient.country == "IE"',
    'principal.kind == "human"',
    "true",
)
texts = st.recursive(
    st.sampled_from(QUESTIONS),
    lambda inner: st.one_of(
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} && {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} || {two[1]})"),
        st.tuples(inner, inner, inner).map(lambda three: f"({three[0]} ? {three[1]} : {three[2]})"),
    ),
    max_leaves=5,
)
facts = st.fixed_dictionaries(
    {},
    optional={
        "country": st.sampled_from(["IE", "DE", "FR", 7]),  # 7 is of the wrong type
        "restricted": st.booleans(),
        "level": st.sampled_from([0, 1, 2, "x"]),
        "consents": st.sampled_from([[], ["news"], ["other"], "x"]),
    },
)
DOCUMENT = {
    "apiVersion": "lychgate.dev/v1",
    "kind": "Vocabulary",
    "metadata": {"name": "words"},
    "roles": {"agent": {}},
    "purposes": {"support": {"lawful_basis": "contract"}},
    "recipients": {"desk": {"country": "IE"}},
}
FILE = YamlFile("words.yaml", DOCUMENT, {(): (1, 1)})
VOCABULARY = link_vocabulary([(FILE, validate(FILE, VocabularyDocument))], lambda mask: None, Findings())
DECLARED = Declarations(
    {
        "country": Attribute(read_type("string"), optional=True),
        "restricted": Attribute(read_type("bool")),
        "level": Attribute(read_type("int")),
        "consents": Attribute(read_type("list<string>")),
    },
    {"eea": ["IE", "DE"]},
)
WHO = Principal("c", "c", frozenset({"agent"}), Recipient("desk", country="IE"))
KINDS = {"country": str, "restricted": bool, "level": int}


def _class(fact: str, domain: tuple[str, ...], given_facts: Mapping[str, object]) -> str:
    """Return the class of values that a fact is in."""
    root, _, name = fact.partition(".")
    if fact == "principal.kind":
        return '"integration"' if '"integration"' in domain else OTHER
    if root != "resource" or name not in KINDS:
        asked = compile_condition(check(parse(fact), DECLARED))
        answer = asked.evaluate(_facts(given_facts), context_of(WHO, Purpose("support")), NOW)
        return UNREADABLE if answer is ERROR else YES if answer else OTHER
    value = given_facts.get(name)
    if value is None:
        return MISSING if MISSING in domain else UNREADABLE
    if type(value) is not KINDS[name]:
        return UNUSABLE if UNUSABLE in domain else UNREADABLE
    written = f'"{value}"' if isinstance(value, str) else str(value).lower()
    return written if written in domain else OTHER


def _facts(given_facts: Mapping[str, object]) -> dict[str, object]:
    consents = given_facts.get("consents")
    return dict(given_facts) | ({CONSENTS: frozenset(consents)} if isinstance(consents, list) else {})


@settings(max_examples=300, deadline=None)
@given(texts, facts)
def test_a_formula_says_of_every_record_what_the_condition_does(text: str, record: dict[str, object]) -> None:
    """In the row that the record is in, it is true, false or an error as the proxy would find."""
    try:
        condition = compile_condition(check(parse(text), DECLARED))
    except Flawed:
        assume(False)
    formula = formula_of(condition)
    space = Space([formula])
    row = space.all
    for fact, domain in space.domains.items():
        row &= space.column(fact, _class(fact, domain, record))
    assert row != 0
    true, error = space.where(formula)
    answer = condition.evaluate(_facts(record), context_of(WHO, Purpose("support")), NOW)
    said = True if row & true == row else ERROR if row & error == row else False
    assert said == answer
    assert row & true in (0, row)
    assert row & error in (0, row)


def formula_of(condition: Condition) -> Formula:
    """Return a condition as plan reads it for the desk."""
    conditions = {("crm", "Contact"): condition}
    rule = Rule("r", "grant", Effect.ALLOW, frozenset({Action.READ}), when="x", conditions=conditions)
    policies = PolicySet([rule], VOCABULARY, CATALOGUE, digest="", clock=lambda: 0.0)
    reading = Conditions(policies, policies, "")
    return reading.formula(rule, ("crm", "Contact"), reading.given(DESK), record=True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("false && resource.restricted", "resource.consents == []"),  # an empty list is no impossible case
        ('resource.consents == ["b","a"]', 'resource.consents == ["a","b"]'),  # order counts
        ('resource.consents == ["a","a"]', 'resource.consents == ["a"]'),  # and so does number
        (
            'resource.consents == ["a","b"] && resource.consents == ["a"]',  # is never the case
            'resource.consents == ["a","b"]',
        ),
    ],
)
def test_being_equal_to_a_list_is_not_being_one_of_it(bench: Any, before: str, after: str) -> None:
    """Each list compared with is a question of its own; what opens is seen to open."""
    old, new = (load(bench, f"'{when}'") for when in (before, after))
    assert compare(*sides(old, new), today=date(2026, 11, 23)).opens
