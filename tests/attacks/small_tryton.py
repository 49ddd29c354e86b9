"""As much of a Tryton as a search needs: parties, their passports, and what a domain and an order mean there."""

import json
import xmlrpc.client
from collections.abc import Callable
from typing import Any, Final

from proxy.sandbox import Answer, Call

PARTY: Final = "party.party"
PASSPORT: Final = "party.identifier"
Row = dict[str, Any]
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda value, given: bool(value == given),
    ">=": lambda value, given: bool(value >= given),
    "in": lambda value, given: value in given,
}


class SmallTryton:
    """A server of JSON-RPC and XML-RPC, which lets in everybody."""

    name = "tryton"

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, Row]] = {
            PARTY: {key: {"id": key, "name": f"Party {key}", "code": f"P-{key}"} for key in (1, 2, 3)},
            PASSPORT: {key: {"id": key, "party": key, "code": f"PASSPORT-{key}"} for key in (1, 2, 3)},
        }

    def people(self) -> list[dict[str, object]]:
        """Return every party."""
        return [dict(row) for row in self.rows[PARTY].values()]

    def answer(self, call: Call) -> Answer:
        """Answer in the protocol of the call."""
        if call.body.startswith(b"{"):
            asked = json.loads(call.body)
            return Answer(200, {"id": asked["id"], "result": self._called(asked["method"], asked["params"])})
        params, method = xmlrpc.client.loads(call.body)
        result = self._called(str(method), list(params))
        text = xmlrpc.client.dumps((result,), methodresponse=True, allow_none=True)
        return Answer(200, raw=text.encode(), headers={"Content-Type": "text/xml"})

    def _called(self, name: str, params: list[Any]) -> object:
        model, _, method = name.removeprefix("model.").rpartition(".")
        found = [row for row in self.rows[model].values() if self._meets(model, row, params[0])]
        if method == "search_count":
            return len(found)
        for by, direction in reversed(params[3] or []):
            found.sort(key=lambda row: str(row[by]), reverse=direction == "DESC")
        if method == "search":
            return [row["id"] for row in found]
        assert method == "search_read", method
        return [{each: row[each] for each in ("id", *params[4])} for row in found]

    def _meets(self, model: str, row: Row, domain: list[Any]) -> bool:
        """Say whether a domain holds: clauses that all have to, unless it begins with `OR`."""
        word, clauses = (domain[0], domain[1:]) if domain and isinstance(domain[0], str) else ("AND", domain)
        if word not in {"AND", "OR"}:
            return self._holds(model, row, *domain)
        return (any if word == "OR" else all)(self._meets(model, row, each) for each in clauses)

    def _holds(self, model: str, row: Row, path: str, sign: str, given: Any) -> bool:
        name, _, rest = path.partition(".")
        if name == "identifiers":
            below = [each for each in self.rows[PASSPORT].values() if each["party"] == row["id"]]
            inside = given if sign == "where" else [rest, sign, given]
            return any(self._meets(PASSPORT, each, inside) for each in below)
        return _COMPARE[sign](row[name], given)
