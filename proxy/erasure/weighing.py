"""What people decide about a case before anything is erased: that the law excepts it, that it is denied, that it
takes longer.

Every function takes the time and returns a new case, or raises with a sentence for whoever asked. The reasons
that they leave on a case can stand in a letter to the person (GDPR Art. 12(3) and (4)).
"""

from proxy.erasure.case import DENIALS, Case, Exempt, Extension, moment
from proxy.erasure.law import LAWS, Law
from proxy.erasure.states import ANSWERED, IRREVOCABLE, OVER, Event
from proxy.errors import LychgateError


def excepted(case: Case, exempt: Exempt) -> Case:
    """Return the case with an exception applied: to some categories, or, naming none, to the whole of it.

    As a whole the case is denied. With categories it goes on; its plan has to be made anew.

    Raises:
        LychgateError: its law has no such exception.
        OutOfTurn: it is too late, or it is over.
    """
    provision(case.rule, exempt.word)
    if not exempt.categories:
        return denied(case, "claim_not_covered", f"{case.rule.exceptions[exempt.word]}: {exempt.because}")
    return case.put(exempt=(*case.exempt, exempt), assents=())


def denied(case: Case, why: str, because: str) -> Case:
    """Return the case denied, with a reason that can stand in a letter.

    Raises:
        LychgateError: `why` is none of `DENIALS`.
        OutOfTurn: it is too late, or it is over.
    """
    if why not in DENIALS:
        raise LychgateError(f"write why as one of: {', '.join(DENIALS)}")
    reason = " ".join(part for part in (_sentence(because), case.rule.remedy) if part)
    return case.moved(Event.DENY, reason=reason).put(denied=why, assents=())


def extended(case: Case, because: str, now: int) -> Case:
    """Return the case with its law's longer period (GDPR Art. 12(3): two further months).

    Raises:
        LychgateError: the law has none, it was used before, or its first period is over; or nobody waits for an
            answer any more.
    """
    rule = case.rule
    if not rule.extends:
        raise LychgateError(f"{rule.name} has no longer period; the case is due {case.due.date().isoformat()}")
    if case.extended:
        raise LychgateError("the case was extended before; that is possible once")
    if case.state in OVER | ANSWERED:
        raise LychgateError("the case has its answer; there is nothing to extend")
    if moment(now) > case.due:
        raise LychgateError("the first period is over, and the person had to be told within it")
    return case.put(extended=True, extension=Extension(now, because.strip()))


def provision(rule: Law, word: str) -> str:
    """Return the provision of a law's exception.

    Raises:
        LychgateError: it has none of that name.
    """
    found = rule.exceptions.get(word)
    if found is None:
        there = ", ".join(rule.exceptions) or "none"
        raise LychgateError(f"{rule.name} has no exception {word!r}; it has: {there}")
    return found


def clock(case: Case, now: int) -> str:
    """Return how the law's clock stands: `passed`, `near` (four fifths are used up), or "" if all is well.

    Only of a case whose person still waits; an erasure that has begun and is not complete is one of those.
    """
    if case.state in OVER | ANSWERED:
        return ""
    used = LAWS[case.law].used(moment(case.received), moment(now), extended=case.extended)
    return "passed" if used >= 100 else "near" if used >= 80 else ""


def refuse_begun(case: Case) -> None:
    """Return if nothing of the person has been erased yet.

    Raises:
        LychgateError: it has; a promise that something stays could not be kept.
    """
    if case.state in IRREVOCABLE:
        raise LychgateError("the erasure has begun; what is left can be held in the CRM only")


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
