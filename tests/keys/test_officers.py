"""Officers are known by their tokens."""

import os

import pytest

from proxy.errors import Unidentified
from proxy.keys.officers import digest, identify, mint


def test_a_token_is_its_officers() -> None:
    """And nobody else's; what is kept of it is not it."""
    tokens = {name: mint(os.urandom) for name in ("ann", "ben")}
    officers = {name: digest(token) for name, token in tokens.items()}
    assert [identify(token, officers) for token in tokens.values()] == ["ann", "ben"]
    assert all(token.startswith("lgo_") and len(token) == 47 for token in tokens.values())
    assert not set(tokens.values()) & set(officers.values())


@pytest.mark.parametrize("token", ["", "lgo_", "lgo_" + "A" * 43, digest("x")])
def test_anything_else_is_nobodys(token: str) -> None:
    """Not even the digest that stands in the configuration."""
    with pytest.raises(Unidentified, match="unknown_officer"):
        identify(token, {"ann": digest("x")})


def test_a_token_of_two_is_nobodys() -> None:
    """One person would count as two."""
    with pytest.raises(Unidentified, match="unknown_officer"):
        identify("x", {"ann": digest("x"), "ben": digest("x")})
