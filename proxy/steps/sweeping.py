"""Goes through all people of a CRM, page by page: for those who are back, and those whose time is over."""

from collections.abc import Callable, Iterable

from proxy.connectors.playbook import Book, Found
from proxy.message import Request
from proxy.steps.asking import Asking
from proxy.steps.protected import opened


def everybody(
    book: Book, object_: str, names: Iterable[str], look: Callable[[tuple[Found, ...]], None]
) -> Asking[int]:
    """Have every record of an object looked at; return how many there were. Only one page is held at a time.

    Args:
        book: the CRM's playbook, with a call `all`.
        object_: whose records.
        names: fields that are asked for.
        look: gets each page.

    Raises:
        UpstreamFault: nobody can say.
    """
    call, wanted = book.call(object_, "all"), tuple(names)
    request: Request | None = book.request(call, object_, fields=list(wanted))
    count = 0
    while request is not None:
        response = yield request
        page = book.page(call, object_, wanted, request, response)
        look(tuple((yield from opened(book, page.records))))
        count += len(page.records)
        request = page.next
    return count
