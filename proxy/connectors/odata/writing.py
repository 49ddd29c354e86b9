"""From a tree of OData query options back to text; the only text that is ever sent on."""

from proxy.connectors.odata.tree import (
    Apply,
    Call,
    Compare,
    Condition,
    Expand,
    Junction,
    Literal,
    Not,
    Operand,
    Options,
    Order,
    Path,
    Quantified,
    Within,
)


def pairs(options: Options) -> tuple[tuple[str, str], ...]:
    """Return query parameters that ask for exactly what `options` say, in one fixed order."""
    found: list[tuple[str, str]] = []
    if options.select:
        found.append(("$select", ",".join(options.select)))
    if options.condition is not None:
        found.append(("$filter", condition(options.condition)))
    if options.order:
        found.append(("$orderby", ",".join(map(_order, options.order))))
    if options.top is not None:
        found.append(("$top", str(options.top)))
    if options.expand:
        found.append(("$expand", ",".join(map(_expand, options.expand))))
    if options.count:
        found.append(("$count", "true"))
    if options.apply is not None:
        found.append(("$apply", _apply(options.apply)))
    if options.search is not None:
        found.append(("$search", options.search))
    return tuple(found)


def condition(tree: Condition) -> str:
    """Return the text of a condition."""
    match tree:
        case Compare():
            return f"{_operand(tree.left)} {tree.operator} {_operand(tree.right)}"
        case Within():
            return f"{_operand(tree.operand)} in ({','.join(each.text for each in tree.values)})"
        case Call():
            return _operand(tree)
        case Quantified():
            inner = "" if tree.condition is None else f"{tree.variable}:{condition(tree.condition)}"
            return f"{'/'.join(tree.path.steps)}/{tree.quantifier}({inner})"
        case Not():
            return f"not ({condition(tree.condition)})"
        case Junction():
            return f" {tree.word} ".join(
                f"({condition(each)})" if isinstance(each, Junction) else condition(each)
                for each in tree.conditions
            )


def _operand(tree: Operand) -> str:
    match tree:
        case Path():
            return "/".join(tree.steps)
        case Literal():
            return tree.text
        case Call():
            return f"{tree.name}({','.join(map(_operand, tree.arguments))})"


def _order(key: Order) -> str:
    return f"{_operand(key.path)} {key.direction}".rstrip()


def _expand(tree: Expand) -> str:
    inner = ";".join(f"{name}={value}" for name, value in pairs(tree.options))
    return f"{tree.name}({inner})" if inner else tree.name


def _apply(tree: Apply) -> str:
    before = "" if tree.condition is None else f"filter({condition(tree.condition)})/"
    columns = ",".join(
        f"{each.field} with {each.method} as {each.alias}" if each.field else f"$count as {each.alias}"
        for each in tree.columns
    )
    computed = f"aggregate({columns})" if columns else ""
    if not tree.group:
        return before + computed
    return f"{before}groupby(({','.join(tree.group)}){',' + computed if computed else ''})"
