"""SOSL: `FIND {words} IN ALL FIELDS RETURNING Contact(Id, Name WHERE ... LIMIT n), Lead`.

Each object after RETURNING is run as a SELECT, so that fields, WHERE and LIMIT mean what they mean there.
"""

import re
from dataclasses import dataclass

from proxy.sandbox.exchange import Call
from proxy.sandbox.salesforce.org import Row
from proxy.sandbox.salesforce.records import members
from proxy.sandbox.salesforce.refusals import SalesforceError
from proxy.sandbox.salesforce.schema import STRINGS, SObject
from proxy.sandbox.salesforce.select import Record, Select

_FIND = re.compile(
    r"\s*FIND\s*\{(?P<words>(?:\\.|[^}\\])*)\}"
    r"(?:\s+IN\s+(?P<scope>ALL|NAME|EMAIL|PHONE)\s+FIELDS)?"
    r"(?:\s+RETURNING\s+(?P<what>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_OBJECT = re.compile(
    r"\s*(?P<name>\w+)\s*(?:\((?P<inside>(?:'(?:\\.|[^'\\])*'|[^()']|\([^()]*\))*)\))?\s*(?:,|$)"
)
_BEFORE = r"(?:(?<!\w)|(?<=[\u3040-\u9fff]))"
_BEHIND = r"(?:(?!\w)|(?=[\u3040-\u9fff]))"
"""Where a word begins and ends; Chinese and Japanese signs are words of their own for whoever searches."""
_CLAUSE = re.compile(r"\s+(?=(?:WHERE|ORDER\s+BY|LIMIT|OFFSET)\b)", re.IGNORECASE)


def search(select: Select, text: str) -> list[Record]:
    """Return the records found, object by object.

    Raises:
        SalesforceError: MALFORMED_SEARCH, or what the SELECT behind an object raises.
    """
    asked = read(text)
    queries = asked.queries
    if queries is None:
        queries = [f"SELECT Id FROM {item.name}" for item in select.org.schema.objects.values()]  # noqa: S608
    words = _words(asked.words)
    found: list[Record] = []
    for query in queries:
        found += _matching(select, query, words, asked.scope)
    return found[: asked.limit]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search says."""

    words: str
    scope: str
    queries: list[str] | None
    """A SELECT for each object that is returned; None: every object is."""
    limit: int


def read(text: str) -> Asked:
    """Return what a search in SOSL says.

    Raises:
        SalesforceError: MALFORMED_SEARCH.
    """
    match = _FIND.fullmatch(text)
    if match is None:
        message = "No search term found. The search term must be enclosed in braces."
        raise SalesforceError(400, "MALFORMED_SEARCH", message)
    queries = None if match["what"] is None else _queries(match["what"])
    return Asked(match["words"], (match["scope"] or "ALL").upper(), queries, int(match["limit"] or 2000))


def sosl_of(call: Call) -> str:
    """Return the search that `parameterizedSearch` asks for, in SOSL.

    Raises:
        SalesforceError: there is nothing to search for.
    """
    tree = members(call) if call.method == "POST" else _parameters(call)
    term, objects = tree.get("q"), tree.get("sobjects")
    if not term or not isinstance(objects, list):
        raise SalesforceError(400, "MALFORMED_SEARCH", "q and sobject have to be given")
    returned = []
    for each in objects:
        named = each.get("fields") or tree.get("fields") or ["Id"]
        fields = ", ".join(map(str, named if isinstance(named, list) else [named]))
        where = f" WHERE {each['where']}" if each.get("where") else ""
        order = f" ORDER BY {each['orderBy']}" if each.get("orderBy") else ""
        limit = f" LIMIT {each['limit']}" if each.get("limit") else ""
        returned.append(f"{each['name']}({fields}{where}{order}{limit})")
    most = f" LIMIT {tree['overallLimit']}" if tree.get("overallLimit") else ""
    return f"FIND {{{term}}} IN {tree.get('in') or 'ALL'} FIELDS RETURNING {', '.join(returned)}{most}"


def _parameters(call: Call) -> dict[str, object]:
    names = [name for name in (call.argument("sobject") or "").split(",") if name]
    objects = [{"name": name, "fields": _listed(call.argument(f"{name}.fields"))} for name in names]
    more = {name: call.argument(name) for name in ("q", "in", "overallLimit")}
    return {**more, "fields": _listed(call.argument("fields")), "sobjects": objects}


def _listed(text: str | None) -> list[str] | None:
    return text.split(",") if text else None


def _matching(select: Select, query: str, words: list[list[re.Pattern[str]]], scope: str) -> list[Record]:
    records = []
    for record in select.run(query).records:
        attributes = record["attributes"]
        assert isinstance(attributes, dict)
        sobject = select.org.schema.objects[str(attributes["type"]).lower()]
        row = select.org.get(sobject, str(attributes["url"]).rpartition("/")[2])
        text = _text(sobject, row, scope)
        if any(all(word.search(text) for word in every) for every in words):
            records.append(record)
    return records


def _words(text: str) -> list[list[re.Pattern[str]]]:
    """Return one pattern per word, in groups of which one has to be there as a whole (`OR`); quotes keep phrases
    together, `*` and `?` stand for anything."""
    plain = re.sub(r"\\(.)", r"\1", text)
    if len(plain.strip(' *?"')) < 2:
        raise SalesforceError(400, "MALFORMED_SEARCH", "search term must be longer than one character")
    groups: list[list[re.Pattern[str]]] = [[]]
    for phrase, word in re.findall(r'"([^"]+)"|(\S+)', plain):
        if word == "OR":
            groups.append([])
        elif word != "AND":
            wild = re.escape(phrase or word).replace(r"\*", r"\w*").replace(r"\?", r"\w")
            groups[-1].append(re.compile(rf"{_BEFORE}{wild}{_BEHIND}", re.IGNORECASE))
    return [group for group in groups if group]


def _queries(what: str) -> list[str]:
    queries: list[str] = []
    at = 0
    while at < len(what):
        match = _OBJECT.match(what, at)
        if match is None:
            raise SalesforceError(400, "MALFORMED_SEARCH", f"unexpected token: {what[at:]}")
        fields, *rest = _CLAUSE.split(match["inside"] or "Id", maxsplit=1)
        queries.append(f"SELECT {fields} FROM {match['name']} {' '.join(rest)}")  # noqa: S608
        at = match.end()
    return queries


def _text(sobject: SObject, row: Row, scope: str) -> str:
    kinds = {"EMAIL": {"email"}, "PHONE": {"phone"}}.get(scope, STRINGS)
    names = [item.name for item in sobject.listed if item.type in kinds and not item.computed]
    if scope == "NAME":
        names = [name for name in names if name.endswith("Name")]
    return "\n".join(str(row[name]) for name in names if row.get(name))
