"""`lychgate policy`: check a policy set, and read what it says."""

import json
import time
from pathlib import Path

import click

from proxy.cli import policytext as text
from proxy.cli.policy_explain import show_explanation
from proxy.cli.policy_fmt import fmt
from proxy.cli.policy_matrix import matrix
from proxy.cli.policy_packs import show_packs
from proxy.cli.policy_plan import plan
from proxy.cli.policy_replay import replay
from proxy.cli.policy_schema import show_schema
from proxy.cli.policy_sign import sign_folder
from proxy.cli.policy_test import run_policy_tests
from proxy.cli.policyset import (
    FOLDER,
    checked_set,
)
from proxy.policy.editing.reports import REPORTS
from proxy.policy.packs import conflicts

FINDINGS = 1


@click.group()
def policy() -> None:
    """Check a policy set, and read what it says."""


policy.add_command(show_explanation)
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
