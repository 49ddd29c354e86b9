"""Asking for less than a query does, and comparing with what the CRM has in place of a value."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.connectors.comparing import Looking
from proxy.errors import Refused
from proxy.message import Request


def asked(zoho: Connector, query: str) -> Asked:
    """Return what the connector makes of a query."""
    request = Request("POST", "/crm/v8/coql", body=b"{}")
    return zoho.route(request).recognise(request, {"select_query": query})


def sent(found: Asked) -> str:
    """Return the query that is sent."""
    assert isinstance(found.tree, dict)
    return str(found.tree["select_query"])


def test_hidden_columns_are_not_asked_for(zoho: Connector) -> None:
    """Nor is the id of somebody of whom nothing else is asked any more."""
    found = asked(zoho, "select Deal_Name, Contact_Name.IBAN, Income from Deals where id is not null")
    found.narrow(frozenset({("Contacts", "IBAN"), ("Deals", "unclassified")}))
    assert sent(found) == "select Deal_Name from Deals where id is not null"
    with pytest.raises(Refused):
        asked(zoho, "select IBAN from Contacts where id is not null").narrow(frozenset({("Contacts", "IBAN")}))


def looking(*found: str) -> Looking:
    """Return what knows one protected field, and what stands for its values."""

    def look(name: str, field: str, values: Sequence[str]) -> tuple[str, ...] | None:
        del name, field
        return found if values else ()

    return Looking(look, lambda name, field: (name, field) == ("Contacts", "Email"))


@pytest.mark.parametrize(
    ("where", "put"),
    [
        ("Email = 'a'", "Email in ('t1', 't2')"),
        ("Email != 'a'", "Email not in ('t1', 't2')"),
        ("Email in ('a', 'b') and Phone = '1'", "Email in ('t1', 't2') and Phone = '1'"),
        ("Email is null", "Email is null"),
        ("Phone like '1%'", "Phone like '1%'"),
        ("Reporting_To.Email = 'a'", "Reporting_To.Email in ('t1', 't2')"),
    ],
)
def test_a_protected_field_is_compared_with_what_the_crm_has(zoho: Connector, where: str, put: str) -> None:
    """By equality, wherever it stands; what lies in clear is left alone."""
    found = asked(zoho, f"select id from Contacts where {where}")
    found.substitute(looking("t1", "t2"))
    assert sent(found) == f"select id from Contacts where {put}"


@pytest.mark.parametrize("where", ["Email like 'a%'", "Email > 'a'", "Email between 'a' and 'b'", "Email = 5"])
def test_a_protected_field_is_compared_in_no_other_way(zoho: Connector, where: str) -> None:
    """Ciphertext has no order and no parts."""
    with pytest.raises(Refused):
        asked(zoho, f"select id from Contacts where {where}").substitute(looking("t1"))


def test_a_search_for_all_others_says_so_of_each(zoho: Connector) -> None:
    """Criteria have no word for `not in`."""
    request = Request("GET", "/crm/v8/Contacts/search", "criteria=(Email:not_equal:a)&fields=Phone")
    for tokens, put in (
        (("t1",), "(Email:not_equal:t1)"),
        (("t1", "t2"), "((Email:not_equal:t1)and(Email:not_equal:t2))"),
        (
            ("t1", "t2", "t3"),
            "((Email:not_equal:t1)and((Email:not_equal:t2)and(Email:not_equal:t3)))",
        ),
    ):
        found: Any = zoho.route(request).recognise(request, None)
        found.substitute(looking(*tokens))
        assert parse_qs(urlsplit(found.target).query)["criteria"] == [put]


def test_a_search_compares_so_too(zoho: Connector) -> None:
    """Criteria are put into what the CRM has; a search by an address is not, and so is refused elsewhere."""
    request = Request("GET", "/crm/v8/Contacts/search", "criteria=(Email:equals:a)&fields=Phone")
    found: Any = zoho.route(request).recognise(request, None)
    found.substitute(looking("t,1"))
    assert found.target == "/crm/v8/Contacts/search?criteria=%28Email%3Ain%3At%5C%2C1%29&fields=Phone"
    found.narrow(frozenset())
    assert "t%5C%2C1" in found.target
    request = Request("GET", "/crm/v8/Contacts/search", "email=a@example.org")
    assert zoho.route(request).recognise(request, None).swap is None
