"""How other systems speak of a case: the Data Rights Protocol 1.0 and Fides.

Both ways of speaking have fewer words than `State` has; where a case is in none of theirs it is in progress.
What they are told is a state, a date and a reason that was written for the person, and nothing of their data.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

from proxy.erasure.case import Case, moment
from proxy.erasure.states import INCOMPLETE, State, words

DONE: Final = frozenset({State.LIVE_COMPLETE, State.FINAL})
"""The person can be told that it is done; `final` only adds that delays are over."""
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_~!$&'()*+,;=:@.-]+)+/?|/", re.ASCII)
_ENDS: Final = {State.REVOKED: "revoked", State.DENIED: "denied", State.EXPIRED: "expired"}


def drp_state(case: Case) -> tuple[str, str]:
    """Return the state of a case in the words of the Data Rights Protocol 1.0 (3.02), and the reason, if any."""
    if case.state in DONE:
        return "fulfilled", ""
    if case.state in INCOMPLETE:
        return "denied", "other"  # no word says that a part was done, and `fulfilled` would be untrue
    if case.state in _ENDS:
        return _ENDS[case.state], (case.denied or "other") if case.state is State.DENIED else ""
    return "in_progress", "need_user_verification" if case.state is State.IDENTITY_PENDING else ""


def drp_status(case: Case, *, verification_url: str = "") -> dict[str, Any]:
    """Return the Exercise Status object (3.03).

    Args:
        case: that came from an agent.
        verification_url: where the person can prove who it is. Without one the reason `need_user_verification`,
            which has to come with it, is not given.
    """
    state, reason = drp_state(case)
    told: dict[str, Any] = {"request_id": case.id, "status": state, "received_at": _time(case.received)}
    if case.origin is not None and not case.origin.request.startswith("sha256:"):
        told["agent_request_id"] = case.origin.request
    if state == "in_progress":
        told["expected_by"] = case.due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if reason == "need_user_verification" and verification_url:
        told |= {"reason": reason, "user_verification_url": verification_url}
    elif reason and reason != "need_user_verification":
        told["reason"] = reason
    if details := _details(case, state):
        told["processing_details"] = details
    return told


def word(case: Case) -> str:
    """Return what whoever sent a case has to be told now, in one word; "" for nothing.

    Fides is told once: it has nothing to ask us, and nothing that we could take back.
    """
    origin = case.origin
    if origin is None or not origin.reply:
        return ""
    if origin.shape in {"drp", "api"}:
        state, reason = drp_state(case)
        return " ".join(part for part in (state, reason, "extended" if case.extended else "") if part)
    if origin.told:
        return origin.told
    state = fides_state(case)
    if origin.request.startswith("pre_approval:"):
        return "eligible" if state == "done" else state
    return state if state == "done" else ""


WRITTEN: Final = "mail "
"""How the reply of a requester begins who is told by mail; the name of its client follows."""


def standing(case: Case) -> tuple[str, str]:
    """Return what a requester is told by mail, subject and text: how far a case is; nothing that was typed."""
    state = "incomplete" if case.state in INCOMPLETE else drp_state(case)[0]
    lines = [f"Case: {case.id}", f"State: {words(state)}"]
    if state == "in_progress":
        lines.append(f"Due: {case.due.date().isoformat()}{', extended' if case.extended else ''}")
    lines += ["", "The erasure API and `lychgate erasure show` say more."]
    return f"Erasure case {case.id}: {words(state)}", "\n".join(lines) + "\n"


def fides_state(case: Case) -> str:
    """Return what Fides has to be told: `eligible`, `not_eligible`, `done`, or "" for nothing yet.

    A request that waits to be approved there is eligible once it has a plan here; one that is denied, revoked or
    held is not. One that is being carried out there goes on when it is done here.
    """
    if case.state in DONE:
        return "done"
    if case.state in _ENDS or case.state in {State.HELD, State.EXCEPTION_REVIEW}:
        return "not_eligible"
    return "eligible" if case.plan is not None else ""


def _details(case: Case, state: str) -> str:
    if state == "denied":
        return case.reason
    if state == "in_progress" and case.extension is not None:
        return case.extension.because
    if case.state is State.IDENTITY_PENDING:
        return "it is being made sure who asks"
    return ""


def _time(seconds: int) -> str:
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain_path(text: str) -> bool:
    """Say whether a text is a path that every server reads as one below its own: no step up, nothing encoded, no
    query, and a slash in front, without which it could go on with the name of the server."""
    return _PATH.fullmatch(text) is not None and {".", ".."}.isdisjoint(text.split("/"))


def below(place: str, url: str) -> bool:
    """Say whether an address is a place that is configured, or a plain path below it."""
    return url == place or (url.startswith(place) and plain_path(url.removeprefix(place)))


def parsed_time(text: object) -> datetime | None:
    """Return an ISO 8601 time that says its offset from UTC; None for anything else."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
