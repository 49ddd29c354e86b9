"""A purpose that rests on consent, with real SDKs: each record is shown by what its person agreed to."""

import pytest
from simple_salesforce.exceptions import SalesforceError

from tests.e2e.conftest import Town
from tests.e2e.sdks import Hubspot, salesforce

NEWS = ("mailer", "product_news")


def test_salesforce_shows_those_who_asked_for_it(town: Town) -> None:
    """Pages included; what the rules look at does not come back, nor do the others, nor their number."""
    org = salesforce(town.run, *NEWS)
    shown = 0
    page = org.query("SELECT Id, Name, Email FROM Contact")
    while True:
        assert page["totalSize"] == len(page["records"])
        for row in page["records"]:
            assert row.keys() == {"attributes", "Id", "Name", "Email"}
        shown += len(page["records"])
        if page["done"]:
            break
        page = org.query_more(page["nextRecordsUrl"], identifier_is_url=True)
    told = salesforce(town.run, "mailer").query_all("SELECT HasOptedOutOfEmail FROM Contact")["records"]
    assert 0 < shown < len(told)
    assert {row["HasOptedOutOfEmail"] for row in told} == {True, False}


def test_hubspot_shows_those_who_asked_for_it(town: Town) -> None:
    """The same rule, on a CRM that sends everything as text in members of its own."""
    api = Hubspot(town.run, *NEWS)
    seen = [each.properties for each in api.basic.get_page(limit=50, properties=["email", "phone"]).results]
    assert 0 < len(seen) < 50
    assert all(each.get("email") for each in seen)
    assert not any({"phone", "consents", "processing_restricted"} & each.keys() for each in seen)


def test_nothing_is_written_or_searched_by_consent(town: Town) -> None:
    """Before there is a record nobody can say whether its person agreed."""
    org = salesforce(town.run, *NEWS)
    for ask in (
        lambda: org.query("SELECT Id FROM Contact WHERE Email LIKE 'a%'"),
        lambda: org.query("SELECT COUNT(Id) FROM Contact"),
        lambda: org.Contact.delete("003000000000001AAA"),
    ):
        with pytest.raises(SalesforceError) as raised:
            ask()
        assert raised.value.status == 403
