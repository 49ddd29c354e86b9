"""The methods of the models that clients call."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from proxy.sandbox.odoo import leaving
from proxy.sandbox.odoo.database import MODELS, Database, Row
from proxy.sandbox.odoo.refusals import OdooError, no_model

Given = dict[str, Any]
_PARAMETERS = {
    "search": ("domain", "offset", "limit", "order"),
    "search_count": ("domain", "limit"),
    "search_read": ("domain", "fields", "offset", "limit", "order", "load"),
    "read": ("ids", "fields", "load"),
    "name_search": ("name", "args", "operator", "limit", "domain"),
    "read_group": ("domain", "fields", "groupby", "offset", "limit", "orderby", "lazy"),
    "fields_get": ("allfields", "attributes"),
    "create": ("vals_list",),
    "write": ("ids", "vals"),
    "unlink": ("ids",),
    "context_get": (),
    "export_data": ("ids", "fields_to_export"),
    "action_lookup": ("ids",),
    "action_unlink": ("ids",),
}
"""Method -> its parameters, in order; all may be given by name, and a context as well."""


class Methods:
    """Does what a call asks for.

    Args:
        database: the records.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def call(self, model: str, method: str, args: list[Any], kwargs: Given) -> Any:
        """Return what a method returns.

        Raises:
            OdooError: no such model or method, wrong arguments, or whatever the method raises.
        """
        if model not in MODELS:
            raise no_model(model)
        names = _PARAMETERS.get(method)
        if names is None:
            raise OdooError("UserError", f"The method '{model}.{method}' does not exist", status=404)
        given = dict(zip(names, args, strict=False))
        if len(args) > len(names) or given.keys() & kwargs.keys() or not kwargs.keys() <= {*names, "context"}:
            raise OdooError("UserError", f"{method}() got unexpected arguments: {args} {kwargs}")
        found: Callable[[str, Given], Any] = getattr(self, f"_{method}")
        return found(model, given | kwargs)

    def _search(self, model: str, given: Given) -> list[int]:
        rows = self._database.chosen(model, given.get("domain"), given.get("context"))
        for term in reversed((given.get("order") or "id").split(",")):
            name, _, way = term.strip().partition(" ")
            rows.sort(key=lambda row: self._database.sorted(model, name, row), reverse=way.lower() == "desc")
        return [row["id"] for row in rows[given.get("offset") or 0 :][: given.get("limit") or None]]

    def _search_count(self, model: str, given: Given) -> int:
        rows = self._database.chosen(model, given.get("domain"), given.get("context"))
        return len(rows[: given.get("limit") or None])

    def _search_read(self, model: str, given: Given) -> list[Row]:
        return self._read(model, given | {"ids": self._search(model, given)})

    def _read(self, model: str, given: Given) -> list[Row]:
        names = ["id", *(given.get("fields") or MODELS[model])]
        load = given.get("load", "_classic_read")
        return [self._database.read(model, self._database.get(model, key), names, load) for key in given["ids"]]

    def _name_search(self, model: str, given: Given) -> list[list[Any]]:
        database, name = self._database, given.get("name")
        rows = database.chosen(model, given.get("args") or given.get("domain"), given.get("context"))
        sign = given.get("operator", "ilike")
        found = [row for row in rows if not name or database.called(model, row, sign, name)]
        return [[row["id"], database.name_of(model, row["id"])] for row in found[: given.get("limit", 100)]]

    def _read_group(self, model: str, given: Given) -> list[Row]:
        names = [given["groupby"]] if isinstance(given["groupby"], str) else given["groupby"]
        lazy = given.get("lazy", True)
        used = [name.partition(":")[0] for name in (names[:1] if lazy else names)]
        groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for row in self._database.chosen(model, given.get("domain"), given.get("context")):
            groups[tuple(row[name] for name in used)].append(row)
        found = []
        for key, rows in groups.items():
            group: Row = {f"{used[0]}_count" if lazy else "__count": len(rows)}
            for name, spec, value in zip(used, names, key, strict=False):
                group[spec] = self._database.shown(model, name, value, "_classic_read")
            group["__domain"] = [[name, "=", value] for name, value in zip(used, key, strict=True)]
            found.append(
                group | {text.partition(":")[0]: _computed(text, rows) for text in given.get("fields") or []}
            )
        return found[given.get("offset") or 0 :][: given.get("limit") or None]

    @staticmethod
    def _context_get(model: str, _given: Given) -> Row:
        if model != "res.users":
            raise no_model(model)
        return {"lang": "en_US", "tz": "Europe/Dublin", "uid": 2}

    @staticmethod
    def _fields_get(model: str, given: Given) -> dict[str, Row]:
        found = {}
        for name, kind in MODELS[model].items():
            if given.get("allfields") and name not in given["allfields"]:
                continue
            told: Row = {"type": kind.partition(":")[0], "string": name.title(), "store": True, "manual": False}
            if ":" in kind:
                told["relation"] = kind.split(":")[1]
            wanted = given.get("attributes")
            found[name] = {each: value for each, value in told.items() if not wanted or each in wanted}
        return found

    def _create(self, model: str, given: Given) -> int | list[int]:
        vals = given["vals_list"]
        if isinstance(vals, list):
            return [self._database.create(model, each) for each in vals]
        return self._database.create(model, vals)

    def _write(self, model: str, given: Given) -> bool:
        silent = (given.get("context") or {}).get("tracking_disable")
        for key in given["ids"]:
            row = self._database.get(model, key)
            before = dict(row)
            self._database.set(model, row, given["vals"])
            if not silent:
                leaving.track(self._database, model, before, row)
        return True

    def _action_lookup(self, model: str, given: Given) -> bool:
        for key in given["ids"]:
            leaving.look_up(self._database, self._database.get(model, key))
        return True

    def _action_unlink(self, model: str, given: Given) -> bool:
        for key in given["ids"]:
            leaving.unlink(self._database, self._database.get(model, key))
        return True

    def _unlink(self, model: str, given: Given) -> bool:
        for key in given["ids"]:
            self._database.remove(model, key)
        return True

    def _export_data(self, model: str, given: Given) -> dict[str, list[list[Any]]]:
        rows = self._read(model, {"ids": given["ids"], "fields": given["fields_to_export"], "load": ""})
        return {"datas": [[row[name] for name in given["fields_to_export"]] for row in rows]}


def _computed(text: str, rows: list[Row]) -> Any:
    """Return an aggregate, `field:function` or `name:function(field)`."""
    alias, _, function = text.partition(":")
    name = function.partition("(")[2].rstrip(")") or alias
    values = [row[name] for row in rows if row[name] is not False]
    if function.startswith("count"):
        return len(set(values) if "distinct" in function else values)
    if function.startswith(("min", "max")):
        return (min if function.startswith("min") else max)(values, default=False)
    return sum(each for each in values if isinstance(each, int | float))
