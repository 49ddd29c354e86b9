"""The steps of one verification, in their order."""

from dataclasses import replace

import pytest

from proxy.errors import Unidentified
from proxy.identity.unverified import parse
from proxy.identity.verify import check_id, verify

NOW = 1_800_000_000


def test_what_is_proved(idp, issuer):
    """Claims, subject, expiry and key of a good token are told."""
    found = verify(parse(idp.token()), issuer, NOW)
    assert (found.subject, found.expires) == ("u-17", NOW + 300)
    assert found.key is issuer.keys.key("rsa", "RS256")


def test_subject_claim_is_the_issuers_choice(idp, issuer):
    """The claim that names the subject is configured; the others do not matter."""
    token = parse(idp.token(oid="o-1", sub=None))
    assert verify(token, replace(issuer, subject_claim="oid"), NOW).subject == "o-1"
    with pytest.raises(Unidentified, match="bad_subject"):
        verify(token, issuer, NOW)


def test_signature_comes_before_claims(idp, issuer, stranger):
    """An unsigned claim is never what the answer is about."""
    with pytest.raises(Unidentified, match="bad_signature"):
        verify(parse(stranger.token(exp=1, aud="x", cnf={})), issuer, NOW)


@pytest.mark.parametrize("name", ["https://id.example/", "https://other.example", ""])
def test_issuer_is_exact(idp, issuer, name):
    """A token that names another issuer is refused even if this issuer's key signed it."""
    with pytest.raises(Unidentified, match="unknown_issuer"):
        verify(parse(idp.token(iss=name)), issuer, NOW)


def test_algorithm_comes_before_keys(idp, issuer):
    """A refused algorithm asks for no key."""
    with pytest.raises(Unidentified, match="algorithm_refused"):
        verify(parse(idp.token()), replace(issuer, algorithms=frozenset({"ES256"}), keys=None), NOW)


def test_algorithm_narrower_than_the_key(idp, issuer):
    """A key that could serve an algorithm does not, unless the issuer's list has it."""
    token = parse(idp.token(alg="PS256"))
    with pytest.raises(Unidentified, match="algorithm_refused"):
        verify(token, replace(issuer, algorithms=frozenset({"RS256"})), NOW)


@pytest.mark.parametrize("leeway", [0, 60])
def test_leeway_is_exact(idp, issuer, leeway):
    """A token is good until the last moment of the leeway, and not in the next."""
    token, lenient = parse(idp.token(exp=NOW)), replace(issuer, leeway=leeway)
    assert verify(token, lenient, NOW + leeway - 0.001).expires == NOW
    with pytest.raises(Unidentified, match="token_expired"):
        verify(token, lenient, NOW + leeway)


@pytest.mark.parametrize("text", ["a", "client/sub", "é", "名前", "a b", "x" * 128, "a@b.c"])
def test_ids(text):
    """A short printable name in NFC is an id."""
    assert check_id(text) == text


@pytest.mark.parametrize(
    "text", ["", "x" * 129, "a\tb", "a\x7f", "a\x85", "a\u200bb", "a\ufeff", "e\u0301", "\ue000"]
)
def test_no_ids(text):
    """Control, format, private-use and decomposed characters are no part of an id."""
    with pytest.raises(Unidentified, match="bad_subject"):
        check_id(text)
