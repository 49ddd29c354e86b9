"""From trees to text: one spelling for every tree, and parsing it gives the tree back."""

from proxy.connectors.zoho.tree import LISTS, NOTHING, Call, Column, Compare, Condition, Expression, Order, Query


def write(query: Query) -> str:
    """Return a query as text, on one line, with brackets around every pair of conditions in another."""
    parts = ["select", ", ".join(map(_column, query.columns)), "from", query.module]
    parts += ["where", write_condition(query.where)]
    if query.group:
        parts += ["group by", ", ".join(map(_expression, query.group))]
    if query.order:
        parts += ["order by", ", ".join(map(_order, query.order))]
    if query.limit is not None:
        parts += ["limit", f"{query.offset}, {query.limit}" if query.offset else str(query.limit)]
    elif query.offset:
        parts += ["offset", str(query.offset)]
    return " ".join(parts)


def write_condition(condition: Condition) -> str:
    """Return a condition as text."""
    if isinstance(condition, Compare):
        return _compare(condition)
    return f"{_operand(condition.one)} {condition.word} {_operand(condition.other)}"


def _operand(condition: Condition) -> str:
    text = write_condition(condition)
    return text if isinstance(condition, Compare) else f"({text})"


def _compare(condition: Compare) -> str:
    path, operator = ".".join(condition.path.hops), condition.operator
    if operator in NOTHING:
        return f"{path} {operator}"
    values = [text if condition.bare else literal(text) for text in condition.values]
    if operator in LISTS:
        return f"{path} {operator} ({', '.join(values)})"
    return f"{path} {operator} {' and '.join(values)}"


def literal(text: str) -> str:
    """Return a text as a quoted literal."""
    return "'" + text.replace("'", "''") + "'"


def _column(column: Column) -> str:
    return _expression(column.expression) + (f" as {column.alias}" if column.alias is not None else "")


def _expression(expression: Expression) -> str:
    if isinstance(expression, Call):
        assert expression.argument is not None
        return f"{expression.name}({_expression(expression.argument)})"
    return ".".join(expression.hops)


def _order(order: Order) -> str:
    return f"{_expression(order.expression)} {order.direction}".rstrip()
