"""Records as the two versions show them: 1 with links opened in short, 2 with ids and custom fields apart."""

from typing import Final

from proxy.sandbox.pipedrive.store import FILES, NOTES, OLD, ORGANIZATIONS, PERSONS, Entry, Held, Store, stamp

USERS: Final = {
    501: {"id": 501, "name": "Nora Hansen", "email": "nora.hansen@example.com"},
    502: {"id": 502, "name": "Paulo Dias", "email": "paulo.dias@example.com"},
}
_Tree = dict[str, object]


def person_v2(held: Held) -> _Tree:
    """Return a person as version 2 shows it."""
    return v2(held)


def v2(held: Held) -> _Tree:
    """Return a record as version 2 shows it."""
    tree: _Tree = {"id": held.id, **held.values}
    if held.kind == PERSONS:
        tree |= {name: held.lists.get(name, []) for name in ("emails", "phones")}
        tree |= {"picture_id": None, "label_ids": []}
    if held.kind not in OLD:
        tree["custom_fields"] = dict(held.custom)
    stamps = {"add_time": stamp(held.added, 2), "update_time": stamp(held.updated, 2)}
    return (
        tree | stamps | {"visible_to": held.values.get("visible_to", 3), "is_deleted": held.deleted is not None}
    )


def v1(held: Held, store: Store) -> _Tree:
    """Return a record as version 1 shows it."""
    tree: _Tree = {"id": held.id, **held.values, **held.custom}
    if held.kind == PERSONS:
        emails, phones = held.lists.get("emails", []), held.lists.get("phones", [])
        tree |= {"email": emails, "phone": phones, "primary_email": _primary(emails)}
        tree |= {"open_deals_count": 1, "first_char": str(held.values.get("name", ""))[:1].lower()}
    owner = USERS.get(_number(held.values.get("owner_id", held.values.get("user_id"))))
    if owner is not None and held.kind not in OLD:
        tree["owner_id"] = {**owner, "has_pic": 0, "pic_hash": None, "active_flag": True, "value": owner["id"]}
        tree["owner_name"] = owner["name"]
    if held.kind == NOTES and owner is not None:
        tree["user"] = dict(owner)
    organization = _linked(store, ORGANIZATIONS, held.values.get("org_id"))
    if organization is not None and held.kind not in OLD:
        short = {"name": organization.values["name"], "people_count": 1, "owner_id": 501}
        address = organization.values.get("address")
        tree["org_id"] = {**short, "address": address, "active_flag": True, "value": organization.id}
        tree["org_name"] = organization.values["name"]
    person = _linked(store, PERSONS, held.values.get("person_id"))
    if person is not None and held.kind == FILES:
        tree["person_name"] = person.values["name"]
    if person is not None and held.kind not in OLD:
        email, phone = person.lists.get("emails", []), person.lists.get("phones", [])
        short = {"active_flag": True, "name": person.values["name"], "email": _copies(email)}
        tree["person_id"] = {**short, "phone": _copies(phone), "owner_id": 501, "value": person.id}
        tree["person_name"] = person.values["name"]
    stamps = {"add_time": stamp(held.added, 1), "update_time": stamp(held.updated, 1)}
    return tree | stamps | {"visible_to": "3", "active_flag": held.deleted is None}


def found(held: Held, store: Store) -> _Tree:
    """Return a record as a search shows it."""
    item: _Tree = {"id": held.id, "type": held.kind.removesuffix("s"), "visible_to": 3, "owner": {"id": 501}}
    for name in ("name", "title", "address", "status", "value", "currency"):
        if name in held.values:
            item[name] = held.values[name]
    if held.kind == PERSONS:
        emails, phones = held.lists.get("emails", []), held.lists.get("phones", [])
        item |= {"emails": [each["value"] for each in emails], "phones": [each["value"] for each in phones]}
        item |= {
            "primary_email": _primary(emails),
            "custom_fields": [*map(str, held.custom.values())],
            "notes": [],
        }
    organization = _linked(store, ORGANIZATIONS, held.values.get("org_id"))
    if organization is not None:
        address = organization.values.get("address")
        item["organization"] = {"id": organization.id, "name": organization.values["name"], "address": address}
    person = _linked(store, PERSONS, held.values.get("person_id"))
    if person is not None:
        item["person"] = {"id": person.id, "name": person.values["name"]}
    return {"result_score": 0.42, "item": item}


def _linked(store: Store, kind: str, key: object) -> Held | None:
    number = _number(key)
    return next((held for held in store.all(kind) if held.id == number), None)


def _number(key: object) -> int:
    return int(str(key)) if str(key).isdecimal() else -1


def _primary(entries: list[Entry]) -> object:
    return next((each["value"] for each in entries if each["primary"]), None)


def _copies(entries: list[Entry]) -> list[Entry]:
    return [dict(each) for each in entries]
