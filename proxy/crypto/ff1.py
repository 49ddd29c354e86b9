"""FF1: a permutation of all texts of one length over a few digits (NIST SP 800-38G, 2016, algorithms 7 and 8).

Why our own: what there is for Python is one person's, and AES is `cryptography`'s. It has no integrity, and a
wrong key gives another number that looks right: who needs more puts a check into what is encrypted
(`proxy.crypto.digits`).
"""

from collections.abc import Sequence
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
        left, right = self._halves(numerals)
        for number in range(_ROUNDS):
            size = len(numerals) // 2 if number % 2 == 0 else len(numerals) - len(numerals) // 2
            added = self._number(left) + self._round(number, right, len(numerals), tweak)
            left, right = right, self._numerals(added % self._radix**size, size)
        return left + right

    def decrypt(self, numerals: Sequence[int], tweak: bytes = b"") -> list[int]:
        """Return the text that another stands for; raises ValueError as `encrypt`."""
        left, right = self._halves(numerals)
        for number in reversed(range(_ROUNDS)):
            size = len(numerals) // 2 if number % 2 == 0 else len(numerals) - len(numerals) // 2
            taken = self._number(right) - self._round(number, left, len(numerals), tweak)
            left, right = self._numerals(taken % self._radix**size, size), left
        return left + right

    def _halves(self, numerals: Sequence[int]) -> tuple[list[int], list[int]]:
        if self._radix ** len(numerals) < LEAST_DOMAIN:
            raise ValueError("there are too few texts of that length")
        if not all(0 <= each < self._radix for each in numerals):
            raise ValueError("a numeral is below the radix")
        half = len(numerals) // 2
        return list(numerals[:half]), list(numerals[half:])

    def _round(self, number: int, half: list[int], length: int, tweak: bytes) -> int:
        """Return y of steps 6.i to 6.iv."""
        longer = length - length // 2
        size = ((self._radix**longer - 1).bit_length() + 7) // 8
        digest = 4 * ((size + 3) // 4) + 4
        head = bytes((1, 2, 1)) + self._radix.to_bytes(3, "big") + bytes((_ROUNDS, length // 2 % 256))
        head += length.to_bytes(4, "big") + len(tweak).to_bytes(4, "big")
        padding = bytes(-(len(tweak) + size + 1) % _BLOCK)
        tail = tweak + padding + bytes((number,)) + self._number(half).to_bytes(size, "big")
        chained = Cipher(self._key, CBC(bytes(_BLOCK))).encryptor()
        found = first = (chained.update(head + tail) + chained.finalize())[-_BLOCK:]
        for block in range(1, (digest + _BLOCK - 1) // _BLOCK):
            alone = Cipher(self._key, ECB()).encryptor()  # noqa: S305 - as the standard has it, block by block
            mixed = int.from_bytes(first, "big") ^ block
            found += alone.update(mixed.to_bytes(_BLOCK, "big")) + alone.finalize()
        return int.from_bytes(found[:digest], "big")

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
