"""What a certificate says of itself, for whoever has to renew it in time."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from proxy.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Term:
    """When a certificate is valid, and for whom."""

    begins: datetime
    """Aware, inclusive."""
    ends: datetime
    """Aware, inclusive."""
    names: tuple[str, ...]
    """Of subjectAltName: host names and addresses, as text."""


def term_of(certificate: Path, key: Path | None = None) -> Term:
    """Return what the first certificate in a PEM file says; nothing is verified but that the key fits.

    Raises:
        Unavailable: `certificate_unreadable`, `key_unreadable`, `key_mismatch`.
    """
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        names = _names(found)
    except (OSError, ValueError):
        raise Unavailable("certificate_unreadable", certificate.name) from None
    if key is not None and not _fits(found, key):
        raise Unavailable("key_mismatch", key.name)
    return Term(found.not_valid_before_utc, found.not_valid_after_utc, names)


def _fits(certificate: x509.Certificate, path: Path) -> bool:
    try:
        public = serialization.load_pem_private_key(path.read_bytes(), None).public_key()
    except (OSError, ValueError, TypeError):
        raise Unavailable("key_unreadable", path.name) from None
    return public == certificate.public_key()


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    hosts = found.get_values_for_type(x509.DNSName)
    return (*hosts, *map(str, found.get_values_for_type(x509.IPAddress)))
