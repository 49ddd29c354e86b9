"""`lychgate policy test`: put a policy set's own tests to it."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import click

from proxy.cli import policytext as text
from proxy.cli.policyset import FOLDER, checked_set
from proxy.cli.tracetext import trace_lines
from proxy.errors import Problem
from proxy.policy import PolicySet
from proxy.policy.editing.reports import cell as md
from proxy.policy.editing.reports import github, relative, xml
from proxy.policy.gather import gather
from proxy.policy.packs.vectors import Vector, try_packs
from proxy.policy.testing import Coverage, Mismatch, Result, Results, run_tests, trace_of
from proxy.policy.testing import coverage as coverage_of
from proxy.rehearsal import FAILED as FAILED_TEST
from proxy.rehearsal import carrying_out, problem_of
from proxy.transforms import check_mask

FAILED, USAGE = 1, 2
Shown = Callable[["Run"], Iterator[str]]


class Run:
    """What there is to report."""

    def __init__(
        self,
        policies: PolicySet,
        results: Results,
        found: Coverage | None,
        short: Sequence[str],
        vectors: Sequence[Vector] = (),
    ) -> None:
        self.policies = policies
        self.results = results
        self.coverage = found
        self.short = short
        """Sentences about coverage that is below what was asked for."""
        self.vectors = vectors
        """What came of the tests of the packs that the set takes in."""
        self.rules = {rule.id: rule for rule in policies.rules}

    @property
    def summary(self) -> str:
        """The line that everything comes to."""
        failed = len(self.results.failed)
        said = f"{len(self.results.results) - failed} passed, {failed} failed"
        return f"{said} · {self.packs}" if self.vectors else said

    @property
    def packs(self) -> str:
        """The same of the tests of packs."""
        packs = ", ".join(dict.fromkeys(each.pack for each in self.vectors))
        broken = len(self.broken)
        return f"packs ({packs}): {len(self.vectors) - broken} passed, {broken} failed"

    @property
    def broken(self) -> Sequence[Vector]:
        """The tests of packs that did not pass."""
        return [each for each in self.vectors if not each.passed]

    def wrong(self, each: Mismatch) -> str:
        """Return one mismatch in a line."""
        rule = self.rules.get(each.rule)
        by = f" ({rule.id}, {text.place_text(rule)})" if rule else f" ({each.rule})" if each.rule else ""
        return f"{each.field or '(record)'}: expected {each.expected}, got {each.got}{by}"


@click.command("test")
@click.argument("folder", metavar="[DIR]", default="policies", type=FOLDER)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "github", "markdown"]),
    default="text",
    show_default=True,
)
@click.option(
    "--filter", "names", metavar="NAME", default="", help="Only tests whose name has this in it, or fits."
)
@click.option(
    "--coverage", "covered", is_flag=True, help="Say how much of the set the tests look at, and what not."
)
@click.option(
    "--min-rules", type=click.FloatRange(0, 100), help="Per cent of the rules that must match something."
)
@click.option(
    "--min-branches", type=click.FloatRange(0, 100), help="The same for both answers to each question."
)
@click.option("--min-cells", type=click.FloatRange(0, 100), help="The same for the cells that grants open.")
@click.pass_context
def run_policy_tests(
    context: click.Context,
    *,
    folder: Path,
    form: str,
    names: str,
    covered: bool,
    min_rules: float | None,
    min_branches: float | None,
    min_cells: float | None,
) -> None:
    """Run the tests in DIR (policies, if not given): documents of kind PolicyTest, beside the rules.

    Packs that the set takes in are put to their own tests too, and counted apart.

    Exit code 0: all pass; 1: one fails, or coverage is below what was asked for; 2: the set cannot be used,
    or there is no such test.
    """
    checked, problems = checked_set(folder)
    if checked.policies is None:
        for line in text.problem_lines([each for each in problems if each.severity == "error"]):
            click.echo(line, err=True)
        raise click.UsageError(f"{folder} cannot be put in force; see lychgate policy check")
    cases = [case for case in checked.tests if names in case.name or fnmatchcase(case.name, names)]
    policies = checked.policies
    tried = try_packs(gather(folder), check_mask=check_mask, now=policies.now())
    vectors = [each for each in tried if names in each.rule or fnmatchcase(each.rule, names)]
    if not cases and not vectors:
        what = f"no test with {names!r} in its name" if names else "no tests (documents of kind PolicyTest)"
        raise click.UsageError(f"{folder} has {what}")
    results = run_tests(policies, cases, carrying_out(policies.catalogues))
    least = {"rules": min_rules, "branches": min_branches, "cells": min_cells}
    wanted = covered or any(each is not None for each in least.values())
    found = coverage_of(policies, results.touched) if wanted else None
    run = Run(policies, results, found, list(_short(found, least)), vectors)
    for line in _FORMS[form](run):
        click.echo(line)
    if results.failed or run.short or run.broken:
        context.exit(FAILED)


def _short(found: Coverage | None, least: Mapping[str, float | None]) -> Iterator[str]:
    shares = {"rules": found.rules, "branches": found.branches, "cells": found.cells} if found else {}
    for what, share in shares.items():
        wanted = least[what]
        if wanted is not None and share.percent < wanted:
            yield f"coverage of {what} is {share}, which is less than {wanted:g} %"


# ---- text --------------------------------------------------------------------------------------------------


def _text(run: Run) -> Iterator[str]:
    for result in run.results.results:
        yield f"{'ok  ' if result.passed else 'FAIL'} {result.case.name}"
        if not result.passed:
            yield from _failure(run, result)
    for each in run.broken:
        yield f"FAIL pack {each.pack}: {each.rule}"
        yield f"       {relative(each.place)}"
        yield f"     {each.wrong}"
    yield run.summary
    if run.coverage is not None:
        yield from _coverage_lines(run.coverage)
    yield from run.short


def _failure(run: Run, result: Result) -> Iterator[str]:
    case = result.case
    yield f"       {relative(case.place)}"
    for each in result.mismatches:
        yield f"     {run.wrong(each)}"
    for each in result.mismatches[:3]:
        found = trace_of(run.policies, case, each.field)
        # The values are those of a record that the test's author made up.
        for line in trace_lines(found, run.rules, show_values=True):
            yield f"       {line}"


def _coverage_lines(found: Coverage) -> Iterator[str]:
    yield f"rules     {found.rules}"
    for rule in found.unmatched:
        yield f"  no test has {rule.id} match  {text.place_text(rule)}"
    yield f"branches  {found.branches}"
    for rule_id, question, answer in found.missing:
        yield f"  {rule_id}: never {'true' if answer else 'false'}: {question}"
    yield f"cells     {found.cells}"
    if found.never_decided:
        yield f"matched and never decided: {', '.join(rule.id for rule in found.never_decided)}"


# ---- for machines ------------------------------------------------------------------------------------------


def _json(run: Run) -> Iterator[str]:
    data: dict[str, object] = {
        "passed": len(run.results.results) - len(run.results.failed),
        "failed": len(run.results.failed),
        "digest": run.policies.digest,
        "tests": [_case_data(run, result) for result in run.results.results],
        "packs": [
            {
                "pack": each.pack,
                "rule": each.rule,
                "place": each.place,
                "passed": each.passed,
                "wrong": each.wrong,
            }
            for each in run.vectors
        ],
    }
    if run.coverage is not None:
        found = run.coverage
        shares = {"rules": found.rules, "branches": found.branches, "cells": found.cells}
        data["coverage"] = {
            **{name: {"touched": each.touched, "of": each.of} for name, each in shares.items()},
            "unmatched": [rule.id for rule in found.unmatched],
            "never_decided": [rule.id for rule in found.never_decided],
            "missing_branches": [list(branch) for branch in found.missing],
            "short": list(run.short),
        }
    yield json.dumps(data, indent=2)


def _case_data(run: Run, result: Result) -> dict[str, object]:
    wrong = [
        {
            "field": each.field,
            "expected": each.expected,
            "got": each.got,
            "rule": each.rule,
            "place": run.rules[each.rule].place if each.rule in run.rules else "",
        }
        for each in result.mismatches
    ]
    return {"name": result.case.name, "place": result.case.place, "passed": result.passed, "mismatches": wrong}


def _junit(run: Run) -> Iterator[str]:
    suite = ET.Element(
        "testsuite",
        name="lychgate policy test",
        tests=str(len(run.results.results) + len(run.vectors) + len(run.short)),
        failures=str(len(run.results.failed) + len(run.broken) + len(run.short)),
        errors="0",
        skipped="0",
    )
    for result in run.results.results:
        file = relative(result.case.place.rsplit(":", 2)[0])
        case = ET.SubElement(suite, "testcase", classname=xml(file), name=xml(result.case.name))
        if not result.passed:
            message = "\n".join(map(run.wrong, result.mismatches))
            ET.SubElement(case, "failure", type="mismatch", message=xml(message))
    for vector in run.vectors:
        case = ET.SubElement(suite, "testcase", classname=f"pack.{vector.pack}", name=xml(vector.rule))
        if not vector.passed:
            ET.SubElement(case, "failure", type="vector", message=xml(vector.wrong))
    for sentence in run.short:
        case = ET.SubElement(suite, "testcase", classname="policy.test", name="coverage")
        ET.SubElement(case, "failure", type="coverage", message=xml(sentence))
    ET.indent(suite)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, "unicode")


def _github(run: Run) -> Iterator[str]:
    summary = ", ".join([run.summary, *run.short])
    found = [problem_of(result) for result in run.results.failed]
    yield github([*found, *map(_pack_problem, run.broken)], summary)


def _pack_problem(vector: Vector) -> Problem:
    file, line, column = (vector.place or "packs:0:0").rsplit(":", 2)
    message = f"pack {vector.pack}, test of {vector.rule} fails: {vector.wrong}"
    return Problem(file, int(line), int(column), FAILED_TEST, message)


def _markdown(run: Run) -> Iterator[str]:
    yield f"**policy test**: {md(run.summary)}"
    if run.results.failed:
        yield "\n| test | field | expected | got | by |\n|---|---|---|---|---|"
        for result in run.results.failed:
            for wrong in result.mismatches:
                shown = (result.case.name, wrong.field or "(record)", wrong.expected, wrong.got, wrong.rule)
                yield f"| {' | '.join(map(md, shown))} |"
    if run.broken:
        yield "\n| pack | rule | wrong |\n|---|---|---|"
        for each in run.broken:
            yield f"| {md(each.pack)} | {md(each.rule)} | {md(each.wrong)} |"
    if run.coverage is not None:
        found = run.coverage
        yield f"\nrules {found.rules}, branches {found.branches}, cells {found.cells}"
    for sentence in run.short:
        yield f"\n{md(sentence)}"


_FORMS: Mapping[str, Shown] = {
    "text": _text,
    "json": _json,
    "junit": _junit,
    "github": _github,
    "markdown": _markdown,
}
