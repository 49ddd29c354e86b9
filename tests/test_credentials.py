"""What the CRM is shown, and how it would be recognised if the CRM showed it to a client."""

import base64
import stat
from pathlib import Path

import pytest

from proxy.config import Lane
from proxy.credentials import load_credential


def _lane(file: Path, secret: str, scheme: str) -> Lane:
    file.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
    file.write_text(secret + "\n", "utf-8")
    return Lane.model_validate(
        {
            "name": "hubspot",
            "listen": "127.0.0.1:0",
            "upstream": {"url": "http://127.0.0.1:9"},
            "credential": {"file": file, "scheme": scheme},
            "connector": "hubspot",
        }
    )


@pytest.mark.parametrize("scheme", ["Bearer", "none"])
def test_a_secret_is_recognised_in_any_dress(tmp_path: Path, scheme: str) -> None:
    """HC-07: as it is, as JSON writes it, in base64 of either alphabet, and as it stands in a URL."""
    secret = 'pat-"eu1"/½-0123456789'
    traces = load_credential(_lane(tmp_path / "secret", secret, scheme)).traces
    coded = base64.b64encode(secret.encode())
    assert {secret.encode(), secret.replace('"', '\\"').encode(), coded, coded.replace(b"/", b"_")} <= set(
        traces
    )
    assert b"pat-%22eu1%22%2F%C2%BD-0123456789" in traces


def test_a_password_is_recognised_without_its_user(tmp_path: Path) -> None:
    """Of a pair for `Basic`, both the pair and the password are looked for, and never the user's name."""
    traces = load_credential(_lane(tmp_path / "secret", "integration-user:a-long-password", "Basic")).traces
    assert b"a-long-password" in traces
    assert base64.b64encode(b"integration-user:a-long-password") in traces
    assert not any(trace == b"integration-user" for trace in traces)


def test_a_short_secret_is_not_looked_for(tmp_path: Path) -> None:
    """It would be found in innocent text, and answers withheld for it."""
    assert load_credential(_lane(tmp_path / "secret", "Dublin", "Bearer")).traces == ()


def test_no_secret_is_in_a_representation(tmp_path: Path) -> None:
    """What is printed of a credential says nothing."""
    assert "0123456789" not in repr(load_credential(_lane(tmp_path / "secret", "pat-0123456789", "Bearer")))
