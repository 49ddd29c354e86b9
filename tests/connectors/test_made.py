"""The ids that CRMs give to what was made."""

import pytest

from proxy.connectors.made import ids_made
from proxy.message import Headers

NONE = Headers()
GUID = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("tree", "headers", "ids"),
    [
        ({"id": "003000000000001AAA", "success": True, "errors": []}, NONE, ["003000000000001AAA"]),
        ({"id": "003000000000001AAA", "success": False}, NONE, []),
        ([{"id": "a", "success": True}, {"id": "b", "success": True}], NONE, ["a", "b"]),
        ({"compositeResponse": [{"body": {"id": "a", "success": True}}, {"body": None}]}, NONE, ["a"]),
        ({"id": 7, "result": [3, 4]}, NONE, ["3", "4"]),
        ({"jsonrpc": "2.0", "id": 7, "result": 3}, NONE, ["3"]),
        ({"result": True}, NONE, []),
        ({"results": [{"id": "5", "properties": {"email": "x"}}]}, NONE, []),  # found by what is in them
        (None, Headers((("odata-entityid", f"https://crm/api/contacts({GUID})"),)), [GUID]),
        ({"value": []}, Headers((("odata-entityid", f"https://crm/api/contacts({GUID})"),)), []),
        (None, NONE, []),
    ],
)  # fmt: skip
def test_ids(tree, headers, ids):
    """As each API writes them."""
    assert ids_made(tree, headers) == ids
