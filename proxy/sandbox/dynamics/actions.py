"""The actions and functions of the Web API that the sandbox knows, by their parameters.

POST Merge, Restore, DeleteRecordChangeHistory
GET RetrieveRecordChangeHistory(Target=@t)?@t={"@odata.id":"contacts(...)"}
"""

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from proxy.sandbox.dynamics.refusals import bad_request, no_such_row
from proxy.sandbox.dynamics.store import Row, Store
from proxy.sandbox.dynamics.tables import AUDIT, SETS, TABLES, Table
from proxy.sandbox.exchange import Answer, Call

HISTORY: Final = re.compile(r"RetrieveRecordChangeHistory\(Target=(@\w+)\)")


def merge(store: Store, body: Any) -> Answer:
    """Merge one row into another: the loser is inactive afterwards, and keeps everything that it holds."""
    (table, kept), (other, gone) = _target(body, "Target"), _target(body, "Subordinate")
    if table is not other or "masterid" not in table.columns:
        raise bad_request("Merge is not supported for these entities.")
    winner, loser = store.get(table, kept), store.get(other, gone)
    store.update(table, winner, dict(body.get("UpdateContent") or {}))
    for each in TABLES.values():
        for row in store.rows(each.name) if each is not AUDIT else ():
            for link in each.links:
                if row.get(link) == gone:
                    row[link] = kept
    store.update(table, loser, {"merged": True, "masterid": kept, "statecode": 1, "statuscode": 2})
    return Answer(204)


def restore(store: Store, body: Any) -> Answer:
    """Bring a row back from the recycle bin."""
    table, key = _target(body, "Target")
    row = store.restore(table, key)
    return Answer(200, {table.key: row[table.key], "@odata.type": "#Microsoft.Dynamics.CRM.RestoreResponse"})


def forget_changes(store: Store, body: Any) -> Answer:
    """Remove what the fields of a row were, whether or not the row is still there."""
    return Answer(200, {"DeletedEntriesCount": store.forget_changes(_target(body, "Target")[1])})


ACTIONS: Final[Mapping[str, Callable[[Store, Any], Answer]]] = MappingProxyType(
    {"Merge": merge, "Restore": restore, "DeleteRecordChangeHistory": forget_changes}
)


def history(store: Store, call: Call, alias: str) -> Answer:
    """Answer what the fields of a row were."""
    said = re.search(r"(\w+)\(([0-9A-Fa-f-]{36})\)", call.argument(alias) or "")
    if said is None or said[1] not in SETS:
        raise bad_request("The parameter Target is not a record.")
    entries: list[dict[str, object]] = [
        {
            "AuditRecord": {AUDIT.key: row[AUDIT.key], "action": row["action"]},
            "OldValue": {each["logicalName"]: each["oldValue"] for each in _changes(row)},
        }
        for row in store.rows(AUDIT.name)
        if row["objectid"] == said[2].lower()
    ]
    return Answer(200, {"AuditDetailCollection": {"AuditDetails": entries, "TotalRecordCount": -1}})


def _changes(row: Row) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(str(row["changedata"]))["changedAttributes"]
    return found


def _target(body: Any, name: str) -> tuple[Table, str]:
    said = body.get(name) if isinstance(body, dict) else None
    called = str(said.get("@odata.type", "")).rpartition(".")[2] if isinstance(said, dict) else ""
    table = TABLES.get(called)
    if table is None or not isinstance(said, dict):
        raise bad_request(f"The parameter {name} has no type that is known.")
    if table.key not in said:
        raise no_such_row(called, "")
    return table, str(said[table.key]).lower()
