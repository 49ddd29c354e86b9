"""FF1: a permutation of all texts of one length over a few digits (NIST SP 800-38G, 2016, algorithms 7 and 8).

Why our own: what there is for Python is one person's, and AES is `cryptography`'s. It has no integrity, and a
wrong key gives another number that looks right: who needs more puts a check into what is encrypted
(`proxy.crypto.digits`).
"""

from collections.abc import Callable, Sequence
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

LEAST_DOMAIN: Final = 1_000_000
"""How many texts there have to be (SP 800-38G revision 1, section 5.1): of fewer, each could be tried."""
_ROUNDS: Final = 10
_BLOCK: Final = 16
_MOST_RADIX: Final = 1 << 16


class Ff1:
    """Encrypts and decrypts under one key, texts as sequences of numerals below a radix."""

    __slots__ = ("_key", "_radix")

    def __init__(self, key: bytes, radix: int) -> None:
        """Take a key of 16, 24 or 32 bytes; raises ValueError for another, and for a radix that is none."""
        if not 2 <= radix <= _MOST_RADIX:
            raise ValueError("a radix is between 2 and 65,536")
        self._key = AES(key)
        self._radix = radix

    def encrypt(self, numerals: Sequence[int], tweak: bytes = b"") -> list[int]:
        """Return the text that stands for another; raises ValueError where there are too few of that length."""
        left, right, sizes = self._halves(numerals)
        pseudorandom = self._rounds(len(numerals), tweak)
        for number in range(_ROUNDS):
            left, right = right, (left + pseudorandom(number, right)) % self._radix ** sizes[number % 2]
        return self._numerals(left, sizes[0]) + self._numerals(right, sizes[1])

    def decrypt(self, numerals: Sequence[int], tweak: bytes = b"") -> list[int]:
        """Return the text that another stands for; raises ValueError as `encrypt`."""
        left, right, sizes = self._halves(numerals)
        pseudorandom = self._rounds(len(numerals), tweak)
        for number in reversed(range(_ROUNDS)):
            left, right = (right - pseudorandom(number, left)) % self._radix ** sizes[number % 2], left
        return self._numerals(left, sizes[0]) + self._numerals(right, sizes[1])

    def _halves(self, numerals: Sequence[int]) -> tuple[int, int, tuple[int, int]]:
        """Return both halves as numbers, and how many numerals each has."""
        if self._radix ** len(numerals) < LEAST_DOMAIN:
            raise ValueError("there are too few texts of that length")
        if not all(0 <= each < self._radix for each in numerals):
            raise ValueError("a numeral is below the radix")
        half = len(numerals) // 2
        sizes = (half, len(numerals) - half)
        return self._number(numerals[:half]), self._number(numerals[half:]), sizes

    def _rounds(self, length: int, tweak: bytes) -> Callable[[int, int], int]:
        """Return what gives y of steps 6.i to 6.iv for the number of a round and of a half.

        All rounds begin with the same blocks, so those are chained once.
        """
        longer = length - length // 2
        size = ((self._radix**longer - 1).bit_length() + 7) // 8
        digest = 4 * ((size + 3) // 4) + 4
        head = bytes((1, 2, 1)) + self._radix.to_bytes(3, "big") + bytes((_ROUNDS, length // 2 % 256))
        head += length.to_bytes(4, "big") + len(tweak).to_bytes(4, "big")
        same = head + tweak + bytes(-(len(tweak) + size + 1) % _BLOCK)
        whole = len(same) // _BLOCK * _BLOCK
        chained = Cipher(self._key, CBC(bytes(_BLOCK))).encryptor()
        before = (chained.update(same[:whole]) + chained.finalize())[-_BLOCK:]
        rest = same[whole:]
        block = Cipher(self._key, ECB()).encryptor().update  # noqa: S305 - as the standard has it, block by block

        def pseudorandom(number: int, half: int) -> int:
            last = rest + bytes((number,)) + half.to_bytes(size, "big")
            found = before
            for start in range(0, len(last), _BLOCK):
                found = block(_mixed(found, last[start : start + _BLOCK]))
            first = found
            for at in range(1, (digest + _BLOCK - 1) // _BLOCK):
                found += block(_mixed(first, at.to_bytes(_BLOCK, "big")))
            return int.from_bytes(found[:digest], "big")

        return pseudorandom

    def _number(self, numerals: Sequence[int]) -> int:
        found = 0
        for each in numerals:
            found = found * self._radix + each
        return found

    def _numerals(self, number: int, size: int) -> list[int]:
        found = []
        for _ in range(size):
            number, last = divmod(number, self._radix)
            found.append(last)
        return found[::-1]


def _mixed(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(_BLOCK, "big")
