"""How far one case can be, and what may happen to it then: one table, in which the law's order stands.

Not in the table: it cannot happen, and asking for it is refused. The point of no return is the first step that
erases: before it a case can be revoked at no cost, after it it only goes forward.
"""

from enum import StrEnum
from typing import Final

from proxy.errors import LychgateError


class State(StrEnum):
    """How far a case has come; the order is that of a case in which nothing goes wrong."""

    RECEIVED = "received"
    IDENTITY_PENDING = "identity_pending"
    VERIFIED = "verified"
    EXCEPTION_REVIEW = "exception_review"
    HELD = "held"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    COOLING_OFF = "cooling_off"
    AWAITING_APPROVAL = "awaiting_approval"
    READY = "ready"
    RESTRICTED = "restricted"
    ERASING = "erasing"
    SHREDDING = "shredding"
    NOTIFYING = "notifying"
    VERIFYING = "verifying"
    LIVE_COMPLETE = "live_complete"
    FINAL = "final"
    LIVE_INCOMPLETE = "live_incomplete"
    FINAL_INCOMPLETE = "final_incomplete"
    PARTIAL = "partial"
    FAILED = "failed_needs_human"
    DENIED = "denied"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Event(StrEnum):
    """What moves a case."""

    ASK_IDENTITY = "ask_identity"
    IDENTIFY = "identify"
    DENY = "deny"
    REVOKE = "revoke"
    EXPIRE = "expire"
    PLAN = "plan"
    HOLD = "hold"
    EXCEPT = "except"
    RELEASE = "release"
    DRIFT = "drift"
    CONFIRM = "confirm"
    COOL = "cool"
    NEED_APPROVAL = "need_approval"
    AGREE = "agree"
    RESTRICT = "restrict"
    BEGIN = "begin"
    ERASED = "erased"
    STUCK = "stuck"
    RETRY = "retry"
    SHREDDED = "shredded"
    NOTIFIED = "notified"
    CLEAN = "clean"
    RESIDUE = "residue"
    ACCEPT = "accept"
    FINISH = "finish"


_OPEN_ENDS: Final = {Event.DENY: State.DENIED, Event.REVOKE: State.REVOKED, Event.EXPIRE: State.EXPIRED}
_PLANNED: Final = {
    **_OPEN_ENDS,
    Event.HOLD: State.HELD,
    Event.PLAN: State.AWAITING_CONFIRMATION,
    Event.DRIFT: State.AWAITING_CONFIRMATION,
}
TABLE: Final[dict[State, dict[Event, State]]] = {
    State.RECEIVED: {
        **_OPEN_ENDS,
        Event.ASK_IDENTITY: State.IDENTITY_PENDING,
        Event.IDENTIFY: State.VERIFIED,
    },
    State.IDENTITY_PENDING: {**_OPEN_ENDS, Event.IDENTIFY: State.VERIFIED},
    State.VERIFIED: {**_PLANNED, Event.EXCEPT: State.EXCEPTION_REVIEW},
    State.EXCEPTION_REVIEW: {**_OPEN_ENDS, Event.RELEASE: State.VERIFIED, Event.HOLD: State.HELD},
    State.HELD: {**_OPEN_ENDS, Event.RELEASE: State.VERIFIED, Event.HOLD: State.HELD},
    State.AWAITING_CONFIRMATION: {
        **_PLANNED,
        Event.COOL: State.COOLING_OFF,
        Event.NEED_APPROVAL: State.AWAITING_APPROVAL,
        Event.AGREE: State.READY,
    },
    State.COOLING_OFF: {**_PLANNED, Event.NEED_APPROVAL: State.AWAITING_APPROVAL, Event.AGREE: State.READY},
    State.AWAITING_APPROVAL: {**_PLANNED, Event.COOL: State.COOLING_OFF, Event.AGREE: State.READY},
    State.READY: {**_PLANNED, Event.RESTRICT: State.RESTRICTED},
    State.RESTRICTED: {**_PLANNED, Event.BEGIN: State.ERASING},
    State.ERASING: {Event.ERASED: State.SHREDDING, Event.STUCK: State.FAILED},
    State.SHREDDING: {Event.SHREDDED: State.NOTIFYING, Event.STUCK: State.FAILED},
    State.NOTIFYING: {Event.NOTIFIED: State.VERIFYING},
    State.VERIFYING: {Event.CLEAN: State.LIVE_COMPLETE, Event.RESIDUE: State.PARTIAL, Event.STUCK: State.FAILED},
    State.LIVE_COMPLETE: {Event.FINISH: State.FINAL, Event.RESIDUE: State.PARTIAL},
    State.LIVE_INCOMPLETE: {
        Event.FINISH: State.FINAL_INCOMPLETE,
        Event.RESIDUE: State.PARTIAL,
        Event.RETRY: State.ERASING,
    },
    State.PARTIAL: {
        Event.RETRY: State.ERASING,
        Event.CLEAN: State.LIVE_COMPLETE,
        Event.ACCEPT: State.LIVE_INCOMPLETE,
    },
    State.FAILED: {Event.RETRY: State.ERASING},
    State.FINAL: {},
    State.FINAL_INCOMPLETE: {},
    State.DENIED: {},
    State.REVOKED: {},
    State.EXPIRED: {},
}
"""State -> event -> the state after it. A person who comes back after FINAL is another case: by then this one
holds nothing by which anybody could be found."""

WAITING: Final = frozenset({
    State.RECEIVED, State.IDENTITY_PENDING, State.VERIFIED, State.EXCEPTION_REVIEW, State.HELD,
    State.AWAITING_CONFIRMATION, State.COOLING_OFF, State.AWAITING_APPROVAL,
})  # fmt: skip
"""A person, or time, moves it on."""
RUNNING: Final = frozenset({
    State.READY, State.RESTRICTED, State.ERASING, State.SHREDDING, State.NOTIFYING, State.VERIFYING,
})  # fmt: skip
"""We move it on, and after a restart again."""
OVER: Final = frozenset({State.DENIED, State.REVOKED, State.EXPIRED, State.FINAL, State.FINAL_INCOMPLETE})
INCOMPLETE: Final = frozenset({State.LIVE_INCOMPLETE, State.FINAL_INCOMPLETE})
"""A CRM refuses to let go of something, and people have agreed to leave it at that."""
ANSWERED: Final = frozenset({State.LIVE_COMPLETE, State.LIVE_INCOMPLETE})
"""The person has an answer, and we look again."""
IRREVOCABLE: Final = frozenset({
    State.ERASING, State.SHREDDING, State.NOTIFYING, State.VERIFYING, State.LIVE_COMPLETE, State.FINAL,
    State.LIVE_INCOMPLETE, State.FINAL_INCOMPLETE, State.PARTIAL, State.FAILED,
})  # fmt: skip
"""Past the point of no return."""
SHUT: Final = IRREVOCABLE | {State.RESTRICTED}
"""Nobody reads the person any more."""


class OutOfTurn(LychgateError):
    """A case is not at the point at which this can happen."""


def after(state: State, event: Event) -> State:
    """Return the state after an event.

    Raises:
        OutOfTurn: it cannot happen to a case that is this far.
    """
    found = TABLE[state].get(event)
    if found is None:
        raise OutOfTurn(f"a case that is {words(state)} cannot {words(event)}")
    return found


def words(name: str) -> str:
    """Return a state's or event's name as a person reads it."""
    return name.replace("_", " ")
