"""What is kept of erasures: sealed cases, which of them hold, whose records nobody may read, and who must not
come back."""

from typing import Final

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, String, Table, Text, text

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

ORIGINS: Final = Table(
    "erasure_origins",
    METADATA,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("case", String(40), nullable=False),
)
"""HMAC of whose request it was and what it is called there: the same request, sent again, is the same case."""

TELLING: Final = Table(
    "erasure_telling",
    METADATA,
    Column("case", String(40), primary_key=True),
    Column("at", Integer, nullable=False),
)
"""Cases of which somebody else has to be told something, and when that is tried next."""

RETURNS: Final = Table(
    "erasure_returns",
    METADATA,
    Column("case", String(40), primary_key=True),
    Column("lane", String(32), primary_key=True),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("count", Integer, nullable=False),
)
"""Who was erased and would have been stored again: of which case, on which lane, since when, how often."""

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


def _to_2(connection: Connection) -> None:
    """Add what 0.1 did not have. Which cases hold is sealed, so the list begins with all of them; each leaves it
    when it is kept the next time, if no hold stands on it."""
    METADATA_2.create_all(connection)
    connection.execute(text('INSERT INTO erasure_holding ("case") SELECT id FROM erasure_cases'))


METADATA_2: Final = MetaData(naming_convention=METADATA.naming_convention)
"""The tables that version 2 added, as they were then."""
for _table in (HOLDING, ORIGINS, TELLING, RETURNS):
    _table.to_metadata(METADATA_2)
CHAPTER: Final = Chapter("erasure", (CASES, HOLDING, ORIGINS, TELLING, RETURNS, SHUT, TOMBSTONES), (_to_2,))
