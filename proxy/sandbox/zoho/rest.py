"""The endpoints: from method and path to what the account does."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.zoho.bin import Bin
from proxy.sandbox.zoho.bulk import Bulk
from proxy.sandbox.zoho.comparing import value_at
from proxy.sandbox.zoho.criteria import parse
from proxy.sandbox.zoho.describing import fields, modules
from proxy.sandbox.zoho.querying import check, meets, paths_of, select
from proxy.sandbox.zoho.refusals import ZohoError, invalid_data, missing, no_such_path
from proxy.sandbox.zoho.showing import USERS, shown, stamp
from proxy.sandbox.zoho.store import (
    ACCOUNTS,
    ATTACHMENTS,
    CONTACTS,
    DEALS,
    NOTES,
    TASKS,
    Held,
    Store,
)

_BELOW: Final = {
    (CONTACTS, DEALS): "Contact_Name",
    (CONTACTS, TASKS): "Who_Id",
    (ACCOUNTS, CONTACTS): "Account_Name",
    (ACCOUNTS, DEALS): "Account_Name",
    (DEALS, TASKS): "What_Id",
}
_MAILS: Final = ("Email", "Secondary_Email")
_PHONES: Final = ("Phone", "Mobile")
_SORTED: Final = frozenset({"id", "Created_Time", "Modified_Time"})
_MOST: Final = 200
_PAGE: Final = "page-"
_MOST_WRITTEN: Final = 100


class Rest:
    """Says what each call means for one organisation."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._bin = Bin(store)
        self._bulk = Bulk(store)
        self.shares: dict[str, list[object]] = {}
        """Record -> whom it was shared with."""
        self.mails: list[object] = []
        """What was sent."""

    def dispatch(self, call: Call) -> Answer:
        """Do what the call asks for; raises ZohoError for what the real service would refuse."""
        match call.segments:
            case ("crm", "v8", "coql") if call.method == "POST":
                return self._coql(call)
            case ("crm", "v8", "settings", "modules") if call.method == "GET":
                return Answer(200, {"modules": modules()})
            case ("crm", "v8", "settings", "fields") if call.method == "GET":
                return Answer(200, {"fields": fields(self.store.kind(call.argument("module") or ""))})
            case ("crm", "v8", "settings", "recycle_bin", *rest):
                return self._bin.dispatch(call, rest)
            case ("crm", "bulk", "v8", "read", *rest):
                return self._bulk.dispatch(call, rest, body)
            case ("crm", "v8", name, *rest):
                return self._module(call, self.store.kind(name), rest)
        raise no_such_path()

    def _coql(self, call: Call) -> Answer:
        text = body(call).get("select_query")
        if not isinstance(text, str):
            raise ZohoError(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "select_query"})
        return select(text, self.store)

    def _module(self, call: Call, kind: str, rest: list[str]) -> Answer:
        match (call.method, *rest):
            case ("GET",):
                return self._list(call, kind)
            case ("GET", "search"):
                return self._search(call, kind)
            case ("GET", "deleted"):
                return self._bin.deleted(call, kind)
            case ("POST",):
                return self._each(call, lambda row: self._created(kind, row), 201)
            case ("PUT",):
                return self._each(call, lambda row: self._updated(kind, str(row.get("id")), row))
            case ("POST", "upsert"):
                return self._upsert(call, kind)
            case ("DELETE",):
                return self._many(ids(call.argument("ids")), kind)
            case ("POST", "actions", "mass_delete"):
                return self._mass_delete(call, kind)
            case ("GET", key):
                held = self.store.get(kind, key)
                return (
                    Answer(204)
                    if held is None
                    else Answer(200, {"data": [shown(held, self.store, names(call))]})
                )
            case ("PUT", key):
                return self._each(call, lambda row: self._updated(kind, key, row))
            case ("DELETE", key):
                return self._many([key], kind)
            case (_, key, *below):
                return self._below(call, self.store.must(kind, key), below)
        raise no_such_path()

    # ---- reading -----------------------------------------------------------------------------------------

    def _list(self, call: Call, kind: str) -> Answer:
        if not call.argument("fields"):
            raise missing("fields")
        sort = call.argument("sort_by") or "id"
        if sort not in _SORTED:
            raise invalid_data("sort_by", "the value given is not supported")
        wanted = ids(call.argument("ids")) if call.argument("ids") else None
        found = [held for held in self.store.all(kind) if wanted is None or held.id in wanted]
        found.sort(key=lambda held: str(value_at(held, (sort,), self.store)))
        if (call.argument("sort_order") or "desc") == "desc":
            found.reverse()
        return self._page(call, found)

    def _search(self, call: Call, kind: str) -> Answer:
        given = {name: call.argument(name) for name in ("criteria", "email", "phone", "word")}
        criteria = given["criteria"]
        if criteria:
            condition = parse(criteria)
            for path in paths_of(condition):
                check(path, kind)
            return self._page(
                call, [held for held in self.store.all(kind) if meets(held, condition, self.store)]
            )
        for word, among in (("email", _MAILS), ("phone", _PHONES)):
            if text := given[word]:
                return self._page(call, [held for held in self.store.all(kind) if _has(held, among, text)])
        text = given["word"]
        if not text or len(text) < 2:
            raise missing("criteria")
        every = [held for held in self.store.all(kind) if text.casefold() in _words(held)]
        return self._page(call, every)

    def _page(self, call: Call, found: list[Held]) -> Answer:
        token = (call.argument("page_token") or "").removeprefix(_PAGE)
        size, number = int(call.argument("per_page") or _MOST), int(token or call.argument("page") or "1")
        if not 0 < size <= _MOST or number < 1:
            raise invalid_data("per_page")
        start = (number - 1) * size
        page = found[start : start + size]
        if not page:
            return Answer(204)
        more = len(found) > start + size
        info = {
            "per_page": size, "next_page_token": f"{_PAGE}{number + 1}" if more else None, "count": len(page),
            "sort_by": "id", "page": number, "previous_page_token": None, "page_token_expiry": None,
            "sort_order": "desc", "more_records": more,
        }  # fmt: skip
        return Answer(200, {"data": [shown(held, self.store, names(call)) for held in page], "info": info})

    # ---- writing -----------------------------------------------------------------------------------------

    def _each(self, call: Call, do: Callable[[dict[str, object]], object], status: int = 200) -> Answer:
        """Do something with each record of the body, and say of each what came of it."""
        rows = body(call).get("data")
        if not isinstance(rows, list) or not rows:
            raise ZohoError(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "data"})
        if len(rows) > _MOST_WRITTEN:
            raise ZohoError(400, "INVALID_DATA", "invalid data", {"maximum_length": _MOST_WRITTEN})
        return _outcomes([_tried(partial(do, row)) for row in rows], status)

    def _created(self, kind: str, row: dict[str, object]) -> object:
        return self._success(self.store.create(kind, row), "record added")

    def _updated(self, kind: str, key: str, row: dict[str, object]) -> object:
        held = self.store.must(kind, key)
        self.store.update(held, row)
        return self._success(held, "record updated")

    def _upsert(self, call: Call, kind: str) -> Answer:
        given = body(call).get("duplicate_check_fields")
        by = [str(name) for name in given] if isinstance(given, list) else ["Email"]

        def put(row: dict[str, object]) -> object:
            named = [name for name in by if row.get(name)]
            held = next((each for name in named if (each := self.store.find(kind, name, row[name]))), None)
            if held is None:
                return {**self._success(self.store.create(kind, row), "record added"), "action": "insert"}
            self.store.update(held, row)
            found = {**self._success(held, "record updated"), "action": "update"}
            return {
                **found,
                "duplicate_field": next(name for name in named if self.store.find(kind, name, row[name])),
            }

        return self._each(call, put)

    def _many(self, keys: list[str], kind: str) -> Answer:
        def gone(key: str) -> object:
            held = self.store.must(kind, key)
            self.store.delete(held)
            return {"code": "SUCCESS", "details": {"id": key}, "message": "record deleted", "status": "success"}

        return _outcomes([_tried(partial(gone, key)) for key in keys])

    def _mass_delete(self, call: Call, kind: str) -> Answer:
        given = body(call)
        keys = given.get("ids")
        if not isinstance(keys, list):
            raise ZohoError(400, "INVALID_DATA", "invalid data", {"api_name": "cvid"})
        for key in keys:
            self.store.delete(self.store.must(kind, key))
        done = {"code": "SCHEDULED", "details": {"job_id": "1"}, "message": "Mass Delete scheduled successfully"}
        return Answer(202, {"data": [{**done, "status": "success"}]})

    def _success(self, held: Held, message: str) -> dict[str, object]:
        by = {"name": USERS["501"]["name"], "id": "501"}
        details = {
            "Modified_Time": stamp(held.modified), "Modified_By": by, "Created_Time": stamp(held.created),
            "id": held.id, "Created_By": by, "$approval_state": "approved",
        }  # fmt: skip
        return {"code": "SUCCESS", "details": details, "message": message, "status": "success"}

    # ---- below one record --------------------------------------------------------------------------------

    def _below(self, call: Call, held: Held, below: list[str]) -> Answer:
        match (call.method, *below):
            case ("GET", ("Notes" | "Attachments") as name):
                linked = [each for each in self.store.all(name) if each.values.get("Parent_Id") == held.id]
                return self._page(call, linked)
            case ("POST", "Notes"):
                return self._each(call, lambda row: self._created(NOTES, {**row, "Parent_Id": held.id}), 201)
            case ("GET", "Attachments", key):
                file = self.store.must(ATTACHMENTS, key)
                return Answer(200, headers={"Content-Type": "application/x-download"}, raw=file.content)
            case ("GET", name) if (held.kind, name) in _BELOW:
                by = _BELOW[held.kind, name]
                return self._page(
                    call, [each for each in self.store.all(name) if each.values.get(by) == held.id]
                )
            case ("POST", "actions", "merge"):
                return self._merge(call, held)
            case ("POST", "actions", "share"):
                self.shares.setdefault(held.id, []).extend(_listed(body(call), "share"))
                return _outcomes(
                    [{"code": "SUCCESS", "details": {}, "message": "share", "status": "success"}], key="share"
                )
            case ("POST", "actions", "send_mail"):
                self.mails += _listed(body(call), "data")
                return _outcomes(
                    [
                        {
                            "code": "SUCCESS",
                            "details": {},
                            "message": "Your mail has been sent successfully.",
                            "status": "success",
                        }
                    ]
                )
        raise no_such_path()

    def _merge(self, call: Call, held: Held) -> Answer:
        for merge in _listed(body(call), "merge"):
            others = merge.get("data") if isinstance(merge, dict) else None
            for other in others if isinstance(others, list) else []:
                gone = self.store.must(held.kind, other.get("id"))
                if gone is held:
                    continue
                taken = {str(each.get("api_name")) for each in other.get("_fields") or []}
                held.values |= {name: value for name, value in gone.values.items() if name in taken}
                self.store.delete(gone)
        return _outcomes(
            [{"code": "SCHEDULED", "details": {"job_id": "2"}, "message": "merge", "status": "success"}],
            key="merge",
        )


def body(call: Call) -> dict[str, object]:
    """Return the JSON object in the body; raises ZohoError."""
    try:
        tree = json.loads(call.body)
    except ValueError:
        raise ZohoError(400, "INVALID_DATA", "body", {"near": call.body.decode(errors="replace")[:40]}) from None
    if not isinstance(tree, dict):
        raise ZohoError(400, "INVALID_DATA", "body", {"expected_data_type": "jsonobject"})
    return tree


def ids(text: str | None) -> list[str]:
    """Return the ids in a list; raises ZohoError where there are none."""
    if not text:
        raise missing("ids")
    return text.split(",")


def names(call: Call) -> list[str] | None:
    """Return the fields that a call asks for, None for all."""
    given = call.argument("fields")
    return None if given is None else given.split(",")


def _tried(do: Callable[[], object]) -> object:
    try:
        return do()
    except ZohoError as error:
        return error.tree()


def _outcomes(found: list[object], status: int = 200, key: str = "data") -> Answer:
    wrong = [each for each in found if isinstance(each, dict) and each.get("status") == "error"]
    status = status if not wrong else 400 if len(wrong) == len(found) else 207
    return Answer(status, {key: found})


def _listed(tree: dict[str, object], name: str) -> list[object]:
    found = tree.get(name)
    if not isinstance(found, list) or not found:
        raise ZohoError(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": name})
    return found


def _has(held: Held, among: Iterable[str], text: str) -> bool:
    return any(str(held.values.get(name) or "").casefold() == text.casefold() for name in among)


def _words(held: Held) -> str:
    def texts() -> Iterator[str]:
        yield from (str(value) for value in held.values.values() if value is not None)

    return " ".join(texts()).casefold()
