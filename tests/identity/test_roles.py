"""From claims to roles."""

from dataclasses import replace

import pytest

from proxy.identity.roles import roles_from


@pytest.mark.parametrize(
    ("claim", "claims", "roles"),
    [
        ("groups", {"groups": ["m", "dpo"]}, {"marketer", "privacy_officer"}),
        ("groups", {"groups": "m"}, {"marketer"}),
        ("groups", {"groups": "m dpo"}, set()),  # one value, not two
        ("groups", {"groups": ["M", "marketer", ""]}, set()),  # values are exact, and roles are not values
        ("groups", {}, set()),
        ("realm_access.roles", {"realm_access": {"roles": ["m"]}}, {"marketer"}),  # Keycloak
        ("https://acme.example/roles", {"https://acme.example/roles": ["m"]}, {"marketer"}),  # Auth0
        ("a.b", {"a.b": ["m"], "a": {"b": ["dpo"]}}, {"marketer"}),  # the whole name comes first
        ("a.b", {"a": ["m"]}, set()),
        ("a.b", {"a": {"c": ["m"]}}, set()),
        ("groups", {"groups": [["m"]]}, set()),
        ("groups", {"groups": ["m", None]}, set()),  # a list we do not understand gives nothing
        ("groups", {"groups": {"m": 1}}, set()),
    ],
)
def test_roles(issuer, claim, claims, roles):
    """A claim gives the roles its values map to, and nothing when it is missing or of another shape."""
    assert roles_from(claims, replace(issuer, roles_claim=claim)) == roles
