"""Proofs about a ledger for somebody who does not have it: one file each, checked by `verify.py` alone."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from proxy.errors import LedgerError
from proxy.ledger import merkle
from proxy.ledger.tiles import Tiles
from proxy.ledger.verify import (
    CONSISTENCY,
    INCLUSION,
    Checkpoint,
    Unproved,
    check_consistency,
    leaf_hash,
    read_entries,
    root_by_inclusion,
)


def prove_entries(
    ledger: Path, tree: Path, signed: tuple[bytes, Checkpoint], entries: Iterable[tuple[int, str]]
) -> str:
    """Return a proof file, as JSON, that these entries are in the ledger of a checkpoint.

    Args:
        ledger: the ledger's folder.
        tree: folder of the remembered subtrees.
        signed: the checkpoint as a note, and what it says.
        entries: sequence number and line of each.

    Raises:
        LedgerError: the ledger is not the one that was signed, or an entry is newer than the checkpoint.
    """
    note, checkpoint = signed
    listed = list(entries)
    if any(not 1 <= seq <= checkpoint.size for seq, _ in listed):
        raise LedgerError(
            f"the newest checkpoint covers {checkpoint.size} entries: run `lychgate audit checkpoint`"
        )

    def attempt(subtree: merkle.Subtree) -> str:
        proved = []
        for seq, line in listed:
            hashes = merkle.inclusion(subtree, seq - 1, checkpoint.size)
            if root_by_inclusion(leaf_hash(line.encode()), seq - 1, checkpoint.size, hashes) != checkpoint.root:
                raise Unproved("the entry is not in the ledger of the checkpoint")
            proved.append({"entry": line, "hashes": _texts(hashes)})
        return _file({"type": INCLUSION, "entries": proved, "checkpoint": note.decode()})

    return _by_cache_or_anew(ledger, tree, checkpoint, attempt)


def prove_consistency(
    ledger: Path, tree: Path, old: tuple[bytes, Checkpoint], new: tuple[bytes, Checkpoint]
) -> str:
    """Return a proof file, as JSON, that the ledger of one checkpoint is the beginning of that of another.

    Raises:
        LedgerError: it is not, or the ledger is not the one that was signed.
    """

    def attempt(subtree: merkle.Subtree) -> str:
        if old[1].origin != new[1].origin:
            raise Unproved("the two checkpoints are of two ledgers")
        fits = old[1].size <= new[1].size
        hashes = merkle.consistency(subtree, old[1].size, new[1].size) if fits else []
        check_consistency(old[1], new[1], hashes)
        proof = {"type": CONSISTENCY, "from": old[0].decode(), "hashes": _texts(hashes)}
        return _file(proof | {"checkpoint": new[0].decode()})

    return _by_cache_or_anew(ledger, tree, new[1], attempt)


def _by_cache_or_anew(
    ledger: Path, tree: Path, checkpoint: Checkpoint, attempt: Callable[[merkle.Subtree], str]
) -> str:
    """Try with the remembered subtrees; if those do not prove it, with the entries themselves."""
    try:
        return attempt(Tiles(tree).subtree)
    except (Unproved, ValueError):
        pass
    leaves = [leaf_hash(line.encode()) for line in _first(ledger, checkpoint.size)]
    try:
        return attempt(lambda bits, at: merkle.fold(leaves[at << bits : (at + 1) << bits]))
    except (Unproved, IndexError) as error:
        why = str(error) if isinstance(error, Unproved) else "entries are missing"
        raise LedgerError(f"there is no such proof: {why}") from None


def _first(ledger: Path, count: int) -> Iterator[str]:
    for number, (_, _, line) in enumerate(read_entries(ledger)):
        if number == count:
            return
        yield line


def _texts(hashes: list[bytes]) -> list[str]:
    return [base64.b64encode(item).decode() for item in hashes]


def _file(proof: Mapping[str, object]) -> str:
    return json.dumps(proof, indent=2)
