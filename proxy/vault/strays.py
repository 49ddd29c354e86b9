"""Tokens that no record has, as far as we know: those that a create left whose answer was lost, above all.

Whether the CRM has one only the CRM can say, and never early: the answer to a create may be lost and the record
be there. So there are two steps, and whoever takes them asks the CRM in between. A token that no record has is
shown to nobody, and still opens here, and is found by its value; an erasure by record would miss it.
"""

from collections.abc import Collection, Iterable

from proxy.keys import Keys
from proxy.store import Store
from proxy.vault import rows
from proxy.vault.needs import Seek
from proxy.vault.rows import Value
from proxy.vault.tables import VALUES
from proxy.vault.vault import Vault


def unplaced(store: Store, connector: str, objects: Iterable[str], now: float) -> list[Value]:
    """Return tokens of some objects of which nobody said where they went, though they were made long ago.

    Args:
        store: has the vault's chapter.
        connector: as `Protection.connector` has it.
        objects: whose.
        now: seconds since the epoch.
    """
    with store.read() as connection:
        return rows.unplaced(connection, connector, objects, now - rows.IN_FLIGHT)


def standing_for(vault: Vault, seeks: Iterable[Seek]) -> list[Value]:
    """Return every token that stands for one of some values, however many, wherever and however new it is."""
    found: dict[str, Value] = {}
    for seek in seeks:
        of = seek.protection
        marks = [*vault.marks(of.element, of.normaliser, seek.text).values()] if of.normaliser else []
        with vault.store.read() as connection:
            every = rows.marked(connection, (of.connector, of.object, of.field), marks, None)
        found |= {value.handle: value for value in every}
    return [*found.values()]


def give_up(store: Store, keys: Keys, absent: Collection[str], *, theirs: Collection[str] = ()) -> int:
    """Forget tokens that the CRM was asked for and does not have; return how many rows that was.

    One that a record was seen to have meanwhile stays. A key goes with the last row that it sealed; ciphertext
    cannot be asked for, so the row of it stays, and its key.

    Args:
        store: has the vault's chapter.
        keys: of the same store.
        absent: handles.
        theirs: those of them that stand for a value of somebody who is erased. These go, whatever record they
            were for; and all that was written together with one of which no record is known goes with its key:
            the CRM may have that record in a moment.

    Raises:
        Unavailable: the store cannot be used; repeat it.
    """
    with store.begin() as connection:
        held = rows.by_handle(connection, absent).values()
        whole = {each.key_id for each in held if each.record is None and each.handle in theirs}
        whole -= rows.placed_under(connection, whole)
        gone = rows.drop_keys(connection, whole)
        gone += rows.drop_unplaced(connection, (each.handle for each in held))
        left = rows.by_handle(connection, theirs)
        rows.drop(connection, left)
        done = {each.key_id for each in held} - rows.used(connection, {each.key_id for each in held})
    if done:
        keys.shred_keys(done)
    if gone or left:
        store.forget(VALUES)
    return gone + len(left)
