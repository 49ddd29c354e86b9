"""How each kind of CRM lists records page by page, and changes one: pure, requests out and answers in."""

import json
import secrets
import xmlrpc.client
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol, cast
from urllib.parse import quote, urlencode, urlsplit
from xml.parsers.expat import ExpatError

from proxy.errors import UpstreamFault
from proxy.message import Headers, Request, Response, Tree

PAGE: Final = 100
"""Records; HubSpot lists no more at once."""
_JSON: Final = (("content-type", "application/json"), ("accept", "application/json"))
_MARK: Final = secrets.token_hex(16)
"""Where the credential goes; nobody can have written it into a value that is sent with it."""
_PRECONDITION_FAILED: Final = 412
_CLOCKS: Final = timedelta(minutes=5)
"""By how much clocks may differ."""
_STAMP: Final = "_timestamp"
_SESSION: Final = ("lychgate-session", _MARK)
"""Has our credential put into the body; see `proxy.transport`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record, as far as it was asked for."""

    key: str
    values: Mapping[str, Tree]
    """By the names that policy has for fields."""
    version: str = ""
    """What the CRM has to be shown for a change to hold only if nobody else made one; "" if it has no such
    thing."""
    past: Mapping[str, Sequence[str]] = MappingProxyType({})
    """What a field held, the newest first, as far as the CRM tells."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and where the next ones begin."""

    rows: Sequence[Row]
    after: str
    """"" after the last page."""


Outcome = Literal["taken", "refused", "changed"]
"""What the CRM did with a change. changed: nothing, since the record is another one than its version says."""


class Walker(Protocol):
    """Walks one CRM. What it reads is untrusted: `rows` and `outcome` raise UpstreamFault for anything odd."""

    def page(self, name: str, fields: Sequence[str], after: str) -> Request:
        """Return what asks for the records of an object behind `after`, "" for the first ones."""
        ...

    def rows(self, name: str, fields: Sequence[str], answer: Response) -> Page:
        """Return what came."""
        ...

    def again(self, name: str, fields: Sequence[str], key: str) -> Request:
        """Return what asks for one record as it is now; `rows` reads the answer, 404 says that it is gone."""
        ...

    def change(self, name: str, row: Row, values: Mapping[str, str]) -> Request:
        """Return what writes values into one record."""
        ...

    def outcome(self, answer: Response) -> Outcome:
        """Say whether they were written."""
        ...


def walker_for(document: Mapping[str, Any], *, database: str = "") -> Walker | None:
    """Return how to walk the CRM that a connector describes, None if nobody knows.

    Args:
        document: all that the connector's file says.
        database: of a CRM whose URLs name one and whose connector does not.
    """
    grammars = {route.get("grammar", "") for route in document.get("routes", ())}
    if "soql" in grammars:
        return Salesforce()
    if "hubspot-search" in grammars:
        return HubSpot()
    if "odata" in grammars:
        (base, *_) = (
            str(route["match"]).partition(" ")[2].removesuffix("/{set}")
            for route in document["routes"]
            if str(route["match"]).endswith("/{set}")
        )
        objects = cast("Mapping[str, Any]", document["odata"])["objects"]
        return OData(
            base.replace("{version}", "v9.2"),
            {name: (each["set"], each["key"]) for name, each in objects.items()},
        )
    if "odoo" in grammars:
        said = cast("Mapping[str, Any]", document["odoo"])
        return Odoo(str(said["database"]), int(said["uid"]))
    if "rpc" in grammars:
        objects = cast("Mapping[str, Any]", document["rpc"]).get("objects") or {}
        typed = {name: each["typed"] for name, each in objects.items() if each.get("typed")}
        return Tryton(database, typed)
    return None


@dataclass(frozen=True, slots=True)
class Salesforce:
    """By id, so that a page is found again whatever was changed meanwhile."""

    root: str = "/services/data/v59.0"

    def page(self, name: str, fields: Sequence[str], after: str) -> Request:
        """See `Walker`."""
        where = f" WHERE Id > '{after}'" if after else ""
        # Names are the connector's, and `after` is an id of the CRM's own.
        return self._asking(f"SELECT Id, {', '.join(fields)} FROM {name}{where} ORDER BY Id LIMIT {PAGE}")  # noqa: S608

    def rows(self, name: str, fields: Sequence[str], answer: Response) -> Page:
        """See `Walker`; the CRM's own clock says when the page was read."""
        del name
        records = _list(_json(answer), "records")
        read = _before(answer)
        rows = [Row(_text(each, "Id"), {field: each.get(field) for field in fields}, read) for each in records]
        return Page(rows, rows[-1].key if len(rows) == PAGE else "")

    def again(self, name: str, fields: Sequence[str], key: str) -> Request:
        """See `Walker`."""
        return self._asking(f"SELECT Id, {', '.join(fields)} FROM {name} WHERE Id = '{key}'")  # noqa: S608

    def change(self, name: str, row: Row, values: Mapping[str, str]) -> Request:
        """See `Walker`."""
        headers = (*_JSON, ("if-unmodified-since", row.version))
        return Request("PATCH", f"{self.root}/sobjects/{name}/{row.key}", "", Headers(headers), _body(values))

    def outcome(self, answer: Response) -> Outcome:
        """See `Walker`."""
        return _told(answer, {204})

    def _asking(self, query: str) -> Request:
        return Request("GET", f"{self.root}/query", urlencode({"q": query}), Headers(_JSON))


@dataclass(frozen=True, slots=True)
class HubSpot:
    """By HubSpot's own cursor, which is the id of the last record.

    It takes every change, whatever was changed before; but it tells what a property held, so that a change which
    was written over can be put back.
    """

    def page(self, name: str, fields: Sequence[str], after: str) -> Request:
        """See `Walker`."""
        given = {"limit": str(PAGE), "properties": ",".join(fields)} | ({"after": after} if after else {})
        return Request("GET", f"/crm/v3/objects/{name}", urlencode(given), Headers(_JSON))

    def rows(self, name: str, fields: Sequence[str], answer: Response) -> Page:
        """See `Walker`."""
        del name
        tree = _json(answer)
        alone = isinstance(tree, dict) and "id" in tree
        rows = []
        for each in [cast("dict[str, Tree]", tree)] if alone else _list(tree, "results"):
            found = each.get("properties")
            properties = found if isinstance(found, dict) else {}
            values = {field: properties.get(field) for field in fields}
            rows.append(Row(_text(each, "id"), values, past=_past(each.get("propertiesWithHistory"))))
        match tree:
            case {"paging": {"next": {"after": str() | int() as after}}}:
                return Page(rows, str(after))
        return Page(rows, "")

    def again(self, name: str, fields: Sequence[str], key: str) -> Request:
        """See `Walker`."""
        given = {"properties": ",".join(fields), "propertiesWithHistory": ",".join(fields)}
        return Request("GET", self._path(name, key), urlencode(given), Headers(_JSON))

    def change(self, name: str, row: Row, values: Mapping[str, str]) -> Request:
        """See `Walker`."""
        body = _body({"properties": dict(values)})
        return Request("PATCH", self._path(name, row.key), "", Headers(_JSON), body)

    def outcome(self, answer: Response) -> Outcome:
        """See `Walker`."""
        return _told(answer, {200})

    @staticmethod
    def _path(name: str, key: str) -> str:
        return f"/crm/v3/objects/{name}/{quote(key, safe='')}"


@dataclass(frozen=True, slots=True)
class OData:
    """By the links of the service, which say where the next page is."""

    base: str
    objects: Mapping[str, tuple[str, str]]
    """Object -> its set and its key."""

    def page(self, name: str, fields: Sequence[str], after: str) -> Request:
        """See `Walker`."""
        set_, key = self.objects[name]
        headers = Headers((*_JSON, ("prefer", f"odata.maxpagesize={PAGE}")))
        if after:
            path, _, query = after.partition("?")
            return Request("GET", path, query, headers)
        return Request("GET", f"{self.base}/{set_}", urlencode({"$select": ",".join((key, *fields))}), headers)

    def rows(self, name: str, fields: Sequence[str], answer: Response) -> Page:
        """See `Walker`."""
        tree, key = _json(answer), self.objects[name][1]
        rows = [
            Row(
                _text(each, key),
                {field: each.get(field) for field in fields},
                str(each.get("@odata.etag") or ""),
            )
            for each in _list(tree, "value")
        ]
        link = urlsplit(str(tree.get("@odata.nextLink") or "")) if isinstance(tree, dict) else urlsplit("")
        if link.path and not link.path.startswith(self.base + "/"):
            raise UpstreamFault("unexpected_shape")
        return Page(rows, f"{link.path}?{link.query}" if link.path else "")

    def again(self, name: str, fields: Sequence[str], key: str) -> Request:
        """See `Walker`."""
        set_, of = self.objects[name]
        given = {"$select": ",".join((of, *fields)), "$filter": f"{of} eq {key}"}
        return Request("GET", f"{self.base}/{set_}", urlencode(given), Headers(_JSON))

    def change(self, name: str, row: Row, values: Mapping[str, str]) -> Request:
        """See `Walker`; it makes no record where there is none any more."""
        headers = Headers((*_JSON, ("if-match", row.version or "*")))
        return Request("PATCH", f"{self.base}/{self.objects[name][0]}({row.key})", "", headers, _body(values))

    def outcome(self, answer: Response) -> Outcome:
        """See `Walker`."""
        return _told(answer, {200, 204})


@dataclass(frozen=True, slots=True)
class Odoo:
    """By id, over XML-RPC, where every version has the credential in the call.

    No version of `write` takes a condition that all have; what a field held before nobody tells.
    """

    database: str
    uid: int

    def page(self, name: str, fields: Sequence[str], after: str) -> Request:
        """See `Walker`; archived records are among them."""
        return self._asking(name, fields, ["id", ">", int(after or 0)])

    def rows(self, name: str, fields: Sequence[str], answer: Response) -> Page:
        """See `Walker`; `false` is how Odoo says that there is nothing."""
        del name
        found = _rpc(answer)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise UpstreamFault("unexpected_shape")
        rows = [Row(str(each["id"]), {field: each.get(field) or None for field in fields}) for each in found]
        return Page(rows, rows[-1].key if len(rows) == PAGE else "")

    def again(self, name: str, fields: Sequence[str], key: str) -> Request:
        """See `Walker`."""
        return self._asking(name, fields, ["id", "=", int(key)])

    def change(self, name: str, row: Row, values: Mapping[str, str]) -> Request:
        """See `Walker`."""
        return self._call(name, "write", [[int(row.key)], dict(values)], {})

    def outcome(self, answer: Response) -> Outcome:
        """See `Walker`."""
        try:
            return "taken" if _rpc(answer) is True else "refused"
        except UpstreamFault:
            return "refused"

    def _asking(self, name: str, fields: Sequence[str], where: list[Any]) -> Request:
        context = {"active_test": False}
        named = {"fields": ["id", *fields], "limit": PAGE, "order": "id", "context": context}
        return self._call(name, "search_read", [[where]], named)

    def _call(self, name: str, method: str, args: list[Any], named: Mapping[str, Any]) -> Request:
        call = (self.database, self.uid, _MARK, name, method, args, dict(named))
        body = xmlrpc.client.dumps(call, "execute_kw", allow_none=True).encode()
        headers = Headers((("content-type", "text/xml"), _SESSION))
        return Request("POST", "/xmlrpc/2/object", "", headers, body)


@dataclass(frozen=True, slots=True)
class Tryton:
    """By id, over JSON-RPC; a typed value is read with what says its type."""

    database: str
    typed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def page(self, name: str, fields: Sequence[str], after: str) -> Request:
        """See `Walker`."""
        return self._asking(name, fields, ["id", ">", int(after or 0)])

    def rows(self, name: str, fields: Sequence[str], answer: Response) -> Page:
        """See `Walker`."""
        found = _json(answer)
        result = found.get("result") if isinstance(found, dict) else None
        if not isinstance(result, list) or not all(isinstance(each, dict) for each in result):
            raise UpstreamFault("unexpected_shape")
        rows = [
            Row(str(each["id"]), self._values(name, fields, each), str(each.get(_STAMP) or ""))
            for each in result
        ]
        return Page(rows, rows[-1].key if len(rows) == PAGE else "")

    def again(self, name: str, fields: Sequence[str], key: str) -> Request:
        """See `Walker`."""
        return self._asking(name, fields, ["id", "=", int(key)])

    def change(self, name: str, row: Row, values: Mapping[str, str]) -> Request:
        """See `Walker`; Tryton compares the time of the last change in the transaction that writes."""
        written = {self._stored(name, each): value for each, value in values.items()}
        context = {_STAMP: {f"{name},{row.key}": row.version}} if row.version else {}
        return self._call(f"model.{name}.write", [int(row.key)], written, context)

    def outcome(self, answer: Response) -> Outcome:
        """See `Walker`; a fault comes as a success with an error in it."""
        tree = _json(answer)
        match tree:
            case {"error": ["ConcurrencyException", *_]}:
                return "changed"
            case {"result": _, "error": None}:
                return "taken"
            case {"error": _}:
                return "refused"
            case {"result": _}:
                return "taken"
        return "refused"

    def _asking(self, name: str, fields: Sequence[str], where: list[Any]) -> Request:
        asked = [*sorted({self._stored(name, each) for each in fields} | self._by(name)), _STAMP]
        context = {"active_test": False}
        return self._call(f"model.{name}.search_read", [where], 0, PAGE, [["id", "ASC"]], asked, context)

    def _by(self, name: str) -> set[str]:
        return {str(self.typed[name]["by"])} if name in self.typed else set()

    def _stored(self, name: str, field_: str) -> str:
        typed = self.typed.get(name)
        kinds = {*typed["kinds"].values(), typed["other"]} if typed else set()
        return str(typed["stored"]) if typed and field_ in kinds else field_

    def _values(self, name: str, fields: Sequence[str], row: Mapping[str, Tree]) -> dict[str, Tree]:
        typed = self.typed.get(name)
        if typed is None:
            return {field_: row.get(field_) for field_ in fields}
        kind = typed["kinds"].get(row.get(typed["by"]), typed["other"])
        stored = {each: row.get(self._stored(name, each)) for each in fields}
        return {
            each: value for each, value in stored.items() if self._stored(name, each) == each or each == kind
        }

    def _call(self, method: str, *params: Any) -> Request:
        body = _body({"id": 1, "method": method, "params": list(params)})
        return Request("POST", f"/{self.database}/rpc/", "", Headers(_JSON), body)


def _before(answer: Response) -> str:
    """Return the moment before an answer was made, by the clock of whoever made it.

    A date has no parts of a second: what is changed in the second of the answer would not be later than it. An
    answer without a date is from no later than some minutes ago by our own clock.
    """
    said = answer.headers.one("date")
    try:
        read = datetime.now(UTC) - _CLOCKS if said is None else parsedate_to_datetime(said)
    except ValueError:
        raise UpstreamFault("unexpected_shape") from None
    return format_datetime(read.astimezone(UTC) - timedelta(seconds=1), usegmt=True)


def _told(answer: Response, taken: Collection[int]) -> Outcome:
    if answer.status in taken:
        return "taken"
    return "changed" if answer.status == _PRECONDITION_FAILED else "refused"


def _past(tree: Tree) -> dict[str, list[str]]:
    """Return what properties held, the newest first, as HubSpot lists it."""
    found: dict[str, list[str]] = {}
    for name, versions in (tree if isinstance(tree, dict) else {}).items():
        if isinstance(versions, list):
            found[name] = [str(each.get("value") or "") for each in versions if isinstance(each, dict)]
    return found


def _body(tree: object) -> bytes:
    return json.dumps(tree, ensure_ascii=False).encode()


def _json(answer: Response) -> Tree:
    if answer.status != 200:
        raise UpstreamFault("unexpected_status")
    try:
        found: Tree = json.loads(answer.body)
    except ValueError:
        raise UpstreamFault("unexpected_shape") from None
    return found


def _rpc(answer: Response) -> Tree:
    try:
        (found,), _ = xmlrpc.client.loads(answer.body.decode(), use_builtin_types=True)
    except (xmlrpc.client.Error, ExpatError, ValueError, TypeError):
        raise UpstreamFault("unexpected_shape") from None
    result: Tree = found
    return result


def _list(tree: Tree, name: str) -> list[dict[str, Tree]]:
    found = tree.get(name) if isinstance(tree, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise UpstreamFault("unexpected_shape")
    return found


def _text(tree: Mapping[str, Tree], name: str) -> str:
    found = tree.get(name)
    if not isinstance(found, str) or not found:
        raise UpstreamFault("unexpected_shape")
    return found
