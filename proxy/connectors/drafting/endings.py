"""What a draft has clients told of records that go, where the API answers a delete without a body."""

import re
from collections.abc import Mapping
from typing import Any

_DONE = re.compile("2[0-9][0-9]")


def ending(status: int) -> dict[str, object]:
    """Return an entry of `endings`; `status` is the API's own."""
    pending = {"status": 202, "body": {"status": "accepted", "cases": "{cases}"}}
    return {"done": {"status": status}, "pending": pending}


def silent(operation: Mapping[str, Any]) -> int | None:
    """Return the first status by which an OpenAPI operation is done without a body; None: it says of none."""
    responses = operation.get("responses")
    said = {str(status): of for status, of in responses.items()} if isinstance(responses, dict) else {}
    return next(
        (int(status) for status in sorted(said) if _DONE.fullmatch(status) and _empty(said[status])), None
    )


def _empty(response: object) -> bool:
    return isinstance(response, dict) and not response.keys() & {"content", "$ref"}
