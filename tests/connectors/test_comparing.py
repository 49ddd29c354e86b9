"""What queries compare protected fields with becomes what the CRM has; all else is refused."""

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors import load_connector, soql
from proxy.connectors.comparing import Looking
from proxy.connectors.soql.swapping import literal, plain
from proxy.errors import Refused
from proxy.message import Headers, Request

CONNECTORS = Path(__file__).parents[2] / "policies" / "connectors"


class Looked:
    """Stands for the vault: `x` lies in the CRM as `<x>`, and it is written down what was asked."""

    def __init__(self, *guarded: tuple[str, str]) -> None:
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []
        self._guarded = guarded
        self.looking = Looking(self.look, self.guarded)

    def guarded(self, name: str, field: str) -> bool:
        return (name, field) in self._guarded

    def look(self, name: str, field: str, texts: Sequence[str]) -> tuple[str, ...]:
        self.asked.append((name, field, tuple(texts)))
        return tuple(f"<{text}>" for text in texts)


@pytest.fixture(scope="module")
def words():
    """Salesforce's words, as its grammar has them."""
    connector = load_connector(CONNECTORS / "salesforce.yaml")
    route = next(each.declared.grammar for each in [connector.route(_query())])
    return route.setting.words


def _query():
    from proxy.message import Request

    return Request("GET", "/services/data/v59.0/query", "q=SELECT+Id+FROM+Contact")


def swapped(text: str, words, looked: Looked) -> str:
    """Return what a query becomes."""
    meaning = soql.understand(soql.parse(text), words)
    return soql.write(soql.swapped(meaning.query, meaning.object, words, looked.looking))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Email = 'a'", "Email IN ('<a>')"),
        ("Email <> 'a'", "Email NOT IN ('<a>')"),
        ("Email IN ('a', 'b')", "Email IN ('<a>', '<b>')"),
        ("Email NOT IN ('a', null)", "Email NOT IN ('<a>', null)"),
        ("Email = null", "Email = null"),
        ("Email = 'O\\'Neill\\n\\u0041'", "Email IN ('<O\\'Neill\nA>')"),
        ("NOT Email = 'a'", "NOT (Email IN ('<a>'))"),
        ("LastName = 'a' AND (Email = 'b' OR Phone LIKE 'c%')",
         "LastName = 'a' AND (Email IN ('<b>') OR Phone LIKE 'c%')"),
        ("ReportsTo.Email = 'a'", "ReportsTo.Email IN ('<a>')"),
        ("AccountId IN (SELECT AccountId FROM Contact WHERE Email = 'a')",
         "AccountId IN (SELECT AccountId FROM Contact WHERE Email IN ('<a>'))"),
    ],
)  # fmt: skip
def test_soql_equality_is_put_into_what_the_crm_has(words, before, after):
    """Wherever it stands; comparisons of other fields stay as they are."""
    looked = Looked(("Contact", "Email"))
    assert (
        swapped(f"SELECT Id FROM Contact WHERE {before}", words, looked)
        == f"SELECT Id FROM Contact WHERE {after}"
    )
    assert {(name, field) for name, field, _ in looked.asked} == {("Contact", "Email")}


@pytest.mark.parametrize(
    "condition",
    [
        "Email LIKE 'a%'",
        "Email > 'a'",
        "Email = 3",
        "Email IN (SELECT Email FROM Lead)",
        "AccountId IN (SELECT AccountId FROM Contact WHERE Email LIKE 'a%')",
        "DAY_ONLY(CreatedDate) = 2026-01-01 AND Email < 'b'",
    ],
)
def test_soql_refuses_what_ciphertext_cannot_answer(words, condition):
    """Parts, order, numbers, and columns compared with columns."""
    meaning = soql.understand(soql.parse(f"SELECT Id FROM Contact WHERE {condition}"), words)
    with pytest.raises(Refused, match="protected_not_comparable"):
        soql.swapped(meaning.query, meaning.object, words, Looked(("Contact", "Email")).looking)


def test_soql_sub_queries_start_from_their_own_object(words):
    """A field of the same name elsewhere is another field."""
    text = "SELECT Id, (SELECT Id FROM Contacts WHERE Email = 'a') FROM Account WHERE Phone = 'b'"
    looked = Looked(("Contact", "Email"), ("Contact", "Phone"))
    assert swapped(text, words, looked) == (
        "SELECT Id, (SELECT Id FROM Contacts WHERE Email IN ('<a>')) FROM Account WHERE Phone = 'b'"
    )


def asked(connector: str, method: str, url: str, body: object = None, **headers: str):
    """Return a request as the connector has understood it."""
    path, _, query = url.partition("?")
    sent = b"" if body is None else b"-"
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    request = Request(method, path, query, Headers(fields), sent)
    route = load_connector(CONNECTORS / f"{connector}.yaml").route(request)
    return route.recognise(request, body, binding="me")


V59, HUB, API = "/services/data/v59.0", "/crm/v3/objects/contacts", "/api/data/v9.2"
MUST = {"if_match": "*"}


@pytest.mark.parametrize(
    ("connector", "method", "url", "headers", "after"),
    [
        ("salesforce", "GET", f"{V59}/sobjects/Contact/Email/a%40b.c?fields=Id", {},
         "/Email/%3Ca%40b.c%3E?fields=Id"),
        ("hubspot", "GET", f"{HUB}/a%40b.c?idProperty=email", {}, "/contacts/%3Ca%40b.c%3E?idProperty=email"),
        ("hubspot", "GET", "/contacts/v1/contact/email/a%40b.c/profile", {}, "/email/%3Ca%40b.c%3E/profile"),
        ("dynamics", "GET", f"{API}/contacts(emailaddress1='a')", {}, "/contacts(emailaddress1='%3Ca%3E')"),
        ("dynamics", "GET", f"{API}/contacts(emailaddress1='O''N')/fullname", {},
         "/contacts(emailaddress1='%3CO''N%3E')?%24select=fullname"),
        ("dynamics", "GET", f"{API}/contacts/$count?$filter=emailaddress1+eq+'a'", {},
         "/contacts/$count?%24filter=emailaddress1%20eq%20%27%3Ca%3E%27"),
        ("dynamics", "DELETE", f"{API}/contacts(emailaddress1='a')", {}, "/contacts(emailaddress1='%3Ca%3E')"),
    ],
)  # fmt: skip
def test_a_record_named_by_a_value_is_named_by_what_the_crm_has(connector, method, url, headers, after):
    """In paths and parameters; the request goes on in every other respect as it would have."""
    before = asked(connector, method, url, **headers)
    found = asked(connector, method, url, **headers)
    found.substitute(GUARDED.looking)
    assert found.target.endswith(after)
    assert type(found.answer) is type(before.answer)
    assert (found.operations, found.tree) == (before.operations, before.tree)
    assert [found.widen is None, found.less is None] == [before.widen is None, before.less is None]


GUARDED = Looked(("Contact", "Email"), ("contacts", "email"), ("contact", "emailaddress1"))


@pytest.mark.parametrize("operator", ["HAS_PROPERTY", "NOT_HAS_PROPERTY"])
def test_hubspot_is_not_sent_a_value_that_a_filter_does_not_compare(operator):
    """Beside an operator that asks whether there is one at all, it would go out in clear."""
    asked_for = {"propertyName": "email", "operator": operator, "value": "a@b.c", "highValue": "d@e.f"}
    body = {"filterGroups": [{"filters": [{**asked_for, "values": ["g@h.i"]}]}]}
    found = asked("hubspot", "POST", f"{HUB}/search", body, content_type="application/json")
    found.substitute(GUARDED.looking)
    assert found.tree["filterGroups"] == [{"filters": [{"propertyName": "email", "operator": operator}]}]


def test_records_of_a_batch_are_named_by_what_the_crm_has():
    """And what is written stays in the dicts that were handed out: what is sealed is put into them."""
    body = {"inputs": [{"id": "a@b.c"}, {"id": "d@e.f"}], "properties": ["email"], "idProperty": "email"}
    found = asked("hubspot", "POST", f"{HUB}/batch/read", body, content_type="application/json")
    found.substitute(GUARDED.looking)
    assert [each["id"] for each in found.tree["inputs"]] == ["<a@b.c>", "<d@e.f>"]
    assert (found.tree["properties"], found.tree["idProperty"]) == (["email"], "email")
    change = {"inputs": [{"id": "a@b.c", "idProperty": "email", "properties": {"city": "Cork"}}]}
    found = asked("hubspot", "POST", f"{HUB}/batch/update", change, content_type="application/json")
    (write,) = found.writes
    found.substitute(GUARDED.looking)
    write.members["city"] = "Bray"
    assert found.tree["inputs"] == [{"id": "<a@b.c>", "idProperty": "email", "properties": {"city": "Bray"}}]


def test_an_update_by_an_alternate_key_keeps_what_it_writes():
    """Where it may not create; its options are gone over as well."""
    found = asked("dynamics", "PATCH", f"{API}/contacts(emailaddress1='a')", {"lastname": "Q"}, **MUST)
    (write,) = found.writes
    found.substitute(GUARDED.looking)
    holder, member = write.stands("lastname")
    holder[member] = "R"
    assert found.target == f"{API}/contacts(emailaddress1='%3Ca%3E')"
    assert found.tree == {"lastname": "R"}


@pytest.mark.parametrize(
    ("connector", "method", "url", "body"),
    [
        ("salesforce", "PATCH", f"{V59}/sobjects/Contact/Email/a", {"LastName": "Q"}),
        (
            "hubspot",
            "POST",
            f"{HUB}/batch/upsert",
            {"inputs": [{"id": "a", "idProperty": "email", "properties": {}}]},
        ),
        ("dynamics", "PATCH", f"{API}/contacts(emailaddress1='a')", {"lastname": "Q"}),
    ],
)
def test_no_record_is_made_under_a_protected_key(connector, method, url, body):
    """The value would stand there in clear, or as a token that nobody has kept."""
    with pytest.raises(Refused, match="protected_upsert"):
        asked(connector, method, url, body, content_type="application/json").substitute(GUARDED.looking)
    asked(connector, method, url, body, content_type="application/json").substitute(Looked().looking)


def test_one_of_several_records_is_not_guessed():
    """A key names one record."""
    looking = Looking(lambda *_: ("t1", "t2"), GUARDED.guarded)
    with pytest.raises(Refused, match="protected_key_shared"):
        asked("hubspot", "GET", f"{HUB}/a%40b.c?idProperty=email").substitute(looking)


@pytest.mark.parametrize("operation", ["query", "queryAll"])
def test_soap_compares_with_what_the_crm_has(operation):
    """As REST does; the envelope is signed and its answer read as before."""
    text = "SELECT Id FROM Contact WHERE Email = 'a'"
    body = {"soap:Envelope": {"soap:Body": {f"p:{operation}": {"p:queryString": text}}}}
    found = asked("salesforce", "POST", "/services/Soap/u/59.0", body, content_type="text/xml")
    signs, answer = found.sign, type(found.answer)
    found.substitute(GUARDED.looking)
    call = found.tree["soap:Envelope"]["soap:Body"][f"p:{operation}"]
    assert call == {"p:queryString": "SELECT Id FROM Contact WHERE Email IN ('<a>')"}
    assert (found.sign, type(found.answer)) == (signs, answer)
    body["soap:Envelope"]["soap:Body"][f"p:{operation}"] = {"p:queryString": text.replace("=", ">")}
    found = asked("salesforce", "POST", "/services/Soap/u/59.0", body)
    with pytest.raises(Refused, match="protected_not_comparable"):
        found.substitute(GUARDED.looking)


def test_a_domain_in_a_url_compares_with_what_the_crm_has():
    """Tryton's REST routes are sent as the call that they mean."""
    domain = base64.urlsafe_b64encode(b'[["party.name", "=", "a"]]').decode().rstrip("=")
    found = asked("tryton", "GET", f"/crm/rest/model/party.contact_mechanism?d={domain}&f=type")
    found.substitute(Looked(("party.party", "name")).looking)
    assert (found.tree["method"], found.tree["params"][0]) == (
        "model.party.contact_mechanism.search_read",
        [["party.name", "in", ["<a>"]]],
    )
    domain = base64.urlsafe_b64encode(b'[["party.name", "ilike", "a%"]]').decode().rstrip("=")
    found = asked("tryton", "GET", f"/crm/rest/model/party.contact_mechanism?d={domain}&f=type")
    with pytest.raises(Refused, match="protected_not_comparable"):
        found.substitute(Looked(("party.party", "name")).looking)


def test_a_property_alone_is_read_as_one_where_anything_is_protected():
    """What is compared is gone over whatever is asked for."""
    found = asked("dynamics", "GET", f"{API}/contacts(00000000-0000-0000-0000-000000000001)/lastname/$value")
    found.substitute(GUARDED.looking)
    found.narrow(frozenset())
    assert found.open(200, {"contactid": "x", "lastname": "Q"}).tree == {"value": "Q"}


@given(st.text(max_size=40))
def test_a_text_is_itself_as_a_soql_literal(text):
    """However it has to be quoted."""
    assert plain(literal(text)) == text
