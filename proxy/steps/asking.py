"""The questions that every step puts to a CRM, by its playbook."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Final

from proxy.connectors.fill import blanks, text, tree
from proxy.connectors.playbook import Book, Call, Found, Refusal
from proxy.erasure import mentions
from proxy.erasure.plan import Known
from proxy.erasure.reading import Reading
from proxy.errors import UpstreamFault
from proxy.ids import same_form
from proxy.message import Request, Response
from proxy.steps.protected import opened, sought

type Asking[T] = Generator[Request, Response, T]
"""Yields what is to be sent, receives the answers, returns what came of it.

Where fields are protected it yields what it needs of the vault as well, and gets that (`proxy.vault.Need`).
"""
Condition = tuple[str, object]
"""A field and what it has to be, or to hold."""
MOST_PAGES: Final = 1_000
BROAD: Final = 2_000
"""Records that a question may find that finds others, too; with more of them the narrow one is asked."""
SHORT: Final = 10
"""So many times fewer where each of them has to be read by its id."""


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
    call = book.call(object_, *(("deleted", "read") if deleted else ("read",)))
    names = book.names(object_)
    request = book.request(call, object_, id=record, fields=list(names))
    response = yield request
    page = book.page(call, object_, names, request, response)
    same = (each for each in page.records if same_form(each.id) == same_form(record))
    shown = [each for each in same if deleted or not each.deleted]
    found = yield from opened(book, shown[:1])
    return found[0] if found else None


def remembered(book: Book, object_: str, record: str, known: Iterable[Known] = ()) -> Asking[bool]:
    """Say whether the CRM still shows what the fields of a record were; no where it keeps no such thing.

    Where it shows only what records were called, that counts if it names the person.

    Raises:
        UpstreamFault: nobody can say.
    """
    call = book.find_call(object_, "past")
    if call is None:
        return False
    called = call.model.called.rpartition(".")[2]
    request: Request | None = book.request(call, object_, id=record)
    pages = 0
    while request is not None:
        response = yield request
        page = call.read(object_, "id", (called,) if called else (), request, response)
        if not called and page.records:
            return True
        for found in (each for each in page.records if same_form(each.id) == same_form(record)):
            return named(found.fields.get(called, ""), known, book.region)
        request, pages = page.next if called else None, pages + 1
        if pages > MOST_PAGES:
            raise UpstreamFault("crm_endless")
    return False


def find(
    book: Book,
    object_: str,
    conditions: Sequence[Condition],
    *,
    holding: bool = False,
    most: int | None = None,
) -> Asking[list[Found]]:
    """Return every record that meets one of some conditions, deleted ones too where the CRM shows them.

    Args:
        book: the CRM's playbook.
        object_: whose records.
        conditions: any of them.
        holding: a field has to hold the value, not to be it.
        most: records that may be found; None: as many as there are.

    Raises:
        UpstreamFault: nobody can say, or there are too many.
    """
    if book.objects[object_].optional and not (yield from exists(book, object_)):
        return []
    call = book.call(object_, *(("text", "find") if holding else ("find",)))
    conditions = yield from sought(book, object_, conditions, holding=holding)
    names = book.names(object_)
    found = yield from pages(book, call, object_, conditions, names, holding=holding, most=most)
    if call.model.short:
        return (yield from _whole(book, object_, (each.id for each in found)))
    return (yield from opened(book, found))


def holding(book: Book, object_: str, wanted: Sequence[tuple[str, Known]]) -> Asking[list[Found]]:
    """Return every record whose texts may name somebody: to be judged by `named`, since others are among them.

    The CRM is asked for so little of a value that any form of it meets that. Where too many records have it the
    CRM is asked for the value as people write it.

    Args:
        book: the CRM's playbook.
        object_: whose records.
        wanted: fields, and what they may hold.

    Raises:
        UpstreamFault: nobody can say, or there are too many even then.
    """
    call = book.call(object_, "text", "find")
    broad = [
        (name, word)
        for name, one in wanted
        for word in _least(mentions.asked(one.kind, one.value, book.region), whole=call.model.whole)
    ]
    most: int | None = BROAD // SHORT if call.model.short else BROAD
    if not call.asks & {"any", "value"}:
        most = None  # all records are read, whatever is asked for
    try:
        return (yield from find(book, object_, broad, holding=True, most=most))
    except UpstreamFault as fault:
        if most is None or not (fault.reason == "crm_endless" or isinstance(fault, Refusal)):
            raise
    narrow = [
        (name, word) for name, one in wanted for word in mentions.written(one.kind, one.value, book.region)
    ]
    return (yield from find(book, object_, narrow, holding=True))


def named(text: str, known: Iterable[Known], region: str) -> bool:
    """Say whether a text names somebody, by what is known of them."""
    reading = Reading(text)
    return bool(text) and any(
        mentions.telling(one.kind, one.value) and mentions.within(one.kind, one.value, reading, region)
        for one in known
    )


def _least(words: Sequence[str], *, whole: bool) -> Sequence[str]:
    """Return the words that a CRM has to be asked for: one is found with every other that it is part of."""
    if whole:
        return words
    return [word for word in words if not any(one in word for one in words if one != word)]


def pages(
    book: Book,
    call: Call,
    object_: str,
    conditions: Sequence[Condition],
    names: Sequence[str],
    *,
    holding: bool = False,
    most: int | None = None,
) -> Asking[list[Found]]:
    """Return every record that meets one of some conditions, once, as the CRM has it; see `find`."""
    template = call.model.contains if holding else call.model.equals
    if template is not None and ("field", "") not in blanks(template):
        conditions = [("", value) for _, value in conditions]  # the CRM is asked by the value alone
    found: dict[str, Found] = {}
    sent: set[Request | None] = set()
    parts = deque(_parts(conditions, call.model.most))
    while parts:
        part = parts.popleft()
        some = [_one(template, field, value) for field, value in part]
        before = [call.model.prefix] * (len(some) - 1) if call.model.prefix else []
        every: object = call.model.join.join(map(str, some)) if isinstance(template, str) else [*before, *some]
        asked: dict[str, object] = {"fields": list(names), "any": every}
        if len(part) == 1:
            asked |= {"field": part[0][0], "value": part[0][1]}
        request: Request | None = book.request(call, object_, **asked)
        if request in sent:
            continue
        sent.add(request)
        count = 0
        while request is not None:
            response = yield request
            page = book.page(call, object_, names, request, response)
            found |= {each.id: each for each in page.records}
            if call.model.full and len(page.records) >= call.model.full:
                if len(part) == 1:
                    raise UpstreamFault("crm_endless")
                parts.extend([one] for one in part)
            request, count = page.next, count + 1
            if count > MOST_PAGES or (most is not None and len(found) > most):
                raise UpstreamFault("crm_endless")
    return list(found.values())


def linked(book: Book, object_: str, parent: str, record: str) -> Asking[list[Found]]:
    """Return every record of one object that the CRM says is linked with a record of another.

    Raises:
        UpstreamFault: nobody can say, or there are too many.
    """
    call = book.call(object_, "linked")
    request: Request | None = book.request(call, object_, parent=parent, id=record)
    ids: list[str] = []
    while request is not None:
        response = yield request
        page = call.read(object_, "id", (), request, response)
        ids += [each.id for each in page.records]
        request = page.next
        if len(ids) > MOST_PAGES:
            raise UpstreamFault("crm_endless")
    return (yield from _whole(book, object_, dict.fromkeys(ids)))


def _whole(book: Book, object_: str, ids: Iterable[str]) -> Asking[list[Found]]:
    found = []
    for each in ids:
        one = yield from read(book, object_, each)
        found += [one] if one is not None else []
    return found


def change(
    book: Book, object_: str, record: str, values: dict[str, object], *, version: str = ""
) -> Asking[None]:
    """Have a record's fields written over.

    Args:
        book: the CRM's playbook.
        object_: of the record.
        record: its id.
        values: what is written.
        version: of which it is written over where the CRM can tell; "": of any.

    Raises:
        Refusal: the CRM says no; `crm_changed`: it is not of that version any more.
        UpstreamFault: whether it was done is unknown.
    """
    call, inside = book.call(object_, "write"), book.objects[object_].inside
    nested: dict[str, object] = {name: value for name, value in values.items() if name not in inside}
    for member in dict.fromkeys(inside.values()):
        within = {name: value for name, value in values.items() if inside.get(name) == member}
        nested |= {member: within} if within else {}
    response = yield book.request(call, object_, id=record, values=nested, version=version or "*")
    call.accepted(response)


def remove(book: Book, object_: str, record: str, *, purge: bool = False) -> Asking[None]:
    """Have a record deleted, or taken out of the recycle bin.

    Raises:
        Refusal: the CRM says no; `crm_absent`: it has no such record.
        UpstreamFault: whether it was done is unknown.
    """
    call = book.call(object_, "purge" if purge else "delete")
    response = yield book.request(call, object_, id=record)
    call.accepted(response)


def exists(book: Book, object_: str) -> Asking[bool]:
    """Say whether a CRM has an object at all."""
    call = book.call(object_, "exists")
    request = book.request(call, object_)
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
