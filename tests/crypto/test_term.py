"""What a certificate says of itself."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from proxy.crypto import ensure_authority, issue_leaf, term_of
from proxy.errors import Unavailable

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def leaf(tmp_path):
    """A certificate for a name and an address, and its key."""
    return issue_leaf(tmp_path, ["crm.example"], [ip_address("127.0.0.1")], now=NOW)


def test_term_is_what_was_issued(leaf):
    """Names in the order of the certificate, and the days it is good for."""
    term = term_of(*leaf)
    assert term.names == ("crm.example", "127.0.0.1")
    assert term.begins <= NOW < term.ends <= NOW + timedelta(days=398)


def test_an_authority_is_for_no_name(tmp_path):
    """It has no subjectAltName."""
    assert term_of(ensure_authority(tmp_path)).names == ()


def test_what_is_no_certificate_or_does_not_fit_is_refused(leaf, tmp_path):
    """By reason, and without what the file holds."""
    certificate, key = leaf
    other = tmp_path / "other"
    other.mkdir()
    _, foreign = issue_leaf(other, ["crm.example"], now=NOW)
    for wrong, reason in [
        ((key,), "certificate_unreadable"),
        ((tmp_path / "absent.pem",), "certificate_unreadable"),
        ((certificate, foreign), "key_mismatch"),
        ((certificate, certificate), "key_unreadable"),
    ]:
        with pytest.raises(Unavailable, match=reason):
            term_of(*wrong)
