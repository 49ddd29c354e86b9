"""Names in a query: which object and field each one means, hop by hop through the connector's relations."""

from proxy.connectors.soql.tree import AGGREGATES, Call, Column, Expression, FieldSet, Path, Query
from proxy.connectors.words import UNCLASSIFIED, ObjectWords, Words
from proxy.errors import Gap
from proxy.model import Action, FieldUse


class Notes:
    """Collects uses over a query and everything inside it, each once, in order."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.uses: dict[FieldUse, None] = {}

    def add(self, words: ObjectWords, name: str, *actions: Action) -> None:
        """Note that the field `name` is used for each of `actions`."""
        for action in actions:
            self.uses[FieldUse(words.name, name, action)] = None


class Names:
    """The names of one query or sub-query: the object they start from, and what a path may begin with."""

    def __init__(self, notes: Notes, words: ObjectWords, alias: str | None) -> None:
        """Start from `words`; raises Gap when `alias` could also mean a relation."""
        self.notes = notes
        self.words = words
        self._prefixes = {words.name.lower()} | ({alias.lower()} if alias else set())
        if alias and self._is_relation(alias):
            raise Gap("construct", "soql_alias")

    def expression(self, expression: Expression, *actions: Action) -> Expression:
        """Return the expression in the connector's spelling; notes what it touches."""
        if isinstance(expression, Path):
            return self.path(expression, *actions)
        if expression.argument is None:
            raise Gap("construct", "soql_function")
        return Call(expression.name, self.path(expression.argument, *actions))

    def path(self, path: Path, *actions: Action) -> Path:
        """Return the path in the connector's spelling; notes the field, and each link followed to it."""
        words, hops = self.words, self._hops(path)
        found: list[str] = []
        for hop in hops[:-1]:
            relation = words.parents.get(words.spelled(hop))
            if relation is None:
                self.notes.add(words, UNCLASSIFIED, *actions)
                return Path(hops)
            # Comparing by what is behind a link compares the link.
            self.notes.add(words, relation.via, *(each for each in actions if each is not Action.LIST))
            found.append(relation.name)
            words = self.notes.words.objects[relation.object]
        self.notes.add(words, words.listed(hops[-1]), *actions)
        return Path((*found, words.spelled(hops[-1])))

    def meant(self, expression: Expression) -> tuple[str, str]:
        """Return the object and field at the end of an expression that `expression` returned."""
        path = expression.argument if isinstance(expression, Call) else expression
        assert path is not None
        return meant(path, self.words, self.notes.words)

    def _hops(self, path: Path) -> tuple[str, ...]:
        """Return the hops of a path without the object or alias it may start with."""
        hops = path.hops
        if len(hops) > 1 and hops[0].lower() in self._prefixes:
            if self._is_relation(hops[0]):
                raise Gap("construct", "soql_alias")
            return hops[1:]
        return hops

    def _is_relation(self, name: str) -> bool:
        return self.words.spelled(name) in self.words.parents


def meant(path: Path, words: ObjectWords, all_words: Words) -> tuple[str, str]:
    """Return the object and field at the end of a path from `words`, in the connector's spelling."""
    for hop in path.hops[:-1]:
        relation = words.parents.get(hop)
        if relation is None:
            return words.name, UNCLASSIFIED
        words = all_words.objects[relation.object]
    return words.name, words.listed(path.hops[-1])


def is_aggregate(part: Column | FieldSet | Query | Expression) -> bool:
    """Tell whether a column or expression is computed over many records."""
    expression = part.expression if isinstance(part, Column) else part
    return isinstance(expression, Call) and expression.name in AGGREGATES
