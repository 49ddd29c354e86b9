"""Bulk API 2.0: `jobs/ingest` and `jobs/query`, in CSV.

A job that was closed is seen in progress once before it is complete, as clients of the real service see it.
"""

import base64

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.salesforce import bulk
from proxy.sandbox.salesforce.records import members
from proxy.sandbox.salesforce.refusals import SalesforceError, method_not_allowed, no_such_resource

_CSV = {"Content-Type": "text/csv"}


class Bulk2:
    """Answers what is below `jobs`.

    Args:
        jobs: the org's.
        base: `/services/data/v59.0`.
    """

    def __init__(self, jobs: bulk.Jobs, base: str) -> None:
        self.jobs = jobs
        self.base = base

    def do(self, call: Call, rest: tuple[str, ...]) -> Answer:
        """Do what the call asks for; raises SalesforceError for whatever the real service would refuse."""
        match call.method, rest:
            case "POST", ("ingest" | "query" as kind,):
                return Answer(200, self._made(kind, members(call)))
            case _, ("ingest" | "query", key) if call.method in {"GET", "PATCH", "DELETE"}:
                return self._about(call, key)
            case "PUT", ("ingest", key, "batches"):
                return self._uploaded(self.jobs.get(key), call)
            case "GET", ("ingest", key, kind):
                return self._results(self.jobs.get(key), kind)
            case "GET", ("query", key, "results"):
                return self._found(self.jobs.get(key), call)
            case _, ("ingest" | "query", *_):
                raise method_not_allowed(call.method, "GET,POST,PATCH,PUT,DELETE")
        raise no_such_resource()

    def _made(self, kind: str, said: dict[str, object]) -> dict[str, object]:
        job = self.jobs.make(said)
        if kind == "query":
            query = str(said.get("query") or "")
            bulk.columns_of(query)
            self.jobs.add(job, [], query)
            job.state = "UploadComplete"
        return self._info(job)

    def _info(self, job: bulk.Job) -> dict[str, object]:
        said = {name: job.said[name] for name in ("object", "externalIdFieldName") if job.said.get(name)}
        info: dict[str, object] = {
            "id": job.id,
            "operation": job.operation,
            "createdById": self.jobs.org.me,
            "createdDate": job.made,
            "systemModstamp": job.made,
            "state": job.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.base.rpartition("v")[2]),
            "lineEnding": job.said.get("lineEnding", "LF"),
            "columnDelimiter": job.said.get("columnDelimiter", "COMMA"),
        }
        if job.operation in {"query", "queryAll"}:
            return info | {"jobType": "V2Query"}
        upload = {"contentUrl": f"{self.base[1:]}/jobs/ingest/{job.id}/batches", "jobType": "V2Ingest"}
        done = {"numberRecordsProcessed": len(job.outcomes), "numberRecordsFailed": job.failed, "retries": 0}
        return info | said | upload | done

    def _about(self, call: Call, key: str) -> Answer:
        job = self.jobs.get(key)
        if call.method == "DELETE":
            del self.jobs.kept[key]
            return Answer(204)
        if call.method == "PATCH":
            job.state = str(members(call).get("state"))
            for batch in job.batches if job.state == "UploadComplete" else ():
                self.jobs.work(job, batch, self.base)
        elif job.state in {"UploadComplete", "InProgress"}:
            job.state = "JobComplete" if job.state == "InProgress" else "InProgress"
        return Answer(200, self._info(job))

    def _uploaded(self, job: bulk.Job, call: Call) -> Answer:
        if not call.headers.get("Content-Type", "").startswith("text/csv"):
            raise SalesforceError(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be text/csv")
        sobject = self.jobs.org.schema.objects[job.about.lower()]
        self.jobs.add(job, bulk.rows_of(call.body.decode(), sobject))
        return Answer(201, raw=b"", headers={})

    def _results(self, job: bulk.Job, kind: str) -> Answer:
        names = list(dict.fromkeys(name for batch in job.batches for row in batch.rows for name in row))
        match kind.lower():
            case "successfulresults":
                well = [each for each in job.outcomes if each.error is None]
                rows = [[each.id, each.created, *(each.row.get(name) for name in names)] for each in well]
                return Answer(200, raw=bulk.table(["sf__Id", "sf__Created", *names], rows), headers={**_CSV})
            case "failedresults":
                ill = [(each, each.error) for each in job.outcomes if each.error is not None]
                rows = [[each.id, bulk.told(why), *(each.row.get(name) for name in names)] for each, why in ill]
                return Answer(200, raw=bulk.table(["sf__Id", "sf__Error", *names], rows), headers={**_CSV})
            case "unprocessedrecords":
                left = [row for batch in job.batches if batch.state == "Queued" for row in batch.rows]
                rows = [[row.get(name) for name in names] for row in left]
                return Answer(200, raw=bulk.table(names, rows), headers={**_CSV})
        raise no_such_resource()

    def _found(self, job: bulk.Job, call: Call) -> Answer:
        (batch,) = job.batches
        self.jobs.work(job, batch, self.base)
        columns = bulk.columns_of(batch.query)
        start = int(base64.b64decode(call.argument("locator") or "MA==").decode() or 0)
        end = start + int(call.argument("maxRecords") or 50_000)
        rows = batch.found[start:end]
        locator = base64.b64encode(str(end).encode()).decode() if end < len(batch.found) else "null"
        headers = {**_CSV, "Sforce-NumberOfRecords": str(len(rows)), "Sforce-Locator": locator}
        return Answer(
            200, raw=bulk.table(columns, [bulk.cells_of(row, columns) for row in rows]), headers=headers
        )
