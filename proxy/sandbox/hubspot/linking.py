"""Which records are linked, and the association APIs of v3 and v4 that say so."""

from collections.abc import Callable, Iterable

from proxy.sandbox.clock import hubspot_time
from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.hubspot.kinds import ENGAGEMENTS, KINDS
from proxy.sandbox.hubspot.properties import COMPANIES, CONTACTS, Kind
from proxy.sandbox.hubspot.refusals import invalid, no_such_object, no_such_route
from proxy.sandbox.hubspot.store import Held, Store

_Record = dict[str, object]
_End = tuple[str, str]
_DEFINED = {("contacts", "companies"): 279, ("companies", "contacts"): 280, ("contacts", "deals"): 4}
_DEFINED |= {("deals", "contacts"): 3, ("contacts", "tickets"): 15, ("tickets", "contacts"): 16}


class Links:
    """Every link of one account; each has two ends and no direction.

    Args:
        store: the records that are linked.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._far: dict[_End, dict[_End, None]] = {}

    def put(self, kind: Kind, key: str, other: Kind, far: str) -> None:
        """Link two records; a contact's first company is the one it works for.

        Raises:
            HubSpotError: one of them does not exist.
        """
        held = self.store.get(kind, key)
        away = self.store.get(other, far)
        self._far.setdefault((kind.name, key), {})[other.name, far] = None
        self._far.setdefault((other.name, far), {})[kind.name, key] = None
        for one, company in ((held, away), (away, held)):
            if {kind.name, other.name} == {CONTACTS.name, COMPANIES.name} and _is_contact(self.store, one):
                one.values.setdefault("associatedcompanyid", company.id)

    def cut(self, kind: Kind, key: str, other: Kind, far: str) -> None:
        """Take a link away, if there is one."""
        self._far.get((kind.name, key), {}).pop((other.name, far), None)
        self._far.get((other.name, far), {}).pop((kind.name, key), None)
        for at, id_, company in ((kind, key, far), (other, far, key)):
            held = self.store.find(at, id_) if at is CONTACTS else None
            if held is not None and held.values.get("associatedcompanyid") == company:
                held.values.pop("associatedcompanyid")

    def of(self, kind: Kind, key: str, other: Kind) -> list[str]:
        """Return what live records of another kind one is linked to, in the order they were linked."""
        found = [id_ for name, id_ in self._far.get((kind.name, key), {}) if name == other.name]
        held = [(id_, self.store.find(other, id_)) for id_ in found]
        return [id_ for id_, each in held if each is not None and each.archived is None]

    def move(self, kind: Kind, loser: str, winner: str) -> None:
        """Give one record all that another is linked to."""
        for name, far in list(self._far.get((kind.name, loser), {})):
            self.cut(kind, loser, KINDS[name], far)
            self.put(kind, winner, KINDS[name], far)

    def forget(self, kind: Kind, key: str) -> None:
        """Take away all links of a record, and what was written and said to it alone."""
        for name, far in list(self._far.pop((kind.name, key), {})):
            self._far.get((name, far), {}).pop((kind.name, key), None)
            if KINDS[name] in ENGAGEMENTS and not self._far.get((name, far)):
                self.store.forget(KINDS[name], far, None)


def _is_contact(store: Store, held: Held) -> bool:
    return store.find(CONTACTS, held.id) is held


def _type(kind: Kind, other: Kind) -> str:
    return f"{kind.label}_to_{other.label}".lower()


def entry(kind: Kind, other: Kind, far: str) -> _Record:
    """Return one link as v3 shows it."""
    return {"id": far, "type": _type(kind, other)}


def labelled(kind: Kind, other: Kind, far: str) -> _Record:
    """Return one link as v4 shows it."""
    number = _DEFINED.get((kind.name, other.name), 200)
    return {
        "toObjectId": int(far),
        "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": number, "label": None}],
    }


class Associations:
    """The association APIs.

    Args:
        links: what is linked.
    """

    def __init__(self, links: Links) -> None:
        self.links = links

    def of_one(self, kind: Kind, key: str, rest: list[str], call: Call, version: str) -> Answer:
        """Answer `/objects/{kind}/{id}/associations/...`.

        Raises:
            HubSpotError: no such record or route.
        """
        match (call.method, *rest):
            case ("GET", other) if other in KINDS:
                self.links.store.get(kind, key)
                show = labelled if version == "v4" else entry
                far = KINDS[other]
                return Answer(200, {"results": [show(kind, far, id_) for id_ in self.links.of(kind, key, far)]})
            case ("PUT", "default", other, far) if other in KINDS and version == "v4":
                self.links.put(kind, key, KINDS[other], far)
                return self._complete(200, [self._default(kind, key, KINDS[other], far)], [])
            case ("PUT", other, far) if other in KINDS and version == "v4":
                self.links.put(kind, key, KINDS[other], far)
                return Answer(201, self._pair(kind, key, KINDS[other], far))
            case ("PUT", other, far, type_) if other in KINDS and type_ == _type(kind, KINDS[other]):
                self.links.put(kind, key, KINDS[other], far)
                return Answer(200, self.links.store.get(kind, key).as_simple())
            case ("DELETE", other, far, *_) if other in KINDS:
                self.links.cut(kind, key, KINDS[other], far)
                return Answer(204)
        raise no_such_route()

    def of_many(self, kind: Kind, other: Kind, rest: list[str], body: _Record, version: str) -> Answer:
        """Answer `/associations/{kind}/{other}/batch/...`.

        Raises:
            HubSpotError: no such record or route, or the body is none of this.
        """
        inputs = body.get("inputs")
        if not isinstance(inputs, list) or not all(isinstance(each, dict) for each in inputs):
            raise invalid("Invalid input JSON: inputs must be a list of objects")
        match rest:
            case ["batch", "read"]:
                return self._read(kind, other, [str(each.get("id")) for each in inputs], version)
            case ["batch", "create"]:
                show = self._pair if version == "v4" else self._made
                return self._complete(201, self._put(kind, other, inputs, show), [])
            case ["batch", "associate", "default"] if version == "v4":
                return self._complete(200, self._put(kind, other, inputs, self._default), [])
            case ["batch", "archive"]:
                for one in inputs:
                    for far in one["to"] if isinstance(one["to"], list) else [one["to"]]:
                        self.links.cut(kind, str(one["from"]["id"]), other, str(far["id"]))
                return Answer(204)
        raise no_such_route()

    def _read(self, kind: Kind, other: Kind, keys: list[str], version: str) -> Answer:
        show = labelled if version == "v4" else entry
        found = {key: self.links.of(kind, key, other) for key in keys}
        results: list[_Record] = [
            {"from": {"id": key}, "to": [show(kind, other, far) for far in fars]}
            for key, fars in found.items()
            if fars
        ]
        return self._complete(200, results, [key for key, fars in found.items() if not fars])

    def _put(
        self,
        kind: Kind,
        other: Kind,
        inputs: list[_Record],
        show: Callable[[Kind, str, Kind, str], _Record],
    ) -> list[_Record]:
        pairs = [(_id(one, "from"), _id(one, "to")) for one in inputs]
        for key, far in pairs:
            self.links.put(kind, key, other, far)
        return [show(kind, key, other, far) for key, far in pairs]

    def _pair(self, kind: Kind, key: str, other: Kind, far: str) -> _Record:
        ends = {"fromObjectTypeId": kind.type_id, "fromObjectId": int(key), "toObjectTypeId": other.type_id}
        return {**ends, "toObjectId": int(far), "labels": []}

    def _made(self, kind: Kind, key: str, other: Kind, far: str) -> _Record:
        return {"from": {"id": key}, "to": {"id": far}, "type": _type(kind, other)}

    def _default(self, kind: Kind, key: str, other: Kind, far: str) -> _Record:
        number = _DEFINED.get((kind.name, other.name), 200)
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}
        return {"from": {"id": key}, "to": {"id": far}, "associationSpec": spec}

    def _complete(self, status: int, results: Iterable[_Record], missing: list[str]) -> Answer:
        now = hubspot_time(self.links.store.now())
        tree: _Record = {"status": "COMPLETE", "results": list(results), "startedAt": now, "completedAt": now}
        if not missing:
            return Answer(status, tree)
        errors = [
            {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                "message": f"No associations found for object with id {key}",
                "context": {"fromObjectId": [key]},
            }
            for key in missing
        ]
        return Answer(207, tree | {"numErrors": len(errors), "errors": errors})


def _id(one: _Record, end: str) -> str:
    found = one.get(end)
    if not isinstance(found, dict) or not str(found.get("id", "")).isdecimal():
        raise no_such_object("0")
    return str(found["id"])
