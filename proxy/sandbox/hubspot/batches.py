"""`/crm/v3/objects/{kind}/batch/...`: up to a hundred records at once."""

from collections.abc import Callable

from proxy.sandbox.clock import hubspot_time
from proxy.sandbox.exchange import Answer
from proxy.sandbox.hubspot.properties import Kind
from proxy.sandbox.hubspot.refusals import HubSpotError, invalid, no_such_route
from proxy.sandbox.hubspot.showing import shown, written
from proxy.sandbox.hubspot.store import Held, Store

_Record = dict[str, object]


class Batches:
    """Batch calls on one kind of record.

    Args:
        store: the records.
        kind: which of them.
    """

    def __init__(self, store: Store, kind: Kind) -> None:
        self.store = store
        self.kind = kind

    def do(self, action: str, request: dict[str, object]) -> Answer:
        """Carry out a batch; 207 when some ids are unknown.

        Raises:
            HubSpotError: the request cannot be read, a value is refused, or there is no such action.
        """
        actions: dict[str, Callable[[dict[str, object], list[_Record]], Answer]] = {
            "read": self._read,
            "create": self._create,
            "update": self._update,
            "upsert": self._upsert,
            "archive": self._archive,
        }
        inputs = request.get("inputs")
        if action not in actions:
            raise no_such_route()
        if not isinstance(inputs, list) or len(inputs) > 100 or not all(isinstance(one, dict) for one in inputs):
            raise invalid("Invalid input JSON: inputs must be a list of at most 100 objects")
        return actions[action](request, inputs)

    def _read(self, request: dict[str, object], inputs: list[_Record]) -> Answer:
        by = request.get("idProperty")
        found, missing = self._found(inputs, None if by is None else str(by))
        names, past = _names(request, "properties"), _names(request, "propertiesWithHistory")
        return self._complete(200, [shown(self.kind, held, names, past) for held, _ in found], missing)

    def _create(self, _: dict[str, object], inputs: list[_Record]) -> Answer:
        made = []
        for one in inputs:
            values = _properties(one)
            made.append(written(self.kind, self.store.create(self.kind, values), values))
        return self._complete(201, made, [])

    def _upsert(self, _: dict[str, object], inputs: list[_Record]) -> Answer:
        """Update those that are found, create the others; each fails by itself, which 207 says of some."""
        results: list[_Record] = []
        errors: list[_Record] = []
        for one in inputs:
            by, key = str(one.get("idProperty")), str(one.get("id"))
            try:
                held = self.store.find(self.kind, key, by)
                new = held is None or held.archived is not None
                values = _properties(one) | ({by: key} if new else {})
                if held is None or new:
                    held = self.store.create(self.kind, values)
                else:
                    self.store.update(self.kind, held, values)
                results.append(written(self.kind, held, values) | {"new": new})
            except HubSpotError as error:
                errors.append(error.tree() | {"context": {"ids": [key]}})
        answer = self._complete(200, results, [])
        if not errors:
            return answer
        assert isinstance(answer.tree, dict)
        return Answer(207, answer.tree | {"numErrors": len(errors), "errors": errors})

    def _update(self, _: dict[str, object], inputs: list[_Record]) -> Answer:
        by = {str(one["idProperty"]) for one in inputs if one.get("idProperty")}
        found, missing = self._found(inputs, by.pop() if by else None)
        for held, one in found:
            self.store.update(self.kind, held, _properties(one))
        results = [written(self.kind, held, _properties(one)) for held, one in found]
        return self._complete(200, results, missing)

    def _archive(self, _: dict[str, object], inputs: list[_Record]) -> Answer:
        found, _missing = self._found(inputs, None)
        for held, _one in found:
            self.store.archive(held)
        return Answer(204)

    def _found(self, inputs: list[_Record], by: str | None) -> tuple[list[tuple[Held, _Record]], list[str]]:
        found, missing = [], []
        for one in inputs:
            key = str(one.get("id"))
            held = self.store.find(self.kind, key, by)
            if held is None or held.archived is not None:
                missing.append(key)
            else:
                found.append((held, one))
        return found, missing

    def _complete(self, status: int, results: list[_Record], missing: list[str]) -> Answer:
        now = hubspot_time(self.store.now())
        tree: _Record = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
        if not missing:
            return Answer(status, tree)
        label = self.kind.label.upper()
        error = {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": f"Could not get some {label} objects, they may be deleted or not exist. "
            "Check that ids are valid.",
            "context": {"ids": missing},
        }
        return Answer(207, tree | {"numErrors": 1, "errors": [error]})


def _names(request: dict[str, object], member: str) -> list[str]:
    names = request.get(member) or []
    if not isinstance(names, list):
        raise invalid(f"Invalid input JSON: {member} must be a list")
    return [str(name) for name in names]


def _properties(one: _Record) -> _Record:
    values = one.get("properties")
    if not isinstance(values, dict):
        raise invalid("Invalid input JSON: some of required attributes are not set [properties]")
    return values
