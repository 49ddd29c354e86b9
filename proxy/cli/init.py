"""`lychgate init`: a folder from which a platform engineer can start, and which starts as it is."""

from pathlib import Path
from urllib.parse import urlsplit

import click

from proxy.cli.starter import UPSTREAMS, configuration
from proxy.repository import furnish
from proxy.scaffold import TLS, scaffold


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--crm",
    type=click.Choice(sorted(UPSTREAMS)),
    default="salesforce",
    show_default=True,
    help="Which connector the first lane uses.",
)
@click.option("--upstream", metavar="URL", help="Origin of your CRM, https://host.")
def init(folder: Path, crm: str, upstream: str | None) -> None:
    """Make an installation in DIR: configuration, policies, keys and local certificates.

    It is a policy repository too: editors know the language and your names, a pre-commit hook and a CI job
    check each change, and the job tells in the pull request who may see more, or less.

    What is there already is kept as it is, so this can be repeated after an interruption. Policies are copied
    whole or not at all: an example rule that you deleted does not come back.
    """
    url = _origin(upstream or UPSTREAMS[crm])
    try:
        done = [*scaffold(folder, configuration(crm, url)), *furnish(folder)]
    except OSError as error:
        raise click.UsageError(f"{folder}: {error.strerror or type(error).__name__}") from None
    for made, path in done:
        click.echo(f"{'made' if made else 'kept'}  {path}")
    click.echo(_next_steps(folder, example=upstream is None and crm != "hubspot"))


def _origin(text: str) -> str:
    """Return `text` if it is an https origin; it goes into YAML as it is, so nothing else may be in it."""
    try:
        url = urlsplit(text)
    except ValueError:
        url = urlsplit("")
    plain = text == f"{url.scheme}://{url.netloc}" and all(
        char.isalnum() or char in ".-:[]" for char in url.netloc
    )
    if url.scheme != "https" or not url.hostname or not plain or not text.isascii():
        raise click.UsageError("--upstream is the CRM's origin only, for example https://acme.my.salesforce.com")
    return text


def _next_steps(folder: Path, *, example: bool) -> str:
    steps = [
        f"git -C {folder} init && git -C {folder} add . && git -C {folder} commit -m 'Policies'",
        f"lychgate policy check {folder / 'policies'}, and after an edit: lychgate policy plan",
        f"lychgate client key NAME --policies {folder / 'policies'}     (its lines go into the vocabulary)",
        f"lychgate run --config {folder / 'lychgate.yaml'} --check      (says what would be enforced where)",
        f"lychgate run --config {folder / 'lychgate.yaml'}",
        f"make your clients trust {folder / 'state' / TLS / 'ca.pem'}, and move ca.key off this machine",
    ]
    if example:
        steps.insert(0, f"write your CRM's address in {folder / 'lychgate.yaml'}: upstream is an example")
    return "\nNext:\n" + "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, start=1))
