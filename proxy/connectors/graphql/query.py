"""GraphQL requests as what they ask for: one operation, with fragments, variables and directives worked out.

`read_query` makes of a request a tree of `Selected` fields, each with the name it has in the schema, the key it
will have in the answer, and its arguments as plain values; an alias hides nothing then (threats GQ-01, GQ-03).
`body_of` writes the request that says just this, and that is what is sent. `project` cuts an
answer down to it: what was not asked for at that place is dropped, `extensions` and the CRM's messages with it
(GQ-07).

Refused: several operations and lists of requests (GQ-02), subscriptions, persisted queries, directives other
than `@include` and `@skip`, introspection unless it is switched on (`__typename` is always allowed; GQ-04), two
different fields under one key, and what goes beyond the limits, fragments counted as often as they are used
(GQ-05). The parser is graphql-core's; what the names mean is the connector's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    parse,
    print_ast,
)
from msgspec import Raw

from proxy.errors import Undecodable
from proxy.message import Tree

MAX_TEXT: Final = 100_000
MAX_TOKENS: Final = 10_000
MAX_DEPTH: Final = 10
MAX_ALIASES: Final = 100
MAX_FIELDS: Final = 1_000
"""After fragments are put in their places: the cost of a query, as each field is one thing to judge."""


@dataclass(frozen=True, slots=True)
class Word:
    """A value that is a word of the schema and no text (an enum's)."""

    text: str


@dataclass(frozen=True, slots=True)
class Selected:
    """One field that is asked for."""

    key: str
    """In the answer."""
    name: str
    """In the schema."""
    arguments: Mapping[str, Tree]
    """What the CRM will take for them, variables worked out."""
    inside: "tuple[Selected, ...]" = ()
    on: str = ""
    """Type that the record must be of for the field to be asked for; "" for any."""
    written: str = field(default="", compare=False)
    """The arguments as they are sent; a variable stays one, since only the schema knows a word from a text."""


@dataclass(frozen=True, slots=True)
class Query:
    """One operation."""

    kind: Literal["query", "mutation"]
    fields: tuple[Selected, ...]
    declared: str = ""
    """The variables that are used, as they are declared."""
    variables: Mapping[str, Tree] = field(default_factory=dict)
    """Their values."""


def read_query(tree: Tree, *, introspection: bool = False) -> Query:
    """Return what a request asks for.

    Args:
        tree: the decoded body, `{"query", "variables", "operationName"}`.
        introspection: whether `__schema` and `__type` may be asked for.

    Raises:
        Undecodable: it is not one operation that can be worked out, or goes beyond the limits.
    """
    if not isinstance(tree, dict) or not tree.keys() <= {"query", "variables", "operationName"}:
        raise Undecodable("bad_graphql")
    text, given, named = tree.get("query"), tree.get("variables"), tree.get("operationName")
    if not isinstance(text, str) or not isinstance(given, dict | None) or not isinstance(named, str | None):
        raise Undecodable("bad_graphql")
    document = _parse(text)
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    if len(operations) != 1 or len(operations) + len(fragments) != len(document.definitions):
        raise Undecodable("bad_graphql")
    (operation,) = operations
    own = operation.name.value if operation.name else None
    kind = operation.operation.value
    if operation.directives or (named and named != own) or kind == "subscription":
        raise Undecodable("bad_graphql")
    reader = _Reader(fragments, _variables(operation, given or {}), introspection=introspection)
    fields = reader.selected(operation.selection_set, 1, "", ())
    if not fields:
        raise Undecodable("bad_graphql")
    used = [each for each in operation.variable_definitions or () if each.variable.name.value in reader.used]
    return Query(
        "mutation" if kind == "mutation" else "query",
        fields,
        "(" + ",".join(map(print_ast, used)) + ")" if used else "",
        {
            each.variable.name.value: given[name]
            for each in used
            if given and (name := each.variable.name.value) in given
        },
    )


def body_of(query: Query) -> dict[str, Tree]:
    """Return the request, as a tree, without fragments by name and without variables that nobody uses."""
    text = f"{query.kind}{query.declared}{_block(query.fields)}"
    return {"query": text, "variables": dict(query.variables)} if query.variables else {"query": text}


def project(query: Query, tree: Tree) -> Tree:
    """Return an answer cut down to what the query asks for, and whether there were errors but not which.

    Raises:
        Undecodable: it is no answer to such a query.
    """
    if not isinstance(tree, dict):
        raise Undecodable("bad_graphql")
    data = tree.get("data")
    if not isinstance(data, dict | None):
        raise Undecodable("bad_graphql")
    found: dict[str, Tree] = {"data": None if data is None else _projected(query.fields, data)}
    if tree.get("errors"):
        found["errors"] = [{"message": "The CRM could not answer a part of this."}]
    return found


def _parse(text: str) -> DocumentNode:
    if len(text) > MAX_TEXT:
        raise Undecodable("query_too_long", status=413)
    try:
        return parse(text, no_location=True, max_tokens=MAX_TOKENS)
    except (GraphQLError, RecursionError):
        pass
    raise Undecodable("bad_graphql")


def _variables(operation: OperationDefinitionNode, given: Mapping[str, Tree]) -> Mapping[str, Tree]:
    """Return every variable that has a value, given or by default."""
    values: dict[str, Tree] = {}
    declared: set[str] = set()
    for each in operation.variable_definitions or ():
        name = each.variable.name.value
        if name in declared or each.directives:
            raise Undecodable("bad_graphql")
        declared.add(name)
        if name in given:
            values[name] = given[name]
        elif each.default_value is not None:
            values[name] = _value(each.default_value, {}, 0)
    if not given.keys() <= declared:
        raise Undecodable("bad_graphql")
    return values


class _Reader:
    """Works out one operation, and counts."""

    def __init__(
        self,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Tree],
        *,
        introspection: bool,
    ) -> None:
        self._fragments = fragments
        self._variables = variables
        self._introspection = introspection
        self.used: set[str] = set()
        self._aliases = self._steps = 0

    def selected(
        self, chosen: SelectionSetNode, depth: int, on: str, open_: tuple[str, ...]
    ) -> tuple[Selected, ...]:
        """Return the fields of a selection, those of its fragments among them, each key once."""
        if depth > MAX_DEPTH:
            raise Undecodable("too_deep")
        found: dict[tuple[str, str], Selected] = {}
        for each in self._flat(chosen.selections, depth, on, open_):
            before = found.get((each.key, each.on))
            if before is not None:
                if (before.name, before.arguments) != (each.name, each.arguments):
                    raise Undecodable("repeated_field")
                each = _merged(before, each)  # noqa: PLW2901
            found[each.key, each.on] = each
        names: dict[str, str] = {}
        if any(names.setdefault(each.key, each.name) != each.name for each in found.values()):
            raise Undecodable("repeated_field")  # by type, one key would mean two fields
        return tuple(found.values())

    def _flat(
        self, selections: Iterable[SelectionNode], depth: int, on: str, open_: tuple[str, ...]
    ) -> Iterable[Selected]:
        for each in selections:
            self._steps += 1
            if self._steps > MAX_FIELDS:
                raise Undecodable("too_many_items", status=413)
            if not self._is_included(each.directives or ()):
                continue
            if isinstance(each, FieldNode):
                yield self._field(each, depth, on, open_)
            elif isinstance(each, InlineFragmentNode):
                kind = each.type_condition.name.value if each.type_condition else ""
                yield from self._flat(each.selection_set.selections, depth, _narrower(on, kind), open_)
            elif isinstance(each, FragmentSpreadNode):
                name = each.name.value
                fragment = self._fragments.get(name)
                if fragment is None or name in open_ or fragment.directives or getattr(each, "arguments", None):
                    raise Undecodable("bad_graphql")
                kind = fragment.type_condition.name.value
                yield from self._flat(
                    fragment.selection_set.selections, depth, _narrower(on, kind), (*open_, name)
                )

    def _field(self, node: FieldNode, depth: int, on: str, open_: tuple[str, ...]) -> Selected:
        name = node.name.value
        if name.startswith("__") and name != "__typename" and not self._introspection:
            raise Undecodable("introspection")
        self._aliases += node.alias is not None
        if self._aliases > MAX_ALIASES:
            raise Undecodable("too_many_items", status=413)
        arguments: dict[str, Tree] = {}
        written: list[str] = []
        for each in node.arguments or ():
            if each.name.value in arguments:
                raise Undecodable("duplicate_key")
            if not isinstance(each.value, VariableNode) or each.value.name.value in self._variables:
                arguments[each.name.value] = _value(each.value, self._variables, 0, self.used)
                written.append(print_ast(each))
        inside = self.selected(node.selection_set, depth + 1, "", open_) if node.selection_set else ()
        if node.selection_set and not inside:
            raise Undecodable("empty_selection")  # all of it is skipped, and there is no way to write that
        key = node.alias.value if node.alias else name
        return Selected(key, name, arguments, inside, on, ",".join(written))

    def _is_included(self, directives: Iterable[DirectiveNode]) -> bool:
        included = True
        for each in directives:
            arguments = list(each.arguments or [])
            if each.name.value not in {"include", "skip"} or [a.name.value for a in arguments] != ["if"]:
                raise Undecodable("unknown_directive")
            value = _value(arguments[0].value, self._variables, 0)
            if not isinstance(value, bool):
                raise Undecodable("bad_graphql")
            included = included and value is (each.name.value == "include")
        return included


def _narrower(on: str, kind: str) -> str:
    """Return the type inside a fragment; conditions inside conditions have to be the same."""
    if on and kind and on != kind:
        raise Undecodable("nested_conditions")
    return kind or on


def _merged(one: Selected, other: Selected) -> Selected:
    found = {(each.key, each.on): each for each in one.inside}
    for each in other.inside:
        before = found.get((each.key, each.on))
        if before is not None and (before.name, before.arguments) != (each.name, each.arguments):
            raise Undecodable("repeated_field")
        found[each.key, each.on] = each if before is None else _merged(before, each)
    return replace(one, inside=tuple(found.values()))


def _value(node: ValueNode, variables: Mapping[str, Tree], depth: int, used: set[str] | None = None) -> Tree:
    """Return a value as it would stand in JSON, numbers as they are written; `used` gets its variables."""
    if depth > MAX_DEPTH:
        raise Undecodable("too_deep")
    match node:
        case VariableNode():
            if node.name.value not in variables:
                raise Undecodable("bad_graphql")
            if used is not None:
                used.add(node.name.value)
            return variables[node.name.value]
        case IntValueNode() | FloatValueNode():
            return Raw(node.value.encode())
        case StringValueNode():
            return node.value
        case BooleanValueNode():
            return node.value
        case NullValueNode():
            return None
        case EnumValueNode():
            return Word(node.value)
        case ListValueNode():
            return [_value(item, variables, depth + 1, used) for item in node.values]
        case ObjectValueNode():
            names = [each.name.value for each in node.fields]
            if len(set(names)) != len(names):
                raise Undecodable("duplicate_key")
            return {each.name.value: _value(each.value, variables, depth + 1, used) for each in node.fields}
    raise Undecodable("bad_graphql")


def _block(fields: Iterable[Selected]) -> str:
    return "{" + " ".join(map(_line, fields)) + "}"


def _line(chosen: Selected) -> str:
    line = f"{chosen.key}:{chosen.name}" if chosen.key != chosen.name else chosen.name
    line += f"({chosen.written})" if chosen.written else ""
    line += _block(chosen.inside) if chosen.inside else ""
    return f"...on {chosen.on}{{{line}}}" if chosen.on else line


def _projected(fields: tuple[Selected, ...], tree: Mapping[str, Tree]) -> dict[str, Tree]:
    inside: dict[str, tuple[Selected, ...]] = {}
    for each in fields:
        inside[each.key] = inside.get(each.key, ()) + each.inside
    return {key: _fitting(inside[key], value) for key, value in tree.items() if key in inside}


def _fitting(fields: tuple[Selected, ...], value: Tree) -> Tree:
    """Return a value cut down; a record where a scalar was asked for, or the other way round, is null."""
    if isinstance(value, list):
        return [_fitting(fields, item) for item in value]
    if isinstance(value, dict):
        return _projected(fields, value) if fields else None
    return None if fields else value
