"""The key of one data subject, or of one record that nobody can be named for yet."""

from typing import Final

from proxy.crypto import derive
from proxy.crypto.envelope import DataKey

ID_BYTES: Final = 16


class SubjectKey:
    """One data key, opened; what it is used for is derived from it, one key per use.

    Attributes:
        id: 16 random bytes; stands in what is sealed, to find the key again.
        subject: 16 random bytes that stand for the person; None for the key of a record.
    """

    __slots__ = ("_data_key", "_key", "_uses", "id", "subject")

    def __init__(self, key_id: bytes, subject: bytes | None, key: bytes) -> None:
        self.id: Final = key_id
        self.subject: Final = subject
        self._key: Final = key
        self._uses: Final[dict[str, bytes]] = {}
        self._data_key: DataKey | None = None

    def __repr__(self) -> str:
        return f"SubjectKey({self.id.hex()})"

    @property
    def secret(self) -> bytes:
        """The key itself, for who wraps it; everybody else derives from it by `use`."""
        return self._key

    @property
    def enc(self) -> bytes:
        """32 bytes to seal values with."""
        return self.use("enc")

    @property
    def data_key(self) -> DataKey:
        """What seals and opens values with `enc`; made once, and remembered as long as the key is."""
        if self._data_key is None:
            self._data_key = DataKey(self.enc, self.id)
        return self._data_key

    def use(self, purpose: str) -> bytes:
        """Return the 32 bytes of one use: HKDF-SHA256, info `lychgate.dev/v1/subject/<purpose>`.

        Args:
            purpose: constant word: `enc`, `token`, `pseudonym`.
        """
        found = self._uses.get(purpose)
        if found is None:
            found = self._uses[purpose] = derive(self._key, f"subject/{purpose}")
        return found
