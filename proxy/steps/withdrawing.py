"""Looks at what a record says of a consent, and at nothing else of it."""

from collections.abc import Iterable, Mapping

from proxy.connectors.facts import facts_of, fields_of
from proxy.connectors.playbook import Book
from proxy.model import ObjectSpec
from proxy.steps.asking import Asking


def attributes_of(
    book: Book, spec: ObjectSpec, record: str, names: Iterable[str]
) -> Asking[tuple[str, Mapping[str, object]] | None]:
    """Return a record's id as the CRM writes it, and some of its attributes as conditions see them; None if the
    CRM shows no such record.

    Raises:
        UpstreamFault: nobody can say.
    """
    wanted = [*names]
    fields = (book.objects[spec.name].key, *fields_of(spec, wanted))
    call = book.call(spec.name, "read")
    request = book.request(call, spec.name, id=record, fields=list(dict.fromkeys(fields)))
    response = yield request
    page = book.page(call, spec.name, fields, request, response)
    found = next((each for each in page.records if not each.deleted), None)
    return None if found is None else (found.id, facts_of(spec, wanted, dict(found.sent)))
