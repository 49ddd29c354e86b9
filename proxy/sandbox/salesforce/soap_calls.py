"""What the calls of the SOAP API do: the same as their counterparts in REST, as elements."""

from collections.abc import Callable, Iterable
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from proxy.sandbox.clock import salesforce_time
from proxy.sandbox.salesforce import describing
from proxy.sandbox.salesforce.bulk import typed
from proxy.sandbox.salesforce.collections import Collections
from proxy.sandbox.salesforce.ids import full_id
from proxy.sandbox.salesforce.org import Org
from proxy.sandbox.salesforce.pages import Pages
from proxy.sandbox.salesforce.records import Records
from proxy.sandbox.salesforce.refusals import SalesforceError
from proxy.sandbox.salesforce.schema import SObject
from proxy.sandbox.salesforce.searching import search
from proxy.sandbox.salesforce.select import Select

Tree = dict[str, object]
Element = etree._Element
_NIL: Final = '<sf:Id xsi:nil="true"/>'


class SoapCalls:
    """Carries out calls on one org; each returns the results as text.

    Args:
        org: the records.
        pages: where long results wait.
        base: `/services/data/v59.0`, as REST's paths begin.
    """

    def __init__(self, org: Org, pages: Pages, base: str) -> None:
        self.org = org
        self.pages = pages
        self.base = base
        self.records = Records(org, base)

    def do(self, call: Element, batch: str = "") -> str:
        """Return the results of a call; `batch` is how many records a page may hold.

        Raises:
            SalesforceError: whatever the real service would answer with a fault.
        """
        match _name(call):
            case "query" | "queryAll" as name:
                select = Select(self.org, self.base, deleted=name == "queryAll")
                found = select.run(_text(call, "queryString"))
                return self._page(self.pages.first(found, f"batchSize={batch}" if batch else "", self.base))
            case "queryMore":
                return self._page(self.pages.more(_text(call, "queryLocator"), self.base))
            case "retrieve":
                return self._retrieved(call)
            case "search":
                matches = search(Select(self.org, self.base), _text(call, "searchString"))
                inside = (f"<record{_KIND}>{self._fields(each)}</record>" for each in matches)
                rows = "".join(f"<searchRecords>{each}</searchRecords>" for each in inside)
                return f"<result>{rows}</result>"
            case "create" | "update" | "upsert" as name:
                key = _text(call, "externalIDFieldName") if name == "upsert" else ""
                return self._each(_all(call, "sObjects"), lambda row: self._written(name, row, key))
            case "delete" | "undelete" as name:
                return self._each(_all(call, "ids"), lambda row: self._by_id(name, row.text or ""))
            case "merge":
                return self._each(_all(call, "request"), self._merged)
            case "describeGlobal":
                return f"<result>{_elements(describing.listed(self.org.schema, self.base))}</result>"
            case "describeSObject" | "describeSObjects":
                return "".join(map(self._described, _all(call, "sObjectType")))
            case "getServerTimestamp":
                return f"<result><timestamp>{salesforce_time(self.org.now())}</timestamp></result>"
        raise SalesforceError(500, "UNKNOWN_EXCEPTION", "this operation is not available")

    def _page(self, page: Tree) -> str:
        link = page.get("nextRecordsUrl")
        locator = f"<queryLocator>{str(link).rpartition('/')[2]}</queryLocator>" if link else _NO_LOCATOR
        records = page["records"]
        assert isinstance(records, list)
        rows = "".join(f"<records{_KIND}>{self._fields(each)}</records>" for each in records)
        done = str(page["done"]).lower()
        size = f"<size>{page['totalSize']}</size>"
        return f'<result xsi:type="QueryResult"><done>{done}</done>{locator}{rows}{size}</result>'

    def _fields(self, record: Tree) -> str:
        """Return the elements of a record: what it is, its id twice, and what was selected."""
        attributes = record["attributes"]
        assert isinstance(attributes, dict)
        key = f"<sf:Id>{record['Id']}</sf:Id>" * 2 if record.get("Id") else _NIL
        out = [f"<sf:type>{attributes['type']}</sf:type>{key}"]
        out += [self._field(name, value) for name, value in record.items() if name not in {"attributes", "Id"}]
        return "".join(out)

    def _field(self, name: str, value: object) -> str:
        match value:
            case None:
                return f'<sf:{name} xsi:nil="true"/>'
            case {"attributes": _}:
                assert isinstance(value, dict)
                return f"<sf:{name}{_KIND}>{self._fields(value)}</sf:{name}>"
            case {"records": list(rows)}:
                inside = "".join(f"<records{_KIND}>{self._fields(each)}</records>" for each in rows)
                end = f"<size>{len(rows)}</size>"
                whole = f"<done>true</done>{_NO_LOCATOR}{inside}{end}"
                return f'<sf:{name} xsi:type="QueryResult">{whole}</sf:{name}>'
            case dict():
                inside = "".join(f"<{each}>{escape(str(part))}</{each}>" for each, part in value.items())
                return f'<sf:{name} xsi:type="address">{inside}</sf:{name}>'
            case bool():
                return f"<sf:{name}>{str(value).lower()}</sf:{name}>"
            case _:
                return f"<sf:{name}>{escape(str(value))}</sf:{name}>"

    def _retrieved(self, call: Element) -> str:
        sobject = self._named(_text(call, "sObjectType"))
        fields = [name.strip() for name in _text(call, "fieldList").split(",")]
        out = []
        for each in _all(call, "ids"):
            record = self.records.shown(sobject, each.text or "", fields)
            out.append(
                f"<result{_KIND}>{self._fields(record)}</result>" if record else '<result xsi:nil="true"/>'
            )
        return "".join(out)

    def _named(self, name: str) -> SObject:
        sobject = self.org.schema.find(name)
        if sobject is None:
            raise SalesforceError(500, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
        return sobject

    def _each(self, rows: Iterable[Element], do: Callable[[Element], str]) -> str:
        return "".join(f"<result>{_tried(do, row)}</result>" for row in rows)

    def _written(self, name: str, row: Element, key: str) -> str:
        sobject, fields = self._named(_text(row, "type")), self._row(row)
        created = ""
        match name:
            case "create":
                found = self.records.made(sobject, fields)
            case "update":
                found = full_id(str(fields.pop("Id", ""))) or ""
                self.records.changed(sobject, found, fields)
            case _:
                value = next((each for field, each in fields.items() if field.lower() == key.lower()), None)
                found, new = self.records.upserted(sobject, key, value, fields)
                created = f"<created>{str(new).lower()}</created>"
        return f"{created}<id>{found}</id><success>true</success>"

    def _row(self, row: Element) -> Tree:
        sobject = self._named(_text(row, "type"))
        texts = {_name(each): each.text or "" for each in row if _name(each) not in {"type", "fieldsToNull"}}
        nulled: Tree = {each.text or "": None for each in _all(row, "fieldsToNull")}
        return typed(texts, sobject) | nulled

    def _by_id(self, name: str, key: str) -> str:
        found = full_id(key) or key
        sobject = Collections(self.org, self.base).of_id(key)
        if name == "delete":
            self.org.delete(sobject, found)
        else:
            self.org.restore(sobject, found)
        return f"<id>{found}</id><success>true</success>"

    def _merged(self, request: Element) -> str:
        (master,) = _all(request, "masterRecord")
        sobject, fields = self._named(_text(master, "type")), self._row(master)
        kept = full_id(str(fields.pop("Id", ""))) or ""
        lost = [full_id(each.text or "") or "" for each in _all(request, "recordToMergeIds")]
        self.records.changed(sobject, kept, fields)
        for key in lost:
            for child, item in self.org.schema.children(sobject):
                for held in self.org.rows(child):
                    if held.get(item.name) == key:
                        held[item.name] = kept
            self.org.delete(sobject, key)
        merged = "".join(f"<mergedRecordIds>{key}</mergedRecordIds>" for key in lost)
        return f"<id>{kept}</id>{merged}<success>true</success>"

    def _described(self, name: Element) -> str:
        sobject = self._named(name.text or "")
        return f"<result>{_elements(describing.described(self.org.schema, sobject, self.base))}</result>"


_KIND: Final = ' xsi:type="sf:sObject"'
_NO_LOCATOR: Final = '<queryLocator xsi:nil="true"/>'


def _name(element: Element) -> str:
    return etree.QName(element).localname


def _all(element: Element, name: str) -> list[Element]:
    return [each for each in element if _name(each) == name]


def _text(element: Element, name: str) -> str:
    return next((each.text or "" for each in _all(element, name)), "")


def _tried(do: Callable[[Element], str], row: Element) -> str:
    try:
        return do(row)
    except SalesforceError as error:
        fields = "".join(f"<fields>{escape(name)}</fields>" for name in error.fields or ())
        told = f"{fields}<message>{escape(error.message)}</message><statusCode>{error.code}</statusCode>"
        return f'<errors>{told}</errors><id xsi:nil="true"/><success>false</success>'


def _elements(tree: dict[str, object]) -> str:
    """Return members as elements, whatever is in them; URLs have no place in the SOAP API."""
    out = []
    for name, value in tree.items():
        for each in value if isinstance(value, list) else [value]:
            if name == "urls" or each is None:
                continue
            inside = _elements(each) if isinstance(each, dict) else escape(_scalar(each))
            out.append(f"<{name}>{inside}</{name}>")
    return "".join(out)


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
