"""The local authority's certificates are what a strict TLS client accepts, and nothing more."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from proxy.crypto.authority import ensure_authority, issue_client, issue_leaf
from proxy.errors import Unavailable

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def shake_hands(server, client, name):
    """Let two contexts shake hands in memory; return the client certificate that the server saw."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=name)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(6):
        for side in (one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert one.version() == "TLSv1.3"
    return other.getpeercert()


def contexts(folder, leaf, client=None):
    """A server that shows `leaf` and asks for a client certificate if one is given, and a strict client."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*leaf)
    mine = ssl.create_default_context(cafile=folder / "ca.pem")
    mine.verify_flags |= ssl.VERIFY_X509_STRICT
    if client:
        server.load_verify_locations(folder / "ca.pem")
        server.verify_flags |= ssl.VERIFY_X509_STRICT
        server.verify_mode = ssl.CERT_REQUIRED
        mine.load_cert_chain(*client)
    return server, mine


@pytest.mark.parametrize("name", ["localhost", "crm.internal.example", "127.0.0.1", "::1", "any.wild.example"])
def test_a_strict_client_accepts_a_leaf(tmp_path, name):
    """Every name and address asked for verifies against the authority, in OpenSSL's strict mode."""
    names = ["localhost", "crm.internal.example", "*.wild.example"]
    leaf = issue_leaf(tmp_path, names, [ip_address("127.0.0.1"), ip_address("::1")])
    shake_hands(*contexts(tmp_path, leaf), name)


@pytest.mark.parametrize("name", ["other.example", "127.0.0.2", "a.b.wild.example"])
def test_another_name_is_not_accepted(tmp_path, name):
    """A leaf speaks for the names it was issued for only."""
    leaf = issue_leaf(tmp_path, ["localhost", "*.wild.example"], [ip_address("127.0.0.1")])
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(*contexts(tmp_path, leaf), name)


def test_another_implementation_accepts_a_leaf(tmp_path):
    """The WebPKI-strict verifier of the cryptography package agrees with OpenSSL."""
    ensure_authority(tmp_path, now=NOW)
    certificate, _ = issue_leaf(tmp_path, ["crm.example"], now=NOW)
    store = Store([x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())])
    verifier = PolicyBuilder().store(store).time(NOW).build_server_verifier(x509.DNSName("crm.example"))
    chain = verifier.verify(x509.load_pem_x509_certificate(certificate.read_bytes()), [])
    assert len(chain) == 2


def test_a_client_certificate_shows_its_names(tmp_path):
    """Mutual TLS works, and the server sees the names that identity looks for."""
    leaf = issue_leaf(tmp_path, ["localhost"])
    client = issue_client(tmp_path, "billing", ["billing.example"], ["spiffe://example/billing"])
    seen = shake_hands(*contexts(tmp_path, leaf, client), "localhost")
    assert seen["subjectAltName"] == (("DNS", "billing.example"), ("URI", "spiffe://example/billing"))


def test_a_client_certificate_is_no_server_certificate(tmp_path):
    """Who holds a client certificate cannot pretend to be a lane, and the other way round."""
    client = issue_client(tmp_path, "billing", ["localhost"])
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        shake_hands(*contexts(tmp_path, client), "localhost")
    leaf = issue_leaf(tmp_path, ["localhost"])
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        shake_hands(*contexts(tmp_path, leaf, leaf), "localhost")


def test_what_stands_in_a_leaf(tmp_path):
    """Extensions, validity and key are as RFC 5280 asks; a leaf cannot sign."""
    authority_path = ensure_authority(tmp_path, now=NOW)
    authority = x509.load_pem_x509_certificate(authority_path.read_bytes())
    leaf = x509.load_pem_x509_certificate(issue_leaf(tmp_path, ["a.example"], now=NOW)[0].read_bytes())
    of = leaf.extensions.get_extension_for_class
    assert of(x509.BasicConstraints).value == x509.BasicConstraints(ca=False, path_length=None)
    assert list(of(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert of(x509.KeyUsage).value.digital_signature
    assert not of(x509.KeyUsage).value.key_cert_sign
    subject_key = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert of(x509.AuthorityKeyIdentifier).value.key_identifier == subject_key.digest
    assert of(x509.SubjectKeyIdentifier).value.digest != subject_key.digest
    assert leaf.not_valid_before_utc == NOW - timedelta(minutes=5)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=397)
    assert authority.not_valid_after_utc - authority.not_valid_before_utc == timedelta(days=3650)
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)


def test_keys_are_private_and_certificates_are_not(tmp_path):
    """Every key file is 0600, every certificate 0644."""
    issue_leaf(tmp_path, ["a.example"])
    issue_client(tmp_path, "b", ["b.example"])
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {
        "ca.key": 0o600,
        "ca.pem": 0o644,
        "a.example.key": 0o600,
        "a.example.pem": 0o644,
        "b.key": 0o600,
        "b.pem": 0o644,
    }


def test_the_authority_stays(tmp_path):
    """Asking for it again changes nothing; issuing again replaces the leaf."""
    ensure_authority(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    ensure_authority(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    first = issue_leaf(tmp_path, ["a.example"])[0].read_bytes()
    assert issue_leaf(tmp_path, ["a.example"])[0].read_bytes() != first


def test_dying_between_key_and_certificate_costs_nothing(tmp_path):
    """An authority whose certificate was not written yet gets one, for the key that is there."""
    ensure_authority(tmp_path)
    key = (tmp_path / "ca.key").read_bytes()
    (tmp_path / "ca.pem").unlink()
    leaf = issue_leaf(tmp_path, ["localhost"])
    assert (tmp_path / "ca.key").read_bytes() == key
    shake_hands(*contexts(tmp_path, leaf), "localhost")


def test_a_key_that_does_not_fit_is_refused(tmp_path):
    """A certificate beside another authority's key is never used."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ensure_authority(tmp_path / "a")
    ensure_authority(tmp_path / "b")
    (tmp_path / "a" / "ca.pem").replace(tmp_path / "b" / "ca.pem")
    with pytest.raises(Unavailable, match="authority_mismatch"):
        ensure_authority(tmp_path / "b")


def test_a_key_of_another_kind_is_refused(tmp_path):
    """What signs is the key that was made here, not one that somebody put in its place."""
    key = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "ca.key").write_bytes(key)
    (tmp_path / "ca.key").chmod(0o600)
    with pytest.raises(Unavailable, match="authority_mismatch"):
        ensure_authority(tmp_path)


@pytest.mark.parametrize("name", ["ca.key", "ca.pem"])
def test_a_file_that_is_not_pem_is_refused(tmp_path, name):
    """A damaged file is told by its name, and the error says nothing of its content."""
    ensure_authority(tmp_path)
    (tmp_path / name).write_bytes(b"secret rubbish")
    with pytest.raises(Unavailable, match="authority_unreadable") as caught:
        ensure_authority(tmp_path)
    assert caught.value.detail == name
    assert "rubbish" not in str(caught.value)


def test_a_certificate_without_its_key_is_refused(tmp_path):
    """When the key was put away, nothing is made in its place."""
    ensure_authority(tmp_path)
    (tmp_path / "ca.key").unlink()
    with pytest.raises(Unavailable, match="key_unreadable"):
        issue_leaf(tmp_path, ["a.example"])


def test_an_expired_authority_is_refused(tmp_path):
    """Ten years on, an error says why instead of clients refusing what we issue."""
    ensure_authority(tmp_path, now=NOW)
    with pytest.raises(Unavailable, match="authority_expired"):
        ensure_authority(tmp_path, now=NOW + timedelta(days=3651))


def test_an_exposed_authority_key_is_refused(tmp_path):
    """A key that the group can read is not an authority's."""
    ensure_authority(tmp_path)
    (tmp_path / "ca.key").chmod(0o644)
    with pytest.raises(Unavailable, match="key_exposed"):
        issue_leaf(tmp_path, ["a.example"])


@pytest.mark.parametrize(
    "name",
    [
        "",
        "UPPER.example",
        "a..b",
        "-a.example",
        "a_b.example",
        "../ca",
        "a/b",
        "a.example\n",
        "*",
        "a.*.b",
        "é.example",
    ],
)
def test_only_dns_names_are_certified(tmp_path, name):
    """What is not a DNS name in lower case gets no certificate, and no file is called after it."""
    with pytest.raises(ValueError, match="DNS name"):
        issue_leaf(tmp_path, [name])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stem", ["", "ca", "../x", "a/b", ".hidden", "UPPER", "a b"])
def test_a_client_file_is_called_harmlessly(tmp_path, stem):
    """No file outside the folder, and none of the authority's own, can be named."""
    with pytest.raises(ValueError, match="files of a certificate"):
        issue_client(tmp_path, stem, ["a.example"])


def test_a_certificate_for_nobody_is_refused(tmp_path):
    """Without a name there is nothing to certify."""
    with pytest.raises(ValueError, match="a name or an address"):
        issue_leaf(tmp_path, [])
    with pytest.raises(ValueError, match="a name or a URI"):
        issue_client(tmp_path, "x")
    with pytest.raises(ValueError, match="URI here is"):
        issue_client(tmp_path, "x", uris=["no scheme"])
