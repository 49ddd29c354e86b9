"""Tokens taken apart."""

from base64 import urlsafe_b64decode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import Unidentified
from proxy.identity.unverified import parse


def test_parts(idp):
    """The parts that the verification needs are there."""
    token = parse(idp.token())
    assert (token.algorithm, token.key_id, token.claims["sub"]) == ("RS256", "rsa", "u-17")


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
def test_types_that_grant_access(idp, kind):
    """The types of access tokens are taken, in any case."""
    assert parse(idp.token(head={"typ": kind})).key_id == "rsa"


def test_type_may_be_missing(idp):
    """A header without `typ` is a JWT (RFC 7519 §5.1)."""
    assert parse(idp.sign(b'{"alg":"RS256","kid":"rsa"}', b"{}")).claims == {}


@given(st.text("eyJhbGciOiJ0_-.=A", max_size=60))
def test_total(text):
    """Whatever the text, there is a token or `Unidentified`."""
    with suppress(Unidentified):
        assert parse(text).text == text


@pytest.mark.parametrize("other", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
def test_one_spelling(other):
    """Of all texts that stand for the same signature bytes only one is a token."""
    head, claims, signature = ["eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9", "e30", "QUI"]
    spelled = signature[:-1] + other
    if urlsafe_b64decode(spelled + "=") != b"AB":
        assert other not in "IJKL"
    elif other == "I":
        assert parse(f"{head}.{claims}.{spelled}").claims == {}
    else:
        with pytest.raises(Unidentified, match="malformed_token"):
            parse(f"{head}.{claims}.{spelled}")
