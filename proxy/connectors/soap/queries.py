"""Calls that read: queries and their pages, records by id, searches."""

from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.asked import Opened, Total
from proxy.connectors.bulk.jobs import Job, Jobs
from proxy.connectors.choices import remaining, select, selecting
from proxy.connectors.comparing import Looking
from proxy.connectors.facts import NOTHING, Gathering, Wanted
from proxy.connectors.grammar import Asking, Reading, Setting
from proxy.connectors.queries import Soql, Understood
from proxy.connectors.searches import Found, Searches
from proxy.connectors.soap.envelope import Call, answered, results, wrapped
from proxy.connectors.soap.records import SoapPage
from proxy.connectors.uses import Uses
from proxy.connectors.words import Hidden, ObjectWords
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Tree
from proxy.model import Action

MOST_IDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Queries:
    """Reads these calls for one connector."""

    setting: Setting
    soql: Soql
    searches: Searches
    pages: Jobs
    """Seals what stands for a further page: the CRM's name for it, and the query."""

    def query(self, call: Call, asking: Asking) -> Reading:
        """Return what a query does, and how to ask for less or more than it does."""
        operation = call.name.removeprefix("p:")
        text = _only_text(call, "p:queryString")
        return self._reading(self._understood(text, operation), call, asking, operation)

    def _understood(self, text: str, operation: str) -> Understood:
        found = self.soql.understood(text, deleted=operation == "queryAll")
        if found.meaning.columns is not None:
            raise Gap("construct", "soql_group")  # rows that are no records have no place here
        return found

    def _reading(self, understood: Understood, call: Call, asking: Asking, operation: str) -> Reading:
        def sending(text: str, gathering: Gathering = NOTHING) -> Reading:
            page = Page(self, understood, call, asking, operation, gathering)
            tree = wrapped(call, {"p:queryString": text})
            return Reading(understood.operations, page, asking.params, tree=tree)

        def widen(wanted: Wanted) -> Reading:
            text, added = understood.widened(wanted)
            return sending(text, Gathering(wanted, added))

        def narrow(hidden: Hidden) -> Reading:
            return self._reading(understood.without(hidden), call, asking, operation)

        def swap(looking: Looking) -> Reading:
            return self._reading(understood.swapped(looking), call, asking, operation)

        return replace(sending(understood.text), widen=widen, narrow=narrow, swap=swap)

    def more(self, call: Call, asking: Asking) -> Reading:
        """Return what the query does whose next page is asked for."""
        job = self.pages.open(_only_text(call, "p:queryLocator"), asking.binding)
        understood = self._understood(job.query, job.operation)

        def sending(gathering: Gathering = NOTHING) -> Reading:
            page = Page(self, understood, call, asking, job.operation, gathering)
            tree = wrapped(call, {"p:queryLocator": job.id})
            return Reading(understood.operations, page, asking.params, tree=tree)

        def widen(wanted: Wanted) -> Reading:
            # The first page was asked for with these fields, and so the CRM sends them here as well.
            return sending(Gathering(wanted, understood.widened(wanted)[1]))

        def swap(looking: Looking) -> Reading:
            understood.swapped(looking)  # the CRM has the query already; what cannot be compared is refused anew
            return replace(sending(), widen=widen)

        return replace(sending(), widen=widen, swap=swap)

    def retrieve(self, call: Call, asking: Asking) -> Reading:
        """Return which fields of which records are read."""
        if call.arguments.keys() != {"p:fieldList", "p:sObjectType", "p:ids"}:
            raise Gap("construct", "unknown_member")
        words = self.setting.words.object(text_in(call.arguments["p:sObjectType"]))
        uses = Uses(words, Action.LIST)
        fields = [uses.add(name) for name in select(text_in(call.arguments["p:fieldList"]).replace(" ", ""))]
        uses.records += ids_in(call.arguments["p:ids"], self.setting)
        operations = (uses.operation(),)
        ids: list[Tree] = [*uses.records]

        def sending(names: list[str], gathering: Gathering = NOTHING) -> Reading:
            sent = {"p:fieldList": ",".join(names), "p:sObjectType": words.name, "p:ids": ids}
            answer = Retrieved(self.setting, words, call, gathering)
            return Reading(operations, answer, asking.params, tree=wrapped(call, sent))

        def adaptable(names: list[str]) -> Reading:
            def widen(wanted: Wanted) -> Reading:
                more, added = selecting(words, wanted, [*names])
                return sending(more or names, Gathering(wanted, {(): added}))

            def narrow(hidden: Hidden) -> Reading:
                return adaptable(remaining(words, hidden, [*names]))

            return replace(sending(names), widen=widen, narrow=narrow)

        return adaptable(fields)

    def search(self, call: Call, asking: Asking) -> Reading:
        """Return what a search does."""
        text = _only_text(call, "p:searchString")
        return self._placed(self.searches.read(replace(asking, query={"q": (text,)})), call)

    def _placed(self, reading: Reading, call: Call) -> Reading:
        """Return a search as an envelope, in every form that it can be asked in."""
        narrow, widen = reading.narrow, reading.widen
        assert isinstance(reading.answer, Found)
        return replace(
            reading,
            query=(),
            tree=wrapped(call, {"p:searchString": dict(reading.query)["q"]}),
            answer=Matches(self.setting, call, reading.answer),
            narrow=None if narrow is None else lambda hidden: self._placed(narrow(hidden), call),
            widen=None if widen is None else lambda wanted: self._placed(widen(wanted), call),
        )


def text_in(value: Tree) -> str:
    """Return the text of an element that stands there once; raises Gap if it holds anything else."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        raise Gap("construct", "unknown_value")
    return str(value)


def ids_in(value: Tree, setting: Setting) -> list[str]:
    """Return the ids in a list of elements; raises Gap if one is none, Undecodable if there are too many."""
    found = value if isinstance(value, list) else [value]
    if len(found) > MOST_IDS:
        raise Undecodable("too_many_items", status=413)
    if not all(isinstance(each, str) and setting.rows.id.fullmatch(each) for each in found):
        raise Gap("construct", "unknown_value")
    return [str(each) for each in found]


def _only_text(call: Call, name: str) -> str:
    if call.arguments.keys() != {name}:
        raise Gap("construct", "unknown_member")
    return text_in(call.arguments[name])


@dataclass(frozen=True, slots=True)
class Page:
    """The answer to a query, or a further page of one."""

    queries: Queries
    understood: Understood
    call: Call
    asking: Asking
    operation: str
    gathering: Gathering

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the records of a page, and how to ask for the next one."""
        opened, found = Opened(tree), results(tree, self.call)
        if len(found) != 1 or not isinstance(found[0], dict):
            raise UpstreamFault("unexpected_shape")
        result = found[0]
        records = result.get("p:records", [])
        if not isinstance(records, list):
            raise UpstreamFault("unexpected_shape")
        page = SoapPage(self.queries.setting.rows, Action.LIST, opened, self.gathering)
        for row in records:
            page.open(row, self.understood.meaning.object)
        done, size = result.get("p:done") != "false", result.get("p:size")
        told: dict[str, Tree] = {"@xsi:type": "p:QueryResult", "p:done": "true" if done else "false"}
        told["p:queryLocator"] = None if done else self._sealed(result.get("p:queryLocator"))
        told["p:records"] = records
        told["p:size"] = str(size) if isinstance(size, str) and size.isdecimal() else str(len(records))
        opened.totals.append(Total(told, "p:size", told, "p:records", self.understood.meaning.object.name))
        opened.tree = answered(self.call, [told])
        return opened

    def _sealed(self, locator: Tree) -> Tree:
        setting = self.queries.setting
        if not isinstance(locator, str) or not setting.patterns["locator"].fullmatch(locator):
            return None
        job = Job(str(locator), self.operation, query=self.understood.text)
        return self.queries.pages.seal(job, self.asking.binding) if setting.sealer is not None else None


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The answer that holds records by id; one that is not there is null."""

    setting: Setting
    words: ObjectWords
    call: Call
    gathering: Gathering

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the records."""
        opened, found = Opened(tree), results(tree, self.call)
        page = SoapPage(self.setting.rows, Action.LIST, opened, self.gathering)
        for row in found:
            if row is not None and row != "":
                page.open(row, self.words)
        rows = [row or None for row in found]
        opened.sparse.append(rows)
        opened.tree = answered(self.call, rows)
        return opened


@dataclass(frozen=True, slots=True)
class Matches:
    """The answer to a search."""

    setting: Setting
    call: Call
    found: Found

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the records of objects that the search returns; others are pruned."""
        opened, kept = Opened(tree), []
        for result in results(tree, self.call):
            rows = result.get("p:searchRecords", []) if isinstance(result, dict) else []
            for row in rows if isinstance(rows, list) else []:
                record = row.get("p:record") if isinstance(row, dict) else None
                told = record.get("type") if isinstance(record, dict) else None
                if told not in self.found.objects:
                    opened.pruned += 1
                    continue
                words, gathering = self.found.objects[str(told)]
                SoapPage(self.setting.rows, Action.LIST, opened, gathering).open(record, words)
                kept.append({"p:record": record})
        listed: list[Tree] = [*kept]
        opened.tree = answered(self.call, [{"p:searchRecords": listed}] if listed else [{}])
        return opened
