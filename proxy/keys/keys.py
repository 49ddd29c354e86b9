"""The front door: make keys, find them, give them to somebody, destroy them."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from proxy.crypto import derive
from proxy.crypto.providers import Provider
from proxy.crypto.wrapping import KEY_BYTES
from proxy.errors import KeyGone, Unavailable
from proxy.keys import rows
from proxy.keys.cache import MOST, SECONDS, Cache
from proxy.keys.generation import Generation
from proxy.keys.keepers import Keepers, binding
from proxy.keys.own import MOST as MOST_OWN
from proxy.keys.own import Name, Own, index_name, make_first, numbers
from proxy.keys.rows import Epoch, Wrapped
from proxy.keys.states import ENDED
from proxy.keys.subjectkey import ID_BYTES, SubjectKey
from proxy.keys.tables import SUBJECT_KEYS
from proxy.store import Store

WAIT_SECONDS: Final = 10.0
"""The longest that an exchange waits for keys."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A key that is made and wrapped and not kept yet."""

    key: SubjectKey
    row: Wrapped


class Keys:
    """The keys of one installation; threads may share it, every process has its own.

    Args:
        store: holds the wrapped keys.
        provider: holds the key that they are wrapped under.
        before: providers that hold the keys of older epochs, until `keys rotate` has wrapped everything anew.
        generation: tells every process when what it remembers is no longer true.
        now: seconds since the epoch.
        clock: monotonic seconds.
        random: how many bytes -> that many bytes from a cryptographic source.
        seconds: how long an opened key is remembered, 60 at most.
        most: how many are.
    """

    def __init__(
        self,
        store: Store,
        provider: Provider,
        generation: Generation,
        *,
        before: Iterable[Provider] = (),
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[int], bytes] = os.urandom,
        seconds: float = SECONDS,
        most: int = MOST,
    ) -> None:
        self.store = store
        self.provider = provider
        self._keepers = Keepers(store, provider, before, now=now)
        self.generation = generation
        self._now = now
        self._random = random
        self._cache: Cache[bytes, SubjectKey] = Cache(generation, clock, seconds=seconds, most=most)
        self._sealing: Cache[bytes, SubjectKey] = Cache(generation, clock, seconds=seconds, most=most)
        self._own = Own(store, self._keepers, Cache(generation, clock, seconds=seconds, most=MOST_OWN))

    # -- the installation ---------------------------------------------------------------------------------

    def initialise(self) -> bool:
        """Have a first epoch and every installation key; return whether anything was made.

        If we die before the row is there, a key without a row is left with the provider; the next attempt makes
        another, since nothing can be wrapped under the first.

        Raises:
            Unavailable: provider or store cannot be used.
        """
        return make_first(self.store, self.provider, now=self._now, random=self._random)

    def tenant(self) -> bytes:
        """Return what everything sealed by this installation is bound to.

        Raises:
            Unavailable: `keys_not_initialised`, or the store cannot be used.
        """
        return self._keepers.tenant()

    def keeper(self, epoch: Epoch) -> Provider:
        """Return the provider that holds the key of an epoch.

        Raises:
            Unavailable: `provider_not_configured`.
        """
        return self._keepers.keeper(epoch)

    def prove(self, epoch: Epoch) -> None:
        """Return unless the provider has another key under an epoch's name by now; see `Keepers.prove`.

        Raises:
            Unavailable: `provider_key_changed`; or provider or store cannot be used.
        """
        self._keepers.prove(epoch)

    def own(self, name: Name) -> bytes:
        """Return an installation key, 32 bytes; derive from it, one key per use.

        Raises:
            Unavailable: keys, provider or store cannot be used.
        """
        return self._own.key(name)

    def index_key(self, element: str) -> bytes:
        """Return the 32 bytes that belong to one data element for good; they outlive every erasure.

        Args:
            element: `user.contact.email/repeatable`: the data element, and what for.

        Raises:
            Unavailable: as `own`.
        """
        return derive(self.own("index"), f"index/{element}")

    def index_keys(self, element: str) -> dict[int, bytes]:
        """Return the keys that index the values of one data element, the one that marks new values last.

        There are two while values are marked anew (`proxy.keys.indexes`): both find them then.

        Args:
            element: `user.contact.email/email-1`: the data element and how its values are normalised.

        Raises:
            Unavailable: as `own`.
        """
        return {number: derive(key, f"index/{element}") for number, key in self._own.indexes().items()}

    def index_in_force(self) -> int:
        """Return the number of the index key that marks new values, as this process knows it.

        Raises:
            Unavailable: as `own`.
        """
        return [*self._own.indexes()][-1]

    def hold_index(self, connection: Connection) -> int:
        """Return the number of the index key that marks new values, until the connection's block has ended."""
        return numbers(rows.searched(connection, hold="share"))[-1]

    def wrap_own(self, number: int, epoch: Epoch) -> bytes:
        """Return a new index key as it is to be kept."""
        name, key = index_name(number).encode(), self._random(KEY_BYTES)
        return self._keepers.wrapped(name, None, key, epoch).wrapped

    # -- data subjects ------------------------------------------------------------------------------------

    def draft(self, subject: bytes | None) -> Draft:
        """Return a new key, made and wrapped, for `keep`; nothing is kept yet, and no connection is held.

        Args:
            subject: whose; None for a record of somebody who cannot be named yet.

        Raises:
            Unavailable: provider or store cannot be used.
        """
        with self.store.read() as connection:
            epoch = rows.active_epoch(connection)
        key_id, key = self._random(ID_BYTES), self._random(KEY_BYTES)
        return Draft(SubjectKey(key_id, subject, key), self._keepers.wrapped(key_id, subject, key, epoch))

    def draft_subject(self) -> Draft:
        """Return a `draft` for somebody new."""
        return self.draft(self._random(ID_BYTES))

    def draft_subjects(self, count: int) -> list[Draft]:
        """Return drafts for so many new people; the provider is asked once for all of them."""
        return self.drafts([(self._random(ID_BYTES), 1) for _ in range(count)])

    def drafts(self, whose: Sequence[tuple[bytes, int]]) -> list[Draft]:
        """Return a draft for each data subject; the provider is asked once for all of them.

        Args:
            whose: subject, and which of their keys it is to be: the one with the highest number seals.
        """
        if not whose:
            return []
        with self.store.read() as connection:
            epoch = rows.active_epoch(connection)
        bound_to, now = binding(self.tenant(), epoch.number), self._now()
        made = [SubjectKey(self._random(ID_BYTES), subject, self._random(KEY_BYTES)) for subject, _ in whose]
        pairs = [(key.secret, bound_to(key.id, key.subject)) for key in made]
        self.prove(epoch)
        wrapped = self.keeper(epoch).wrap(epoch.handle, pairs)
        return [
            Draft(key, Wrapped(key.id, key.subject, epoch.number, each, serial, now))
            for key, each, (_, serial) in zip(made, wrapped, whose, strict=True)
        ]

    def keep(self, connection: Connection, draft: Draft) -> SubjectKey:
        """Keep a draft, if the connection's block ends well; return its key.

        If another epoch has begun meanwhile, it is wrapped anew, so that a rotation fails nobody's request.

        Raises:
            Unavailable: provider or store cannot be used.
        """
        epoch, row = rows.active_epoch(connection, hold=True), draft.row
        if epoch.number != row.epoch:
            row = self._keepers.wrapped(row.id, row.subject, draft.key.secret, epoch, serial=row.serial)
        rows.add(connection, row)
        return draft.key

    def hold(self, connection: Connection, ids: Iterable[bytes]) -> None:
        """Have nobody shred these keys before the connection's block has ended.

        Raises:
            KeyGone: one of them was shredded already.
        """
        wanted = set(ids)
        if rows.hold(connection, wanted) != len(wanted):
            raise KeyGone("key_gone")

    def new_subject(self, connection: Connection) -> SubjectKey:
        """Return the key of somebody new, kept if the connection's block ends well.

        The provider is asked while the connection is held: with one that is far away, `draft_subject` before
        the block and `keep` inside keep others from waiting.

        Raises:
            Unavailable: provider or store cannot be used.
        """
        return self._new(connection, self._random(ID_BYTES))

    def new_record(self, connection: Connection) -> SubjectKey:
        """Return the key of a record of somebody who cannot be named yet; `adopt` gives it to them later."""
        return self._new(connection, None)

    def renew(self, connection: Connection, subject: bytes) -> SubjectKey:
        """Return another key of a data subject, which seals from now on; the older ones still open.

        Raises:
            KeyGone: the subject has no key any more, so it was shredded.
        """
        held = rows.by_subject(connection, (subject,))
        if not held:
            raise KeyGone("key_gone")
        return self._new(connection, subject, serial=held[-1].serial + 1)

    def adopt(self, connection: Connection, key_id: bytes, subject: bytes) -> SubjectKey:
        """Have a record's key be a data subject's: shredding the subject destroys it too; it still opens.

        Raises:
            KeyGone: there is no such key, or it has another owner by now.
        """
        found = rows.by_id(connection, (key_id,))
        if not found or found[0].subject not in {None, subject}:
            raise KeyGone("key_gone")
        key = self._keepers.opened(found, rows.epochs(connection)).get(key_id)
        if key is None:
            raise KeyGone("key_gone")
        if found[0].subject is None:
            epoch = rows.active_epoch(connection, hold=True)
            # Serial 0: the subject's own keys go on sealing.
            row = self._keepers.wrapped(key_id, subject, key, epoch, serial=0)
            if not rows.give(connection, row):
                raise Unavailable("key_epoch_changed")
        return SubjectKey(key_id, subject, key)

    def find(self, ids: Iterable[bytes]) -> dict[bytes, SubjectKey]:
        """Return the keys of these ids; an id that is missing in what is returned is dead for good.

        Blocks where something is not remembered: in an event loop use `fetch`.

        Raises:
            Unavailable: provider or store cannot be used now, or an epoch is suspended; none of them then.
        """
        wanted = set(ids)
        found = self._cache.found(wanted)
        missing = wanted - found.keys()
        return found | self._read(missing) if missing else found

    async def fetch(self, ids: Iterable[bytes], *, wait: float = WAIT_SECONDS) -> dict[bytes, SubjectKey]:
        """Return what `find` does, without keeping the event loop from others.

        Raises:
            Unavailable: as `find`; also `keys_slow`.
        """
        wanted = set(ids)
        found = self._cache.found(wanted)
        missing = wanted - found.keys()
        if not missing:
            return found
        try:
            async with asyncio.timeout(wait):
                return found | await asyncio.to_thread(self._read, missing)
        except TimeoutError:
            raise Unavailable("keys_slow") from None

    def one(self, key_id: bytes) -> SubjectKey:
        """Return one key.

        Raises:
            KeyGone: it is dead for good.
            Unavailable: as `find`.
        """
        found = self.find((key_id,))
        if key_id not in found:
            raise KeyGone("key_gone")
        return found[key_id]

    def sealing(self, subjects: Iterable[bytes]) -> dict[bytes, SubjectKey]:
        """Return the key that seals for each data subject; one that is missing was shredded, or never met.

        Raises:
            Unavailable: as `find`.
        """
        wanted = set(subjects)
        found = self._sealing.found(wanted)
        missing = wanted - found.keys()
        if missing:
            generation = self.generation.now()
            with self.store.read() as connection:
                held = {key.subject or b"": key for key in rows.by_subject(connection, missing)}
            opened = self.find(key.id for key in held.values())
            fresh = {subject: opened[key.id] for subject, key in held.items() if key.id in opened}
            self._sealing.remember(fresh, generation)
            found |= fresh
        return found

    def shred(self, subject: bytes) -> int:
        """Destroy every key of a data subject; when this returns, nothing sealed under them opens anywhere.

        The rows are gone and overwritten, and no process uses what it remembered. Again is no error: a run that
        died half-way is repeated. Copies of the database that were made before need the epoch's key to be
        destroyed.

        Returns:
            How many keys there were.

        Raises:
            Unavailable: the store cannot be used; what has happened is not known, repeat it.
        """
        return self._destroy(lambda connection: rows.remove(connection, subject))

    def shred_key(self, key_id: bytes) -> int:
        """Destroy one key, that of a record; as `shred`."""
        return self.shred_keys((key_id,))

    def shred_keys(self, ids: Iterable[bytes]) -> int:
        """Destroy some keys, all at once; as `shred`."""
        return self._destroy(lambda connection: sum(rows.remove_key(connection, each) for each in ids))

    def subjects(self, ids: Iterable[bytes]) -> set[bytes]:
        """Return whose these keys are, as far as they are there and somebody's; no provider is asked."""
        with self.store.read() as connection:
            return {key.subject for key in rows.by_id(connection, ids) if key.subject is not None}

    def of_subjects(self, subjects: Iterable[bytes]) -> set[bytes]:
        """Return the ids of all keys of some data subjects; no provider is asked."""
        with self.store.read() as connection:
            return {key.id for key in rows.by_subject(connection, subjects)}

    def newest_epoch(self) -> int:
        """Return the number of the newest epoch: no copy that was made until now has keys of a later one.

        Raises:
            Unavailable: `keys_not_initialised`, or the store cannot be used.
        """
        with self.store.read() as connection:
            known = rows.epochs(connection)
        if not known:
            raise Unavailable("keys_not_initialised")
        return max(known)

    def beyond_recovery(self, epoch: int) -> float | None:
        """Return when what was shredded in this epoch is, or will be, unreadable in every copy of the database.

        Args:
            epoch: `newest_epoch` of when it was shredded.

        Returns:
            Seconds since the epoch of Unix; None while the key of one until then has not been ordered destroyed.
        """
        with self.store.read() as connection:
            known = rows.epochs(connection).values()
        gone = [each.gone_at if each.state in ENDED else None for each in known if each.number <= epoch]
        times = [each for each in gone if each is not None]
        return max(times) if times and len(times) == len(gone) else None

    def _destroy(self, remove: Callable[[Connection], int]) -> int:
        with self.generation.changing():
            with self.store.begin() as connection:
                count = remove(connection)
            self.store.forget(SUBJECT_KEYS)
        return count

    def close(self) -> None:
        """Forget every key and let go of the providers."""
        self.forget()
        self.generation.close()
        self._keepers.close()

    def forget(self) -> None:
        """Forget every key that is remembered in this process."""
        for each in (self._cache, self._sealing, self._own):
            each.drop()

    def _new(self, connection: Connection, subject: bytes | None, *, serial: int = 1) -> SubjectKey:
        epoch = rows.active_epoch(connection, hold=True)
        key_id, key = self._random(ID_BYTES), self._random(KEY_BYTES)
        rows.add(connection, self._keepers.wrapped(key_id, subject, key, epoch, serial=serial))
        return SubjectKey(key_id, subject, key)

    def _read(self, ids: set[bytes]) -> dict[bytes, SubjectKey]:
        generation = self.generation.now()
        held, opened = self._keepers.consistent(lambda connection: rows.to_open(connection, ids))
        found = {key.id: SubjectKey(key.id, key.subject, opened[key.id]) for key in held if key.id in opened}
        self._cache.remember(found, generation)
        return found
