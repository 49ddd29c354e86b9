"""Ways to make one input from others."""

import random
from collections.abc import Callable, Sequence
from typing import Final

BYTES: Final = (
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\n",
    b"\r",
    b'"',
    b"'",
    b"\\",
    b"%",
    b"&",
    b"\xe2\x80\xa8",
)
"""What readers disagree about."""
LONGEST: Final = 4_000


def mutated(chance: random.Random, pool: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Return a new input: one of the pool, changed a few times."""
    data = chance.choice(pool)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        data = chance.choice(_WAYS)(chance, data, pool, words)
    return data[:LONGEST]


Way = Callable[[random.Random, bytes, Sequence[bytes], Sequence[bytes]], bytes]


def _cut(chance: random.Random, data: bytes) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + chance.choice((0, 1, 1, 2, 5, 20, 200)))


def _insert(chance: random.Random, data: bytes, pool: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice(words) + data[at:]


def _replace(chance: random.Random, data: bytes, pool: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    start, end = _cut(chance, data)
    return data[:start] + chance.choice(words) + data[end:]


def _remove(chance: random.Random, data: bytes, pool: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    start, end = _cut(chance, data)
    return data[:start] + data[end:]


def _repeat(chance: random.Random, data: bytes, pool: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    start, end = _cut(chance, data)
    return data[:end] + data[start:end] + data[end:]


def _splice(chance: random.Random, data: bytes, pool: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    other = chance.choice(pool)
    return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]


def _byte(chance: random.Random, data: bytes, pool: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(data))
    byte = chance.choice((*BYTES, bytes((chance.randrange(256),))))
    return data[:at] + byte + data[at + chance.randint(0, 1) :]


def _swap(chance: random.Random, data: bytes, pool: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    old = chance.choice(words)
    return data.replace(old, chance.choice(words), 1)


_WAYS: Final[tuple[Way, ...]] = (_insert, _insert, _replace, _replace, _remove, _repeat, _splice, _byte, _swap)
