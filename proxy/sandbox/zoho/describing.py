"""What modules there are, and which fields each has, as `settings` tells."""

from proxy.sandbox.zoho.showing import columns
from proxy.sandbox.zoho.store import FIELDS, LOOKUPS, looks_up

_TYPES = {
    **dict.fromkeys(("Email", "Secondary_Email"), "email"),
    **dict.fromkeys(("Phone", "Mobile"), "phone"),
    **dict.fromkeys(LOOKUPS, "lookup"),
    **dict.fromkeys(("Owner", "Created_By", "Modified_By"), "ownerlookup"),
    **dict.fromkeys(("Created_Time", "Modified_Time"), "datetime"),
    **dict.fromkeys(("Date_of_Birth", "Closing_Date", "Due_Date"), "date"),
    **dict.fromkeys(("Description", "Note_Content"), "textarea"),
    **dict.fromkeys(("Income", "Size"), "integer"),
    "Email_Opt_Out": "boolean",
    "Amount": "currency",
}

_CUSTOM = frozenset({"National_ID", "IBAN", "Allergies", "Income"})


def modules() -> list[dict[str, object]]:
    """Return every module."""
    return [
        {
            "api_name": kind, "module_name": kind, "plural_label": kind, "singular_label": kind[:-1],
            "id": str(5_725_767_000_000_002_175 + number), "api_supported": True, "creatable": True,
            "editable": True, "deletable": True, "viewable": True, "generated_type": "default",
        }
        for number, kind in enumerate(FIELDS)
    ]  # fmt: skip


def fields(kind: str) -> list[dict[str, object]]:
    """Return every field of a module."""
    return [_field(kind, name, number) for number, name in enumerate(["id", *columns(kind)])]


def _field(kind: str, name: str, number: int) -> dict[str, object]:
    far = looks_up(kind, name)
    data_type = (
        "bigint" if name == "id" else "text" if name in LOOKUPS and far is None else _TYPES.get(name, "text")
    )
    return {
        "api_name": name, "field_label": name.replace("_", " "), "display_label": name.replace("_", " "),
        "data_type": data_type, "json_type": "jsonobject" if far else "string", "length": 255,
        "id": str(5_725_767_000_000_003_000 + number), "custom_field": name in _CUSTOM,
        "read_only": name in {"Created_Time", "Modified_Time"}, "visible": True, "searchable": True,
        "sortable": True, "filterable": True, "system_mandatory": name == "Last_Name", "pick_list_values": [],
        "lookup": {"module": {"api_name": far, "id": "1"}, "display_label": far} if far else {},
        "unique": {"casesensitive": False} if name == "Email" else {},
    }  # fmt: skip
