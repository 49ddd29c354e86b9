"""What a job does, and the sealed id by which its owner names it."""

import json
from dataclasses import dataclass, field
from typing import Final, Literal
from zlib import compress, decompress

from proxy.connectors.asked import Sealer
from proxy.errors import Gap, Undecodable
from proxy.model import Action

WRITES: Final = {
    "insert": Action.CREATE,
    "update": Action.UPDATE,
    "upsert": Action.UPDATE,
    "delete": Action.DELETE,
    "hardDelete": Action.ERASE,
}
"""Operation of a job -> what it does to records; an upsert creates as well."""
QUERIES: Final = frozenset({"query", "queryAll"})
UPLOADING: Final = "j"
QUERYING: Final = "q"

Speaks = Literal["json", "xml"]


@dataclass(frozen=True, slots=True)
class Job:
    """One job, or one batch of a query's."""

    id: str
    """The CRM's."""
    operation: str
    object: str = ""
    """In the connector's spelling; "" for a query of Bulk 2.0, which says it itself."""
    key: str = ""
    """With `upsert`: the field that records are found by."""
    query: str = ""
    """As the caller may see it: the columns that it asked for and could be shown."""
    batch: str = ""
    """The CRM's id of a batch that holds the query."""
    speaks: Speaks = "json"
    """How what is said of the job is written."""
    at: int = 0
    """When it was ordered, in seconds since the epoch; 0 of one from before that was noted."""

    @property
    def deleted(self) -> bool:
        """Whether it sees deleted rows, too."""
        return self.operation == "queryAll"

    @property
    def mark(self) -> str:
        """What its sealed id begins with, so that routes can tell queries from uploads."""
        return QUERYING if self.operation in QUERIES else UPLOADING


@dataclass(frozen=True, slots=True)
class Jobs:
    """Seals jobs into ids."""

    sealer: Sealer | None
    context: str
    fields: tuple[str, ...] = field(
        default=("id", "operation", "object", "key", "query", "batch", "speaks", "at"), repr=False
    )

    def seal(self, job: Job, binding: str) -> str:
        """Return the id that the caller gets for a job.

        Raises:
            Gap: this connector seals nothing.
        """
        if self.sealer is None:
            raise Gap("construct", "job")
        plain = json.dumps([getattr(job, name) for name in self.fields]).encode("ascii")
        return job.mark + self.sealer.seal(compress(plain), self.context + binding)

    def open(self, text: str, binding: str) -> Job:
        """Return the job that an id stands for.

        Raises:
            Undecodable: it was not made for this caller and purpose.
            Gap: this connector seals nothing.
        """
        if self.sealer is None:
            raise Gap("construct", "job")
        found = json.loads(decompress(self.sealer.open(text[1:], self.context + binding)))
        if isinstance(found, list) and len(found) == len(self.fields) - 1:
            found.append(0)  # an older version's, which did not note when
        if not isinstance(found, list) or len(found) != len(self.fields):
            raise Undecodable("cursor")
        job = Job(**dict(zip(self.fields, found, strict=True)))
        if job.mark != text[:1]:
            raise Undecodable("cursor")
        return job
