"""The table of headers that never go on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import Undecodable
from proxy.identity.headers import OVERRIDES, PREFIXES, STRIPPED, refuse_overrides, strip
from proxy.message import Headers

NAMES = st.one_of(
    st.sampled_from(sorted(STRIPPED | OVERRIDES)),
    st.builds(str.__add__, st.sampled_from(PREFIXES), st.text("abc-_", max_size=8)),
    st.sampled_from(
        ["accept", "content-type", "x-request-id", "if-match", "sforce-query-options", "user-agent"]
    ),
    st.text("abcxy-_", min_size=1, max_size=12),
)
SPELLED = st.builds(lambda name, low: name.replace("-", "_") if low else name, NAMES, st.booleans())
FIELDS = st.lists(st.tuples(SPELLED, st.text("v", max_size=3)), max_size=12).map(
    lambda pairs: Headers(tuple(pairs))
)


@given(FIELDS, st.booleans())
def test_strip_is_idempotent(headers, keep):
    """Stripping what was stripped changes nothing."""
    once = strip(headers, keep_authorization=keep)
    assert strip(once, keep_authorization=keep) == once


@given(FIELDS)
def test_nothing_of_ours_survives(headers):
    """After stripping no field is in the table, in either spelling."""
    for name, _ in strip(headers):
        spelled = name.replace("_", "-")
        assert spelled not in STRIPPED | OVERRIDES
        assert not spelled.startswith(("x-lychgate-", "x-purpose", "x-role", "x-user", "x-forwarded-", "proxy-"))


@given(FIELDS, st.booleans())
def test_what_survives_is_what_was_sent(headers, keep):
    """Stripping adds, changes and reorders nothing."""
    left = iter(headers.fields)
    assert all(pair in left for pair in strip(headers, keep_authorization=keep))


@pytest.mark.parametrize(
    "name",
    [
        "x-lychgate-key",
        "x-lychgate-anything-yet-to-come",
        "x-purpose",
        "x-role",
        "x-roles",
        "x-user-id",
        "x-forwarded-for",
        "x-forwarded-client-cert",
        "forwarded",
        "remote-user",
        "x-ssl-client-s-dn",
        "xfcc",
        "cookie",
        "proxy-authorization",
        "proxy-connection",
        "x-original-url",
        "authorization",
    ],
)
def test_named_in_the_contract(name):
    """Each header that is promised to be stripped is, with `-` and with `_`."""
    for spelled in (name, name.replace("-", "_")):
        assert strip(Headers(((spelled, "x"),))).fields == ()


@pytest.mark.parametrize("name", ["accept", "content-type", "if-match", "user-agent", "x-request-id", "prefer"])
def test_ordinary_headers_stay(name):
    """A header that says nothing about the caller is left for the connector to judge."""
    assert strip(Headers(((name, "x"),))).fields == ((name, "x"),)


def test_authorization_is_kept_on_request_only():
    """`Authorization` stays for a passthrough lane, but not its underscored double."""
    headers = Headers((("authorization", "a"), ("authorization_", "b"), ("proxy_authorization", "c")))
    assert strip(headers, keep_authorization=True).fields == (("authorization", "a"), ("authorization_", "b"))


@pytest.mark.parametrize("name", sorted(OVERRIDES))
def test_override_is_refused_with_any_value(name):
    """A method override is refused even when it names the method of the request line, or nothing."""
    for spelled in (name, name.replace("-", "_")):
        with pytest.raises(Undecodable) as caught:
            refuse_overrides(Headers((("accept", "*/*"), (spelled, ""))))
        assert (caught.value.reason, caught.value.status) == ("method_override", 400)


def test_no_override_no_refusal():
    """A request without an override passes the check unchanged."""
    assert refuse_overrides(Headers((("x-http", "PATCH"), ("method", "GET")))) is None
