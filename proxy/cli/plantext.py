"""What `lychgate policy plan` prints: a comparison in, lines out."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from proxy.cli.policytext import counted, visible
from proxy.policy.plan import Change, Comparison, Example, Note, Verdict

SIGN: Final[Mapping[Verdict, str]] = {Verdict.LOOSENED: "+", Verdict.TIGHTENED: "-", Verdict.MIXED: "~"}
MOST_CLOSING: Final = 40
"""Rows of what only closes in a pull request; what opens is always listed."""
NO_CHANGE, ONLY_TIGHTENED, LOOSENED = 0, 10, 11


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Everything there is to tell."""

    comparison: Comparison
    notes: tuple[Note, ...]
    old: str
    """What was compared, for people: a revision, a folder, or `working tree`."""
    new: str
    digests: tuple[str, str]
    places: tuple[Mapping[str, str], Mapping[str, str]]
    """Rule -> `file:line` on either side."""
    approvers: tuple[str, ...] | None
    """Who has to agree; None if nobody asked, or nothing opens."""
    milliseconds: float

    @property
    def exit_code(self) -> int:
        """0 no change, 10 only tightened, 11 something loosened, or may be."""
        verdicts = {change.verdict for change in self.comparison.changes}
        verdicts |= {note.verdict for note in self.notes if note.verdict is not None}
        if self.opens:
            return LOOSENED
        return ONLY_TIGHTENED if verdicts else NO_CHANGE

    @property
    def opens(self) -> bool:
        """Tell whether anybody may learn more than before."""
        return self.comparison.opens or any(note.verdict and note.verdict.opens for note in self.notes)


def text_lines(found: Reviewed, *, examples: bool) -> Iterator[str]:
    """Yield the plan for a terminal, the summary last; every character in it can be seen."""
    yield from map(visible, _text(found, examples=examples))


def _text(found: Reviewed, *, examples: bool) -> Iterator[str]:
    for row in _rows(found.comparison.changes):
        change = row[0]
        head = f"{SIGN[change.verdict]} {change.verdict.upper():9} {_who(change)}"
        if len(row) == 1:
            yield f"{head}   {_fields(change)}"
        else:
            yield head
            yield from (f"      {_fields(each)}" for each in row)
        if change.was == change.now:
            yield f"      {_unsaid(change)}"
        else:
            rules = _rules(change)
            yield f"      was  {change.was}{_by(rules[0], found.places[0])}"
            yield f"      now  {change.now}{_by(rules[1], found.places[1])}"
        if change.days != ((found.comparison.days[0], None),):
            yield f"      from {_days(change)}"
        for each in change.examples:
            if examples or each.facts:
                yield f"      e.g. {example_words(change, each)}"
    for note in found.notes:
        sign = SIGN[note.verdict] if note.verdict else " "
        yield f"{sign} {(note.verdict or 'note').upper():9} {note.what}   {note.text}"
    yield summary(found)


def summary(found: Reviewed) -> str:
    """Return the last line."""
    comparison = found.comparison
    exact = f"{counted(comparison.inexact, 'cell')} not exact" if comparison.inexact else "exact"
    if comparison.untried:
        exact = f"not looked at, and may be loosened: {'; '.join(comparison.untried)}"
    size = f"{comparison.cells:,} ({exact}, {found.milliseconds:,.0f} ms)"
    counts = comparison.counts
    if any(counts.values()):
        loosened = counted(counts[Verdict.LOOSENED], "cell") + " loosened"
        rest = [f"{counts[verdict]:,} {verdict}" for verdict in (Verdict.TIGHTENED, Verdict.MIXED)]
        said = f"Plan: {', '.join([loosened, *rest])} of {size}."
    else:
        said = f"Plan: no change in any cell of {size}."
    callers = [note for note in found.notes if note.verdict is not None]
    if callers:
        opening = sum(note.verdict is not None and note.verdict.opens for note in callers)
        said += f" Clients: {counted(opening, 'change')} loosening, {len(callers) - opening} tightening."
    if found.approvers is not None:
        said += f" Loosening needs approval by: {', '.join(found.approvers) or 'somebody (no owner is named)'}"
    return said


def markdown_lines(found: Reviewed) -> Iterator[str]:
    """Yield the plan as a comment on a pull request."""
    yield f"### Policy plan: {code(found.old)} → {code(found.new)}"
    yield ""
    yield escaped(summary(found).removeprefix("Plan: ").replace(f", {found.milliseconds:,.0f} ms", ""))
    opening = [change for change in found.comparison.changes if change.verdict.opens or not change.exact]
    closing = [
        change for change in found.comparison.changes if change.verdict is Verdict.TIGHTENED and change.exact
    ]
    yield from _table("Loosened, or both", opening, found)
    yield from _table("Tightened", closing[:MOST_CLOSING], found)
    if len(closing) > MOST_CLOSING:
        yield f"\n… and {counted(len(closing) - MOST_CLOSING, 'row')} that only tighten."
    if found.notes:
        yield "\n| | what | |\n|---|---|---|"
        for note in found.notes:
            yield f"| {_bold(note.verdict)} | {code(note.what)} | {code(note.text)} |"
    yield f"\n<sub>{escaped(found.digests[0])} → {escaped(found.digests[1])}</sub>"


def code(text: str) -> str:
    """Return text as a code span that stays one, in a table too: no mention, link or markup works in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    inside = visible(" ".join(text.split())).replace("|", "\\|")
    return f"{fence}{pad}{inside}{pad}{fence}" if inside else ""


def escaped(text: str) -> str:
    """Return text that markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~@!])", r"\\\1", visible(text))


def data(found: Reviewed) -> dict[str, object]:
    """Return the whole plan for a machine."""
    comparison = found.comparison
    return {
        "from": {"name": found.old, "digest": found.digests[0]},
        "to": {"name": found.new, "digest": found.digests[1]},
        "exit_code": found.exit_code,
        "cells": comparison.cells,
        "exact": comparison.inexact == 0 and not comparison.untried,
        "cells_not_exact": comparison.inexact,
        "not_looked_at": list(comparison.untried),
        "counts": {verdict.value: number for verdict, number in comparison.counts.items()},
        "days": [day.isoformat() for day in comparison.days],
        "changes": [_change_data(change, found) for change in comparison.changes],
        "notes": [
            {"verdict": note.verdict.value if note.verdict else None, "what": note.what, "text": note.text}
            for note in found.notes
        ],
        "approval": None if found.approvers is None else list(found.approvers),
    }


def example_words(change: Change, each: Example) -> str:
    """Return one concrete case in a line."""
    roles, purpose, recipient = each.caller
    facts = "".join(f", {_fact(name)} = {value}" for name, value in each.facts.items())
    field = f"{change.object}.{each.field}" if each.field else f"{change.object} (the record itself)"
    asks = f"[{', '.join(sorted(roles))}] for {purpose} to {recipient}: {each.action} {field}{facts}"
    return f"{asks}: {each.was} -> {each.now}"


def _fact(name: str) -> str:
    return name.partition("\0")[0]


def _change_data(change: Change, found: Reviewed) -> dict[str, object]:
    return {
        "verdict": change.verdict.value,
        "roles": [sorted(each) for each in change.roles],
        "purposes": list(change.purposes),
        "recipients": list(change.recipients),
        "actions": [action.value for action in change.actions],
        "connector": change.connector,
        "object": change.object,
        "fields": list(change.fields),
        "from_to": [[first.isoformat(), after.isoformat() if after else None] for first, after in change.days],
        "was": change.was,
        "now": change.now,
        "exact": change.exact,
        "cells": change.cells,
        "examples": [
            {
                "opens": each.opens,
                "roles": sorted(each.caller.roles),
                "purpose": each.caller.purpose,
                "recipient": each.caller.recipient,
                "action": each.action.value,
                "field": each.field,
                "day": each.day.isoformat(),
                "facts": {_fact(name): value for name, value in each.facts.items()},
                "was": {
                    "outcome": each.was,
                    "rule": each.was_rule,
                    "place": found.places[0].get(each.was_rule, ""),
                },
                "now": {
                    "outcome": each.now,
                    "rule": each.now_rule,
                    "place": found.places[1].get(each.now_rule, ""),
                },
            }
            for each in change.examples
        ],
    }


def _who(change: Change) -> str:
    roles = "|".join("+".join(sorted(each)) for each in change.roles)
    actions, recipients = "|".join(change.actions), "|".join(change.recipients)
    return f"{roles} · {'|'.join(change.purposes)} · {actions} · to {recipients}"


def _fields(change: Change) -> str:
    return f"{change.connector}:{change.object}.{{{', '.join(field or '(record)' for field in change.fields)}}}"


def _rows(changes: Iterable[Change]) -> list[list[Change]]:
    """Return changes that differ only in the object together: one rule often says the same of several."""
    rows: dict[object, list[Change]] = {}
    for each in changes:
        callers = (each.roles, each.purposes, each.recipients, each.actions)
        key = (each.verdict, callers, each.days, each.was, each.now, each.exact, _rules(each))
        rows.setdefault(key, []).append(each)
    return list(rows.values())


def _rules(change: Change) -> tuple[str, str]:
    """Return the rules that decide before and after, in the row's first cell."""
    example = next(iter(change.examples), None)
    return (example.was_rule, example.now_rule) if example else ("", "")


def _by(rule: str, places: Mapping[str, str]) -> str:
    return f"   by {rule} ({places[rule]})" if rule in places else ""


def _unsaid(change: Change) -> str:
    if not change.exact:
        return "its rules differ under more conditions than can be tried; no difference was found in a sample"
    return f"{change.was}; differs only where a condition cannot be evaluated, or in how its values are shown"


def _days(change: Change) -> str:
    return ", ".join(f"{first}" if after is None else f"{first} until {after}" for first, after in change.days)


def _table(title: str, changes: Sequence[Change], found: Reviewed) -> Iterator[str]:
    if not changes:
        return
    yield f"\n#### {title}\n"
    yield "| | who | for | does | fields | was | now |\n|---|---|---|---|---|---|---|"
    for row in _rows(changes):
        yield f"| {' | '.join(_cells(row, found))} |"


def _cells(row: Sequence[Change], found: Reviewed) -> Iterator[str]:
    change, days = row[0], row[0].days
    yield _bold(change.verdict) + ("" if change.exact else " not exact")
    roles, recipients = "|".join("+".join(sorted(each)) for each in change.roles), "|".join(change.recipients)
    yield f"{code(roles)}<br>to {code(recipients)}"
    yield code("|".join(change.purposes))
    yield code("|".join(change.actions))
    always = days == ((found.comparison.days[0], None),)
    yield "<br>".join(code(_fields(each)) for each in row) + ("" if always else f"<br>from {_days(change)}")
    before, after = _rules(change)
    yield code(change.was) + (f"<br>by {code(before)}" if before else "")
    example = next(iter(change.examples), None)
    facts = f"<br>e.g. {code(example_words(change, example))}" if example and example.facts else ""
    yield code(change.now) + (f"<br>by {code(after)}" if after else "") + facts


def _bold(verdict: Verdict | None) -> str:
    return f"{SIGN[verdict]} **{verdict.upper()}**" if verdict else ""
