"""The routes of HubSpot's CRM API v3 that the sandbox answers.

/crm/v3/objects/{kind}                          GET   page of records     POST  create
/crm/v3/objects/{kind}/{id}                     GET PATCH DELETE (archive); also by ?idProperty=email
/crm/v3/objects/{kind}/search                   POST
/crm/v3/objects/{kind}/batch/read|create|update|upsert|archive   POST
/crm/v3/objects/{kind}/merge                    POST
/crm/v3/objects/{kind}/{id}/associations/...    GET PUT DELETE; the same under v4
/crm/v3/associations/{kind}/{other}/batch/...   POST; the same under v4
/crm/v3/lists/...memberships, /crm/v3/owners    see `lists`
/contacts/v1/...                                see `legacy`
/crm/v3/objects/{kind}/gdpr-delete              POST  for good
/crm/v3/properties/{kind}[/{name}]              GET
/crm/v3/exports/export/async                    POST
/crm/v3/exports/export/async/tasks/{n}/status   GET
/exports/{unguessable}.csv                      GET   needs no token
"""

import json

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.hubspot.batches import Batches
from proxy.sandbox.hubspot.exporting import Exports
from proxy.sandbox.hubspot.kinds import KINDS
from proxy.sandbox.hubspot.legacy import Legacy
from proxy.sandbox.hubspot.linking import Associations, Links
from proxy.sandbox.hubspot.lists import Lists, owners
from proxy.sandbox.hubspot.properties import CONTACTS, Kind, definition
from proxy.sandbox.hubspot.refusals import HubSpotError, invalid, no_such_object, no_such_route
from proxy.sandbox.hubspot.searching import search
from proxy.sandbox.hubspot.showing import associated, named, page, shown, written
from proxy.sandbox.hubspot.store import Store


class Rest:
    """Says what each call means for one account.

    Args:
        store: the records.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.exports = Exports(store)
        self.links = Links(store)
        self.lists = Lists(store)
        self._associations = Associations(self.links)
        self._legacy = Legacy(store, self.lists)

    def dispatch(self, call: Call) -> Answer:
        """Do what the call asks for.

        Raises:
            HubSpotError: anything the real service would refuse.
        """
        match call.segments:
            case ("crm", "v3", *_):
                return self._v3(call)
            case ("crm", "v4" as version, "objects", name, key, "associations", *rest) if name in KINDS:
                return self._associations.of_one(KINDS[name], key, rest, call, version)
            case ("crm", "v4" as version, "associations", name, other, *rest) if {name, other} <= KINDS.keys():
                kinds = KINDS[name], KINDS[other]
                return self._associations.of_many(*kinds, rest, body(call), version)
            case ("contacts", "v1", *rest):
                return self._legacy.dispatch(call, rest, body(call) if call.body else None)
        raise no_such_route()

    def _v3(self, call: Call) -> Answer:
        match (call.method, *call.segments[2:]):
            case (_, "objects", name, key, "associations", *rest) if name in KINDS:
                return self._associations.of_one(KINDS[name], key, rest, call, "v3")
            case (_, "objects", name, *rest) if name in KINDS:
                return self._objects(KINDS[name], call, rest)
            case ("POST", "associations", name, other, *rest) if {name, other} <= KINDS.keys():
                return self._associations.of_many(KINDS[name], KINDS[other], rest, body(call), "v3")
            case (_, "lists", *rest):
                return self.lists.dispatch(call.method, rest, listed(call))
            case (_, "owners", *rest):
                return owners(call, rest)
            case ("GET", "properties", name) if name in KINDS:
                kind = KINDS[name]
                return Answer(200, {"results": [definition(kind, item) for item in kind.listed]})
            case ("GET", "properties", name, wanted) if name in KINDS and wanted in KINDS[name].by_name:
                return Answer(200, definition(KINDS[name], KINDS[name].by_name[wanted]))
            case ("POST", "exports", "export", "async"):
                return Answer(202, self.exports.start(body(call), call.origin))
            case ("GET", "exports", "export", "async", "tasks", number, "status"):
                return Answer(200, self.exports.status(number, call.origin))
        raise no_such_route()

    def _objects(self, kind: Kind, call: Call, rest: list[str]) -> Answer:
        match (call.method, *rest):
            case ("GET",):
                return self._list(kind, call)
            case ("POST",):
                values = properties(body(call))
                return Answer(201, written(kind, self.store.create(kind, values), values))
            case ("POST", "search"):
                return self._search(kind, body(call))
            case ("POST", "merge"):
                return self._merge(kind, body(call))
            case ("POST", "gdpr-delete") if kind is CONTACTS:
                return self._forget(kind, body(call))
            case ("POST", "batch", action):
                return Batches(self.store, kind).do(action, body(call))
            case ("GET" | "PATCH" | "DELETE", key):
                return self._one(kind, key, call)
        raise HubSpotError(405, "METHOD_NOT_ALLOWED", "The HTTP method is not allowed for this resource")

    def _one(self, kind: Kind, key: str, call: Call) -> Answer:
        by = call.argument("idProperty")
        if call.method == "DELETE":
            held = self.store.find(kind, key)
            if held is None:
                raise no_such_object(key)
            self.store.archive(held)
            return Answer(204)
        archived = _archived(call) and call.method == "GET"
        held = self.store.get(kind, key, by, archived=archived)
        if call.method == "PATCH":
            values = properties(body(call))
            self.store.update(kind, held, values)
            return Answer(200, written(kind, held, values))
        record = shown(kind, held, named(call, "properties"), named(call, "propertiesWithHistory"))
        return Answer(200, record | associated(self.links, kind, held, named(call, "associations")))

    def _list(self, kind: Kind, call: Call) -> Answer:
        limit, after = call.argument("limit") or "10", call.argument("after") or "0"
        if not limit.isdecimal() or not after.isdecimal() or not 0 < int(limit) <= 100:
            raise invalid(f"Invalid query parameters: limit={limit}, after={after}")
        # The cursor is the id before the page, so that deletions between pages skip nobody.
        archived = _archived(call)
        left = [held for held in self.store.all(kind, archived=archived) if int(held.id) >= int(after)]
        chosen, more = left[: int(limit)], left[int(limit) :]
        names, past = named(call, "properties"), named(call, "propertiesWithHistory")
        wanted = named(call, "associations")
        results = [
            shown(kind, held, names, past) | associated(self.links, kind, held, wanted) for held in chosen
        ]
        query = "&".join(part for part in call.query.split("&") if part and not part.startswith("after="))
        link = f"{call.origin}{call.path}?{query}&" if query else f"{call.origin}{call.path}?"
        return Answer(200, page(results, int(more[0].id) if more else None, link))

    def _search(self, kind: Kind, request: dict[str, object]) -> Answer:
        found, total, after = search(kind, request, self.store.indexed(kind))
        names = request.get("properties") or []
        if not isinstance(names, list):
            raise invalid("Invalid input JSON: properties must be a list")
        results = [shown(kind, held, map(str, names)) for held in found]
        tree: dict[str, object] = {"total": total, "results": results}
        if after is not None:
            tree["paging"] = {"next": {"after": str(after)}}
        return Answer(200, tree)

    def _merge(self, kind: Kind, request: dict[str, object]) -> Answer:
        winner, loser = str(request.get("primaryObjectId")), str(request.get("objectIdToMerge"))
        self.store.get(kind, winner)
        self.store.get(kind, loser)
        self.links.move(kind, loser, winner)
        return Answer(200, shown(kind, self.store.merge(kind, winner, loser)))

    def _forget(self, kind: Kind, request: dict[str, object]) -> Answer:
        by = request.get("idProperty")
        if not request.get("objectId"):
            raise invalid("Invalid input JSON: Cannot build PublicGdprDeleteInput, objectId is not set")
        held = self.store.find(kind, str(request["objectId"]), None if by is None else str(by))
        self.store.forget(kind, str(request["objectId"]), None if by is None else str(by))
        if held is not None:
            self.links.forget(kind, held.id)
            self.lists.forget(held.id)
        return Answer(204)


def _archived(call: Call) -> bool:
    # The Python SDK writes `True`, the others `true`.
    return (call.argument("archived") or "").lower() == "true"


def body(call: Call) -> dict[str, object]:
    """Return the JSON object in the body.

    Raises:
        HubSpotError: 400.
    """
    try:
        tree = json.loads(call.body)
    except ValueError as problem:
        raise invalid(f"Invalid input JSON: {problem}") from None
    if not isinstance(tree, dict):
        raise invalid("Invalid input JSON on line 1, column 1: not an object")
    return tree


def listed(call: Call) -> object:
    """Return whatever JSON is in the body; None for no body.

    Raises:
        HubSpotError: 400.
    """
    try:
        return json.loads(call.body) if call.body else None
    except ValueError as problem:
        raise invalid(f"Invalid input JSON: {problem}") from None


def properties(tree: dict[str, object]) -> dict[str, object]:
    """Return the properties a write carries.

    Raises:
        HubSpotError: there are none.
    """
    values = tree.get("properties")
    if not isinstance(values, dict):
        raise invalid("Invalid input JSON: some of required attributes are not set [properties]")
    return values
