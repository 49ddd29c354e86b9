"""`lychgate policy`: check a policy set, and read what it says."""

import json
import time
from pathlib import Path

import click

from proxy.cli import policytext as text
from proxy.cli.policy_fmt import fmt
from proxy.cli.policy_matrix import matrix
from proxy.cli.policy_packs import show_packs
from proxy.cli.policy_plan import plan
from proxy.cli.policy_replay import replay
from proxy.cli.policy_schema import show_schema
from proxy.cli.policy_sign import sign_folder
from proxy.cli.policy_test import run_policy_tests
from proxy.cli.policyset import (
    ACTIONS,
    FOLDER,
    checked_set,
    connector_of,
    connector_option,
    declared,
    format_option,
    policies_option,
    split_target,
    usable_set,
)
from proxy.model import Action
from proxy.policy.editing.reports import REPORTS
from proxy.policy.explain import Question, explain
from proxy.policy.packs import conflicts

FINDINGS = 1


@click.group()
def policy() -> None:
    """Check a policy set, and read what it says."""


policy.add_command(fmt)
policy.add_command(matrix)
policy.add_command(show_packs)
policy.add_command(plan)
policy.add_command(replay)
policy.add_command(show_schema)
policy.add_command(run_policy_tests)
policy.add_command(sign_folder)


@policy.command()
@click.argument("folder", metavar="[DIR]", default="policies", type=FOLDER)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", *REPORTS]),
    default="text",
    show_default=True,
    help="sarif: code scanning; github: workflow commands; junit: CI; markdown: a comment.",
)
@click.pass_context
def check(context: click.Context, folder: Path, form: str) -> None:
    """Say everything that is wrong with the policy set in DIR (policies, if not given).

    Exit code 0: it can be put in force, maybe with warnings; 1: it cannot; 2: it cannot be read.
    """
    began = time.perf_counter()
    checked, problems = checked_set(folder)
    milliseconds = (time.perf_counter() - began) * 1000
    if form == "json":
        found = {
            "problems": [text.problem_data(problem) for problem in problems],
            "files": checked.files,
            "rules": checked.rules,
            "fields": checked.fields,
            "cells": checked.cells,
            "digest": checked.policies.digest if checked.policies else None,
            "pack_conflicts": list(conflicts(checked.policies)) if checked.policies else [],
        }
        click.echo(json.dumps(found, indent=2))
    elif form in REPORTS:
        click.echo(REPORTS[form](problems, text.summary(checked, problems, milliseconds)))
    else:
        for line in text.problem_lines(problems, color=text.wants_color()):
            click.echo(line)
        for line in conflicts(checked.policies) if checked.policies else ():
            click.echo(f"packs  {line}")
        click.echo(text.summary(checked, problems, milliseconds))
    if any(problem.severity == "error" for problem in problems):
        context.exit(FINDINGS)


@policy.command("explain")
@click.argument("target", metavar="OBJECT[.FIELD]")
@click.option("--role", "roles", multiple=True, required=True, help="May be given several times.")
@click.option("--purpose", required=True, help="What the data is for.")
@click.option("--recipient", required=True, help="The organisation that gets the data.")
@click.option("--action", "word", type=ACTIONS, default=Action.READ.value, show_default=True)
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
    policies = usable_set(folder)
    for role in roles:
        declared("role", role, policies.roles)
    declared("purpose", purpose, policies.purposes)
    declared("recipient", recipient, policies.recipients)
    name, field = split_target(policies, target)
    crm = connector_of(policies, name, connector)
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
