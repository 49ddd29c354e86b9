"""What a client may write: every member checked against its field, and duplicates looked for.

Two kinds of duplicate, as in a real org: a second record with the same external id is impossible
(DUPLICATE_VALUE names the other record's id), and a second Contact or Lead with the same e-mail address is
stopped by a duplicate rule (DUPLICATES_DETECTED shows the other record, in full if the client asks for it).
"""

import re
from collections.abc import Mapping
from datetime import date, datetime

from proxy.sandbox.salesforce.ids import full_id
from proxy.sandbox.salesforce.org import Org, Row, Scalar
from proxy.sandbox.salesforce.refusals import SalesforceError, no_such_column
from proxy.sandbox.salesforce.schema import NUMBERS, STRINGS, Field, SObject

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def checked(org: Org, sobject: SObject, members: Mapping[str, object], *, new: bool) -> Row:
    """Return `members` under their fields' own names, fit to be stored.

    Raises:
        SalesforceError: unknown or read-only field, wrong type, or a required field is missing.
    """
    if not sobject.writable:
        message = f"entity type {sobject.name} does not support {'create' if new else 'update'}"
        raise SalesforceError(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, [])
    values: Row = {}
    for name, value in members.items():
        if name == "attributes":
            continue
        item = sobject.find(name)
        if item is None:
            raise no_such_column(name, sobject.name)
        if not item.writable:
            message = (
                f"Unable to create/update fields: {item.name}. Please check the security settings of this "
                "field and verify that it is read/write for your profile or permission set."
            )
            raise SalesforceError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, [item.name])
        values[item.name] = _stored(org, item, value)
    _complete(sobject, values, new=new)
    return values


def _complete(sobject: SObject, values: Row, *, new: bool) -> None:
    required = [item.name for item in sobject.listed if item.required]
    missing = [name for name in required if values.get(name) is None and (new or name in values)]
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise SalesforceError(400, "REQUIRED_FIELD_MISSING", message, missing)


def _stored(org: Org, item: Field, value: object) -> Scalar:
    if value is None or value == "":
        return False if item.type == "boolean" else None
    if item.type == "reference":
        return _reference(org, item, value)
    if item.type == "boolean" and isinstance(value, bool):
        return value
    if item.type in NUMBERS and isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if item.type == "int" else float(value)
    if item.type in {"date", "datetime"} and isinstance(value, str):
        return _moment(item, value)
    if item.type in STRINGS and isinstance(value, str):
        return _string(item, value)
    message = f"{item.name}: value not of required type: {value}"
    raise SalesforceError(400, "INVALID_TYPE_ON_FIELD_IN_RECORD", message, [item.name])


def _string(item: Field, value: str) -> str:
    if item.type == "email" and not _EMAIL.fullmatch(value):
        message = f"{item.name}: invalid email address: {value}"
        raise SalesforceError(400, "INVALID_EMAIL_ADDRESS", message, [item.name])
    if len(value) > item.length:
        message = f"{item.name}: data value too large: {value} (max length={item.length})"
        raise SalesforceError(400, "STRING_TOO_LONG", message, [item.name])
    return value


def _moment(item: Field, value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat() if item.type == "date" else _utc(value)
    except ValueError:
        message = f"Cannot deserialize instance of {item.type} from VALUE_STRING value {value}"
        raise SalesforceError(400, "JSON_PARSER_ERROR", message) from None


def _utc(value: str) -> str:
    return datetime.fromisoformat(value).isoformat(timespec="milliseconds")


def _reference(org: Org, item: Field, value: object) -> str:
    key = full_id(value) if isinstance(value, str) else None
    if key is None:
        message = f"{item.name}: id value of incorrect type: {value}"
        raise SalesforceError(400, "MALFORMED_ID", message, [item.name])
    target = org.schema.objects[item.to.lower()]
    held = org.find(target, key)
    if held is None or held.get("IsDeleted"):
        raise SalesforceError(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [item.name])
    return key


def refuse_duplicate(org: Org, sobject: SObject, values: Row, *, but: str | None, rule: str, base: str) -> None:
    """Raise when another live record already has one of these values.

    Args:
        org: where to look.
        sobject: the object being written.
        values: what is about to be stored.
        but: id of the record being changed; it may equal itself.
        rule: the client's `Sforce-Duplicate-Rule-Header`, "" when it sent none.
        base: `/services/data/v59.0`, for the other record's URL.

    Raises:
        SalesforceError: DUPLICATE_VALUE or DUPLICATES_DETECTED.
    """
    options = {part.strip().lower().replace(" ", "") for part in rule.split(";")}
    for row in org.rows(sobject):
        if row["Id"] == but:
            continue
        for name in [item.name for item in sobject.listed if item.unique]:
            if values.get(name) is not None and row[name] == values[name]:
                message = f"duplicate value found: {name} duplicates value on record with id: {row['Id']}"
                raise SalesforceError(400, "DUPLICATE_VALUE", message, [])
        if _same_email(sobject, row, values) and "allowsave=true" not in options:
            raise _detected(org, sobject, row, base, whole="includerecorddetails=true" in options)


def _same_email(sobject: SObject, row: Row, values: Row) -> bool:
    email = values.get("Email")
    return (
        sobject.name in {"Contact", "Lead"} and bool(email) and str(email).lower() == str(row["Email"]).lower()
    )


def _detected(org: Org, sobject: SObject, row: Row, base: str, *, whole: bool) -> SalesforceError:
    url = f"{base}/sobjects/{sobject.name}/{row['Id']}"
    record: dict[str, object] = {"attributes": {"type": sobject.name, "url": url}, "Id": row["Id"]}
    if whole:
        record |= {item.name: org.value(sobject, row, item) for item in sobject.listed}
    match = {
        "entityType": sobject.name,
        "errors": [],
        "matchEngine": "FuzzyMatchEngine",
        "matchRecords": [
            {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record}
        ],
        "rule": f"Standard_{sobject.name}_Match_Rule_v1_1",
        "size": 1,
        "success": True,
    }
    error = SalesforceError(400, "DUPLICATES_DETECTED", "Use one of these records?")
    error.extra["duplicateResult"] = {
        "allowSave": True,
        "duplicateRule": f"Standard_{sobject.name}_Duplicate_Rule",
        "duplicateRuleEntityType": sobject.name,
        "errorMessage": "Use one of these records?",
        "matchResults": [match],
    }
    return error
