"""`lychgate audit prove` and `check`: show one entry to somebody who may not see the ledger."""

import json
import sys
from pathlib import Path

import click

from proxy.cli.auditing import CONFIG, FILE, Installation, entries_with
from proxy.errors import LedgerError
from proxy.ledger import verify as judge
from proxy.ledger.follow import lines_from
from proxy.ledger.prove import prove_consistency, prove_entries


@click.command()
@CONFIG
@click.option("--id", "decision", metavar="DECISION", help="Every entry of one decision.")
@click.option("--seq", type=click.IntRange(min=1), help="The entry with this sequence number.")
@click.option(
    "--from", "older", type=FILE, help="That the ledger of this checkpoint is the beginning of today's."
)
def prove(config: Path, decision: str | None, seq: int | None, older: Path | None) -> None:
    """Print a proof, as one JSON file, that can be checked without the ledger.

    `lychgate audit check FILE --public-key KEYS` checks it, and so does `python verify.py proof FILE
    --public-key KEYS` on a machine that has nothing but Python. Exit code 2: there is no such entry, or no
    such proof.
    """
    if sum(option is not None for option in (decision, seq, older)) != 1:
        raise click.UsageError("say exactly one of --id, --seq or --from")
    installation = Installation.load(config)
    signed = installation.signed()
    tree = installation.checkpoints
    if older is not None:
        note = older.read_bytes()
        proof = prove_consistency(installation.ledger, tree, (note, installation.opened(note)), signed)
    else:
        found = _by_seq(installation, seq, signed[1].size) if seq else _by_id(installation, decision or "")
        if not found:
            raise click.UsageError("the ledger has no such entry")
        proof = prove_entries(installation.ledger, tree, signed, found)
    click.echo(proof)


def _by_seq(installation: Installation, seq: int, size: int) -> list[tuple[int, str]]:
    if seq > size:
        return []
    try:
        return [(at, line.decode()) for at, line in lines_from(installation.ledger, seq, seq)]
    except OSError as error:
        raise LedgerError(f"the ledger cannot be read: {error.strerror}") from None


def _by_id(installation: Installation, decision: str) -> list[tuple[int, str]]:
    quoted = json.dumps(decision, ensure_ascii=False)
    found = entries_with(installation.ledger, quoted)
    return [(int(str(entry["seq"])), line) for line, entry in found if entry.get("id") == decision]


@click.command()
@click.argument("proof", type=FILE)
@click.option("--public-key", type=FILE, required=True, help="As `audit public-key` printed it.")
def check(proof: Path, public_key: Path) -> None:
    """Check a file that `audit prove` wrote, and print the entries that it proves.

    Exit code 0: it proves what it says; 1: it does not; 2: a file cannot be read.
    """
    try:
        keys = judge.parse_keys(public_key.read_text("utf-8"))
        click.echo("\n".join(judge.check_proof(proof.read_text("utf-8"), keys)))
    except judge.Unproved as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except (OSError, UnicodeDecodeError):
        raise click.UsageError("a file cannot be read") from None
