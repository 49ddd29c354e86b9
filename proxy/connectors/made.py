"""The ids that an answer gives to records which a request made."""

import re
from collections.abc import Iterator
from typing import Final

from proxy.message import Headers, Tree

MAX_DEPTH: Final = 8
_ENTITY: Final = re.compile(r"\(([0-9A-Fa-f-]{36})\)\Z")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def ids_made(tree: Tree | None, headers: Headers) -> list[str]:
    """Return the ids that an answer names for what was made, in its order; none where it names none.

    Salesforce says `{"id": ..., "success": true}`, also inside a composite; Odoo and Tryton say `result`; an
    OData service says it in a header. HubSpot answers with whole records, which are found by what is in them.
    """
    found = _ENTITY.search(headers.one("odata-entityid") or "")
    if found is not None and tree is None:
        return [found[1]]
    return list(_ids(tree, 0))


def _ids(tree: Tree | None, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        return
    if isinstance(tree, list):
        for each in tree:
            yield from [str(each)] if _is_number(each) else _ids(each, depth + 1)
    elif isinstance(tree, dict):
        named = tree.get("id")
        if tree.get("success") is True and isinstance(named, str) and _ID.fullmatch(named):
            yield named
            return
        if _is_number(tree.get("result")):
            yield str(tree["result"])
            return
        for value in tree.values():
            if isinstance(value, list | dict):
                yield from _ids(value, depth + 1)


def _is_number(value: Tree) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
