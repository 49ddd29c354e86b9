"""When the process that runs looks through all people by itself, and what it tells of that."""

from proxy.sweeps import FIRST, Rounds


def test_it_looks_once_in_a_round() -> None:
    """Soon after the start, but not at once; then once in so many hours."""
    rounds = Rounds(24.0, 1000.0)
    looks = [rounds.due(1000.0 + at) for at in (0, FIRST - 1, FIRST, FIRST + 1, FIRST + 86_399, FIRST + 86_400)]
    assert looks == [False, False, True, False, False, True]


def test_it_never_looks_where_nobody_wants_it() -> None:
    """Whatever time it is."""
    assert not Rounds(None, 0.0).due(1e12)


def test_what_was_found_is_told_until_it_is_gone() -> None:
    """By why it was found; and that a CRM did not answer."""
    rounds = Rounds(1.0, 0.0)
    assert rounds.told == ""
    rounds.found = {"returned": 2, "retention": 0}
    assert rounds.told == "2 records of people who were erased; `lychgate erasure sweep` says more"
    rounds.failed = True
    assert rounds.told.startswith("a CRM could not be looked through, 2 records")
    rounds.found, rounds.failed = {}, False
    assert rounds.told == ""
