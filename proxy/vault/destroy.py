"""The end of what is kept of some records: their keys, and every row that was sealed under one of them.

What has to stay, by a hold or a duty, keeps its row and its key. Of what goes from the same record the rows
go then, and not the key: a token stands for nothing any more, but a copy of ciphertext that somebody has opens
with that key for as long as it is there, in nobody's hand but ours.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from proxy.keys import Keys
from proxy.store import Store
from proxy.vault import rows
from proxy.vault.rows import Place, Value
from proxy.vault.tables import VALUES

Staying = Mapping[Place, Collection[str]]
"""Record -> the fields of it that stay; none named: all."""
NOTHING: Final[Staying] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What there was, and whether any of it is left."""

    values: int
    keys: int
    alive: int
    """Keys that open still, and should not."""
    staying: int = 0
    """Values that have to stay."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """What is there, and what becomes of it."""

    going: list[Value]
    staying: list[Value]
    needed: set[bytes]
    """Keys that open what stays."""
    keys: set[bytes]
    """Keys that go."""
    subjects: set[bytes]
    """Whose every key goes."""


def doomed(store: Store, keys: Keys, places: Iterable[Place], staying: Staying = NOTHING) -> Doomed:
    """Return what `destroy` would destroy now."""
    with store.read() as connection:
        values = rows.in_records(connection, places)
    stays = [value for value in values if _stays(value, staying)]
    going = [value for value in values if not _stays(value, staying)]
    needed = {value.key_id for value in stays}
    ids = {value.key_id for value in going} - needed
    return Doomed(going, stays, needed, ids, keys.subjects(ids) - keys.subjects(needed))


def destroy(
    store: Store,
    keys: Keys,
    places: Iterable[Place],
    staying: Staying = NOTHING,
    *,
    also: Iterable[bytes] = (),
) -> Destroyed:
    """Destroy the keys of some records, then what was sealed under them; idempotent.

    The keys go first: a row says which key is its own, so whoever dies in between finds the rest again. And a
    row that somebody adds meanwhile is there before its key goes, or never (`Keys.hold`), so none is missed.

    Args:
        store: has the vault's chapter.
        keys: of the same store.
        places: the records.
        staying: what of them is not to be destroyed.
        also: keys that went before, with rows that are gone: somebody may have put them back.

    Raises:
        Unavailable: the store cannot be used; what has happened is not known, repeat it.
    """
    fate = doomed(store, keys, places, staying)
    going, needed = fate.going, fate.needed
    ids = sorted(fate.keys | ({*also} - needed))
    # With all keys of the person that each belongs to: one may have come with a rotation and seal nothing yet.
    for subject in sorted(fate.subjects):
        keys.shred(subject)
    for each in ids:
        keys.shred_key(each)
    with store.begin() as connection:
        rows.drop_keys(connection, ids)
        rows.drop(connection, (value.handle for value in going if value.key_id in needed))
    store.forget(VALUES)  # whether or not there were any: a run before may have died here
    return Destroyed(len(going), len(ids), len(keys.find(ids)) if ids else 0, len(fate.staying))


def _stays(value: Value, staying: Staying) -> bool:
    fields = staying.get(Place(value.connector, value.object, value.record or ""))
    return fields is not None and (not fields or value.field in fields)
