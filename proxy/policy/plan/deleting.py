"""What changes in what deletes and withdrawn consents come to, and in who agrees before somebody is erased.

No cell shows it: a delete that was refused or taken over and now reaches the CRM, a second person who need not
agree any more. Rules only add up, the strictest counting, so one more tightens and one less loosens.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from proxy.policy.compile import PolicySet
from proxy.policy.erasing.rules import STRICTER, Consent, Erasing, ErasureRule
from proxy.policy.plan.cell import Verdict
from proxy.policy.plan.changes import Note
from proxy.policy.rules import On

_AGREE: Final = "who agrees to an erasure"
_MORE_TIGHTENS: Final = {
    "people": "people who agree",
    "cooling_seconds": "seconds to think it over",
    "bulk_people": "people who agree to many at once",
}
_MORE_LOOSENS: Final = {
    "valid_seconds": "seconds for which an agreement is good",
    "bulk_more_than": "erasures at once that are not yet many",
}
_THEN: Final = ("nothing", "report", "case")
"""What a withdrawn consent comes to; each tightens what stands before it."""
_NOTHING: Final = ErasureRule("", On(), frozenset(), None, "pass", "", "", "")
"""What a rule says that is not there."""


def deleting(old: PolicySet, new: PolicySet) -> Iterator[Note]:
    """Yield what changes in how two sets handle deletes and erasures."""
    was, now = old.erasing, new.erasing
    if was.law != now.law:
        yield Note(Verdict.MIXED, "the law of erasures", f"{now.law}, before {was.law}")
    if was.quarantines != now.quarantines:
        told = "is told that somebody will decide" if now.quarantines else "is refused"
        yield Note(None, "who would store an erased person again", told)
    yield from _consent(was.consent, now.consent)
    yield from _rules(was, now)
    yield from _withdrawals(was, now)


def _consent(was: Consent | None, now: Consent | None) -> Iterator[Note]:
    if was is None or now is None:
        if now is not None:
            yield Note(Verdict.LOOSENED, _AGREE, f"is new: role {', '.join(sorted(now.roles))}")
        elif was is not None:
            yield Note(Verdict.TIGHTENED, _AGREE, "is gone: nobody can")
        return
    yield from (Note(Verdict.LOOSENED, _AGREE, f"gains role {name}") for name in sorted(now.roles - was.roles))
    yield from (Note(Verdict.TIGHTENED, _AGREE, f"loses role {name}") for name in sorted(was.roles - now.roles))
    for words, more, less in (
        (_MORE_TIGHTENS, Verdict.TIGHTENED, Verdict.LOOSENED),
        (_MORE_LOOSENS, Verdict.LOOSENED, Verdict.TIGHTENED),
    ):
        for part, text in words.items():
            before, after = getattr(was, part), getattr(now, part)
            if before != after:
                yield Note(more if after > before else less, _AGREE, f"{text}: {after}, before {before}")


def _rules(was: Erasing, now: Erasing) -> Iterator[Note]:
    before, after = {each.id: each for each in was.rules}, {each.id: each for each in now.rules}
    for name in sorted({*before, *after}):
        old, new = before.get(name, _NOTHING), after.get(name, _NOTHING)
        stricter = STRICTER.index(new.then) - STRICTER.index(old.then)
        what = f"deletes by {name}"
        if stricter:
            verdict = Verdict.TIGHTENED if stricter > 0 else Verdict.LOOSENED
            yield Note(verdict, what, f"{new.then}, before {old.then}")
        if _NOTHING not in (old, new) and _reach(old) != _reach(new):
            yield Note(Verdict.MIXED, what, "changes whose deletes of what it is about")
        if _NOTHING not in (old, new) and (old.answer, old.ground) != (new.answer, new.ground):
            yield Note(None, what, "changes what is answered, or the ground of the case")


def _withdrawals(was: Erasing, now: Erasing) -> Iterator[Note]:
    """Yield what changes in what a withdrawn consent comes to: a case that is not opened any more loosens."""
    before, after = ({each.id: each for each in set_.withdrawals} for set_ in (was, now))
    for name in sorted({*before, *after}):
        old, new, what = before.get(name), after.get(name), f"a consent withdrawn by {name}"
        then = [_THEN.index(each.then if each is not None else "nothing") for each in (old, new)]
        if then[0] != then[1]:
            verdict = Verdict.TIGHTENED if then[1] > then[0] else Verdict.LOOSENED
            yield Note(verdict, what, f"{_THEN[then[1]]}, before {_THEN[then[0]]}")
        if old is None or new is None:
            continue
        if (old.on, old.consent, old.when.text) != (new.on, new.consent, new.when.text):
            yield Note(Verdict.MIXED, what, "changes which consent it is about, where, or what shows it")
        others = [{(each.because, each.refs, each.when.text) for each in one.unless} for one in (old, new)]
        if others[0] != others[1]:
            verdict = (
                Verdict.LOOSENED if others[0] < others[1] else
                Verdict.TIGHTENED if others[1] < others[0] else Verdict.MIXED
            )  # fmt: skip
            yield Note(verdict, what, "changes which records another basis lets stay")
        if old.ground != new.ground:
            yield Note(None, what, "changes the ground of the case")


def _reach(rule: ErasureRule) -> ErasureRule:
    return replace(rule, then="pass", answer="", ground="", because="")
