"""What a search finds: a text in the fields that it names, or in all that can be searched."""

from collections.abc import Iterable, Iterator

from proxy.sandbox.exchange import Call
from proxy.sandbox.pipedrive.refusals import invalid
from proxy.sandbox.pipedrive.store import DEALS, LEADS, NOTES, ORGANIZATIONS, PERSONS, Held, Store

_FIELDS = {
    PERSONS: ("custom_fields", "email", "name", "notes", "phone"),
    ORGANIZATIONS: ("address", "custom_fields", "name", "notes"),
    DEALS: ("custom_fields", "notes", "title"),
    LEADS: ("title",),
}


def search(store: Store, kinds: Iterable[str], call: Call) -> list[Held]:
    """Return the records in which a text is found.

    Raises:
        PipedriveError: it is too short, or a field cannot be searched.
    """
    term, exact = (call.argument("term") or "").casefold(), call.argument("exact_match") in {"1", "true"}
    if len(term) < (1 if exact else 2):
        raise invalid("term must have at least 2 characters")
    named = [name for name in (call.argument("fields") or "").split(",") if name]
    if not set(named) <= {name for names in _FIELDS.values() for name in names}:
        raise invalid(f"fields cannot be searched: {named}")
    hits = []
    for kind in kinds:
        names = [name for name in _FIELDS[kind] if not named or name in named]
        for held in store.all(kind):
            texts = [text.casefold() for name in names for text in _texts(store, held, name)]
            if any(text == term if exact else term in text for text in texts) and _linked(held, call):
                hits.append(held)
    return hits


def _linked(held: Held, call: Call) -> bool:
    wanted = {"org_id": call.argument("organization_id"), "person_id": call.argument("person_id")}
    return all(not value or str(held.values.get(name)) == value for name, value in wanted.items())


def _texts(store: Store, held: Held, name: str) -> Iterator[str]:
    if name == "custom_fields":
        yield from map(str, held.custom.values())
    elif name in {"email", "phone"}:
        yield from (str(each["value"]) for each in held.lists.get(f"{name}s", []))
    elif name == "notes":
        link = {PERSONS: "person_id", ORGANIZATIONS: "org_id", DEALS: "deal_id"}[held.kind]
        yield from (str(note.values["content"]) for note in store.all(NOTES) if note.values.get(link) == held.id)
    else:
        yield str(held.values.get(name) or "")
