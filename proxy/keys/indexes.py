"""The keys by which protected values are found, exchanged while they are searched.

    begin   another index key is searched, then in force: what is marked from now on is marked with it
            (then every value is marked anew: `proxy.vault.reindex`)
    end     only the new one is searched, and the older ones are destroyed

Each is one change in one block, on record before it is made, and can be repeated. The first index key is kept:
deterministic ciphertext, which lies in the CRM, is made from it (`proxy.crypto.repeatable`); nothing is marked
with it any more.
"""

from proxy.keys import rows
from proxy.keys.epochs import Note, NotNow
from proxy.keys.keys import Keys
from proxy.keys.own import FIRST_INDEX, index_name, numbers
from proxy.keys.tables import INSTALLATION_KEYS


def searched(keys: Keys) -> list[int]:
    """Return the numbers of the index keys that are searched, the one that marks new values last."""
    with keys.store.read() as connection:
        return numbers(rows.searched(connection))


def begin(keys: Keys, note: Note) -> int:
    """Have another index key in force, searched beside those before; return its number.

    First every process searches it as well, and only then does any mark values with it: there is no moment at
    which one finds less than another has written. When this returns, none marks with an older one.

    Raises:
        NotNow: somebody else rotates keys at this moment.
        Unavailable: provider or store cannot be used, or no keys have been made.
    """
    keys.tenant()
    known = searched(keys)
    number = max(known)
    if number == known[-1]:
        number += 1
        note("index_key_rotated", f"index={number}")
        with keys.store.read() as connection:
            epoch = rows.active_epoch(connection)
        wrapped = keys.wrap_own(number, epoch)
        with keys.generation.changing(), keys.store.begin() as connection:
            same_epoch = rows.active_epoch(connection, hold=True) == epoch
            if not same_epoch or numbers(rows.searched(connection, hold="change")) != known:
                raise NotNow("somebody else changes keys at this moment: run it again")
            rows.add_own(connection, index_name(number), epoch.number, wrapped)
            rows.search(connection, _listed([number, *known]))
    with keys.generation.changing(), keys.store.begin() as connection:
        before = numbers(rows.searched(connection, hold="change"))
        rows.search(connection, _listed([*(each for each in before if each != number), number]))
    return number


def _listed(known: list[int]) -> str:
    return ",".join(map(str, known))


def end(keys: Keys, note: Note, number: int) -> int:
    """Have only this index key searched, and destroy the older ones; return its number.

    To be called when nothing is marked with an older one any more.

    Raises:
        NotNow: another one is in force by now: whoever brought it there ends that.
        Unavailable: the store cannot be used.
    """
    _check(searched(keys), number)
    note("index_key_retired", f"index={number}")
    with keys.generation.changing():
        with keys.store.begin() as connection:
            known = numbers(rows.searched(connection, hold="change"))
            _check(known, number)
            for each in known:
                if each not in {FIRST_INDEX, number}:
                    rows.drop_own(connection, index_name(each))
            rows.search(connection, str(number))
        keys.store.forget(INSTALLATION_KEYS)
    return number


def _check(known: list[int], number: int) -> None:
    if known[-1] != number:
        raise NotNow(f"somebody else has brought index key {known[-1]} into force: run it again")
