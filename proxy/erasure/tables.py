"""What is kept of erasures: sealed cases, which of them hold, who asked for them, who is to be told of them,
whose records nobody may read, and who must not come back."""

from typing import Final

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    literal,
    select,
    text,
)

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
"""HMAC of whose request it was and what it is called there, or of the record that a client deletes: the same
request, sent again, is the same case."""

MESSAGES: Final = Table(
    "erasure_messages",
    METADATA,
    Column("case", String(40), primary_key=True),
    Column("to", String(300), primary_key=True),
    Column("at", Integer, nullable=False, index=True),
)
"""Who has to be told something of which case, and when that is tried next. `to`: see `notices.due`; "" = nobody
has looked since an older version."""

REQUESTERS: Final = Table(
    "erasure_requesters",
    METADATA,
    Column("case", String(40), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, index=True),
)
"""HMAC of who asked for a case, so that they find theirs without anybody opening all; empty = nobody has looked
since an older version."""

WATCHED: Final = Table(
    "erasure_watched",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("at", Integer, nullable=False, index=True),
    Column("sealed", Text, nullable=False),
)
"""Records that are being written in a way that may withdraw a consent, and when they are looked at; which they
are is ciphertext, bound to the id."""

INDEX: Final = Table(
    "erasure_index",
    METADATA,
    Column("case", String(40), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True, index=True),
)
"""HMAC of what a case is found by without anybody opening all: each record that is its person, its batch, and
who agrees to it while nothing has been begun. Empty = nobody has looked since an older version."""

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

LEAVING: Final = Table(
    "erasure_leaving",
    METADATA,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("case", String(40), primary_key=True, index=True),
)
"""The same of those who are restricted, and whose erasure can still be given up: whoever is read again may be
stored again, as far as the table above lets them."""


ERASED: Final = Table(
    "erasure_erased",
    METADATA,
    Column("lane", String(32), primary_key=True),
    Column("at", Integer, nullable=False),
)
"""When somebody was last erased on a lane; "" = on any, as far as an older version knew."""


def _to_2(connection: Connection) -> None:
    """Add what 0.1 did not have. Which cases hold is sealed, so the list begins with all of them; each leaves it
    when it is kept the next time, if no hold stands on it."""
    METADATA_2.create_all(connection)
    connection.execute(text('INSERT INTO erasure_holding ("case") SELECT id FROM erasure_cases'))


METADATA_2: Final = MetaData(naming_convention=METADATA.naming_convention)
"""The tables that version 2 added, as they were then."""
for _table in (HOLDING, ORIGINS, RETURNS):
    _table.to_metadata(METADATA_2)
_TELLING: Final = Table(
    "erasure_telling",
    METADATA_2,
    Column("case", String(40), primary_key=True),
    Column("at", Integer, nullable=False),
)


def _to_3(connection: Connection) -> None:
    """Have a row for each message and not for each case, and one for each requester. What they say is sealed, so
    they begin with all cases, and are written when somebody looks for them."""
    METADATA_3.create_all(connection)
    connection.execute(
        text('INSERT INTO erasure_messages ("case", "to", "at") SELECT "case", \'\', "at" FROM erasure_telling')
    )
    unknown = select(CASES.c.id, literal(b"", LargeBinary))
    connection.execute(insert(METADATA_3.tables[REQUESTERS.name]).from_select(["case", "digest"], unknown))
    _TELLING.drop(connection)


METADATA_3: Final = MetaData(naming_convention=METADATA.naming_convention)
"""The tables that version 3 added, as they were then."""
for _table in (MESSAGES, REQUESTERS):
    _table.to_metadata(METADATA_3)


def _to_4(connection: Connection) -> None:
    """Add where it is written down that a consent may be withdrawn by what is under way; and an index of whom
    cases are about, which is sealed: it begins with all cases, and is written when somebody looks."""
    METADATA_4.create_all(connection)
    unknown = select(CASES.c.id, literal(b"", LargeBinary))
    connection.execute(insert(METADATA_4.tables[INDEX.name]).from_select(["case", "digest"], unknown))


METADATA_4: Final = MetaData(naming_convention=METADATA.naming_convention)
"""The tables that version 4 added, as they were then."""
for _table in (INDEX, WATCHED):
    _table.to_metadata(METADATA_4)


def _to_5(connection: Connection) -> None:
    """Add who is restricted; a case that is, writes itself down as it goes on."""
    METADATA_5.create_all(connection)


METADATA_5: Final = MetaData(naming_convention=METADATA.naming_convention)
"""The table that version 5 added, as it was then."""
LEAVING.to_metadata(METADATA_5)


def _to_6(connection: Connection) -> None:
    """Have when somebody was last erased: what was ordered before may hold them, on whichever lane it was."""
    METADATA_6.create_all(connection)
    last = connection.scalar(select(func.max(TOMBSTONES.c.since)))
    if last:
        connection.execute(insert(METADATA_6.tables[ERASED.name]).values(lane="", at=last))


METADATA_6: Final = MetaData(naming_convention=METADATA.naming_convention)
"""The table that version 6 added, as it was then."""
ERASED.to_metadata(METADATA_6)
CHAPTER: Final = Chapter(
    "erasure",
    (CASES, ERASED, HOLDING, INDEX, LEAVING, ORIGINS, MESSAGES, REQUESTERS, RETURNS, SHUT, TOMBSTONES, WATCHED),
    (_to_2, _to_3, _to_4, _to_5, _to_6),
)
