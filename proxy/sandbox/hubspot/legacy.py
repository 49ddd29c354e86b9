"""Version 1 of the contacts API: a cell for each property, with all that it ever was.

/contacts/v1/contact/vid/{vid}/profile                   GET  POST
/contacts/v1/contact/email/{email}/profile               GET  POST
/contacts/v1/contact/createOrUpdate/email/{email}        POST
/contacts/v1/contact                                     POST
/contacts/v1/contact/vid/{vid}                           DELETE
/contacts/v1/lists/{all|number}/contacts/all             GET
/contacts/v1/search/query?q=                             GET
"""

from collections.abc import Iterable

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.hubspot.lists import Lists
from proxy.sandbox.hubspot.properties import CONTACTS
from proxy.sandbox.hubspot.refusals import invalid, no_such_object, no_such_route
from proxy.sandbox.hubspot.searching import search
from proxy.sandbox.hubspot.showing import named
from proxy.sandbox.hubspot.store import Held, Store

_Record = dict[str, object]
_LISTED = ("firstname", "lastname", "company", "lastmodifieddate")
"""What a page shows of a contact unless told otherwise; a profile shows everything."""


class Legacy:
    """Answers version 1.

    Args:
        store: the contacts.
        lists: who is in which list.
    """

    def __init__(self, store: Store, lists: Lists) -> None:
        self.store = store
        self.lists = lists

    def dispatch(self, call: Call, rest: list[str], body: object) -> Answer:
        """Do what the call asks for.

        Raises:
            HubSpotError: anything the real service would refuse.
        """
        match (call.method, *rest):
            case ("GET", "contact", "vid" | "email" as by, key, "profile"):
                return Answer(200, _profile(self._get(by, key), named(call, "property"), _mode(call)))
            case ("POST", "contact", "vid" | "email" as by, key, "profile"):
                self.store.update(CONTACTS, self._get(by, key), _pairs(body))
                return Answer(204)
            case ("POST", "contact", "createOrUpdate", "email", email):
                return self._put(email, _pairs(body))
            case ("POST", "contact"):
                return Answer(200, _profile(self.store.create(CONTACTS, _pairs(body)), (), ""))
            case ("DELETE", "contact", "vid", key):
                self.store.archive(self._get("vid", key))
                return Answer(200, {"vid": int(key), "deleted": True, "reason": "OK"})
            case ("GET", "lists", number, "contacts", "all"):
                return self._page(call, self._members(number), "count", "vidOffset", "vid-offset")
            case ("GET", "search", "query"):
                request: _Record = {"query": call.argument("q"), "limit": 200}
                found, total, _ = search(CONTACTS, request, self.store.indexed(CONTACTS))
                answer = self._page(call, found, "count", "offset", "offset")
                assert isinstance(answer.tree, dict)
                return Answer(200, answer.tree | {"total": total})
        raise no_such_route()

    def _get(self, by: str, key: str) -> Held:
        return self.store.get(CONTACTS, key, "email" if by == "email" else None)

    def _put(self, email: str, values: _Record) -> Answer:
        held = self.store.find(CONTACTS, email, "email")
        if held is None or held.archived is not None:
            made = self.store.create(CONTACTS, {"email": email} | values)
            return Answer(200, {"vid": int(made.id), "isNew": True})
        self.store.update(CONTACTS, held, values)
        return Answer(200, {"vid": int(held.id), "isNew": False})

    def _members(self, number: str) -> list[Held]:
        everyone = list(self.store.all(CONTACTS))
        if number == "all":
            return everyone
        if number not in self.lists.members:
            raise no_such_object(number)
        return [held for held in everyone if held.id in self.lists.members[number]]

    def _page(self, call: Call, records: list[Held], count: str, offset: str, told: str) -> Answer:
        limit, after = int(call.argument(count) or "20"), int(call.argument(offset) or "0")
        left = [held for held in records if int(held.id) > after]
        shown, more = left[:limit], len(left) > limit
        names = named(call, "property") or _LISTED
        tree: _Record = {"contacts": [_profile(held, names, _mode(call) or "value_only") for held in shown]}
        return Answer(200, tree | {"has-more": more, told: int(shown[-1].id) if shown else 0})


def _mode(call: Call) -> str:
    return call.argument("propertyMode") or ""


def _profile(held: Held, names: Iterable[str], mode: str) -> _Record:
    wanted = [name for name in (list(names) or held.values) if name in held.values]
    return {
        "vid": int(held.id),
        "canonical-vid": int(held.id),
        "merged-vids": [],
        "portal-id": 62515,
        "is-contact": True,
        "properties": {name: _cell(held, name, mode) for name in wanted},
        "form-submissions": [],
        "identity-profiles": [
            {
                "vid": int(held.id),
                "identities": [{"type": "EMAIL", "value": held.values.get("email", ""), "is-primary": True}],
            }
        ],
        "merge-audits": [],
    }


def _cell(held: Held, name: str, mode: str) -> _Record:
    cell: _Record = {"value": held.values[name]}
    if mode == "value_only":
        return cell
    versions = [
        {
            "value": value,
            "timestamp": int(at * 1000),
            "source-type": "API",
            "source-id": "sandbox",
            "selected": False,
        }
        for value, at in held.history.get(name, [])
    ]
    return cell | {"versions": versions}


def _pairs(body: object) -> _Record:
    pairs = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(pairs, list) or not all(isinstance(each, dict) and "property" in each for each in pairs):
        raise invalid("Invalid input JSON: properties must be a list of {property, value}")
    return {str(each["property"]): each.get("value") for each in pairs}
