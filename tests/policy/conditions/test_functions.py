"""The table of functions."""

from datetime import UTC, datetime

import pytest

from proxy.policy.conditions.functions import CONSENT, FUNCTIONS, MATCHES, METHODS, READERS

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "args", "value"),
    [
        ("size", ("abc",), 3),
        ("startsWith", ("abc", "ab"), True),
        ("startsWith", ("abc", "bc"), False),
        ("endsWith", ("abc", "bc"), True),
        ("endsWith", ("abc", "ab"), False),
        ("contains", ("abc", "b"), True),
        ("contains", ("abc", "ac"), False),
    ],
)
def test_methods(name: str, args: tuple[str, ...], value: object) -> None:
    """Methods do what CEL says of them."""
    run = METHODS[name].run
    assert run is not None
    assert run(*args) == value


def test_who_does_the_rest() -> None:
    """The functions that are not run as they stand are those the checker knows, and the timed ones take now."""
    every = {**FUNCTIONS, **METHODS}
    assert {name for name, each in every.items() if each.run is None} == {MATCHES, CONSENT}
    assert set(FUNCTIONS) > READERS
    timed = {name: each.run for name, each in every.items() if each.timed}
    assert set(timed) == {"age", "days_since"}
    assert all(run is not None and run("2026-11-22", NOW) in (0, 1) for run in timed.values())
