"""Key sets from a file and from a real https server on this machine."""

import datetime as dt
import http.server
import ipaddress
import os
import ssl
import threading
from contextlib import contextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from proxy.identity import JwksKeys
from proxy.identity.sources import SIZE_LIMIT, file_source, url_source


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A PEM file with a key and a certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "issuer")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "issuer.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def serving(certificate, answer):
    """Serve `answer(path) -> (status, headers, body)` over TLS; yield the origin and the paths asked for."""
    asked = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_keys_over_verified_tls(certificate, idp):
    """A key set is fetched from an https address whose certificate the given authority signed."""
    with serving(certificate, lambda _: (200, {}, idp.jwks())) as (origin, asked):
        keys = JwksKeys.from_url(f"{origin}/keys?v=1", ca_file=certificate, name="corp")
    assert keys.ready
    assert keys.key("ec", "ES256")
    assert asked == ["/keys?v=1"]


def test_untrusted_server_is_not_asked(certificate, idp):
    """A server whose certificate nobody we trust signed gets no request, and the keys are not ready."""
    with serving(certificate, lambda _: (200, {}, idp.jwks())) as (origin, asked):
        keys = JwksKeys.from_url(f"{origin}/keys")
    assert not keys.ready
    assert asked == []


def test_name_must_match(certificate, idp):
    """A trusted certificate for another name is not enough."""
    with serving(certificate, lambda _: (200, {}, idp.jwks())) as (origin, asked):
        fetch = url_source(origin.replace("127.0.0.1", "localhost"), ca_file=certificate)
        with pytest.raises(ssl.SSLCertVerificationError):
            fetch()
    assert asked == []


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (404, {}, b"{}"),
        (500, {}, b""),
        (302, {"location": "/elsewhere"}, b""),  # redirects are not followed
        (204, {}, b""),
        (200, {}, b" " * (SIZE_LIMIT + 1)),
        (200, {"content-length": "9"}, b"{}"),  # shorter than promised
        (200, {"transfer-encoding": "chunked"}, b"zz"),  # broken framing
        (99999, {}, b""),  # no status that HTTP has
    ],
)
def test_answers_of_no_use(certificate, status, headers, body):
    """Anything but one whole 200 of a sane size is an OSError, and nothing else is asked for."""
    with serving(certificate, lambda _: (status, headers, body)) as (origin, asked):
        with pytest.raises(OSError):  # noqa: PT011 - which OSError it is does not matter
            url_source(f"{origin}/keys", ca_file=certificate)()
        assert asked == ["/keys"]


def test_nobody_there(certificate):
    """An address where nothing listens is an OSError."""
    with serving(certificate, lambda _: (200, {}, b"")) as (origin, _):
        pass
    with pytest.raises(OSError):  # noqa: PT011
        url_source(origin, ca_file=certificate)()


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example/keys",
        "file:///etc/passwd",
        "https://",
        "https://u:p@id.example/",
        "https://id.example/#x",
        "keys",
    ],
)
def test_addresses_that_are_refused(url):
    """An address without TLS, or with a credential in it, cannot be a source."""
    with pytest.raises(ValueError, match="https"):
        url_source(url)


def test_missing_authority(tmp_path):
    """A CA file that is not there is told at once."""
    with pytest.raises(OSError):  # noqa: PT011
        url_source("https://id.example/keys", ca_file=tmp_path / "none.pem")


def test_file_is_read_when_it_changed(tmp_path):
    """A file is read once for each of its states."""
    path = tmp_path / "jwks.json"
    path.write_bytes(b"one")
    fetch = file_source(path)
    assert (fetch(), fetch()) == (b"one", None)
    path.write_bytes(b"two!")
    assert (fetch(), fetch()) == (b"two!", None)
    os.utime(path, ns=(1, 1))
    assert fetch() == b"two!"


def test_file_replaced_by_another(tmp_path):
    """A file put in place by a rename is read, even with the same size and time."""
    path, other = tmp_path / "jwks.json", tmp_path / "new.json"
    path.write_bytes(b"one")
    other.write_bytes(b"two")
    fetch = file_source(path)
    fetch()
    for file in (path, other):
        os.utime(file, ns=(7, 7))
    fetch()
    other.rename(path)
    assert fetch() == b"two"


def test_file_that_cannot_be_used(tmp_path):
    """A missing or huge file is an OSError."""
    path = tmp_path / "jwks.json"
    with pytest.raises(OSError):  # noqa: PT011
        file_source(path)()
    path.write_bytes(b" " * (SIZE_LIMIT + 1))
    with pytest.raises(OSError, match="too large"):
        file_source(path)()
