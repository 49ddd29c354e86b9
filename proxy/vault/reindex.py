"""Marking anew what protected values are found by: long work, which may die at any point and be run again.

It goes by what is in the rows and keeps nothing else. A block of rows is one change; between two of them
everybody else has a turn. Until the last row is marked anew, its old mark finds it.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.vault import rows
from proxy.vault.rows import Value, Where
from proxy.vault.vault import Vault

AT_ONCE: Final = 500
"""Rows in one change."""
PAUSE: Final = 0.002
"""Seconds between two changes, in which whoever waits gets a turn."""
_NOTHING: Final[Mapping[Where, str]] = {}


@dataclass(frozen=True, slots=True)
class Marked:
    """How far it has come."""

    done: int
    lost: int = 0
    """Tokens that nobody can open: they are found no more."""


def reindex(
    vault: Vault, wanted: Mapping[Where, str] = _NOTHING, *, at_once: int = AT_ONCE, pause: float = PAUSE
) -> Iterator[Marked]:
    """Mark tokens with the index key in force, and by the normaliser that their field has; yield how far it is.

    Args:
        vault: whose tokens.
        wanted: normaliser of fields that are searched; what was protected before they were is marked as well.
        at_once: rows in one change.
        pause: seconds between two changes.

    Raises:
        Unavailable: keys or store cannot be used; run it again later, it goes on where it stopped.
    """
    done, after = Marked(0), ""
    yield done
    while True:
        current = vault.keys.index_in_force()
        with vault.store.read() as connection:
            found = rows.stale(connection, current, wanted, after, at_once)
        if not found:
            return
        fresh = _marked(vault, found, wanted)
        with vault.store.begin() as connection:
            number = vault.keys.hold_index(connection)
            is_late = any(each.index_key != number for each in fresh)
            if not is_late:
                rows.mark_anew(connection, fresh)
        if is_late:  # another exchange has begun, and whoever carries it out may have been here already
            vault.keys.forget()
            continue
        after = found[-1].handle
        lost = sum(each.mark is None for each in fresh)
        done = Marked(done.done + len(fresh) - lost, done.lost + lost)
        yield done
        time.sleep(pause)


def _marked(vault: Vault, values: list[Value], wanted: Mapping[Where, str]) -> list[Value]:
    clear, found = vault.told(values), []
    for value in values:
        by = wanted.get((value.connector, value.object, value.field), value.normaliser) or ""
        number, mark = vault.keys.index_in_force(), None
        if value.handle in clear:
            number, mark = vault.marks(value.element, by, clear[value.handle]).popitem()
        found.append(replace(value, mark=mark, normaliser=by, index_key=number))
    return found
