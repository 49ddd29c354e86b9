"""Asking SuiteCRM for less or more than a client does, and comparing with what it has in place of a value."""

from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.connectors.comparing import Looking
from proxy.connectors.suitecrm.listing import MOST_FILTERS
from proxy.errors import Gap, Refused, Undecodable
from proxy.message import Request, Tree


def asked(suitecrm: Connector, query: str, path: str = "/Api/V8/module/Contacts") -> Asked:
    """Return what the connector makes of a list."""
    request = Request("GET", path, quote(query, safe="=&"))
    return suitecrm.route(request).recognise(request, None)


def sent(found: Asked) -> dict[str, str]:
    """Return the parameters that are sent."""
    return {name: values[0] for name, values in parse_qs(urlsplit(found.target).query).items()}


def test_hidden_fields_are_not_asked_for(suitecrm: Connector) -> None:
    """Where nothing else is asked for, nothing is; where all are, the answer is cut."""
    found = asked(suitecrm, "fields[Contacts]=last_name,iban_c&sort=id")
    found.narrow(frozenset({("Contacts", "iban_c")}))
    assert sent(found) == {"fields[Contacts]": "last_name", "sort": "id"}
    with pytest.raises(Refused):
        asked(suitecrm, "fields[Contacts]=iban_c").narrow(frozenset({("Contacts", "iban_c")}))
    found = asked(suitecrm, "")
    found.narrow(frozenset({("Contacts", "iban_c")}))
    assert sent(found) == {}


def test_facts_are_asked_for_and_taken_out_again(suitecrm: Connector) -> None:
    """A condition of policy may look at a field that the client did not select."""
    found = asked(suitecrm, "fields[Contacts]=last_name&filter[id][eq]=17")
    found.gather({"Contacts": frozenset({"lead_source"})})
    assert sent(found)["fields[Contacts]"] == "last_name,lead_source"
    row: Tree = {"type": "Contact", "id": "17", "attributes": {"last_name": "B", "lead_source": "Web"}}
    records = found.open(200, {"data": [row]}).records
    assert {record.key for record in records} == {"17"}
    assert records[-1].facts == {"lead_source": "Web"}
    assert records[-1].members == {"last_name": "B"}


def looking(*found: str) -> Looking:
    """Return what knows one protected field, and what stands for its values."""

    def look(_name: str, _field: str, _values: Sequence[str]) -> tuple[str, ...] | None:
        return found

    return Looking(look, lambda name, field: (name, field) == ("Contacts", "phone_work"))


def test_a_protected_field_is_compared_with_what_the_crm_has(suitecrm: Connector) -> None:
    """By equality, and with one value, as a filter takes no more; what lies in clear is left alone."""
    found = asked(suitecrm, "filter[phone_work][eq]=1&filter[last_name][gt]=B&fields[Contacts]=email1")
    found.substitute(looking("token"))
    assert sent(found)["filter[phone_work][eq]"] == "token"
    assert sent(found)["filter[last_name][gt]"] == "B"
    found.narrow(frozenset())
    assert sent(found)["filter[phone_work][eq]"] == "token"
    with pytest.raises(Refused):
        asked(suitecrm, "filter[phone_work][eq]=1").substitute(looking("one", "two"))
    with pytest.raises(Refused):
        asked(suitecrm, "filter[phone_work][gt]=1").substitute(looking("token"))


def test_so_many_filters_and_no_more(suitecrm: Connector) -> None:
    """And no text of any length."""
    names = [*suitecrm.catalogue["Contacts"].fields][: MOST_FILTERS + 1]
    with pytest.raises(Undecodable):
        asked(suitecrm, "&".join(f"filter[{name}][eq]=1" for name in names))
    with pytest.raises(Gap):
        asked(suitecrm, f"filter[last_name][eq]={'x' * 1_001}")


def test_a_record_that_is_not_there_is_told_in_one_way(suitecrm: Connector) -> None:
    """SuiteCRM says 400 to whatever goes wrong; of one record that is that it is not there."""
    wrong: Tree = {"errors": {"status": 400, "detail": "canary"}}
    for status in (400, 404):
        opened = asked(suitecrm, "", "/Api/V8/module/Contacts/17").open(status, wrong)
        assert (opened.status, opened.tree) == (
            404, {"errors": {"status": "404", "title": None, "detail": "There is no such record."}}
        )  # fmt: skip
    opened = asked(suitecrm, "").open(400, wrong)
    assert (opened.status, opened.tree["errors"]["status"]) == (0, "400")
    assert "canary" not in str(opened.tree)


def test_definitions_stand_under_their_names(suitecrm: Connector) -> None:
    """Of fields that somebody listed, and words and numbers alone."""
    found = asked(suitecrm, "", "/Api/V8/meta/fields/Contacts")
    definitions: Tree = {
        "last_name": {"type": "varchar", "len": 255, "default": "some text", "options": ["a", "b c"]},
        "income_c": {"type": "int"},
        "iban_c": {"type": "varchar"},
        "odd name": {"type": "int"},
        "email1": "text",
    }
    opened = found.open(200, {"data": {"type": "fields", "id": "", "attributes": definitions}})
    (told,) = opened.told
    assert told.cut(lambda _name, field, _action: field != "iban_c")
    assert opened.tree == {
        "data": {"type": "fields", "id": "", "attributes": {"last_name": {"type": "varchar", "len": 255}}}
    }


def test_a_link_that_leads_to_nobody_is_an_empty_list(suitecrm: Connector) -> None:
    """SuiteCRM says so in words, which repeat what was asked for."""
    found = asked(suitecrm, "", "/Api/V8/module/Contacts/17/relationships/cases")
    assert found.open(200, {"meta": {"message": "canary"}}).tree == {"data": [], "meta": {}}


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ('{match: "GET /list", grammar: suitecrm-list, answer: all}', "{object} in its path"),
        (
            '{match: "GET /m/{object}", grammar: suitecrm-list, query: {"filter[*]": text}, answer: all}',
            "deleted:",
        ),
        ('{match: "POST /m", grammar: suitecrm-write, action: delete, answer: all}', "create or update"),
        ('{match: "GET /m/{object}", grammar: suitecrm-links, answer: all}', "relationships"),
        ('{match: "DELETE /m/{object}/{id}/relationships/{link}", grammar: suitecrm-links}', "{to}"),
        ('{match: "GET /m/{object}/{id}/relationships/{link}", grammar: suitecrm-links}', "needs an answer"),
    ],
)
def test_a_route_that_cannot_be_read_is_told(
    load_text: Callable[[str], list[str]], route: str, said: str
) -> None:
    """By what it lacks."""
    (told,) = load_text(f"routes: [{route}]")
    assert said in told
