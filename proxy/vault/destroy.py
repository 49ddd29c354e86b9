"""The end of what is kept of some records: their keys, and every row that was sealed under one of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from proxy.keys import Keys
from proxy.store import Store
from proxy.vault import rows
from proxy.vault.rows import Place
from proxy.vault.tables import VALUES


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What there was, and whether any of it is left."""

    values: int
    keys: int
    alive: int
    """Keys that open still."""


def destroy(store: Store, keys: Keys, places: Iterable[Place]) -> Destroyed:
    """Destroy the keys of some records, then what was sealed under them; idempotent.

    The keys go first: a row says which key is its own, so whoever dies in between finds the rest again. And a
    row that somebody adds meanwhile is there before its key goes, or never (`Keys.hold`), so none is missed.

    Raises:
        Unavailable: the store cannot be used; what has happened is not known, repeat it.
    """
    with store.read() as connection:
        values = rows.in_records(connection, places)
    ids = sorted({value.key_id for value in values})
    # With all keys of the person that each belongs to: one may have come with a rotation and seal nothing yet.
    for subject in sorted(keys.subjects(ids)):
        keys.shred(subject)
    for each in ids:
        keys.shred_key(each)
    with store.begin() as connection:
        rows.drop_keys(connection, ids)
    store.forget(VALUES)  # whether or not there were any: a run before may have died here
    return Destroyed(len(values), len(ids), len(keys.find(ids)) if ids else 0)
