"""What is kept of keys: which epochs there were and are, and every key that is wrapped under one of them."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    insert,
    text,
)

from proxy.store import METADATA, Chapter

EPOCHS: Final = Table(
    "key_epochs",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("provider", String(16), nullable=False),
    Column("handle", String(2048), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("gone_at", Float),
    Column("resumes", String(16)),
)
"""Key encryption keys, one at a time in force. `gone_at`: when a destroyed one is, or will be, beyond recovery;
`resumes`: the state that a suspended one goes back to. Times are seconds since the epoch of Unix."""

ASSENTS: Final = Table(
    "key_assents",
    METADATA,
    Column("epoch", Integer, ForeignKey(EPOCHS.c.number), primary_key=True),
    Column("officer", String(64), primary_key=True),
    Column("at", Float, nullable=False),
    Column("digest", String(64)),
)
"""Who wants the key of an epoch destroyed, until it is. `digest`: of the token by which they said so."""

SUBJECT_KEYS: Final = Table(
    "subject_keys",
    METADATA,
    Column("id", LargeBinary(16), primary_key=True),
    Column("subject", LargeBinary(16)),
    Column("epoch", Integer, ForeignKey(EPOCHS.c.number), nullable=False),
    Column("wrapped", LargeBinary(60), nullable=False),
    Column("serial", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("ix_subject_keys_subject", "subject"),
    # Rows lie in the order of their ids, and no index has the epoch: wrapping all of them anew goes through the
    # table once, in that order, and touches nothing else. Counting by epoch, which is rare, goes through it too.
    sqlite_with_rowid=False,
)
"""One row per data key; `subject` is None while nobody knows whose record it is for. Of several keys of one data
subject the one with the highest `serial` seals, the others still open."""

INSTALLATION_KEYS: Final = Table(
    "installation_keys",
    METADATA,
    Column("name", String(16), primary_key=True),
    Column("epoch", Integer, ForeignKey(EPOCHS.c.number), nullable=False),
    Column("wrapped", LargeBinary(60), nullable=False),
)
"""Keys that belong to nobody and outlive every erasure."""

SETTINGS: Final = Table(
    "key_settings",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("value", String(2048), nullable=False),
)

GENERATION: Final = Table(
    "key_generation",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)
"""One row: what hosts that share nothing but this database agree by; see `proxy.keys.lease`."""


def _begin(connection: Connection) -> None:
    connection.execute(insert(GENERATION).values(id=1, number=0))


def _say_by_which_token(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE key_assents ADD COLUMN digest VARCHAR(64)"))


CHAPTER: Final = Chapter(
    "keys",
    (EPOCHS, ASSENTS, SUBJECT_KEYS, INSTALLATION_KEYS, SETTINGS, GENERATION),
    (_say_by_which_token,),
    begin=_begin,
)
