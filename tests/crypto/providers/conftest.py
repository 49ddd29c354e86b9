"""Every provider, as itself, and as another process sees the same keys."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from proxy.crypto.providers import (
    AwsKms,
    AwsPlace,
    BaoPlace,
    KeyringFile,
    Pkcs11,
    Provider,
    Transit,
)
from tests.crypto.providers.stub_bao import TOKEN, StubBao
from tests.services import SoftHsm


@dataclass
class Kept:
    """A provider, and how to look at the same keys anew."""

    make: Callable[[], Provider]
    made: list[Provider] = field(default_factory=list)
    ends_later: bool = False
    """It destroys after a waiting time."""

    def again(self) -> Provider:
        """Return another view of the same keys, which remembers nothing."""
        self.made.append(self.make())
        return self.made[-1]


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """Give moto's server: the shape of AWS's API; what state a key is in, it says and does not enforce."""
    import boto3
    from moto.server import ThreadedMotoServer

    before = {name: os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    os.environ |= dict.fromkeys(before, "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    kms = boto3.client("kms", region_name="eu-west-1", endpoint_url=endpoint)
    while "Keys" not in kms.list_keys():  # its first answers, while it still loads, are those of no service
        pass
    yield endpoint
    server.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def stub_bao() -> Iterator[StubBao]:
    """Give a server that behaves as OpenBao's Transit."""
    stub = StubBao()
    yield stub
    stub.close()


def bao_of(stub: StubBao) -> Transit:
    """Return a client of the stub."""
    return Transit(BaoPlace(stub.address), lambda: TOKEN)


def hsm_of(softhsm_token: SoftHsm) -> Pkcs11:
    """Return a client of the token."""
    return Pkcs11(softhsm_token.module, softhsm_token.token, softhsm_token.pin)


KINDS = ["file", "pkcs11", "aws", "openbao", *(["openbao-real"] if os.environ.get("BAO_ADDR") else [])]
"""A real OpenBao or Vault is asked when BAO_ADDR and BAO_TOKEN say where one is, with Transit enabled."""


@pytest.fixture(params=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """Give each provider in turn."""
    if request.param == "file":
        found = Kept(lambda: KeyringFile(tmp_path / "k.json", key=bytes(32)))
    elif request.param == "pkcs11":
        token = request.getfixturevalue("softhsm_token")
        found = Kept(lambda: hsm_of(token))
    elif request.param == "aws":
        endpoint = request.getfixturevalue("aws_endpoint")
        found = Kept(lambda: AwsKms(AwsPlace("eu-west-1", endpoint=endpoint, waiting_days=7)), ends_later=True)
    elif request.param == "openbao":
        stub = request.getfixturevalue("stub_bao")
        found = Kept(lambda: bao_of(stub))
    else:
        address, token = os.environ["BAO_ADDR"], os.environ["BAO_TOKEN"]
        found = Kept(lambda: Transit(BaoPlace(address), lambda: token))
    yield found
    for provider in found.made:
        provider.close()
