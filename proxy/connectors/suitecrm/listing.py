"""The grammar `suitecrm-list`: `filter[last_name][eq]=Byrne&filter[operator]=or&sort=-id&fields[Contacts]=name`.

Each name of a parameter is read as a whole: PHP would take `filter[a` or `filter.a` for something, too. What is
deleted stays a row that a filter by `deleted` shows; so to ask for that is to look into the recycle bin.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from proxy.connectors.asked import Answer
from proxy.connectors.choices import remaining, select, selecting
from proxy.connectors.comparing import Looking, refuse
from proxy.connectors.facts import Wanted
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.implied import outright
from proxy.connectors.plain import answer, gathering
from proxy.connectors.shape import Shape
from proxy.connectors.spec import RouteModel
from proxy.connectors.uses import Uses
from proxy.connectors.words import NAME, Hidden, ObjectWords
from proxy.errors import Gap, Undecodable
from proxy.model import Action, FieldUse, Operation

OPERATORS: Final = frozenset({"eq", "neq", "gt", "gte", "lt", "lte"})
MOST_FILTERS: Final = 20
MOST_TEXT: Final = 1_000
"""Characters of what is compared with."""
_DELETED: Final = "deleted"
_FILTER: Final = re.compile(r"filter\[([A-Za-z][A-Za-z0-9_]{0,99})\](?:\[([A-Za-z]{2,3})\])?", re.ASCII)
_PAGE: Final = re.compile(r"page\[(size|number)\]", re.ASCII)
_FIELDS: Final = re.compile(r"fields\[([A-Za-z][A-Za-z0-9_]{0,99})\]", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,7}", re.ASCII)
_EQUALITY: Final = frozenset({"eq", "neq"})


@dataclass(frozen=True, slots=True)
class Filter:
    """One comparison."""

    name: str
    operator: str
    value: str


@dataclass(slots=True)
class Parts:
    """What the parameters of one request say."""

    filters: list[Filter] = field(default_factory=list)
    word: str = ""
    """By which filters are joined; "" where nobody says."""
    names: list[str] = field(default_factory=list)
    """Fields to return; empty: all."""
    sort: str = ""
    page: dict[str, str] = field(default_factory=dict)

    def pairs(self, module: str) -> tuple[tuple[str, str], ...]:
        """Return the parameters to send."""
        found = [(f"filter[{each.name}][{each.operator}]", each.value) for each in self.filters]
        found += [("filter[operator]", self.word)] if self.word else []
        found += [(f"fields[{module}]", ",".join(self.names))] if self.names else []
        found += [("sort", self.sort)] if self.sort else []
        return (*found, *((f"page[{name}]", number) for name, number in self.page.items()))


@dataclass(frozen=True, slots=True)
class Listing:
    """Reads a request for one record, or for many."""

    setting: Setting
    action: Action
    answer: Shape

    def read(self, asking: Asking) -> Reading:
        """Return what is compared, sorted by and shown; see `Grammar.read`."""
        words = self.setting.words.object(asking.params["object"])
        parts = _read(asking.query, words)
        uses = Uses(words, self.action)
        if "id" in asking.params:
            uses.records.append(asking.params["id"])
        parts.names = [uses.add(name) for name in parts.names]
        for each in parts.filters:
            uses.look(each.name)
            if each.name == (words.spec.subject_key or "id") and each.operator == "eq":
                uses.records.append(each.value)
        if parts.sort:
            uses.look(parts.sort.removeprefix("-"), Action.SORT)
        operations = uses.operations()
        if any(each.name == _DELETED for each in parts.filters):
            operations += self._of_deleted(words)
        return self._reading(asking, words, parts, operations)

    def _of_deleted(self, words: ObjectWords) -> tuple[Operation, ...]:
        bin_ = self.setting.words.object(self.setting.file.deleted)
        return (outright(FieldUse(bin_.name, bin_.listed(words.name), Action.LIST)),)

    def _reading(
        self, asking: Asking, words: ObjectWords, parts: Parts, operations: tuple[Operation, ...]
    ) -> Reading:
        """Return what is asked for, and how to ask for less or more of it."""
        opening: Answer = answer(self.setting, self.answer, words, self.action)
        params = {**asking.params, "object": words.name}
        reading = Reading(operations, opening, params, parts.pairs(words.name))

        def narrow(hidden: Hidden) -> Reading:
            names = remaining(words, hidden, [*parts.names])
            return self._reading(asking, words, replace(parts, names=names), operations)

        def widen(wanted: Wanted) -> Reading:
            names, added = selecting(words, wanted, parts.names)
            wider = replace(parts, names=names) if names else parts
            return replace(reading, query=wider.pairs(words.name), answer=gathering(opening, wanted, added))

        def swap(looking: Looking) -> Reading:
            filters = [_compared(each, words, looking) for each in parts.filters]
            return self._reading(asking, words, replace(parts, filters=filters), operations)

        return replace(reading, narrow=narrow, widen=widen, swap=swap)


def _compared(each: Filter, words: ObjectWords, looking: Looking) -> Filter:
    """Return a filter that compares a protected field with what the CRM has; one value, as it takes no more."""
    name = words.listed(each.name)
    if each.operator not in _EQUALITY:
        looking.other(words.name, name)
        return each
    if not looking.guarded(words.name, name):
        return each
    found = looking.look(words.name, name, [each.value])
    if found is None:
        return each
    if len(found) != 1:
        refuse(words.name, name)
    return replace(each, value=found[0])


def _read(query: Mapping[str, tuple[str, ...]], words: ObjectWords) -> Parts:
    parts = Parts()
    for name, (text, *_) in query.items():
        if found := _FILTER.fullmatch(name):
            _filter(parts, words.spelled(found[1]), found[2], text)
        elif found := _PAGE.fullmatch(name):
            if not _NUMBER.fullmatch(text):
                raise Gap("construct", "parameter_value")
            parts.page[found[1]] = text
        elif found := _FIELDS.fullmatch(name):
            if parts.names or found[1] != words.name:
                raise Gap("construct", "unknown_parameter")
            parts.names = select(text)
        elif name == "sort":
            if not NAME.fullmatch(text.removeprefix("-")):
                raise Gap("construct", "not_a_field_name")
            parts.sort = text.replace(text.removeprefix("-"), words.spelled(text.removeprefix("-")))
        else:
            raise Gap("construct", "unknown_parameter")
    if len(parts.filters) > MOST_FILTERS:
        raise Undecodable("too_many_items", status=413)
    return parts


def _filter(parts: Parts, name: str, operator: str | None, text: str) -> None:
    if operator is None:
        if name != "operator" or text.lower() not in {"and", "or"} or parts.word:
            raise Gap("construct", "unknown_operator")
        parts.word = text.lower()
        return
    if operator.lower() not in OPERATORS:
        raise Gap("construct", "unknown_operator")
    if len(text) > MOST_TEXT or not text.isprintable():
        raise Gap("construct", "unknown_value")
    if any((each.name, each.operator) == (name, operator.lower()) for each in parts.filters):
        raise Undecodable("repeated_parameter")
    parts.filters.append(Filter(name, operator.lower(), text))


def compile_listing(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that reads; raises ValueError where the route is wrong."""
    if not route.answer or "/{object}" not in route.match:
        raise ValueError("needs an answer, and {object} in its path, for its grammar")
    if "filter[*]" in route.query and setting.file.deleted not in setting.words.objects:
        raise ValueError('needs the name of an object at "deleted:" for its filters')
    return Listing(setting, route.action, setting.answers[route.answer])
