"""Rows that outlive a process: one small front door over SQLite below the state folder, or over PostgreSQL.

The nouns: a **store** is one open database; a **chapter** is what one mechanism keeps in it: its tables, and the
steps that bring older ones up to date. Each mechanism declares its own tables on `METADATA` and its own chapter;
`proxy.app` lists the chapters, and only it opens a store.

Where the story starts: `Store.open(url, chapters)`, then `with store.begin() as connection` to change something
and `with store.read() as connection` to look. Both give a SQLAlchemy Core connection, and all of a block happens
or nothing of it.

What it does not do: hold what happened (that is the ledger's), nor decide what is kept in clear.

Why
    *SQLAlchemy Core, without its ORM.* One schema and one way to write a statement for two databases; sessions
    and identity maps would hide when something is durable, which is what this package has to promise.
    *Blocking, not asyncio.* A row of SQLite is there in 50 us, less than a hop to another thread costs. What
    may wait (PostgreSQL, a key server) is asked in a thread by whoever has a loop to keep free.
    *Steps of our own rather than Alembic.* Alembic numbers one history for one application, from a folder of
    scripts with an environment that it executes; here every mechanism has a short history of its own, which has
    to run from inside a wheel, under a lock, when several workers start at once. A chapter says a function per
    step, and a test holds that a database that took the steps equals a new one.
    *`secure_delete=ON` and a checkpoint that truncates.* What was deleted is overwritten in the database file,
    and the write-ahead log that still has it is cut: `Store.forget`. Copies made by a disk, a snapshot or a
    backup are out of reach here; destroying the key they are wrapped under is what reaches them.
"""

from proxy.store.chapters import METADATA, Chapter, Step
from proxy.store.store import Store

__all__ = ["METADATA", "Chapter", "Step", "Store"]
