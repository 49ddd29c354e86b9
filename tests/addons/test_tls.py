"""TLS on both legs, on real sockets; the upstream's leg is also M27 in test_wire."""

import ssl

import pytest

from addons.tls import TlsFiles, make_legs

GET = b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_a_lane_shows_its_certificate(rig, pki):
    """TLS 1.3 and HTTP/1.1, with a certificate that the client can check."""
    lane = rig.start(rig.upstream.port, tls=pki.server)
    client = lane.client(pki.client_context())
    assert client.socket.version() == "TLSv1.3"
    assert client.send(GET).read().startswith(b"HTTP/1.1 200 ")
    assert rig.gateway.named("request")[0].peer.sans == ()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1])
def test_old_versions_are_refused(rig, pki, version):
    """Nothing below TLS 1.2."""
    lane = rig.start(rig.upstream.port, tls=pki.server)
    context = pki.client_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = version
    with pytest.raises(ssl.SSLError):
        lane.client(context)


def test_tls_1_2_is_spoken(rig, pki):
    """With forward secrecy and an AEAD cipher."""
    lane = rig.start(rig.upstream.port, tls=pki.server)
    context = pki.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    client = lane.client(context)
    assert client.socket.cipher()[0].startswith("ECDHE-")
    assert client.send(GET).read().startswith(b"HTTP/1.1 200 ")


def test_a_host_other_than_the_name_in_the_handshake_is_misdirected(rig, pki):
    """SNI and `host` must agree: 421, nothing forwarded."""
    lane = rig.start(rig.upstream.port, tls=pki.server)
    sent = GET.replace(b"localhost", b"elsewhere.example")
    assert lane.client(pki.client_context()).send(sent).read().startswith(b"HTTP/1.1 421 ")
    assert rig.upstream.connections == 0


def test_a_verified_client_certificate_names_the_peer(rig, pki):
    """Its names reach the gateway, and only there."""
    lane = rig.start(rig.upstream.port, tls=pki.server, client_ca=pki.ca)
    client = lane.client(pki.client_context(pki.client))
    for _ in range(2):
        assert client.send(GET).read().startswith(b"HTTP/1.1 200 ")
    for request in rig.gateway.named("request"):
        assert request.peer.sans == ("dns:crm-sync.example", "uri:spiffe://example/client")
    assert b"crm-sync" not in rig.upstream.received


@pytest.mark.parametrize("case", ["missing", "stranger", "server's own"])
def test_a_client_without_the_right_certificate_gets_nothing(rig, pki, case):
    """No certificate, one of another authority, one for another use: no exchange begins."""
    files = {"missing": None, "stranger": pki.stranger_client, "server's own": pki.server}[case]
    lane = rig.start(rig.upstream.port, tls=pki.server, client_ca=pki.ca)
    try:
        received = lane.client(pki.client_context(files)).send(GET).read_all(5)
    except (ssl.SSLError, ConnectionError):
        received = b""
    assert received == b""
    assert rig.gateway.named("request") == []
    assert rig.upstream.connections == 0


def test_a_mutual_lane_resumes_no_session(rig, pki):
    """Every connection shows its certificate anew."""
    lane = rig.start(rig.upstream.port, tls=pki.server, client_ca=pki.ca)
    context = pki.client_context(pki.client)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    first = lane.client(context)
    assert first.send(GET).read()
    session = first.socket.session
    assert session is None or not session.has_ticket


@pytest.mark.parametrize("role", ["tls", "client_ca", "upstream_ca"])
def test_files_that_cannot_be_used_stop_the_start(spec, pki, tmp_path, role):
    """The error names lane and role, and nothing of what is in the file."""
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("canary-7e1d")
    changes = {
        "tls": {"tls": (wrong, pki.server[1])},
        "client_ca": {"tls": pki.server, "client_ca": wrong},
        "upstream_ca": {"upstream_scheme": "https", "upstream_ca": wrong},
    }[role]
    with pytest.raises(TlsFiles, match=f"^lane test: {role}$") as caught:
        make_legs(spec(1, **changes))
    assert caught.value.__cause__ is None


def test_a_key_of_another_certificate_stops_the_start(spec, pki):
    """Certificate and key must belong together."""
    with pytest.raises(TlsFiles, match="tls"):
        make_legs(spec(1, tls=(pki.server[0], pki.client[1])))


def test_a_plaintext_lane_has_no_contexts(spec):
    """Neither leg speaks TLS unless told to."""
    legs = make_legs(spec(1))
    assert legs.client is None
    assert legs.upstream is None


def test_the_upstream_is_verified_without_an_authority_of_its_own(rig, start_upstream, pki):
    """Without upstream_ca the system's store decides, and it does not know our test authority."""
    upstream = start_upstream(tls=pki.server_context())
    lane = rig.start(upstream.port, upstream_scheme="https", upstream_host="localhost")
    assert lane.exchange(GET).startswith(b"HTTP/1.1 502 ")
    assert upstream.received == b""
