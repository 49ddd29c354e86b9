"""Bulk jobs: what is uploaded to them, what becomes of it, and what queries find; for both Bulk APIs."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from proxy.sandbox.clock import salesforce_time
from proxy.sandbox.salesforce.ids import make_id
from proxy.sandbox.salesforce.org import Org
from proxy.sandbox.salesforce.records import Records
from proxy.sandbox.salesforce.refusals import SalesforceError
from proxy.sandbox.salesforce.schema import NUMBERS, SObject
from proxy.sandbox.salesforce.select import Select
from proxy.sandbox.salesforce.soql import parse
from proxy.sandbox.salesforce.soql_tree import Path

Cells = dict[str, object]
WRITING = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})
NOTHING = "#N/A"


@dataclass(slots=True)
class Outcome:
    """What became of one row."""

    row: Cells
    id: str = ""
    created: bool = False
    error: SalesforceError | None = None


@dataclass(slots=True)
class Batch:
    """Rows, or a query, of one job."""

    id: str
    state: str = "Queued"
    rows: list[Cells] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    query: str = ""
    found: list[dict[str, object]] = field(default_factory=list)


@dataclass(slots=True)
class Job:
    """One job."""

    id: str
    operation: str
    about: str
    """The name of the object, as the client wrote it; "" where the query says it."""
    key: str
    said: dict[str, object]
    """What the client said of it."""
    made: str
    state: str = "Open"
    batches: list[Batch] = field(default_factory=list)
    looks: int = 0

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of every row."""
        return [outcome for batch in self.batches for outcome in batch.outcomes]

    @property
    def failed(self) -> int:
        """How many rows the org did not take."""
        return sum(outcome.error is not None for outcome in self.outcomes)


class Jobs:
    """Every job of one org.

    Args:
        org: the records.
    """

    def __init__(self, org: Org) -> None:
        self.org = org
        self.kept: dict[str, Job] = {}
        self._made = 0

    def make(self, said: dict[str, object]) -> Job:
        """Make a job; raises SalesforceError where what is said of it makes none."""
        operation, name = str(said.get("operation")), str(said.get("object") or "")
        if operation not in WRITING | {"query", "queryAll"}:
            raise SalesforceError(400, "INVALIDJOB", f"Unsupported operation {operation}")
        if name and self.org.schema.find(name) is None:
            raise SalesforceError(400, "INVALIDENTITY", f"Unable to find object: {name}")
        self._made += 1
        job = Job(
            make_id("750", self._made),
            operation,
            name,
            str(said.get("externalIdFieldName") or ""),
            said,
            salesforce_time(self.org.now()),
        )
        self.kept[job.id] = job
        return job

    def get(self, key: str) -> Job:
        """Return a job; raises SalesforceError where there is none."""
        if key not in self.kept:
            raise SalesforceError(404, "NOT_FOUND", "The requested resource does not exist")
        return self.kept[key]

    def add(self, job: Job, rows: list[Cells], query: str = "") -> Batch:
        """Add a batch to an open job."""
        if job.state != "Open":
            raise SalesforceError(400, "INVALIDJOBSTATE", f"Job is {job.state}")
        self._made += 1
        batch = Batch(make_id("751", self._made), rows=rows, query=query)
        job.batches.append(batch)
        return batch

    def work(self, job: Job, batch: Batch, base: str) -> None:
        """Carry a batch out, once."""
        if batch.state != "Queued":
            return
        batch.state = "Completed"
        if job.operation in {"query", "queryAll"}:
            select = Select(self.org, base, deleted=job.operation == "queryAll")
            batch.found = select.run(batch.query).records
            return
        sobject = self.org.schema.objects[job.about.lower()]
        batch.outcomes = [self._row(job, sobject, row, base) for row in batch.rows]

    def _row(self, job: Job, sobject: SObject, row: Cells, base: str) -> Outcome:
        outcome = Outcome(row)
        try:
            self._do(job, sobject, outcome, Records(self.org, base))
        except SalesforceError as error:
            outcome.error = error
        return outcome

    def _do(self, job: Job, sobject: SObject, outcome: Outcome, records: Records) -> None:
        fields = {name: value for name, value in outcome.row.items() if name.lower() != "id"}
        key = next((str(value) for name, value in outcome.row.items() if name.lower() == "id"), "")
        match job.operation:
            case "insert":
                outcome.id, outcome.created = records.made(sobject, fields), True
            case "update":
                records.changed(sobject, key, fields)
                outcome.id = key
            case "upsert":
                value = next(
                    (each for name, each in outcome.row.items() if name.lower() == job.key.lower()), None
                )
                outcome.id, outcome.created = records.upserted(sobject, job.key, value, outcome.row)
            case "delete" | "hardDelete":
                self.org.delete(sobject, key)
                outcome.id = key
                if job.operation == "hardDelete":
                    self.org.purge(key)


def rows_of(text: str, sobject: SObject) -> list[Cells]:
    """Return the rows of a CSV, each cell as its field's type; empty cells are left out."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        return [typed(row, sobject) for row in reader]
    except csv.Error as problem:
        raise SalesforceError(400, "INVALIDBATCH", f"Failed to parse CSV: {problem}") from None


def typed(row: dict[str, str], sobject: SObject) -> Cells:
    """Return a row with each text as its field's type; empty ones are left out."""
    found: Cells = {}
    for name, text in row.items():
        item = sobject.find(name)
        if text == "":
            continue
        if text == NOTHING:
            found[name] = None
        elif item is not None and item.type == "boolean":
            found[name] = text.lower() == "true"
        elif item is not None and item.type in NUMBERS:
            found[name] = float(text)
        else:
            found[name] = text
    return found


def table(names: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Return a CSV, every cell in quotes, as the real service writes it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_text(value) for value in row] for row in rows)
    return out.getvalue().encode()


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dict() | list():
            return json.dumps(value)
        case _:
            return str(value)


def columns_of(query: str) -> list[str]:
    """Return the columns of a flat query; raises SalesforceError where it has others."""
    found = [column.what for column in parse(query).columns]
    if not all(isinstance(what, Path) for what in found):
        raise SalesforceError(400, "INVALIDJOB", "Aggregates and sub-selects are not supported in bulk queries")
    return [".".join(what.parts) for what in found if isinstance(what, Path)]


def cells_of(record: dict[str, object], columns: Iterable[str]) -> list[object]:
    """Return the cells of a found record, in the order of the columns."""
    return [_along(record, name.split(".")) for name in columns]


def _along(record: object, path: list[str]) -> object:
    if not path or not isinstance(record, dict):
        return record if not path else None
    found = next((value for name, value in record.items() if name.lower() == path[0].lower()), None)
    return _along(found, path[1:])


def told(error: SalesforceError) -> str:
    """Return an error as a cell of results says it."""
    return f"{error.code}:{error.message}:{','.join(error.fields or [])} --"
