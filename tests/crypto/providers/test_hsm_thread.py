"""One thread carries out everything, in order, and nobody waits for ever."""

import threading

import pytest

from proxy.crypto.providers.hsm_thread import MOST_WAITING, HsmThread
from proxy.errors import Unavailable


def test_everybody_shares_one_thread_per_library() -> None:
    """Whoever asks, from whatever thread, the same one does the work; it is none of the askers."""
    seen: set[int] = set()

    def ask() -> None:
        for _ in range(20):
            seen.add(HsmThread.of("lib-a").call(threading.get_ident, 5))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    askers = {thread.ident for thread in threads}
    for thread in threads:
        thread.join()
    assert len(seen) == 1
    assert not seen & askers
    assert HsmThread.of("lib-b").call(threading.get_ident, 5) not in seen


def test_what_a_job_raises_is_raised() -> None:
    """And the thread goes on."""
    thread = HsmThread("x")
    with pytest.raises(ZeroDivisionError):
        thread.call(lambda: 1 / 0, 5)
    assert thread.call(lambda: 7, 5) == 7


def test_a_library_that_hangs_is_not_waited_for() -> None:
    """Whoever asks is told so; jobs that had not begun never will; when it answers again, so do we."""
    thread, release, done = HsmThread("x"), threading.Event(), []
    with pytest.raises(Unavailable, match="provider_slow"):
        thread.call(lambda: release.wait(30), 0.01)
    for _ in range(3):
        with pytest.raises(Unavailable, match="provider_slow"):
            thread.call(lambda: done.append(1), 0.01)
    release.set()
    assert thread.call(lambda: 7, 5) == 7
    assert done == []


def test_no_more_wait_than_can_be_worked_off() -> None:
    """The next is told at once, however long it was ready to wait."""
    thread, release = HsmThread("x"), threading.Event()
    waiting = [
        threading.Thread(target=lambda: thread.call(lambda: release.wait(30), 30), daemon=True)
        for _ in range(MOST_WAITING + 1)
    ]
    for each in waiting:
        each.start()
    while not thread._jobs.full():
        pass
    with pytest.raises(Unavailable, match="provider_slow"):
        thread.call(lambda: 7, 30)
    release.set()
    for each in waiting:
        each.join()
    assert thread.call(lambda: 7, 5) == 7
