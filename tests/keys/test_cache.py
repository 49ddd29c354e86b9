"""What is remembered of keys, for how long, and when it is dropped."""

from proxy.keys.cache import SECONDS, Cache
from tests.keys.conftest import Clock


class Number:
    """A generation that a test turns."""

    def __init__(self) -> None:
        self.number = 2

    def now(self) -> int:
        """Return it."""
        return self.number


def cache(number: Number, clock: Clock, **more: float) -> Cache[str, int]:
    """Return a cache of three for ten seconds, unless told otherwise."""
    return Cache(number, clock, **{"seconds": 10, "most": 3, **more})


def test_it_remembers_for_its_time(clock: Clock) -> None:
    """And not a moment longer, however often it was asked."""
    held = cache(Number(), clock)
    held.remember({"a": 1}, 2)
    clock.seconds += 9.9
    assert held.found(["a", "b"]) == {"a": 1}
    clock.seconds += 0.1
    assert held.found(["a"]) == {}
    assert len(held) == 0


def test_a_minute_is_the_longest(clock: Clock) -> None:
    """Whatever is configured."""
    held = cache(Number(), clock, seconds=3_600)
    held.remember({"a": 1}, 2)
    clock.seconds += SECONDS
    assert held.found(["a"]) == {}


def test_the_least_recently_used_goes_first(clock: Clock) -> None:
    """It never holds more than it may."""
    held = cache(Number(), clock)
    held.remember({"a": 1, "b": 2, "c": 3}, 2)
    held.found(["a"])
    held.remember({"d": 4}, 2)
    assert held.found("abcd") == {"a": 1, "c": 3, "d": 4}


def test_a_change_drops_everything(clock: Clock) -> None:
    """While it is under way, and for good."""
    number = Number()
    held = cache(number, clock)
    held.remember({"a": 1}, 2)
    for now in (3, 4):
        number.number = now
        assert held.found(["a"]) == {}
    assert len(held) == 0


def test_a_number_that_is_put_back_brings_nothing_back(clock: Clock) -> None:
    """Once it was another one, what was remembered is gone."""
    number = Number()
    held = cache(number, clock)
    held.remember({"a": 1}, 2)
    number.number = 4
    assert held.found(["a"]) == {}
    number.number = 2
    assert held.found(["a"]) == {}
    assert len(held) == 0


def test_what_was_read_before_a_change_is_not_remembered(clock: Clock) -> None:
    """Somebody reads a row, it is shredded, and only then the reader wants to keep it."""
    number = Number()
    held = cache(number, clock)
    before = number.now()
    number.number = 4
    held.remember({"a": 1}, before)
    held.remember({"b": 2}, 3)
    assert held.found("ab") == {}
    held.remember({"c": 3}, 4)
    assert held.found("abc") == {"c": 3}


def test_nothing_is_remembered_where_nobody_knows(clock: Clock) -> None:
    """As on a host whose lease has run out."""
    number = Number()
    number.number = -1
    held = cache(number, clock)
    held.remember({"a": 1}, -1)
    assert held.found(["a"]) == {}
    held.drop()
