"""The calls of the SOAP API that the lane's tests do not get to make: undelete and merge."""

import pytest
from lxml import etree

from proxy.sandbox import Call
from tests.sandbox.conftest import TOKEN

FIRST, SECOND, THIRD = (f"003Lg000000000{number}IAA" for number in (1, 2, 3))


def call(org, name, inside):
    """Return the members of the only result of a call."""
    text = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">'
        f"<e:Header><SessionHeader><sessionId>{TOKEN}</sessionId></SessionHeader></e:Header>"
        f"<e:Body><{name}>{inside}</{name}></e:Body></e:Envelope>"
    )
    answer = org.answer(Call("POST", "/services/Soap/u/59.0", body=text.encode()))
    root = etree.fromstring(answer.body())
    (result,) = (each for each in root.iter() if etree.QName(each).localname == "result")
    return {etree.QName(each).localname: each.text for each in result.iter()}


def test_a_deleted_record_comes_back(org):
    """It is live again; one that was never deleted cannot be brought back."""
    assert call(org, "delete", f"<ids>{THIRD}</ids>")["success"] == "true"
    assert org.people()[2]["IsDeleted"] is True
    assert call(org, "undelete", f"<ids>{THIRD}</ids>")["success"] == "true"
    assert org.people()[2]["IsDeleted"] is False
    assert call(org, "undelete", f"<ids>{THIRD}</ids>")["statusCode"] == "UNDELETE_FAILED"


def test_a_merge_leaves_one_record_with_what_hung_on_the_others(org):
    """The master is changed, the other is in the recycle bin, and its tasks are the master's."""
    tasks = org.org.schema.objects["task"]
    before = [row["Subject"] for row in org.org.rows(tasks) if row["WhoId"] == FIRST]
    master = f"<masterRecord><type>Contact</type><Id>{SECOND}</Id><Title>Merged</Title></masterRecord>"
    merged = call(org, "merge", f"<request>{master}<recordToMergeIds>{FIRST}</recordToMergeIds></request>")
    assert (merged["success"], merged["mergedRecordIds"]) == ("true", FIRST)
    assert (org.people()[0]["IsDeleted"], org.people()[1]["Title"]) == (True, "Merged")
    assert set(before) <= {row["Subject"] for row in org.org.rows(tasks) if row["WhoId"] == SECOND}


@pytest.mark.parametrize("name", ["getUserInfo", "convertLead"])
def test_calls_that_are_left_out_are_faults(org, name):
    """As documented in the module."""
    with pytest.raises(ValueError, match="unpack"):
        call(org, name, "")
