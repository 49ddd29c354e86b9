"""Agreeing: the right hash, distinct people, in time."""

import json

import pytest

from proxy.erasure import Case, Plan, State, Terms
from proxy.erasure.assent import NotAgreed, agree, settle, valid, voided
from proxy.erasure.case import decode, encode
from proxy.model import Credential

PLAN = Plan("case0001", "salt", (), (), (), (), ())
OTHER = Plan("case0001", "pepper", (), (), (), (), ())


def case(**terms: int) -> Case:
    """Return a case that waits for its confirmation."""
    return Case(
        "case0001",
        State.AWAITING_CONFIRMATION,
        0,
        "gdpr",
        "objection",
        "operator",
        plan=PLAN,
        terms=Terms(**terms),
    )


def test_one_person_who_types_the_hash_is_enough_where_one_is_asked_for() -> None:
    """The state says so at once."""
    assert agree(case(), "anna", "jwt", PLAN.short, 10).state is State.READY


@pytest.mark.parametrize(
    "typed", ["", " " * 12, f" {PLAN.short[:2]}         ", PLAN.short[:11], "0" * 12, OTHER.short, OTHER.hash]
)
def test_anything_else_than_this_plans_hash_is_refused(typed: str) -> None:
    """Too short, made up, or of a plan that was replaced."""
    with pytest.raises(NotAgreed, match="not this plan's hash"):
        agree(case(), "anna", "jwt", typed, 10)


def test_the_same_person_counts_once() -> None:
    """However the second credential came about, it is the principal that counts."""
    once = agree(case(approvers=2), "anna", "jwt", PLAN.short, 10)
    assert once.state is State.AWAITING_APPROVAL
    with pytest.raises(NotAgreed, match="somebody else"):
        agree(once, "anna", "api_key", PLAN.short, 11)
    assert agree(once, "ben", "jwt", PLAN.short, 11).state is State.READY


def test_a_confirmation_of_a_replaced_plan_is_void() -> None:
    """Replayed, it counts for nothing: it names another hash."""
    once = agree(case(approvers=2), "anna", "jwt", PLAN.short, 10)
    replaced = voided(once, "drift").put(plan=OTHER, assents=once.assents)
    assert valid(replaced, 10) == ()
    with pytest.raises(NotAgreed):
        agree(replaced, "ben", "jwt", PLAN.short, 11)


def test_time_runs_out_and_cooling_off_does_not_run_ahead() -> None:
    """A confirmation holds for a day; a clock that went back makes none of it valid."""
    once = agree(case(approvers=2, cooling_seconds=60), "anna", "jwt", PLAN.short, 10)
    both = agree(once, "ben", "jwt", PLAN.short, 20)
    assert both.state is State.COOLING_OFF
    assert settle(both, 69).state is State.COOLING_OFF
    assert settle(both, 70).state is State.READY
    assert settle(once, 10 + 86_400).state is State.AWAITING_CONFIRMATION
    assert valid(both, 5) == ()


def test_a_case_that_is_not_there_yet_cannot_be_confirmed() -> None:
    """There is nothing to agree to without a plan, and nothing any more once it has begun."""
    for state in (State.RECEIVED, State.HELD, State.ERASING, State.FINAL):
        with pytest.raises(NotAgreed, match="nothing to confirm"):
            agree(case().put(state=state), "anna", "jwt", PLAN.short, 10)


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        (("desk/ann", "desk", "ann"), ("desk/ben", "desk", "ben"), True),
        (("desk", "desk", ""), ("law", "law", ""), True),
        (("desk/ann", "desk", "ann"), ("law/ann", "law", "ann"), False),
        (("desk", "desk", ""), ("desk/ann", "desk", "ann"), False),
        (("desk/ann", "desk", "ann"), ("desk", "desk", ""), False),
    ],
)
def test_one_person_with_two_credentials_is_not_two(first, second, *, counts: bool) -> None:
    """The same subject through another client, and a client's own key beside a token of one of its people."""
    once = agree(case(approvers=2), first[0], "jwt", PLAN.short, 10, client=first[1], subject=first[2])
    name, client, subject = second
    if counts:
        both = agree(once, name, "jwt", PLAN.short, 11, client=client, subject=subject)
        assert both.state is State.READY
        return
    with pytest.raises(NotAgreed, match="somebody else"):
        agree(once, name, "api_key", PLAN.short, 11, client=client, subject=subject)


@pytest.mark.parametrize(
    ("who", "client", "subject", "counts"),
    [
        ("law/ann", "law", "ann", False),
        ("desk", "desk", "", False),
        ("desk/ben", "desk", "ben", True),
        ("law", "law", "", True),
    ],
)
def test_who_asked_cannot_be_the_second_by_another_credential(
    who: str, client: str, subject: str, *, counts: bool
) -> None:
    """What cannot be told from the one who asked is that one; a case that was kept says so, too."""
    asked = case(approvers=2).put(by="desk/ann", asker=Credential("desk/ann", "desk", "ann"))
    once = agree(decode(encode(asked)), "cleo", "api_key", PLAN.short, 10, client="board")
    if counts:
        both = agree(once, who, "jwt", PLAN.short, 11, client=client, subject=subject)
        assert both.state is State.READY
        return
    with pytest.raises(NotAgreed, match="asked for the erasure"):
        agree(once, who, "jwt", PLAN.short, 11, client=client, subject=subject)


def test_a_case_of_an_older_version_says_who_asked_by_name() -> None:
    """It did not keep the credential; it is read all the same."""
    older = json.loads(encode(case(approvers=2).put(by="anna")))
    del older["asker"]
    once = agree(decode(json.dumps(older).encode()), "ben", "jwt", PLAN.short, 10)
    with pytest.raises(NotAgreed, match="asked for the erasure"):
        agree(once, "anna", "jwt", PLAN.short, 11)


def test_who_asked_for_it_cannot_be_the_second() -> None:
    """Two people have to look at it besides a third, or one of the two has to have nothing to do with it."""
    asked = case(approvers=2).put(by="anna")
    with pytest.raises(NotAgreed, match="asked for the erasure"):
        agree(agree(asked, "ben", "jwt", PLAN.short, 10), "anna", "jwt", PLAN.short, 11)
    assert agree(agree(asked, "anna", "jwt", PLAN.short, 10), "ben", "jwt", PLAN.short, 11).state is State.READY
