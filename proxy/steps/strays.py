"""Asks a CRM whether any of its records has one of some tokens; what is seen is somebody's from then on."""

from collections.abc import Collection, Iterable, Mapping
from itertools import batched, groupby
from typing import Final

from proxy.connectors.playbook import Book, Call, Found, Refusal
from proxy.steps.asking import Asking, exists, pages
from proxy.steps.protected import opened
from proxy.vault.vault import handles_in

Token = tuple[str, str, str]
"""Object, field, and the token itself."""


def absent(book: Book, tokens: Iterable[Token]) -> Asking[set[str]]:
    """Return those of some tokens that no record has, deleted ones included where the CRM shows them.

    A token that the CRM cannot be asked for, or of which its answer does not tell, is not among them.

    Raises:
        UpstreamFault: nobody can say.
    """
    gone: set[str] = set()
    for object_, all_ in groupby(sorted(tokens), lambda token: token[0]):
        if object_ not in book.objects or book.call(object_, "find").model.short:
            continue
        if book.objects[object_].optional and not (yield from exists(book, object_)):
            continue
        call = book.call(object_, "find")
        for some in batched(all_, call.model.most):
            members = {token: book.member(object_, field) for _, field, token in some}
            gone |= yield from _absent(book, call, object_, members)
    return gone


def _absent(book: Book, call: Call, object_: str, fields: Mapping[str, str]) -> Asking[set[str]]:
    """Return those of as many tokens as one question takes; none if the CRM does not let these be asked for."""
    names = tuple(dict.fromkeys([*book.names(object_), *fields.values()]))
    try:
        found = yield from pages(book, call, object_, [(name, token) for token, name in fields.items()], names)
    except Refusal:
        return _NONE
    seen = [_shown(each, fields.values()) & fields.keys() for each in found]
    if not all(seen):  # a record for another reason than we know of
        return _NONE
    yield from opened(book, found)
    return fields.keys() - set[str]().union(*seen)


def _shown(record: Found, fields: Collection[str]) -> set[str]:
    return {handle for name in fields for handle in handles_in([record.fields.get(name, "")])}


_NONE: Final[set[str]] = set()
