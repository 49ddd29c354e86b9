"""`lychgate policy matrix`: what each role gets, for people who review, audit or sign it."""

from collections.abc import Sequence
from pathlib import Path

import click

from proxy.cli import matrixtext as text
from proxy.cli.policyset import (
    ACTIONS,
    connector_of,
    connector_option,
    policies_option,
    questions,
    usable_set,
)
from proxy.model import Action
from proxy.policy import PolicySet
from proxy.policy.plan.matrix import Sheets


@click.command("matrix")
@click.argument("name", metavar="[OBJECT]", required=False)
@click.option("--purpose", help="Only for this purpose.")
@click.option("--recipient", help="Only for this recipient.")
@click.option("--action", "asked", type=ACTIONS, multiple=True, default=[Action.READ.value], show_default=True)
@connector_option
@policies_option
@click.option("--title", default="Access matrix", show_default=True, help="Of the page or document.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "csv", "html"]),
    default="text",
    show_default=True,
)
def matrix(
    *,
    name: str | None,
    purpose: str | None,
    recipient: str | None,
    asked: Sequence[str],
    connector: str | None,
    folder: Path,
    title: str,
    form: str,
) -> None:
    """Show what each role gets of every field of OBJECT, or of all objects of which anybody gets anything.

    One table for each purpose and recipient that a client is registered for, or for those asked for. A column
    is a caller with that role alone; someone with several gets the most permissive grant of them all.

    The html format is one page to print and sign: with the policy's digest, the lawful basis of each purpose,
    the legal references of each rule, and nothing from elsewhere in it.
    """
    policies = usable_set(folder)
    pairs = questions(policies, purpose, recipient)
    sheets = Sheets(policies, policies.now().date())
    found = [
        sheet
        for crm, each in _objects(policies, name, connector)
        for action in dict.fromkeys(asked)
        for why, who in pairs
        for sheet in [sheets.sheet(crm, each, action=Action(action), purpose=why, recipient=who)]
        if name is not None or not sheet.empty
    ]
    paper = text.Paper(title, policies, policies.now(), found)
    match form:
        case "json":
            click.echo(text.json_text(found))
        case "csv":
            click.echo(text.csv_text(found), nl=False)
        case "html":
            click.echo(text.html_text(paper), nl=False)
        case "markdown":
            click.echo("\n".join(text.markdown_lines(paper)))
        case _:
            click.echo("\n".join(text.text_lines(found)))


def _objects(policies: PolicySet, name: str | None, connector: str | None) -> list[tuple[str, str]]:
    if name is not None:
        return [(connector_of(policies, name, connector), name)]
    return [
        (crm, each)
        for crm, catalogue in sorted(policies.catalogues.items())
        if connector is None or crm == connector
        for each in sorted(catalogue)
    ]
