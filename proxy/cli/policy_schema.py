"""`lychgate policy schema`: what may stand in a document, for editors and for people."""

import json
from pathlib import Path

import click

from proxy.app import load_connectors
from proxy.config import Config
from proxy.connectors.spec import ConnectorFile
from proxy.errors import Problems
from proxy.policy.editing.kinds import KINDS
from proxy.policy.editing.schema import Words, explained, schema, words_of
from proxy.policy.editing.tidy import Kinds
from proxy.policy.gather import gather
from proxy.yamlfile import nearest

ALL_KINDS: Kinds = {**KINDS, "Connector": ConnectorFile, "Gateway": Config}


@click.command("schema")
@click.argument("key", metavar="[KEY.PATH]", default="")
@click.option(
    "--project",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A policy set whose own names may be used: roles, purposes, fields, masks.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write a file, for your editor.")
def show_schema(key: str, project: Path | None, out: Path | None) -> None:
    """Print a JSON Schema for every kind of document, or say what one key is.

    An editor that reads it completes keys and names and marks slips while you type. With --project it knows
    your own names. A key is written like Policy.grants.effect.
    """
    if key:
        try:
            click.echo("\n".join(explained(ALL_KINDS, key)))
        except KeyError as error:
            word, known = error.args
            few = f"; there is {', '.join(known)}" if known else "; nothing stands below it"
            raise click.UsageError(f'unknown key "{word}"{nearest(word, known) or few}') from None
        return
    text = json.dumps(schema(ALL_KINDS, words(project) if project else None), indent=2) + "\n"
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, "utf-8")
    except OSError as error:
        raise click.UsageError(f"{out}: {error.strerror}") from None


def words(folder: Path) -> Words:
    """Return the names of a policy set as far as it can be read; what cannot be read restricts nothing."""
    try:
        gathered = gather(folder)
    except Problems as error:
        raise click.UsageError(str(error)) from None
    vocabularies = [document for _, document in gathered.vocabularies]
    try:
        catalogues = {name: found.catalogue for name, found in load_connectors(folder, None).items()}
    except Problems:
        return words_of(None if gathered.words_missing else vocabularies, None)
    return words_of(None if gathered.words_missing else vocabularies, catalogues)
