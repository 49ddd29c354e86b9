"""The example set does what its descriptions say, on every CRM that ships."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.model import Access, Action, Catalogue, Principal, Purpose, Recipient
from proxy.policy import PolicySet, check_policies, decide
from proxy.transforms import check_mask

SUPPORT = ("customer_support", "helpdesk_app")
NEWSLETTER = ("newsletter", "mailer_us")
REQUEST = ("subject_request", "dpo_office")
PURPOSE = {
    "support_agent": SUPPORT,
    "support_lead": SUPPORT,
    "marketer": NEWSLETTER,
    "privacy_officer": REQUEST,
}
NOW = 1_795_424_400.0


@pytest.fixture(scope="module")
def example(shipped: Path, catalogues: Mapping[str, Catalogue]) -> PolicySet:
    """Return the set that ships, which has to be without a finding."""
    checked = check_policies(shipped, catalogues, check_mask=check_mask, clock=lambda: NOW)
    assert [str(problem) for problem in checked.problems] == []
    assert checked.policies is not None
    return checked.policies


def _outcome(policies: PolicySet, role: str, action: str, target: str, *, purpose: str = "") -> str:
    connector, _, rest = target.partition(":")
    name, _, field = rest.rpartition("/")
    why, who = PURPOSE[role]
    plan = policies.plan(
        connector=connector,
        roles=frozenset({role}),
        purpose=purpose or why,
        recipient=who,
        action=Action(action),
        object=name,
    )
    found = plan.decision.of(field)
    return f"{found.effect.name.lower()}{f' {found.mask.name}' if found.mask else ''}"


AGENT = [
    ("read", "Name", "allow"),
    ("list", "Email", "allow"),
    ("read", "Phone", "mask phone_ending"),
    ("read", "MailingCity", "allow"),
    ("read", "MailingStreet", "deny"),
    ("read", "MailingAddress", "deny"),  # the compound of street and city
    ("read", "Birthdate", "mask year"),
    ("read", "Iban__c", "deny"),
    ("read", "SSN__c", "deny"),
    ("read", "Allergies__c", "deny"),
    ("read", "Description", "redact"),
    ("filter", "Email", "allow"),
    ("filter", "Name", "allow"),
    ("filter", "Id", "allow"),
    ("filter", "Phone", "deny"),  # would tell what the mask hides
    ("sort", "Birthdate", "deny"),
    ("filter", "SSN__c", "deny"),
    ("update", "Phone", "allow"),
    ("update", "Email", "deny"),
    ("update", "", "deny"),
    ("delete", "", "deny"),
    ("export", "", "deny"),
    ("export", "Name", "deny"),
    ("aggregate", "", "allow"),  # how many contacts there are
]


@pytest.mark.parametrize(("action", "field", "outcome"), AGENT)
def test_an_agent_sees_whom_they_talk_to_and_no_more(
    example: PolicySet, action: str, field: str, outcome: str
) -> None:
    """Names and addresses in clear, the ending of a number, the year of a birthday, nothing special."""
    assert _outcome(example, "support_agent", action, f"salesforce:Contact/{field}") == outcome


@pytest.mark.parametrize(
    ("action", "field", "outcome"),
    [
        ("create", "type", "allow"),
        ("create", "phone_value", "allow"),
        ("update", "phone_value", "allow"),  # an update may replace any of them, and does not say which
        ("update", "any_value", "allow"),
        ("update", "type", "deny"),  # or a number called an e-mail address would be shown as one
        ("update", "party", "allow"),
        ("update", "sequence", "deny"),
        ("update", "comment", "deny"),
        ("read", "any_value", "deny"),
    ],
)
def test_an_agent_replaces_what_reaches_a_person_and_renames_nothing(
    example: PolicySet, action: str, field: str, outcome: str
) -> None:
    """In Tryton, where every way to reach a person is a record that says what it is."""
    assert _outcome(example, "support_agent", action, f"tryton:party.contact_mechanism/{field}") == outcome


@pytest.mark.parametrize(
    ("salesforce", "other"),
    [
        ("Name", "hubspot:contacts/firstname"),
        ("Email", "hubspot:contacts/email"),
        ("Phone", "hubspot:contacts/phone"),
        ("MailingCity", "hubspot:contacts/city"),
        ("MailingStreet", "hubspot:contacts/address"),
        ("Birthdate", "hubspot:contacts/date_of_birth"),
        ("Iban__c", "hubspot:contacts/iban"),
        ("SSN__c", "hubspot:contacts/national_id"),
        ("Allergies__c", "hubspot:contacts/health_conditions"),
        ("Description", "hubspot:contacts/notes"),
        ("Name", "tryton:party.party/name"),
        ("Phone", "tryton:party.party/phone"),
        ("MailingCity", "tryton:party.address/city"),
        ("MailingStreet", "tryton:party.address/street"),
        ("SSN__c", "tryton:party.identifier/code"),
    ],
)
def test_one_rule_means_the_same_in_every_crm(example: PolicySet, salesforce: str, other: str) -> None:
    """Categories carry a rule across: each role gets of a field what it gets of the same field elsewhere."""
    for role in ("support_agent", "support_lead", "privacy_officer"):
        for action in ("read", "list", "filter", "update", "delete", "erase"):
            here = _outcome(example, role, action, f"salesforce:Contact/{salesforce}")
            assert _outcome(example, role, action, other) == here, (role, action)


@pytest.mark.parametrize(
    ("action", "field", "outcome"),
    [
        ("read", "Phone", "allow"),
        ("read", "MailingStreet", "allow"),
        ("read", "Birthdate", "mask year"),
        ("read", "Description", "redact"),
        ("read", "SSN__c", "deny"),
        ("create", "Name", "allow"),
        ("create", "Email", "allow"),
        ("update", "MailingStreet", "allow"),
        ("update", "SSN__c", "deny"),
        ("filter", "Phone", "deny"),
        ("delete", "", "deny"),
        ("export", "", "deny"),
    ],
)
def test_a_lead_reaches_people_and_corrects_records(
    example: PolicySet, action: str, field: str, outcome: str
) -> None:
    """Phones and streets in clear, create and update, and the same walls."""
    assert _outcome(example, "support_lead", action, f"salesforce:Contact/{field}") == outcome


@pytest.mark.parametrize(
    ("action", "target", "outcome"),
    [
        ("list", "salesforce:Contact/Name", "allow"),
        ("list", "hubspot:contacts/email", "allow"),
        ("list", "hubspot:contacts/phone", "deny"),
        ("list", "salesforce:Case/ContactEmail", "deny"),  # of contacts, not of everything that has an address
        ("list", "salesforce:Contact/Description", "deny"),
        ("read", "salesforce:Contact/Email", "deny"),  # a list, not one person at a time
        ("filter", "hubspot:contacts/hs_email_optout", "allow"),
        ("filter", "hubspot:contacts/email", "deny"),
        ("update", "hubspot:contacts/email", "deny"),
        ("delete", "hubspot:contacts/", "deny"),
        ("export", "hubspot:contacts/", "deny"),
    ],
)
def test_the_newsletter_gets_a_list_of_names_and_addresses(
    example: PolicySet, action: str, target: str, outcome: str
) -> None:
    """Name and e-mail address of contacts, and whether they opted out."""
    assert _outcome(example, "marketer", action, target) == outcome


def test_another_purpose_opens_nothing(example: PolicySet) -> None:
    """The same people for another purpose, or on behalf of another organisation, get nothing."""
    for role, purpose in (("marketer", "customer_support"), ("support_agent", "newsletter")):
        assert _outcome(example, role, "list", "salesforce:Contact/Email", purpose=purpose) == "deny"


def test_the_privacy_office_sees_and_erases_everything_but_exports_nothing(
    example: PolicySet, catalogues: Mapping[str, Catalogue]
) -> None:
    """For a person's request every listed field is in clear, in every CRM, and the record can go."""
    for connector, name, subject in (
        ("salesforce", "Contact", True),
        ("hubspot", "contacts", True),
        ("tryton", "party.party", True),
    ):
        assert subject is (catalogues[connector][name].subject_key is not None)
        for field in catalogues[connector][name].fields:
            assert _outcome(example, "privacy_officer", "read", f"{connector}:{name}/{field}") == "allow", field
        for action, outcome in (("delete", "allow"), ("erase", "allow"), ("export", "deny")):
            assert _outcome(example, "privacy_officer", action, f"{connector}:{name}/") == outcome


def test_the_newsletter_service_gets_nothing_once_its_agreement_has_ended(
    shipped: Path, catalogues: Mapping[str, Catalogue]
) -> None:
    """The day after `dpa_expires` no grant opens anything to it."""
    later = check_policies(shipped, catalogues, check_mask=check_mask, clock=lambda: NOW + 365 * 86_400)
    assert later.policies is not None
    assert _outcome(later.policies, "marketer", "list", "hubspot:contacts/email") == "deny"


def test_no_client_of_the_example_can_sign_in(example: PolicySet) -> None:
    """What ships has no credential in it; each installation makes its own."""
    assert set(example.clients) == {"helpdesk", "helpdesk_leads", "mailer", "privacy_desk"}
    assert not any(each.key_digests or each.sans or each.jwt for each in example.clients.values())


FACTS = {"consents": ("product_news",), "restricted": False, "last_activity": None}


@pytest.mark.parametrize(
    ("facts", "name", "email", "would"),
    [
        (FACTS, "allow", "allow", ""),
        (FACTS | {"consents": ("survey",)}, "deny", "deny", ""),  # to something else
        (FACTS | {"consents": ()}, "deny", "deny", ""),
        (FACTS | {"restricted": True}, "deny", "deny", ""),
        ({"consents": ("product_news",)}, "deny", "deny", ""),  # nobody knows whether it is restricted
        ({}, "deny", "deny", ""),
        (
            FACTS | {"last_activity": datetime(2024, 11, 1, tzinfo=UTC)},
            "allow",
            "allow",
            "redact by stale-contacts",
        ),
        (FACTS | {"last_activity": datetime(2026, 11, 1, tzinfo=UTC)}, "allow", "allow", ""),
    ],
)
@pytest.mark.parametrize(("connector", "object_", "fields"), [
    ("salesforce", "Contact", ("Name", "Email")), ("hubspot", "contacts", ("firstname", "email")),
])  # fmt: skip
def test_product_news_go_to_those_who_asked_for_them(  # noqa: PLR0917
    example: PolicySet,
    facts: Mapping[str, object],
    name: str,
    email: str,
    would: str,
    connector: str,
    object_: str,
    fields: tuple[str, str],
) -> None:
    """Consent and no restriction, on each record; what nobody has touched in two years is only noted."""
    caller = {"roles": frozenset({"marketer"}), "purpose": "product_news", "recipient": "mailer_us"}
    plan = example.plan(connector=connector, action=Action.LIST, object=object_, **caller)
    who = Principal("mailer", "mailer", frozenset({"marketer"}), Recipient("mailer_us", "processor", "US"))
    now = datetime.fromtimestamp(NOW, UTC)
    decision = decide(plan, Access(who, Purpose("product_news"), Action.LIST, object_, facts, now))
    found = [decision.of(field).effect.name.lower() for field in fields]
    assert found == [name, email]
    assert decision.of(fields[1]).would == would
    assert plan.attributes == {"consents", "restricted", "last_activity"}


def test_the_example_of_protection_is_switched_on_by_its_name(
    shipped: Path, catalogues: Mapping[str, Catalogue], tmp_path: Path
) -> None:
    """It lies beside the others and does nothing; called as they are, it is without a finding."""
    found = tmp_path / "policies"
    shutil.copytree(shipped, found, ignore=shutil.ignore_patterns("packs", ".*"))
    off = found / "example" / "protection.yaml.off"
    for on in (False, True):
        checked = check_policies(found, catalogues, check_mask=check_mask, clock=lambda: NOW)
        assert [str(problem) for problem in checked.problems] == []
        assert checked.policies is not None
        assert bool(checked.policies.protections("salesforce")) is on
        if not on:
            off.rename(off.with_suffix(""))
