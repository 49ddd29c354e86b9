"""`lychgate policy schema`: what may stand in a document, for editors and for people."""

from pathlib import Path

import click

from proxy.editors import ALL_KINDS, schema_text
from proxy.errors import Problems
from proxy.policy.editing.schema import explained
from proxy.yamlfile import nearest


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
    try:
        text = schema_text(project)
    except Problems as error:
        raise click.UsageError(str(error)) from None
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, "utf-8")
    except OSError as error:
        raise click.UsageError(f"{out}: {error.strerror}") from None
