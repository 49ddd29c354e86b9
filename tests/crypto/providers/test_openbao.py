"""What is peculiar to OpenBao: sealed servers, tokens, keys that come back by themselves."""

import ssl
from pathlib import Path

import pytest

from proxy.crypto.providers import BaoPlace, Custody, Transit
from proxy.errors import StoreError, Unavailable
from tests.crypto.providers.conftest import bao_of
from tests.crypto.providers.stub_bao import TOKEN, StubBao

PAIR = [(bytes(32), b"")]


def test_a_destroyed_key_does_not_come_back(stub_bao: StubBao) -> None:
    """Transit makes a key when something is to be encrypted under one that is missing: that is not asked."""
    held = bao_of(stub_bao)
    handle = held.generate("e1", "wrap")
    held.destroy(handle)
    with pytest.raises(Unavailable, match="provider_key_absent"):
        held.wrap(handle, PAIR)
    assert held.custody(handle) is Custody.ABSENT
    assert not [line for line in stub_bao.asked if "encrypt" in line]


def test_a_sealed_server_is_locked(stub_bao: StubBao) -> None:
    """And works again when it is unsealed."""
    held = bao_of(stub_bao)
    handle = held.generate("e1", "wrap")
    stub_bao.sealed = True
    for use in (held.ping, lambda: held.wrap(handle, PAIR)):
        with pytest.raises(Unavailable, match="provider_locked"):
            use()
    stub_bao.sealed = False
    held.wrap(handle, PAIR)


def test_a_token_is_asked_for_each_time(stub_bao: StubBao) -> None:
    """An agent may exchange it; one that is not good is the operator's, and is not printed."""
    tokens = ["old", TOKEN]
    held = Transit(BaoPlace(stub_bao.address), lambda: tokens.pop(0))
    with pytest.raises(Unavailable, match="provider_locked") as raised:
        held.ping()
    assert "old" not in str(raised.value)
    held.ping()


def test_a_slow_server_is_not_waited_for(stub_bao: StubBao) -> None:
    """Each request has its time."""
    stub_bao.hangs.set()
    held = Transit(BaoPlace(stub_bao.address), lambda: TOKEN, seconds=0.05)
    with pytest.raises(Unavailable, match="provider_slow"):
        held.ping()


def test_a_server_that_is_gone(stub_bao: StubBao) -> None:
    """Nobody listens: unreachable."""
    held = bao_of(stub_bao)
    stub_bao.close()
    with pytest.raises(Unavailable, match="provider_unreachable"):
        held.ping()
    stub_bao.__init__()  # type: ignore[misc] - for the fixture to close


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"data": {"batch_results": []}}),
        (200, {"data": {"batch_results": "x"}}),
        (200, {"data": {"batch_results": [{"ciphertext": "vault:v2:AAAA"}]}}),
        (200, {"data": {"batch_results": [{"ciphertext": "vault:v1:*"}]}}),
        (200, {"data": {"batch_results": [{}]}}),
        (200, {"no": "data"}),
        (200, []),
        (200, {"data": None}),
        (500, {}),
    ],
)
def test_an_answer_that_makes_no_sense(
    stub_bao: StubBao, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, object]
) -> None:
    """It is an error, not a key."""
    held = bao_of(stub_bao)
    handle = held.generate("e1", "wrap")
    inner = stub_bao.answer

    def odd(method: str, path: str, token: str | None, body: dict[str, object]) -> tuple[int, object]:
        return answer if "encrypt" in path else inner(method, path, token, body)

    monkeypatch.setattr(stub_bao, "answer", odd)
    with pytest.raises(Unavailable, match="provider_failed"):
        held.wrap(handle, PAIR)


def test_environment_changes_nothing(stub_bao: StubBao, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment does not get to see keys."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    bao_of(stub_bao).ping()


def test_a_namespace_is_sent(stub_bao: StubBao) -> None:
    """It is part of who is asked."""
    held = Transit(BaoPlace(stub_bao.address, namespace="team"), lambda: TOKEN)
    seen = {}
    held._client.event_hooks = {"request": [lambda request: seen.update(request.headers)]}
    held.ping()
    assert seen["x-vault-namespace"] == "team"


def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    """It is said at the start."""
    (tmp_path / "ca.pem").write_text("not one")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(StoreError, match=name):
            Transit(BaoPlace("https://bao.example", ca_file=tmp_path / name), lambda: TOKEN)
    assert issubclass(ssl.SSLError, OSError)
