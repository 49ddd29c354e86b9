"""A certificate authority for one installation: TLS for its lanes, certificates for its clients.

Files in one folder: `ca.pem` (give it to the clients), `ca.key` (0600; put it away when all is issued), and
`<name>.pem` + `<name>.key` per certificate. Keys are EC P-256; certificates follow RFC 5280 closely enough
for OpenSSL's strict mode, which Python 3.13 turns on.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from proxy.crypto.files import PRIVATE, PUBLIC, read_private, write_whole
from proxy.errors import Unavailable

AUTHORITY_DAYS: Final = 3650
LEAF_DAYS: Final = 397
"""What browsers accepted at most of a public certificate until 2026; a year and a month is a habit by now."""
_SKEW: Final = timedelta(minutes=5)
"""How far a client's clock may be behind ours."""
_DNS_NAME: Final = re.compile(
    r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]{1,200}")
_FILE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")

Address = IPv4Address | IPv6Address


def ensure_authority(folder: Path, *, now: datetime | None = None) -> Path:
    """Return the path of the authority's certificate; it is valid, and its key is there and fits.

    Args:
        folder: has to exist.
        now: aware; the present if None.

    Raises:
        Unavailable: `authority_mismatch` (certificate and key do not belong together), `authority_expired`,
            `authority_unreadable` (not PEM), `key_unreadable`, `key_exposed`.
    """
    _authority(folder, now or datetime.now(UTC))
    return folder / "ca.pem"


def issue_leaf(
    folder: Path, names: Sequence[str], ips: Sequence[Address] = (), *, now: datetime | None = None
) -> tuple[Path, Path]:
    """Return the paths of a fresh server certificate for the names and addresses, and of its key.

    The files are called after the first name, or after the first address; older ones are replaced.

    Args:
        folder: the authority's; the authority is made if there is none.
        names: DNS names in lower case, `*.` in front allowed.
        ips: addresses.
        now: aware; the present if None.

    Raises:
        ValueError: no name and no address, or something that is not a DNS name.
        Unavailable: as for `ensure_authority`.
    """
    alternatives = _dns_names(names) + [x509.IPAddress(address) for address in ips]
    if not alternatives:
        raise ValueError("a server certificate needs a name or an address")
    stem = names[0].replace("*", "wildcard") if names else str(ips[0]).replace(":", "-")
    return _issue(folder, stem, alternatives, ExtendedKeyUsageOID.SERVER_AUTH, now or datetime.now(UTC))


def issue_client(
    folder: Path,
    stem: str,
    names: Sequence[str] = (),
    uris: Sequence[str] = (),
    *,
    now: datetime | None = None,
) -> tuple[Path, Path]:
    """Return the paths of a fresh client certificate and of its key.

    Args:
        folder: the authority's; the authority is made if there is none.
        stem: what the files are called, lower-case letters, digits, dots and dashes.
        names: DNS names; Lychgate sees them as `dns:<name>`.
        uris: URIs (`spiffe://...`); Lychgate sees them as `uri:<uri>`.
        now: aware; the present if None.

    Raises:
        ValueError: no name and no URI, or one that is malformed, or a stem that is not a file name.
        Unavailable: as for `ensure_authority`.
    """
    if not all(_URI.fullmatch(uri) for uri in uris):
        raise ValueError("a URI here is a scheme, a colon and printable ASCII")
    alternatives = _dns_names(names) + [x509.UniformResourceIdentifier(uri) for uri in uris]
    if not alternatives:
        raise ValueError("a client certificate needs a name or a URI")
    return _issue(folder, stem, alternatives, ExtendedKeyUsageOID.CLIENT_AUTH, now or datetime.now(UTC))


def _dns_names(names: Sequence[str]) -> list[x509.GeneralName]:
    if not all(len(name) <= 253 and _DNS_NAME.fullmatch(name) for name in names):
        raise ValueError("not a DNS name in lower case")
    return [x509.DNSName(name) for name in names]


def _authority(folder: Path, now: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return key and certificate, made where missing. If we die between the two, the key is kept."""
    key_path, certificate_path = folder / "ca.key", folder / "ca.pem"
    if not key_path.exists() and not certificate_path.exists():
        write_whole(key_path, _pem(ec.generate_private_key(ec.SECP256R1())), PRIVATE, replace=False)
    try:
        key = serialization.load_pem_private_key(read_private(key_path), None)
    except (ValueError, TypeError):
        raise Unavailable("authority_unreadable", key_path.name) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Unavailable("authority_mismatch")
    if not certificate_path.exists():
        write_whole(certificate_path, _self_signed(key, now), PUBLIC, replace=False)
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    except (ValueError, OSError):
        raise Unavailable("authority_unreadable", certificate_path.name) from None
    if certificate.public_key() != key.public_key():
        raise Unavailable("authority_mismatch")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Unavailable("authority_expired")
    return key, certificate


def _self_signed(key: ec.EllipticCurvePrivateKey, now: datetime) -> bytes:
    # The serial in the name keeps the authorities of two installations apart in one trust store.
    serial = x509.random_serial_number()
    name = _name(f"Lychgate local authority {serial:x}"[:64])
    certificate = (
        _builder(name, name, key, now, AUTHORITY_DAYS)
        .serial_number(serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def _issue(
    folder: Path, stem: str, alternatives: list[x509.GeneralName], use: x509.ObjectIdentifier, now: datetime
) -> tuple[Path, Path]:
    if not _FILE_NAME.fullmatch(stem) or stem == "ca":
        raise ValueError("not a name for the files of a certificate")
    authority_key, authority = _authority(folder, now)
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _builder(_name("Lychgate " + stem[:50]), authority.subject, key, now, LEAF_DAYS)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    certificate_path, key_path = folder / f"{stem}.pem", folder / f"{stem}.key"
    write_whole(key_path, _pem(key), PRIVATE, replace=True)
    write_whole(certificate_path, certificate.public_bytes(serialization.Encoding.PEM), PUBLIC, replace=True)
    return certificate_path, key_path


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now - _SKEW + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
