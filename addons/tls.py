"""TLS on both legs, one context per lane and leg, made when the lane is.

The client's leg: our certificate, TLS 1.2 or newer, HTTP/1.1 only; with `client_ca` a certificate from one of
those authorities is required and OpenSSL refuses the handshake without it. The upstream's leg: always
verified, name included, against `upstream_ca` or the system's store; there is no way to turn that off (M27).

mitmproxy's own `tlsconfig` is not used: it would make a certificate authority in a folder, invent
certificates, take its trust from process-wide options, and answer one path of every lane by itself.
"""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mitmproxy import tls
from OpenSSL import SSL

from addons.lane import LaneSpec
from addons.underway import Underway
from proxy.errors import LychgateError

_OPTIONS: Final = SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_RENEGOTIATION
_CIPHERS: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of TLS 1.3 are all fine."""
_HTTP_1_1: Final = b"http/1.1"
_LIB: Any = SSL._lib  # type: ignore[attr-defined]
_HOST_FLAGS: Final = _LIB.X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | _LIB.X509_CHECK_FLAG_NEVER_CHECK_SUBJECT


class TlsFiles(LychgateError):
    """A certificate, key or authority of a lane cannot be used; names the lane and the file's role only."""


@dataclass(frozen=True, slots=True)
class Legs:
    """A lane's contexts; None where the leg is plaintext."""

    client: SSL.Context | None
    upstream: SSL.Context | None


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


def _upstream_leg(spec: LaneSpec) -> SSL.Context:
    context = _context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_PEER, None)
    context.set_alpn_protos([_HTTP_1_1])
    if spec.upstream_ca is None:
        context.set_default_verify_paths()
    else:
        _trust(context, spec, spec.upstream_ca, "upstream_ca")
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


def expect_name(ssl: SSL.Connection, host: str) -> None:
    """Have a handshake fail unless the peer's certificate is for `host`, a DNS name or an address."""
    param = _LIB.SSL_get0_param(ssl._ssl)
    _LIB.X509_VERIFY_PARAM_set_hostflags(param, _HOST_FLAGS)
    try:
        packed = ipaddress.ip_address(host).packed
    except ValueError:
        name = host.encode("ascii")
        ssl.set_tlsext_host_name(name)
        done = _LIB.X509_VERIFY_PARAM_set1_host(param, name, len(name))
    else:
        done = _LIB.X509_VERIFY_PARAM_set1_ip(param, packed, len(packed))
    if done != 1:
        raise TlsFiles("upstream_host")


class LaneTls:
    """The add-on that supplies the contexts, and takes down who a client's certificate is for."""

    name = "lanetls"

    def __init__(self, underway: Underway, legs: dict[str, Legs]) -> None:
        self._underway = underway
        self._legs = legs

    def _leg(self, data: tls.TlsData) -> tuple[LaneSpec, Legs]:
        spec = self._underway.connections[data.context.client.id].lane.spec
        return spec, self._legs[spec.name]

    def tls_start_client(self, data: tls.TlsData) -> None:
        """Begin as the server; without a context mitmproxy closes the connection."""
        _, legs = self._leg(data)
        if legs.client is not None:
            data.ssl_conn = SSL.Connection(legs.client)
            data.ssl_conn.set_accept_state()

    def tls_start_server(self, data: tls.TlsData) -> None:
        """Begin as the client of the lane's upstream."""
        spec, legs = self._leg(data)
        if legs.upstream is not None:
            ssl = SSL.Connection(legs.upstream)
            expect_name(ssl, spec.upstream_host)
            ssl.set_connect_state()
            data.ssl_conn = ssl

    def tls_established_client(self, data: tls.TlsData) -> None:
        """Take down the names in a certificate that OpenSSL has verified."""
        spec, _ = self._leg(data)
        if spec.client_ca is not None and data.conn.certificate_list:
            names = [(type(name).__name__, name.value) for name in data.conn.certificate_list[0].altnames]
            self._underway.sans[data.context.client.id] = tuple(_san(*name) for name in names if _safe(*name))


_KINDS: Final = {"DNSName": "dns", "UniformResourceIdentifier": "uri"}


def _safe(kind: str, value: object) -> bool:
    return kind in _KINDS and isinstance(value, str) and value.isascii() and value.isprintable()


def _san(kind: str, value: object) -> str:
    return f"{_KINDS[kind]}:{value}"
