"""What is kept of erasures: sealed cases, whose records nobody may read, and who must not come back."""

from typing import Final

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text

from proxy.store import METADATA, Chapter

CASES: Final = Table(
    "erasure_cases",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("state", String(24), nullable=False),
    Column("sealed", Text, nullable=False),
)
"""A case is ciphertext, bound to its id; only how far it has come is told."""

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

CHAPTER: Final = Chapter("erasure", (CASES, SHUT, TOMBSTONES))
