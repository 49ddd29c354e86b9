"""Many cases agreed to as one: a hash over exactly these, and what they come to."""

import pytest

from proxy.erasure import Case, Kept, Plan, State, Step
from proxy.erasure.assent import NotAgreed
from proxy.erasure.batch import together


def case(number: int, state: State = State.AWAITING_CONFIRMATION, *, salt: str = "s") -> Case:
    """Return a case with a plan that deletes one record and keeps another."""
    name = f"case000{number}"
    step = Step("delete", "hubspot", "contacts", str(number))
    kept = (Kept("hubspot", "deals", "7", (), "Bills are kept.", "bills"),)
    plan = Plan(name, salt, (step,), kept, (), (step.spot,), ())
    return Case(name, state, 7, "gdpr", "no_longer_necessary", "operator", plan=plan, batch="batch-1")


def test_it_says_what_all_of_them_come_to() -> None:
    """Counts over those that can be agreed to; the others only by where they are."""
    found = together([case(1), case(2), case(3, State.HELD)])
    assert found.cases == ("case0001", "case0002", "case0003")
    assert dict(found.states) == {"awaiting_confirmation": 2, "held": 1}
    assert found.summary[:2] == (
        "     2 contacts in hubspot: deleted", "     2 deals in hubspot: kept, Bills are kept."
    )  # fmt: skip
    assert "cannot be undone" in found.summary[2]


def test_whoever_types_the_hash_has_agreed_to_exactly_these() -> None:
    """In whatever order they are found; not to one more, one less, or another plan of one."""
    found = together([case(1), case(2)])
    assert together([case(2), case(1)]).hash == found.hash
    assert found.agreed(f" {found.hash[:12].upper()} ") == found.plans
    for other in (
        [case(1)],
        [case(1), case(2), case(3)],
        [case(1), case(2, salt="t")],
        [case(1), case(2, State.HELD)],
    ):
        with pytest.raises(NotAgreed, match="not this batch's hash"):
            together(other).agreed(found.hash)
    for typed in ("", found.hash[:11], "0" * 12):
        with pytest.raises(NotAgreed):
            found.agreed(typed)


def test_nothing_is_agreed_to_where_nothing_waits() -> None:
    """Not even by an empty hash."""
    found = together([case(1, State.DENIED)])
    assert found.hash == ""
    with pytest.raises(NotAgreed, match="nothing to confirm"):
        found.agreed("")
