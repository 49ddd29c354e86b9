"""Whose data it is, said without saying who: the pseudonyms that stand in the ledger for people and records.

The same person gives the same pseudonym, so that entries can be counted, joined and found again by somebody
who holds the key; without the key nobody can tell which person it is, nor test a guess.

Why
    *One key, for now.* Pseudonyms are HMAC under a key of the installation. When every data subject has a
    data encryption key of its own, the key used here is derived from it instead (HKDF, label
    "lychgate.dev/v1/pseudonym"), so that destroying the subject's key unlinks every past entry without
    touching one. `Pseudonyms.of` keeps its signature then: `kind` and `value` say which key to look up.
    Until that day these are pseudonymous personal data (GDPR Art. 4(5)), and the ledger is kept accordingly.
"""

import base64
import hmac

KEY_BYTES = 32


class Pseudonyms:
    """Turns identifiers into pseudonyms under one key."""

    def __init__(self, key: bytes) -> None:
        """Keep the key.

        Args:
            key: 32 random bytes, derived for this use alone.

        Raises:
            ValueError: it is not 32 bytes long.
        """
        if len(key) != KEY_BYTES:
            raise ValueError("a key for pseudonyms is 32 bytes long")
        self._key = key

    def __repr__(self) -> str:
        return "Pseudonyms(...)"

    def of(self, kind: str, value: str) -> str:
        """Return the pseudonym: 26 characters of a-z and 2-7, 128 bits of HMAC-SHA256.

        Args:
            kind: what is named (`record`, `principal`); the same value of two kinds has unrelated pseudonyms.
            value: the identifier, exactly as the CRM or the credential writes it; any text.
        """
        name = kind.encode()
        # The length goes first: ("a", "bc") and ("ab", "c") are two things.
        message = len(name).to_bytes(4, "big") + name + value.encode("utf-8", "surrogatepass")
        mac = hmac.digest(self._key, message, "sha256")[:16]
        return base64.b32encode(mac).decode().rstrip("=").lower()
