"""Who is told of a case, when, what, and how often."""

import pytest
from msgspec import structs

from proxy.erasure import Case, Hold, Kept, Known, Notice, Origin, Plan, Spot, State
from proxy.erasure.foreign import word
from proxy.erasure.notices import LONGEST, MOST, due, merged, message, missed, put, sent, wait

SPOT = Spot("hubspot", "contacts", "101")
PLAN = Plan(
    "case0001", "salt", (), (Kept("hubspot", "deals", "7", (), "tax", "hold-1"),),
    (Known("email", "mara@example.org"), Known("phone", "+353861234567"), Known("name", "Mara Quinn")),
    (SPOT,), (Spot("hubspot", "deals", "7"),),
)  # fmt: skip
NOTICE = Notice("helpdesk_app", 2, 5, again=100, lanes=("hubspot",))
CASE = Case(
    "case0001", State.LIVE_COMPLETE, 1_767_225_600, "gdpr", "objection", "operator", plan=PLAN,
    notices=(NOTICE, Notice("internal", 1, 5)), erased=1_767_225_800,
)  # fmt: skip


def test_only_who_can_be_told_is_due() -> None:
    """A notice without a way to go, one that went, and one before anything was erased are not."""
    assert due(CASE) == {"to helpdesk_app": 100}
    assert due(CASE.put(erased=0)) == {}
    assert due(CASE.put(plan=None)) == {}
    assert due(put(CASE, sent(NOTICE, 7, acknowledged=False))) == {}


def test_a_message_names_the_person_as_is_configured() -> None:
    """By records that were erased, and by values only where that is said; never by what was kept."""
    told = message(CASE, NOTICE, ("record",))
    assert (told["records"], told["values"]) == ([{"lane": "hubspot", "object": "contacts", "id": "101"}], [])
    assert told["ground"] == "GDPR Art. 17(1)(c)"
    elsewhere = structs.replace(NOTICE, lanes=("salesforce",))  # it was given nothing of this lane
    assert message(CASE, elsewhere, ("record",))["records"] == []
    told = message(CASE, NOTICE, ("email",))
    assert (told["records"], told["values"]) == ([], [{"kind": "email", "value": "mara@example.org"}])
    assert "Quinn" not in str(message(CASE, NOTICE, ("record", "email", "phone", "id")))


def test_what_did_not_arrive_is_tried_later_and_later() -> None:
    """From a minute to a day, so many times; then a person has to look."""
    notice, now = NOTICE, 100
    waits = []
    while notice.again:
        after = missed(notice, now, "upstream_refused")
        waits.append(after.again - now)
        notice, now = after, after.again
    assert (waits[:3], max(waits), len(waits), notice.why) == ([60, 120, 240], LONGEST, MOST, "upstream_refused")
    assert wait(10**6) == LONGEST


def test_what_arrived_is_told_once() -> None:
    """With whether it was acknowledged."""
    after = sent(missed(NOTICE, 100, "x"), 200, acknowledged=True)
    assert (after.sent, after.acknowledged, after.tries, after.again, after.why) == (200, 200, 2, 0, "")
    assert sent(NOTICE, 200, acknowledged=False).acknowledged == 0


WORDS = [
    # shape, request, state, what is to be told
    ("api", "", State.LIVE_COMPLETE, "fulfilled"),
    ("api", "", State.HELD, "in_progress"),
    ("drp", "a-1", State.VERIFIED, "in_progress"),
    ("drp", "a-1", State.IDENTITY_PENDING, "in_progress need_user_verification"),
    ("drp", "a-1", State.LIVE_COMPLETE, "fulfilled"),
    ("drp", "a-1", State.DENIED, "denied no_match"),
    ("drp", "a-1", State.REVOKED, "revoked"),
    ("fides", "pre:1", State.VERIFYING, ""),  # it waits there
    ("fides", "pre:1", State.DENIED, ""),  # and goes on waiting: somebody there has to decide
    ("fides", "pre:1", State.FINAL, "done"),
    ("fides", "pre_approval:1", State.AWAITING_CONFIRMATION, "eligible"),
    ("fides", "pre_approval:1", State.HELD, "not_eligible"),
    ("fides", "pre_approval:1", State.LIVE_COMPLETE, "eligible"),
]


@pytest.mark.parametrize(("shape", "request_", "state", "said"), WORDS)
def test_who_sent_a_request_is_told_in_its_own_words(shape, request_: str, state: State, said: str) -> None:
    """Only what is new; and nobody who has not said where to."""
    origin = Origin(shape, "a", request_, "/x", again=9)
    case = CASE.put(origin=origin, state=state, denied="no_match", notices=())
    assert word(case) == said
    assert due(case) == ({f"of {shape} a": 9} if said else {})
    assert due(case.put(origin=Origin(shape, "a", request_, "/x", told=said))) == {}
    assert word(case.put(origin=Origin(shape, "a", request_))) == ""


def test_an_acknowledgement_that_came_meanwhile_stands() -> None:
    """While a message was on its way somebody wrote down that the recipient knows."""
    known = put(CASE, structs.replace(NOTICE, acknowledged=150, note="by phone"))
    one = merged(known, missed(NOTICE, 100, "upstream_timeout")).notices[0]
    assert (one.acknowledged, one.note, one.again, one.tries) == (150, "by phone", 0, 1)
    one = merged(CASE, missed(NOTICE, 100, "upstream_timeout")).notices[0]
    assert (one.acknowledged, one.again) == (0, 160)


def test_a_hold_is_not_told() -> None:
    """What somebody typed stands in no message."""
    case = CASE.put(holds=(Hold("hold-1", "tax of Mara", "finance", 0),))
    assert "tax" not in str(message(case, NOTICE, ("record",)))
