"""Bulk API 1.0: `/services/async/59.0/job`, in JSON, CSV, and XML for what is said of jobs.

A batch is queued when it is added and complete when it is first looked at. Left out: batches in XML,
attachments, chunking by primary key.
"""

import json
import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from lxml import etree

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.salesforce import bulk
from proxy.sandbox.salesforce.collections import failure
from proxy.sandbox.salesforce.ids import make_id
from proxy.sandbox.salesforce.refusals import SalesforceError

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
Tree = dict[str, object]


class Bulk1:
    """Answers what is below `/services/async`.

    Args:
        jobs: the org's.
    """

    def __init__(self, jobs: bulk.Jobs) -> None:
        self.jobs = jobs

    def answer(self, call: Call) -> Answer:
        """Do what the call asks for; errors are answers too, in this API's own shape."""
        try:
            return self._do(call, call.segments[2:])
        except SalesforceError as error:
            said = {"exceptionCode": error.code, "exceptionMessage": error.message}
            return _written(call, "error", said, error.status)

    def _do(self, call: Call, parts: tuple[str, ...]) -> Answer:
        if not parts or not re.fullmatch(r"\d\d\.0", parts[0]):
            raise SalesforceError(404, "InvalidVersion", "The version is not supported")
        base = f"/services/data/v{parts[0]}"
        match call.method, parts[1:]:
            case "POST", ("job",):
                return _written(call, "jobInfo", self._info(self.jobs.make(_said(call))), 201)
            case "GET" | "POST", ("job", key):
                return self._about(call, self._job(key))
            case "POST", ("job", key, "batch"):
                return self._added(call, self._job(key))
            case "GET", ("job", key, "batch"):
                job = self._job(key)
                return _written(
                    call, "batchInfoList", {"batchInfo": [self._batch(job, each) for each in job.batches]}
                )
            case "GET", ("job", key, "batch", batch):
                job, found = self._job(key), self._found(key, batch)
                self.jobs.work(job, found, base)
                return _written(call, "batchInfo", self._batch(job, found))
            case "GET", ("job", key, "batch", batch, "result"):
                return self._result(call, self._job(key), self._found(key, batch))
            case "GET", ("job", key, "batch", batch, "result", _):
                return self._rows(self._job(key), self._found(key, batch))
        raise SalesforceError(404, "InvalidUrl", "Destination URL not reachable")

    def _job(self, key: str) -> bulk.Job:
        if key not in self.jobs.kept:
            raise SalesforceError(400, "InvalidJob", f"Unable to find object: {key}")
        return self.jobs.kept[key]

    def _found(self, key: str, batch: str) -> bulk.Batch:
        for each in self._job(key).batches:
            if each.id == batch:
                return each
        raise SalesforceError(400, "InvalidBatch", f"Unable to find batch: {batch}")

    def _info(self, job: bulk.Job) -> Tree:
        said: Tree = {
            name: job.said[name] for name in ("contentType", "externalIdFieldName") if name in job.said
        }
        counts: Tree = {
            "numberBatchesQueued": sum(each.state == "Queued" for each in job.batches),
            "numberBatchesCompleted": sum(each.state == "Completed" for each in job.batches),
            "numberBatchesTotal": len(job.batches),
            "numberRecordsProcessed": len(job.outcomes),
            "numberRecordsFailed": job.failed,
        }
        info = {"id": job.id, "operation": job.operation, "object": job.about, "state": job.state}
        who = {"createdById": self.jobs.org.me, "createdDate": job.made, "systemModstamp": job.made}
        return {**info, **who, "apiVersion": 59.0, **said, **counts}

    def _about(self, call: Call, job: bulk.Job) -> Answer:
        if call.method == "POST":
            job.state = str(_said(call).get("state"))
        return _written(call, "jobInfo", self._info(job))

    def _batch(self, job: bulk.Job, batch: bulk.Batch) -> Tree:
        count = len(batch.found) if batch.query else len(batch.outcomes)
        failed = sum(each.error is not None for each in batch.outcomes)
        return {
            "id": batch.id,
            "jobId": job.id,
            "state": batch.state,
            "createdDate": job.made,
            "systemModstamp": job.made,
            "numberRecordsProcessed": count,
            "numberRecordsFailed": failed,
        }

    def _added(self, call: Call, job: bulk.Job) -> Answer:
        text, query = call.body.decode(), ""
        rows: list[bulk.Cells] = []
        if job.operation in {"query", "queryAll"}:
            query = text
            bulk.columns_of(query)
        elif job.said.get("contentType") == "JSON":
            rows = json.loads(text)
        else:
            rows = bulk.rows_of(text, self.jobs.org.schema.objects[job.about.lower()])
        return _written(call, "batchInfo", self._batch(job, self.jobs.add(job, rows, query)), 201)

    def _result(self, call: Call, job: bulk.Job, batch: bulk.Batch) -> Answer:
        if batch.query:
            parcel = make_id("752", 1)
            if job.said.get("contentType") == "JSON":
                return Answer(200, [parcel])
            text = f'<result-list xmlns="{NAMESPACE}"><result>{parcel}</result></result-list>'
            return Answer(200, raw=text.encode(), headers={"Content-Type": "application/xml"})
        if job.said.get("contentType") == "JSON":
            return Answer(200, [_outcome(each) for each in batch.outcomes])
        rows = [
            [each.id, each.error is None, each.created, bulk.told(each.error) if each.error else ""]
            for each in batch.outcomes
        ]
        body = bulk.table(["Id", "Success", "Created", "Error"], rows)
        return Answer(200, raw=body, headers={"Content-Type": "text/csv"})

    def _rows(self, job: bulk.Job, batch: bulk.Batch) -> Answer:
        if job.said.get("contentType") == "JSON":
            return Answer(200, batch.found)
        columns = bulk.columns_of(batch.query)
        body = bulk.table(columns, [bulk.cells_of(row, columns) for row in batch.found])
        return Answer(200, raw=body, headers={"Content-Type": "text/csv"})


def _outcome(each: bulk.Outcome) -> Tree:
    if each.error is not None:
        return {**failure(each.error), "created": False, "id": None}
    return {"success": True, "created": each.created, "id": each.id, "errors": []}


def _is_xml(call: Call) -> bool:
    return "json" not in call.headers.get("Content-Type", "application/xml")


def _said(call: Call) -> Tree:
    """Return what a request says of a job."""
    if not _is_xml(call):
        try:
            tree = json.loads(call.body)
        except ValueError:
            raise SalesforceError(400, "InvalidJob", "Unable to parse Job") from None
        return tree if isinstance(tree, dict) else {}
    try:
        root = etree.fromstring(call.body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        raise SalesforceError(400, "InvalidJob", "Unable to parse Job") from None
    return {str(child.tag).rpartition("}")[2]: child.text for child in root}


def _written(call: Call, root: str, tree: Mapping[str, object], status: int = 200) -> Answer:
    if not _is_xml(call):
        return Answer(status, dict(tree))
    text = f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="{NAMESPACE}">{_elements(tree)}</{root}>'
    return Answer(status, raw=text.encode(), headers={"Content-Type": "application/xml"})


def _elements(tree: Mapping[str, object]) -> str:
    out = []
    for name, value in tree.items():
        for each in value if isinstance(value, list) else [value]:
            inside = _elements(each) if isinstance(each, dict) else escape(str(each))
            out.append(f"<{name}>{inside}</{name}>")
    return "".join(out)
