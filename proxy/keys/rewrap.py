"""Wrapping every key anew under the epoch in force, and giving every data subject a new key: long work.

Both go by what is in the rows and keep nothing else, so that they may die at any point and simply be run again.
A block of rows is one change; between two blocks everybody else has a turn.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from proxy.errors import Unavailable
from proxy.keys import rows
from proxy.keys.keepers import binding
from proxy.keys.keys import Keys
from proxy.keys.rows import Epoch, Held
from proxy.keys.states import UNWRAPS

AT_ONCE: Final = 4_000
"""Rows in one change: 20 ms in which nobody else can change anything in SQLite."""
PAUSE: Final = 0.002
"""Seconds between two changes, in which whoever waits gets a turn."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it has come."""

    done: int
    total: int
    damaged: int = 0
    """Keys that do not open under the key they are said to be wrapped under; they are left as they are."""


def rewrap(keys: Keys, *, at_once: int = AT_ONCE, pause: float = PAUSE) -> Iterator[Progress]:
    """Wrap every key of an epoch that is no longer in force anew; yield how far it has come.

    A key that is shredded meanwhile stays shredded. After the last step no key that opens is under another epoch
    than the one in force, except under suspended ones.

    Raises:
        Unavailable: provider or store cannot be used, the provider has another key under an epoch's name, or
            another epoch has begun; run it again later, it goes on where it stopped.
    """
    with keys.store.read() as connection:
        target = rows.active_epoch(connection)
        epochs = rows.epochs(connection)
        counts = rows.counts(connection)
    old = [each for each in epochs.values() if each.number != target.number and each.state in UNWRAPS]
    total = sum(counts.get(each.number, 0) for each in old)
    done = damaged = 0
    yield Progress(done, total)
    for epoch in old:
        keys.prove(epoch)
        done += _own(keys, epoch, target)
        after = b""
        while held := _next(keys, epoch, after, at_once):
            keys.prove(target)
            fresh = _under(keys, held, epoch, target)
            with _held(keys, target) as connection:
                rows.rewrap(connection, fresh, epoch.number, target.number)
            after = held[-1][1]
            damaged += len(held) - len(fresh)
            done = min(done + len(fresh), total)
            yield Progress(done, total, damaged)
            time.sleep(pause)


def _next(keys: Keys, epoch: Epoch, after: bytes, most: int) -> list[Held]:
    with keys.store.read() as connection:
        return rows.next_under(connection, epoch.number, after, most)


def renew_all(keys: Keys, before: float, *, at_once: int = AT_ONCE // 16, pause: float = PAUSE) -> Iterator[int]:
    """Give every data subject whose newest key is older than `before` a new one; yield how many by now.

    What the older keys sealed still opens; it is sealed anew when it is next written, or by whoever goes through
    what is protected.
    """
    done = 0
    yield done
    while True:
        with keys.store.read() as connection:
            found = rows.outdated(connection, before, at_once)
        if not found:
            return
        drafts = keys.drafts([(subject, serial + 1) for subject, serial in found])
        with keys.store.begin() as connection:
            # Whoever shreds one of them waits from now on, and looks again when this block has ended.
            rows.hold(connection, {key.id for key in rows.by_subject(connection, dict(found))})
            newest = {key.subject: key.serial for key in rows.by_subject(connection, dict(found))}
            for draft, (subject, serial) in zip(drafts, found, strict=True):
                if newest.get(subject) == serial:  # neither shredded meanwhile nor renewed by somebody else
                    keys.keep(connection, draft)
        done += len(found)
        yield done
        time.sleep(pause)


@contextlib.contextmanager
def _held(keys: Keys, target: Epoch) -> Iterator[Connection]:
    """Give a block in which an epoch stays in force: under one that is not, nobody counts on keys.

    Raises:
        Unavailable: `key_epoch_changed`: another one is in force by now.
    """
    with keys.store.begin() as connection:
        if rows.active_epoch(connection, hold=True).number != target.number:
            raise Unavailable("key_epoch_changed", f"epoch {target.number}")
        yield connection


def _own(keys: Keys, old: Epoch, target: Epoch) -> int:
    with keys.store.read() as connection:
        kept = rows.installation_keys(connection)
    held = {name: key for name, key in kept.items() if key.epoch == old.number}
    if not held:
        return 0
    some = [(key.wrapped, key.id, key.subject) for key in held.values()]
    fresh = {key_id: wrapped for wrapped, key_id, _ in _under(keys, some, old, target)}
    with _held(keys, target) as connection:
        for name, key in held.items():
            if key.id in fresh:
                rows.rewrap_own(connection, name, fresh[key.id], old.number, target.number)
    return len(fresh)


def _under(keys: Keys, held: Sequence[Held], old: Epoch, target: Epoch) -> list[Held]:
    """Return the same keys wrapped under another epoch, without those that are damaged."""
    under_old, under_new = binding(keys.tenant(), old.number), binding(keys.tenant(), target.number)
    before = [(wrapped, under_old(key_id, subject)) for wrapped, key_id, subject in held]
    try:
        opened = keys.keeper(old).unwrap(old.handle, before)
    except Unavailable as error:
        if error.reason != "key_not_authentic":
            raise
        if len(held) == 1:
            return []
        half = len(held) // 2
        return [*_under(keys, held[:half], old, target), *_under(keys, held[half:], old, target)]
    after = [
        (clear, under_new(key_id, subject)) for clear, (_, key_id, subject) in zip(opened, held, strict=True)
    ]
    wrapped = keys.keeper(target).wrap(target.handle, after)
    return [(each, key_id, subject) for each, (_, key_id, subject) in zip(wrapped, held, strict=True)]
