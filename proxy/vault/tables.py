"""What the vault keeps: one row per protected value that stands in a CRM."""

from typing import Final

from sqlalchemy import Column, Connection, Float, Index, Integer, LargeBinary, String, Table, text

from proxy.store import METADATA, Chapter

VALUES: Final = Table(
    "vault_values",
    METADATA,
    Column("handle", String(96), primary_key=True),
    Column("connector", String(64), nullable=False),
    Column("object", String(128), nullable=False),
    Column("field", String(128), nullable=False),
    Column("element", String(64), nullable=False),
    Column("record", String(128)),
    Column("key_id", LargeBinary(16), nullable=False),
    Column("sealed", String(8192)),
    Column("mark", LargeBinary(32)),
    Column("normaliser", String(16)),
    Column("created_at", Float, nullable=False),
    Column("index_key", Integer, nullable=False, server_default="1"),
    Column("settled_at", Float),
    Index("ix_vault_values_place", "connector", "object", "record", "field"),
    Index("ix_vault_values_mark", "mark"),
    Index("ix_vault_values_key_id", "key_id"),
)
"""`handle`: the token itself, or the binding id of an envelope in hex. `record`: None until the CRM has said
which record the value went into. `sealed`: a token's value as an envelope under the key `key_id`; an envelope's
value stands in the CRM. `mark`: what the value is found by, if its field can be searched, and `index_key` the
number of the key that made it. `settled_at`: when the CRM had said that it has the value; None until then. A row
without its data key opens nothing, and is deleted with it."""


def _say_index_key(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE vault_values ADD COLUMN index_key INTEGER NOT NULL DEFAULT 1"))


def _say_when_settled(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE vault_values ADD COLUMN settled_at DOUBLE PRECISION"))
    connection.execute(text("UPDATE vault_values SET settled_at = created_at WHERE record IS NOT NULL"))


CHAPTER: Final = Chapter("vault", (VALUES,), (_say_index_key, _say_when_settled))
