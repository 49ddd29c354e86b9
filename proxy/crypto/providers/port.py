"""What every key provider does, and what its answers mean."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, Protocol

Kind = Literal["wrap", "mac"]
"""What a key is for: it wraps other keys, or authenticates what we keep about them; never both."""


class Custody(StrEnum):
    """What a provider says of one key."""

    USABLE = "usable"
    DISABLED = "disabled"
    """There, and refuses to do anything until somebody enables it."""
    ENDING = "ending"
    """To be destroyed after the provider's own waiting time; it refuses to do anything."""
    ABSENT = "absent"
    """Destroyed, or never there."""


class Provider(Protocol):
    """A keeper of keys that never leave it.

    Every method blocks, may be called by several threads at once, and MUST end within the time that the
    provider was given: with an answer, or with `Unavailable` (`provider_unreachable`, `provider_slow`,
    `provider_locked`, `provider_refuses`, `provider_failed`). None of them may put a key, a passphrase or what
    a server answered into an exception. A call for a key that is not there raises `Unavailable`
    (`provider_key_absent`), one for a key that is disabled `provider_key_disabled`.
    """

    @property
    def name(self) -> str:
        """`file`, `pkcs11`, `aws` or `openbao`."""
        ...

    @property
    def suspends(self) -> bool:
        """Whether `disable` has the provider itself refuse; otherwise only we do."""
        ...

    @property
    def where(self) -> str:
        """Where it is, for people to read; no secret."""
        ...

    def generate(self, label: str, kind: Kind) -> str:
        """Make a key inside and return its handle; the key is durable, and usable, when this returns.

        Args:
            label: lower-case letters, digits and dashes, for people who look at the provider; two keys may not
                have the same.
            kind: what it is for.
        """
        ...

    def wrap(self, handle: str, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Return each data key wrapped, in order.

        Args:
            handle: of a key of kind `wrap`.
            keys: data key and what it is bound to (`wrapping.bind`).
        """
        ...

    def unwrap(self, handle: str, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Return each data key, in order; all or none.

        Raises:
            Unavailable: also `key_not_authentic`: one of them is not what this key wrapped.
        """
        ...

    def mac(self, handle: str, data: bytes) -> bytes:
        """Return 32 bytes that only this key of kind `mac` gives for `data`."""
        ...

    def custody(self, handle: str) -> Custody:
        """Return how the key stands with the provider."""
        ...

    def disable(self, handle: str) -> None:
        """Have the key refuse everything until `enable`, where the provider can; otherwise do nothing."""
        ...

    def enable(self, handle: str) -> None:
        """Undo `disable`."""
        ...

    def destroy(self, handle: str) -> float:
        """Have the key destroyed, or destroyed after the provider's waiting time; again is no error.

        Returns:
            Seconds until it is beyond recovery; 0.0 when it is now.
        """
        ...

    def ping(self) -> None:
        """Return if the provider can be asked now."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
