"""Zoho's errors: alone in the body, or one for each record in a list; a known code and our sentence each."""

from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.asked import Opened
from proxy.connectors.faults import JsonFaults
from proxy.connectors.spec import ConnectorFile
from proxy.message import Request, Response, Tree

_LISTS: Final = ("data", "recycle_bin", "share", "merge")
"""Members in which the API says what came of each record."""
_MISSING: Final = "INVALID_DATA"


@dataclass(frozen=True, slots=True)
class ZohoFaults:
    """Writes the error shape; every text in it comes from the connector's file or from us."""

    plain: JsonFaults
    one: bool = False
    """Whether the request reads one record by its id: an id that is nobody's is then answered as a record that
    is not there, and so is one that may not be shown."""

    @staticmethod
    def compile(file: ConnectorFile) -> "ZohoFaults":
        """Return the faults a connector declares; raises ValueError as `JsonFaults.compile`."""
        return ZohoFaults(JsonFaults.compile(file))

    def at(self, method: str, path: str) -> "ZohoFaults":
        """Return the faults of one route."""
        return replace(self, one=method == "GET" and path.endswith("/{object}/{id}"))

    @property
    def by_status(self) -> bool:
        """See `Faults.by_status`."""
        return True

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the error answer in constants; where it is a list, each of its errors."""
        for name in _LISTS:
            rows = tree.get(name) if isinstance(tree, dict) else None
            if isinstance(rows, list) and rows:
                told: list[Tree] = [self.plain.open(status, row).tree for row in rows]
                return Opened({name: told}, is_error=True)
        opened = self.plain.open(status, tree)
        said = opened.tree.get("code") if isinstance(opened.tree, dict) else None
        if self.one and status in {400, 404} and said == _MISSING:
            opened.status = 404
        return opened

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return our refusal in the CRM's shape; see `Faults.refusal`."""
        return self.plain.refusal(request, status, reason, text, decision_id)
