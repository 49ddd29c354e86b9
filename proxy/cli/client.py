"""`lychgate client`: credentials of registered clients."""

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path

import click

from proxy.identity import digest, mint
from proxy.loading import load_connectors
from proxy.policy import load_policies
from proxy.transforms import check_mask
from proxy.yamlfile import nearest


@click.group()
def client() -> None:
    """Make credentials for registered clients."""


@client.command()
@click.argument("name")
@click.option(
    "--policies",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Make a key only if this policy set registers the client.",
)
@click.option("--label", help="What tells this key from the client's others; the date if not given.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def key(name: str, policies: Path | None, label: str | None, form: str) -> None:
    """Make an API key for the client NAME.

    The key is printed once and kept nowhere. What goes into the vocabulary is its SHA-256, from which nobody
    can make the key again; two keys of one client may overlap while one replaces the other.
    """
    if policies is not None:
        _check_registered(name, policies)
    text = label if label is not None else f"made {datetime.now(UTC):%Y-%m-%d}"
    if not text or not text.isprintable():
        raise click.UsageError("a label is one line of printable text")
    fresh = mint(secrets.token_bytes)
    entry = {"sha256": digest(fresh), "label": text}
    if form == "json":
        click.echo(json.dumps({"client": name, "key": fresh, **entry}))
        return
    click.echo(f"The key, shown this once; give it to {name} over a safe channel:\n\n  {fresh}\n")
    click.echo(f"What the vocabulary gets, below `clients: {name}:`\n")
    click.echo("    keys:")
    # A JSON string is a YAML string, and quoted: a digest of digits only must not become a number.
    click.echo(f"      - sha256: {json.dumps(entry['sha256'])}")
    click.echo(f"        label: {json.dumps(text, ensure_ascii=False)}")


def _check_registered(name: str, folder: Path) -> None:
    """Return only if the policy set in `folder` registers a client of this name."""
    catalogues = {found: one.catalogue for found, one in load_connectors(folder, None).items()}
    clients = load_policies(folder, catalogues, check_mask=check_mask).clients
    if name not in clients:
        raise click.UsageError(f"no client is registered as {name!r} in {folder}{nearest(name, clients)}")
