"""Keys are wrapped anew and given anew, whoever else is at work, and whatever dies."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, text, update

from proxy.errors import Unavailable
from proxy.keys import Draft, Keys, SubjectKey
from proxy.keys.epochs import Epochs
from proxy.keys.rewrap import renew_all, rewrap
from proxy.keys.tables import SUBJECT_KEYS

Make = Callable[..., Keys]


def epochs_of(keys: Keys) -> Epochs:
    """Return the epochs, whose events nobody writes down."""
    return Epochs(
        keys, lambda what, detail: None, now=time.time, random=os.urandom, officers={"ann": "a", "ben": "b"}
    )


def meet(keys: Keys, count: int) -> dict[bytes, bytes]:
    """Return the keys of so many new people, by id."""
    with keys.store.begin() as connection:
        made = [keys.new_subject(connection) for _ in range(count)]
    return {key.id: key.enc for key in made}


def opened(keys: Keys, ids: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Return what these ids open to now."""
    return {key_id: key.enc for key_id, key in keys.find(ids).items()}


def test_all_are_wrapped_anew_and_open_as_before(keys: Keys, make: Make) -> None:
    """Installation keys too; and once the old epoch's key is gone, nothing is missing."""
    before, index = meet(keys, 250), keys.own("index")
    epochs = epochs_of(keys)
    old = epochs.all()[1]
    epochs.begin()
    steps = list(rewrap(keys, at_once=100, pause=0))
    assert [(step.done, step.total) for step in steps] == [(0, 254), (104, 254), (204, 254), (254, 254)]
    assert epochs.counts() == {2: 254}
    keys.provider.destroy(old.handle)
    assert opened(make(), before) == before
    assert make().own("index") == index


def test_nothing_is_done_twice(keys: Keys) -> None:
    """A second run finds nothing to do."""
    meet(keys, 5)
    epochs_of(keys).begin()
    list(rewrap(keys))
    assert [(step.done, step.total) for step in rewrap(keys)] == [(0, 0)]


def test_a_key_that_is_shredded_meanwhile_stays_so(keys: Keys, make: Make) -> None:
    """Between reading it and writing it back, somebody is erased."""
    before = meet(keys, 10)
    epochs_of(keys).begin()
    gone = next(iter(before))
    inner = keys.provider.wrap

    def wrap(handle: str, pairs: list[tuple[bytes, bytes]]) -> list[bytes]:
        other.shred(subject)
        return inner(handle, pairs)

    other = make()
    subject = other.one(gone).subject
    keys.provider.wrap = wrap  # type: ignore[method-assign]
    list(rewrap(keys, pause=0))
    assert make().find(before).keys() == before.keys() - {gone}


def test_a_damaged_row_keeps_nobody_else(keys: Keys, make: Make) -> None:
    """It is counted and left; all others are wrapped anew."""
    before = meet(keys, 20)
    bad = next(iter(before))
    with keys.store.begin() as connection:
        connection.execute(update(SUBJECT_KEYS).where(SUBJECT_KEYS.c.id == bad).values(wrapped=bytes(60)))
    epochs_of(keys).begin()
    *_, last = rewrap(keys, pause=0)
    assert last.damaged == 1
    assert epochs_of(keys).counts() == {1: 1, 2: 23}
    del before[bad]
    assert opened(make(), before) == before


@pytest.mark.parametrize("changed", ["old", "new"])
def test_it_stops_where_the_provider_has_another_key_by_now(keys: Keys, make: Make, changed: str) -> None:
    """With the old one nothing would be moved, and all called damaged; under the new one all would be lost."""
    before = meet(keys, 20)
    held = epochs_of(keys)
    old, new = held.all()[1], held.begin()
    run = rewrap(keys, at_once=5, pause=0)
    next(run)
    if changed == "new":  # what is moved first is under the right one
        next(run)
    epoch = old if changed == "old" else new
    keys.provider.destroy(epoch.handle)
    keys.provider.generate(epoch.handle, "wrap")
    with pytest.raises(Unavailable, match=rf"provider_key_changed \(epoch {epoch.number}\)"):
        list(run)
    moved = 0 if changed == "old" else 9  # four of our own, and the first five
    assert held.counts() == {1: 24 - moved} | ({2: moved} if moved else {})
    assert len(before) == 20


def test_requests_go_on_while_it_works(keys: Keys, make: Make) -> None:
    """Others make, find, adopt and shred keys all the time, through two rotations, and nobody is refused."""
    before = meet(keys, 600)
    ends, failed, made = threading.Event(), [], {}

    def live(number: int) -> None:
        mine, luck = make(seconds=0), random.Random(number)
        try:
            while not ends.is_set():
                draft = mine.draft_subject()
                with mine.store.begin() as connection:
                    key = mine.keep(connection, draft)
                    record = mine.new_record(connection)
                with mine.store.begin() as connection:
                    mine.adopt(connection, record.id, key.subject)
                made[key.id] = key.enc
                chosen = luck.sample(sorted(before), 20)
                assert opened(mine, chosen) == {each: before[each] for each in chosen}
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=live, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    epochs = epochs_of(keys)
    for _ in range(2):
        epochs.begin()
        list(rewrap(keys, at_once=40))
    ends.set()
    for thread in threads:
        thread.join()
    assert not failed
    list(rewrap(keys))
    assert epochs.counts().keys() == {3}
    everybody = before | made
    assert opened(make(), everybody) == everybody


def test_a_run_that_is_killed_anywhere_goes_on(
    keys: Keys, make: Make, tmp_path: Path, database_url: URL
) -> None:
    """However often it is killed, at whatever point, every key opens, and in the end all are wrapped anew."""
    before = meet(keys, 800)
    epochs_of(keys).begin()
    command = [
        sys.executable,
        str(Path(__file__).with_name("rewrapper.py")),
        str(tmp_path),
        database_url.render_as_string(hide_password=False),
    ]
    counts = [epochs_of(keys).counts()]
    for lines in (1, 2, 4):  # killed after so many steps, somewhere inside the next
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            for _ in range(lines):
                process.stdout.readline()
            process.kill()
        assert opened(make(seconds=0), before) == before
        counts.append(epochs_of(keys).counts())
    done = [count.get(2, 0) for count in counts]
    assert done == sorted(done)
    assert 0 < done[-1] < 804
    subprocess.run(command, check=True, capture_output=True)
    assert epochs_of(keys).counts() == {2: 804}
    assert opened(make(), before) == before


def test_giving_new_keys_is_killed_anywhere_and_goes_on(
    keys: Keys, make: Make, tmp_path: Path, database_url: URL
) -> None:
    """Nobody gets a third key, and what was sealed opens all the while."""
    before = meet(keys, 200)
    url = database_url.render_as_string(hide_password=False)
    command = [sys.executable, str(Path(__file__).with_name("rewrapper.py")), str(tmp_path), url, "2000"]
    other, made = make(seconds=0), []
    for lines in (2, 3, 4):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            for _ in range(lines):
                process.stdout.readline()
            process.kill()
        assert opened(other, before) == before
        made.append(sum(epochs_of(keys).counts().values()))
    assert made == sorted(made)
    assert 204 < made[-1] < 404
    subprocess.run(command, check=True, capture_output=True)
    with keys.store.read() as connection:
        query = text("SELECT max(serial), count(*) FROM subject_keys GROUP BY subject")
        assert {tuple(row) for row in connection.execute(query)} == {(2, 2)}
    assert opened(make(), before) == before


def test_everybody_gets_a_new_key_and_keeps_the_old_ones(keys: Keys, make: Make, clock) -> None:
    """What was sealed still opens; a run that starts again gives nobody a third."""
    before = meet(keys, 30)
    clock.seconds += 10
    cutoff = clock.seconds
    assert list(renew_all(keys, cutoff, at_once=20, pause=0)) == [0, 20, 30]
    assert list(renew_all(keys, cutoff, pause=0)) == [0]
    assert opened(make(), before) == before
    with keys.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM subject_keys")).scalar() == 60
    subjects = {key.subject for key in keys.find(before).values()}
    assert not {key.id for key in make().sealing(subjects).values()} & before.keys()


def test_who_is_shredded_meanwhile_gets_no_new_key(keys: Keys, make: Make, clock) -> None:
    """Somebody is erased between being found and being given a key; everybody else gets theirs."""
    before = meet(keys, 5)
    subject, other = keys.one(next(iter(before))).subject, make()
    clock.seconds += 10
    inner = keys.drafts

    def drafts(whose: list[tuple[bytes, int]]) -> list[object]:
        made = inner(whose)
        other.shred(subject)
        return made

    keys.drafts = drafts  # type: ignore[method-assign]
    list(renew_all(keys, clock.seconds, pause=0))
    assert other.sealing([subject]) == {}
    assert len(other.find(before)) == 4
    with keys.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM subject_keys")).scalar() == 8


def test_a_run_stops_when_another_epoch_begins(keys: Keys) -> None:
    """Its epoch wraps nothing new any more, and may be destroyed as soon as nothing is counted under it."""
    before = meet(keys, 20)
    epochs = epochs_of(keys)
    epochs.begin()
    steps = rewrap(keys, at_once=10, pause=0)
    next(steps), next(steps)
    epochs.begin()
    with pytest.raises(Unavailable, match="key_epoch_changed"):
        list(steps)
    assert epochs.counts()[2] <= 14
    list(rewrap(keys, pause=0))
    assert epochs.counts() == {3: 24}
    assert opened(keys, before) == before


def test_who_is_shredded_while_keys_are_kept_gets_none(keys: Keys, make: Make, clock) -> None:
    """Whoever shreds waits for the block, and then finds what it added."""
    before = meet(keys, 3)
    subject, other = keys.one(next(iter(before))).subject, make()
    clock.seconds += 10
    shreds = threading.Thread(target=other.shred, args=(subject,))
    inner = keys.keep

    def keep(connection: Connection, draft: Draft) -> SubjectKey:
        if not shreds.ident:
            shreds.start()
            shreds.join(0.3)
        return inner(connection, draft)

    keys.keep = keep  # type: ignore[method-assign]
    list(renew_all(keys, clock.seconds, pause=0))
    shreds.join()
    assert other.sealing([subject]) == {}
    with keys.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM subject_keys")).scalar() == 4


def test_nothing_is_wrapped_anew_while_no_epoch_is_in_force(keys: Keys) -> None:
    """A suspended installation waits."""
    epochs_of(keys).suspend(1)
    with pytest.raises(Unavailable, match="key_suspended"):
        list(rewrap(keys))
