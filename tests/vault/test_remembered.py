"""What is remembered ends by itself, is bounded, and is forgotten whole."""

from proxy.vault.remembered import Known, Remembered


class Number:
    """Counts shreds."""

    def __init__(self) -> None:
        self.value = 0

    def now(self) -> int:
        return self.value


class Clock:
    """Stands still."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def known(until: float) -> Known:
    """Return an entry."""
    return Known(until, "clear", "r", "r", ("a", "b", "c"))


def make(most: int = 4) -> tuple[Remembered, Number, Clock]:
    """Return one, its number and its clock."""
    number, clock = Number(), Clock()
    return Remembered(number, clock, seconds=60.0, most=most), number, clock


def test_it_is_kept_for_a_minute():
    """The caller compares, since it looks at hundreds."""
    held, _, clock = make()
    held.keep({"t": known(held.until())}, 0)
    clock.seconds = 61.0
    found, now = held.now()
    assert found["t"].until == 60.0 < now


def test_a_shred_forgets_all_of_it_and_what_was_read_before_it():
    """While somebody shreds, nothing is kept either."""
    held, number, _ = make()
    held.keep({"t": known(1.0)}, 0)
    number.value = 1
    assert held.now()[0] == {}
    held.keep({"t": known(1.0)}, 1)
    number.value = 2
    held.keep({"t": known(1.0)}, 0)
    assert held.now()[0] == {}
    held.keep({"u": known(1.0)}, 2)
    assert set(held.now()[0]) == {"u"}


def test_a_number_that_is_put_back_brings_nothing_back():
    """Once it was another one, what was remembered is gone."""
    held, number, _ = make()
    held.keep({"t": known(1.0)}, 0)
    number.value = 2
    assert held.now()[0] == {}
    number.value = 0
    assert held.now()[0] == {}


def test_the_oldest_half_goes_when_there_are_too_many():
    """And whoever holds what there was is not disturbed."""
    held, _, _ = make(most=4)
    held.keep({str(number): known(1.0) for number in range(4)}, 0)
    before, _ = held.now()
    held.keep({"4": known(1.0)}, 0)
    assert set(held.now()[0]) == {"2", "3", "4"}
    assert "0" in before
    held.drop()
    assert held.now()[0] == {}
