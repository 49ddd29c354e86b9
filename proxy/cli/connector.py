"""`lychgate connector`: what connectors cover, and first drafts of them."""

from pathlib import Path

import click

from proxy.cli.connector_coverage import coverage, listing
from proxy.connectors.drafting import odata, openapi


@click.group()
def connector() -> None:
    """See what of which CRM is let through, and draft the description of another."""


connector.add_command(listing)
connector.add_command(coverage)


@connector.command("from-odata")
@click.argument("metadata", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", default="odata", show_default=True, help="What the connector is to be called.")
@click.option("--path", default="/api/data/v9.2", show_default=True, help="The path of the service's root.")
@click.option("--set", "sets", multiple=True, metavar="SET", help="An entity set to take; all if none is named.")
def from_odata(metadata: Path, name: str, path: str, sets: tuple[str, ...]) -> None:
    """Write a connector from METADATA, the document that an OData 4 service has at $metadata.

    Categories are guesses from names; read every line before use. What no name suggests stays unclassified.
    """
    try:
        click.echo(odata.draft(metadata.read_bytes(), name=name, path=path.rstrip("/"), sets=sets), nl=False)
    except ValueError as problem:
        raise click.ClickException(f"{metadata}: {problem}") from None


@connector.command("from-openapi")
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", default="rest", show_default=True, help="What the connector is to be called.")
@click.option(
    "--path", default="", help="The path before all paths of the document; else that of its first server."
)
def from_openapi(spec: Path, name: str, path: str) -> None:
    """Write a connector from SPEC, an OpenAPI 3 document in JSON or YAML.

    Operations on records are taken over; the draft says of all others that they are denied, and why. Categories
    are guesses from names; read every line before use. What no name suggests stays unclassified.
    """
    try:
        click.echo(openapi.draft(spec.read_bytes(), name=name, path=path), nl=False)
    except ValueError as problem:
        raise click.ClickException(f"{spec}: {problem}") from None
