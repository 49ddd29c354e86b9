"""The provider for OpenBao and HashiCorp Vault: keys of their Transit engine, asked over HTTPS in batches.

One key per epoch, never rotated inside, so what comes back is always of its version 1 and fits the 60 bytes of
every other provider. Transit knows no suspension: `proxy.keys` refuses by its own table.
"""

import base64
import binascii
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proxy.crypto.providers.port import Custody, Kind
from proxy.errors import StoreError, Unavailable

SECONDS: Final = 5.0
AT_ONCE: Final = 1_000
"""Data keys in one request: some 150 kB."""
_VERSION: Final = "vault:v1:"
"""OpenBao writes the same."""


@dataclass(frozen=True, slots=True)
class BaoPlace:
    """Where the server is."""

    address: str
    """`https://host:8200`."""
    mount: str = "transit"
    namespace: str | None = None
    ca_file: Path | None = None


class Transit:
    """Keys of one Transit engine.

    Args:
        place: where.
        token: returns the token to show; asked at every request, since an agent may exchange it.
        seconds: the longest that a request may take.

    Raises:
        StoreError: httpx is not installed, or the CA file cannot be read.
    """

    name: Final = "openbao"
    suspends: Final = False

    def __init__(self, place: BaoPlace, token: Callable[[], str], *, seconds: float = SECONDS) -> None:
        try:
            import httpx  # noqa: PLC0415 - an extra: only installations with such a server have it
        except ImportError:
            raise StoreError("OpenBao needs its client: pip install 'lychgate[openbao]'") from None
        self._place = place
        self._token = token
        self._httpx = httpx
        try:
            verify = ssl.create_default_context(cafile=str(place.ca_file) if place.ca_file else None)
        except OSError:
            raise StoreError(f"{place.ca_file}: not a file of certificates") from None
        # Neither proxies nor credentials of the environment: what is asked here goes where it was told to.
        self._client = httpx.Client(
            base_url=f"{place.address.rstrip('/')}/v1/", timeout=seconds, verify=verify, trust_env=False
        )

    def __repr__(self) -> str:
        return f"Transit({self._place.address})"

    @property
    def where(self) -> str:
        """Server and mount."""
        return f"{self._place.address} {self._place.mount}"

    def generate(self, label: str, kind: Kind) -> str:
        """See `Provider`."""
        if self.custody(label) is not Custody.ABSENT:
            raise Unavailable("provider_key_exists", label)
        fixed = {"exportable": False, "allow_plaintext_backup": False, "derived": False}
        if kind == "wrap":
            self._ask("POST", f"keys/{label}", {"type": "aes256-gcm96", **fixed})
        else:
            self._ask("POST", f"keys/{label}", {"type": "hmac", "key_size": 32, **fixed})
        return label

    def wrap(self, handle: str, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Provider`."""
        # Transit makes a key that is missing when something is to be encrypted under it: after a destruction
        # there would be another one of the same name.
        self._there(handle)
        batch = [{"plaintext": _text(key), "associated_data": _text(bound)} for key, bound in keys]
        return [_bytes(each, "ciphertext", _VERSION) for each in self._batch(f"encrypt/{handle}", batch)]

    def unwrap(self, handle: str, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Provider`."""
        batch = [
            {"ciphertext": _VERSION + _text(each), "associated_data": _text(bound)} for each, bound in wrapped
        ]
        try:
            return [_bytes(each, "plaintext") for each in self._batch(f"decrypt/{handle}", batch)]
        except Unavailable as error:
            if error.reason == "provider_refuses":
                self._there(handle)  # what is missing is answered with 400 as well
                raise Unavailable("key_not_authentic") from None
            raise

    def mac(self, handle: str, data: bytes) -> bytes:
        """See `Provider`."""
        self._there(handle)
        said = self._ask("POST", f"hmac/{handle}/sha2-256", {"input": _text(data)})
        return _bytes(said, "hmac", _VERSION)

    def custody(self, handle: str) -> Custody:
        """See `Provider`."""
        try:
            said = self._ask("GET", f"keys/{handle}")
        except Unavailable as error:
            if error.reason == "provider_key_absent":
                return Custody.ABSENT
            raise
        return Custody.DISABLED if said.get("soft_deleted") else Custody.USABLE

    def disable(self, handle: str) -> None:
        """See `Provider`; Transit cannot, in every version that is about."""

    def enable(self, handle: str) -> None:
        """See `Provider`."""

    def destroy(self, handle: str) -> float:
        """See `Provider`."""
        if self.custody(handle) is not Custody.ABSENT:
            self._ask("POST", f"keys/{handle}/config", {"deletion_allowed": True})
            self._ask("DELETE", f"keys/{handle}")
        return 0.0

    def ping(self) -> None:
        """See `Provider`; tells also that the token is good."""
        self._send("GET", "auth/token/lookup-self", None)

    def close(self) -> None:
        """See `Provider`."""
        self._client.close()

    def _there(self, handle: str) -> None:
        custody = self.custody(handle)
        if custody is Custody.ABSENT:
            raise Unavailable("provider_key_absent", handle)
        if custody is not Custody.USABLE:
            raise Unavailable("provider_key_disabled", handle)

    def _batch(self, path: str, items: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for start in range(0, len(items), AT_ONCE):
            some = list(items[start : start + AT_ONCE])
            results = self._ask("POST", path, {"batch_input": some}).get("batch_results")
            if not isinstance(results, list) or len(results) != len(some):
                raise Unavailable("provider_failed", "openbao")
            if any(not isinstance(each, dict) or each.get("error") for each in results):
                raise Unavailable("provider_refuses", "openbao")
            found += results
        return found

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the `data` of what the engine answers; nothing of it is ever told on."""
        return self._send(method, f"{self._place.mount}/{path}", body)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
        if self._place.namespace:
            headers["X-Vault-Namespace"] = self._place.namespace
        try:
            answer = self._client.request(method, path, json=body, headers=headers)
        except self._httpx.TimeoutException:
            raise Unavailable("provider_slow", "openbao") from None
        except self._httpx.HTTPError:
            raise Unavailable("provider_unreachable", "openbao") from None
        if answer.status_code >= 300:
            raise Unavailable(_reason(answer.status_code), f"openbao {answer.status_code}")
        if answer.status_code == 204:
            return {}
        try:
            data = answer.json()["data"]
        except (ValueError, KeyError, TypeError):
            raise Unavailable("provider_failed", "openbao") from None
        return data if isinstance(data, dict) else {}


def _reason(status: int) -> str:
    """Return our word: 403 is a token or a policy, 404 no such key, 503 a sealed server."""
    known = {
        400: "provider_refuses",
        403: "provider_locked",
        404: "provider_key_absent",
        429: "provider_slow",
        503: "provider_locked",
    }
    return known.get(status, "provider_failed")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(result: dict[str, Any], name: str, prefix: str = "") -> bytes:
    text = result.get(name)
    if not isinstance(text, str) or not text.startswith(prefix):
        raise Unavailable("provider_failed", "openbao")
    try:
        return base64.b64decode(text.removeprefix(prefix), validate=True)
    except binascii.Error:
        raise Unavailable("provider_failed", "openbao") from None
