"""What a lane is, as plain values handed in by the wiring."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|[0-9A-Fa-f:.]{2,45}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneSpec:
    """One listener and the one upstream behind it; fixed for the life of the process.

    Raises:
        ValueError: a value cannot be served as it stands; the text names the attribute, never a secret.
    """

    name: str
    listen_host: str
    """Numeric address or name to listen on."""
    listen_port: int
    """0 takes any free port; `serve` reports which."""
    reuse_port: bool = False
    """Whether further processes of this account listen on the same port, and the kernel spreads connections."""
    tls: tuple[Path, Path] | None = None
    """PEM files of the certificate chain and its key; None = plaintext, and TLS is refused."""
    client_ca: Path | None = None
    """PEM file of the authorities whose client certificates are accepted; with it one is required."""
    upstream_scheme: Literal["http", "https"]
    upstream_host: str
    """Also the name in the `host` field, in SNI, and the one the certificate must be for."""
    upstream_port: int
    upstream_ca: Path | None = None
    """PEM file of the authorities that vouch for the upstream; None = the system's store."""
    body_limit: int
    """Bytes on the wire, of a request and of an answer."""
    deadline: float
    """Seconds from a request's head to its answer, everything included."""
    hosts: frozenset[str] = frozenset()
    """Lower-case host names this lane answers to; empty = any well-formed one."""
    limits: "Limits | None" = None
    """What this lane gives to its clients and takes of its upstream; None = what the process gives."""
    accept_h2: Literal[False] = False
    """HTTP/2 is never offered: its bodies without content-length would go upstream unframed (M05)."""

    def __post_init__(self) -> None:
        checks = {
            "upstream_scheme": self.upstream_scheme in ("http", "https"),
            "upstream_host": _HOST.fullmatch(self.upstream_host) is not None,
            "upstream_port": 0 < self.upstream_port < 65536,
            "listen_port": 0 <= self.listen_port < 65536,
            "client_ca": self.client_ca is None or self.tls is not None,
            "body_limit": self.body_limit > 0,
            "deadline": self.deadline > 0,
            "accept_h2": self.accept_h2 is False,
        }
        wrong = [name for name, fine in checks.items() if not fine]
        if wrong:
            raise ValueError(f"lane {self.name}: cannot be served with this {', '.join(wrong)}")

    @property
    def upstream_authority(self) -> str:
        """The upstream as it stands in the `host` field: no default port, IPv6 in brackets."""
        host = f"[{self.upstream_host}]" if ":" in self.upstream_host else self.upstream_host
        default = 443 if self.upstream_scheme == "https" else 80
        return host if self.upstream_port == default else f"{host}:{self.upstream_port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one process gives to clients before it refuses; every resource is bounded before it is used."""

    head_bytes: int = 65_536
    """Of a request's or an answer's head; nginx allows 32 KiB in four buffers, h2 stacks mostly 64 KiB."""
    head_fields: int = 128
    head_seconds: float = 10.0
    """From accepting a connection to the first byte of a request, and from a head's first byte to its last."""
    idle_seconds: int = 60
    """A connection without a request is closed."""
    rate_floor: int = 512
    """Bytes a second that an upload must bring, over five seconds; the lane's deadline holds as well."""
    write_seconds: float = 30.0
    """For a client to take an answer; a large one may take longer, at 64 KiB a second."""
    connections: int = 1024
    """When one more comes, the one that has been idle longest makes room; none is cut short for it."""
    connections_per_peer: int = 512
    """Of one address; when one more comes, an idle one of that address makes room. A load balancer is one."""
    buffered_bytes: int = 128 << 20
    """Of all exchanges under way together, both directions, as framed; decoding them takes several times as
    much for a moment."""
    caller_bytes: int = 64 << 20
    """The same, of the exchanges of one caller."""
    upstream_connections: int = 64
    """Of one lane, busy and kept; an exchange waits for one within its deadline."""
    upstream_per_caller: int = 32
    """Of those, for the exchanges of one caller; the next one waits for one of its own to end."""
    upstream_streams: int = 16
    """Of those, for bodies that go in pieces: each may hold its place for an hour."""
    stream_seconds: float = 3600.0
    """From a request's head to the end of an exchange whose bodies go in pieces. The lane's deadline holds for
    each step of it: that more comes, and that it is decided and taken."""
    upstream_idle_seconds: float = 20.0
    """A connection that is kept longer without use is closed; servers give up after 30 to 60."""
    upstream_age: float = 300.0
    """Seconds after which a connection is not used again, so that changes of address and certificate take."""
