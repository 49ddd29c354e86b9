"""Bulk reads: a job that writes a module's records to a file, which is fetched afterwards."""

import csv
import io
import zipfile
from collections.abc import Callable

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.zoho.refusals import ZohoError, invalid_id, no_such_path
from proxy.sandbox.zoho.showing import columns, shown
from proxy.sandbox.zoho.store import Store


class Bulk:
    """The jobs of one organisation; each is done at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._done: list[bytes] = []

    def dispatch(self, call: Call, rest: list[str], body: Callable[[Call], dict[str, object]]) -> Answer:
        """Start a job, say how far it is, or hand out its file; raises ZohoError."""
        match (call.method, *rest):
            case ("POST",):
                return self._start(body(call).get("query"))
            case ("GET", key):
                state = {"id": key, "operation": "read", "state": "COMPLETED", "result": {"page": 1}}
                return Answer(200, {"data": [state]}) if self._file(key) else Answer(204)
            case ("GET", key, "result"):
                return Answer(200, headers={"Content-Type": "application/zip"}, raw=self._file(key))
        raise no_such_path()

    def _start(self, query: object) -> Answer:
        module = query.get("module") if isinstance(query, dict) else None
        name = module.get("api_name") if isinstance(module, dict) else None
        if not isinstance(query, dict) or not isinstance(name, str):
            raise ZohoError(400, "INVALID_DATA", "invalid data", {"api_name": "module"})
        kind = self._store.kind(name)
        given = query.get("fields")
        names = [str(each) for each in given] if isinstance(given, list) else columns(kind)
        text = io.StringIO()
        rows = csv.DictWriter(text, ["id", *names], extrasaction="ignore")
        rows.writeheader()
        for held in self._store.all(kind):
            rows.writerow(shown(held, self._store, names))
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(f"{len(self._done) + 1}.csv", text.getvalue())
        self._done.append(file.getvalue())
        details = {"id": str(len(self._done)), "operation": "read", "state": "ADDED"}
        done = {"code": "ADDED_SUCCESSFULLY", "message": "Added successfully.", "details": details}
        return Answer(201, {"data": [{**done, "status": "success"}], "info": {}})

    def _file(self, key: str) -> bytes:
        if not key.isdecimal() or not 0 < int(key) <= len(self._done):
            raise invalid_id(key)
        return self._done[int(key) - 1]
