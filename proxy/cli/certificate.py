"""`lychgate certificate`: check certificates of erasure, on any machine, with the public key alone."""

import json
import sys
from pathlib import Path

import click

from proxy.cli.auditing import FILE
from proxy.erasure.certificate import page
from proxy.ledger import verify as judge


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
        text = file.read_text("utf-8")
        said, lines = judge.check_certificate(text, keys)
    except judge.Unproved as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except (OSError, UnicodeDecodeError):
        raise click.UsageError("a file cannot be read") from None
    if html is not None:
        html.write_text(page(said, str(json.loads(text).get("superseded", ""))), "utf-8")
    click.echo("\n".join(lines))
