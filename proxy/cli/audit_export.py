"""`lychgate audit export`: entries for a SIEM or a spreadsheet. A copy; the ledger stays the evidence."""

import csv
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from proxy.cli.auditing import FOLDER, entries_with, said, when
from proxy.model import Declined, Disclosed, Failed, Noted, Requested

_FIRST = ("seq", "time", "kind", "id", "lane")
_MEMBERS = dict.fromkeys(
    name for kind in (Requested, Declined, Disclosed, Failed, Noted) for name in kind.__match_args__
)
COLUMNS = (*_FIRST, *(name for name in _MEMBERS if name not in _FIRST), "prev", "v", "other")
"""Of the CSV form; `other` holds, as JSON, the members of entries of a later version."""
_FORMULA = ("=", "+", "-", "@")


class Moment(click.ParamType[int]):
    """A day or a time, ISO 8601; UTC unless it says otherwise."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return milliseconds since the epoch; a usage error if it is not of the form."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("write a day or a time, as 2026-11-28 or 2026-11-28T09:30:00+01:00", param, ctx)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


@click.command()
@FOLDER
@click.option(
    "--format", "form", type=click.Choice(["ndjson", "json", "csv"]), default="ndjson", show_default=True
)
@click.option("--since", type=Moment(), help="Only entries of this time or later.")
@click.option("--until", type=Moment(), help="Only entries before this time.")
def export(folder: Path, form: str, since: int | None, until: int | None) -> None:
    """Print the entries of the ledger in DIR, oldest first, all of it ASCII.

    ndjson: one entry per line. json: one array of them. csv: one row per entry; a cell that a spreadsheet would
    take for a formula has an apostrophe in front. Nothing is checked here.
    """
    entries = _between(folder, since, until)
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for entry in entries:
            writer.writerow(_row(entry))
        return
    if form == "ndjson":
        for entry in entries:
            click.echo(json.dumps(entry, separators=(",", ":")))
        return
    click.echo("[", nl=False)
    for number, entry in enumerate(entries):
        click.echo((",\n" if number else "\n") + json.dumps(entry, separators=(",", ":")), nl=False)
    click.echo("\n]")


def _between(folder: Path, since: int | None, until: int | None) -> Iterator[dict[str, object]]:
    for _, entry in entries_with(folder, ""):
        moment = entry.get("time_ms")
        if not isinstance(moment, int):
            continue
        if (since is None or moment >= since) and (until is None or moment < until):
            yield entry


def _row(entry: dict[str, object]) -> list[str]:
    members = {name: said(value) for name, value in entry.items() if name in COLUMNS} | {"time": when(entry)}
    other = {name: value for name, value in entry.items() if name not in COLUMNS and name != "time_ms"}
    if other:
        members["other"] = json.dumps(other)
    return [harmless(members.get(name, "")) for name in COLUMNS]


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) else cell
