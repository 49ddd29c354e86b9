"""Flaws."""

from proxy.policy.conditions.flaws import At, Flaw, Flawed


def test_sorted_and_told_once() -> None:
    """Flaws come by place, each once, and the message has them all."""
    first, second = Flaw(At(1, 2), "LG101", "one"), Flaw(At(2, 1), "LG122", "two")
    error = Flawed([second, first, second])
    assert error.flaws == (first, second)
    assert str(error) == "1:2: LG101: one\n2:1: LG122: two"
