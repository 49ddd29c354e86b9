"""Lists of contacts, and the owners of records: two small APIs beside the objects."""

from proxy.sandbox.clock import hubspot_time
from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.hubspot.properties import CONTACTS
from proxy.sandbox.hubspot.refusals import invalid, no_such_object, no_such_route
from proxy.sandbox.hubspot.store import Store

_Record = dict[str, object]


class Lists:
    """Every list of an account: number -> the ids of those who are in it.

    Args:
        store: the contacts.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.members: dict[str, dict[str, float]] = {}
        """List -> contact -> when it came in."""

    def dispatch(self, method: str, rest: list[str], body: object) -> Answer:
        """Answer `/crm/v3/lists/...`.

        Raises:
            HubSpotError: no such list, contact or route.
        """
        match (method, *rest):
            case ("GET", "records", kind, key, "memberships") if kind in {CONTACTS.name, CONTACTS.type_id}:
                self.store.get(CONTACTS, key)
                found = {number: held[key] for number, held in self.members.items() if key in held}
                return Answer(200, {"results": [self._of_list(number, at) for number, at in found.items()]})
            case ("GET", number, "memberships"):
                held = self._list(number)
                results = [
                    {"recordId": key, "membershipTimestamp": hubspot_time(at)} for key, at in held.items()
                ]
                return Answer(200, {"results": results, "total": len(results)})
            case ("PUT", number, "memberships", "add" | "remove" as what):
                return self._change(self._list(number), what, body)
        raise no_such_route()

    def forget(self, key: str) -> None:
        """Take a contact out of all of them."""
        for held in self.members.values():
            held.pop(key, None)

    def _change(self, held: dict[str, float], what: str, body: object) -> Answer:
        if not isinstance(body, list):
            raise invalid("Invalid input JSON: not a list of record ids")
        keys = [str(key) for key in body]
        known = [key for key in keys if self.store.find(CONTACTS, key) is not None]
        for key in known:
            if what == "add":
                held.setdefault(key, self.store.now())
            else:
                held.pop(key, None)
        missing = [key for key in keys if key not in known]
        done = "recordsIdsAdded" if what == "add" else "recordIdsRemoved"
        other = "recordIdsRemoved" if what == "add" else "recordsIdsAdded"
        return Answer(200, {done: known, other: [], "recordIdsMissing": missing})

    def _list(self, number: str) -> dict[str, float]:
        if number not in self.members:
            raise no_such_object(number)
        return self.members[number]

    def _of_list(self, number: str, at: float) -> _Record:
        stamp = hubspot_time(at)
        return {
            "listId": number,
            "listVersion": 1,
            "firstAddedTimestamp": stamp,
            "lastAddedTimestamp": stamp,
            "isPublicList": False,
        }


_OWNERS: tuple[_Record, ...] = (
    {"id": "501", "email": "nora.hansen@example.com", "firstName": "Nora", "lastName": "Hansen", "userId": 7001},
    {"id": "502", "email": "paulo.dias@example.com", "firstName": "Paulo", "lastName": "Dias", "userId": 7002},
)


def owners(call: Call, rest: list[str]) -> Answer:
    """Answer `/crm/v3/owners[/{id}]`.

    Raises:
        HubSpotError: no such owner or route.
    """
    stamps = {"createdAt": "2024-05-01T08:00:00.000Z", "updatedAt": "2025-05-01T08:00:00.000Z"}
    everyone = [one | stamps | {"type": "PERSON", "archived": False, "teams": []} for one in _OWNERS]
    match (call.method, *rest):
        case ("GET",):
            email = call.argument("email")
            return Answer(200, {"results": [one for one in everyone if email in {None, "", one["email"]}]})
        case ("GET", key):
            for one in everyone:
                if one["id"] == key:
                    return Answer(200, one)
            raise no_such_object(key)
    raise no_such_route()
