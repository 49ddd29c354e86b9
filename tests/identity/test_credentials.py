"""Where a credential may stand."""

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import Unidentified
from proxy.identity.credentials import CREDENTIAL_LIMIT, ApiKey, BearerToken, Certificate, only_credential
from proxy.message import Headers, Peer, Request

KEY = "lg_" + "A" * 43


def request(*fields, sans=()):
    """Return a request with these header fields."""
    return Request("GET", "/", headers=Headers(fields), peer=Peer("192.0.2.1", sans))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (request(("x-lychgate-key", KEY)), ApiKey(KEY)),
        (request(("x-lychgate-key", f" {KEY}\t")), ApiKey(KEY)),
        (request(("authorization", f"Bearer {KEY}")), ApiKey(KEY)),
        (request(("authorization", "Basic " + b64encode(f"a:{KEY}".encode()).decode())), ApiKey(KEY)),
        (request(("authorization", "Bearer a.b.c")), BearerToken("a.b.c")),
        (request(("authorization", f"Zoho-oauthtoken {KEY}")), ApiKey(KEY)),
        (request(("x-sfdc-session", KEY)), ApiKey(KEY)),
        (request(("x-sfdc-session", "a.b.c")), BearerToken("a.b.c")),
        (request(("x-sfdc-session", KEY), ("authorization", f"Bearer {KEY}")), ApiKey(KEY)),
        (request(sans=("dns:a",)), Certificate(("dns:a",))),
    ],
)
def test_one_credential_is_found(asked, found):
    """The one credential is found wherever it may stand."""
    assert only_credential(asked, passthrough=False) == found


@pytest.mark.parametrize("fields", [(("authorization", "Bearer a.b.c"),), (("x-lychgate-key", KEY),)])
def test_a_session_beside_another_credential_is_two(fields):
    """Two that are not the same are refused, wherever they stand; so is a session that stands there twice."""
    for more in ((("x-sfdc-session", "lg_" + "B" * 43),), (("x-sfdc-session", KEY), ("x-sfdc-session", KEY))):
        with pytest.raises(Unidentified, match="two_credentials"):
            only_credential(request(*fields, *more), passthrough=False)


def test_a_session_is_the_crms_on_a_lane_that_passes_credentials():
    """It is not taken for ours there, and a key of ours in it is misplaced."""
    with pytest.raises(Unidentified, match="no_credential"):
        only_credential(request(("x-sfdc-session", "a.b.c")), passthrough=True)
    with pytest.raises(Unidentified, match="misplaced_key"):
        only_credential(request(("x-sfdc-session", KEY)), passthrough=True)


def test_longest_credential():
    """A field of exactly the limit is read; one character more is not."""
    longest = "Bearer " + "a" * (CREDENTIAL_LIMIT - 7)
    assert isinstance(only_credential(request(("authorization", longest)), passthrough=False), BearerToken)
    with pytest.raises(Unidentified, match="token_too_large"):
        only_credential(request(("authorization", longest + "a")), passthrough=False)


@given(st.text(max_size=60), st.text(max_size=60), st.booleans())
def test_anything_else_is_one_kind_of_error(key, authorization, passthrough):
    """Whatever stands in the two headers, the answer is a credential or `Unidentified`."""
    fields = [(name, text) for name, text in (("x-lychgate-key", key), ("authorization", authorization)) if text]
    with suppress(Unidentified):
        found = only_credential(request(*fields), passthrough=passthrough)
        assert isinstance(found, ApiKey | BearerToken)


@given(st.sampled_from(["Basic ", "basic ", "BASIC  "]), st.binary(max_size=20), st.binary(max_size=20))
def test_key_inside_basic_never_passes_through(scheme, before, after):
    """On a passthrough lane our key is found in user or password, between any bytes that are not its own."""
    inside = before + b":" + KEY.encode() + b":" + after
    field = ("authorization", scheme + b64encode(inside).decode())
    with pytest.raises(Unidentified, match="misplaced_key"):
        only_credential(request(("x-lychgate-key", KEY), field), passthrough=True)


@pytest.mark.parametrize(
    "value",
    [
        "Bearer 00Dxx!AQcAQH",
        "Session YTpiOmM=",
        "Basic dXNlcjpwYXNz",
        "Bearer lg_short",
        "Bearer pat-na1-1",
        "",
    ],
)
def test_crm_credentials_pass(value):
    """On a passthrough lane the CRM's own credentials are not looked at further."""
    found = only_credential(request(("x-lychgate-key", KEY), ("authorization", value)), passthrough=True)
    assert found == ApiKey(KEY)


def test_crm_credential_that_is_no_basic():
    """On a passthrough lane a `Basic` that cannot be read is refused: a key could be inside."""
    with pytest.raises(Unidentified, match="malformed_credential"):
        only_credential(request(("x-lychgate-key", KEY), ("authorization", "Basic a")), passthrough=True)
