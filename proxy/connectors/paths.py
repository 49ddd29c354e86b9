"""JSONPath (RFC 9535) as connectors use it, compiled at load into plain steps.

Of the language only member names and `[*]` have a place here: a path says where something sits in a declared
shape. Filters, slices and descendants would make the meaning depend on values, so they are refused.
"""

from collections.abc import Iterable
from functools import cache
from operator import itemgetter
from typing import Any, Final

from jsonpath_ng import Child, Fields, JSONPath, Root
from jsonpath_ng.exceptions import JsonPathLexerError, JsonPathParserError
from jsonpath_ng.jsonpath import Wildcard
from jsonpath_ng.parser import parse

from proxy.message import Tree

EACH: Final = None
"""The step `[*]`: every item of a list."""

Steps = tuple[str | None, ...]
"""Member names, and EACH; empty for `$`."""


@cache
def compile_path(text: str) -> Steps:
    """Return the steps of a JSONPath.

    Raises:
        ValueError: it is not a JSONPath, or uses more than names and `[*]`.
    """
    if ".*" in text:
        raise ValueError("a JSONPath here writes the items of a list as [*]")
    try:
        return tuple(_steps(parse(text)))
    except (JsonPathLexerError, JsonPathParserError):
        raise ValueError(f'"{text}" is not a JSONPath') from None


def _steps(path: JSONPath) -> Iterable[str | None]:
    match path:
        case Root():
            return []
        case Child():
            return [*_steps(path.left), *_steps(path.right)]
        case Fields() if len(path.fields) == 1 and path.fields[0] != "*":
            return [str(path.fields[0])]
        case Wildcard():
            return [EACH]
    raise ValueError("a JSONPath here is made of names and [*] only, and starts with $")


def names(text: str) -> tuple[str, ...]:
    """Return the steps of a path to a single place: names only.

    Raises:
        ValueError: as `compile_path`, or it has `[*]`.
    """
    steps = compile_path(text)
    found = tuple(step for step in steps if step is not None)
    if len(found) != len(steps):
        raise ValueError(f'"{text}" must lead to one place, without [*]')
    return found


def get(tree: Tree, steps: tuple[str, ...]) -> Tree:
    """Return what stands at `steps`, or None if nothing does; total."""
    for step in steps:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(step)
    return tree


def column(rows: Iterable[Tree], steps: tuple[str, ...]) -> list[Tree] | None:
    """Return what stands at `steps` of every row, or None unless something stands there in each."""
    found: list[Any] = list(rows)
    try:
        for step in steps:
            found = list(map(itemgetter(step), found))
    except (KeyError, TypeError, IndexError):
        return None
    return found


def first(tree: Tree, steps: Steps) -> Tree:
    """Return what stands at `steps`, taking the first item of every list; None if nothing does; total."""
    for step in steps:
        if step is None:
            tree = tree[0] if isinstance(tree, list) and tree else None
        else:
            tree = tree.get(step) if isinstance(tree, dict) else None
    return tree
