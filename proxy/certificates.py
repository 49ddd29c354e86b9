"""A certificate as it is handed out: the signed file with its proof, and pages that a person can read."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy.erasure.certificate import page
from proxy.erasure.paper import pdf
from proxy.errors import LedgerError
from proxy.ledger import verify as judge
from proxy.ledger.follow import lines_from
from proxy.ledger.prove import prove_entries
from proxy.ledger.published import PUBLIC_KEYS


@dataclass(frozen=True, slots=True)
class Bundle:
    """What belongs to one certificate."""

    file: str
    """JSON: the certificate, signed, and the proof that the ledger holds it. What counts."""
    page: str
    """The same as HTML."""
    pdf: bytes
    """And as PDF."""


def issued_as(ledger: Path, digest: str, after: int, upto: int) -> int:
    """Return the number of the entry which says that a certificate was issued; 0 = none does.

    Args:
        ledger: the ledger's folder.
        digest: of what is signed, as the entry has it.
        after: the number of an entry before it, or 0.
        upto: the number of the last entry that is looked at; it is durable.

    Raises:
        LedgerError: an entry cannot be read.
        OSError: a file cannot be read.
    """
    for seq, line in lines_from(ledger, after + 1, upto) if after < upto else ():
        said = json.loads(line)
        if said.get("what") == "certified" and said.get("digest") == digest:
            return seq
    return 0


def bundle(
    ledger: Path, checkpoints: Path, note: bytes, issued: dict[str, Any], *, superseded: str = ""
) -> Bundle:
    """Return a certificate with its proof; it was checked, as anybody can.

    Args:
        ledger: the ledger's folder.
        checkpoints: the folder of checkpoints, public keys and the tree.
        note: a checkpoint over everything that is durable.
        issued: `text` and `seq` of the certificate.
        superseded: what has become of the case since; it stands beside what is signed, and on the pages.

    Raises:
        LedgerError: the ledger is not the one that was signed.
    """
    try:
        keys = judge.parse_keys((checkpoints / PUBLIC_KEYS).read_text("utf-8"))
        checkpoint = judge.open_checkpoint(note, keys)
        seq = int(issued["seq"])
        if not 1 <= seq <= checkpoint.size:
            raise LedgerError("no checkpoint covers the certificate yet: run `lychgate audit checkpoint`")
        ((_, line),) = lines_from(ledger, seq, seq)
        proof = prove_entries(ledger, checkpoints, (note, checkpoint), [(seq, line.decode())])
        file = {"type": judge.CERTIFICATE, "certificate": issued["text"], "proof": json.loads(proof)}
        if superseded:
            file["superseded"] = superseded
        said, _ = judge.check_certificate(json.dumps(file), keys)
    except (judge.Unproved, OSError) as error:
        raise LedgerError(f"the certificate cannot be proved: {error}") from None
    return Bundle(json.dumps(file, indent=2) + "\n", page(said, superseded), pdf(said, superseded))
