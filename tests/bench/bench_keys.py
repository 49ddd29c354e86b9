"""What keys cost: wrapping a million of them anew, finding the keys of a page, meeting somebody new.

    python tests/bench/bench_keys.py [COUNT [FOLDER]]

Software keys and SQLite, on the disk that will hold them. Seconds are of the wall, with the CPU beside them.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from sqlalchemy import insert

from proxy.crypto.providers import KeyringFile
from proxy.keys import CHAPTER, Keys, SharedNumber
from proxy.keys.epochs import Epochs
from proxy.keys.keepers import binding
from proxy.keys.rewrap import rewrap
from proxy.keys.tables import SUBJECT_KEYS
from proxy.store import Store
from proxy.store.store import url_of

PAGE = 200
AIM = 10.0
"""Seconds for a million keys."""


@contextmanager
def told(what: str, count: int) -> Iterator[None]:
    """Print how long the block took, in all and for one."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{what:<42} {wall:8.3f} s  (CPU {cpu:.3f} s)  {wall / count * 1e6:8.2f} us each")


def fill(keys: Keys, count: int) -> list[bytes]:
    """Keep so many keys, quicker than by meeting so many people; return some of their ids."""
    bound_to, now, ids = binding(keys.tenant(), 1), time.time(), []
    (epoch,) = Epochs(keys, print, now=time.time, random=os.urandom).all().values()
    for start in range(0, count, 20_000):
        some = [(os.urandom(16), os.urandom(16)) for _ in range(min(20_000, count - start))]
        pairs = [(os.urandom(32), bound_to(key_id, subject)) for key_id, subject in some]
        wrapped = keys.provider.wrap(epoch.handle, pairs)
        rows = [
            {"id": key_id, "subject": subject, "epoch": 1, "wrapped": each, "serial": 1, "created_at": now}
            for (key_id, subject), each in zip(some, wrapped, strict=True)
        ]
        with keys.store.begin() as connection:
            connection.execute(insert(SUBJECT_KEYS), rows)
        ids += [key_id for key_id, _ in some[:PAGE]]
    return ids


def main() -> int:
    """Print one line per measurement; 1 if a million keys would take more CPU than they may."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    folder = Path(tempfile.mkdtemp(prefix="lg-bench-", dir=sys.argv[2] if len(sys.argv) > 2 else None))
    try:
        store = Store.open(url_of(folder / "s.db"), (CHAPTER,))
        keys = Keys(
            store,
            KeyringFile(folder / "keyring.json", key=bytes(32)),
            SharedNumber(store, folder / "generation"),
        )
        keys.initialise()
        ids = fill(keys, count)
        with told("find a page of 200 keys, none remembered", PAGE):
            keys.find(ids[:PAGE])
        with told("find a page of 200 keys, all remembered", PAGE):
            keys.find(ids[:PAGE])
        with told("meet somebody new, 200 times, each durable", PAGE):
            for _ in range(PAGE):
                draft = keys.draft_subject()
                with store.begin() as connection:
                    keys.keep(connection, draft)
        with told("shred one, checkpoint included", 1):
            keys.shred(draft.key.subject or b"")
        Epochs(keys, lambda what, detail: None, now=time.time, random=os.urandom).begin()
        cpu, wall = time.process_time(), time.perf_counter()
        with told(f"wrap {count:,} keys anew", count):
            list(rewrap(keys))
        million = 1_000_000 / count
        cpu, wall = (time.process_time() - cpu) * million, (time.perf_counter() - wall) * million
        print(f"a million keys: {wall:.1f} s, CPU {cpu:.1f} s; aim {AIM:.0f} s where nothing else runs")
        keys.close()
        store.close()
        return int(cpu > AIM)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
