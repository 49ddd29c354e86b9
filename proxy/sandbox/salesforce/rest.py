"""The routes of Salesforce's REST API that the sandbox answers.

/services/data                                          GET   versions (needs no token)
/services/data/v59.0                                    GET   resources
    /limits                                             GET
    /query?q=  /queryAll?q=                             GET   SOQL; queryAll sees the recycle bin
    /query/{locator}                                    GET   next page
    /search?q=                                          GET   SOSL
    /parameterizedSearch                                GET POST   the same by parameters
    /composite  /composite/batch  /composite/graph          POST  requests inside a request
    /composite/sobjects ..                                  GET POST PATCH DELETE   many records at once
    /composite/tree/{object}                                POST  records with others below them
    /recent                                                 GET
    /jobs/ingest ..  /jobs/query ..                         bulk jobs
    /sobjects                                           GET   objects
    /sobjects/{object}                                  GET   summary            POST  create
    /sobjects/{object}/describe                         GET
    /sobjects/{object}/deleted?start=&end=  /updated    GET
    /sobjects/{object}/{id}?fields=                     GET PATCH DELETE
    /sobjects/{object}/{id}/{relationship}              GET
    /sobjects/{object}/{external id field}/{value}      GET PATCH DELETE
"""

import re
from datetime import datetime

from proxy.sandbox.clock import salesforce_time
from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.salesforce import describing
from proxy.sandbox.salesforce.bulk import Jobs
from proxy.sandbox.salesforce.bulk2 import Bulk2
from proxy.sandbox.salesforce.collections import Collections, Trees
from proxy.sandbox.salesforce.comparing import instant
from proxy.sandbox.salesforce.composite import Composite
from proxy.sandbox.salesforce.ids import full_id
from proxy.sandbox.salesforce.org import Org
from proxy.sandbox.salesforce.pages import Pages
from proxy.sandbox.salesforce.records import Records
from proxy.sandbox.salesforce.refusals import (
    SalesforceError,
    malformed_query,
    method_not_allowed,
    no_such_resource,
)
from proxy.sandbox.salesforce.schema import SObject
from proxy.sandbox.salesforce.searching import search, sosl_of
from proxy.sandbox.salesforce.select import Select


class Rest:
    """Says what each call means for one org.

    Args:
        org: the records.
        pages: where long results wait.
    """

    def __init__(self, org: Org, pages: Pages) -> None:
        self.org = org
        self.pages = pages
        self.jobs = Jobs(org)
        """Bulk jobs, of both APIs."""
        self.used = 0
        """Calls so far, for the limits."""
        self.allowed = 15_000

    def dispatch(self, call: Call) -> Answer:
        """Do what the call asks for.

        Raises:
            SalesforceError: anything the real service would refuse.
        """
        parts = call.segments[2:]
        base = _base(parts)
        self.used += 1
        match parts[1:]:
            case ():
                return self._get(call, describing.resources(base))
            case ("limits",):
                return self._get(call, describing.limits(self.used, self.allowed))
            case ("query" | "queryAll" as kind,):
                return self._get(call, self._query(call, base, deleted=kind == "queryAll"))
            case ("query" | "queryAll", locator):
                return self._get(call, self.pages.more(locator, base))
            case ("search",):
                records = search(Select(self.org, base), call.argument("q") or "")
                return self._get(call, {"searchRecords": records})
            case ("parameterizedSearch",):
                return Answer(200, {"searchRecords": search(Select(self.org, base), sosl_of(call))})
            case ("composite", "sobjects", *rest):
                return Collections(self.org, base).do(call, tuple(rest))
            case ("composite", "tree", name) if self.org.schema.find(name) and call.method == "POST":
                return Trees(self.org, base).plant(self.org.schema.objects[name.lower()], call)
            case ("jobs", *rest):
                return Bulk2(self.jobs, base).do(call, tuple(rest))
            case ("recent",):
                return self._get(call, self._looked_at(base, int(call.argument("limit") or 200)))
            case ("composite", *rest) if len(rest) <= 1:
                if call.method != "POST":
                    raise method_not_allowed(call.method, "POST")
                return Answer(200, Composite(self.org, self.dispatch).do("".join(rest), call))
            case ("sobjects",):
                return self._get(call, describing.listed(self.org.schema, base))
            case ("sobjects", name, *rest):
                return self._sobject(call, base, name, tuple(rest))
        raise no_such_resource()

    @staticmethod
    def _get(call: Call, tree: object) -> Answer:
        if call.method not in {"GET", "HEAD"}:
            raise method_not_allowed(call.method, "GET,HEAD")
        return Answer(200, tree)

    def _query(self, call: Call, base: str, *, deleted: bool) -> dict[str, object]:
        text = call.argument("q")
        if not text:
            raise malformed_query("A query string has to be specified")
        found = Select(self.org, base, deleted=deleted).run(text)
        return self.pages.first(found, call.headers.get("Sforce-Query-Options", ""), base)

    def _sobject(self, call: Call, base: str, name: str, rest: tuple[str, ...]) -> Answer:
        sobject = self.org.schema.find(name)
        if sobject is None:
            raise no_such_resource()
        records = Records(self.org, base)
        match rest:
            case () if call.method == "POST":
                return records.create(sobject, call)
            case ():
                return self._get(call, describing.basic(sobject, base, self._recent(sobject, base)))
            case ("describe",):
                return self._get(call, describing.described(self.org.schema, sobject, base))
            case ("deleted" | "updated" as which,):
                return self._get(call, self._changed(call, sobject, deleted=which == "deleted"))
            case (key,):
                return records.by_id(sobject, key, call)
            case (key, relationship) if full_id(key) and call.method == "GET":
                return records.related(sobject, key, relationship, call)
            case (field, value):
                return records.by_key(sobject, field, value, call)
        raise no_such_resource()

    def _looked_at(self, base: str, most: int) -> list[dict[str, object]]:
        """Return some records as those that were looked at last: here, the newest of each object."""
        found = [each for item in self.org.schema.objects.values() for each in self._recent(item, base)]
        return found[:most]

    def _recent(self, sobject: SObject, base: str) -> list[dict[str, object]]:
        rows = list(self.org.rows(sobject))[-5:]
        item = sobject.by_name.get("name", sobject.by_name["id"])
        return [
            {
                "attributes": {"type": sobject.name, "url": f"{base}/sobjects/{sobject.name}/{row['Id']}"},
                "Id": row["Id"],
                item.name: self.org.value(sobject, row, item),
            }
            for row in rows
        ]

    def _changed(self, call: Call, sobject: SObject, *, deleted: bool) -> dict[str, object]:
        start, end = _moment(call, "start"), _moment(call, "end")
        rows = [
            row
            for row in self.org.rows(sobject, deleted=True)
            if bool(row.get("IsDeleted")) == deleted and start <= instant(str(row["SystemModstamp"])) < end
        ]
        covered = salesforce_time(min(end.timestamp(), self.org.now()))
        if not deleted:
            return {"ids": [row["Id"] for row in rows], "latestDateCovered": covered}
        gone = [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in rows]
        earliest = salesforce_time(start.timestamp())
        return {"deletedRecords": gone, "earliestDateAvailable": earliest, "latestDateCovered": covered}


def _base(parts: tuple[str, ...]) -> str:
    match = re.fullmatch(r"v(\d\d)\.0", parts[0]) if parts else None
    if match is None or int(match[1]) not in describing.VERSIONS:
        raise no_such_resource()
    return f"/services/data/{parts[0]}"


def _moment(call: Call, name: str) -> datetime:
    try:
        return instant(call.argument(name) or "")
    except ValueError:
        raise SalesforceError(400, "INVALID_REPLICATION_DATE", f"{name} is not a valid date") from None
