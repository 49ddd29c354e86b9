"""What was deleted: the list of a module's deleted records, and the recycle bin."""

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.zoho.refusals import ZohoError, invalid_id, missing, no_such_path
from proxy.sandbox.zoho.showing import binned, deleted
from proxy.sandbox.zoho.store import Held, Store, display_name

_MOST = 200


class Bin:
    """The two places where deleted records can still be seen."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def deleted(self, call: Call, kind: str) -> Answer:
        """Answer with what was deleted of a module: names and ids, of purged records too."""
        how = call.argument("type") or "all"
        if how not in {"all", "recycle", "permanent"}:
            raise ZohoError(400, "INVALID_DATA", "invalid data", {"api_name": "type"})
        bin_ = [held for held in self._store.binned() if held.kind == kind]
        rows = [deleted(kind, held.id, display_name(held), held.deleted or 0, "recycle") for held in bin_]
        rows += [
            deleted(kind, gone.id, gone.display_name, gone.at, "permanent")
            for gone in self._store.gone
            if gone.kind == kind
        ]
        return _page(call, "data", [row for row in rows if how in {"all", row["type"]}])

    def dispatch(self, call: Call, rest: list[str]) -> Answer:
        """Answer a call about the recycle bin; raises ZohoError."""
        match (call.method, *rest):
            case ("GET",):
                return _page(call, "recycle_bin", [binned(held) for held in self._store.binned()])
            case ("GET", key):
                found = self._of(key)
                return Answer(204) if found is None else _page(call, "recycle_bin", [binned(found)])
            case ("DELETE",):
                return self._purge(_ids(call))
            case ("DELETE", key):
                return self._purge([key])
        raise no_such_path()

    def _purge(self, keys: list[str]) -> Answer:
        found = [self._of(key) for key in keys]
        for key, held in zip(keys, found, strict=True):
            if held is None:
                raise invalid_id(key)
        for held in found:
            if held is not None:
                self._store.purge(held)
        done = {"code": "SUCCESS", "message": "recycle_bin record deleted successfully", "status": "success"}
        return Answer(200, {"recycle_bin": [{**done, "details": {"id": key}} for key in keys]})

    def _of(self, key: str) -> Held | None:
        return next((held for held in self._store.binned() if held.id == key), None)


def _ids(call: Call) -> list[str]:
    text = call.argument("ids")
    if not text:
        raise missing("ids")
    return text.split(",")


def _page(call: Call, name: str, rows: list[dict[str, object]]) -> Answer:
    size, number = int(call.argument("per_page") or _MOST), int(call.argument("page") or "1")
    page = rows[(number - 1) * size : number * size]
    if not page:
        return Answer(204)
    info = {"per_page": size, "count": len(page), "page": number, "more_records": len(rows) > number * size}
    return Answer(200, {name: page, "info": info})
