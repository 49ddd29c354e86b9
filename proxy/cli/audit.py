"""`lychgate audit`: check the ledger, and read what it says."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import click

from proxy.cli.audit_checkpoint import show_checkpoint, show_public_key
from proxy.cli.audit_export import export
from proxy.cli.audit_prove import check, prove
from proxy.cli.audit_subject import subject
from proxy.cli.auditing import FILE, FOLDER, parsed
from proxy.ledger import verify as judge


class Head(click.ParamType[tuple[int, str]]):
    """`SEQ:HASH`, as `audit verify` prints it."""

    name = "SEQ:HASH"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, str]:
        """Return the two; a usage error if it is not of the form."""
        try:
            return judge.parse_head(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.group()
def audit() -> None:
    """Check the ledger, and read what it says."""


for command in (show_checkpoint, show_public_key, prove, check, subject, export):
    audit.add_command(command)


@audit.command()
@FOLDER
@click.option("--expect-head", type=Head(), help="A head noted earlier: the ledger has to contain it.")
@click.option(
    "--checkpoint", type=FILE, help="A checkpoint noted earlier: the ledger has to begin with its entries."
)
@click.option("--public-key", type=FILE, help="Who may have signed it, as `audit public-key` printed it.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def verify(
    folder: Path,
    expect_head: tuple[int, str] | None,
    checkpoint: Path | None,
    public_key: Path | None,
    form: str,
) -> None:
    """Read every byte of the ledger in DIR and say what is wrong with it.

    DIR is $LYCHGATE_LEDGER, or state/ledger, if it is not given; the proxy may be running. Note the head that
    is printed somewhere else, or a checkpoint: only with --expect-head or --checkpoint can a ledger be told from
    one that was cut at its end or written anew.

    Exit code 0: nothing is wrong; 1: something is; 2: there is no ledger, or it cannot be read.
    """
    if (checkpoint is None) != (public_key is None):
        raise click.UsageError("--checkpoint and --public-key belong together")
    try:
        signed = _signed(checkpoint, public_key) if checkpoint and public_key else None
        report = judge.verify(folder, expect=expect_head, checkpoint=signed)
    except judge.Unproved as error:
        click.echo(f"{checkpoint}: {error}", err=True)
        sys.exit(1)
    except judge.NotALedger as error:
        raise click.UsageError(f"{folder}: {error}") from None
    click.echo(json.dumps(asdict(report), indent=2) if form == "json" else judge.tell(report))
    sys.exit(report.exit_code)


def _signed(checkpoint: Path, public_key: Path) -> judge.Checkpoint:
    try:
        return judge.open_checkpoint(checkpoint.read_bytes(), judge.parse_keys(public_key.read_text("utf-8")))
    except (OSError, UnicodeDecodeError):
        raise click.UsageError("the checkpoint or the key cannot be read") from None


@audit.command()
@FOLDER
@click.option("--last", type=click.IntRange(min=1), help="Only so many entries, the newest.")
@click.option("--id", "decision", help="Only the entries of one decision.")
def show(folder: Path, last: int | None, decision: str | None) -> None:
    """Print entries of the ledger in DIR as lines of JSON, oldest first, characters beyond ASCII escaped.

    Nothing is checked here; `audit verify` does that. Exit code 2: there is no ledger, or it cannot be read.
    """
    try:
        if last is None:
            lines = _lines(folder, decision, newest_first=False)
        else:
            lines = reversed([*islice(_lines(folder, decision, newest_first=True), last)])
        for line in lines:
            click.echo(line)
    except judge.NotALedger as error:
        raise click.UsageError(f"{folder}: {error}") from None


def _lines(folder: Path, decision: str | None, *, newest_first: bool) -> Iterator[str]:
    """Yield entries as ASCII, so that none can move a terminal's cursor or turn its text around."""
    for segment, offset, line in judge.read_entries(folder, newest_first=newest_first):
        if decision is not None and json.dumps(decision, ensure_ascii=False) not in line:
            continue
        entry = parsed(segment, offset, line)
        if entry is not None and (decision is None or entry.get("id") == decision):
            yield json.dumps(entry, separators=(",", ":"))
