"""The grammar `graphql`: a route whose body is a GraphQL request."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from proxy.connectors.facts import Wanted
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.graphql.answers import Answered
from proxy.connectors.graphql.arguments import Arguments
from proxy.connectors.graphql.endings import Gone, ends_of_mutations
from proxy.connectors.graphql.query import Query, Selected, body_of, read_query
from proxy.connectors.graphql.selecting import TYPE, Shown, changed, narrowed, plain, unwrapped, widened
from proxy.connectors.graphql.spec import GraphqlField, GraphqlModel
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import Hidden, ObjectWords, Words
from proxy.errors import Gap, Refused
from proxy.message import Record
from proxy.model import DISCLOSING, Action, Operation

Selecting = Callable[[tuple[Selected, ...], ObjectWords], tuple[Selected, ...]]


@dataclass(frozen=True, slots=True)
class Graphql:
    """Reads one declared route."""

    model: GraphqlModel
    words: Words
    id: re.Pattern[str]

    def read(self, asking: Asking) -> Reading:
        """Return what the query does; see `Grammar.read`."""
        query = read_query(asking.tree)
        declared = self.model.queries if query.kind == "query" else self.model.mutations
        for root in query.fields:
            if root.on or (root.name == TYPE and root.inside):
                raise Gap("construct", "unknown_value")
            if root.name != TYPE and root.name not in declared:
                raise Gap("route", "unknown_method")
        query = self._with(query, declared, lambda each, own: plain(each, self.words, own, self.model.types))
        operations: list[Operation] = []
        writes: list[Record] = []
        gone: list[Gone | None] = []
        for root in query.fields:
            if root.name == TYPE:
                continue
            found, written = self._root(root, declared[root.name])
            operations += found
            writes += written
            gone.append(_gone(root, declared[root.name], found[0]))
        if not operations:
            raise Gap("construct", "unknown_value")
        reading = self._reading(asking, query, declared, tuple(operations), tuple(writes))
        known = [each for each in gone if each is not None]
        reading.ends = ends_of_mutations(known, self.words) if len(known) == len(gone) else None
        return reading

    def _root(self, root: Selected, declared: GraphqlField) -> tuple[list[Operation], list[Record]]:
        own = self.words.objects[declared.object]
        arguments = Arguments(self.model, self.words, own, self.id)
        arguments.take(declared, root.arguments)
        shown = Shown(self.words, own, declared.action if declared.action in DISCLOSING else Action.READ)
        selection = unwrapped(root, declared)
        shown.take(selection)
        asked = list(shown.uses)
        if declared.action in DISCLOSING:
            uses = (*asked, *(each for each in arguments.uses if each.object == own.name))
            operations = [Operation(declared.action, own.name, uses, tuple(arguments.records))]
        else:
            operations = [Operation(declared.action, own.name, tuple(arguments.uses), tuple(arguments.records))]
            if selection:
                operations.append(Operation(Action.READ, own.name, tuple(asked)))
        others = [each for each in arguments.uses if each.object != own.name]
        if declared.action in DISCLOSING and others:
            operations += [
                Operation(Action.LIST, name, tuple(each for each in others if each.object == name))
                for name in dict.fromkeys(each.object for each in others)
            ]
        return [*operations, *shown.inside], arguments.writes

    def _reading(
        self,
        asking: Asking,
        query: Query,
        declared: Mapping[str, GraphqlField],
        operations: tuple[Operation, ...],
        writes: tuple[Record, ...],
    ) -> Reading:
        """Return what the query does, and how to ask for less or more than it does."""

        def narrow(hidden: Hidden) -> Reading:
            less = self._with(query, declared, lambda each, own: narrowed(each, self.words, own, hidden))
            return self._reading(asking, less, declared, operations, writes)

        def widen(wanted: Wanted) -> Reading:
            wider = self._with(query, declared, lambda each, own: widened(each, self.words, own, wanted))
            answer = Answered(self.words, wider, declared, wanted)
            return Reading(operations, answer, asking.params, tree=body_of(wider), writes=writes)

        return Reading(
            operations,
            Answered(self.words, query, declared),
            asking.params,
            tree=body_of(query),
            writes=writes,
            narrow=narrow,
            widen=widen,
        )

    def _with(self, query: Query, declared: Mapping[str, GraphqlField], change: Selecting) -> Query:
        """Return a query with other fields of records in it; raises Refused where one has none left."""
        fields: list[Selected] = []
        for root in query.fields:
            if root.name == TYPE or not root.inside:
                fields.append(root)
                continue
            kind = declared[root.name]
            own = self.words.objects[kind.object]
            other = changed(root, kind, partial(_called, change, own))
            if unwrapped(root, kind) and not unwrapped(other, kind):
                raise Refused("not_granted", own.name)
            fields.append(other)
        return replace(query, fields=tuple(fields))


def _gone(root: Selected, declared: GraphqlField, first: Operation) -> Gone | None:
    """Return a field that does nothing but to delete one record; None for any other."""
    if first.action not in {Action.DELETE, Action.ERASE} or len(first.records) != 1:
        return None
    return Gone(root, declared, (first.object, first.records[0]))


def _called(change: Selecting, own: ObjectWords, selection: tuple[Selected, ...]) -> tuple[Selected, ...]:
    return change(selection, own)


def compile_graphql(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route; raises ValueError where the route or the section is wrong."""
    model = setting.file.graphql
    if model is None:
        raise ValueError("needs a graphql: section in the connector for its grammar")
    if not route.match.startswith("POST ") or route.media != ["json"]:
        raise ValueError("must be a POST with media: [json] for its grammar")
    if "id" not in setting.patterns:
        raise ValueError('needs a pattern "id" for its grammar')
    for name, each in (*model.queries.items(), *model.mutations.items()):
        if each.object not in setting.words.objects:
            raise ValueError(f'has a field "{name}" about "{each.object}", which is not among the objects')
        if (name in model.queries) != (each.action in DISCLOSING):
            raise ValueError(f'has a field "{name}" whose action does not go with where it stands')
        if "values" in each.arguments.values() and each.action not in {Action.CREATE, Action.UPDATE}:
            raise ValueError(f'has a field "{name}" that takes values, and writes none')
    return Graphql(model, setting.words, setting.patterns["id"])
