"""What an erasure looks for, and finds, where a CRM holds something else than the values.

Without this a person's address would be asked for in clear, in a CRM that must not have it; none of their other
records would be found by it; and what is remembered of who was erased would be a token that nobody has again.
"""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from proxy.connectors.playbook import Book, Found
from proxy.model import ALWAYS_SAME
from proxy.vault.needs import Opening, Ready, Returned, Seek, Sending, Shown
from proxy.vault.vault import is_protected


def sought(
    book: Book, object_: str, conditions: Sequence[tuple[str, object]], *, holding: bool
) -> Generator[Any, Any, list[tuple[str, object]]]:
    """Return conditions as the CRM can be asked for them; those that nobody can ask it for are left out."""
    found: list[tuple[str, object]] = []
    for name, value in conditions:
        if book.may_be_clear(object_, name):
            found.append((name, value))
        if holding or not isinstance(value, str):
            continue
        for protection in book.guarding(object_, name):
            if protection.normaliser or protection.kind in ALWAYS_SAME:
                ready = yield Sending(seeks=(Seek(protection, value),))
                assert isinstance(ready, Ready)
                found += [(name, text) for text in ready.found[0]]
    return found


def opened(book: Book, records: Sequence[Found]) -> Generator[Any, Any, list[Found]]:
    """Return records with the values of protected fields as far as they open.

    Texts that may name others stay as they are: what is taken out of those is written back as it is. They are
    looked at as well, so that the vault knows whose they are.
    """
    places = [
        (at, name, Shown(protection, text, record.id))
        for at, record in enumerate(records)
        for name, text in record.fields.items()
        if is_protected(text)
        for protection in book.guarding(record.object, name)
    ]
    if not places:
        return list(records)
    returned = yield Opening(tuple(shown for _, _, shown in places))
    assert isinstance(returned, Returned)
    clear: dict[int, dict[str, str]] = {}
    for (at, name, _), value in zip(places, returned.values, strict=True):
        if value.fate == "opened" and name not in book.objects[records[at].object].free_text:
            clear.setdefault(at, {})[name] = value.text
    return [
        replace(each, fields={**each.fields, **clear[at]}) if at in clear else each
        for at, each in enumerate(records)
    ]
