"""What the arguments of a root's field do: each field in a condition is a filter, each in an order a sort."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.connectors.graphql.query import Word
from proxy.connectors.graphql.spec import GraphqlField, GraphqlModel
from proxy.connectors.words import NAME, ObjectWords, Words
from proxy.errors import Gap, Undecodable
from proxy.message import Record, Tree, scalar_text
from proxy.model import Action, FieldUse

MAX_DEPTH = 12


@dataclass(slots=True)
class Arguments:
    """Collects what the arguments of one field do."""

    model: GraphqlModel
    words: Words
    own: ObjectWords
    id: re.Pattern[str]
    uses: dict[FieldUse, None] = field(default_factory=dict)
    records: list[str] = field(default_factory=list)
    writes: list[Record] = field(default_factory=list)

    def take(self, declared: GraphqlField, given: Mapping[str, Tree]) -> None:
        """Take in the arguments of a field.

        Raises:
            Gap: one that is not declared, or that is not what is declared of it.
            Undecodable: a condition that is too deep.
        """
        for name, value in given.items():
            match declared.arguments.get(name):
                case "id":
                    self._key(value)
                case "ids" if isinstance(value, list):
                    for each in value:
                        self._key(each)
                case "number" if (scalar_text(value) or "").isdigit():
                    pass
                case "cursor" if value is None:
                    pass
                case "where":
                    self._where(value, self.own, 0)
                case "order":
                    self._order(value)
                case "values":
                    self._values(declared.action, value)
                case None:
                    raise Gap("construct", "unknown_argument")
                case _:
                    raise Gap("construct", "unknown_value")

    def _key(self, value: Tree) -> None:
        text = scalar_text(value)
        if text is None or not self.id.fullmatch(text):
            raise Gap("construct", "unknown_value")
        self.records.append(text)

    def _note(self, words: ObjectWords, name: str, action: Action) -> None:
        self.uses[FieldUse(words.name, words.listed(name), action)] = None

    def _where(self, tree: Tree, words: ObjectWords, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Undecodable("query_too_deep")
        if tree is None:
            return
        if not isinstance(tree, dict):
            raise Gap("construct", "unknown_value")
        for name, value in tree.items():
            if name in self.model.joining:
                for each in value if isinstance(value, list) else [value]:
                    self._where(each, words, depth + 1)
            elif name in words.parents:
                relation = words.parents[name]
                self.uses[FieldUse(words.name, relation.via, Action.FILTER)] = None
                self._where(value, self.words.objects[relation.object], depth + 1)
            elif name in words.children or not NAME.fullmatch(name):
                raise Gap("construct", "unknown_member")
            else:
                self._compared(words, name, value)

    def _compared(self, words: ObjectWords, name: str, value: Tree) -> None:
        if not isinstance(value, dict) or not value or not value.keys() <= set(self.model.operators):
            raise Gap("construct", "unknown_operator")
        for each in value.values():
            items = each if isinstance(each, list) else [each]
            if any(isinstance(item, dict | list) for item in items):
                raise Gap("construct", "nested_value")
        self._note(words, name, Action.FILTER)

    def _order(self, tree: Tree) -> None:
        for each in tree if isinstance(tree, list) else [tree]:
            if not isinstance(each, dict) or not all(isinstance(way, Word | str) for way in each.values()):
                raise Gap("construct", "unknown_value")
            for name in each:
                if name in self.own.parents or name in self.own.children or not NAME.fullmatch(name):
                    raise Gap("construct", "unknown_member")
                self._note(self.own, name, Action.SORT)

    def _values(self, action: Action, tree: Tree) -> None:
        if not isinstance(tree, dict):
            raise Gap("construct", "unknown_value")
        for name, value in tree.items():
            if isinstance(value, dict | list | Word) or not NAME.fullmatch(name):
                raise Gap("construct", "nested_value")
            if name in self.own.parents or name in self.own.children:
                raise Gap("construct", "nested_value")
            self._note(self.own, name, action)
        self.writes.append(Record(self.own.name, action, dict(tree)))
