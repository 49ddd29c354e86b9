"""Canaries: random bytes sealed under the keys that an erasure destroys. Whoever opens one later has such a key.

They hold nothing of anybody. A destroyed key is only as gone as every place that could have it: what a process
remembers, and the table, which a backup may put back; so each process tries with all that it would serve by.
"""

import os
from collections.abc import Callable, Collection, Iterable
from typing import Final

from proxy.crypto.envelope import BINDING_BYTES, KEY_ID_BYTES, context_of, open_each, raw
from proxy.errors import Unavailable
from proxy.keys import Keys
from proxy.store import Store
from proxy.vault.destroy import NOTHING, Staying, doomed
from proxy.vault.rows import Place

_ELEMENT: Final = "erasure/canary"
_BYTES: Final = 16


def make(
    store: Store,
    keys: Keys,
    places: Iterable[Place],
    staying: Staying = NOTHING,
    *,
    made: Collection[str] = (),
    random: Callable[[int], bytes] = os.urandom,
) -> tuple[str, ...]:
    """Return a canary for each key that `destroy` would destroy now, and those that were made before.

    Raises:
        Unavailable: keys, provider or store cannot be used.
    """
    fate = doomed(store, keys, places, staying)
    ids = {*fate.keys, *keys.of_subjects(fate.subjects)} - key_ids(made)
    if not ids:
        return (*made,)
    context = context_of(keys.tenant().decode(), _ELEMENT)
    fresh = [
        key.data_key.seal(random(_BYTES), context, random(BINDING_BYTES))
        for _, key in sorted(keys.find(ids).items())
    ]
    return (*made, *fresh)


def key_ids(canaries: Iterable[str]) -> set[bytes]:
    """Return the ids of the keys under which canaries were sealed."""
    return {each[:KEY_ID_BYTES] for each in map(raw, canaries) if each}


def opens(keys: Keys, canaries: Iterable[str]) -> bool:
    """Say whether this process can open one of some canaries, by what it remembers or can read; blocks.

    Raises:
        Unavailable: nobody can say: provider or store cannot be used, or a key of such a name opens none.
    """
    sealed = [each for each in map(raw, canaries) if each]
    found = keys.find({each[:KEY_ID_BYTES] for each in sealed})
    if not found:
        return False
    context = context_of(keys.tenant().decode(), _ELEMENT)
    alive = {key.id: key.data_key for key in found.values()}
    if not any(each is not None for each in open_each(alive, [(each, context) for each in sealed])):
        raise Unavailable("key_gone", "another key is under the same id")
    return True
