"""What an issuer may be configured as."""

import pytest


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithms": frozenset()},
        {"algorithms": frozenset({"RS256", "none"})},
        {"algorithms": frozenset({"HS256"})},  # who verifies could sign
        {"algorithms": frozenset({"ES256K"})},  # not among those we can pin to a curve
        {"leeway": 61},
        {"leeway": -1},
        {"max_lifetime": 0},
        {"max_lifetime": 86_401},
        {"issuer": ""},
        {"audience": ""},
    ],
)
def test_unsafe_issuer_cannot_be_made(make_issuer, changes):
    """An issuer with an unsafe setting raises when it is made, not when a token arrives."""
    with pytest.raises(ValueError, match=r"must"):
        make_issuer(**changes)


@pytest.mark.parametrize("changes", [{"leeway": 0}, {"leeway": 60}, {"max_lifetime": 86_400}])
def test_bounds_are_inside(make_issuer, changes):
    """The bounds themselves are allowed."""
    made = make_issuer(**changes)
    assert all(getattr(made, name) == value for name, value in changes.items())


def test_issuers_differ_by_what_they_trust(make_issuer):
    """Two issuers with the same settings are equal, whichever key set object they hold."""
    assert make_issuer() == make_issuer(keys=None)
    assert "keys" not in repr(make_issuer())
