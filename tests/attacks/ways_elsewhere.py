"""Ways that put the same questions in other protocols: SOAP, bulk jobs, SOSL, XML-RPC, the web client's."""

import base64
import json
import xmlrpc.client
from collections.abc import Callable
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from tests.attacks.way import KEY, Asks, Prey, Sent, Way
from tests.attacks.ways import HELD, ONE, PAIR

_SALESFORCE: Final = "/services/data/v59.0"
_ENVELOPE: Final = (
    '<?xml version="1.0" encoding="utf-8"?><se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/">'
    '<se:Header xmlns:u="urn:partner.soap.sforce.com"><u:SessionHeader><u:sessionId>{key}</u:sessionId>'
    '</u:SessionHeader></se:Header><se:Body><u:{call} xmlns:u="urn:partner.soap.sforce.com">'
    "<u:{name}>{text}</u:{name}></u:{call}></se:Body></se:Envelope>"
)


def _filled(text: str, prey: Prey, least: str) -> str:
    return text.format(key=prey.key, other=prey.other, name=prey.name, least=least)


def _soap(call: str, name: str, text: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        filled = escape(_filled(text, prey, least))
        body = _ENVELOPE.format(key=KEY, call=call, name=name, text=filled)
        return "POST", "/services/Soap/u/59.0", body.encode()

    return asks


def _sosl(text: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        return "GET", f"{_SALESFORCE}/search?q={quote(_filled(text, prey, least), safe='')}", None

    return asks


def _parameters(**more: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        one = {name: _filled(text, prey, least) for name, text in more.items()}
        found = {"name": "Contact", "fields": ["Id"], **one}
        return "POST", f"{_SALESFORCE}/parameterizedSearch", {"q": prey.name, "in": "NAME", "sobjects": [found]}

    return asks


def _parameters_in_url(_prey: Prey, least: str) -> Sent:
    return "GET", f"{_SALESFORCE}/parameterizedSearch?q={least}&in=PHONE&sobject=Contact&fields=Id", None


def _job(operation: str, query: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        body = {"operation": operation, "query": _filled(query, prey, least)}
        return "POST", f"{_SALESFORCE}/jobs/query", body

    return asks


def _about(end: str = "") -> Callable[[str], Sent]:
    return lambda job: ("GET", f"{_SALESFORCE}/jobs/query/{job}{end}", None)


def _external(_prey: Prey, least: str) -> Sent:
    return "GET", f"{_SALESFORCE}/sobjects/Contact/SSN__c/{least}?fields=Id", None


# ---- Odoo ---------------------------------------------------------------------------------------------------

Domain = Callable[[Prey, str], list[object]]


def _partner(prey: Prey, least: str) -> list[object]:
    return [["id", "=", int(prey.key)], ["x_iban", ">=", least]]


def _partners(prey: Prey, _least: str) -> list[object]:
    return [["id", "in", [int(prey.key), int(prey.other)]]]


def _odoo_xml(method: str, domain: Domain = _partner, **named: object) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        params = ("crm", 2, KEY, "res.partner", method, [domain(prey, least)], named)
        return "POST", "/xmlrpc/2/object", xmlrpc.client.dumps(params, "execute_kw").encode()

    return asks


def _call_kw(method: str, domain: Domain = _partner, *, path: str = "", **named: object) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        params = {"model": "res.partner", "method": method, "args": [domain(prey, least)], "kwargs": named}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        return "POST", f"/web/dataset/call_kw{path}", body

    return asks


# ---- Tryton -------------------------------------------------------------------------------------------------


def _party(prey: Prey, least: str) -> list[object]:
    return [["id", "=", int(prey.key)], ["identifiers.code", ">=", least]]


def _party_where(prey: Prey, least: str) -> list[object]:
    return [["id", "=", int(prey.key)], ["identifiers", "where", [["code", ">=", least]]]]


def _party_either(prey: Prey, least: str) -> list[object]:
    return [
        "AND",
        [["id", "=", int(prey.key)]],
        ["OR", [["identifiers.code", ">=", least]], [["name", "=", "-"]]],
    ]


def _passports(prey: Prey, _least: str) -> list[object]:
    return [["party", "in", [int(prey.key), int(prey.other)]]]


def _passport(prey: Prey, least: str) -> list[object]:
    return [["party", "=", int(prey.key)], ["code", ">=", least]]


def _tryton(method: str, domain: Domain, *rest: object, xml: bool = False) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        params = (domain(prey, least), *rest, {})
        if xml:
            body: object = xmlrpc.client.dumps(params, f"model.{method}", allow_none=True).encode()
        else:
            body = {"id": 7, "method": f"model.{method}", "params": list(params)}
        return "POST", "/crm/rpc/", body

    return asks


def _rest(domain: Domain, model: str = "party.party", order: str = "") -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        folded = base64.urlsafe_b64encode(json.dumps(domain(prey, least)).encode()).decode()
        return "GET", f"/crm/rest/model/{model}?d={folded}{order}&f=id", None

    return asks


_SORTED: Final = f"SELECT Id FROM Contact WHERE {PAIR} ORDER BY SSN__c"
_FIND: Final = "FIND {{{name}}} IN NAME FIELDS RETURNING Contact"
_WORD: Final = "FIND {{{least}}} IN ALL FIELDS RETURNING Contact(Id)"
_NUMBER: Final = "FIND {{{least}}} IN PHONE FIELDS RETURNING Contact(Id)"
_JOB: Final = (_about(), _about(), _about("/results"))
_BY_CODE: Final = [["code", "ASC"]]
_ORDER: Final = f"&o={base64.urlsafe_b64encode(json.dumps(_BY_CODE).encode()).decode()}"

ELSEWHERE: Final = (
    Way("salesforce", "SOAP", _soap("query", "queryString", ONE)),
    Way("salesforce", "deleted rows too, by SOAP", _soap("queryAll", "queryString", ONE)),
    Way("salesforce", "an order by SOAP", _soap("query", "queryString", _SORTED), beside=True),
    Way("salesforce", "a word by SOAP", _soap("search", "searchString", _WORD), exact=True, always=True),
    Way("salesforce", "a number by SOAP", _soap("search", "searchString", _NUMBER), exact=True),
    Way("salesforce", "SOSL by SOAP", _soap("search", "searchString", f"{_FIND}(Id WHERE {HELD})")),
    Way("salesforce", "a word", _sosl(_WORD), exact=True, always=True),
    Way("salesforce", "a number", _sosl(_NUMBER), exact=True),
    Way("salesforce", "SOSL", _sosl(f"{_FIND}(Id WHERE {HELD})")),
    Way("salesforce", "a number by parameters", _parameters_in_url, exact=True),
    Way("salesforce", "a search by parameters", _parameters(where=HELD)),
    Way("salesforce", "a query job", _job("query", ONE), then=_JOB),
    Way("salesforce", "a query job with deleted rows", _job("queryAll", ONE), then=_JOB),
    Way("salesforce", "a query job in order", _job("query", _SORTED), beside=True, then=_JOB),
    Way("salesforce", "an external id", _external, exact=True),
    Way("odoo", "a search by XML-RPC", _odoo_xml("search")),
    Way("odoo", "a search that reads by XML-RPC", _odoo_xml("search_read", fields=["name"])),
    Way("odoo", "a count by XML-RPC", _odoo_xml("search_count")),
    Way("odoo", "an order by XML-RPC", _odoo_xml("search", _partners, order="x_iban"), beside=True),
    Way("odoo", "the web client's search", _call_kw("search"), direct=False),
    Way(
        "odoo",
        "the web client's count",
        _call_kw("search_count", path="/res.partner/search_count"),
        direct=False,
    ),
    Way(
        "odoo",
        "the web client's order",
        _call_kw("search_read", _partners, fields=["name"], order="x_iban"),
        beside=True,
        direct=False,
    ),
    Way("tryton", "a search", _tryton("party.party.search", _party, 0, None, None)),
    Way("tryton", "a search by XML-RPC", _tryton("party.party.search", _party, 0, None, None, xml=True)),
    Way("tryton", "a count", _tryton("party.party.search_count", _party, 0, None)),
    Way("tryton", "a count by XML-RPC", _tryton("party.party.search_count", _party, 0, None, xml=True)),
    Way("tryton", "a search that reads", _tryton("party.party.search_read", _party, 0, None, None, ["code"])),
    Way("tryton", "a domain inside", _tryton("party.party.search", _party_where, 0, None, None)),
    Way("tryton", "one of two", _tryton("party.party.search", _party_either, 0, None, None, xml=True)),
    Way("tryton", "what is below", _tryton("party.identifier.search_count", _passport, 0, None)),
    Way("tryton", "an order", _tryton("party.identifier.search", _passports, 0, None, _BY_CODE), beside=True),
    Way(
        "tryton",
        "an order by XML-RPC",
        _tryton("party.identifier.search", _passports, 0, None, _BY_CODE, xml=True),
        beside=True,
    ),
    Way("tryton", "REST", _rest(_party), direct=False),
    Way("tryton", "an order in REST", _rest(_passports, "party.identifier", _ORDER), beside=True, direct=False),
)
