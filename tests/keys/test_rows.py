"""What the statements about keys return is what was kept."""

import secrets

from sqlalchemy import URL

from proxy.keys import CHAPTER, rows
from proxy.keys.rows import Wrapped
from proxy.store import Store

MANY = 520
"""More than one statement has names."""


def test_what_opens_keys_is_read_of_those_that_are_there(database_url: URL) -> None:
    """Of records and of people; none that was not asked for."""
    kept = [
        Wrapped(secrets.token_bytes(16), secrets.token_bytes(16) if at % 2 else None, 1, bytes([at % 256]) * 60)
        for at in range(MANY)
    ]
    store = Store.open(database_url, (CHAPTER,))
    with store.begin() as connection:
        rows.add_epoch(connection, 1, "file", "handle", 0.0)
        for key in kept:
            rows.add(connection, key)
    with store.read() as connection:
        found = rows.to_open(connection, [bytes(16), *(key.id for key in kept[1:])])
        assert rows.to_open(connection, []) == []
    store.close()
    assert {key.id: (key.subject, key.epoch, key.wrapped) for key in found} == {
        key.id: (key.subject, key.epoch, key.wrapped) for key in kept[1:]
    }
