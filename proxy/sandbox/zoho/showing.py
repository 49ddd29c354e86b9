"""Records as the API shows them: lookups as id and name, and times as it writes them."""

from collections.abc import Iterable
from typing import Final

from proxy.sandbox.clock import moment
from proxy.sandbox.zoho.store import CONTACTS, FIELDS, LEADS, Held, Store, display_name, looks_up

USERS: Final = {
    "501": {"name": "Nora Hansen", "id": "501", "email": "nora.hansen@example.com"},
    "502": {"name": "Paulo Dias", "id": "502", "email": "paulo.dias@example.com"},
}
Tree = dict[str, object]


def stamp(seconds: float) -> str:
    """Write an instant as the API does."""
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def columns(kind: str) -> list[str]:
    """Return every field that a record of a module shows."""
    named = ["Full_Name"] if kind in {CONTACTS, LEADS} else []
    return [*sorted(FIELDS[kind]), *named, "Created_Time", "Modified_Time", "Created_By", "Modified_By"]


def cell(held: Held, name: str, store: Store) -> object:
    """Return what a field of a record shows."""
    if name == "id":
        return held.id
    if name == "Full_Name":
        return display_name(held)
    if name in {"Created_Time", "Modified_Time"}:
        return stamp(held.created if name == "Created_Time" else held.modified)
    if name in {"Owner", "Created_By", "Modified_By"}:
        return dict(USERS.get(str(held.values.get("Owner") or "501"), USERS["501"]))
    value = held.values.get(name)
    if name == "Parent_Id" and value is not None:
        return _parent(str(value), store)
    far = looks_up(held.kind, name)
    if far is None or value is None:
        return value
    other = store.get(far, value)
    return None if other is None else {"name": display_name(other), "id": other.id}


def shown(held: Held, store: Store, names: Iterable[str] | None = None) -> Tree:
    """Return a record with some of its fields, or all."""
    wanted = columns(held.kind) if names is None else [name for name in names if name in _known(held.kind)]
    tree: Tree = {name: cell(held, name, store) for name in wanted}
    tree["id"] = held.id
    if names is None:
        tree |= {"$approved": True, "$editable": True, "$currency_symbol": "€"}
    if held.kind == "Attachments":
        tree["$se_module"], tree["$file_id"] = CONTACTS, f"file-{held.id}"
    return tree


def deleted(kind: str, key: str, name: str, at: float, how: str) -> Tree:
    """Return what the list of deleted records says of one."""
    by = {"name": USERS["501"]["name"], "id": "501"}
    return {
        "deleted_by": by, "id": key, "display_name": name, "type": how, "created_by": by,
        "deleted_time": stamp(at), "$module": kind,
    }  # fmt: skip


def binned(held: Held) -> Tree:
    """Return what the recycle bin says of a record."""
    by = {"name": USERS["501"]["name"], "id": "501"}
    return {
        "display_name": display_name(held), "deleted_time": stamp(held.deleted or 0), "owner": by,
        "module": {"api_name": held.kind, "id": "5725767000000002179"}, "deleted_by": by, "id": held.id,
    }  # fmt: skip


def _known(kind: str) -> set[str]:
    return {*columns(kind), "id"}


def _parent(key: str, store: Store) -> object:
    for kind in FIELDS:
        other = store.get(kind, key)
        if other is not None:
            module = {"api_name": kind, "id": "5725767000000002179"}
            return {"module": module, "name": display_name(other), "id": other.id}
    return None
