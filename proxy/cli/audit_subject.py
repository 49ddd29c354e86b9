"""`lychgate audit subject`: who was given the data of one person, what for, and when."""

import json
import re
from pathlib import Path

import click

from proxy.cli.auditing import CONFIG, Installation, entries_with, said, when
from proxy.crypto import derive
from proxy.subjects import Pseudonyms

_SHOWN = ("recipient", "client", "principal", "purpose", "categories", "id")


@click.command()
@CONFIG
@click.argument("pseudonym", required=False)
@click.option("--record", metavar="ID", help="The id of the person's record, exactly as the CRM writes it.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def subject(config: Path, pseudonym: str | None, record: str | None, form: str) -> None:
    """List the disclosures that concern one data subject, given as a PSEUDONYM of the ledger or by --record.

    A line `asked` is a request that named the record; whether something was released is on the lines `disclosed`
    with the same id. Nothing is checked here; `audit verify` does that.
    """
    if (pseudonym is None) == (record is None):
        raise click.UsageError("say a pseudonym, or --record ID")
    installation = Installation.load(config)
    if record is not None:
        # As `build` derives it: the same person has to give the same pseudonym.
        pseudonym = Pseudonyms(derive(installation.root(), "pseudonyms")).of("record", record)
    elif not re.fullmatch("[0-9a-f]{32}", pseudonym or ""):
        raise click.UsageError("a pseudonym is 32 lower-case hexadecimal digits")
    found = []
    for _, entry in entries_with(installation.ledger, f'"{pseudonym}"'):
        for kind, member, word in (("requested", "records", "asked"), ("disclosed", "subjects", "disclosed")):
            named = entry.get(member)
            if entry.get("kind") == kind and isinstance(named, list) and pseudonym in named:
                found.append((word, entry))
    if form == "json":
        rows = [
            {"what": word, "seq": entry.get("seq"), "time": when(entry), "lane": entry.get("lane")}
            | {name: entry.get(name) for name in _SHOWN if name in entry}
            for word, entry in found
        ]
        click.echo(json.dumps({"subject": pseudonym, "entries": rows}, indent=2))
        return
    for word, entry in found:
        members = "  ".join(f"{name} {said(entry[name])}" for name in _SHOWN if entry.get(name))
        click.echo(f"{when(entry)}  {word:9}  {members}")
    count = sum(word == "disclosed" for word, _ in found)
    click.echo(f"{count} disclosures concern {pseudonym}")
