"""What conditions may know of a record: read from the CRM's answer, and asked for where the client did not."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from proxy.codec import codec_named
from proxy.connectors import Connector, load_connector
from proxy.connectors.facts import check_type, default_of, facts_of, link
from proxy.errors import Problems
from proxy.message import Request
from proxy.model import AttributeSpec, ObjectSpec

CLOSED = frozenset({"opted_out", "last_activity"})
WANTED = {"Contact": CLOSED, "contacts": CLOSED}


def _fact(kind: str, raw: object, **more: Any) -> object:
    spec = ObjectSpec("Person", {}, attributes={"a": AttributeSpec("F", kind, **more)})
    facts = facts_of(spec, ["a"], {"F": raw})
    try:
        return facts.get("a", "absent")
    except KeyError:
        return "unknown"


@pytest.mark.parametrize(
    ("kind", "raw", "fact"),
    [
        ("string", "IE", "IE"),
        ("string", "", "absent"),
        ("string", None, "absent"),
        ("string", 7, "unknown"),
        ("bool", True, True),
        ("bool", "false", False),  # HubSpot sends text
        ("bool", "no", "unknown"),
        ("bool", 0, "unknown"),
        ("int", 7, 7),
        ("int", "-7", -7),
        ("int", "7.5", "unknown"),
        ("int", True, "unknown"),
        ("double", "7.5", 7.5),
        ("timestamp", "2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("timestamp", "2026-11-23T10:00:00.000+0100", datetime(2026, 11, 23, 9, tzinfo=UTC)),  # Salesforce
        ("timestamp", "2026-11-23T09:00:00Z", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("timestamp", "1795424400000", datetime(2026, 11, 23, 9, tzinfo=UTC)),  # HubSpot
        ("timestamp", "2026-11-23T09:00:00", "unknown"),  # of which time zone?
        ("timestamp", "yesterday", "unknown"),
        ("list<string>", "a; b;c", ("a", "b", "c")),  # a multi-select picklist
        ("list<string>", ["a", "b"], ("a", "b")),
        ("list<string>", {"a": 1}, "unknown"),
        ("list<string>", ["a", 1], "unknown"),
        ("list<int>", "1;2", (1, 2)),
        ("list<string>", ";".join("a" * 201), "unknown"),  # too long to go through for every record
    ],
)
def test_a_value_is_read_at_its_declared_type(kind: str, raw: object, fact: object) -> None:
    """An empty one is absent; one of another type is unknown, which is not the same."""
    assert _fact(kind, raw) == fact


def test_a_link_that_leads_nowhere_is_not_one_that_did_not_come() -> None:
    """What is said of nobody may be shown; what may be anybody's, not."""
    spec = ObjectSpec("Case", {})
    for members, fact in (({"Who": None}, ""), ({"Who": 7}, "7"), ({}, None), ({"Who": [7]}, None)):
        assert dict(facts_of(spec, [link("Who")], members)).get(link("Who")) == fact


def test_an_empty_field_has_the_default_and_a_missing_one_is_unknown() -> None:
    """A default says what an empty field means; of a field that did not come nobody knows anything."""
    spec = ObjectSpec("Person", {}, attributes={"a": AttributeSpec("F", "bool", default=False)})
    assert facts_of(spec, ["a"], {"F": None}) == {"a": False}
    facts = facts_of(spec, ["a"], {})
    for look in (lambda: facts["a"], lambda: facts.get("a")):
        with pytest.raises(KeyError):
            look()
    assert facts.get("other") is None


@pytest.mark.parametrize("text", ["text", "list<text>", "list<", "list<list<string>>", "bool "])
def test_there_are_few_types(text: str) -> None:
    """What conditions cannot use is told when the connector loads."""
    with pytest.raises(ValueError, match="there is no type"):
        check_type(text)


def test_a_default_is_of_the_type() -> None:
    """Text for a flag would be unknown in every record."""
    assert default_of("list<string>", ["a"]) == ("a",)
    assert default_of("bool", value=True) is True
    for kind, value in (("bool", 1), ("list<string>", "a"), ("string", 1)):
        with pytest.raises(ValueError, match=r"of another type|not a list"):
            default_of(kind, value)


def _asked(connector: Connector, method: str, target: str, tree: object = None) -> Any:
    path, _, query = target.partition("?")
    body = codec_named(frozenset({"json"})).encode(tree) if tree is not None else b""
    request = Request(method, path, query, body=body)
    return connector.route(request).recognise(request, tree)


def _query(target: str, name: str) -> str:
    return parse_qs(urlsplit(target).query)[name][0]


ADDED = "hs_email_optout"
UNASKED = "createdate,email,firstname,hs_object_id,lastmodifieddate,lastname"
SEARCH = "/crm/v3/objects/contacts/"
IDS = {"inputs": [{"id": "7"}]}
QUERY = "/services/data/v59.0/query?q="


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("SELECT Id FROM Contact", "SELECT Id, LastActivityDate, HasOptedOutOfEmail FROM Contact"),
        (  # in any case of letters, and once
            "SELECT hasoptedoutofemail FROM contact WHERE Name = 'x' LIMIT 5",
            "SELECT HasOptedOutOfEmail, LastActivityDate FROM Contact WHERE Name = 'x' LIMIT 5",
        ),
        (  # parents and children are records too
            "SELECT Subject, Contact.Name FROM Case",
            "SELECT Subject, Contact.Name, Contact.LastActivityDate, Contact.HasOptedOutOfEmail FROM Case",
        ),
        (
            "SELECT Name, (SELECT Email FROM Contacts) FROM Account",
            "SELECT Name, (SELECT Email, LastActivityDate, HasOptedOutOfEmail FROM Contacts) FROM Account",
        ),
        ("SELECT FIELDS(STANDARD) FROM Contact", "SELECT FIELDS(STANDARD) FROM Contact"),  # cannot be added to
        ("SELECT COUNT(Id) FROM Contact", "SELECT COUNT(Id) FROM Contact"),  # no record comes back
        ("SELECT Name FROM Account", "SELECT Name FROM Account"),  # no fact of it is looked at
    ],
)
def test_a_query_also_asks_for_what_facts_come_from(salesforce: Connector, query: str, sent: str) -> None:
    """Wherever records of an object are selected whose facts conditions look at."""
    asked = _asked(salesforce, "GET", QUERY + query.replace(" ", "%20").replace("'", "%27"))
    before = _query(asked.target, "q")
    asked.gather({})
    assert _query(asked.target, "q") == before
    asked.gather(WANTED)
    assert _query(asked.target, "q") == sent


def test_what_only_we_asked_for_is_taken_out_of_the_answer_again(salesforce: Connector) -> None:
    """The fact is kept beside the record; the field goes, unless the client asked for it as well."""
    asked = _asked(salesforce, "GET", QUERY + "SELECT%20Id,LastActivityDate,Account.Name%20FROM%20Contact")
    asked.gather(WANTED)
    row = {
        "attributes": {"type": "Contact", "url": "/services/data/v59.0/sobjects/Contact/003000000000001AAA"},
        "Id": "003000000000001AAA",
        "LastActivityDate": "2026-11-23",
        "HasOptedOutOfEmail": True,
        "Account": None,
    }
    opened = asked.open(200, {"records": [row], "totalSize": 1, "done": True})
    (record,) = opened.records
    assert record.facts == {"opted_out": True, "last_activity": datetime(2026, 11, 23, tzinfo=UTC)}
    assert sorted(record.members) == ["Account", "Id", "LastActivityDate", "attributes"]


def test_facts_of_a_record_that_was_read_whole(salesforce: Connector) -> None:
    """Nothing has to be added where the CRM sends everything; a list of fields is added to."""
    path = "/services/data/v59.0/sobjects/Contact/003000000000001AAA"
    asked = _asked(salesforce, "GET", path)
    asked.gather(WANTED)
    assert asked.target == path
    attributes = {"type": "Contact", "url": path}
    opened = asked.open(200, {"attributes": attributes, "HasOptedOutOfEmail": False})
    assert opened.records[0].members["HasOptedOutOfEmail"] is False
    assert opened.records[0].facts == {"opted_out": False}
    asked = _asked(salesforce, "GET", path + "?fields=Id")
    asked.gather(WANTED)
    assert _query(asked.target, "fields") == "Id,LastActivityDate,HasOptedOutOfEmail"


@pytest.mark.parametrize(
    ("method", "target", "tree", "properties"),
    [
        ("GET", "/crm/v3/objects/contacts/7", None, f"{UNASKED},{ADDED}"),
        ("GET", "/crm/v3/objects/contacts?properties=email", None, f"email,lastmodifieddate,{ADDED}"),
        ("POST", f"{SEARCH}search", {"properties": ["email"]}, f"email,lastmodifieddate,{ADDED}"),
        ("POST", f"{SEARCH}batch/read", {**IDS, "properties": ["email"]}, f"email,lastmodifieddate,{ADDED}"),
    ],
)
def test_hubspot_is_asked_for_properties(
    hubspot: Connector, method: str, target: str, tree: Any, properties: str
) -> None:
    """In a parameter or a body; where the client names none, what it would have got stays."""
    asked = _asked(hubspot, method, target, tree)
    asked.gather(WANTED)
    sent = _query(asked.target, "properties") if asked.tree is None else ",".join(asked.tree["properties"])
    assert sent == properties
    found = {
        "id": "7",
        "properties": {"email": "a@b.example", "hs_email_optout": "true", "lastmodifieddate": None},
    }
    opened = asked.open(200, {"results": [found]} if "7" not in target else found)
    outer, inner = opened.records
    assert outer.facts == inner.facts == {"opted_out": True}
    assert "hs_email_optout" not in inner.members


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("{field: Name, type: text}", 'there is no type "text"'),
        ("{field: Name, type: bool, default: 1}", "is not of the type bool"),
        ("{field: Na me, type: bool}", "cannot be the name of a field"),
        ("{field: Name, type: bool, default: true, optional: true}", "leave optional out"),
    ],
)
def test_a_mistaken_attribute_is_told_at_its_place(
    tmp_path: Any, root: Any, attribute: str, message: str
) -> None:
    """File, line and column, as for everything a connector says."""
    text = (root / "policies/connectors/hubspot.yaml").read_text()
    path = tmp_path / "hubspot.yaml"
    path.write_text(text.replace("{field: country, type: string, optional: true}", attribute))
    with pytest.raises(Problems) as caught:
        load_connector(path)
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.line == next(
        n for n, line in enumerate(path.read_text().splitlines(), 1) if attribute in line
    )
