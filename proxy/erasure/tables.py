"""What is kept of erasures: sealed cases, which of them hold, whose records nobody may read, and who must not
come back."""

from typing import Final

from sqlalchemy import Column, Connection, Integer, LargeBinary, String, Table, Text, text

from proxy.store import METADATA, Chapter

CASES: Final = Table(
    "erasure_cases",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("state", String(24), nullable=False),
    Column("sealed", Text, nullable=False),
)
"""A case is ciphertext, bound to its id; only how far it has come is told."""

HOLDING: Final = Table("erasure_holding", METADATA, Column("case", String(40), primary_key=True))
"""Cases on which holds stand, so that whoever erases somebody finds them without opening every case."""

SHUT: Final = Table(
    "erasure_shut",
    METADATA,
    Column("item", String(300), primary_key=True),
    Column("case", String(40), nullable=False, index=True),
)
"""`lane object kind PSEUDONYM` of records that nobody reads or changes, and for which case."""

TOMBSTONES: Final = Table(
    "erasure_tombstones",
    METADATA,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("case", String(40), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("since", Integer, nullable=False),
    Column("basis", String(200), nullable=False),
)
"""HMAC of a value under a key of this use alone: whoever has the table and not the key learns nothing from it,
and cannot test a guess. `basis`: why the person may be here again, "" = may not."""


def _list_holding(connection: Connection) -> None:
    """Begin the list of cases with holds. Which they are is sealed, so it begins with all; each leaves it when
    it is kept the next time, if none stands on it."""
    connection.execute(text('CREATE TABLE erasure_holding ("case" VARCHAR(40) NOT NULL, PRIMARY KEY ("case"))'))
    connection.execute(text('INSERT INTO erasure_holding ("case") SELECT id FROM erasure_cases'))


CHAPTER: Final = Chapter("erasure", (CASES, HOLDING, SHUT, TOMBSTONES), (_list_holding,))
