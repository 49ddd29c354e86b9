"""A lane on real sockets: raw client -> lane in a thread -> raw upstream, with a gateway that records."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from addons.lane import LaneSpec, Limits
from addons.master import serve
from proxy.message import Headers, Request, Response

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


@dataclass(frozen=True)
class Allowed:
    """Permission to forward, as the fake gateway gives it."""

    id: str
    request: Request
    caller: str = "somebody"
    in_rows: bool = False

    def still(self) -> None:
        """It always is."""


def whole_answer(response: Response) -> Response:
    """Release everything: what is tested here is the data plane."""
    kept = tuple(pair for pair in response.headers if pair[0] in ("content-type", "content-encoding"))
    return Response(response.status, Headers(kept), response.body)


@dataclass
class FakeGateway:
    """Says yes unless told otherwise, and writes down every call."""

    lane: str = "test"
    calls: list[tuple[str, Any]] = field(default_factory=list)
    answer_head: Callable[[Request], Any] | None = None
    answer_request: Callable[[Request], Any] | None = None
    answer_response: Callable[[Response], Any] | None = None
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def on_head(self, request: Request) -> Any:
        if self.answer_head is not None:
            result = self.answer_head(request)
            return await result if asyncio.iscoroutine(result) else result
        return "somebody"

    async def on_request(self, request: Request) -> Any:
        self.calls.append(("request", request))
        if self.answer_request is not None:
            result = self.answer_request(request)
            return await result if asyncio.iscoroutine(result) else result
        return Allowed(str(next(self.ids)), request)

    async def on_response(self, exchange: Allowed, response: Response) -> Any:
        self.calls.append(("response", response))
        if self.answer_response is not None:
            result = self.answer_response(response)
            return await result if asyncio.iscoroutine(result) else result
        return whole_answer(response)

    async def on_failure(self, exchange: Allowed, reason: str, status: int) -> Response:
        self.calls.append(("failure", reason))
        return self.refuse(reason, status)

    async def on_malformed(self, reason: str, status: int) -> Response:
        self.calls.append(("malformed", reason))
        return self.refuse(reason, status)

    def refuse(self, reason: str, status: int) -> Response:
        body = b'{"refused":"%b"}' % reason.encode()
        return Response(status, Headers((("content-type", "application/problem+json"),)), body)

    def named(self, kind: str) -> list[Any]:
        return [value for name, value in self.calls if name == kind]

    @property
    def outcomes(self) -> list[str]:
        """What ended exchanges, in order."""
        return [
            name if name == "response" else f"{name} {value}" for name, value in self.calls if name != "request"
        ]


class Upstream:
    """A server that answers every request with the same bytes and keeps every byte it receives."""

    def __init__(self, answer: bytes | Callable[[bytes], bytes], tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.received = b""
        self.connections = 0
        self.close_after = False
        self.got = threading.Event()
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                self._open.append(peer)
                self.connections += 1
                threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            if self._tls is not None:
                peer = self._tls.wrap_socket(peer, server_side=True)
                self._open.append(peer)
            buffer = b""
            while data := peer.recv(65536):
                self.received += data
                buffer += data
                while (end := message_end(buffer)) is not None:
                    message, buffer = buffer[:end], buffer[end:]
                    self.got.set()
                    peer.sendall(self.answer(message) if callable(self.answer) else self.answer)
                    if self.close_after:
                        peer.shutdown(socket.SHUT_RDWR)
                        return

    def close(self) -> None:
        for one in [self._socket, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._thread.join(5)


def message_end(buffer: bytes) -> int | None:
    """Return where the first complete request ends; only framing by content-length is expected."""
    head, found, body = buffer.partition(b"\r\n\r\n")
    if not found:
        return None
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return len(head) + 4 + length if len(body) >= length else None


class Client:
    """A raw socket: what is sent is exactly what was written here."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None, name: str = "localhost") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=name)

    def send(self, data: bytes) -> "Client":
        self.socket.sendall(data)
        return self

    def read(self, timeout: float = 10) -> bytes:
        """Return one whole answer, or everything up to the end of the connection."""
        self.socket.settimeout(timeout)
        data = b""
        with contextlib.suppress(ConnectionError):
            while chunk := self.socket.recv(65536):
                data += chunk
                if message_end(data) is not None:
                    break
        return data

    def read_all(self, timeout: float = 10) -> bytes:
        """Return everything up to the end of the connection; raises TimeoutError when it stays open."""
        self.socket.settimeout(timeout)
        data = b""
        with contextlib.suppress(ConnectionError):
            while chunk := self.socket.recv(65536):
                data += chunk
        return data

    def close(self) -> None:
        self.socket.close()


class RunningLane:
    """`serve` in a thread with an event loop of its own."""

    def __init__(self, spec: LaneSpec, gateway: Any, folder: Path, limits: Limits, drain: float) -> None:
        self.gateway = gateway
        self.error: BaseException | None = None
        self._spec, self._folder, self._limits, self._drain = spec, folder, limits, drain
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._main)
        self.clients: list[Client] = []

    def start(self) -> "RunningLane":
        self._thread.start()
        self._ready.wait(20)
        if self.error is not None:
            self._thread.join(5)
            raise self.error
        return self

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self.error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()

        def ready(bound: dict[str, tuple[str, int]]) -> None:
            self.port = bound[self._spec.name][1]
            self._ready.set()

        await serve(
            [(self._spec, self.gateway)],
            state_dir=self._folder,
            ready=ready,
            stop=self.stop,
            drain_seconds=self._drain,
            limits=self._limits,
        )

    def client(self, tls: ssl.SSLContext | None = None, name: str = "localhost") -> Client:
        self.clients.append(Client(self.port, tls, name))
        return self.clients[-1]

    def exchange(self, data: bytes) -> bytes:
        """Send bytes on a new connection and return one answer."""
        return self.client().send(data).read()

    def begin_stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.stop.set)

    def end(self) -> None:
        self.begin_stop()
        self._thread.join(20)
        assert not self._thread.is_alive(), "the lane did not end"

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.end()
        if self.error is not None:
            raise self.error


def lane_spec(upstream_port: int, **changes: Any) -> LaneSpec:
    """Return a plaintext lane to a port on this machine, with changes."""
    given: dict[str, Any] = {
        "name": "test",
        "listen_host": "127.0.0.1",
        "listen_port": 0,
        "upstream_scheme": "http",
        "upstream_host": "127.0.0.1",
        "upstream_port": upstream_port,
        "body_limit": 1 << 20,
        "deadline": 5.0,
    }
    return LaneSpec(**given | changes)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A plaintext upstream that answers 200 with an empty JSON object; tests change its answer."""
    server = Upstream(OK)
    yield server
    server.close()


@pytest.fixture
def start_upstream() -> Iterator[Callable[..., Upstream]]:
    """Start more upstreams; each is closed when the test ends."""
    running: list[Upstream] = []

    def start(answer: bytes | Callable[[bytes], bytes] = OK, tls: ssl.SSLContext | None = None) -> Upstream:
        running.append(Upstream(answer, tls))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture
def spec() -> Callable[..., LaneSpec]:
    """Make a lane's specification: `spec(upstream_port, **changes)`."""
    return lane_spec


@pytest.fixture
def gateway() -> FakeGateway:
    """A gateway that allows and records."""
    return FakeGateway()


@pytest.fixture
def start_lane(tmp_path: Path) -> Iterator[Callable[..., RunningLane]]:
    """Start lanes; each is drained when the test ends."""
    running: list[RunningLane] = []

    def start(spec: LaneSpec, gateway: Any, *, limits: Limits | None = None, drain: float = 1.0) -> RunningLane:
        lane = RunningLane(spec, gateway, tmp_path, limits or Limits(), drain)
        running.append(lane)
        return lane.start()

    yield start
    for lane in running:
        lane.close()


@pytest.fixture
def lane(upstream: Upstream, gateway: FakeGateway, start_lane: Callable[..., RunningLane]) -> RunningLane:
    """A plaintext lane in front of `upstream`, decided by `gateway`."""
    return start_lane(lane_spec(upstream.port), gateway)


@dataclass(frozen=True)
class Rig:
    """Upstream, gateway and a way to start lanes, for tests that need many of them."""

    upstream: Upstream
    gateway: FakeGateway
    folder: Path
    launch: Callable[..., RunningLane]

    def start(
        self, port: int, *, limits: Limits | None = None, drain: float = 1.0, **changes: Any
    ) -> RunningLane:
        """Start a lane in front of a port, decided by the rig's gateway."""
        return self.launch(lane_spec(port, **changes), self.gateway, limits=limits, drain=drain)


@pytest.fixture
def rig(upstream: Upstream, gateway: FakeGateway, tmp_path: Path, start_lane: Callable[..., RunningLane]) -> Rig:
    """Everything at once."""
    return Rig(upstream, gateway, tmp_path, start_lane)


@dataclass(frozen=True)
class Pki:
    """Certificates for one test run: an authority, what it vouched for, and what somebody else did."""

    ca: Path
    server: tuple[Path, Path]
    """For localhost and 127.0.0.1."""
    other_name: tuple[Path, Path]
    """Of the same authority, for another name."""
    client: tuple[Path, Path]
    stranger_ca: Path
    stranger_server: tuple[Path, Path]
    stranger_client: tuple[Path, Path]

    def server_context(self, files: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """Return the server's side, as an upstream has it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*(files or self.server))
        return context

    def client_context(self, files: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """Return the client's side, trusting the authority."""
        context = ssl.create_default_context(cafile=str(self.ca))
        if files is not None:
            context.load_cert_chain(*files)
        return context


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Make the certificates once."""
    folder = tmp_path_factory.mktemp("pki")
    ours, stranger = Authority(folder, "ours"), Authority(folder, "stranger")
    return Pki(
        ca=ours.file,
        server=ours.issue("server", ("localhost",), server=True),
        other_name=ours.issue("other", ("elsewhere.example",), server=True),
        client=ours.issue("client", ("crm-sync.example",), server=False),
        stranger_ca=stranger.file,
        stranger_server=stranger.issue("server", ("localhost",), server=True),
        stranger_client=stranger.issue("client", ("crm-sync.example",), server=False),
    )


class Authority:
    """Issues certificates that are valid now."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._label = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = self._builder(self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(usage, critical=True)
        certificate = builder.sign(self._key, hashes.SHA256())
        self.file = folder / f"{name}-ca.pem"
        self.file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(self, role: str, names: tuple[str, ...], *, server: bool) -> tuple[Path, Path]:
        """Return the files of a new certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        if "localhost" in names:
            alternatives.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        else:
            alternatives.append(x509.UniformResourceIdentifier(f"spiffe://example/{role}"))
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = self._builder(subject, key.public_key())
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = builder.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())
        files = self._folder / f"{self._label}-{role}.pem", self._folder / f"{self._label}-{role}.key"
        files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=subject,
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=now - dt.timedelta(minutes=5),
            not_valid_after=now + dt.timedelta(days=2),
        ).add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
