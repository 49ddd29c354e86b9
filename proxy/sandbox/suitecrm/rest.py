"""The endpoints: from method and path to what SuiteCRM does."""

import json
from collections.abc import Mapping
from math import ceil
from typing import Any
from urllib.parse import unquote, urlencode

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.suitecrm.filtering import chosen, page
from proxy.sandbox.suitecrm.refusals import SuiteError, wrong
from proxy.sandbox.suitecrm.showing import HERE, LINKS, fields, linked, resource
from proxy.sandbox.suitecrm.store import COLUMNS, NAMES, Bean, Store


class Rest:
    """Says what each call means for one SuiteCRM."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def dispatch(self, call: Call) -> Answer:
        """Do what the call asks for; raises SuiteError for what the real service would refuse."""
        match (call.method, *call.segments):
            case (_, "Api", "V8", "module", *rest):
                return self._module(call, rest)
            case ("GET", "Api", "V8", "meta", "modules"):
                named = {name: {"label": name, "access": ["access", "view", "list", "edit"]} for name in COLUMNS}
                return Answer(200, {"data": {"type": "modules", "id": "", "attributes": named}})
            case ("GET", "Api", "V8", "meta", "fields", name):
                told = fields(self.store.module(name))
                return Answer(200, {"data": {"type": "fields", "id": "", "attributes": told}})
            case ("GET", "Api", "V8", "listview", "columns", name):
                return Answer(200, _columns(self.store.module(name)))
        raise SuiteError(404, "Not found")

    def _module(self, call: Call, rest: list[str]) -> Answer:
        match (call.method, *rest):
            case ("POST",):
                return self._create(_data(call))
            case ("PATCH",):
                return self._update(_data(call))
            case ("GET", name):
                return self._list(call, self.store.module(name))
            case ("GET", name, key):
                bean = self.store.must(self.store.module(name), key)
                return Answer(200, {"data": resource(bean, self.store, _names(call, name))})
            case ("DELETE", name, key):
                bean = self.store.must(self.store.module(name), key)
                self.store.delete(bean)
                return Answer(200, {"meta": {"message": f"Record with id {key} is deleted"}, "data": []})
            case (_, name, key, "relationships", *link):
                return self._links(call, self.store.must(self.store.module(name), key), link)
        raise SuiteError(404, "Not found")

    def _list(self, call: Call, module: str) -> Answer:
        found = chosen(call, module, self.store)
        start, size = page(call, len(found))
        beans = found[start : start + size]
        tree: dict[str, object] = {"data": [resource(each, self.store, _names(call, module)) for each in beans]}
        if beans:
            pages, number = ceil(len(found) / size), start // size + 1
            tree["meta"] = {"total-pages": pages, "records-on-this-page": len(beans)}
            ends = {"first": 1, "prev": number - 1} if number > 1 else {}
            ends |= {"next": number + 1, "last": pages} if number < pages else {}
            tree["links"] = {name: _link(call, at) for name, at in ends.items()}
        return Answer(200, tree)

    def _create(self, data: Mapping[str, Any]) -> Answer:
        module = self.store.module(str(data.get("type")))
        bean = self.store.create(module, _attributes(data), data.get("id"))
        return Answer(201, {"data": resource(bean, self.store, None)})

    def _update(self, data: Mapping[str, Any]) -> Answer:
        bean = self.store.must(self.store.module(str(data.get("type"))), data.get("id"))
        self.store.update(bean, _attributes(data))
        return Answer(201, {"data": resource(bean, self.store, None)})

    def _links(self, call: Call, bean: Bean, rest: list[str]) -> Answer:
        link = rest[0] if rest else ""
        if (bean.module, link) not in LINKS:
            raise wrong(f"Cannot load relationship {link} for {NAMES[bean.module]} module")
        if call.method == "GET":
            found = linked(bean, link, self.store)
            if not found:
                told = f"There is no relationship set in {NAMES[bean.module]} module with {link} link field"
                return Answer(200, {"meta": {"message": told}})
            rows = [
                {"type": NAMES[each.module], "id": each.id, "links": {"self": f"/V8/module/{each.id}"}}
                for each in found
            ]
            return Answer(200, {"data": rows})
        other, column = LINKS[bean.module, link]
        if call.method == "POST":
            far = self.store.must(other, _data(call).get("id"))
            self._put(bean, far, link, column, None)
            return Answer(
                201, {"meta": {"message": f"{NAMES[other]} with id {far.id} has been added to {bean.id}"}}
            )
        if call.method == "DELETE" and len(rest) == 2:
            far = self.store.must(other, rest[1])
            if far not in linked(bean, link, self.store):
                raise wrong(f"Module with {far.id} id is not related to {NAMES[bean.module]}")
            self._put(bean, far, link, column, "")
            return Answer(
                200, {"meta": {"message": f"Relationship has been deleted between {bean.id} and {far.id}"}}
            )
        raise SuiteError(404, "Not found")

    def _put(self, bean: Bean, far: Bean, link: str, column: str, value: str | None) -> None:
        """Write the column that holds a link: with the id of the other end, or with a value."""
        holder, name, key = (far, column, bean.id) if column else (bean, HERE[bean.module, link], far.id)
        self.store.update(holder, {name: key if value is None else value})


def _names(call: Call, module: str) -> set[str] | None:
    """Return the fields that a call asks for, None for all."""
    given = call.argument(f"fields[{module}]")
    return None if given is None else set(given.split(","))


def _link(call: Call, number: int) -> str:
    """Return a link to another page of the same list, unescaped as SuiteCRM writes it."""
    given = {name: values[-1] for name, values in call.arguments.items()} | {"page[number]": str(number)}
    return f"{call.path}?{unquote(urlencode(given))}"


def _data(call: Call) -> Mapping[str, Any]:
    """Return the resource in the body; raises SuiteError."""
    try:
        tree = json.loads(call.body)
    except ValueError:
        raise wrong("Syntax error") from None
    data = tree.get("data") if isinstance(tree, dict) else None
    if not isinstance(data, dict):
        raise wrong("The required option data is missing.")
    return data


def _attributes(data: Mapping[str, Any]) -> Mapping[str, object]:
    found = data.get("attributes", {})
    if not isinstance(found, dict):
        raise wrong("The option attributes is expected to be an array.")
    return found


def _columns(module: str) -> dict[str, object]:
    names = ["last_name", "title", "iban_c"] if module in {"Contacts", "Leads"} else ["name"]
    told = [
        {"fieldName": name.upper(), "width": "10%", "label": name, "link": name == "name", "default": True,
         "module": "", "id": "", "sortable": True, "customCode": ""}
        for name in names
    ]  # fmt: skip
    return {"data": told}
