"""What the org says about itself: `describe` of one object, the list of objects, versions, limits."""

from proxy.sandbox.salesforce.schema import NUMBERS, STRINGS, Field, Schema, SObject

VERSIONS = range(50, 67)
"""API versions that are answered."""


def versions() -> list[dict[str, str]]:
    """Return `GET /services/data`."""
    # Three releases a year: v51 was Spring '21, v52 Summer '21, v53 Winter '22.
    seasons = ("Winter", "Spring", "Summer")
    return [
        {
            "label": f"{seasons[(number - 50) % 3]} '{(number - 50) // 3 + 21}",
            "url": f"/services/data/v{number}.0",
            "version": f"{number}.0",
        }
        for number in VERSIONS
    ]


def resources(base: str) -> dict[str, str]:
    """Return `GET /services/data/v59.0`."""
    return {name: f"{base}/{name}" for name in ("limits", "query", "queryAll", "search", "sobjects")}


def limits(used: int, allowed: int) -> dict[str, object]:
    """Return `GET .../limits`."""
    return {"DailyApiRequests": {"Max": allowed, "Remaining": allowed - used}}


def listed(schema: Schema, base: str) -> dict[str, object]:
    """Return `GET .../sobjects`."""
    objects = [_summary(item, base) for item in schema.objects.values()]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}


def basic(sobject: SObject, base: str, recent: list[dict[str, object]]) -> dict[str, object]:
    """Return `GET .../sobjects/Contact`."""
    return {"objectDescribe": _summary(sobject, base), "recentItems": recent}


def described(schema: Schema, sobject: SObject, base: str) -> dict[str, object]:
    """Return `GET .../sobjects/Contact/describe`."""
    children = [
        {
            "cascadeDelete": item.cascade,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": item.name,
            "relationshipName": item.down or None,
            "restrictedDelete": item.restrict,
        }
        for child, item in schema.children(sobject)
    ]
    fields = [_field(item) for item in sobject.listed]
    return _summary(sobject, base) | {"childRelationships": children, "fields": fields, "recordTypeInfos": []}


def _summary(sobject: SObject, base: str) -> dict[str, object]:
    url = f"{base}/sobjects/{sobject.name}"
    return {
        "createable": sobject.writable,
        "custom": False,
        "deletable": sobject.writable,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "name": sobject.name,
        "queryable": True,
        "retrieveable": True,
        "searchable": True,
        "undeletable": sobject.writable,
        "updateable": sobject.writable,
        "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
    }


def _field(item: Field) -> dict[str, object]:
    string = item.type in STRINGS
    return {
        "aggregatable": item.filterable,
        "calculated": item.computed and item.type != "address",
        "caseSensitive": False,
        "createable": item.writable,
        "custom": item.custom,
        "defaultedOnCreate": item.type == "boolean",
        "externalId": item.unique,
        "filterable": item.filterable,
        "groupable": item.filterable and item.type not in NUMBERS | {"datetime"},
        "idLookup": item.lookup,
        "label": item.name.removesuffix("__c"),
        "length": item.length if string else 0,
        "name": item.name,
        "nameField": item.name == "Name",
        "nillable": not item.required and item.type not in {"id", "boolean"},
        "picklistValues": [],
        "precision": 18 if item.type in NUMBERS else 0,
        "referenceTo": [item.to] if item.to else [],
        "relationshipName": item.up or None,
        "scale": 2 if item.type == "currency" else 0,
        "soapType": {"id": "tns:ID", "reference": "tns:ID", "address": "urn:address"}.get(
            item.type, "xsd:string" if string else f"xsd:{_xsd(item.type)}"
        ),
        "sortable": item.filterable,
        "type": item.type,
        "unique": item.unique,
        "updateable": item.writable,
    }


def _xsd(kind: str) -> str:
    return {"currency": "double", "percent": "double", "datetime": "dateTime"}.get(kind, kind)
