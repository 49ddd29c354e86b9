"""`lychgate certificate`: check certificates of erasure, on any machine, with the public key alone."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from proxy.cli.auditing import FILE, Installation
from proxy.erasure.certificate import page
from proxy.errors import LedgerError
from proxy.ledger import verify as judge
from proxy.ledger.follow import lines_from
from proxy.ledger.prove import prove_entries
from proxy.ledger.published import PUBLIC_KEYS


@click.group()
def certificate() -> None:
    """Check certificates of erasure."""


@certificate.command()
@click.argument("file", type=FILE)
@click.option("--public-key", type=FILE, required=True, help="As `audit public-key` printed it.")
@click.option(
    "--page", "html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to read, too."
)
def verify(file: Path, public_key: Path, html: Path | None) -> None:
    """Check a certificate's signature, and that the ledger holds it, with nothing but the two files.

    Exit code 0: it is what it says; 1: it is not; 2: a file cannot be read.
    """
    try:
        keys = judge.parse_keys(public_key.read_text("utf-8"))
        said, lines = judge.check_certificate(file.read_text("utf-8"), keys)
    except judge.Unproved as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except (OSError, UnicodeDecodeError):
        raise click.UsageError("a file cannot be read") from None
    if html is not None:
        html.write_text(page(said), "utf-8")
    click.echo("\n".join(lines))


def bundle(installation: Installation, issued: dict[str, Any]) -> tuple[str, str]:
    """Return a certificate's file, with the proof that the ledger holds it, and its page.

    Raises:
        LedgerError: the ledger is not the one that was signed.
    """
    note, checkpoint = installation.signed()
    seq = int(issued["seq"])
    if not 1 <= seq <= checkpoint.size:
        raise LedgerError("no checkpoint covers the certificate yet: run `lychgate audit checkpoint`")
    ((_, line),) = lines_from(installation.ledger, seq, seq)
    proof = prove_entries(
        installation.ledger, installation.checkpoints, (note, checkpoint), [(seq, line.decode())]
    )
    file = {"type": judge.CERTIFICATE, "certificate": issued["text"], "proof": json.loads(proof)}
    said, _ = judge.check_certificate(json.dumps(file), judge.parse_keys(_public(installation)))
    return json.dumps(file, indent=2) + "\n", page(said)


def _public(installation: Installation) -> str:
    return (installation.checkpoints / PUBLIC_KEYS).read_text("utf-8")
