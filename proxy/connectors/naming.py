"""What of a written record names somebody: by the playbook, or by what fields are for where it has no word."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from proxy.connectors.connector import Connector
from proxy.message import Tree, scalar_text

SEMANTICS: Final = frozenset({"email", "phone"})
"""What fields are for that name somebody in every CRM."""


def telling(connector: Connector, object_: str, names: Iterable[str]) -> dict[str, str]:
    """Return those of some fields that name somebody, and what each holds."""
    book, spec = connector.book, connector.catalogue.get(object_)
    known: Mapping[str, str] = {} if book is None else book.telling(object_)
    fields = {} if spec is None else spec.fields
    found = {}
    for name in names:
        if name in known:
            found[name] = known[name]
        elif name in fields and fields[name].semantic in SEMANTICS:
            found[name] = fields[name].semantic
    return found


def told(fields: Mapping[str, str], members: Mapping[str, Tree]) -> Iterator[tuple[str, str]]:
    """Yield the values of a record that name somebody, each with what its field holds."""
    for name, said in fields.items():
        for text in _texts(members.get(name)):
            yield said, text


def _texts(value: Tree) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif text := scalar_text(value):
        yield text
