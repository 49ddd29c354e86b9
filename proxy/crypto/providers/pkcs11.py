"""The provider for hardware security modules: keys that were made inside, and cannot be taken out.

Everything goes through one thread (`hsm_thread`). Data keys are wrapped by AES-GCM inside the module, with what
they are bound to authenticated. A module knows no suspension: `proxy.keys` refuses by its own table.

A PIN is tried once. Modules lock a token after three to ten wrong ones, and then it takes its security officer,
or the key is lost: what was refused is not said again by this process, and the last try is left to a person.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from proxy.crypto.providers.hsm_thread import HsmThread
from proxy.crypto.providers.port import Custody, Kind
from proxy.crypto.wrapping import NONCE_BYTES, TAG_BYTES
from proxy.errors import StoreError, Unavailable

SECONDS: Final = 5.0
ANEW_SECONDS: Final = 1.0
AT_ONCE: Final = 500
"""Data keys per turn of the thread: 10 ms, then whoever waits with one key gets a turn."""


class Pkcs11:
    """Keys of one token.

    Args:
        module: the vendor's library.
        token: label of the token.
        pin: of its user.
        seconds: the longest that a call may take.

    Raises:
        StoreError: python-pkcs11 is not installed.
    """

    name: Final = "pkcs11"
    suspends: Final = False

    def __init__(self, module: Path, token: str, pin: str, *, seconds: float = SECONDS) -> None:
        try:
            import pkcs11  # noqa: PLC0415 - an extra: only installations with a module have it
        except ImportError:
            raise StoreError("PKCS#11 needs its driver: pip install 'lychgate[pkcs11]'") from None
        self._api = pkcs11
        self._module = os.fspath(module)
        self._token = token
        self._pin = pin
        self._seconds = seconds
        self._thread = HsmThread.of(self._module)
        self._session: Any = None
        self._refused = False
        self._began = float("-inf")
        self._restarts = 0
        self._keys: dict[tuple[str, Kind], Any] = {}

    def __repr__(self) -> str:
        return f"Pkcs11({self._token})"

    @property
    def where(self) -> str:
        """Token and library."""
        return f"token {self._token} of {self._module}"

    def generate(self, label: str, kind: Kind) -> str:
        """See `Provider`."""
        self._call(lambda: self._generate(label, kind))
        return label

    def wrap(self, handle: str, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Provider`."""
        return self._in_turns(lambda some: [self._seal(handle, *each) for each in some], keys)

    def unwrap(self, handle: str, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Provider`."""
        return self._in_turns(lambda some: self._open(handle, some), wrapped)

    def mac(self, handle: str, data: bytes) -> bytes:
        """See `Provider`."""
        mechanism = self._api.Mechanism.SHA256_HMAC
        return self._call(lambda: bytes(self._key(handle, "mac").sign(data, mechanism=mechanism)))

    def custody(self, handle: str) -> Custody:
        """See `Provider`."""
        return Custody.USABLE if self._call(lambda: bool(self._objects(handle))) else Custody.ABSENT

    def disable(self, handle: str) -> None:
        """See `Provider`; a module cannot."""

    def enable(self, handle: str) -> None:
        """See `Provider`."""

    def destroy(self, handle: str) -> float:
        """See `Provider`."""

        def all_of_it() -> None:
            for found in self._objects(handle):
                found.destroy()
            self._keys.clear()

        self._call(all_of_it)
        return 0.0

    def ping(self) -> None:
        """See `Provider`."""
        self._call(lambda: self._objects("lychgate"))

    def close(self) -> None:
        """See `Provider`."""

        def let_go() -> None:
            if self._session is not None:
                session, self._session = self._session, None
                self._keys.clear()
                session.close()

        self._call(let_go)

    def _in_turns[T, R](self, job: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> list[R]:
        found: list[R] = []
        for start in range(0, len(items), AT_ONCE):
            some = items[start : start + AT_ONCE]
            found += self._call(lambda some=some: job(some))  # type: ignore[misc]
        return found

    def _call[R](self, job: Callable[[], R]) -> R:
        return self._thread.call(lambda: self._translated(job), self._seconds)

    # -- everything below runs in the one thread ----------------------------------------------------------

    def _translated[R](self, job: Callable[[], R]) -> R:
        """Carry out a job; what the module says against it becomes ours, and a broken session is let go."""
        api = self._api
        self._check_restarts()
        try:
            return self._tried(job)
        except (api.PinIncorrect, api.PinLocked, api.PinInvalid, api.exceptions.PinLenRange, api.PinExpired):
            self._refused = True
            raise Unavailable("provider_locked", "pkcs11") from None
        except (api.NoSuchToken, api.TokenNotPresent, api.DeviceRemoved):
            self._forget()
            raise Unavailable("provider_unreachable", "pkcs11") from None
        except api.PKCS11Error as error:
            self._forget()
            if type(error) is api.PKCS11Error:  # the library cannot be loaded
                raise Unavailable("provider_unreachable", "pkcs11") from None
            raise Unavailable("provider_failed", f"pkcs11 {type(error).__name__}") from None
        except RuntimeError:  # another library is loaded in this process
            raise Unavailable("provider_unreachable", "pkcs11") from None

    def _tried[R](self, job: Callable[[], R]) -> R:
        """Carry out a job; once more if the session has ended under it, as after a module was restarted."""
        api = self._api
        try:
            return job()
        except (api.SessionHandleInvalid, api.SessionClosed, api.exceptions.UserNotLoggedIn):
            self._forget()
            return job()

    def _forget(self) -> None:
        """Open another session next time; a handle of the old one means nothing then."""
        self._session = None
        self._keys.clear()

    def _check_restarts(self) -> None:
        """Let go of every handle if anybody in this process has begun the library anew: numbers come again."""
        if self._restarts != self._thread.restarts:
            self._restarts = self._thread.restarts
            self._forget()

    def _opened(self) -> Any:
        if self._session is None:
            token = self._found()
            self._check_tries(token)
            try:
                self._session = token.open(rw=True, user_pin=self._pin)
            except self._api.UserAlreadyLoggedIn:  # by another session of this process
                self._session = token.open(rw=True)
        return self._session

    def _found(self) -> Any:
        """Return the token; a library that began without it finds it when it begins anew."""
        library, named = self._api.lib(self._module), self._token
        try:
            return library.get_token(token_label=named)
        except (self._api.NoSuchToken, self._api.TokenNotPresent):
            if not self._begins_anew():
                raise
            return library.get_token(token_label=named)

    def _check_tries(self, token: Any) -> None:
        """Return if a PIN may be said to a token.

        Raises:
            Unavailable: `provider_locked`: it has refused ours before, or has one try left.
        """
        if self._refused:
            raise Unavailable("provider_locked", "pkcs11")
        if token.flags & self._api.TokenFlag.USER_PIN_FINAL_TRY:
            raise Unavailable("provider_locked", "pkcs11: one try is left for the PIN")

    def _objects(self, handle: str) -> list[Any]:
        secret = self._api.ObjectClass.SECRET_KEY
        template = {self._api.Attribute.CLASS: secret, self._api.Attribute.LABEL: handle}
        return list(self._opened().get_objects(template))

    def _key(self, handle: str, kind: Kind) -> Any:
        """Return the key; looked up again each time it was destroyed, by whomever."""
        found = self._keys.get((handle, kind))
        if found is None:
            objects = self._objects(handle) or self._looked_again(handle)
            if not objects:
                raise Unavailable("provider_key_absent", handle)
            wanted = self._api.KeyType.AES if kind == "wrap" else self._api.KeyType.GENERIC_SECRET
            if len(objects) != 1 or objects[0].key_type != wanted:
                raise Unavailable("provider_refuses", handle)
            found = self._keys[handle, kind] = objects[0]
        return found

    def _looked_again(self, handle: str) -> list[Any]:
        """Return the objects as a library that begins anew finds them, if it may."""
        return self._objects(handle) if self._begins_anew() else []

    def _begins_anew(self) -> bool:
        """Have the library begin anew, not more often than every `ANEW_SECONDS`; return whether it did.

        SoftHSM, for one, never finds a token again, nor the keys of one, that was away for a moment.
        """
        now = time.monotonic()
        if now - self._began < ANEW_SECONDS:
            return False
        self._began = now
        self._thread.restarts += 1
        self._api.lib(self._module).reinitialize()
        self._check_restarts()
        return True

    def _generate(self, label: str, kind: Kind) -> None:
        if self._objects(label):
            raise Unavailable("provider_key_exists", label)
        attribute = self._api.Attribute
        wraps = kind == "wrap"
        may = {attribute.ENCRYPT: wraps, attribute.DECRYPT: wraps, attribute.SIGN: not wraps}
        may |= {attribute.VERIFY: not wraps, attribute.WRAP: False, attribute.UNWRAP: False}
        held = {attribute.SENSITIVE: True, attribute.EXTRACTABLE: False, attribute.MODIFIABLE: False}
        kind_of = self._api.KeyType.AES if wraps else self._api.KeyType.GENERIC_SECRET
        self._opened().generate_key(kind_of, 256, label=label, store=True, template={**held, **may})

    def _seal(self, handle: str, key: bytes, bound: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + bytes(self._used(handle, lambda held: held.encrypt(key, **self._gcm(nonce, bound))))

    def _open(self, handle: str, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        try:
            return [self._open_one(handle, *each) for each in wrapped]
        except (self._api.GeneralError, self._api.EncryptedDataInvalid):
            # SoftHSM says CKR_GENERAL_ERROR for a wrong tag, and for much else; a key that still seals is fine,
            # so it was what we brought.
            self._seal(handle, bytes(32), b"")
            raise Unavailable("key_not_authentic") from None

    def _open_one(self, handle: str, wrapped: bytes, bound: bytes) -> bytes:
        if len(wrapped) < NONCE_BYTES + TAG_BYTES:
            raise Unavailable("key_not_authentic")
        gcm = self._gcm(wrapped[:NONCE_BYTES], bound)
        return bytes(self._used(handle, lambda held: held.decrypt(wrapped[NONCE_BYTES:], **gcm)))

    def _used[R](self, handle: str, use: Callable[[Any], R]) -> R:
        """Use a key; once more if its handle is no longer valid, as after somebody else destroyed it."""
        try:
            return use(self._key(handle, "wrap"))
        except (self._api.ObjectHandleInvalid, self._api.KeyHandleInvalid):
            self._keys.clear()
            return use(self._key(handle, "wrap"))

    def _gcm(self, nonce: bytes, bound: bytes) -> dict[str, Any]:
        return {
            "mechanism": self._api.Mechanism.AES_GCM,
            "mechanism_param": self._api.GCMParams(nonce, bound, TAG_BYTES * 8),
        }
