"""The provider for AWS KMS.

KMS takes one key per call, and milliseconds for it, so it does not wrap data keys itself: for each epoch it
makes one key, which wraps a key of ours that this process holds for a minute at a time, and that one wraps data
keys. Whatever makes KMS refuse (disabled, scheduled for deletion, a policy) stops everything within that minute,
and at once where it was done through `lychgate keys`, whose own table is asked first. The wrapped key of ours is
part of the handle.
"""

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from proxy.crypto.providers.port import Custody, Kind
from proxy.crypto.wrapping import Wrapping
from proxy.errors import StoreError, Unavailable

SECONDS: Final = 5.0
HOLD: Final = 60.0
"""How long the key of ours is held after KMS opened it."""
_SPECS: Final[dict[Kind, tuple[str, str]]] = {
    "wrap": ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    "mac": ("HMAC_256", "GENERATE_VERIFY_MAC"),
}
_CUSTODY: Final = {
    "Enabled": Custody.USABLE,
    "PendingDeletion": Custody.ENDING,
    "PendingReplicaDeletion": Custody.ENDING,
}
"""Every other state of a KMS key refuses, and may be mended."""
_ABSENT: Final = frozenset({"NotFoundException"})
_DISABLED: Final = frozenset({"DisabledException", "KMSInvalidStateException"})
_REFUSES: Final = frozenset({"AccessDeniedException", "InvalidKeyUsageException", "IncorrectKeyException"})
_LOCKED: Final = frozenset(("UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"))
_SLOW: Final = frozenset({"ThrottlingException", "LimitExceededException", "KMSInternalException"})


@dataclass(frozen=True, slots=True)
class AwsPlace:
    """Where KMS is; credentials come from the environment, as for everything of AWS."""

    region: str
    profile: str | None = None
    endpoint: str | None = None
    waiting_days: int = 30
    """Between the order to destroy a key and its destruction: 7 to 30, as KMS wants it."""


class AwsKms:
    """Keys of one account and region.

    Raises:
        StoreError: boto3 is not installed, or there is no such profile.
    """

    name: Final = "aws"
    suspends: Final = True

    def __init__(
        self, place: AwsPlace, *, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        try:
            import boto3  # noqa: PLC0415 - an extra: only installations on AWS have it
            import botocore.config  # noqa: PLC0415
            import botocore.exceptions  # noqa: PLC0415
        except ImportError:
            raise StoreError("AWS KMS needs its client: pip install 'lychgate[aws]'") from None
        self._place = place
        self._clock = clock
        self._errors = botocore.exceptions
        bounded = botocore.config.Config(
            connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 2, "mode": "standard"}
        )
        try:
            session = boto3.session.Session(profile_name=place.profile, region_name=place.region)
            self._client: Any = session.client("kms", endpoint_url=place.endpoint, config=bounded)
        except self._errors.BotoCoreError as error:
            raise StoreError(f"AWS cannot be used as it is configured: {type(error).__name__}") from None
        self._held: dict[str, tuple[float, Wrapping]] = {}
        self._turn = threading.Lock()

    def __repr__(self) -> str:
        return f"AwsKms({self._place.region})"

    @property
    def where(self) -> str:
        """Region, and the endpoint if it is not AWS's own."""
        return self._place.region + (f" at {self._place.endpoint}" if self._place.endpoint else "")

    def generate(self, label: str, kind: Kind) -> str:
        """See `Provider`. Labels are aliases, which KMS keeps unique."""
        spec, usage = _SPECS[kind]
        tags = [{"TagKey": "lychgate", "TagValue": label}]
        made = self._call("create_key", KeySpec=spec, KeyUsage=usage, Tags=tags, Description=label)
        key_id = str(made["KeyMetadata"]["KeyId"])
        try:
            self._call("create_alias", AliasName=f"alias/{label}", TargetKeyId=key_id)
        except Unavailable:
            self._call("schedule_key_deletion", KeyId=key_id, PendingWindowInDays=7)
            raise
        if kind == "mac":
            return key_id
        context = _context(key_id)
        ours = self._call(
            "generate_data_key_without_plaintext", KeyId=key_id, KeySpec="AES_256", EncryptionContext=context
        )
        return f"{key_id}:{base64.b64encode(ours['CiphertextBlob']).decode()}"

    def wrap(self, handle: str, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Provider`."""
        return self._ours(handle).wrap_all(keys)

    def unwrap(self, handle: str, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Provider`."""
        return self._ours(handle).unwrap_all(wrapped)

    def mac(self, handle: str, data: bytes) -> bytes:
        """See `Provider`. KMS takes 4 KiB at most, so it gets the digest."""
        self._check(handle)
        digest = hashlib.sha256(data).digest()
        said = self._call("generate_mac", KeyId=_key_id(handle), Message=digest, MacAlgorithm="HMAC_SHA_256")
        return bytes(said["Mac"])

    def custody(self, handle: str) -> Custody:
        """See `Provider`."""
        try:
            said = self._call("describe_key", KeyId=_key_id(handle))
        except Unavailable as error:
            if error.reason == "provider_key_absent":
                return Custody.ABSENT
            raise
        return _CUSTODY.get(said["KeyMetadata"]["KeyState"], Custody.DISABLED)

    def disable(self, handle: str) -> None:
        """See `Provider`."""
        self._call("disable_key", KeyId=_key_id(handle))
        self._let_go(handle)

    def enable(self, handle: str) -> None:
        """See `Provider`."""
        self._call("enable_key", KeyId=_key_id(handle))

    def destroy(self, handle: str) -> float:
        """See `Provider`. KMS refuses at once and destroys later."""
        self._let_go(handle)
        custody = self.custody(handle)
        if custody is Custody.ABSENT:
            return 0.0
        if custody is not Custody.ENDING:
            days = self._place.waiting_days
            self._call("schedule_key_deletion", KeyId=_key_id(handle), PendingWindowInDays=days)
        when = self._call("describe_key", KeyId=_key_id(handle))["KeyMetadata"].get("DeletionDate")
        left = (when - datetime.now(UTC)).total_seconds() if when is not None else 0.0
        return max(left, 1.0)

    def ping(self) -> None:
        """See `Provider`."""
        self._call("list_aliases", Limit=1)

    def close(self) -> None:
        """See `Provider`."""
        with self._turn:
            self._held.clear()
        self._client.close()

    def _ours(self, handle: str) -> Wrapping:
        """Return the key of ours for this handle; KMS is asked once a minute."""
        now = self._clock()
        with self._turn:
            held = self._held.get(handle)
        if held is not None and now - held[0] < HOLD:
            return held[1]
        self._check(handle)
        key_id, _, blob = handle.partition(":")
        if not blob:
            raise Unavailable("provider_refuses", key_id)
        said = self._call(
            "decrypt", KeyId=key_id, CiphertextBlob=base64.b64decode(blob), EncryptionContext=_context(key_id)
        )
        ours = Wrapping(said["Plaintext"])
        with self._turn:
            self._held[handle] = (now, ours)
        return ours

    def _check(self, handle: str) -> None:
        """Return if the key may be used; asked first, since not everything that speaks KMS refuses by itself."""
        custody = self.custody(handle)
        if custody is Custody.ABSENT:
            raise Unavailable("provider_key_absent", _key_id(handle))
        if custody is not Custody.USABLE:
            raise Unavailable("provider_key_disabled", _key_id(handle))

    def _let_go(self, handle: str) -> None:
        with self._turn:
            self._held.pop(handle, None)

    def _call(self, operation: str, **arguments: object) -> dict[str, Any]:
        """Ask KMS; what goes wrong is said in our words, without what was sent or answered."""
        try:
            said = _Said(getattr(self._client, operation)(**arguments))
        except self._errors.ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            raise Unavailable(_reason(code), f"aws {operation}") from None
        except (self._errors.ReadTimeoutError, self._errors.ConnectTimeoutError):
            raise Unavailable("provider_slow", f"aws {operation}") from None
        except (self._errors.NoCredentialsError, self._errors.CredentialRetrievalError):
            raise Unavailable("provider_locked", "aws has no credentials") from None
        except self._errors.BotoCoreError:
            raise Unavailable("provider_unreachable", f"aws {operation}") from None
        return said


class _Said(dict[str, Any]):
    """An answer of KMS; whoever answers without what has to be in it is not KMS."""

    def __missing__(self, name: str) -> Any:
        raise Unavailable("provider_unreachable", f"aws answered without {name}")


def _reason(code: str) -> str:
    for codes, reason in (
        (_ABSENT, "provider_key_absent"),
        (_DISABLED, "provider_key_disabled"),
        (_REFUSES, "provider_refuses"),
        (_LOCKED, "provider_locked"),
        (_SLOW, "provider_slow"),
        (frozenset({"AlreadyExistsException"}), "provider_key_exists"),
        (frozenset({"InvalidCiphertextException"}), "key_not_authentic"),
    ):
        if code in codes:
            return reason
    return "provider_failed"


def _key_id(handle: str) -> str:
    return handle.partition(":")[0]


def _context(key_id: str) -> dict[str, str]:
    return {"lychgate": key_id}
