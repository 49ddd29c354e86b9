"""Has tokens given up that no record of a CRM has: all old ones, and any of somebody who is erased."""

import asyncio
import time
from collections.abc import Iterable, Iterator

from proxy.connectors.playbook import Book
from proxy.erase import Ask
from proxy.erasure import Known, normal
from proxy.erasures.shared import Shared
from proxy.steps.locating import STRONG
from proxy.steps.strays import absent
from proxy.vault import Seek
from proxy.vault.strays import give_up, standing_for, unplaced


class Straying:
    """Gives up what a CRM does not have; see `proxy.erase.Strays`."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def clear(self, lane: str, book: Book, ask: Ask, known: Iterable[Known]) -> int:
        """Return how many rows of the vault were given up.

        What stands for a value that is the person's alone goes however new it is: it may be on its way to the
        CRM, and opens nothing when it is there.

        Raises:
            LychgateError: the CRM or the store cannot be asked; nothing was given up.
        """
        kept, place = self._shared.app.kept, self._shared.rules(lane).place
        theirs = await asyncio.to_thread(standing_for, kept.vault, _seeks(book, [*known]))
        old = await asyncio.to_thread(unplaced, kept.store, place, book.objects, time.time())
        tokens = {(each.object, each.field, each.handle) for each in (*theirs, *old)}
        if not tokens:
            return 0
        gone = await ask(absent(book, tokens))
        named = gone & {each.handle for each in theirs}
        return await asyncio.to_thread(give_up, kept.store, kept.keys, gone, theirs=named)


def _seeks(book: Book, known: list[Known]) -> Iterator[Seek]:
    """Yield what finds a person's values in every protected field that holds such."""
    for object_, each in book.objects.items():
        for name, kind in each.identifies.items():
            strong = [one for one in known if one.kind in STRONG and normal.fits(kind, one.kind)]
            forms = [form for one in strong for form in normal.forms(one.kind, one.value, book.region)]
            yield from (Seek(way, form) for way in book.guarding(object_, name) for form in forms)
