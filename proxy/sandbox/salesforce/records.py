"""What a call does to one record: `sobjects/Contact`, `sobjects/Contact/003...`, and by external id."""

import json
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.salesforce.comparing import instant
from proxy.sandbox.salesforce.ids import full_id
from proxy.sandbox.salesforce.org import Org, Row
from proxy.sandbox.salesforce.refusals import (
    SalesforceError,
    bad_json,
    is_deleted,
    method_not_allowed,
    no_such_column,
    no_such_key,
    no_such_resource,
)
from proxy.sandbox.salesforce.schema import Field, SObject
from proxy.sandbox.salesforce.writing import checked, refuse_duplicate

_RULE = "Sforce-Duplicate-Rule-Header"


def members(call: Call) -> dict[str, object]:
    """Return the JSON object in the body.

    Raises:
        SalesforceError: JSON_PARSER_ERROR.
    """
    try:
        tree = json.loads(call.body)
    except ValueError as problem:
        raise bad_json(f"Unexpected character at [line:1, column:1]: {problem}") from None
    if not isinstance(tree, dict):
        raise bad_json("The HTTP entity body is required, but this request has no entity body.")
    return tree


class Records:
    """Reads and writes single records.

    Args:
        org: the records.
        base: `/services/data/v59.0`.
    """

    def __init__(self, org: Org, base: str) -> None:
        self.org = org
        self.base = base

    def create(self, sobject: SObject, call: Call) -> Answer:
        """Store a new record; 201 with its id.

        Raises:
            SalesforceError: a member is refused, or the record would be a duplicate.
        """
        return self._insert(sobject, call, members(call))

    def made(self, sobject: SObject, fields: dict[str, object], rule: str = "") -> str:
        """Store a new record and return its id; `rule` is the client's `Sforce-Duplicate-Rule-Header`.

        Raises:
            SalesforceError: a member is refused, or the record would be a duplicate.
        """
        values = checked(self.org, sobject, fields, new=True)
        refuse_duplicate(self.org, sobject, values, but=None, rule=rule, base=self.base)
        return self.org.insert(sobject, values)

    def changed(self, sobject: SObject, key: str, fields: dict[str, object], rule: str = "") -> None:
        """Write over the fields of a live record; raises SalesforceError as `made` does, or if there is none."""
        self.org.get(sobject, key)
        values = checked(self.org, sobject, fields, new=False)
        refuse_duplicate(self.org, sobject, values, but=key, rule=rule, base=self.base)
        self.org.change(sobject, key, values)

    def upserted(
        self, sobject: SObject, field: str, value: object, fields: dict[str, object]
    ) -> tuple[str, bool]:
        """Change the record whose `field` has a value, or make one; return its id and whether it is new."""
        item = sobject.find(field)
        if item is None or not item.lookup:
            message = f"Field name provided, {field} does not match an External ID for {sobject.name}"
            raise SalesforceError(400, "INVALID_FIELD", message)
        if value in {None, ""}:
            raise SalesforceError(400, "MISSING_ARGUMENT", f"{field} not specified", [field])
        found = [row for row in self.org.rows(sobject) if str(row[item.name]).lower() == str(value).lower()]
        rest = {name: each for name, each in fields.items() if name.lower() != field.lower()}
        if len(found) > 1:
            raise SalesforceError(400, "DUPLICATE_EXTERNAL_ID", f"{field}: more than one record found")
        if found:
            self.changed(sobject, str(found[0]["Id"]), rest)
            return str(found[0]["Id"]), False
        return self.made(sobject, rest | ({} if item.type == "id" else {item.name: value})), True

    def shown(self, sobject: SObject, name: str, fields: list[str]) -> dict[str, object] | None:
        """Return some fields of a record, or None where there is no live one with this id."""
        key = full_id(name)
        row = None if key is None else self.org.find(sobject, key)
        if row is None or row.get("IsDeleted"):
            return None
        items = [sobject.by_name["id"], *(_field(sobject, each.strip()) for each in fields)]
        url = f"{self.base}/sobjects/{sobject.name}/{row['Id']}"
        record: dict[str, object] = {"attributes": {"type": sobject.name, "url": url}}
        return record | {item.name: self.org.value(sobject, row, item) for item in items}

    def _insert(self, sobject: SObject, call: Call, fields: dict[str, object]) -> Answer:
        key = self.made(sobject, fields, call.headers.get(_RULE, ""))
        location = {"Location": f"{self.base}/sobjects/{sobject.name}/{key}"}
        return Answer(201, {"id": key, "success": True, "errors": []}, location)

    def by_id(self, sobject: SObject, name: str, call: Call) -> Answer:
        """GET, PATCH or DELETE the record with this id.

        Raises:
            SalesforceError: no such record, or it is deleted, or the method is not one of those.
        """
        key = full_id(name)
        if key is None or not key.startswith(sobject.prefix):
            raise no_such_key(name)
        row = self.org.get(sobject, key)
        match call.method:
            case "GET" | "HEAD":
                return self._read(sobject, row, call)
            case "PATCH":
                return self._update(sobject, key, call)
            case "DELETE" if sobject.writable:
                self.org.delete(sobject, key)
                return Answer(204)
        raise method_not_allowed(call.method, "HEAD,GET,PATCH,DELETE")

    def _update(self, sobject: SObject, key: str, call: Call) -> Answer:
        self.changed(sobject, key, members(call), call.headers.get(_RULE, ""))
        return Answer(204)

    def by_key(self, sobject: SObject, field: str, value: str, call: Call) -> Answer:
        """GET, PATCH (create or update) or DELETE the record whose external id has this value.

        Raises:
            SalesforceError: the field is no such key, no record has the value, or several do (300).
        """
        item = sobject.find(field)
        if item is None or not item.lookup:
            raise no_such_key(field)
        found = [row for row in self.org.rows(sobject) if str(row[item.name]).lower() == value.lower()]
        if len(found) > 1:
            urls = [f"{self.base}/sobjects/{sobject.name}/{row['Id']}" for row in found]
            return Answer(300, urls)
        if call.method == "PATCH":
            return self._upsert(sobject, item, value, found, call)
        if not found:
            raise no_such_resource()
        return self.by_id(sobject, str(found[0]["Id"]), call)

    def _upsert(self, sobject: SObject, item: Field, value: str, found: list[Row], call: Call) -> Answer:
        if not found:
            created = self._insert(sobject, call, members(call) | {item.name: value})
            assert isinstance(created.tree, dict)
            created.tree["created"] = True
            return created
        key = str(found[0]["Id"])
        self._update(sobject, key, call)
        return Answer(200, {"id": key, "success": True, "errors": [], "created": False})

    def related(self, sobject: SObject, name: str, relationship: str, call: Call) -> Answer:
        """Return the parent record behind `sobjects/Contact/003.../Account`, or children as a query does.

        Raises:
            SalesforceError: no such record or relationship.
        """
        row = self.org.get(sobject, full_id(name) or name)
        if (down := self.org.schema.downward(sobject, relationship)) is not None:
            named = call.argument("fields")
            child, item = down
            names = named.split(",") if named else [each.name for each in child.listed]
            rows = [held for held in self.org.rows(child) if held.get(item.name) == row["Id"]]
            found = [self.shown(child, str(held["Id"]), names) for held in rows]
            return Answer(200, {"totalSize": len(found), "done": True, "records": found})
        link = sobject.upward.get(relationship.lower())
        parent = None if link is None else self.org.parent(row, link)
        if link is None or parent is None:
            raise no_such_resource()
        if parent.get("IsDeleted"):
            raise is_deleted()
        return self._read(self.org.schema.objects[link.to.lower()], parent, call)

    def _read(self, sobject: SObject, row: Row, call: Call) -> Answer:
        items = list(sobject.listed)
        named = call.argument("fields")
        if named:
            items = [_field(sobject, name.strip()) for name in named.split(",")]
            items = [sobject.by_name["id"], *(item for item in items if item.name != "Id")]
        url = f"{self.base}/sobjects/{sobject.name}/{row['Id']}"
        record: dict[str, object] = {"attributes": {"type": sobject.name, "url": url}}
        record |= {item.name: self.org.value(sobject, row, item) for item in items}
        return _unless_known(Answer(200, record), sobject, row, call)


def _field(sobject: SObject, name: str) -> Field:
    item = sobject.find(name)
    if item is None:
        raise no_such_column(name, sobject.name)
    return item


def _unless_known(answer: Answer, sobject: SObject, row: Row, call: Call) -> Answer:
    """Put the validators on, and answer 304 or 412 where the client's conditions ask for it.

    As documented, entity tags exist for Account only, and modification dates for every record.
    """
    changed = instant(str(row["SystemModstamp"])).replace(microsecond=0)
    answer.headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    tag = ""
    if sobject.name == "Account":
        tag = f'"{sha256(answer.body()).hexdigest()[:20]}--gzip"'
        answer.headers["ETag"] = tag
    wanted, known = call.headers.get("If-Match"), call.headers.get("If-None-Match")
    since = call.headers.get("If-Modified-Since")
    if tag and wanted is not None and wanted not in {tag, "*"}:
        raise SalesforceError(412, "PRECONDITION_FAILED", "The precondition failed")
    if tag and known in {tag, "*"}:
        return Answer(304, headers=answer.headers)
    if since is not None and parsedate_to_datetime(since) >= changed:
        return Answer(304, headers=answer.headers)
    return answer
