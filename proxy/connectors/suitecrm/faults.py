"""SuiteCRM's errors: whatever goes wrong is a 400, also that there is no such record."""

from dataclasses import dataclass, replace

from proxy.connectors.asked import Opened
from proxy.connectors.faults import JsonFaults
from proxy.connectors.spec import ConnectorFile
from proxy.message import Request, Response, Tree


@dataclass(frozen=True, slots=True)
class SuiteFaults:
    """Writes the error shape; every text in it comes from the connector's file or from us."""

    plain: JsonFaults
    one: bool = False
    """Whether the request reads one record by its id, and can go wrong in no other way."""

    @staticmethod
    def compile(file: ConnectorFile) -> "SuiteFaults":
        """Return the faults a connector declares; raises ValueError as `JsonFaults.compile`."""
        return SuiteFaults(JsonFaults.compile(file))

    def at(self, method: str, path: str) -> "SuiteFaults":
        """Return the faults of one route."""
        return replace(self, one=method == "GET" and path.endswith("/{object}/{id}"))

    @property
    def by_status(self) -> bool:
        """See `Faults.by_status`."""
        return True

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the error answer in constants; a record that is not there as one that may not be shown."""
        if not self.one or status not in {400, 404}:
            return self.plain.open(status, tree)
        opened = self.plain.open(404, None)
        opened.status = 404
        return opened

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return our refusal in the CRM's shape; see `Faults.refusal`."""
        return self.plain.refusal(request, status, reason, text, decision_id)
