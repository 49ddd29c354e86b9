"""The routes of the Web API that the sandbox answers.

/api/data/v9.2/{set}                     GET (query options or fetchXml)   POST create
/api/data/v9.2/{set}(ID or key='x')      GET PATCH (upsert) DELETE
/api/data/v9.2/{set}(ID)/{property}      GET PUT DELETE one column
/api/data/v9.2/{set}(ID)/{property}/$value   GET as text
/api/data/v9.2/{set}(ID)/{way}/$ref      DELETE a link
/api/data/v9.2/{set}/$count              GET as text
/api/data/v9.2/{action}                  POST Merge, Restore, DeleteRecordChangeHistory
/api/data/v9.2/RetrieveRecordChangeHistory(Target=@t)    GET
/api/data/v9.2/$batch                    POST several of these, as JSON or multipart
"""

import json
import re
from urllib.parse import quote, unquote

from proxy.sandbox.dynamics.actions import ACTIONS, HISTORY, history
from proxy.sandbox.dynamics.asking import Asking, outer
from proxy.sandbox.dynamics.batches import Batches
from proxy.sandbox.dynamics.fetching import Fetched
from proxy.sandbox.dynamics.filters import literal
from proxy.sandbox.dynamics.refusals import (
    bad_request,
    no_such_property,
    no_such_route,
    no_such_row,
    precondition,
)
from proxy.sandbox.dynamics.store import Row, Store
from proxy.sandbox.dynamics.tables import AUDIT, SETS, TABLES, Table
from proxy.sandbox.exchange import Answer, Call

_MAX_PAGE = 5_000
_ADDRESS = re.compile(r"(\w+)\((.*)\)")
_TEXT = {"Content-Type": "text/plain"}


class Rest:
    """Says what each call means for one environment."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def dispatch(self, call: Call) -> Answer:
        """Do what the call asks for; raises DataverseError for anything the real service would refuse."""
        parts = call.segments
        if parts[:2] != ("api", "data") or len(parts) < 4 or not re.fullmatch(r"v9\.[0-2]", parts[2]):
            raise no_such_route(parts[-1])
        if parts[3:] == ("$batch",) and call.method == "POST":
            return Batches(self.store, self.dispatch).answer(call)
        if len(parts) == 4 and parts[3] in ACTIONS and call.method == "POST":
            return ACTIONS[parts[3]](self.store, json.loads(call.body))
        if (asked := HISTORY.fullmatch(parts[3])) is not None and call.method == "GET":
            return history(self.store, call, asked[1])
        asking = Asking(self.store, annotated="include-annotations" in call.headers.get("Prefer", ""))
        found = _ADDRESS.fullmatch(parts[3])
        table = SETS.get(found[1] if found else parts[3])
        if table is None:
            raise no_such_route(parts[3])
        match (call.method, found, parts[4:]):
            case ("GET", None, ()):
                return self._list(table, call, asking)
            case ("GET", None, ("$count",)):
                return Answer(
                    200, raw=str(len(asking.chosen(table, _options(call)))).encode(), headers=dict(_TEXT)
                )
            case ("POST" | "PATCH" | "DELETE", _, _) if table is AUDIT:
                raise bad_request("The audit entity cannot be created, updated or deleted.")
            case ("POST", None, ()):
                return self._told(table, self.store.create(table, self._written(table, call)), call, asking, 201)
            case (_, re.Match(), ()):
                return self._one(table, found[2], call, asking)
            case ("DELETE", re.Match(), (name, "$ref")):
                return self._unlink(table, self._row(table, found[2]), name)
            case (_, re.Match(), (name, *rest)):
                return self._property(table, self._row(table, found[2]), name, rest, call)
        raise no_such_route(parts[-1])

    # ---- lists -------------------------------------------------------------------------------------------

    def _list(self, table: Table, call: Call, asking: Asking) -> Answer:
        head: dict[str, object] = {"@odata.context": f"{_base(call)}/$metadata#{table.set}"}
        if (text := call.argument("fetchXml")) is not None:
            annotated = "include-annotations" in call.headers.get("Prefer", "")
            return Answer(200, head | Fetched(self.store, table, text, annotated=annotated).answer())
        options = _options(call)
        if "$search" in options:
            raise bad_request("The query parameter $search is not supported.")
        if "$apply" in options:
            return Answer(200, {**head, "value": asking.applied(table, options["$apply"])})
        rows = asking.chosen(table, options)
        if options.get("$count") == "true":
            head["@odata.count"] = len(rows)
        if "$top" in options:
            rows = rows[: int(options["$top"])]
        asked = re.search(r"maxpagesize=(\d+)", call.headers.get("Prefer", ""))
        size = min(int(asked[1]), _MAX_PAGE) if asked else _MAX_PAGE
        turned = re.search(r"pagenumber=.(\d+)", options.get("$skiptoken", ""))
        page = int(turned[1]) if turned else 1
        shown = rows[(page - 1) * size : page * size]
        if len(rows) > page * size:
            head["@odata.nextLink"] = self._further(table, call, options, shown[-1], page + 1)
        return Answer(200, {**head, "value": [asking.shown(table, row, options) for row in shown]})

    @staticmethod
    def _further(table: Table, call: Call, options: dict[str, str], last: Row, page: int) -> str:
        """Return the link to the next page; its cookie holds the last row's id, as the real one does."""
        cookie = quote(quote(f'<cookie page="{page}"><{table.key} last="{{{last[table.key]}}}"/></cookie>'))
        given = {name: value for name, value in options.items() if name != "$skiptoken"}
        given["$skiptoken"] = f'<cookie pagenumber="{page}" pagingcookie="{cookie}" istracking="False" />'
        query = "&".join(f"{name}={quote(value)}" for name, value in given.items())
        return f"{_base(call)}/{table.set}?{query}"

    # ---- one row -----------------------------------------------------------------------------------------

    def _pairs(self, table: Table, key: str) -> dict[str, object]:
        if "=" not in key:
            return {table.key: key.lower()}
        pairs = dict(each.split("=", 1) for each in outer(key, ","))
        if not pairs.keys() <= {table.key, *table.unique}:
            raise bad_request(f"The specified key attributes are not a defined key for the {table.name} entity")
        return {name: literal(value) for name, value in pairs.items()}

    def _row(self, table: Table, key: str) -> Row:
        row = self.store.find(table, self._pairs(table, key))
        if row is None:
            raise no_such_row(table.name, key)
        return row

    def _one(self, table: Table, key: str, call: Call, asking: Asking) -> Answer:
        if call.method == "PATCH":
            return self._upsert(table, key, call, asking)
        row = self._row(table, key)
        if call.method == "DELETE":
            self.store.delete(table, row)
            return Answer(204)
        if call.method != "GET":
            raise no_such_route(key)
        context = {"@odata.context": f"{_base(call)}/$metadata#{table.set}/$entity"}
        return Answer(200, context | asking.shown(table, row, _options(call)))

    def _upsert(self, table: Table, key: str, call: Call, asking: Asking) -> Answer:
        pairs = self._pairs(table, key)
        row = self.store.find(table, pairs)
        must, must_not = call.headers.get("If-Match"), call.headers.get("If-None-Match")
        if (must_not == "*" and row is not None) or (must is not None and row is None):
            raise precondition() if row is not None else no_such_row(table.name, key)
        if row is not None and must not in {None, "*", f'W/"{row["@version"]}"'}:
            raise precondition()
        values = self._written(table, call)
        if row is None:
            own = str(pairs[table.key]) if table.key in pairs else None
            return self._told(table, self.store.create(table, {**pairs, **values}, own), call, asking, 201)
        self.store.update(table, row, values)
        return self._told(table, row, call, asking, 200)

    def _told(self, table: Table, row: Row, call: Call, asking: Asking, status: int) -> Answer:
        link = f"{_base(call)}/{table.set}({row[table.key]})"
        if "return=representation" not in call.headers.get("Prefer", ""):
            return Answer(204, headers={"OData-EntityId": link})
        headers = {"Preference-Applied": "return=representation", "Location": link}
        return Answer(status, asking.shown(table, row, _options(call)), headers=headers)

    def _written(self, table: Table, call: Call) -> dict[str, object]:
        try:
            body = json.loads(call.body)
        except ValueError:
            raise bad_request("Error reading JSON.") from None
        if not isinstance(body, dict):
            raise bad_request("Empty Payload. JSON content expected.")
        return dict(self._value(table, name, value) for name, value in body.items())

    def _value(self, table: Table, name: str, value: object) -> tuple[str, object]:
        if not name.endswith("@odata.bind"):
            if name not in table.columns or name in table.links:
                raise no_such_property(table.name, name)
            return name, value
        navigation = name.removesuffix("@odata.bind")
        found = _ADDRESS.fullmatch(str(value).removeprefix("/"))
        if navigation not in table.lookups or found is None or found[1] not in SETS:
            raise no_such_property(table.name, navigation)
        other = TABLES[table.targets[navigation]]
        return table.lookups[navigation], self._row(other, found[2])[other.key]

    def _unlink(self, table: Table, row: Row, name: str) -> Answer:
        """Clear a link, from the end that holds it or from the other."""
        found = _ADDRESS.fullmatch(name)
        if found is None and name in table.lookups:
            self.store.update(table, row, {table.lookups[name]: None})
        elif found is not None and found[1] in table.many:
            other = TABLES[table.targets[found[1]]]
            self.store.update(other, self._row(other, found[2]), {table.many[found[1]]: None})
        else:
            raise no_such_property(table.name, name)
        return Answer(204)

    def _property(self, table: Table, row: Row, name: str, rest: list[str], call: Call) -> Answer:
        column = table.column(name)
        if column is None:
            raise no_such_property(table.name, name)
        if call.method == "GET" and rest == ["$value"]:
            return Answer(200, raw=str(row[column] or "").encode(), headers=dict(_TEXT))
        if call.method == "GET" and not rest:
            return Answer(200, {"@odata.context": f"{_base(call)}/$metadata#{table.set}", "value": row[column]})
        if call.method in {"PUT", "DELETE"} and not rest:
            value = json.loads(call.body)["value"] if call.method == "PUT" else None
            self.store.update(table, row, {column: value})
            return Answer(204)
        raise no_such_route(name)


def _base(call: Call) -> str:
    return call.origin + "/".join(call.path.split("/")[:4])


def _options(call: Call) -> dict[str, str]:
    """Return the query options, aliases put in their place; raises DataverseError for one that is unknown."""
    given = {unquote(name): values[-1] for name, values in call.arguments.items()}
    known = {"$select", "$filter", "$orderby", "$top", "$expand", "$count", "$apply", "$search", "$skiptoken"}
    aliases = {name: value for name, value in given.items() if name.startswith("@")}
    for name in given.keys() - aliases.keys():
        if name not in known:
            raise bad_request(f"The query parameter {name} is not supported")
    for name, value in aliases.items():
        given = {each: text.replace(name, value) if each == "$filter" else text for each, text in given.items()}
    return {name: value for name, value in given.items() if name in known}
