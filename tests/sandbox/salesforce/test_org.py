"""The org's store: what goes with a deleted record, and what stays behind."""

import pytest

from proxy.sandbox.salesforce.refusals import SalesforceError


@pytest.fixture
def store(org):
    """The org of the twelve."""
    return org.org


def kind(store, name):
    """Return an object of the schema."""
    return store.schema.objects[name]


def test_an_account_takes_its_contacts_along(store):
    """Contacts and opportunities follow their account into the recycle bin."""
    store.delete(kind(store, "account"), "001Lg0000000001IAA")
    assert store.find(kind(store, "contact"), "003Lg0000000001IAA")["IsDeleted"] is True
    assert store.find(kind(store, "opportunity"), "006Lg0000000001IAA")["IsDeleted"] is True


def test_a_case_keeps_its_contact(store):
    """A contact with a case cannot go, and the refusal names the person; without the case it can."""
    contact, key = kind(store, "contact"), "003Lg0000000002IAA"
    with pytest.raises(SalesforceError, match="DELETE_FAILED") as raised:
        store.delete(contact, key)
    assert "Jürgen Weiß" in raised.value.message
    assert "00001001" in raised.value.message
    store.delete(kind(store, "case"), "500Lg0000000001IAA")
    store.delete(contact, key)
    assert store.find(contact, key)["IsDeleted"] is True


def test_a_lookup_is_emptied(store):
    """What merely points at a deleted record points at nothing afterwards, and copies of its data stay."""
    contact = kind(store, "contact")
    store.change(contact, "003Lg0000000003IAA", {"ReportsToId": "003Lg0000000001IAA"})
    store.delete(contact, "003Lg0000000001IAA")
    assert store.find(contact, "003Lg0000000003IAA")["ReportsToId"] is None
    [lead] = [row for row in store.rows(kind(store, "lead")) if row["LastName"] == "Byrne"]
    assert lead["Phone"] == "+353 1 555 0101"


def test_changes_are_stamped_by_the_clock(store, clock):
    """A change carries the time of the clock, creation keeps its own."""
    clock.advance(days=2)
    store.change(kind(store, "contact"), "003Lg0000000001IAA", {"Title": "Chair"})
    row = store.find(kind(store, "contact"), "003Lg0000000001IAA")
    assert row["CreatedDate"] == "2026-01-01T00:00:00.000+0000"
    assert row["LastModifiedDate"] == row["SystemModstamp"] == "2026-01-03T00:00:00.000+0000"


def test_a_case_shows_its_contacts_address(store):
    """ContactEmail follows the contact; SuppliedEmail is a copy that stays."""
    store.change(kind(store, "contact"), "003Lg0000000002IAA", {"Email": "new@example.net"})
    case = kind(store, "case")
    row = store.find(case, "500Lg0000000001IAA")
    assert store.value(case, row, case.by_name["contactemail"]) == "new@example.net"
    assert row["SuppliedEmail"] == "juergen.weiss@example.net"
