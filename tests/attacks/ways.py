"""Ways to ask about a value in the languages in which clients search: filters, counts, groups, and orders."""

from typing import Final
from urllib.parse import quote

from proxy.sandbox.pipedrive.store import IBAN
from tests.attacks.way import KEY, Asks, Prey, Sent, Way


def _soql(query: str, *, over: str = "query") -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        filled = query.format(key=prey.key, other=prey.other, company=prey.company, least=least)
        return "GET", f"/services/data/v59.0/{over}?q={quote(filled, safe='')}", None

    return asks


def _soql_within(query: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        target = _soql(query)(prey, least)[1].removeprefix("/services/data/")
        return (
            "POST",
            "/services/data/v59.0/composite/batch",
            {"batchRequests": [{"method": "GET", "url": target}]},
        )

    return asks


def _search(**filters: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        its: dict[str, object] = {name: value.format(least=least) for name, value in filters.items()}
        if "values" in its:
            its["values"] = [its["values"]]
        one = {"propertyName": "hs_object_id", "operator": "EQ", "value": prey.key}
        group = {"filters": [one, {"propertyName": "iban", **its}]}
        return "POST", "/crm/v3/objects/contacts/search", {"filterGroups": [group], "properties": ["email"]}

    return asks


def _search_sorted(prey: Prey, _least: str) -> Sent:
    two = {"propertyName": "hs_object_id", "operator": "IN", "values": [prey.key, prey.other]}
    body = {"filterGroups": [{"filters": [two]}], "properties": ["email"]}
    sorts = [{"propertyName": "iban", "direction": "ASCENDING"}]
    return "POST", "/crm/v3/objects/contacts/search", {**body, "sorts": sorts}


def _searched(prey: Prey, least: str) -> Sent:
    one = {"propertyName": "hs_object_id", "operator": "EQ", "value": prey.key}
    body = {"filterGroups": [{"filters": [one]}], "properties": ["email"], "query": least}
    return "POST", "/crm/v3/objects/contacts/search", body


def _version_1(target: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        return "GET", f"/contacts/v1/{target.format(key=prey.key, least=least)}&propertyMode=value_only", None

    return asks


def _odata(target: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        filled = target.format(key=prey.key, other=prey.other, company=prey.company, least=least)
        path, _, query = filled.partition("?")
        return "GET", f"/api/data/v9.2/{path}?{quote(query, safe='=&$(),/:')}", None

    return asks


def _fetch(inside: str, said: str = "", condition: str = "") -> Asks:
    query = f'<fetch{said}><entity name="contact">{inside}{condition or _CONDITION}</entity></fetch>'

    def asks(prey: Prey, least: str) -> Sent:
        filled = query.replace("KEY", prey.key).replace("OTHER", prey.other).replace("LEAST", least)
        return "GET", f"/api/data/v9.2/contacts?fetchXml={quote(filled, safe='')}", None

    return asks


def _odata_within(target: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        url = _odata(target)(prey, least)[1].removeprefix("/api/data/v9.2/")
        return "POST", "/api/data/v9.2/$batch", {"requests": [{"id": "1", "method": "GET", "url": url}]}

    return asks


def _odoo(method: str, **named: object) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        domain = [["id", "=", int(prey.key)], ["x_iban", ">=", least]]
        return "POST", f"/json/2/res.partner/{method}", {"domain": domain, **named}

    return asks


def _odoo_sorted(method: str, **named: object) -> Asks:
    def asks(prey: Prey, _least: str) -> Sent:
        domain = [["id", "in", [int(prey.key), int(prey.other)]]]
        return "POST", f"/json/2/res.partner/{method}", {"domain": domain, "order": "x_iban", **named}

    return asks


def _odoo_rpc(prey: Prey, least: str) -> Sent:
    domain = [["id", "=", int(prey.key)], ["x_iban", ">=", least]]
    args = ["crm", 2, KEY, "res.partner", "search_count", [domain]]
    called = {"service": "object", "method": "execute_kw", "args": args}
    return "POST", "/jsonrpc", {"jsonrpc": "2.0", "method": "call", "id": 1, "params": called}


def _found(target: str) -> Asks:
    def asks(_prey: Prey, least: str) -> Sent:
        return "GET", f"/v1/{target}&term={least}", None

    return asks


def _coql(query: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        return (
            "POST",
            "/crm/v8/coql",
            {"select_query": query.format(key=prey.key, other=prey.other, least=least)},
        )

    return asks


def _criteria(text: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        return (
            "GET",
            f"/crm/v8/Contacts/search?criteria={quote(text.format(key=prey.key, least=least))}&fields=Email",
            None,
        )

    return asks


def _listed(target: str) -> Asks:
    """Ask for a list that is sorted by the value."""

    def asks(prey: Prey, _least: str) -> Sent:
        return "GET", target.format(key=prey.key, other=prey.other), None

    return asks


def _filtered(query: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        filled = query.format(key=prey.key, least=least) + "&fields[Contacts]=email1"
        return "GET", f"/Api/V8/module/Contacts?{quote(filled, safe='=&')}", None

    return asks


HELD: Final = "Id = '{key}' AND SSN__c >= '{least}'"
_ROW: Final = "contactid eq {key} and new_iban ge '{least}'"
PAIR: Final = "Id IN ('{key}', '{other}')"
ONE: Final = f"SELECT Id FROM Contact WHERE {HELD}"
_NAMES: Final = "contacts?$select=fullname"
_CONDITION: Final = (
    '<filter><condition attribute="contactid" operator="eq" value="KEY"/>'
    '<condition attribute="new_iban" operator="ge" value="LEAST"/></filter>'
)
_COUNTED: Final = '<attribute name="contactid" alias="n" aggregate="count"/>'

_GROUP: Final = (
    "SELECT COUNT(Id) n FROM Contact WHERE Id = '{key}' GROUP BY Name HAVING MAX(SSN__c) >= '{least}'"
)
_CHILDREN: Final = f"SELECT Id, (SELECT Id FROM Contacts WHERE {HELD}) FROM Account WHERE Id = '{{company}}'"
_BEHIND: Final = "select Amount from Deals where Contact_Name.id = {key} and Contact_Name.IBAN >= '{least}'"
_TWO: Final = "contactid eq {key} or contactid eq {other}"
_EITHER: Final = (
    '<order attribute="new_iban"/><filter type="or"><condition attribute="contactid" operator="eq" value="KEY"/>'
    '<condition attribute="contactid" operator="eq" value="OTHER"/></filter>'
)
_FUNCTION: Final = f"{_NAMES}&$filter=contactid eq {{key}} and startswith(new_iban,'{{least}}')"

QUERIES: Final = (
    Way("salesforce", "a filter", _soql(ONE)),
    Way("salesforce", "a filter denied", _soql(ONE.replace("SSN__c >= '{least}'", "NOT (SSN__c < '{least}')"))),
    Way("salesforce", "a count", _soql(ONE.replace("SELECT Id", "SELECT COUNT()"))),
    Way("salesforce", "a group", _soql(_GROUP)),
    Way(
        "salesforce",
        "a half join",
        _soql(f"SELECT Id FROM Account WHERE Id IN ({ONE})".replace("(SELECT Id", "(SELECT AccountId")),
    ),
    Way("salesforce", "children", _soql(_CHILDREN)),
    Way("salesforce", "deleted rows too", _soql(ONE, over="queryAll")),
    Way("salesforce", "a composite", _soql_within(ONE)),
    Way("hubspot", "a filter", _search(operator="GTE", value="{least}")),
    Way("hubspot", "a range", _search(operator="BETWEEN", value="{least}", highValue="9999999")),
    Way("hubspot", "a filter denied", _search(operator="NEQ", value="{least}"), exact=True),
    Way("hubspot", "a list of values", _search(operator="IN", values="{least}"), exact=True),
    Way("dynamics", "a filter", _odata(f"{_NAMES}&$filter={_ROW}")),
    Way("dynamics", "a count", _odata(f"contacts/$count?$filter={_ROW}")),
    Way("dynamics", "a count beside", _odata(f"{_NAMES}&$count=true&$filter={_ROW}")),
    Way("dynamics", "a function", _odata(_FUNCTION), exact=True),
    Way("dynamics", "FetchXML", _fetch('<attribute name="fullname"/>')),
    Way("dynamics", "a count in FetchXML", _fetch(_COUNTED, ' aggregate="true"')),
    Way("dynamics", "a batch", _odata_within(f"{_NAMES}&$filter={_ROW}")),
    Way("odoo", "a search", _odoo("search")),
    Way("odoo", "a search that reads", _odoo("search_read", fields=["name"])),
    Way("odoo", "a count", _odoo("search_count")),
    Way("odoo", "a group", _odoo("read_group", fields=["name"], groupby=["country_id"])),
    Way("odoo", "a count by JSON-RPC", _odoo_rpc),
    Way("pipedrive", "own fields", _found("persons/search?fields=custom_fields"), exact=True, always=True),
    Way("pipedrive", "everywhere", _found("persons/search?exact_match=1"), exact=True, always=True),
    Way("zoho", "COQL", _coql("select Email from Contacts where id = {key} and IBAN >= '{least}'")),
    Way(
        "zoho",
        "a count in COQL",
        _coql("select COUNT(id) as n from Contacts where id = {key} and IBAN >= '{least}'"),
    ),
    Way("zoho", "COQL behind a lookup", _coql(_BEHIND)),
    Way(
        "zoho",
        "a range in COQL",
        _coql("select Email from Contacts where id = {key} and IBAN between '{least}' and '9'"),
    ),
    Way(
        "zoho",
        "the beginning in COQL",
        _coql("select Email from Contacts where id = {key} and IBAN like '{least}%'"),
        exact=True,
    ),
    Way("zoho", "criteria", _criteria("((id:equals:{key})and(IBAN:greater_equal:{least}))")),
    Way("zoho", "the beginning in criteria", _criteria("(IBAN:starts_with:{least})"), exact=True),
    Way(
        "zoho",
        "a word",
        lambda _prey, least: ("GET", f"/crm/v8/Contacts/search?word={least}&fields=Email", None),
        exact=True,
    ),
    Way("suitecrm", "a filter", _filtered("filter[id][eq]={key}&filter[iban_c][gte]={least}")),
    Way("suitecrm", "a filter denied", _filtered("filter[id][eq]={key}&filter[iban_c][lt]={least}")),
    Way("suitecrm", "what is equal", _filtered("filter[iban_c][eq]={least}"), exact=True),
    Way("suitecrm", "what is not", _filtered("filter[id][eq]={key}&filter[iban_c][neq]={least}"), exact=True),
    Way(
        "suitecrm",
        "one of two filters",
        _filtered("filter[iban_c][eq]={least}&filter[last_name][eq]=-&filter[operator]=or"),
        exact=True,
    ),
    Way(
        "pipedrive",
        "items",
        _found("itemSearch?item_types=person&fields=name,custom_fields"),
        exact=True,
        always=True,
    ),
    # ---- which of two records comes first --------------------------------------------------------------------
    Way("salesforce", "an order", _soql(f"SELECT Id FROM Contact WHERE {PAIR} ORDER BY SSN__c"), beside=True),
    Way(
        "salesforce",
        "the first in order",
        _soql(f"SELECT Id FROM Contact WHERE {PAIR} ORDER BY SSN__c NULLS LAST LIMIT 1"),
        beside=True,
    ),
    Way("hubspot", "an order", _search_sorted, beside=True),
    Way("dynamics", "an order", _odata(f"{_NAMES}&$filter={_TWO}&$orderby=new_iban"), beside=True),
    Way(
        "dynamics",
        "an order in FetchXML",
        _fetch('<attribute name="fullname"/>', condition=_EITHER),
        beside=True,
    ),
    Way("odoo", "an order", _odoo_sorted("search"), beside=True),
    Way("odoo", "an order that is read", _odoo_sorted("search_read", fields=["name"]), beside=True),
    Way(
        "zoho",
        "an order in COQL",
        _coql("select Email from Contacts where id in ({key}, {other}) order by IBAN asc"),
        beside=True,
    ),
    Way(
        "zoho",
        "an order of a list",
        _listed("/crm/v8/Contacts?fields=Email&ids={key},{other}&sort_by=IBAN&sort_order=asc"),
        beside=True,
    ),
    Way("pipedrive", "an order", _listed(f"/v1/persons?sort={IBAN}%20ASC"), beside=True),
    Way(
        "pipedrive",
        "an order in version 2",
        _listed(f"/api/v2/persons?ids={{key}},{{other}}&sort_by={IBAN}&sort_direction=asc"),
        beside=True,
    ),
    Way(
        "suitecrm",
        "an order",
        _listed("/Api/V8/module/Contacts?sort=iban_c&fields[Contacts]=email1"),
        beside=True,
    ),
    # ---- words among what stands beside the hidden part of a number -------------------------------------------
    Way("pipedrive", "numbers", _found("persons/search?fields=phone"), exact=True),
    # ---- HubSpot's searches for words, and its version 1 -----------------------------------------------------
    Way("hubspot", "a word", _searched, exact=True),
    Way("hubspot", "a word in version 1", _version_1("search/query?q={least}&property=email"), exact=True),
    Way("hubspot", "version 1", _version_1("contact/vid/{key}/profile?property=iban"), exact=True),
    Way("hubspot", "a list in version 1", _version_1("lists/all/contacts/all?property=iban"), exact=True),
)
