"""TLS on both legs, one context per lane and leg, made when the lane is.

The client's leg: our certificate, TLS 1.2 or newer, HTTP/1.1 only; with `client_ca` a certificate from one of
those authorities is required and OpenSSL refuses the handshake without it. The upstream's leg: always
verified, name included, against `upstream_ca` or the system's store; there is no way to turn that off (M27). The
client's leg is mitmproxy's, so its context is pyOpenSSL's; the upstream's is asyncio's.

mitmproxy's own `tlsconfig` is not used: it would make a certificate authority in a folder, invent
certificates, take its trust from process-wide options, and answer one path of every lane by itself.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mitmproxy import tls
from OpenSSL import SSL

from addons.http1 import Places, Resuming
from addons.lane import LaneSpec
from proxy.errors import LychgateError

_OPTIONS: Final = SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_RENEGOTIATION
_CIPHERS: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of TLS 1.3 are all fine."""
_HTTP_1_1: Final = b"http/1.1"


class TlsFiles(LychgateError):
    """A certificate, key or authority of a lane cannot be used; names the lane and the file's role only."""


@dataclass(frozen=True, slots=True)
class Legs:
    """A lane's contexts; None where the leg is plaintext."""

    client: SSL.Context | None
    upstream: Resuming | None


def make_legs(spec: LaneSpec) -> Legs:
    """Return a lane's contexts.

    Raises:
        TlsFiles: a file is missing, not PEM, or key and certificate do not belong together.
    """
    client = _client_leg(spec) if spec.tls is not None else None
    return Legs(client, _upstream_leg(spec) if spec.upstream_scheme == "https" else None)


def _client_leg(spec: LaneSpec) -> SSL.Context:
    assert spec.tls is not None
    certificate, key = spec.tls
    context = _context(SSL.TLS_SERVER_METHOD)
    try:
        context.use_certificate_chain_file(str(certificate))
        context.use_privatekey_file(str(key))
        context.check_privatekey()
    except SSL.Error:
        raise TlsFiles(f"lane {spec.name}: tls") from None
    context.set_alpn_select_callback(_choose_protocol)
    if spec.client_ca is not None:
        _require_client_certificate(context, spec, spec.client_ca)
    return context


def _require_client_certificate(context: SSL.Context, spec: LaneSpec, authorities: Path) -> None:
    _trust(context, spec, authorities, "client_ca")
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, None)
    # A resumed session would bring back a certificate that was checked some other day.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET)
    context.set_session_id(b"lychgate")


def _upstream_leg(spec: LaneSpec) -> Resuming:
    context = Resuming(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name, and nothing here says otherwise
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(_CIPHERS.decode())
    context.set_alpn_protocols([_HTTP_1_1.decode()])
    try:
        if spec.upstream_ca is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(spec.upstream_ca)
    except OSError:
        raise TlsFiles(f"lane {spec.name}: upstream_ca") from None
    return context


def _context(method: int) -> SSL.Context:
    context = SSL.Context(method)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(_OPTIONS)
    context.set_cipher_list(_CIPHERS)
    return context


def _trust(context: SSL.Context, spec: LaneSpec, file: Path, role: str) -> None:
    try:
        context.load_verify_locations(str(file), None)
        if role == "client_ca":
            context.load_client_ca(str(file).encode())
    except SSL.Error:
        raise TlsFiles(f"lane {spec.name}: {role}") from None


def _choose_protocol(_connection: SSL.Connection, offered: list[bytes]) -> Any:
    # A client that offers h2 only may still connect; its first bytes are then a malformed head.
    return _HTTP_1_1 if _HTTP_1_1 in offered else SSL.NO_OVERLAPPING_PROTOCOLS


class LaneTls:
    """The add-on that supplies the contexts, and takes down who a client's certificate is for."""

    name = "lanetls"

    def __init__(self, places: Places, legs: dict[str, Legs]) -> None:
        self._places = places
        self._legs = legs

    def _spec(self, data: tls.TlsData) -> LaneSpec:
        return self._places.conversations[data.context.client.id].lane.spec

    def tls_start_client(self, data: tls.TlsData) -> None:
        """Begin as the server; without a context mitmproxy closes the connection."""
        context = self._legs[self._spec(data).name].client
        if context is not None:
            data.ssl_conn = SSL.Connection(context)
            data.ssl_conn.set_accept_state()

    def tls_established_client(self, data: tls.TlsData) -> None:
        """Take down the names in a certificate that OpenSSL has verified."""
        if self._spec(data).client_ca is not None and data.conn.certificate_list:
            names = [(type(name).__name__, name.value) for name in data.conn.certificate_list[0].altnames]
            sans = tuple(_san(*name) for name in names if _safe(*name))
            self._places.conversations[data.context.client.id].proven(sans)

    def tls_failed_client(self, data: tls.TlsData) -> None:
        """Record a handshake that failed; there is nobody to answer."""
        conversation = self._places.conversations.get(data.context.client.id)
        if conversation is not None:
            gateway = conversation.lane.gateway
            self._places.underway.spawn(gateway.on_malformed("tls_handshake_failed", 400))


_KINDS: Final = {"DNSName": "dns", "UniformResourceIdentifier": "uri"}


def _safe(kind: str, value: object) -> bool:
    return kind in _KINDS and isinstance(value, str) and value.isascii() and value.isprintable()


def _san(kind: str, value: object) -> str:
    return f"{_KINDS[kind]}:{value}"
