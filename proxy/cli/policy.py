"""`lychgate policy`: check a policy set, and read what it says."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import click

from proxy.app import load_connectors
from proxy.cli import policytext as text
from proxy.errors import Problem, Problems
from proxy.message import RECORD_ITSELF
from proxy.model import Action, Catalogue
from proxy.policy import Checked, PolicySet, check_policies
from proxy.policy.explain import Question, explain, matrix
from proxy.policy.gather import gather
from proxy.transforms import check_mask
from proxy.yamlfile import nearest

FINDINGS = 1
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_ACTIONS = click.Choice([action.value for action in Action])

policies_option = click.option(
    "--policies", "folder", default="policies", show_default=True, type=_FOLDER, help="The policy set."
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
connector_option = click.option("--connector", help="Which CRM, where several have an object of this name.")


@click.group()
def policy() -> None:
    """Check a policy set, and read what it says."""


@policy.command()
@click.argument("folder", metavar="[DIR]", default="policies", type=_FOLDER)
@format_option
@click.pass_context
def check(context: click.Context, folder: Path, form: str) -> None:
    """Say everything that is wrong with the policy set in DIR (policies, if not given).

    Exit code 0: it can be put in force, maybe with warnings; 1: it cannot; 2: it cannot be read.
    """
    began = time.perf_counter()
    checked, problems = _checked(folder)
    milliseconds = (time.perf_counter() - began) * 1000
    if form == "json":
        found = {
            "problems": [text.problem_data(problem) for problem in problems],
            "files": checked.files,
            "rules": checked.rules,
            "fields": checked.fields,
            "cells": checked.cells,
            "digest": checked.policies.digest if checked.policies else None,
        }
        click.echo(json.dumps(found, indent=2))
    else:
        for line in text.problem_lines(problems):
            click.echo(line)
        click.echo(text.summary(checked, problems, milliseconds))
    if any(problem.severity == "error" for problem in problems):
        context.exit(FINDINGS)


@policy.command("matrix")
@click.argument("name", metavar="OBJECT")
@click.option("--purpose", help="Only for this purpose.")
@click.option("--recipient", help="Only for this recipient.")
@click.option("--action", "word", type=_ACTIONS, default=Action.READ.value, show_default=True)
@connector_option
@policies_option
@format_option
def show_matrix(
    *,
    name: str,
    purpose: str | None,
    recipient: str | None,
    word: str,
    connector: str | None,
    folder: Path,
    form: str,
) -> None:
    """Show what each role gets of every field of OBJECT.

    One table for each purpose and recipient that a client is registered for, or for those asked for. A column
    is a caller with that role alone; someone with several gets the most permissive grant of them all.
    """
    policies = _usable(folder)
    crm = _connector_of(policies, name, connector)
    tables = []
    for why, who in _questions(policies, purpose, recipient):
        table = matrix(policies, crm, name, action=Action(word), purpose=why, recipient=who)
        tables.append((why, who, table))
    if form == "json":
        click.echo(
            json.dumps(
                [
                    {
                        "connector": crm,
                        "object": name,
                        "action": word,
                        "purpose": why,
                        "recipient": who,
                        "fields": {
                            field: {role: text.outcome_text(found) for role, found in row.items()}
                            for field, row in table.items()
                        },
                    }
                    for why, who, table in tables
                ],
                indent=2,
            )
        )
        return
    for why, who, table in tables:
        click.echo(f"{name} · action={word} · purpose={why} · recipient={who}")
        for line in text.matrix_lines(table):
            click.echo(line)
        click.echo()


@policy.command("explain")
@click.argument("target", metavar="OBJECT[.FIELD]")
@click.option("--role", "roles", multiple=True, required=True, help="May be given several times.")
@click.option("--purpose", required=True, help="What the data is for.")
@click.option("--recipient", required=True, help="The organisation that gets the data.")
@click.option("--action", "word", type=_ACTIONS, default=Action.READ.value, show_default=True)
@connector_option
@policies_option
@format_option
def show_explanation(
    *,
    target: str,
    roles: tuple[str, ...],
    purpose: str,
    recipient: str,
    word: str,
    connector: str | None,
    folder: Path,
    form: str,
) -> None:
    """Say what policy makes of one field, and every grant and guard that was considered.

    Without FIELD, the record itself: what a delete or an export is about.
    """
    policies = _usable(folder)
    for role in roles:
        _declared("role", role, policies.roles)
    _declared("purpose", purpose, policies.purposes)
    _declared("recipient", recipient, policies.recipients)
    name, field = _split(policies, target)
    crm = _connector_of(policies, name, connector)
    question = Question(crm, name, field, Action(word), frozenset(roles), purpose, recipient)
    found = explain(policies, question)
    if form == "json":
        considered = [
            {
                "rule": each.rule.id,
                "kind": each.rule.kind,
                "effect": text.rule_text(each.rule),
                "applies": each.counts,
                "because": each.because,
                "place": each.rule.place,
            }
            for each in found.considered
        ]
        outcome = {"outcome": text.outcome_text(found.outcome), "rule": found.outcome.rule}
        click.echo(json.dumps({**outcome, "category": found.category, "considered": considered}, indent=2))
        return
    for line in text.explanation_lines(question, found, {rule.id: rule for rule in policies.rules}):
        click.echo(line)


def _checked(folder: Path) -> tuple[Checked, tuple[Problem, ...]]:
    """Return what checking found; with a broken connector, its problems and those of shape only."""
    try:
        gathered = gather(folder)
    except Problems as error:
        raise click.UsageError(str(error)) from None
    try:
        connectors = load_connectors(folder, None)
    except Problems as error:
        problems = tuple(sorted({*error.problems, *gathered.problems}))
        return Checked(None, problems, gathered.files, 0, 0, 0), problems
    catalogues: Mapping[str, Catalogue] = {name: found.catalogue for name, found in connectors.items()}
    checked = check_policies(folder, catalogues, check_mask=check_mask)
    return checked, checked.problems


def _usable(folder: Path) -> PolicySet:
    checked, problems = _checked(folder)
    if checked.policies is None:
        raise click.UsageError(
            f"{folder} has {text.counted(sum(p.severity == 'error' for p in problems), 'error')}; "
            "see lychgate policy check"
        )
    return checked.policies


def _questions(policies: PolicySet, purpose: str | None, recipient: str | None) -> list[tuple[str, str]]:
    """Return the pairs of purpose and recipient to show."""
    if purpose is not None:
        _declared("purpose", purpose, policies.purposes)
    if recipient is not None:
        _declared("recipient", recipient, policies.recipients)
    if purpose is not None and recipient is not None:
        return [(purpose, recipient)]
    registered = {
        (why, client.recipient.name) for client in policies.clients.values() for why in client.purposes
    }
    pairs = registered or {(why, who) for why in policies.purposes for who in policies.recipients}
    return sorted(
        (why, who)
        for why, who in pairs
        if (purpose is None or why == purpose) and (recipient is None or who == recipient)
    )


def _split(policies: PolicySet, target: str) -> tuple[str, str]:
    """Return object and field; an object's own name may have a dot in it."""
    if any(target in catalogue for catalogue in policies.catalogues.values()):
        return target, RECORD_ITSELF
    name, _, field = target.rpartition(".")
    return name or target, field if name else RECORD_ITSELF


def _connector_of(policies: PolicySet, name: str, connector: str | None) -> str:
    if connector is not None:
        _declared("connector", connector, policies.catalogues)
        _declared("object", name, policies.catalogues[connector])
        return connector
    having = [crm for crm, catalogue in policies.catalogues.items() if name in catalogue]
    if len(having) > 1:
        raise click.UsageError(f"{name} is an object of {' and '.join(having)}: give --connector")
    if not having:
        _declared("object", name, {each: 1 for found in policies.catalogues.values() for each in found})
    return having[0]


def _declared(what: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        raise click.UsageError(f'unknown {what} "{name}"{nearest(name, known)}')
