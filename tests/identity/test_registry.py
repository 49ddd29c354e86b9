"""Clients by their credentials, and what cannot be registered."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from proxy.errors import Problems, Unidentified
from proxy.identity.registry import Registry
from proxy.model import Client, Recipient

KEY = "lg_" + "A" * 43


def client(name, **more):
    """Return a client with nothing but a name."""
    return Client(name, Recipient("r"), frozenset({"role"}), frozenset({"p"}), **more)


def registry(*clients, issuers=("corp",)):
    """Return a registry of these clients."""
    return Registry({one.name: one for one in clients}, dict.fromkeys(issuers))


def mark(value="x", claim="azp", issuer="corp"):
    """Return the mark of a client's tokens."""
    return MappingProxyType({"issuer": issuer, "claim": claim, "value": value})


def test_each_credential_finds_its_client(clients, issuer):
    """Key, certificate name and claim each lead to the one client that lists them."""
    found = Registry(clients, {"corp": issuer})
    assert found.by_key(KEY).name == "helpdesk"
    assert found.by_sans(("dns:a", "dns:mailer.example", "uri:spiffe://example/mailer")).name == "mailer"
    assert found.by_claims("corp", {"azp": "partner"}).name == "partner"


def test_unknown_credentials(clients, issuer):
    """What nobody lists finds nobody."""
    found = Registry(clients, {"corp": issuer})
    for ask, reason in [
        (lambda: found.by_key("lg_" + "Z" * 43), "unknown_key"),
        (lambda: found.by_sans(("dns:MAILER.example", "mailer.example")), "unknown_client"),
        (lambda: found.by_claims("corp", {"azp": "x", "client_id": "portal"}), "unknown_client"),
        (lambda: found.by_claims("other", {"azp": "portal"}), "unknown_client"),
    ]:
        with pytest.raises(Unidentified) as caught:
            ask()
        assert caught.value.reason == reason


def test_token_with_the_marks_of_two_clients():
    """A token that carries two clients' marks is neither's."""
    two = registry(client("a", jwt=mark("x")), client("b", jwt=mark("y", claim="client_id")))
    with pytest.raises(Unidentified, match="ambiguous_client"):
        two.by_claims("corp", {"azp": "x", "client_id": "y"})


@pytest.mark.parametrize(
    ("clients", "issuers", "code"),
    [
        ((client("a", key_digests={"0" * 64}), client("b", key_digests={"0" * 64})), (), "LG403"),
        ((client("a", sans={"dns:x"}), client("b", sans={"dns:x"})), (), "LG403"),
        ((client("a", jwt=mark()), client("b", jwt=mark())), ("corp",), "LG403"),
        ((client("a", key_digests={"A" * 64}),), (), "LG402"),  # upper case: never equal to what we compute
        ((client("a", key_digests={"0" * 63}),), (), "LG402"),
        ((client("a", key_digests={"lg_" + "A" * 43}),), (), "LG402"),  # the key itself
        ((client("a", jwt={"issuer": "corp"}),), ("corp",), "LG404"),
        ((client("a", jwt={**mark(), "more": "x"}),), ("corp",), "LG404"),
        ((client("a", jwt=mark(issuer="crop")),), ("corp",), "LG405"),
        ((client("a/b"),), (), "LG401"),  # `a/b` is also how user b of client a is called
    ],
)
def test_what_cannot_be_registered(clients, issuers, code):
    """A registration in which something is ambiguous or void is refused when it is loaded."""
    with pytest.raises(Problems) as caught:
        registry(*clients, issuers=issuers)
    assert {problem.code for problem in caught.value.problems} == {code}
    assert "A" * 43 not in str(caught.value)


def test_all_problems_at_once():
    """Every problem is told in one run."""
    with pytest.raises(Problems) as caught:
        registry(client("a/b", key_digests={"x"}), client("c", jwt=mark(issuer="nobody")))
    assert {problem.code for problem in caught.value.problems} == {"LG401", "LG402", "LG405"}


def test_one_client_may_have_several_keys():
    """Two keys of one client overlap while one replaces the other."""
    both = frozenset({"0" * 64, "1" * 64})
    assert registry(replace(client("a"), key_digests=both)) is not None
