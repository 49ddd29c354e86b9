"""The routes of Pipedrive's API that the sandbox answers, under /v1 (or /api/v1) and /api/v2.

/{version}/{kind}                    GET POST
/{version}/{kind}/{id}               GET DELETE; PUT in version 1, PATCH in version 2
/{version}/{kind}/search             GET
/{version}/itemSearch                GET
/v1/{kind}/{id}/merge                PUT
/v1/persons/{id}/deals|activities|files, /v1/organizations/{id}/persons    GET
/v1/persons/{id}/changelog           GET: what its fields were
/v1/leads/{id}                       PATCH, and no PUT
"""

import base64
import copy
import json

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.pipedrive.refusals import PipedriveError, invalid, not_found
from proxy.sandbox.pipedrive.searching import search
from proxy.sandbox.pipedrive.showing import USERS, found, v1, v2
from proxy.sandbox.pipedrive.store import (
    ACTIVITIES,
    DEALS,
    FILES,
    KINDS,
    LEADS,
    NOTES,
    OLD,
    ORGANIZATIONS,
    PERSONS,
    Held,
    Store,
)

_FILTERS = ("owner_id", "person_id", "org_id", "deal_id", "stage_id", "pipeline_id", "status")
_BELOW = {
    (PERSONS, DEALS): "person_id",
    (PERSONS, ACTIVITIES): "person_id",
    (PERSONS, FILES): "person_id",
    (ORGANIZATIONS, PERSONS): "org_id",
}


class Rest:
    """Says what each call means for one account.

    Args:
        store: the records.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def dispatch(self, call: Call) -> Answer:
        """Do what the call asks for.

        Raises:
            PipedriveError: anything the real service would refuse.
        """
        match call.segments:
            case ("api", "v2", *rest):
                return self._version(2, call, rest)
            case ("v1", *rest) | ("api", "v1", *rest):
                return self._version(1, call, rest)
        raise not_found("Route", call.path)

    def _version(self, version: int, call: Call, rest: list[str]) -> Answer:
        match (call.method, *rest):
            case ("GET", "itemSearch"):
                return self._search(version, call, (PERSONS, ORGANIZATIONS, DEALS))
            case ("GET", kind, "search") if kind in {PERSONS, ORGANIZATIONS, DEALS, LEADS}:
                return self._search(version, call, (kind,))
            case (_, kind, *_) if kind not in KINDS or (version == 2 and kind in OLD):
                raise not_found("Route", call.path)
            case ("GET", kind):
                return self._page(version, call, self._chosen(kind, call))
            case ("POST", kind):
                return self._one(version, self.store.create(kind, body(call)), 201)
            case ("GET", kind, key):
                return self._one(version, self.store.get(kind, key))
            case ("PUT", kind, key) if version == 1:
                return self._updated(version, kind, key, call)
            case ("PATCH", kind, key) if version == 2 or kind == LEADS:
                return self._updated(version, kind, key, call)
            case ("DELETE", kind, key):
                held = self.store.get(kind, key)
                self.store.delete(held)
                return Answer(200, {"success": True, "data": {"id": held.id}})
            case ("PUT", kind, key, "merge") if version == 1:
                other = str(body(call).get("merge_with_id"))
                return self._one(version, self.store.merge(kind, key, other))
            case ("GET", kind, key, "changelog") if version == 1:
                changes = self.store.get(kind, key).changes
                return self._paged(version, changes, 0, len(changes), more=False)
            case ("GET", kind, key, below) if version == 1 and (kind, below) in _BELOW:
                self.store.get(kind, key)
                name = _BELOW[kind, below]
                linked = self.store.where(below, lambda each: str(each.values.get(name)) == key)
                return self._page(version, call, linked)
        raise PipedriveError(405, "Method not allowed", "ERR_METHOD")

    def _updated(self, version: int, kind: str, key: str, call: Call) -> Answer:
        held = self.store.get(kind, key)
        self.store.update(held, body(call))
        return self._one(version, held)

    def _shown(self, version: int, held: Held) -> dict[str, object]:
        return copy.deepcopy(v2(held) if version == 2 else v1(held, self.store))

    def _one(self, version: int, held: Held, status: int = 200) -> Answer:
        tree: dict[str, object] = {"success": True, "data": self._shown(version, held)}
        if version == 1:
            tree["related_objects"] = {"user": {str(key): dict(user) for key, user in USERS.items()}}
        return Answer(status, tree)

    def _chosen(self, kind: str, call: Call) -> list[Held]:
        """Return the records that a list asks for, sorted.

        Raises:
            PipedriveError: it names a filter, of which there are none.
        """
        if call.argument("filter_id"):
            raise invalid(f"Filter {call.argument('filter_id')} not found")
        wanted = {name: call.argument(name) for name in _FILTERS if call.argument(name)}
        if call.argument("user_id"):
            wanted["user_id" if kind == NOTES else "owner_id"] = call.argument("user_id")
        ids, first = call.argument("ids"), (call.argument("first_char") or "").lower()
        chosen = [
            held
            for held in self.store.all(kind)
            if all(str(held.values.get(name)) == value for name, value in wanted.items())
            and (not ids or str(held.id) in ids.split(","))
            and str(held.values.get("name", "")).lower().startswith(first)
        ]
        name, _, direction = (call.argument("sort_by") or call.argument("sort") or "id").partition(" ")
        down = "desc" in {direction.lower(), (call.argument("sort_direction") or "").lower()}
        return sorted(chosen, key=lambda held: _sortable(held, name), reverse=down)

    def _page(self, version: int, call: Call, records: list[Held]) -> Answer:
        limit = int(call.argument("limit") or "100")
        start = int(call.argument("start") or "0") if version == 1 else _opened(call.argument("cursor"))
        shown = [self._shown(version, held) for held in records[start : start + limit]]
        return self._paged(version, shown, start, limit, more=start + limit < len(records))

    def _paged(self, version: int, shown: object, start: int, limit: int, *, more: bool) -> Answer:
        if version == 2:
            after = {"next_cursor": _cursor(start + limit) if more else None}
            return Answer(200, {"success": True, "data": shown, "additional_data": after})
        paging: dict[str, object] = {"start": start, "limit": limit, "more_items_in_collection": more}
        paging |= {"next_start": start + limit} if more else {}
        # Version 1 says null for a list of nothing.
        return Answer(200, {"success": True, "data": shown or None, "additional_data": {"pagination": paging}})

    def _search(self, version: int, call: Call, kinds: tuple[str, ...]) -> Answer:
        types = (call.argument("item_types") or "").split(",")
        chosen = [kind for kind in kinds if kind.removesuffix("s") in types] if types != [""] else list(kinds)
        hits = search(self.store, chosen, call)
        limit = int(call.argument("limit") or "100")
        start = int(call.argument("start") or "0") if version == 1 else _opened(call.argument("cursor"))
        items = [found(held, self.store) for held in hits[start : start + limit]]
        return self._paged(version, {"items": items}, start, limit, more=start + limit < len(hits))


def _sortable(held: Held, name: str) -> tuple[int, str]:
    """Return what to sort by: numbers as numbers, everything else as text."""
    value = {"id": held.id, "add_time": held.added, "update_time": held.updated}.get(name, held.values.get(name))
    return (int(value), "") if isinstance(value, int | float) else (0, str(value or ""))


def _cursor(start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"start": start}).encode()).decode().rstrip("=")


def _opened(cursor: str | None) -> int:
    """Return where a page begins; raises PipedriveError for a cursor that is none."""
    if not cursor:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))["start"])
    except (ValueError, KeyError, TypeError):
        raise invalid(f"Invalid cursor: {cursor}") from None


def body(call: Call) -> dict[str, object]:
    """Return the JSON object in the body.

    Raises:
        PipedriveError: 400.
    """
    try:
        tree = json.loads(call.body)
    except ValueError as problem:
        raise invalid(f"Invalid JSON: {problem}") from None
    if not isinstance(tree, dict):
        raise invalid("Invalid JSON: not an object")
    return tree
