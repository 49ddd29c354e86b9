"""From the tree of a query to text: one spelling for every tree, and parsing it gives the tree back."""

from proxy.connectors.soql.tree import (
    Column,
    Compare,
    Condition,
    Expression,
    FieldSet,
    Junction,
    Not,
    Order,
    Path,
    Query,
    Search,
    Within,
)


def write(query: Query) -> str:
    """Return the query as text, on one line, with parentheses wherever words are mixed."""
    parts = ["SELECT", ", ".join(map(_column, query.columns)), "FROM", query.source]
    if query.alias is not None:
        parts.append(query.alias)
    if query.where is not None:
        parts += ["WHERE", _condition(query.where)]
    if query.group:
        parts += ["GROUP BY", ", ".join(map(_expression, query.group))]
    if query.having is not None:
        parts += ["HAVING", _condition(query.having)]
    if query.order:
        parts += ["ORDER BY", ", ".join(map(_order, query.order))]
    if query.limit is not None:
        parts += ["LIMIT", str(query.limit)]
    if query.offset is not None:
        parts += ["OFFSET", str(query.offset)]
    return " ".join(parts)


def write_search(search: Search) -> str:
    """Return a search as text."""
    returned = ", ".join(map(_returned, search.returned))
    limit = "" if search.limit is None else f" LIMIT {search.limit}"
    return f"FIND {{{search.term}}} IN {search.scope} FIELDS RETURNING {returned}{limit}"


def _returned(query: Query) -> str:
    return f"{query.source}({', '.join(map(_column, query.columns))}{_rest(query)})"


def _rest(query: Query) -> str:
    """Return what a search says of one object beside its fields."""
    parts = [""]
    if query.where is not None:
        parts += ["WHERE", write_condition(query.where)]
    if query.order:
        parts += ["ORDER BY", write_order(query.order)]
    if query.limit is not None:
        parts += ["LIMIT", str(query.limit)]
    if query.offset is not None:
        parts += ["OFFSET", str(query.offset)]
    return " ".join(parts)


def write_condition(condition: Condition) -> str:
    """Return a condition as text."""
    return _condition(condition)


def write_order(order: tuple[Order, ...]) -> str:
    """Return the keys of ORDER BY as text."""
    return ", ".join(map(_order, order))


def _column(column: Column | FieldSet | Query) -> str:
    match column:
        case Query():
            return f"({write(column)})"
        case FieldSet():
            return f"FIELDS({column.kind})"
        case Column():
            alias = f" {column.alias}" if column.alias is not None else ""
            return _expression(column.expression) + alias


def _expression(expression: Expression) -> str:
    if isinstance(expression, Path):
        return ".".join(expression.hops)
    argument = "" if expression.argument is None else _expression(expression.argument)
    return f"{expression.name}({argument})"


def _order(order: Order) -> str:
    nulls = f"NULLS {order.nulls}" if order.nulls else ""
    return " ".join(filter(None, (_expression(order.expression), order.direction, nulls)))


def _condition(condition: Condition) -> str:
    match condition:
        case Compare():
            return f"{_expression(condition.expression)} {condition.operator} {condition.value}"
        case Within():
            values = condition.values
            inside = write(values) if isinstance(values, Query) else ", ".join(values)
            return f"{_expression(condition.expression)} {condition.operator} ({inside})"
        case Not():
            return f"NOT ({_condition(condition.condition)})"
        case Junction():
            return f" {condition.word} ".join(map(_term, condition.conditions))


def _term(condition: Condition) -> str:
    """Return a part of a junction; SOQL wants NOT in parentheses there too."""
    text = _condition(condition)
    return f"({text})" if isinstance(condition, Junction | Not) else text
