"""Certificates: whether clients can still trust a lane tomorrow."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from proxy import config as settings
from proxy.crypto import Term, term_of
from proxy.doctor.finding import Finding, fail, ok, warn
from proxy.errors import Unavailable
from proxy.scaffold import TLS

SOON: Final = 30
"""Days in which somebody has to issue a new certificate."""


def lane_certificate(lane: settings.Lane, now: datetime) -> Iterator[Finding]:
    """Look at what a lane shows its clients."""
    part = f"lane {lane.name}"
    if lane.tls is None:
        yield ok(part, "speaks plain HTTP, to this machine only")
        return
    try:
        term = term_of(lane.tls.certificate, lane.tls.key)
    except Unavailable as error:
        yield fail(part, f"{lane.tls.certificate}: {error.reason}", "issue certificate and key anew, together")
        return
    yield _judged(part, lane.tls.certificate, term, now)


def local_authority(config: settings.Config, now: datetime) -> Iterator[Finding]:
    """Look at the installation's own authority, if it has one."""
    certificate, key = config.state / TLS / "ca.pem", config.state / TLS / "ca.key"
    if not certificate.exists():
        return
    try:
        yield _judged("authority", certificate, term_of(certificate), now)
    except Unavailable as error:
        yield fail(
            "authority", f"{certificate}: {error.reason}", "restore it, or make another and tell the clients"
        )
    if key.exists():
        say = "its key lies on this machine: whoever takes it can pass for any lane"
        yield warn("authority", say, f"move {key} to where certificates are issued")


def _judged(part: str, certificate: Path, term: Term, now: datetime) -> Finding:
    days = (term.ends - now).days
    names = ", ".join(term.names)
    say = f"{certificate}: for {names}" if names else str(certificate)
    if now < term.begins:
        return fail(part, f"{say}, not valid before {term.begins:%Y-%m-%d}", "set this machine's clock right")
    if now >= term.ends:
        return fail(part, f"{say}, expired on {term.ends:%Y-%m-%d}", "issue a new one")
    if days < SOON:
        return warn(part, f"{say}, ends in {days} days", "issue a new one and restart the proxy")
    return ok(part, f"{say}, until {term.ends:%Y-%m-%d}")
