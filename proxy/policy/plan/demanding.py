"""What changes in what a set demands beside its rules: how large groups are, what values look like, how long
data are kept and what is held.

Cells show none of it. What is computed from a smaller group is a person's value; a demand that is gone lets
values in that were refused; what is kept for longer is there to be seen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from proxy.model import Form
from proxy.policy.compile import PolicySet
from proxy.policy.grouping import groups_on
from proxy.policy.plan.cell import Verdict
from proxy.policy.plan.changes import Note
from proxy.policy.retention import Hold, RetentionRule
from proxy.policy.rules import LAXER, Callers, Mode

_Place = tuple[str, str]
"""Object with its connector; field, or "" where a demand is of the object."""


class _Group(NamedTuple):
    """How large groups have to be; the id that demands it makes no difference, nor what else it is on."""

    minimum: int
    unless: Callers | None

    def met_by(self, other: "_Group") -> bool:
        """Tell whether whatever meets another demand meets this one."""
        return other.minimum >= self.minimum and other.unless in (None, self.unless)

    def __str__(self) -> str:
        return f"{self.minimum} records or more{_but(self.unless)}"


class _Written(NamedTuple):
    """What values look like when they are written."""

    form: Form
    mode: Mode

    def met_by(self, other: "_Written") -> bool:
        """Tell whether whatever meets another demand meets this one."""
        return other.form == self.form and LAXER.index(other.mode) <= LAXER.index(self.mode)

    def __str__(self) -> str:
        form = self.form
        more = [form.number, form.pattern, form.find, form.country_field or form.country]
        return " ".join([form.kind, *filter(None, more)]) + ("" if self.mode == LAXER[0] else f" ({self.mode})")


def demanding(old: PolicySet, new: PolicySet) -> Iterator[Note]:
    """Yield what changes in the demands of two sets, objects and fields that change alike together.

    How long data are kept, and what is held, has no verdict: by itself it shows nobody anything.
    """
    for verdict, where, text in _alike(_groups(old), _groups(new), _Group.met_by, "any number of records"):
        yield Note(verdict, f"groups of {where}", text)
    for verdict, where, text in _alike(_written(old), _written(new), _Written.met_by, "any form"):
        yield Note(verdict, f"values written to {where}", text)
    yield from _each("retention", old.retention.rules, new.retention.rules, _period, _parts)
    yield from _each("hold", old.retention.holds, new.retention.holds, _reason, _hold_parts)


def _groups(policies: PolicySet) -> dict[_Place, frozenset[_Group]]:
    return {
        (f"{connector}:{name}", ""): frozenset(_Group(each.minimum, each.unless) for each in found)
        for connector, catalogue in policies.catalogues.items()
        for name, spec in catalogue.items()
        if (found := groups_on(policies.groups, connector, spec))
    }


def _written(policies: PolicySet) -> dict[_Place, frozenset[_Written]]:
    return {
        (f"{connector}:{name}", field): frozenset(_Written(each.form, each.mode) for each in found)
        for connector, catalogue in policies.catalogues.items()
        for name in catalogue
        for field, found in policies.demands(connector, name).items()
    }


def _alike[D](
    before: Mapping[_Place, frozenset[D]],
    after: Mapping[_Place, frozenset[D]],
    met_by: Callable[[D, D], bool],
    none: str,
) -> Iterator[tuple[Verdict, str, str]]:
    """Yield verdict, object with fields, and sentence of each change; demands that come to the same are none."""
    alike: dict[tuple[str, Verdict, str], list[str]] = {}
    for name, field in sorted({*before, *after}):
        was, now = (side.get((name, field), frozenset()) for side in (before, after))
        no_less, no_more = (
            all(any(met_by(each, by) for by in others) for each in demands)
            for demands, others in ((was, now), (now, was))
        )
        if no_less and no_more:
            continue
        verdict = Verdict.TIGHTENED if no_less else Verdict.LOOSENED if no_more else Verdict.MIXED
        said = f"{_listed(now, none)}, before {_listed(was, none)}"
        alike.setdefault((name, verdict, said), []).append(field)
    for (name, verdict, said), fields in alike.items():
        yield verdict, name if fields == [""] else f"{name}.{{{', '.join(fields)}}}", said


def _listed(demands: Iterable[object], none: str) -> str:
    return " and ".join(sorted(map(str, demands))) or none


def _but(unless: Callers | None) -> str:
    if unless is None:
        return ""
    given = {"role": unless.roles, "purpose": unless.purposes, "recipient": unless.recipients}
    named = (f"{word} {' or '.join(sorted(names))}" for word, names in given.items() if names is not None)
    return f" (not for {', '.join(named)})"


def _each[R: (RetentionRule, Hold)](
    word: str,
    old: Iterable[R],
    new: Iterable[R],
    words: Callable[[R], str],
    parts: Callable[[R], dict[str, object]],
) -> Iterator[Note]:
    before: Mapping[str, R] = {each.id: each for each in old}
    after: Mapping[str, R] = {each.id: each for each in new}
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        yield from (Note(None, f"{word} {name}", said) for said in _changes(was, now, words, parts))


def _changes[R: (RetentionRule, Hold)](
    was: R | None, now: R | None, words: Callable[[R], str], parts: Callable[[R], dict[str, object]]
) -> Iterator[str]:
    if was is None or now is None:
        one, what = (now, "new") if now is not None else (was, "gone")
        assert one is not None
        yield f"is {what}: {words(one)}"
        return
    if words(was) != words(now):
        yield f"{words(now)}, before {words(was)}"
    before = parts(was)
    if differ := [part for part, said in parts(now).items() if said != before[part]]:
        yield f"changes {', '.join(differ)}"


def _period(rule: RetentionRule) -> str:
    return f"{rule.keep.text}, then {rule.then}"


def _reason(hold: Hold) -> str:
    return f"until {hold.until}" if hold.until else "until it is lifted"


def _parts(rule: RetentionRule) -> dict[str, object]:
    """Return what else makes something due or not, by the word it has in the file."""
    spared = [(each.because, each.when.text, each.until) for each in rule.exceptions]
    return {
        "on": rule.on,
        "clocks": rule.clocks,
        "grace": rule.grace.text,
        "when": rule.when.text,
        "exceptions": spared,
        "since": rule.since,
        "until": rule.until,
    }


def _hold_parts(hold: Hold) -> dict[str, object]:
    return {"on": hold.on, "when": hold.when.text}
