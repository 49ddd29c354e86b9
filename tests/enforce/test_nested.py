"""Who is linked to a record that nobody may see: hidden ones, few or many, look like none."""

import json
from urllib.parse import quote

import pytest

from tests.enforce.conftest import Stand, http

RULES = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: restriction}
guards:
  - id: restricted
    effect: deny
    on: {objects: [Contact]}
    actions: [list]
    when: resource.restricted
"""
QUERY = "/services/data/v59.0/query?q="


def _contact(number: int, *, restricted: bool) -> dict[str, object]:
    url = f"/services/data/v59.0/sobjects/Contact/00300000000000{number}AAA"
    return {
        "attributes": {"type": "Contact", "url": url},
        "Name": f"Person {number}",
        "ProcessingRestricted__c": restricted,
    }


def _restricted(*numbers: int) -> dict[str, object] | None:
    rows = [_contact(number, restricted=True) for number in numbers]
    return {"totalSize": len(rows), "done": True, "records": rows} if rows else None


@pytest.fixture
def ruled(stand: Stand) -> Stand:
    """Return the lane with a rule that hides some people."""
    (stand.app.config.policies / "restriction.yaml").write_text(RULES)
    stand.app.reload()
    return stand


async def shown(stand: Stand, query: str, kind: str, **members: object) -> object:
    """Return the only row of an answer to a query."""
    row = {"attributes": {"type": kind, "url": f"/services/data/v59.0/sobjects/{kind}/001000000000001AAA"}}
    page = {"totalSize": 1, "done": True, "records": [{**row, **members}]}
    stand.upstream.answer = http("200 OK", json.dumps(page).encode())
    answer = await stand.ask("GET", QUERY + quote(query))
    assert answer.startswith(b"HTTP/1.1 200")
    return json.loads(answer.partition(b"\r\n\r\n")[2])["records"][0]


async def test_hidden_children_are_not_counted(ruled: Stand) -> None:
    """None, one and three look the same, and none of them is put down as disclosed."""
    query = "SELECT Name, (SELECT Name FROM Contacts) FROM Account"
    for hidden in ((), (1,), (1, 2, 3)):
        row = await shown(ruled, query, "Account", Name="Acme", Contacts=_restricted(*hidden))
        assert row == {"attributes": {"type": "Account"}, "Name": "Acme", "Contacts": None}
        assert (ruled.entries()[-1]["records"], ruled.entries()[-1]["subjects"]) == (1, [])


async def test_a_hidden_parent_looks_like_none(ruled: Stand) -> None:
    """Whether a case is about somebody is told by the link, and by nothing else."""
    query = "SELECT Status, Contact.Name FROM Case"
    for parent in (None, _contact(1, restricted=True)):
        row = await shown(ruled, query, "Case", Status="New", Contact=parent)
        assert row == {"attributes": {"type": "Case"}, "Status": "New", "Contact": None}
        assert ruled.entries()[-1]["subjects"] == []


async def test_what_may_be_shown_stands_where_it_stood(ruled: Stand) -> None:
    """The same queries, about people who are not hidden."""
    row = await shown(
        ruled, "SELECT Status, Contact.Name FROM Case", "Case", Contact=_contact(1, restricted=False)
    )
    assert row == {
        "attributes": {"type": "Case"},
        "Contact": {"attributes": {"type": "Contact"}, "Name": "Person 1"},
    }
    assert len(ruled.entries()[-1]["subjects"]) == 1
