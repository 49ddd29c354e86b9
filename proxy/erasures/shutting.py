"""How nobody reads a person any more, in any process (GDPR Art. 18)."""

import asyncio
from collections.abc import Iterator

from proxy.erasure import Case
from proxy.erasure.shut import Shut
from proxy.erasure.states import INCOMPLETE, State
from proxy.erasures.shared import Shared
from proxy.restricted import item, one_form


class Shutting:
    """Shuts a plan's records, and opens them again; see `proxy.erase.Shuts`.

    Of a case that is left incomplete only those stay shut of which a CRM does not let go: the others are gone.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._shut = Shut(shared.app.kept.store)

    async def shut(self, case: Case) -> None:
        """Have nobody read the plan's records any more, nor store the person anew; see `Shuts.shut`."""
        assert case.plan is not None
        self._shut.put(case.id, self._items(case), beside={*self._followed(case), *self._ended()})
        if not case.erased:  # from then on it is remembered for good, and whoever is allowed back may come
            known, regions = case.plan.known, self._shared.regions(case.plan)
            await asyncio.to_thread(self._shared.tombstones.leave, case.id, known, regions=regions)
        await self.tell_all()

    async def reopen(self, case: Case) -> None:
        """Let everybody in again; also to what an older case left shut, if this one has erased it."""
        self._shut.put(case.id, ())
        if case.state is State.LIVE_COMPLETE and (ended := self._ended()):
            self._shut.free(self._items(case), ended)
        if not case.erased:
            await asyncio.to_thread(self._shared.tombstones.stay, case.id)
            await asyncio.to_thread(self._shared.returns.drop, case.id)
        await self.tell_all()

    async def tell_all(self) -> None:
        """Have every process know who is restricted now, and remember no id of anybody from before."""
        app = self._shared.app
        app.restricted.replace(self._shut.items())
        app.forget()
        await app.spread()

    def _followed(self, case: Case) -> set[str]:
        """Return the cases that a case goes on with, the nearest and those before it."""
        found: set[str] = set()
        while case.follows:
            found.add(case.follows)
            case = self._shared.cases.get(case.follows)
        return found

    def _ended(self) -> list[str]:
        return [*self._shared.cases.ids(frozenset({State.FINAL_INCOMPLETE}))]

    def _items(self, case: Case) -> Iterator[str]:
        assert case.plan is not None
        left = {*case.refused}
        for spot in [*case.plan.people, *case.plan.related]:
            if case.state in INCOMPLETE and spot not in left:
                continue
            connector = self._shared.rules(spot.lane).connector
            assert connector.book is not None
            for text in connector.book.ids(spot.id):
                name = self._shared.app.pseudonyms.of("record", one_form(text))
                yield item(spot.lane, spot.object, "record", name)
                for object_, way in connector.book.belonging(spot.object):
                    if object_ in connector.catalogue and connector.catalogue[object_].subject_key == way.field:
                        yield item(spot.lane, object_, "person", name)
