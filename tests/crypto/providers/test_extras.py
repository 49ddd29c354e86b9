"""A plain installation has no driver: whoever configures a provider is told what to install."""

import subprocess
import sys
from pathlib import Path

import pytest

from proxy.crypto.providers import AwsKms, AwsPlace, BaoPlace, Pkcs11, Transit
from proxy.errors import StoreError
from proxy.store import Store

MAKE = {
    "pkcs11": lambda: Pkcs11(Path("/lib.so"), "t", "1"),
    "boto3": lambda: AwsKms(AwsPlace("eu-west-1")),
    "httpx": lambda: Transit(BaoPlace("https://bao.example"), str),
    "psycopg": lambda: Store.open("postgresql://gate@db.example/gate", ()),
}


@pytest.mark.parametrize(
    ("module", "extra"),
    [("pkcs11", "pkcs11"), ("boto3", "aws"), ("httpx", "openbao"), ("psycopg", "postgresql")],
)
def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch, module: str, extra: str) -> None:
    """With the words to install it."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(StoreError, match=rf"pip install 'lychgate\[{extra}\]'"):
        MAKE[module]()


def test_no_driver_is_loaded_that_is_not_asked_for() -> None:
    """A process with the embedded store and a key ring loads none of them."""
    code = "import sys, proxy.kept; print(*{'pkcs11', 'boto3', 'httpx', 'psycopg'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
