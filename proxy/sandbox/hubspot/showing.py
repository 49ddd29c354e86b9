"""Records as answers show them."""

from collections.abc import Iterable

from proxy.sandbox.clock import hubspot_time
from proxy.sandbox.exchange import Call
from proxy.sandbox.hubspot.kinds import KINDS
from proxy.sandbox.hubspot.linking import Links, entry
from proxy.sandbox.hubspot.properties import Kind
from proxy.sandbox.hubspot.store import Held


def named(call: Call, parameter: str) -> list[str]:
    """Return a list parameter, written either `a,b` or once per item."""
    return [name for text in call.arguments.get(parameter, []) for name in text.split(",") if name]


def shown(kind: Kind, held: Held, names: Iterable[str] = (), history: Iterable[str] = ()) -> dict[str, object]:
    """Return one record with the properties asked for; unknown names are passed over."""
    wanted = list(names)
    columns = sorted({*wanted, *_always(kind)} if wanted else kind.default)
    record: dict[str, object] = {
        "id": held.id,
        "properties": {name: held.values.get(name) for name in columns if name in kind.by_name},
        "createdAt": hubspot_time(held.created),
        "updatedAt": hubspot_time(held.updated),
        "archived": held.archived is not None,
    }
    if held.archived is not None:
        record["archivedAt"] = hubspot_time(held.archived)
    past = {name: _history(held, name) for name in history if name in kind.by_name}
    if past:
        record["propertiesWithHistory"] = past
    return record


def written(kind: Kind, held: Held, names: Iterable[str]) -> dict[str, object]:
    """Return a record as create and update answer: what was written, and what HubSpot derived from it."""
    derived = ("hs_email_domain", "hs_searchable_calculated_phone_number", "lifecyclestage")
    extra = [name for name in derived if name in held.values]
    return shown(kind, held, [*names, *extra])


def associated(links: Links, kind: Kind, held: Held, wanted: Iterable[str]) -> dict[str, object]:
    """Return the `associations` of a record that are asked for; of none there is nothing."""
    others = [KINDS[name] for name in wanted if name in KINDS]
    found = {
        other.name: {"results": [entry(kind, other, far) for far in fars]}
        for other in others
        if (fars := links.of(kind, held.id, other))
    }
    return {"associations": found} if found else {}


def page(results: list[dict[str, object]], after: int | None, link: str) -> dict[str, object]:
    """Return one page of results; `after` is where the next one begins, None on the last."""
    if after is None:
        return {"results": results}
    return {"results": results, "paging": {"next": {"after": str(after), "link": f"{link}after={after}"}}}


def _always(kind: Kind) -> tuple[str, ...]:
    return ("createdate", "hs_object_id", kind.modified)


def _history(held: Held, name: str) -> list[dict[str, object]]:
    return [
        {"value": value, "timestamp": hubspot_time(at), "sourceType": "INTEGRATION", "sourceId": "sandbox"}
        for value, at in held.history.get(name, [])
    ]
