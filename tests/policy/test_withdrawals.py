"""What follows when a consent is withdrawn, as policies say it; and how one record stands."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from proxy.connectors.facts import Known
from proxy.model import AttributeSpec, Catalogue, FieldSpec, ObjectSpec
from proxy.policy.compile import PolicySet
from proxy.policy.plan import Verdict, notes
from tests.policy.conftest import VOCABULARY, Bench

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CONSENTING = VOCABULARY.replace(
    "marketing.newsletter: {lawful_basis: legitimate_interests}",
    "marketing.newsletter: {lawful_basis: consent, consent: news}",
)
RULE = (
    "withdrawals: [{id: gone, on: {objects: [Contact]}, consent: news, then: case, ground: consent_withdrawn%s}]"
)
PLAIN = RULE % ""
OUT = ", when: resource.opted_out"
BASIS = ", unless: [{because: An order is open., refs: [GDPR Art. 6(1)(b)], when: resource.ordered}]"


@pytest.fixture
def catalogues(catalogues: Mapping[str, Catalogue]) -> Mapping[str, Catalogue]:
    """The small CRM, whose contacts say what they consent to, and that they opted out."""
    contact = catalogues["crm"]["Contact"]
    attributes = {
        "consents": AttributeSpec("Consents", "list<string>", default=()),
        "opted_out": AttributeSpec("OptedOut", "bool", default=False),
        "ordered": AttributeSpec("Ordered", "bool", default=False),
    }
    fields = {**contact.fields, "Consents": FieldSpec("user.behavior.marketing")}
    known = ObjectSpec(contact.name, fields, contact.subject_key, attributes)
    return {**catalogues, "crm": {**catalogues["crm"], "Contact": known}}


@pytest.fixture(autouse=True)
def words(bench: Bench) -> None:
    """One purpose rests on consent."""
    bench.write("vocabulary.yaml", CONSENTING)


def _told(bench: Bench, text: str) -> list[str]:
    bench.write("erasure.yaml", text, kind="Erasure")
    checked = bench.check("grants: []")
    return [f"{each.line}:{each.column} {each.code} {each.message}" for each in checked.problems]


def _set(bench: Bench, text: str) -> PolicySet:
    bench.write("erasure.yaml", text, kind="Erasure")
    found = bench.check("grants: []").policies
    assert found is not None, _told(bench, text)
    return found


def _unknown(*names: str, **facts: object) -> Known:
    found = Known(facts)
    found.unknown = frozenset(names)
    return found


IN, NOT_IN, IS_OUT = {"consents": ("news", "survey")}, {"consents": ("survey",)}, {"opted_out": True}


@pytest.mark.parametrize(
    ("more", "facts", "stands"),
    [
        ("", Known(IN), "given"),
        ("", Known(NOT_IN), "absent"),  # was it ever given? nobody can say by the list alone
        ("", _unknown("consents"), "unknown"),
        (OUT, Known(NOT_IN | IS_OUT), "withdrawn"),
        (OUT, Known(NOT_IN | {"opted_out": False}), "absent"),
        (OUT, Known(IN | {"opted_out": False}), "given"),
        (OUT, Known(IN | IS_OUT), "withdrawn"),  # what shows it is what the rule says, whatever is listed
        (OUT, _unknown("opted_out", **NOT_IN), "unknown"),
        (OUT, _unknown("consents", **IS_OUT), "withdrawn"),
        (OUT, _unknown("consents", opted_out=False), "unknown"),
    ],
)
def test_withdrawn_is_what_a_record_says_and_nothing_else(
    bench: Bench, catalogues: Mapping[str, Catalogue], more: str, facts: Known, stands: str
) -> None:
    """Never given is not withdrawn; what cannot be read is a doubt."""
    (rule,) = _set(bench, RULE % more).erasing.withdrawals
    assert rule.stands("crm", catalogues["crm"]["Contact"], facts, NOW) == stands


def test_another_basis_lets_a_record_stay(bench: Bench, catalogues: Mapping[str, Catalogue]) -> None:
    """Where it is there; where nobody can say, that is no yes and no no."""
    (rule,) = _set(bench, RULE % (OUT + BASIS)).erasing.withdrawals
    spec = catalogues["crm"]["Contact"]
    assert rule.attributes("crm", spec) == {"consents", "opted_out", "ordered"}
    assert rule.shows("crm", spec) == {"consents", "opted_out"}
    assert rule.spared("crm", spec, Known(ordered=True), NOW) is True
    assert rule.spared("crm", spec, Known(ordered=False), NOW) is False
    assert rule.spared("crm", spec, _unknown("ordered"), NOW) not in (True, False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PLAIN, ""),
        (PLAIN.replace("news", "newz"),
         'LG147 no purpose rests on the consent "newz" (did you mean "news"?)'),
        (PLAIN.replace("objects: [Contact]", ""), "Account of crm, contacts of hub: there is no attribute"),
        (PLAIN.replace("[Contact]", "[Account]"), "LG147 Account of crm: there is no attribute consents"),
        (RULE % ", when: resource.opted_owt", 'LG101 unknown attribute resource.opted_owt'),
        (RULE % ", when: purpose == 'support'", "LG122 nobody asks when a consent is withdrawn"),
        (PLAIN.replace(", ground: consent_withdrawn", ""), "LG147 case opens a case, and a case needs"),
        (PLAIN.replace("consent_withdrawn", "consent_withdrawm"), 'gdpr has no ground "consent_withdrawm"'),
        (f"law: hipaa\n{RULE % ''}", "hipaa has no ground"),
        (PLAIN.replace("[Contact]", "[Contact], fields: [Name]"), "name connectors and objects only"),
    ],
)  # fmt: skip
def test_a_rule_that_could_never_see_a_withdrawal_is_refused(bench: Bench, text: str, told: str) -> None:
    """At its place: protection that is on and does nothing is the worst."""
    found = _told(bench, text)
    assert bool(found) is bool(told)
    if told:
        assert any(told in each and not each.startswith("0:") for each in found), found


def test_a_list_that_no_client_can_write_shows_nothing(
    bench: Bench, catalogues: Mapping[str, Catalogue]
) -> None:
    """Its field is not among those that the connector lists, so no client takes a consent from it."""
    contact = catalogues["crm"]["Contact"]
    fields = {name: each for name, each in contact.fields.items() if name != "Consents"}
    unlisted = ObjectSpec(contact.name, fields, contact.subject_key, contact.attributes)
    bench.catalogues = {**catalogues, "crm": {**catalogues["crm"], "Contact": unlisted}}
    assert any("LG147 Contact of crm: there is no attribute consents" in each for each in _told(bench, PLAIN))
    assert _told(bench, RULE % OUT) == []


def test_an_object_whose_people_nobody_can_erase_is_refused(bench: Bench) -> None:
    """No case about them could ever be carried out."""
    bench.connectors = {"crm": {"erasure": {"objects": {"Contact": {"of": []}}}}}
    assert any("no people in its connector's `erasure`" in each for each in _told(bench, RULE % ""))
    bench.connectors = {"crm": {"erasure": {"objects": {"Contact": {"person": True}}}}}
    assert not _told(bench, RULE % "")


ABOUT = "changes which consent it is about, where, or what shows it"
STAY = "changes which records another basis lets stay"
WHAT = "a consent withdrawn by gone"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (PLAIN, "rules: []", [(Verdict.LOOSENED, WHAT, "nothing, before case")]),
        ("rules: []", RULE % "", [(Verdict.TIGHTENED, WHAT, "case, before nothing")]),
        (PLAIN, PLAIN.replace("then: case", "then: report"),
         [(Verdict.LOOSENED, WHAT, "report, before case")]),
        (PLAIN, RULE % OUT, [(Verdict.MIXED, WHAT, ABOUT)]),
        (RULE % OUT, RULE % (OUT + BASIS), [(Verdict.LOOSENED, WHAT, STAY)]),
        (PLAIN, PLAIN.replace("consent_withdrawn", "objection"),
         [(None, WHAT, "changes the ground of the case")]),
        (RULE % BASIS, RULE % BASIS, []),
    ],
)  # fmt: skip
def test_a_review_tells_what_changes(
    bench: Bench, old: str, new: str, expected: list[tuple[Verdict | None, str, str]]
) -> None:
    """A case that is not opened any more loosens."""
    found = notes(_set(bench, old), _set(bench, new))
    assert [(note.verdict, note.what, note.text) for note in found] == expected
