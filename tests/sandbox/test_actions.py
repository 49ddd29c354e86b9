"""Dataverse's actions in the sandbox: what they keep, and what they give back."""

import json
from urllib.parse import quote

from proxy.sandbox import Answer, Call, DynamicsSandbox, StoppedClock

BASE = "/api/data/v9.2"
KIND = "Microsoft.Dynamics.CRM.contact"


def ask(crm: DynamicsSandbox, method: str, path: str, body: object = None, query: str = "") -> Answer:
    """Return what a client is answered."""
    headers = {"Authorization": "Bearer token"}
    return crm.answer(Call(method, f"{BASE}/{path}", query, headers, json.dumps(body).encode()))


def target(key: object) -> dict[str, object]:
    """Return a contact as an action wants it named."""
    return {"@odata.type": KIND, "contactid": key}


def binned(crm: DynamicsSandbox) -> list[dict[str, object]]:
    """Return what a client sees in the recycle bin."""
    fetch = "<fetch datasource='bin'><entity name='contact'><all-attributes/></entity></fetch>"
    answer = ask(crm, "GET", "contacts", query=f"fetchXml={quote(fetch)}")
    assert isinstance(answer.tree, dict)
    return list(answer.tree["value"])


def test_what_is_deleted_lies_in_the_bin_for_thirty_days() -> None:
    """With its notes and activities; it comes back once, and is gone after that time."""
    clock = StoppedClock()
    crm = DynamicsSandbox("token", now=clock)
    key = crm.people()[0]["contactid"]
    assert ask(crm, "DELETE", f"contacts({key})").status == 204
    assert ask(crm, "GET", f"contacts({key})").status == 404
    assert [row["fullname"] for row in binned(crm)] == ["Aoife Byrne"]
    assert not any(row["objectid"] == key for row in crm.store.rows("annotation"))
    assert ask(crm, "POST", "Restore", {"Target": target(key)}).status == 200
    assert ask(crm, "GET", f"contacts({key})").status == 200
    assert ask(crm, "POST", "Restore", {"Target": target(key)}).status == 404
    ask(crm, "DELETE", f"contacts({key})")
    clock.advance(days=30)
    assert binned(crm) == []


def test_the_loser_of_a_merge_keeps_what_it_holds() -> None:
    """It is inactive and says into whom it went; what was about it is about the winner."""
    crm = DynamicsSandbox("token")
    gone, kept = crm.people()[:2]
    told = ask(
        crm, "POST", "Merge", {"Target": target(kept["contactid"]), "Subordinate": target(gone["contactid"])}
    )
    assert told.status == 204
    loser = crm.people()[0]
    assert (loser["statecode"], loser["masterid"]) == (1, kept["contactid"])
    assert loser["emailaddress1"] == gone["emailaddress1"]
    assert {row["objectid"] for row in crm.store.rows("annotation")} >= {kept["contactid"]}


def test_what_fields_were_outlives_the_record_until_it_is_cleared() -> None:
    """Nobody deletes an entry by its id; the action clears all of one record."""
    crm = DynamicsSandbox("token")
    key = crm.people()[0]["contactid"]
    ask(crm, "PATCH", f"contacts({key})", {"telephone1": "+353 1 555 0999"})
    ask(crm, "DELETE", f"contacts({key})")
    alias = quote(json.dumps({"@odata.id": f"contacts({key})"}))
    answer = ask(crm, "GET", "RetrieveRecordChangeHistory(Target=@t)", query=f"@t={alias}")
    assert "+353 1 555 0101" in json.dumps(answer.tree)
    entry = next(crm.store.rows("audit"))
    assert ask(crm, "DELETE", f"audits({entry['auditid']})").status == 400
    assert ask(crm, "POST", "DeleteRecordChangeHistory", {"Target": target(key)}).tree == {
        "DeletedEntriesCount": 2
    }
    assert not any(row["objectid"] == key for row in crm.store.rows("audit"))
