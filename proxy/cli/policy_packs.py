"""`lychgate policy packs`: for which laws there are packs, what they control, and what is left to people."""

import json
from pathlib import Path

import click

from proxy.cli.policyset import policies_option
from proxy.errors import Problems
from proxy.policy.packs import Coverage, coverage, markdown


@click.command("packs")
@policies_option
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
def show_packs(folder: Path, form: str) -> None:
    """Say what each pack controls, provision by provision, and what no machine controls.

    Packs lie in the folder packs/ of the policy set. A vocabulary takes them in by name, `packs: [gdpr-eu]`.
    """
    try:
        found = coverage(folder)
    except Problems as error:
        raise click.UsageError(str(error)) from None
    if form == "json":
        click.echo(json.dumps([_data(each) for each in found], indent=2))
    elif form == "markdown":
        click.echo(markdown(found), nl=False)
    else:
        for each in found:
            rules = len({row.rule for row in each.provisions})
            click.echo(f"{each.pack.metadata.name:<16}{each.pack.law}")
            click.echo(
                f"{'':<16}{rules} rules about {len({row.ref for row in each.provisions})} provisions, "
                f"{len(each.pack.not_covered)} not covered; reviewed on {each.pack.reviewed_on}"
            )
        click.echo("Not legal advice. --format markdown has the tables, and all that is not covered.")


def _data(covered: Coverage) -> dict[str, object]:
    pack = covered.pack
    about = pack.model_dump(mode="json", include={"law", "version", "effective_from", "sources", "reviewed_on"})
    rest = pack.model_dump(mode="json", include={"needs", "by_design", "clocks", "not_covered"})
    rows = [
        {"provision": row.ref, "rule": row.rule, "effect": row.effect, "tests": list(row.tests)}
        for row in covered.provisions
    ]
    return {"name": pack.metadata.name, **about, "covered": rows, **rest}
