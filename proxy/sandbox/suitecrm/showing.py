"""Beans as the API shows them: resources of JSON:API, with everything a bean has among the attributes."""

from collections.abc import Collection
from typing import Final

from proxy.sandbox.suitecrm.store import (
    ACCOUNTS,
    ADDRESSES,
    CASES,
    COLUMNS,
    CONTACTS,
    LEADS,
    NAMES,
    NOTES,
    Bean,
    Store,
    stamp,
)

LINKS: Final = {
    (CONTACTS, "accounts"): (ACCOUNTS, ""),
    (CONTACTS, "cases"): (CASES, "contact_id"),
    (CONTACTS, "notes"): (NOTES, "contact_id"),
    (ACCOUNTS, "contacts"): (CONTACTS, "account_id"),
    (ACCOUNTS, "cases"): (CASES, "account_id"),
    (CASES, "contacts"): (CONTACTS, ""),
}
"""(module, link) -> module on the other end, and the column there that holds the link; "": it is here."""
HERE: Final = {(CONTACTS, "accounts"): "account_id", (CASES, "contacts"): "contact_id"}
_USER: Final = "Nora Hansen"


def attributes(bean: Bean, store: Store) -> dict[str, object]:
    """Return every attribute of a bean: its columns, and what SuiteCRM works out from them."""
    found: dict[str, object] = {name: bean.values.get(name, "") for name in sorted(COLUMNS[bean.module])}
    if bean.module in {CONTACTS, LEADS}:
        name = f"{bean.values.get('first_name', '')} {bean.values.get('last_name', '')}".strip()
        address = store.address(bean)
        shown = "" if address is None or address.deleted else address.values["email_address"]
        found |= {"name": name, "full_name": name, "email1": shown}
    if bean.module == CONTACTS:
        account = store.get(ACCOUNTS, bean.values.get("account_id"))
        found["account_name"] = account.values["name"] if account is not None else ""
    return found | {
        "date_entered": stamp(bean.entered),
        "date_modified": stamp(bean.modified),
        "created_by": "1",
        "created_by_name": _USER,
        "modified_user_id": "1",
        "deleted": bean.values["deleted"],
    }


def resource(bean: Bean, store: Store, names: Collection[str] | None) -> dict[str, object]:
    """Return a bean as a resource."""
    found = attributes(bean, store)
    if names is not None:
        found = {name: value for name, value in found.items() if name in names}
    path = f"/V8/module/{bean.module}/{bean.id}/relationships"
    links = {link: {"links": {"related": f"{path}/{link}"}} for module, link in LINKS if module == bean.module}
    return {"type": NAMES[bean.module], "id": bean.id, "attributes": found, "relationships": links}


def linked(bean: Bean, link: str, store: Store) -> list[Bean]:
    """Return the beans behind a link."""
    other, column = LINKS[bean.module, link]
    if column:
        return store.linked(other, column, bean.id)
    found = store.get(other, bean.values.get(HERE[bean.module, link]))
    return [] if found is None else [found]


def fields(module: str) -> dict[str, object]:
    """Return the definitions of a module's fields, by name."""
    names = ["id", *sorted(COLUMNS[module]), "date_entered", "date_modified", "deleted"]
    names += ["name", "full_name", "email1"] if module in {CONTACTS, LEADS} else []
    return {name: _field(name) for name in names}


def _field(name: str) -> dict[str, object]:
    kind = "id" if name == "id" or name.endswith("_id") else "bool" if name == "deleted" else "varchar"
    told: dict[str, object] = {"type": kind, "required": name == "last_name", "dbType": kind, "len": 255}
    return told | ({"source": "non-db"} if name in {"email1", "full_name"} else {})


__all__ = ["ADDRESSES", "HERE", "LINKS", "attributes", "fields", "linked", "resource"]
