"""A short run of each target, the same each time; `python -m tests.fuzz` goes on for as long as it is told."""

import random

import pytest

from tests.fuzz.mutate import mutated
from tests.fuzz.targets import Target, targets, tried

TRIES = 800


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_what_was_inspected_is_what_others_read(target: Target) -> None:
    """No input brings a target down or is read in two ways, and some are taken, or this shows nothing."""
    assert any(tried(target, seed) for seed in target.seeds)
    chance, pool, taken = random.Random(target.name), list(target.seeds), 0
    for _ in range(TRIES):
        data = mutated(chance, pool, target.words)
        if tried(target, data):
            taken += 1
            pool.append(data)
    assert taken > TRIES // 50
