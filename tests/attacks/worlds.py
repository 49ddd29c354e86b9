"""Small CRMs that are the same each time, and whatever a client might ask of the people in them.

`test_noninterference.py` has two of each differ in what a caller may not see; Salesforce and HubSpot are there.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from hypothesis import strategies as st

from proxy.sandbox import (
    Call,
    DynamicsSandbox,
    OdooSandbox,
    PipedriveSandbox,
    Sandbox,
    StoppedClock,
    SuiteCrmSandbox,
    ZohoSandbox,
)
from tests.e2e.harness import CRM_TOKEN

Sent = tuple[str, str, object]
Texts = st.SearchStrategy[str]
Asked = st.SearchStrategy[Sent]
_OWN: Final = 40
"""Digits that a field of an account's own is called by in Pipedrive."""
VALUE: Final = st.text("abcxyz019", min_size=1, max_size=4)


@dataclass(frozen=True)
class World:
    """One kind of CRM."""

    object: str
    """What policy calls its people."""
    key: str
    """The member of a person that says its id."""
    make: Callable[[], Sandbox]
    write: Callable[[str, dict[str, str | None]], Sent]
    """Writes fields of one person, as an administrator of the CRM would."""
    requests: Callable[[Texts, Texts, st.SearchStrategy[list[str]]], Asked]
    """Anything that a client may ask, by a strategy for ids, one for a field, and one for several."""


def _gets(*urls: Texts) -> Asked:
    return st.one_of(*urls).map(lambda url: ("GET", url, None))


def _said(names: list[str]) -> str:
    return ",".join(names)


# ---- Dynamics -----------------------------------------------------------------------------------------------

_TABLE = "/api/data/v9.2/contacts"


def _dynamics(key: Texts, field: Texts, some: st.SearchStrategy[list[str]]) -> Asked:
    compared = st.builds("{} {} '{}'".format, field, st.sampled_from(["eq", "ge", "ne"]), VALUE)
    called = st.builds("{}({},'{}')".format, st.sampled_from(["startswith", "contains"]), field, VALUE)
    where = compared | called | st.builds("not {}".format, called) | st.builds("{} eq null".format, field)
    filtered = where.map(lambda text: f"&$filter={quote(text)}")
    ordered = st.just("") | field.map(lambda name: f"&$orderby={name}%20desc")
    expanded = some.map(lambda names: f"&$expand=parentcustomerid_contact($select={_said(names)})")
    listed = st.builds(
        lambda names, more, order: f"{_TABLE}?$select={_said(names)}{more}{order}",
        some,
        filtered | st.just("") | st.just("&$count=true") | expanded,
        ordered,
    )
    computed = st.sampled_from(["min", "max", "countdistinct"])
    applied = st.builds(
        lambda name, how, by: f"{_TABLE}?$apply={quote(f'groupby(({by}),aggregate({name} with {how} as n))')}",
        field,
        computed,
        field,
    )
    fetched = st.builds(_fetch, some, field, st.sampled_from(["eq", "like", "ge", "null"]), VALUE, field)
    gets = _gets(
        listed,
        applied,
        fetched,
        where.map(lambda text: f"{_TABLE}/$count?$filter={quote(text)}"),
        st.builds(lambda one, names: f"{_TABLE}({one})?$select={_said(names)}", key, some),
        key.map(lambda one: f"{_TABLE}({one})"),
        st.builds(lambda one, name: f"{_TABLE}({one})/{name}", key, field),
        st.builds(lambda one, name: f"{_TABLE}({one})/{name}/$value", key, field),
        st.builds(lambda name, text: f"{_TABLE}({name}='{text}')", field, VALUE),
        VALUE.map(lambda text: f"{_TABLE}?$search={text}&$select=fullname"),
    )
    written = st.dictionaries(field, VALUE | st.none(), min_size=1, max_size=2)
    inside = gets.map(
        lambda sent: (
            "POST",
            "/api/data/v9.2/$batch",
            {"requests": [{"id": "1", "method": "GET", "url": sent[1].removeprefix("/api/data/v9.2/")}]},
        )
    )
    return st.one_of(
        gets,
        inside,
        st.builds(lambda one, body: ("PATCH", f"{_TABLE}({one})", body), key, written),
        st.builds(
            lambda one, name, text: ("PUT", f"{_TABLE}({one})/{name}", {"value": text}), key, field, VALUE
        ),
        st.builds(lambda one, name: ("DELETE", f"{_TABLE}({one})/{name}", None), key, field),
        key.map(lambda one: ("DELETE", f"{_TABLE}({one})", None)),
        written.map(lambda body: ("POST", _TABLE, body)),
    )


def _fetch(names: list[str], field: str, operator: str, text: str, order: str) -> str:
    shown = "".join(f"<attribute name='{name}'/>" for name in names)
    value = "" if operator == "null" else f" value='{text}'"
    condition = f"<filter><condition attribute='{field}' operator='{operator}'{value}/></filter>"
    query = f"<fetch><entity name='contact'>{shown}<order attribute='{order}'/>{condition}</entity></fetch>"
    return f"{_TABLE}?fetchXml={quote(query)}"


# ---- Odoo ---------------------------------------------------------------------------------------------------


def _odoo(key: Texts, field: Texts, some: st.SearchStrategy[list[str]]) -> Asked:
    compare = st.sampled_from(["=", "!=", "<", ">=", "ilike", "=like", "in"])
    leaf = st.tuples(field, compare, VALUE).map(
        lambda each: [each[0], each[1], [each[2]] if each[1] == "in" else each[2]]
    )
    path = st.builds(
        lambda hop, name, text: [f"{hop}.{name}", "=", text],
        st.sampled_from(["parent_id", "child_ids", "user_id"]),
        field,
        VALUE,
    )
    domain = st.lists(leaf | path, max_size=2) | leaf.map(lambda one: ["!", one])
    ids = key.map(lambda one: [int(one)])
    order = st.builds("{} {}".format, field, st.sampled_from(["asc", "desc"]))
    written = st.dictionaries(field, VALUE | st.just(False), min_size=1, max_size=2)
    calls: list[tuple[str, st.SearchStrategy[dict[str, Any]]]] = [
        ("search", st.fixed_dictionaries({"domain": domain}, optional={"order": order, "limit": st.just(2)})),
        ("search_count", st.fixed_dictionaries({"domain": domain})),
        ("search_read", st.fixed_dictionaries({"domain": domain, "fields": some}, optional={"order": order})),
        ("read", st.fixed_dictionaries({"ids": ids, "fields": some})),
        (
            "read_group",
            st.fixed_dictionaries(
                {"domain": domain, "fields": field.map(lambda name: [f"{name}:max"]), "groupby": some}
            ),
        ),
        ("name_search", st.fixed_dictionaries({"name": VALUE}, optional={"domain": domain})),
        ("fields_get", st.fixed_dictionaries({"allfields": some})),
        ("write", st.fixed_dictionaries({"ids": ids, "vals": written})),
        ("create", written.map(lambda row: {"vals_list": [row]})),
        ("unlink", st.fixed_dictionaries({"ids": ids})),
    ]
    called = st.one_of(*(st.tuples(st.just(method), given) for method, given in calls))
    return st.one_of(
        called.map(lambda call: ("POST", f"/json/2/res.partner/{call[0]}", call[1])),
        called.map(_by_json_rpc),
    )


def _by_json_rpc(call: tuple[str, dict[str, Any]]) -> Sent:
    method, said = call
    named = {name: value for name, value in said.items() if name != "ids"}
    given = ["crm", 2, "x", "res.partner", method, [said["ids"]] if "ids" in said else [], named]
    params = {"service": "object", "method": "execute_kw", "args": given}
    return "POST", "/jsonrpc", {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}


# ---- Pipedrive ----------------------------------------------------------------------------------------------


def _pipedrive(key: Texts, field: Texts, some: st.SearchStrategy[list[str]]) -> Asked:
    direction = st.sampled_from(["asc", "desc"])
    scope = st.sampled_from(["name", "email", "phone", "notes", "custom_fields", "name,custom_fields"])
    gets = _gets(
        key.map(lambda one: f"/api/v2/persons/{one}"),
        key.map(lambda one: f"/v1/persons/{one}"),
        st.builds(lambda one, name: f"/api/v2/persons/{one}?custom_fields={name}", key, field),
        st.builds(
            lambda name, way: f"/api/v2/persons?limit=3&sort_by={name}&sort_direction={way}", field, direction
        ),
        st.builds(lambda name, way: f"/v1/persons?limit=3&sort={name}%20{way.upper()}", field, direction),
        st.sampled_from("abcm").map(lambda letter: f"/v1/persons?first_char={letter}"),
        st.builds(lambda text, names: f"/api/v2/persons/search?term={text}&fields={names}", VALUE, scope),
        st.builds(lambda text, names: f"/v1/itemSearch?term={text}&fields={names}", VALUE, scope),
        VALUE.map(lambda text: f"/v1/persons/search?term={text}&exact_match=1"),
        key.map(lambda one: f"/v1/persons/{one}/deals"),
        key.map(lambda one: f"/v1/persons/{one}/activities"),
        key.map(lambda one: f"/v1/deals/{one}"),
        st.just("/api/v2/activities?limit=3"),
    )
    written = st.dictionaries(field, VALUE | st.none(), min_size=1, max_size=2)
    own = written.map(lambda body: {"custom_fields": body})
    return st.one_of(
        gets,
        st.builds(lambda one, body: ("PATCH", f"/api/v2/persons/{one}", body), key, written | own),
        st.builds(lambda one, body: ("PUT", f"/v1/persons/{one}", body), key, written),
        (written | own).map(lambda body: ("POST", "/api/v2/persons", body)),
        key.map(lambda one: ("DELETE", f"/api/v2/persons/{one}", None)),
        st.builds(lambda one, two: ("PUT", f"/v1/persons/{one}/merge", {"merge_with_id": int(two)}), key, key),
    )


# ---- Zoho ---------------------------------------------------------------------------------------------------

_MODULE = "/crm/v8/Contacts"


def _zoho(key: Texts, field: Texts, some: st.SearchStrategy[list[str]]) -> Asked:
    compare = st.sampled_from(["= '{}'", ">= '{}'", "like '{}%'", "in ('{}')", "is null"])
    where = st.builds(lambda name, how, text: f"{name} {how.format(text)}", field, compare, VALUE)
    columns = some.map(_said) | st.builds("{}({}) as n".format, st.sampled_from(["MAX", "COUNT"]), field)
    query = st.builds(
        lambda what, text, order: f"select {what} from Contacts where {text}{order}",
        columns,
        where | st.just("id is not null"),
        st.just("") | field.map(" order by {}".format) | field.map(" group by {}".format),
    )
    behind = where.map(lambda text: f"select Stage from Deals where Contact_Name.{text}")
    operator = st.sampled_from(["equals", "starts_with", "greater_than", "not_equal"])
    criteria = st.builds(lambda name, how, text: f"({name}:{how}:{text})", field, operator, VALUE)
    searched = criteria.map(lambda text: f"criteria={quote(text)}") | st.builds(
        "{}={}".format, st.sampled_from(["email", "phone", "word"]), VALUE
    )
    gets = _gets(
        st.builds(lambda one, names: f"{_MODULE}/{one}?fields={_said(names)}", key, some),
        key.map(lambda one: f"{_MODULE}/{one}"),
        st.builds(lambda names, by: f"{_MODULE}?fields={_said(names)}&sort_by={by}&per_page=3", some, field),
        st.builds(lambda names, text: f"{_MODULE}/search?{text}&fields={_said(names)}", some, searched),
        st.sampled_from(["Notes", "Deals", "Tasks"]).flatmap(
            lambda below: key.map(lambda one: f"{_MODULE}/{one}/{below}?fields=id")
        ),
        st.just("/crm/v8/settings/fields?module=Contacts"),
        st.just(f"{_MODULE}/deleted?type=all"),
    )
    written = st.dictionaries(field, VALUE | st.none(), min_size=1, max_size=2)
    upsert = st.builds(
        lambda row, by: {"data": [row], "duplicate_check_fields": [by]},
        written,
        field,
    )
    return st.one_of(
        gets,
        (query | behind).map(lambda text: ("POST", "/crm/v8/coql", {"select_query": text})),
        st.builds(lambda one, row: ("PUT", f"{_MODULE}/{one}", {"data": [row]}), key, written),
        written.map(lambda row: ("POST", _MODULE, {"data": [row]})),
        upsert.map(lambda body: ("POST", f"{_MODULE}/upsert", body)),
        key.map(lambda one: ("DELETE", f"{_MODULE}/{one}", None)),
    )


# ---- SuiteCRM -----------------------------------------------------------------------------------------------

_BEANS = "/Api/V8/module/Contacts"


def _suitecrm(key: Texts, field: Texts, some: st.SearchStrategy[list[str]]) -> Asked:
    compared = st.builds("filter[{}][{}]={}".format, field, st.sampled_from(["eq", "neq", "gte", "lt"]), VALUE)
    joined = st.builds("{}&{}&filter[operator]={}".format, compared, compared, st.sampled_from(["or", "and"]))
    ordered = st.builds("sort={}{}".format, st.sampled_from(["", "-"]), field)
    parts = st.lists(compared | joined | ordered | st.just("page[size]=2"), max_size=2, unique=True).map(
        "&".join
    )
    gets = _gets(
        st.builds(
            lambda more, names: f"{_BEANS}?fields[Contacts]={_said(names)}&{more}".rstrip("&"), parts, some
        ),
        st.builds(lambda one, names: f"{_BEANS}/{one}?fields[Contacts]={_said(names)}", key, some),
        key.map(lambda one: f"{_BEANS}/{one}"),
        key.map(lambda one: f"{_BEANS}/{one}/relationships/cases"),
        st.just("/Api/V8/meta/fields/Contacts"),
        st.just("/Api/V8/module/EmailAddresses"),
    )
    written = st.dictionaries(field, VALUE, min_size=1, max_size=2)
    return st.one_of(
        gets,
        st.builds(
            lambda one, row: (
                "PATCH",
                "/Api/V8/module",
                {"data": {"type": "Contacts", "id": one, "attributes": row}},
            ),
            key,
            written,
        ),
        written.map(lambda row: ("POST", "/Api/V8/module", {"data": {"type": "Contacts", "attributes": row}})),
        key.map(lambda one: ("DELETE", f"{_BEANS}/{one}", None)),
    )


# ---- all of them --------------------------------------------------------------------------------------------


def _odoo_write(key: str, fields: dict[str, str | None]) -> Sent:
    values = {name: value or False for name, value in fields.items()}
    return "POST", "/json/2/res.partner/write", {"ids": [int(key)], "vals": values}


def _pipedrive_write(key: str, fields: dict[str, str | None]) -> Sent:
    own = {name: value for name, value in fields.items() if len(name) == _OWN}
    return "PATCH", f"/api/v2/persons/{key}", {**fields, "custom_fields": own} if own else fields


def _people(make: Callable[..., Sandbox]) -> Callable[[], Sandbox]:
    return lambda: make(CRM_TOKEN, people=6, now=StoppedClock())


WORLDS: Final[dict[str, World]] = {
    "dynamics": World(
        "contact",
        "contactid",
        _people(DynamicsSandbox),
        lambda key, fields: ("PATCH", f"{_TABLE}({key})", fields),
        _dynamics,
    ),
    "odoo": World("res.partner", "id", lambda: OdooSandbox(CRM_TOKEN, people=6), _odoo_write, _odoo),
    "pipedrive": World("persons", "id", _people(PipedriveSandbox), _pipedrive_write, _pipedrive),
    "zoho": World(
        "Contacts",
        "id",
        _people(ZohoSandbox),
        lambda key, fields: ("PUT", f"{_MODULE}/{key}", {"data": [fields]}),
        _zoho,
    ),
    "suitecrm": World(
        "Contacts",
        "id",
        _people(SuiteCrmSandbox),
        lambda key, fields: (
            "PATCH",
            "/Api/V8/module",
            {"data": {"type": "Contacts", "id": key, "attributes": {n: v or "" for n, v in fields.items()}}},
        ),
        _suitecrm,
    ),
}


def directly(sandbox: Sandbox, sent: Sent) -> int:
    """Return the status of what the CRM itself answers an administrator."""
    method, path, body = sent
    headers = {"Authorization": f"Bearer {CRM_TOKEN}", "Content-Type": "application/json"}
    return sandbox.answer(Call(method, path, "", headers, json.dumps(body).encode())).status
