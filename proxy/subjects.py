"""Whose data it is, said without saying who: the pseudonyms that stand in the ledger for people and records.

The same person gives the same pseudonym, so that entries can be counted, joined and found again by somebody
who holds the key; without the key nobody can tell which person it is, nor test a guess.

Why
    *One key, for now.* Pseudonyms are HMAC under a key of the installation. When every data subject has a
    data encryption key of its own, the key used here is derived from it instead (HKDF, label
    "lychgate.dev/v1/pseudonym"), so that destroying the subject's key unlinks every past entry without
    touching one. `Pseudonyms.of` keeps its signature then: `kind` and `value` say which key to look up.
    Until that day these are pseudonymous personal data (GDPR Art. 4(5)), and the ledger is kept accordingly.

    *Remembered, within bounds.* Pages name the same people again and again, and two hashes for each of hundreds
    are an eighth of what such an exchange costs. So identifiers are kept with their pseudonyms, in memory and
    nowhere else, until there are too many, or somebody is erased: then all are forgotten, in every process.
"""

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import Final

from proxy.model import Credential, Principal

KEY_BYTES: Final = 32
MOST_REMEMBERED: Final = 16_384
"""Pseudonyms of each kind that are kept, some four megabytes of them; then all are forgotten."""
LONGEST_REMEMBERED: Final = 64
"""Characters of an identifier that is remembered: those of records have no more."""
_BLOCK: Final = 64
"""Bytes that SHA-256 takes at a time."""


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
        # The two halves of HMAC (RFC 2104), the key already hashed: a page names hundreds of people, and
        # half of the time would go into the same set-up for each.
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))
        self._remembered: dict[str, dict[str, str]] = {}

    def __repr__(self) -> str:
        return "Pseudonyms(...)"

    def forget(self) -> None:
        """Forget every identifier."""
        self._remembered.clear()

    def of(self, kind: str, value: str) -> str:
        """Return the pseudonym: 32 lower-case hex digits, 128 bits of HMAC-SHA256.

        Args:
            kind: what is named (`record`, `principal`); the same value of two kinds has unrelated pseudonyms.
            value: the identifier, exactly as the CRM or the credential writes it; any text.
        """
        return self.all(kind, (value,))[0]

    def credential(self, who: Principal) -> Credential:
        """Return a principal's credential; however an issuer spells a name, it is one person's."""
        subject = who.id.removeprefix(f"{who.client}/") if who.id != who.client else ""
        folded = unicodedata.normalize("NFKC", subject).casefold().strip()
        return Credential(
            self.of("principal", who.id), self.of("principal", who.client),
            self.of("principal", f"/{folded}") if subject else "",
        )  # fmt: skip

    def all(self, kind: str, values: Iterable[str]) -> list[str]:
        """Return the pseudonym of each value, in order."""
        wanted = list(values)
        known = self._remembered.setdefault(kind, {})
        try:
            return list(map(known.__getitem__, wanted))
        except KeyError:
            found = self._made(kind, [value for value in dict.fromkeys(wanted) if value not in known])
            found.update((value, known[value]) for value in wanted if value in known)
            self._remember(known, found)
            return [found[value] for value in wanted]

    def once(self, kind: str, values: Iterable[str]) -> list[str]:
        """Return the pseudonym of each distinct value, in order, and remember none: there may be millions."""
        return list(self._made(kind, list(values)).values())

    def _made(self, kind: str, values: list[str]) -> dict[str, str]:
        name = kind.encode()
        inner = self._inner.copy()
        # The length goes first: ("a", "bc") and ("ab", "c") are two things.
        inner.update(len(name).to_bytes(4, "big") + name)
        begin, end = inner.copy, self._outer.copy
        lines = "\n".join(values).encode("utf-8", "surrogatepass").split(b"\n")
        if len(lines) != len(values):
            lines = [value.encode("utf-8", "surrogatepass") for value in values]
        found = {}
        for value, line in zip(values, lines, strict=True):
            first, second = begin(), end()
            first.update(line)
            second.update(first.digest())
            found[value] = second.hexdigest()[:32]
        return found

    @staticmethod
    def _remember(known: dict[str, str], found: dict[str, str]) -> None:
        if len(known) + len(found) > MOST_REMEMBERED:
            known.clear()
        if len(found) <= MOST_REMEMBERED:
            known.update((each, found[each]) for each in found if len(each) <= LONGEST_REMEMBERED)
