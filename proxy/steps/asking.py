"""The questions that every step puts to a CRM, by its playbook."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Final

from proxy.connectors.fill import text, tree
from proxy.connectors.playbook import Book, Found
from proxy.errors import UpstreamFault
from proxy.message import Request, Response
from proxy.steps.protected import opened, sought

type Asking[T] = Generator[Request, Response, T]
"""Yields what is to be sent, receives the answers, returns what came of it.

Where fields are protected it yields what it needs of the vault as well, and gets that (`proxy.vault.Need`).
"""
Condition = tuple[str, object]
"""A field and what it has to be, or to hold."""
MOST_PAGES: Final = 1_000


def read(book: Book, object_: str, record: str, *, deleted: bool = False) -> Asking[Found | None]:
    """Return one record as the CRM shows it, None if it shows none.

    Args:
        book: the CRM's playbook.
        object_: of the record.
        record: its id.
        deleted: look where deleted ones are still seen; as the live ones where the CRM has no such place.

    Raises:
        UpstreamFault: nobody can say.
    """
    call = book.calls["deleted" if deleted and "deleted" in book.calls else "read"]
    names, key = book.names(object_), book.objects[object_].key
    request = call.request({"object": object_, "id": record, "fields": list(names)})
    response = yield request
    page = call.read(object_, key, names, request, response)
    found = yield from opened(book, [each for each in page.records if each.id == record][:1])
    return found[0] if found else None


def find(
    book: Book, object_: str, conditions: Sequence[Condition], *, holding: bool = False
) -> Asking[list[Found]]:
    """Return every record that meets one of some conditions, deleted ones too where the CRM shows them.

    Args:
        book: the CRM's playbook.
        object_: whose records.
        conditions: any of them.
        holding: a field has to hold the value, not to be it.

    Raises:
        UpstreamFault: nobody can say, or there are too many.
    """
    if book.objects[object_].optional and not (yield from _exists(book, object_)):
        return []
    call = book.calls["text" if holding and "text" in book.calls else "find"]
    template = call.model.contains if holding else call.model.equals
    names, key = book.names(object_), book.objects[object_].key
    found: dict[str, Found] = {}
    conditions = yield from sought(book, object_, conditions, holding=holding)
    for part in _parts(conditions, call.model.most):
        some = [_one(template, field, value) for field, value in part]
        every: object = call.model.join.join(map(str, some)) if isinstance(template, str) else some
        asked = {"object": object_, "fields": list(names), "any": every}
        if len(part) == 1:
            asked |= {"field": part[0][0], "value": part[0][1]}
        request: Request | None = call.request(asked)
        pages = 0
        while request is not None:
            response = yield request
            page = call.read(object_, key, names, request, response)
            found |= {each.id: each for each in page.records}
            request, pages = page.next, pages + 1
            if pages > MOST_PAGES:
                raise UpstreamFault("crm_endless")
    return (yield from opened(book, list(found.values())))


def linked(book: Book, object_: str, parent: str, record: str) -> Asking[list[Found]]:
    """Return every record of one object that the CRM says is linked with a record of another.

    Raises:
        UpstreamFault: nobody can say, or there are too many.
    """
    call = book.calls["linked"]
    request: Request | None = call.request({"object": object_, "parent": parent, "id": record})
    ids: list[str] = []
    while request is not None:
        response = yield request
        page = call.read(object_, "id", (), request, response)
        ids += [each.id for each in page.records]
        request = page.next
        if len(ids) > MOST_PAGES:
            raise UpstreamFault("crm_endless")
    found = []
    for each in dict.fromkeys(ids):
        one = yield from read(book, object_, each)
        found += [one] if one is not None else []
    return found


def change(book: Book, object_: str, record: str, values: dict[str, object]) -> Asking[None]:
    """Have a record's fields written over.

    Raises:
        Refusal: the CRM says no.
        UpstreamFault: whether it was done is unknown.
    """
    call = book.calls["write"]
    response = yield call.request({"object": object_, "id": record, "values": values})
    call.accepted(response)


def remove(book: Book, object_: str, record: str, *, purge: bool = False) -> Asking[None]:
    """Have a record deleted, or taken out of the recycle bin.

    Raises:
        Refusal: the CRM says no; `crm_absent`: it has no such record.
        UpstreamFault: whether it was done is unknown.
    """
    call = book.calls["purge" if purge else "delete"]
    response = yield call.request({"object": object_, "id": record})
    call.accepted(response)


def _exists(book: Book, object_: str) -> Asking[bool]:
    call = book.calls["exists"]
    request = call.request({"object": object_})
    response = yield request
    return bool(call.read(object_, "name", (), request, response).records)


def _one(template: object, field: str, value: object) -> object:
    values = {"field": field, "value": value}
    return text(template, values) if isinstance(template, str) else tree(template, values)


def _parts(conditions: Sequence[Condition], most: int) -> Iterator[Sequence[Condition]]:
    unique = list(_unique(conditions))
    return (unique[at : at + most] for at in range(0, len(unique), most))


def _unique(conditions: Iterable[Condition]) -> Iterable[Condition]:
    return dict.fromkeys(conditions)
