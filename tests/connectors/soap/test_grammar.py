"""Envelopes: what each call is judged as, what is sent, and what of the answer is released."""

from collections.abc import Callable
from typing import Any

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.errors import Gap, Unavailable, Undecodable, UpstreamFault
from proxy.message import Request, Tree
from proxy.model import Action

URL = "/services/Soap/u/59.0"
FIRST, SECOND = "003Lg0000000001IAA", "003Lg0000000002IAA"


def envelope(call: str, arguments: Tree = "", header: dict[str, Tree] | None = None) -> dict[str, Tree]:
    """Return an envelope as the codec reads it."""
    head = {"p:SessionHeader": {"p:sessionId": "lg_key"}, **(header or {})}
    return {"soap:Envelope": {"soap:Header": head, "soap:Body": {f"p:{call}": arguments}}}


def ask(connector: Connector, call: str, arguments: Tree = "", header: dict[str, Tree] | None = None) -> Asked:
    """Return what a call asks for."""
    request = Request("POST", URL)
    return connector.route(request).recognise(request, envelope(call, arguments, header), binding="someone")


def uses(asked: Asked) -> list[str]:
    """Return everything that is judged, operations without fields among it."""
    return [
        f"{use.action} {use.object}.{use.field}"
        if use
        else f"{each.action} {each.object} {','.join(each.records)}"
        for each in asked.operations
        for use in (each.uses or (None,))
    ]


def sent(asked: Asked, call: str) -> Any:
    """Return the arguments of the call that is sent."""
    tree: Any = asked.tree
    return tree["soap:Envelope"]["soap:Body"][f"p:{call}"]


def answer(call: str, *results: Tree) -> Tree:
    """Return an answer as the codec reads it."""
    return {"soap:Envelope": {"soap:Body": {f"p:{call}Response": {"p:result": [*results]}}}}


def contact(**fields: Tree) -> dict[str, Tree]:
    """Return a contact of an answer."""
    return {"@xsi:type": "sObject", "type": "Contact", "Id": None, **fields}


CONTACT = {"type": "Contact", "LastName": "Quill"}
WRITTEN = [
    ("create", {"p:sObjects": [CONTACT]}, ["create Contact.LastName"]),
    ("update", {"p:sObjects": [{"type": "contact", "Id": FIRST, "Phone": "1"}]}, ["update Contact.Phone"]),
    (
        "upsert",
        {"p:externalIDFieldName": "email", "p:sObjects": [{"type": "Contact", "Email": "e", "Phone": "1"}]},
        ["update Contact.Phone", "create Contact.Email", "create Contact.Phone", "filter Contact.Email"],
    ),
    (
        "delete",
        {"p:ids": [FIRST, "001Lg0000000001IAA"]},
        [f"delete Contact {FIRST}", "delete Account 001Lg0000000001IAA"],
    ),
    ("undelete", {"p:ids": [FIRST]}, [f"create Contact {FIRST}", "list RecycleBin.Contact"]),
    (
        "merge",
        {
            "p:request": {
                "p:masterRecord": {"type": "Contact", "Id": FIRST, "Fax": "1"},
                "p:recordToMergeIds": [SECOND],
            }
        },
        ["update Contact.Fax", f"delete Contact {SECOND}"],
    ),
]
READING = [
    ("query", {"p:queryString": "select id from contact"}, ["list Contact.Id"]),
    ("queryAll", {"p:queryString": "select id from contact"}, ["list Contact.Id", "list RecycleBin.Contact"]),
    (
        "retrieve",
        {"p:fieldList": "id, ssn__c", "p:sObjectType": ["contact"], "p:ids": [FIRST]},
        ["list Contact.Id", "list Contact.SSN__c"],
    ),
    (
        "search",
        {"p:searchString": "FIND {x} IN EMAIL FIELDS RETURNING Contact(Name)"},
        ["list Contact.Name", "filter Contact.Email"],
    ),
    ("describeGlobal", "", ["read Service.Objects"]),
    ("describeSObject", {"p:sObjectType": ["contact"]}, ["read Contact "]),
    ("describeSObjects", {"p:sObjectType": ["Contact", "Lead"]}, ["read Contact ", "read Lead "]),
    ("getServerTimestamp", "", ["read Service.Versions"]),
]


def test_calls_say_whom_they_bring_back(salesforce: Connector) -> None:
    """Out of the bin, or into another record; a delete brings nobody back."""
    calls = {call: arguments for call, arguments, _ in WRITTEN}
    back = {call: salesforce.brought_back(ask(salesforce, call, told)) for call, told in calls.items()}
    assert back.pop("undelete") == (("Contact", FIRST),)
    assert back.pop("merge") == (("Contact", SECOND),)
    assert set(back.values()) == {()}


@pytest.mark.parametrize(("call", "arguments", "expected"), [*WRITTEN, *READING])
def test_calls_are_judged_as_what_they_do(
    salesforce: Connector, call: str, arguments: Tree, expected: list[str]
) -> None:
    """The same operations as on any other surface."""
    assert uses(ask(salesforce, call, arguments)) == expected


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("login", {"p:username": "a", "p:password": "b"}),
        ("getUserInfo", ""),
        ("convertLead", ""),
        ("emptyRecycleBin", {"p:ids": [FIRST]}),
        ("query", {"p:queryString": "SELECT COUNT(Id) FROM Contact"}),
        ("query", {"p:queryString": {"a": "b"}}),
        ("query", {"p:queryString": "SELECT Id FROM Contact", "p:more": "x"}),
        ("query", "SELECT Id FROM Contact"),
        ("retrieve", {"p:fieldList": "Id", "p:ids": [FIRST]}),
        ("retrieve", {"p:fieldList": "Account.Name", "p:sObjectType": ["Contact"], "p:ids": [FIRST]}),
        ("retrieve", {"p:fieldList": "Id", "p:sObjectType": ["Contact"], "p:ids": ["nobody"]}),
        ("create", {"p:sObjects": [{"LastName": "x"}]}),
        ("create", {"p:sObjects": [{"type": "Secret__c", "Name": "x"}]}),
        ("create", {"p:sObjects": [{**CONTACT, "Account": {"type": "Account", "Name": "x"}}]}),
        ("create", {"p:sObjects": [{**CONTACT, "p:LastName": "x"}]}),
        ("create", {"p:sObjects": [{**CONTACT, "fieldsToNull": ["LastName"]}]}),
        ("create", {"p:sObjects": [CONTACT], "p:more": "x"}),
        ("create", {"p:sObjects": []}),
        ("create", {"p:sObjects": ["x"]}),
        ("update", {"p:sObjects": [CONTACT]}),
        ("upsert", {"p:sObjects": [CONTACT]}),
        ("upsert", {"p:externalIDFieldName": "Email", "p:sObjects": [CONTACT]}),
        ("delete", {"p:ids": [FIRST], "p:more": "x"}),
        ("delete", {"p:ids": ["a0BLg0000000001IAA"]}),
        ("merge", {"p:request": {"p:masterRecord": {"type": "Contact", "Id": FIRST}}}),
        (
            "merge",
            {
                "p:request": {
                    "p:masterRecord": {"type": "Lead", "Id": "00QLg0000000001IAA"},
                    "p:recordToMergeIds": [FIRST],
                }
            },
        ),
        ("describeGlobal", {"p:more": "x"}),
        ("describeSObjects", {"p:sObjectType": ["Contact", "contact"]}),
    ],
)
def test_calls_that_have_no_words(salesforce: Connector, call: str, arguments: Tree) -> None:
    """Another call, element or value is refused."""
    with pytest.raises((Gap, Undecodable)):
        ask(salesforce, call, arguments)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"soap:Envelope": "x"},
        {"soap:Envelope": {"soap:Body": {}}},
        {"soap:Envelope": {"soap:Body": {"p:query": "", "p:delete": ""}}},
        {"soap:Envelope": {"soap:Body": {"query": {"p:queryString": "SELECT Id FROM Contact"}}}},
        {"soap:Envelope": {"soap:Body": {"p:describeGlobal": ""}, "soap:Other": ""}},
        envelope("describeGlobal", "", {"p:DuplicateRuleHeader": {"p:includeRecordDetails": "true"}}),
        envelope("describeGlobal", "", {"p:QueryOptions": {"p:batchSize": "many"}}),
        envelope("describeGlobal", "", {"p:QueryOptions": {"p:batchSize": "200", "p:more": "1"}}),
    ],
)
def test_envelopes_that_have_no_words(salesforce: Connector, tree: Tree) -> None:
    """No call, two of them, one in no namespace, or a header that changes what is answered."""
    request = Request("POST", URL)
    with pytest.raises((Gap, Undecodable)):
        salesforce.route(request).recognise(request, tree)


def test_written_records_are_sent_in_the_order_of_the_schema(salesforce: Connector) -> None:
    """What it is, what becomes nothing, its id, its fields; and what becomes nothing is checked as a null."""
    row = {"@xsi:type": "sObject", "p:type": "contact", "phone": "1", "p:Id": FIRST, "fieldsToNull": ["fax"]}
    asked = ask(salesforce, "update", {"p:sObjects": [row]}, {"p:AllOrNoneHeader": {"p:allOrNone": "true"}})
    (element,) = sent(asked, "update")["p:sObjects"]
    assert list(element.items()) == [
        ("type", "Contact"), ("fieldsToNull", ["Fax"]), ("Id", FIRST), ("Phone", "1")
    ]  # fmt: skip
    (write,) = asked.writes
    assert (write.members, write.targets) == ({"Phone": "1", "Fax": None}, (FIRST,))
    assert write.stands("Phone")[0] is element
    tree: Any = asked.tree
    assert tree["soap:Envelope"]["soap:Header"]["p:AllOrNoneHeader"] == {"p:allOrNone": "true"}


def test_the_session_is_ours_when_it_leaves(salesforce: Connector) -> None:
    """The caller's key stands nowhere in what is sent, and our secret in the envelope only."""
    route = salesforce.route(Request("POST", URL))
    assert route.keyed
    assert route.key_in(envelope("describeGlobal")) == "lg_key"
    assert route.key_in({"soap:Envelope": "x"}) is None
    asked = ask(salesforce, "describeGlobal")
    assert "lg_key" not in str(asked.tree)
    assert asked.sign is not None
    tree, fields = asked.sign(asked.tree, (("authorization", "Bearer secret"),))
    assert "'p:sessionId': 'secret'" in str(tree)
    assert fields == ()
    with pytest.raises(Unavailable):
        asked.sign(asked.tree, ())


def test_less_and_more_can_be_asked_for(salesforce: Connector) -> None:
    """Of queries, of records by id and of searches; what was added is read and taken out."""
    wanted, hidden = {"Contact": frozenset({"country"})}, frozenset({("Contact", "SSN__c")})
    page = {"p:done": "true", "p:records": [contact(Email="e", MailingCountry="IE")], "p:size": "1"}
    found: Tree = {"p:searchRecords": [{"p:record": contact(Email="e", MailingCountry="IE")}]}
    ids = {"p:fieldList": "Email,SSN__c", "p:sObjectType": "Contact", "p:ids": [FIRST]}
    for call, arguments, said, result in (
        (
            "query",
            {"p:queryString": "SELECT Email, SSN__c FROM Contact"},
            "SELECT Email, MailingCountry FROM",
            page,
        ),
        ("retrieve", ids, "Email,MailingCountry", contact(Email="e", MailingCountry="IE")),
        (
            "search",
            {"p:searchString": "FIND {x} IN NAME FIELDS RETURNING Contact(Email, SSN__c)"},
            "MailingCountry)",
            found,
        ),
    ):
        asked = ask(salesforce, call, arguments)
        asked.narrow(hidden)
        asked.gather(wanted)
        assert said in str(asked.tree)
        assert "SSN__c" not in str(asked.tree)
        (record,) = asked.open(200, answer(call, result)).records
        assert set(record.members) == {"@xsi:type", "type", "Id", "Email"}
        assert record.facts == {"country": "IE"}


def test_pages_hold_records_and_nothing_undeclared(salesforce: Connector) -> None:
    """A locator is sealed with its query, which is judged again; without more pages there is none."""
    asked = ask(salesforce, "query", {"p:queryString": "SELECT Email FROM Contact"})
    page = {"p:done": "false", "p:queryLocator": "01gLg0000000001AAA-200", "p:records": [contact(Email="e")]}
    opened = asked.open(200, answer("query", {**page, "p:size": "9", "p:entityTypes": "canary"}))
    tree: Any = opened.tree
    (result,) = tree["soap:Envelope"]["soap:Body"]["p:queryResponse"]["p:result"]
    assert list(result) == ["@xsi:type", "p:done", "p:queryLocator", "p:records", "p:size"]
    further = ask(salesforce, "queryMore", {"p:queryLocator": result["p:queryLocator"]})
    assert uses(further) == ["list Contact.Email"]
    assert sent(further, "queryMore") == {"p:queryLocator": "01gLg0000000001AAA-200"}
    with pytest.raises(Undecodable):
        ask(salesforce, "queryMore", {"p:queryLocator": "q01gLg0000000001AAA-200"})
    for wrong in (
        None,
        answer("queryMore", page),
        answer("query"),
        answer("query", "x"),
        answer("query", {"p:records": "x"}),
    ):
        with pytest.raises(UpstreamFault):
            ask(salesforce, "query", {"p:queryString": "SELECT Email FROM Contact"}).open(200, wrong)
    with pytest.raises(UpstreamFault):
        asked.open(200, answer("query", {**page, "p:records": [{**contact(), "type": "Lead"}]}))


def test_outcomes_lose_words_and_ids_that_an_upsert_found(salesforce: Connector) -> None:
    """A code that we know, our sentence, and no more."""
    error = {"p:message": "canary", "p:statusCode": "DUPLICATES_DETECTED", "p:fields": ["canary"]}
    bad = {"p:errors": [error], "p:id": None, "p:success": "false", "p:duplicateResult": "canary"}
    good = {"p:id": FIRST, "p:success": "true", "p:created": "false"}
    upsert = {"p:externalIDFieldName": "Email", "p:sObjects": [{"type": "Contact", "Email": "e", "Fax": "1"}]}
    for call, arguments, key in (("create", {"p:sObjects": [CONTACT]}, FIRST), ("upsert", upsert, None)):
        tree: Any = ask(salesforce, call, arguments).open(200, answer(call, dict(good), dict(bad))).tree
        first, second = tree["soap:Envelope"]["soap:Body"][f"p:{call}Response"]["p:result"]
        assert first["p:id"] == key
        assert "canary" not in str(second)
        assert second["p:errors"][0]["p:statusCode"] == "DUPLICATES_DETECTED"
        with pytest.raises(UpstreamFault):
            ask(salesforce, call, arguments).open(200, answer(call, {"p:success": "canary"}))


def test_descriptions_are_cut_down_like_those_of_rest(salesforce: Connector) -> None:
    """What nobody listed is not there, flags are the caller's, and every text is of its kind."""
    fields = [
        {"p:name": "Email", "p:filterable": "true", "p:length": "80", "p:label": "E-mail", "p:extra": "canary"},
        {"p:name": "Canary__c", "p:label": "canary"},
    ]
    said = {
        "p:name": "Contact",
        "p:fields": fields,
        "p:createable": "true",
        "p:keyPrefix": "canary",
        "p:x": "canary",
    }
    opened = ask(salesforce, "describeSObject", {"p:sObjectType": "Contact"}).open(
        200, answer("describeSObject", said)
    )
    assert "canary" not in str(opened.tree)

    def may(name: str, field: str, action: Action | None) -> bool:
        return action is None

    assert all(each.cut(may) for each in opened.told)
    tree: Any = opened.tree
    (result,) = tree["soap:Envelope"]["soap:Body"]["p:describeSObjectResponse"]["p:result"]
    assert result["p:createable"] == "false"
    assert result["p:fields"] == [
        {"p:name": "Email", "p:filterable": "false", "p:length": "80", "p:label": "E-mail"}
    ]
    with pytest.raises(UpstreamFault):
        ask(salesforce, "describeSObject", {"p:sObjectType": "Contact"}).open(
            200, answer("describeSObject", {**said, "p:name": "Lead"})
        )


def test_a_connector_without_what_it_needs_is_told(load_text: Callable[[str], list[str]]) -> None:
    """The author of a route hears what is missing."""
    problems = load_text('routes:\n  - {match: "POST /all", object: Thing, grammar: soap}\n')
    assert any("needs an answer called" in problem for problem in problems)
