"""The table of states: what can happen when, and where there is no way back."""

import pytest

from proxy.erasure.states import IRREVOCABLE, OVER, RUNNING, TABLE, WAITING, Event, OutOfTurn, State, after


def test_every_state_is_in_the_table_and_can_be_reached() -> None:
    """No state is a dead letter, and every one is on some way from the first."""
    seen, todo = {State.RECEIVED}, [State.RECEIVED]
    while todo:
        for state in TABLE[todo.pop()].values():
            if state not in seen:
                seen.add(state)
                todo.append(state)
    assert seen == set(State) == set(TABLE)


def test_after_the_first_step_nothing_can_be_revoked_or_denied() -> None:
    """From the point of no return on every way leads forward."""
    for state in IRREVOCABLE:
        assert not {Event.REVOKE, Event.DENY, Event.EXPIRE, Event.DRIFT, Event.HOLD} & set(TABLE[state])
        assert set(TABLE[state].values()) <= IRREVOCABLE


def test_before_it_everything_can_be_revoked() -> None:
    """Every other state that is not an end can be revoked."""
    for state in set(State) - IRREVOCABLE - OVER:
        assert TABLE[state][Event.REVOKE] is State.REVOKED


def test_erasing_is_reached_only_from_a_restricted_case_or_again() -> None:
    """Nothing is erased of somebody whom others can still read."""
    before = {state for state, row in TABLE.items() for to in row.values() if to is State.ERASING}
    assert before == {State.RESTRICTED, State.PARTIAL, State.LIVE_INCOMPLETE, State.FAILED}


def test_what_is_not_in_the_table_is_refused_in_words() -> None:
    """The sentence says what and when."""
    with pytest.raises(OutOfTurn, match="a case that is denied cannot restrict"):
        after(State.DENIED, Event.RESTRICT)


def test_waiting_and_running_do_not_overlap() -> None:
    """It is either a person's turn or ours."""
    assert not WAITING & RUNNING
    assert not (WAITING | RUNNING) & OVER
