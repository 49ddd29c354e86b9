"""What the running process notices of its provider."""

import logging
import os
from collections.abc import Callable

import pytest

from proxy.errors import Unavailable
from proxy.keys import Keys
from proxy.keys.epochs import Epochs
from proxy.keys.watch import Watch

Make = Callable[..., Keys]


def watch_of(keys: Keys, clock: Callable[[], float]) -> Watch:
    """Return a watch that has not looked yet."""
    epochs = Epochs(keys, lambda what, detail: None, now=clock, random=os.urandom)
    return Watch(keys, epochs, every=0.01)


def test_a_provider_that_fails_and_works_again(keys: Keys, clock, caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, however often it is looked, and forgotten when it is over."""
    watch = watch_of(keys, clock)
    watch.look()
    assert watch.notices == {}
    fails = [Unavailable("provider_unreachable")]

    def ping() -> None:
        if fails:
            raise fails[0]

    keys.provider.ping = ping  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            watch.look()
    assert watch.notices == {"key provider": "provider_unreachable"}
    assert len(caplog.records) == 1
    fails.clear()
    watch.look()
    assert watch.notices == {}


def test_a_drift_is_noticed(keys: Keys, clock) -> None:
    """By part, for whoever reads /ready."""
    watch = watch_of(keys, clock)
    keys.provider.destroy(watch._epochs.all()[1].handle)
    watch.start()
    while not watch.drifts:
        pass
    watch.close()
    assert watch.notices == {"keys": "epoch 1 is active here, and its key is absent with the provider"}


def test_where_there_are_no_keys_nobody_is_asked(make: Make, clock) -> None:
    """A provider that is described and not used yet may be anywhere."""
    keys = make()
    keys.provider.ping = lambda: 1 / 0  # type: ignore[method-assign]
    watch = watch_of(keys, clock)
    watch.look()
    assert watch.notices == {}
    watch.close()
