"""What `lychgate policy` prints: values in, lines out."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import click

from proxy.errors import Problem
from proxy.model import DISCLOSING, Effect, Outcome
from proxy.policy import Checked
from proxy.policy.explain import Considered, Explanation, Question
from proxy.policy.rules import Rule
from proxy.yamlfile import frame

NOTHING: Final = "·"
"""What a matrix shows where nobody granted anything."""


def counted(number: int, word: str) -> str:
    """Return `1 error`, `2 errors`, `1,200 cells`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def visible(text: str) -> str:
    """Return text in which every character can be seen for what it is: no control, line end or turned direction.

    What policies say comes from whoever wrote them, and must not be able to hide from whoever reviews them.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(sign: str) -> str:
    if sign.isprintable():
        return sign
    return f"\\u{ord(sign):04x}" if ord(sign) <= 0xFFFF else f"\\U{ord(sign):08x}"


def wants_color() -> bool:
    """Tell whether standard output is a terminal whose user has not said NO_COLOR (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def problem_lines(problems: Iterable[Problem], *, color: bool = False) -> Iterator[str]:
    """Yield every problem with the lines of the file around it."""
    for problem in problems:
        place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
        what = f"{problem.code} {problem.severity}"
        if color:
            what = click.style(what, fg="red" if problem.severity == "error" else "yellow", bold=True)
        yield f"{visible(place)}  {what}  {visible(problem.message)}"
        if drawn := frame(problem):
            yield "\n".join(map(visible, drawn.split("\n")))
        if problem.also:
            yield f"   see also {visible(problem.also)}"
        yield ""


def summary(checked: Checked, problems: Sequence[Problem], milliseconds: float) -> str:
    """Return the line that `check` ends with."""
    errors = sum(problem.severity == "error" for problem in problems)
    found = f"{counted(errors, 'error')}, {counted(len(problems) - errors, 'warning')}"
    size = ", ".join(
        [counted(checked.rules, "rule"), counted(checked.fields, "field"), counted(checked.cells, "cell")]
    )
    return f"{found} in {counted(checked.files, 'file')} ({size}) in {milliseconds:.0f} ms"


def problem_data(problem: Problem) -> dict[str, object]:
    """Return one problem for a machine."""
    return {name: getattr(problem, name) for name in Problem.__slots__}


def outcome_text(outcome: Outcome) -> str:
    """Return `allow`, `mask(year)`, `redact`, `deny`."""
    name = outcome.effect.name.lower()
    return f"{name}({outcome.mask.name})" if outcome.mask else name


def rule_text(rule: Rule) -> str:
    """Return a rule's effect as `outcome_text` does."""
    return outcome_text(Outcome(rule.effect, rule.mask))


def place_text(rule: Rule) -> str:
    """Return `file:line` of a rule."""
    return rule.place.rpartition(":")[0]


def explanation_lines(question: Question, found: Explanation, rules: Mapping[str, Rule]) -> Iterator[str]:
    """Yield the outcome of one cell, and every rule that was considered."""
    yield from map(visible, _explanation(question, found, rules))


def _explanation(question: Question, found: Explanation, rules: Mapping[str, Rule]) -> Iterator[str]:
    what = f"{question.object}.{question.field}" if question.field else f"{question.object} (the record itself)"
    category = f"  ({found.category})" if found.category else ""
    yield (
        f"{what}{category}  roles=[{', '.join(sorted(question.roles))}] purpose={question.purpose} "
        f"recipient={question.recipient} action={question.action}"
    )
    yield f"  => {_verdict(question, found)}{_decided_by(found, rules)}"
    if not found.listed:
        yield "  the connector does not list this field, so no rule can match it"
    for kind, wins in (("grant", "most permissive wins"), ("guard", "most restrictive wins")):
        considered = [each for each in found.considered if each.rule.kind == kind]
        yield f"  {kind}s ({wins})" if considered else f"  {kind}s: none speaks about this"
        yield from _considered_lines(considered)
    yield from (f"  retention  {line}" for line in found.retention)


def _verdict(question: Question, found: Explanation) -> str:
    if found.outcome.effect is Effect.DENY and question.action in DISCLOSING and question.field:
        return "ABSENT"
    return outcome_text(found.outcome).upper() if not found.outcome.mask else outcome_text(found.outcome)


def _decided_by(found: Explanation, rules: Mapping[str, Rule]) -> str:
    rule = rules.get(found.outcome.rule)
    if rule is None:
        return "   no grant opens it"
    return f"   decided by {rule.kind} {rule.id}  ({place_text(rule)})"


def _considered_lines(considered: Sequence[Considered]) -> Iterator[str]:
    effects = max((len(rule_text(each.rule)) for each in considered), default=0)
    ids = max((len(each.rule.id) for each in considered), default=0)
    for each in considered:
        sign = "✓" if each.counts else "✗"
        line = f"    {sign} {rule_text(each.rule):{effects}}  {each.rule.id:{ids}}  {place_text(each.rule)}"
        yield line if each.counts else f"{line}  {each.because}"
