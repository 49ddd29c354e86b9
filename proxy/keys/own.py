"""Keys that belong to nobody, and outlive every erasure; and how the first keys of all are made."""

from collections.abc import Callable
from typing import Final, Literal

from sqlalchemy import Connection, insert

from proxy.crypto.providers import Provider
from proxy.crypto.wrapping import KEY_BYTES
from proxy.errors import Unavailable
from proxy.keys import rows
from proxy.keys.cache import Cache
from proxy.keys.keepers import Keepers, binding, epoch_label
from proxy.keys.subjectkey import ID_BYTES
from proxy.keys.tables import INSTALLATION_KEYS, SETTINGS
from proxy.store import Store

Name = Literal["index", "audit", "tombstone", "signing"]
"""Of an installation key."""
NAMES: Final[tuple[Name, ...]] = ("index", "audit", "tombstone", "signing")
FIRST_INDEX: Final = 1
"""Number of the index key that is made with the others, and called `index`."""
_SEARCHED: Final = "searched"
"""Beside the keys that are remembered: which index keys are searched, as text."""
MOST: Final = 16
"""Keys that are remembered."""


def index_name(number: int) -> str:
    """Return the name of an index key: the first has none of its own, since there was one only."""
    return "index" if number == FIRST_INDEX else f"index/{number}"


class Own:
    """The installation keys, opened when they are needed."""

    def __init__(self, store: Store, keepers: Keepers, cache: Cache[str, bytes]) -> None:
        self._store = store
        self._keepers = keepers
        self._cache = cache

    def key(self, name: Name) -> bytes:
        """Return one of them.

        Raises:
            Unavailable: keys, provider or store cannot be used.
        """
        found = self._cache.found((name,)) or self._read()
        return found[name]

    def indexes(self) -> dict[int, bytes]:
        """Return the index keys that are searched by number, the one that new values are marked with last.

        Raises:
            Unavailable: as `key`.
        """
        found = self._cache.found((_SEARCHED,))
        if found:
            names = {number: index_name(number) for number in numbers(found[_SEARCHED].decode())}
            keys = self._cache.found(names.values())
            if len(keys) == len(names):
                return {number: keys[name] for number, name in names.items()}
        read = self._read()
        return {number: read[index_name(number)] for number in numbers(read[_SEARCHED].decode())}

    def drop(self) -> None:
        """Forget them."""
        self._cache.drop()

    def _read(self) -> dict[str, bytes]:
        generation = self._cache.generation.now()
        with self._store.read() as connection:
            epochs = rows.epochs(connection)
            kept = rows.installation_keys(connection)
            searched = rows.searched(connection)
        wanted = {*NAMES, *map(index_name, numbers(searched))}
        if not wanted <= kept.keys():
            raise Unavailable("keys_not_initialised")
        opened = self._keepers.opened([kept[name] for name in sorted(wanted)], epochs)
        found = {name: opened[kept[name].id] for name in wanted if kept[name].id in opened}
        if len(found) != len(wanted):
            raise Unavailable("key_epoch_ended", "installation keys")
        found[_SEARCHED] = searched.encode()
        self._cache.remember(found, generation)
        return found


def numbers(searched: str) -> list[int]:
    """Return the numbers of index keys as `rows.searched` has them."""
    return [int(each) for each in searched.split(",")]


def make_first(
    store: Store, provider: Provider, *, now: Callable[[], float], random: Callable[[int], bytes]
) -> bool:
    """Have a first epoch and every installation key; return whether anything was made.

    If we die before the row is there, a key without a row is left with the provider; the next attempt makes
    another, since nothing can be wrapped under the first.

    Raises:
        Unavailable: provider or store cannot be used.
    """
    with store.read() as connection:
        if rows.epochs(connection):
            return False
    handle = provider.generate(epoch_label(1, random), "wrap")
    tenant = random(ID_BYTES).hex()
    fresh = {name: random(KEY_BYTES) for name in NAMES}
    bound_to = binding(tenant.encode(), 1)
    wrapped = provider.wrap(handle, [(key, bound_to(name.encode(), None)) for name, key in fresh.items()])
    kept = dict(zip(fresh, wrapped, strict=True))
    try:
        with store.begin() as connection:
            if rows.epochs(connection):
                return False
            rows.add_epoch(connection, 1, provider.name, handle, now())
            _keep_first(connection, tenant, kept)
            return True
    except Unavailable as error:
        if error.reason != "store_conflict":  # somebody else made them at the same moment
            raise
        return False


def _keep_first(connection: Connection, tenant: str, kept: dict[Name, bytes]) -> None:
    connection.execute(insert(SETTINGS).values(name="tenant", value=tenant))
    for name, each in kept.items():
        connection.execute(insert(INSTALLATION_KEYS).values(name=name, epoch=1, wrapped=each))
