"""Exports: a file with everybody in it, made at once and fetched from a URL that needs no token.

The real one works in the background for minutes and hands out a pre-signed link, which is the point: whoever
has the link has the data.
"""

import csv
import io
import secrets
from dataclasses import dataclass

from proxy.sandbox.clock import hubspot_time
from proxy.sandbox.hubspot.kinds import KINDS
from proxy.sandbox.hubspot.refusals import invalid, no_such_route
from proxy.sandbox.hubspot.store import Store


@dataclass(frozen=True, slots=True)
class Export:
    """One finished export."""

    name: str
    """The unguessable part of the file's URL."""
    made: float
    body: bytes


class Exports:
    """Every export made since the start.

    Args:
        store: what is exported.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made: list[Export] = []

    def start(self, body: dict[str, object], origin: str) -> dict[str, object]:
        """Write the file and return where its status is.

        Raises:
            HubSpotError: not an export request.
        """
        kind = KINDS.get(str(body.get("objectType")))
        names = body.get("objectProperties")
        if kind is None or body.get("format") not in {"CSV", "XLS", "XLSX"} or not isinstance(names, list):
            raise invalid("Invalid input JSON: objectType, format and objectProperties are required")
        known = [str(name) for name in names if name in kind.by_name]
        out = io.StringIO()
        rows = csv.writer(out)
        rows.writerow(["Record ID", *(kind.by_name[name].label for name in known)])
        for held in self._store.all(kind):
            rows.writerow([held.id, *(held.values.get(name, "") for name in known)])
        export = Export(secrets.token_urlsafe(24), self._store.now(), out.getvalue().encode("utf-8-sig"))
        self._made.append(export)
        number = len(self._made)
        link = f"{origin}/crm/v3/exports/export/async/tasks/{number}/status"
        return {"id": str(number), "links": {"status": link}}

    def status(self, number: str, origin: str) -> dict[str, object]:
        """Return that the export is done, and the URL of its file.

        Raises:
            HubSpotError: no export has this number.
        """
        if not number.isdecimal() or not 0 < int(number) <= len(self._made):
            raise no_such_route()
        export = self._made[int(number) - 1]
        at = hubspot_time(export.made)
        times: dict[str, object] = {"requestedAt": at, "startedAt": at, "completedAt": at}
        return {"status": "COMPLETE", "result": f"{origin}/exports/{export.name}.csv"} | times

    def file(self, name: str) -> bytes:
        """Return the CSV behind a link.

        Raises:
            HubSpotError: no file has this name.
        """
        for export in self._made:
            if f"{export.name}.csv" == name:
                return export.body
        raise no_such_route()
