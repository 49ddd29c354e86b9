"""Looks at a record that is about to be there again: who is in it, and in what comes back along with it.

A call that takes a record out of a recycle bin, or puts it into another, says nothing but its id.
"""

from collections.abc import Iterator

from proxy.connectors.fill import tree
from proxy.connectors.playbook import Book, Found, Refusal
from proxy.steps.asking import Asking, find, read

Told = tuple[tuple[str, str], ...]
"""What a field holds by the playbook, and its value; each names somebody."""


def revived(book: Book, object_: str, record: str) -> Asking[Told]:
    """Return all that names somebody in a record, in what tells who it is, and in what comes back with it.

    Raises:
        Refusal: nobody can say: the CRM does not show the record, or nothing of what it holds.
        UpstreamFault: nobody can say at the moment.
    """
    if object_ not in book.objects:
        raise Refusal("crm_absent")
    found = yield from read(book, object_, record)
    if found is None:
        found = yield from read(book, object_, record, deleted=True)
    if found is None:
        raise Refusal("crm_absent")
    told = [*_told(book, found)]
    for name, way in book.belonging(object_):
        each = book.objects[name]
        if each.identifies and way.field and not each.person:
            for one in (yield from find(book, name, [(way.field, tree(way.text, {"id": record}))])):
                told += _told(book, one)
    for name, way in book.restored_with(object_) if found.deleted else ():
        for one in (yield from find(book, name, [(way.field, tree(way.text, {"id": record}))])):
            told += _told(book, one) if one.deleted else ()
    return tuple(told)


def _told(book: Book, found: Found) -> Iterator[tuple[str, str]]:
    """Yield what names somebody in a record as the CRM shows it; raises Refusal if it shows nothing of that."""
    telling = book.telling(found.object)
    if telling and not telling.keys() & found.sent.keys():
        raise Refusal("crm_hides")
    for name, kind in telling.items():
        if name in found.fields:
            yield kind, found.fields[name]
