"""An identity provider with real keys, clients that know it, and a clock that stands still."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from proxy.identity import Identifier, Issuer, JwksKeys
from proxy.message import Headers, Peer, Request
from proxy.model import Client, Recipient

NOW = 1_800_000_000
KEY = "lg_" + "A" * 43
KEY_OF_MAILER = "lg_" + "B" * 43
ISS = "https://id.example"
AUD = "lychgate"


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Clock:
    """A clock that a test moves."""

    at: float = NOW

    def __call__(self) -> float:
        return self.at


@dataclass
class Idp:
    """An identity provider: private keys by kid, and whatever token a test wants, well signed."""

    keys: dict[str, tuple[str, Any]]
    kid: str = "rsa"
    defaults: dict[str, Any] = field(
        default_factory=lambda: {
            "iss": ISS,
            "aud": AUD,
            "sub": "u-17",
            "iat": NOW - 10,
            "exp": NOW + 300,
            "azp": "portal",
            "groups": ["crm-support"],
        }
    )

    def jwk(self, kid: str) -> dict[str, Any]:
        """Return the public half of one key."""
        algorithm, private = self.keys[kid]
        public = json.loads(get_default_algorithms()[algorithm].to_jwk(private.public_key()))
        public.pop("key_ops", None)
        return public | {"kid": kid, "use": "sig"}

    def jwks(self, *kids: str) -> bytes:
        """Return the key set, or the part of it with these kids."""
        return json.dumps({"keys": [self.jwk(kid) for kid in kids or self.keys]}).encode()

    def sign(self, header: bytes, payload: bytes, *, kid: str = "rsa", algorithm: str | None = None) -> str:
        """Return a compact JWS of exactly these bytes, signed by the key called `kid`."""
        own, private = self.keys[kid]
        signed = f"{b64(header)}.{b64(payload)}"
        return f"{signed}.{b64(get_default_algorithms()[algorithm or own].sign(signed.encode(), private))}"

    def token(
        self, *, kid: str = "rsa", alg: str | None = None, head: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """Return a good token with some claims changed; a claim that is None is left out."""
        algorithm = alg or self.keys[kid][0]
        header = {"alg": algorithm, "kid": kid, "typ": "JWT"} | (head or {})
        payload = {name: value for name, value in (self.defaults | claims).items() if value is not None}
        return self.sign(json.dumps(header).encode(), json.dumps(payload).encode(), kid=kid, algorithm=algorithm)


@pytest.fixture(scope="session")
def idp() -> Idp:
    """Keys of every kind that an issuer may have."""
    return Idp(
        {
            "rsa": ("RS256", rsa.generate_private_key(65537, 2048)),
            "ec": ("ES256", ec.generate_private_key(ec.SECP256R1())),
            "ed": ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
        }
    )


@pytest.fixture(scope="session")
def stranger() -> Idp:
    """Another provider's keys, under the same names."""
    return Idp({"rsa": ("RS256", rsa.generate_private_key(65537, 2048))})


@pytest.fixture
def clock() -> Clock:
    """The clock of the test."""
    return Clock()


@pytest.fixture
def clients() -> dict[str, Client]:
    """A help desk, a mailer that is a processor, and a portal whose users come with tokens."""
    ours, theirs = Recipient("acme"), Recipient("mailer_us", "processor", "US")
    portal = {"issuer": "corp", "claim": "azp", "value": "portal"}
    partner = {"issuer": "corp", "claim": "azp", "value": "partner"}
    found = [
        Client(
            "helpdesk",
            ours,
            frozenset({"support_agent"}),
            frozenset({"customer_support", "fraud"}),
            default_purpose="customer_support",
            key_digests=frozenset({hashlib.sha256(KEY.encode()).hexdigest()}),
        ),
        Client(
            "mailer",
            theirs,
            frozenset({"marketer"}),
            frozenset({"newsletter"}),
            key_digests=frozenset({hashlib.sha256(KEY_OF_MAILER.encode()).hexdigest()}),
            sans=frozenset({"dns:mailer.example", "uri:spiffe://example/mailer"}),
        ),
        Client(
            "portal",
            ours,
            frozenset({"support_agent", "support_lead"}),
            frozenset({"customer_support"}),
            default_purpose="customer_support",
            kind="human",
            jwt=MappingProxyType(portal),
        ),
        Client(
            "partner",
            theirs,
            frozenset({"marketer"}),
            frozenset({"newsletter"}),
            default_purpose="newsletter",
            kind="agent",
            jwt=MappingProxyType(partner),
        ),
    ]
    return {client.name: client for client in found}


@pytest.fixture
def make_issuer(idp: Idp, clock: Clock) -> Callable[..., Issuer]:
    """Return a function that makes the issuer with some settings changed."""
    keys = JwksKeys(idp.jwks, clock=clock, spawn=lambda work: work())
    base = Issuer(
        name="corp",
        issuer=ISS,
        audience=AUD,
        algorithms=frozenset({"RS256", "PS256", "ES256", "EdDSA"}),
        keys=keys,
        role_map=MappingProxyType(
            {
                "crm-support": "support_agent",
                "crm-leads": "support_lead",
                "dpo": "privacy_officer",
                "m": "marketer",
            }
        ),
        leeway=30,
        max_lifetime=3600,
    )
    return lambda **changes: replace(base, **changes)


@pytest.fixture
def issuer(make_issuer: Callable[..., Issuer]) -> Issuer:
    """The issuer as configured."""
    return make_issuer()


@pytest.fixture
def identifier(clients: dict[str, Client], issuer: Issuer, clock: Clock) -> Identifier:
    """An identifier of those clients and that issuer."""
    return Identifier(clients, {"corp": issuer}, clock)


@pytest.fixture
def ask() -> Callable[..., Request]:
    """Return a function that makes a request from header pairs."""

    def make(*fields: tuple[str, str], sans: tuple[str, ...] = (), query: str = "") -> Request:
        return Request("GET", "/contacts/1", query, Headers(fields), peer=Peer("192.0.2.1", sans))

    return make
