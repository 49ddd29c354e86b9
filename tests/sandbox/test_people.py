"""The fictitious people."""

import re

from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, StoppedClock
from proxy.sandbox.people import people


def test_people_are_always_the_same_and_nobody_twice():
    """Two runs agree, more people begin with the same ones, and no address or external id repeats."""
    many = people(3000)
    assert many == people(3000)
    assert many[:12] == people()
    assert len({person.email for person in many}) == 3000


def test_nobody_could_exist():
    """Addresses are in reserved domains, phone numbers in fictitious ranges, and no SSN could be issued."""
    for person in people(200):
        assert re.search(r"@example\.(org|net|com)$", person.email)
        assert re.search("555|99000|794601|79460", person.phone.replace(" ", ""))
        assert person.ssn.startswith("000-")


def test_sample_account_numbers_are_well_formed():
    """Every IBAN passes the check of ISO 13616, so that a mask for IBANs has something real to chew on."""
    for person in people():
        digits = "".join(str(int(char, 36)) for char in person.iban[4:] + person.iban[:4])
        assert int(digits) % 97 == 1, person.family


def test_both_crms_hold_the_same_people_under_fixed_ids():
    """The first contact is the same person in both, under the same id in every run."""
    one = SalesforceSandbox("t", people=30, now=StoppedClock()).people()
    other = HubSpotSandbox("t", people=30, now=StoppedClock()).people()
    assert [row["Email"] for row in one] == [row["email"] for row in other]
    assert (one[0]["Id"], other[0]["hs_object_id"]) == ("003Lg0000000001IAA", "101")
    assert len(one) == 30
