"""What is peculiar to AWS KMS: a key of ours that is held for a minute, and errors by code."""

import os
import secrets

import pytest

from proxy.crypto.providers import AwsKms, AwsPlace
from proxy.crypto.providers.aws import HOLD
from proxy.errors import StoreError, Unavailable

PAIR = [(bytes(32), b"")]


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def of(endpoint: str, **more: object) -> AwsKms:
    """Return a client of moto's server."""
    return AwsKms(AwsPlace("eu-west-1", endpoint=endpoint), **more)


def test_the_key_of_ours_is_held_for_a_minute(aws_endpoint: str) -> None:
    """KMS is asked once; what is disabled elsewhere is refused a minute later at the latest."""
    clock = Clock()
    held, other = of(aws_endpoint, clock=clock), of(aws_endpoint)
    handle = held.generate(f"lychgate-{secrets.token_hex(4)}", "wrap")
    held.wrap(handle, PAIR)
    other.disable(handle)
    held.wrap(handle, PAIR)
    clock.now = HOLD
    with pytest.raises(Unavailable, match="provider_key_disabled"):
        held.wrap(handle, PAIR)


def test_a_handle_of_another_key_does_not_open(aws_endpoint: str) -> None:
    """The key of ours is bound to the one of KMS that wraps it."""
    held = of(aws_endpoint)
    one, two = (held.generate(f"lychgate-{secrets.token_hex(4)}", "wrap") for _ in range(2))
    mixed = f"{one.partition(':')[0]}:{two.partition(':')[2]}"
    with pytest.raises(Unavailable):
        held.wrap(mixed, PAIR)


def test_a_server_that_is_gone() -> None:
    """Nobody listens: unreachable."""
    with pytest.raises(Unavailable, match="provider_unreachable"):
        AwsKms(AwsPlace("eu-west-1", endpoint="http://127.0.0.1:9"), seconds=0.2).ping()


def test_without_credentials(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the operator's to mend."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(Unavailable, match="provider_locked"):
        of(aws_endpoint).ping()


def test_a_profile_that_is_not_there() -> None:
    """It is said at the start."""
    with pytest.raises(StoreError, match="ProfileNotFound"):
        AwsKms(AwsPlace("eu-west-1", profile="nobody-has-this"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("NotFoundException", "provider_key_absent"),
        ("DisabledException", "provider_key_disabled"),
        ("KMSInvalidStateException", "provider_key_disabled"),
        ("AccessDeniedException", "provider_refuses"),
        ("ExpiredTokenException", "provider_locked"),
        ("ThrottlingException", "provider_slow"),
        ("InvalidCiphertextException", "key_not_authentic"),
        ("SomethingNew", "provider_failed"),
    ],
)
def test_what_aws_says_in_our_words(
    aws_endpoint: str, monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    """Nothing of its text is told on."""
    held = of(aws_endpoint)

    def refuse(**_: object) -> None:
        raise held._errors.ClientError({"Error": {"Code": code, "Message": "arn:aws:canary"}}, "Decrypt")

    monkeypatch.setattr(held._client, "list_aliases", refuse)
    with pytest.raises(Unavailable, match=reason) as raised:
        held.ping()
    assert "canary" not in str(raised.value)
