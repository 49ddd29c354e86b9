"""Telling others about a case: recipients of the person's data (GDPR Art. 19), and whoever sent the request.

Functions from a case to a case; what carries a message is `proxy.messengers`. A message that did not arrive is
tried again, later and later, until the case is over; what it says is made anew each time and never kept.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import structs

from proxy.erasure.case import Case, Notice, Origin, moment
from proxy.erasure.foreign import word
from proxy.erasure.plan import Spot

FIRST: Final = 60
"""Seconds until a message is tried for the second time; each further one waits twice as long."""
LONGEST: Final = 86_400
MOST: Final = 40
"""Attempts: a month of daily ones, and then a person has to look."""


def due(case: Case) -> dict[str, int]:
    """Return who is to be told something of a case, and when: recipients as `to ...`, its sender as `of ...`."""
    found = {to(one): one.again for one in case.notices if one.again and _can_be_told(case)}
    origin = case.origin
    if origin is not None and origin.tries < MOST and (said := word(case)) and said != origin.told:
        found[f"{SENDER}{origin.shape} {origin.who}"] = origin.again
    return found


def to(notice: Notice) -> str:
    """Return what a recipient is called among those who are due."""
    return f"to {notice.recipient}"


SENDER: Final = "of "
"""How the name of whoever sent a case begins among those who are due."""


def message(case: Case, notice: Notice, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what a recipient is told: that somebody was erased, and by what it knows them.

    Args:
        case: with its plan.
        notice: the recipient's.
        names: of `record`, `email`, `phone` and `id`: by what the person is named.
    """
    assert case.plan is not None
    kept = {Spot(one.lane, one.object, one.id) for one in case.plan.kept}
    spots = [*case.plan.people, *case.plan.related]
    spots = [spot for spot in spots if spot not in kept and spot.lane in notice.lanes]
    return {
        "type": "erasure.notice",
        "case": case.id,
        "recipient": notice.recipient,
        "law": case.law,
        "ground": case.rule.grounds.get(case.ground, case.ground),
        "erased_at": moment(case.erased).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "because": "You were given data of this person, who was erased: erase them too (GDPR Art. 19).",
        "records": [{"lane": one.lane, "object": one.object, "id": one.id} for one in spots]
        if "record" in names
        else [],
        "values": [{"kind": one.kind, "value": one.value} for one in case.plan.known if one.kind in names],
        "acknowledge": f"/v1/cases/{case.id}/acknowledgements",
    }


def letter(said: Mapping[str, Any]) -> str:
    """Return a message as text for a person; it says no more than `message` does."""
    lines = [
        said["because"],
        "",
        f"Case: {said['case']}",
        f"Ground: {said['ground']}",
        f"Erased here: {said['erased_at']}",
        *(f"Record: {one['object']} {one['id']} in {one['lane']}" for one in said["records"]),
        *(f"{one['kind']}: {one['value']}" for one in said["values"]),
        "",
        "Tell whoever sent you this once they are erased. The attached file says the same for a program.",
    ]
    return "\n".join(lines) + "\n"


def put(case: Case, changed: Notice) -> Case:
    """Return the case with a recipient's notice as it is now."""
    return case.put(
        notices=tuple(changed if one.recipient == changed.recipient else one for one in case.notices)
    )


def sent(notice: Notice, now: int, *, acknowledged: bool) -> Notice:
    """Return the notice once its message was taken."""
    at = now if acknowledged else notice.acknowledged
    return structs.replace(notice, sent=now, tries=notice.tries + 1, again=0, why="", acknowledged=at)


def missed(notice: Notice, now: int, why: str) -> Notice:
    """Return the notice after its message was not taken."""
    again = now + wait(notice.tries) if notice.tries + 1 < MOST else 0
    return structs.replace(notice, tries=notice.tries + 1, again=again, why=why)


def unanswered(origin: Origin, now: int) -> Origin:
    """Return the origin after whoever sent the case could not be told how it stands."""
    return structs.replace(origin, tries=origin.tries + 1, again=now + wait(origin.tries))


def merged(case: Case, tried: Notice) -> Case:
    """Return the case after an attempt to tell a recipient; an acknowledgement that came meanwhile stands."""
    for one in case.notices:
        if one.recipient == tried.recipient and one.acknowledged:
            tried = structs.replace(tried, acknowledged=one.acknowledged, note=one.note, again=0)
    return put(case, tried)


def wait(tries: int) -> int:
    """Return how many seconds lie between one attempt and the next."""
    return min(LONGEST, FIRST << min(tries, 20))


def _can_be_told(case: Case) -> bool:
    return case.plan is not None and case.erased > 0
