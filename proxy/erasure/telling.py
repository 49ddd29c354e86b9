"""What people are told of a case, as plain data: on the command line, and over HTTP, the same.

Nothing here is a value or a name of the person, nor an id of a record; what somebody typed as a reason is.
"""

from typing import Any

from proxy.erasure.assent import MORE, remainder
from proxy.erasure.case import Case, moment
from proxy.erasure.plan import SHORT, summary
from proxy.erasure.states import State
from proxy.erasure.weighing import clock


def in_short(case: Case, now: int, *, busy: bool = False, trouble: str = "") -> dict[str, Any]:
    """Return how far a case is, and how its clock stands.

    Args:
        case: any.
        now: seconds since the epoch.
        busy: it is being moved at this moment.
        trouble: why it could not be moved the last time.
    """
    steps = len(case.plan.steps) if case.plan is not None else 0
    return {
        "case": case.id, "state": case.state.value, "law": case.law, "due": case.due.date().isoformat(),
        "used_percent": case.rule.used(moment(case.received), moment(now), extended=case.extended),
        "clock": clock(case, now), "extended": case.extended, "steps": steps,
        "done": steps - len(case.left), "reason": case.reason,
        "denied": case.denied, "busy": busy, "trouble": trouble,
    }  # fmt: skip


def whole(case: Case) -> dict[str, Any]:
    """Return what `in_short` leaves out: what is planned, agreed, kept, found, told and issued."""
    plan = case.plan
    return {
        "ground": case.ground,
        "source": case.source,
        "follows": case.follows,
        "followed": case.followed,
        "identity": case.identity,
        "plan": plan.hash if plan is not None else "",
        "short": plan.short if plan is not None else "",
        "summary": summary(plan) if plan is not None else [],
        "people_needed": case.terms.approvers,
        "agreed": [{"who": one.who, "at": one.at} for one in case.assents],
        "left": remainder(case)[:SHORT] if _stops_at_refusals(case) else "",
        "leaving": [{"who": one.who, "at": one.at, "because": one.because} for one in case.leaving],
        "extension": case.extension.because if case.extension is not None else "",
        "holds": [
            {"hold": one.id, "because": one.because, "owner": one.owner, "categories": [*one.categories]}
            for one in case.holds
        ],
        "exceptions": [
            {
                "exception": one.id, "word": one.word, "provision": case.rule.exceptions[one.word],
                "because": one.because, "owner": one.owner, "categories": [*one.categories],
            }
            for one in case.exempt
        ],
        "findings": [
            {
                "lane": one.lane, "place": one.place, "verdict": one.verdict, "how": one.how, "count": one.count,
                "until": one.until, "why": one.why,
            }
            for one in case.findings
        ],
        "recipients": [
            {
                "recipient": one.recipient, "disclosures": one.disclosures, "sent": one.sent, "tries": one.tries,
                "trouble": one.why, "acknowledged": one.acknowledged,
            }
            for one in case.notices
        ],
        "issued": [{"edition": one.edition, "text": one.text, "seq": one.seq} for one in case.issued],
    }  # fmt: skip


def _stops_at_refusals(case: Case) -> bool:
    verdicts = {each.verdict for each in case.findings}
    return case.state is State.PARTIAL and "refused" in verdicts and not verdicts & MORE
