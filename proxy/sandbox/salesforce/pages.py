"""Long results in pages: the first with the query, the rest under `nextRecordsUrl`."""

import re

from proxy.sandbox.salesforce.ids import make_id
from proxy.sandbox.salesforce.refusals import SalesforceError
from proxy.sandbox.salesforce.select import Found, Record

_KEPT = 32  # open results; the oldest is forgotten, as the real service forgets a user's oldest cursor


class Pages:
    """Results that have not been read to their end.

    Args:
        size: records per page when the client does not ask for another number.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._open: dict[str, tuple[list[Record], int]] = {}
        self._opened = 0

    def first(self, found: Found, options: str, base: str) -> dict[str, object]:
        """Return the first page; `options` is the client's `Sforce-Query-Options` header."""
        size = self._page_size(options)
        if len(found.records) <= size:
            return {"totalSize": found.total, "done": True, "records": found.records}
        self._opened += 1
        locator = make_id("01g", self._opened)
        self._open[locator] = (found.records, size)
        if len(self._open) > _KEPT:
            self._open.pop(next(iter(self._open)))
        return self._page(locator, 0, base)

    def more(self, name: str, base: str) -> dict[str, object]:
        """Return the page called `01g...-2000`.

        Raises:
            SalesforceError: INVALID_QUERY_LOCATOR.
        """
        locator, _, start = name.rpartition("-")
        if locator not in self._open or not start.isdecimal():
            raise SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(locator, int(start), base)

    def _page(self, locator: str, start: int, base: str) -> dict[str, object]:
        records, size = self._open[locator]
        end = start + size
        page: dict[str, object] = {"totalSize": len(records), "done": end >= len(records)}
        if end < len(records):
            page["nextRecordsUrl"] = f"{base}/query/{locator}-{end}"
        return page | {"records": records[start:end]}

    def _page_size(self, options: str) -> int:
        match = re.search(r"batchSize\s*=\s*(\d+)", options, re.IGNORECASE)
        # The real service takes 200 to 2000 and moves anything else to the nearer end.
        return min(max(int(match[1]), 200), 2000) if match else self.size
