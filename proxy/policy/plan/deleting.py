"""What changes in what deletes come to, and in who agrees before somebody is erased.

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


def _reach(rule: ErasureRule) -> ErasureRule:
    return replace(rule, then="pass", answer="", ground="", because="")
