"""What each mechanism keeps, and how what an older version kept is brought up to date."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, insert, inspect, select, update

from proxy.errors import StoreError

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of every mechanism; names of constraints are the same in both databases."""

_VERSIONS: Final = Table(
    "store_chapters",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
)

Step = Callable[[Connection], None]
"""Changes the tables of one chapter from one version to the next; MUST NOT look at the `Table`s as they are
declared today, since they go on changing."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """What one mechanism keeps."""

    name: str
    tables: tuple[Table, ...]
    """As they are today."""
    steps: tuple[Step, ...] = ()
    """The first brings version 1 to 2, and so on: the version of today is one more than there are steps."""
    begin: Step | None = None
    """Puts into new tables what has to be in them."""

    @property
    def version(self) -> int:
        """What a new database gets."""
        return len(self.steps) + 1


def bring_up_to_date(connection: Connection, chapters: Sequence[Chapter]) -> None:
    """Have the tables of every chapter as they are declared today; the caller holds a lock on the schema.

    Raises:
        StoreError: a newer version of Lychgate has been here; nothing is changed then.
    """
    _VERSIONS.create(connection, checkfirst=True)
    found = {row.name: row.version for row in connection.execute(select(_VERSIONS))}
    refuse_newer(found, chapters)
    for chapter in chapters:
        _bring(connection, chapter, found.get(chapter.name))


def check_up_to_date(connection: Connection, chapters: Sequence[Chapter]) -> None:
    """Return if there is nothing to bring up to date; change nothing.

    Raises:
        StoreError: there is, or a newer version has been here.
    """
    there = inspect(connection).has_table(_VERSIONS.name)
    found = {row.name: row.version for row in connection.execute(select(_VERSIONS))} if there else {}
    refuse_newer(found, chapters)
    if any(found.get(chapter.name) != chapter.version for chapter in chapters):
        raise StoreError("the database is an older version's: it is brought up to date when the proxy starts")


def refuse_newer(found: dict[str, int], chapters: Iterable[Chapter]) -> None:
    """Return if this version knows everything that is in the database."""
    known = {chapter.name: chapter.version for chapter in chapters}
    newer = sorted(name for name, version in found.items() if version > known.get(name, 0))
    if newer:
        raise StoreError(
            f"the database was used by a newer version of Lychgate (it has newer {', '.join(newer)}); "
            "run that version, or restore a backup of the database from before"
        )


def _bring(connection: Connection, chapter: Chapter, version: int | None) -> None:
    if version is None:
        METADATA.create_all(connection, tables=chapter.tables)
        if chapter.begin is not None:
            chapter.begin(connection)
        connection.execute(insert(_VERSIONS).values(name=chapter.name, version=chapter.version))
        return
    for step in chapter.steps[version - 1 :]:
        step(connection)
    if version != chapter.version:
        change = update(_VERSIONS).where(_VERSIONS.c.name == chapter.name)
        connection.execute(change.values(version=chapter.version))
