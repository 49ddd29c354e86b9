"""The RFC 6962 tree over the ledger's entries: roots and proofs out of subtrees that somebody remembers.

The leaf is an entry's line as it stands in its frame, without the line feed: the bytes whose SHA-256 the next
entry names. All functions take `subtree(bits, index)`, which returns the hash of the complete subtree over the
`2**bits` leaves from `index * 2**bits` on; a proof asks it for some forty of them, however long the ledger is.
"""

import hashlib
from collections.abc import Callable

Subtree = Callable[[int, int], bytes]


def leaf_hash(line: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\0" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node."""
    return hashlib.sha256(b"\1" + left + right).digest()


def fold(hashes: list[bytes]) -> bytes:
    """Return the root over `2**n` hashes of neighbours of one height."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def root(subtree: Subtree, size: int) -> bytes:
    """Return the tree hash over the first `size` leaves."""
    return _range(subtree, 0, size) if size else hashlib.sha256(b"").digest()


def inclusion(subtree: Subtree, index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf `index` (from 0) in the tree of the first `size` leaves.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError("the leaf is outside the tree")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range(subtree, middle, high))
            high = middle
        else:
            path.append(_range(subtree, low, middle))
            low = middle
    return path[::-1]


def consistency(subtree: Subtree, old: int, new: int) -> list[bytes]:
    """Return the proof that the first `old` leaves of the tree of `new` leaves are the older tree.

    Raises:
        ValueError: `old` is larger than `new`.
    """
    if not 0 <= old <= new:
        raise ValueError("the older tree is the larger one")
    if old in {0, new}:
        return []
    path: list[bytes] = []
    low, high = 0, new
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range(subtree, middle, high))
            high = middle
        else:
            path.append(_range(subtree, low, middle))
            low = middle
    # The verifier knows the older root, and needs what is left of it only if that is not all of it.
    if low:
        path.append(_range(subtree, low, high))
    return path[::-1]


def _split(count: int) -> int:
    """Return the largest power of two below `count`, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1


def _range(subtree: Subtree, low: int, high: int) -> bytes:
    count = high - low
    if not count & (count - 1):
        bits = count.bit_length() - 1
        return subtree(bits, low >> bits)
    middle = low + _split(count)
    return node_hash(_range(subtree, low, middle), _range(subtree, middle, high))
