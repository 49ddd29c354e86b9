"""An installation made for the demo is one that starts: credentials in place, a key for everybody."""

import stat
from pathlib import Path

import pytest

from proxy.config import load_config
from proxy.demo.installation import PEOPLE, Installation, LaneOf, make_installation
from proxy.identity import digest


@pytest.fixture
def made(tmp_path: Path) -> Installation:
    """Two lanes, one of them with TLS at both ends."""
    lanes = {
        "salesforce": LaneOf(8443, "https://localhost:9", "token", tls=True),
        "tryton": LaneOf(8082, "http://127.0.0.1:9", "login:password", "Basic"),
    }
    return make_installation(tmp_path / "gateway", lanes, admin=9090)  # type: ignore[arg-type]


def test_the_configuration_is_the_one_asked_for(made: Installation) -> None:
    """Every lane listens where it was told to, with the credential only Lychgate holds."""
    config = load_config(made.config)
    (first, second) = config.lanes
    assert [(lane.name, lane.connector, lane.tls is not None) for lane in config.lanes] == [
        ("salesforce", "salesforce", True),
        ("tryton", "tryton", False),
    ]
    assert (first.credential.scheme, second.credential.scheme) == ("Bearer", "Basic")
    assert first.credential.file is not None
    assert stat.S_IMODE(first.credential.file.stat().st_mode) == 0o600
    assert made.authority.exists()


def test_everybody_has_a_key_that_the_vocabulary_knows(made: Installation) -> None:
    """Keys are only in memory; the vocabulary has their digests."""
    text = (made.policies / "example" / "clients.yaml").read_text()
    assert {client for client, _, _ in PEOPLE} <= made.keys.keys()
    for key in made.keys.values():
        assert digest(key) in text
        assert key not in text
    assert len(set(made.keys.values())) == len(made.keys)
