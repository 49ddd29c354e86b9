"""Sandboxes on real sockets, a certificate for them, and the unmodified SDKs that talk to them."""

import datetime as dt
import ipaddress
from contextlib import contextmanager
from pathlib import Path

import hubspot
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from simple_salesforce import Salesforce

from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, StoppedClock, Tls, running

TOKEN = "test-token"


@pytest.fixture(scope="session")
def tls(tmp_path_factory) -> Tls:
    """A self-signed certificate for 127.0.0.1; as it signs itself, it is its own CA file."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    files = Tls(folder / "cert.pem", folder / "key.pem")
    files.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


@pytest.fixture
def clock() -> StoppedClock:
    """A clock that the test moves."""
    return StoppedClock()


@pytest.fixture
def org(clock):
    """A Salesforce sandbox without a socket."""
    return SalesforceSandbox(TOKEN, now=clock)


@pytest.fixture
def account(clock):
    """A HubSpot sandbox without a socket."""
    return HubSpotSandbox(TOKEN, now=clock)


@pytest.fixture
def connected(tls):
    """Run a Salesforce sandbox over TLS and connect simple-salesforce to it, for the length of a block."""

    @contextmanager
    def connect(crm, token=TOKEN):
        with running(crm, tls=tls) as address, requests.Session() as session:
            session.verify = str(tls.cert)
            session.trust_env = False  # REQUESTS_CA_BUNDLE would win over session.verify
            yield Salesforce(instance_url=address.url, session_id=token, session=session)

    return connect


@pytest.fixture
def salesforce(org, connected):
    """simple-salesforce, talking to `org` over TLS."""
    with connected(org) as client:
        yield client


@pytest.fixture
def hub(account):
    """hubspot-api-client, talking to `account`."""
    with running(account) as address:
        yield hubspot.Client.create(access_token=TOKEN, host=address.url)
