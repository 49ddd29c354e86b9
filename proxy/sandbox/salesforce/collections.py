"""Several records in one request: `composite/sobjects`, and records with others below them, `composite/tree`."""

import json
from collections.abc import Callable
from functools import partial

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.salesforce.ids import full_id
from proxy.sandbox.salesforce.org import Org
from proxy.sandbox.salesforce.records import Records, members
from proxy.sandbox.salesforce.refusals import SalesforceError, bad_json, method_not_allowed, no_such_resource
from proxy.sandbox.salesforce.schema import SObject

Tree = dict[str, object]
MOST = 200


class Collections:
    """Does to many records what `Records` does to one.

    Args:
        org: the records.
        base: `/services/data/v59.0`.
    """

    def __init__(self, org: Org, base: str) -> None:
        self.org = org
        self.records = Records(org, base)

    def do(self, call: Call, rest: tuple[str, ...]) -> Answer:
        """Carry out what is below `composite/sobjects`.

        Raises:
            SalesforceError: nothing is there, or the body is none.
        """
        match call.method, rest:
            case "POST", ():
                return Answer(200, self._each(call, self._create))
            case "PATCH", ():
                return Answer(200, self._each(call, self._update))
            case "DELETE", ():
                return Answer(200, self._deleted(call))
            case "GET" | "POST", (name,):
                return Answer(200, self._retrieved(call, self._named(name)))
            case "PATCH", (name, field):
                return Answer(200, self._each(call, lambda row: self._upsert(self._named(name), field, row)))
            case _, () | (_,) | (_, _):
                raise method_not_allowed(call.method, "GET,POST,PATCH,DELETE")
        raise no_such_resource()

    def _named(self, name: str) -> SObject:
        sobject = self.org.schema.find(name)
        if sobject is None:
            raise no_such_resource()
        return sobject

    def of_id(self, key: str) -> SObject:
        """Return the object whose record an id names; raises SalesforceError where there is none."""
        for sobject in self.org.schema.objects.values():
            if full_id(key) and key.startswith(sobject.prefix):
                return sobject
        raise SalesforceError(400, "MALFORMED_ID", f"malformed id {key}")

    def _each(self, call: Call, do: Callable[[Tree], Tree]) -> list[Tree]:
        tree = members(call)
        rows = tree.get("records")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise bad_json("The list of records is missing")
        if len(rows) > MOST:
            raise SalesforceError(400, "EXCEEDED_ID_LIMIT", f"record limit reached: {MOST}")
        return self._all_or_none([partial(do, row) for row in rows], whole=bool(tree.get("allOrNone")))

    def _all_or_none(self, doing: list[Callable[[], Tree]], *, whole: bool) -> list[Tree]:
        before = self.org.kept()
        results = [_tried(each) for each in doing]
        if whole and not all(result["success"] for result in results):
            self.org.undo(before)
            rolled = SalesforceError(400, "ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back.")
            results = [result if not result["success"] else failure(rolled) for result in results]
        return results

    def _type(self, row: Tree) -> SObject:
        attributes = row.get("attributes")
        sobject = self.org.schema.find(str(attributes.get("type"))) if isinstance(attributes, dict) else None
        if sobject is None:
            raise SalesforceError(400, "INVALID_TYPE", "sObject type is missing or not supported")
        return sobject

    def _create(self, row: Tree) -> Tree:
        return {"id": self.records.made(self._type(row), row), "success": True, "errors": []}

    def _update(self, row: Tree) -> Tree:
        named = {name for name in row if name.lower() == "id"}
        key = full_id(str(next((row[name] for name in named), "")))
        if key is None:
            raise SalesforceError(400, "MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
        fields = {name: value for name, value in row.items() if name not in named}
        self.records.changed(self._type(row), key, fields)
        return {"id": key, "success": True, "errors": []}

    def _upsert(self, sobject: SObject, field: str, row: Tree) -> Tree:
        if self._type(row) is not sobject:
            raise SalesforceError(400, "INVALID_TYPE", "all records must be of the type in the URL")
        value = next((value for name, value in row.items() if name.lower() == field.lower()), None)
        key, created = self.records.upserted(sobject, field, value, row)
        return {"id": key, "success": True, "errors": [], "created": created}

    def _deleted(self, call: Call) -> list[Tree]:
        keys = [key for key in (call.argument("ids") or "").split(",") if key]
        if not keys or len(keys) > MOST:
            raise SalesforceError(400, "EXCEEDED_ID_LIMIT", f"between 1 and {MOST} ids have to be given")

        def delete(key: str) -> Tree:
            found = full_id(key) or key
            self.org.delete(self.of_id(key), found)
            return {"id": found, "success": True, "errors": []}

        whole = (call.argument("allOrNone") or "").lower() == "true"
        return self._all_or_none([partial(delete, key) for key in keys], whole=whole)

    def _retrieved(self, call: Call, sobject: SObject) -> list[Tree | None]:
        tree = members(call) if call.method == "POST" else {
            name: (call.argument(name) or "").split(",") for name in ("ids", "fields")
        }  # fmt: skip
        keys, fields = tree.get("ids"), tree.get("fields")
        if not isinstance(keys, list) or not isinstance(fields, list) or not any(fields):
            raise SalesforceError(400, "MISSING_ARGUMENT", "ids and fields have to be given")
        return [self.records.shown(sobject, str(key), [str(name) for name in fields]) for key in keys]


def _tried(do: Callable[[], Tree]) -> Tree:
    try:
        return do()
    except SalesforceError as error:
        return failure(error)


def failure(error: SalesforceError) -> Tree:
    """Return what one record's failure looks like among the results of many."""
    told = {"statusCode": error.code, "message": error.message, "fields": error.fields or []}
    return {"success": False, "errors": [told | error.extra]}


class Trees:
    """Stores records with others below them, all or none.

    Args:
        org: the records.
        base: `/services/data/v59.0`.
    """

    def __init__(self, org: Org, base: str) -> None:
        self.org = org
        self.records = Records(org, base)

    def plant(self, sobject: SObject, call: Call) -> Answer:
        """Store all the records of a body; 201, or 400 with nothing stored."""
        try:
            rows = json.loads(call.body)["records"]
        except (ValueError, KeyError, TypeError):
            raise bad_json("The list of records is missing") from None
        before = self.org.kept()
        results: list[Tree] = []
        failed = [each for row in rows for each in self._row(sobject, row, {}, results)]
        if failed:
            self.org.undo(before)
            return Answer(400, {"hasErrors": True, "results": failed})
        return Answer(201, {"hasErrors": False, "results": results})

    def _row(self, sobject: SObject, row: Tree, link: Tree, results: list[Tree]) -> list[Tree]:
        """Store one record and those below it; return what went wrong."""
        attributes = row.get("attributes")
        reference = attributes.get("referenceId") if isinstance(attributes, dict) else None
        below: list[tuple[SObject, str, list[Tree]]] = []
        fields: Tree = {}
        for name, value in row.items():
            down = self.org.schema.downward(sobject, name) if isinstance(value, dict) else None
            if down is not None and isinstance(value, dict):
                below.append((down[0], down[1].name, value["records"]))
            else:
                fields[name] = value
        try:
            key = self.records.made(sobject, fields | link)
        except SalesforceError as error:
            return [{"referenceId": reference, "errors": failure(error)["errors"]}]
        results.append({"referenceId": reference, "id": key})
        return [
            each
            for child, via, rows in below
            for inner in rows
            for each in self._row(child, inner, {via: key}, results)
        ]
