"""The grammar `zoho-coql`: a query in the body, `{"select_query": "select ..."}`.

Where a query shows fields of a person behind a lookup, it is made to ask for that person's id as well: whose
fields they are decides whether anybody may see them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.comparing import Looking
from proxy.connectors.facts import Gathering, Wanted, fields_of
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.shape import Shape
from proxy.connectors.spec import RecordModel, RouteModel
from proxy.connectors.words import Hidden
from proxy.connectors.zoho import parsing, writing
from proxy.connectors.zoho.meaning import Meaning, Names, narrowed, swapped, understand
from proxy.connectors.zoho.rows import ID, Answered, Columns, Computed, plan
from proxy.connectors.zoho.tree import Column, Path
from proxy.errors import Gap

_QUERY: Final = "select_query"


@dataclass(frozen=True, slots=True)
class Coql:
    """Reads a query."""

    setting: Setting
    names: Names
    people: frozenset[str]
    answer: Shape

    def read(self, asking: Asking) -> Reading:
        """Return what the query does; see `Grammar.read`."""
        tree = asking.tree
        text = tree.get(_QUERY) if isinstance(tree, dict) and tree.keys() == {_QUERY} else None
        if not isinstance(text, str):
            raise Gap("construct", "unknown_member")
        return self._reading(understand(parsing.parse(text), self.names), asking)

    def _reading(self, meaning: Meaning, asking: Asking) -> Reading:
        """Return what the query does, and how to ask for less or more than it does."""
        if meaning.kinds is not None:
            opening: Answered | Computed = Computed(self.answer, meaning)
            sent = meaning
        else:
            sent = self._told(meaning)
            opening = self._opening(sent, meaning.columns)
        tree = {_QUERY: writing.write(sent.query)}
        reading = Reading((meaning.operation,), opening, asking.params, tree=tree)

        def swap(looking: Looking) -> Reading:
            where = swapped(meaning.query.where, meaning.object, self.names, looking)
            return self._reading(replace(meaning, query=replace(meaning.query, where=where)), asking)

        reading.swap = swap
        if meaning.kinds is not None:
            return reading

        def narrow(hidden: Hidden) -> Reading:
            less = understand(narrowed(meaning, hidden), self.names)
            return self._reading(replace(less, uses=meaning.uses, records=meaning.records), asking)

        def widen(wanted: Wanted) -> Reading:
            more = fields_of(meaning.object.spec, wanted.get(meaning.object.name, ()))
            added = [name for name in more if name not in sent.columns and name != ID]
            wider = self._with(sent, added)
            answered = replace(
                self._opening(sent, meaning.columns), gathering=Gathering(wanted, {(): frozenset(added)})
            )
            return replace(reading, answer=answered, tree={_QUERY: writing.write(wider.query)})

        reading.narrow, reading.widen = narrow, widen
        return reading

    def _opening(self, sent: Meaning, asked: Columns) -> Answered:
        return Answered(self.answer, self.setting.rows, sent, plan(sent, self.people, asked))

    def _told(self, meaning: Meaning) -> Meaning:
        """Return the query that also tells whose the fields behind lookups are."""
        return self._with(meaning, [name for name in self._keys(meaning) if name not in meaning.columns])

    def _keys(self, meaning: Meaning) -> list[str]:
        found: dict[str, None] = {}
        for column in meaning.query.columns:
            path = column.expression
            if isinstance(path, Path) and len(path.hops) > 1:
                end, _ = self.names.meant(meaning.object, path)
                if end.name in self.people:
                    if column.alias is not None:
                        raise Gap("construct", "coql_alias")
                    found[".".join((*path.hops[:-1], ID))] = None
        return list(found)

    def _with(self, meaning: Meaning, added: list[str]) -> Meaning:
        """Return a query with more columns, whose uses are those of the one that was asked."""
        columns = (*meaning.query.columns, *(Column(Path(tuple(name.split(".")))) for name in added))
        wider = understand(replace(meaning.query, columns=columns), self.names)
        return replace(wider, uses=meaning.uses, records=meaning.records)


def compile_coql(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that takes a query; raises ValueError where the route is wrong."""
    if not route.answer:
        raise ValueError("needs an answer for its grammar")
    return Coql(setting, names_of(setting), people_of(setting), setting.answers[route.answer])


def names_of(setting: Setting) -> Names:
    """Return what knows where paths lead."""
    return Names(setting.words, _short(setting.file.record))


def people_of(setting: Setting) -> frozenset[str]:
    """Return the objects whose records are people."""
    return frozenset(name for name, words in setting.words.objects.items() if words.spec.subject_key is not None)


def _short(record: RecordModel) -> Mapping[str, str]:
    return {name: short.object for name, short in record.short.items()}
