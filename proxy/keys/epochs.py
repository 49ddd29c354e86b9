"""The life of the keys that wrap all others: rotate, suspend, resume, mark as compromised, destroy.

Every change is on record before it is made (`note`), is one row changed in one block, and can be repeated: a run
that died half-way is mended by running it again. States and what may follow on them: `proxy.keys.states`.

Two people: `destroy` cannot be undone, so it takes two officers, each with a token of their own. One may ask for
it; it happens when another asks for it too, within `ASSENT_SECONDS`. A word is given by a token: whoever gets
another one, or is no officer any more at a moment when anybody looks, has to give it anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from proxy.crypto.providers import Custody
from proxy.errors import LychgateError, Unavailable
from proxy.keys import rows
from proxy.keys.keepers import epoch_label
from proxy.keys.keys import Keys
from proxy.keys.rows import Epoch
from proxy.keys.states import STEPS, UNWRAPS, State

ASSENT_SECONDS: Final = 7 * 86_400
"""How long an officer's word holds."""
PEOPLE: Final = 2

NOBODY: Final[Mapping[str, str]] = MappingProxyType({})

Note = Callable[[str, str], None]
"""What happens, as a constant word, and names and numbers about it; durable when it returns, or it raises."""


class NotNow(LychgateError):
    """What was asked for cannot be done as things stand; the text says why and what to do first."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A key of which the provider says something that our own table does not."""

    epoch: int
    ours: State
    theirs: str
    """What the provider says of it, `Custody`; or that it is another one."""

    def __str__(self) -> str:
        return f"epoch {self.epoch} is {self.ours} here, and its key is {self.theirs} with the provider"


_EXPECTED: Final[dict[State, frozenset[Custody]]] = {
    State.PRE_ACTIVE: frozenset({Custody.USABLE}),
    State.ACTIVE: frozenset({Custody.USABLE}),
    State.SUSPENDED: frozenset({Custody.DISABLED}),
    State.DEACTIVATED: frozenset({Custody.USABLE}),
    State.COMPROMISED: frozenset({Custody.USABLE}),
    State.DESTROY_PENDING: frozenset({Custody.ENDING, Custody.ABSENT}),
    State.DESTROYED: frozenset({Custody.ABSENT}),
}


class Epochs:
    """What may be done with the epochs of an installation's keys."""

    def __init__(
        self,
        keys: Keys,
        note: Note,
        *,
        now: Callable[[], float],
        random: Callable[[int], bytes],
        officers: Mapping[str, str] = NOBODY,
    ) -> None:
        """Take what it takes.

        Args:
            keys: whose epochs.
            note: see `Note`.
            now: seconds since the epoch of Unix.
            random: how many bytes -> that many bytes from a cryptographic source.
            officers: whose word counts today -> the digest of their token.
        """
        self._officers = officers
        self._keys = keys
        self._note = note
        self._now = now
        self._random = random

    def all(self) -> dict[int, Epoch]:
        """Return every epoch there ever was, by number."""
        with self._keys.store.read() as connection:
            return rows.epochs(connection)

    def counts(self) -> dict[int, int]:
        """Return how many keys are wrapped under each epoch."""
        with self._keys.store.read() as connection:
            return rows.counts(connection)

    def begin(self) -> Epoch:
        """Have a new epoch in force, and the one before deactivated; what it wrapped still opens.

        If we die before the row is there, a key that wraps nothing is left with the provider.

        Raises:
            NotNow: there is none in force: resume it first, or keys were never made.
        """
        known = self.all()
        old = _in_force(known)
        number = max(known) + 1
        self._note("keys_rotated", f"epoch={number} provider={self._keys.provider.name}")
        handle = self._keys.provider.generate(epoch_label(number, self._random), "wrap")
        now = self._now()
        with self._keys.generation.changing(), self._keys.store.begin() as connection:
            rows.change_epoch(connection, old, State.DEACTIVATED, now)
            rows.add_epoch(connection, number, self._keys.provider.name, handle, now)
        return self.all()[number]

    def suspend(self, number: int) -> None:
        """Have everything that needs this epoch refused, in every process, until `resume`."""
        epoch = self._epoch(number)
        if epoch.state is not State.SUSPENDED:  # or a run died before the provider was told
            _check(epoch, State.SUSPENDED)
            self._note("keys_suspended", f"epoch={number}")
            self._change(epoch, State.SUSPENDED, resumes=epoch.state.value)
        self._keys.keeper(epoch).disable(epoch.handle)

    def resume(self, number: int) -> None:
        """Have it as it was before it was suspended.

        Raises:
            NotNow: it is not suspended, or another epoch is in force by now.
        """
        epoch = self._epoch(number)
        if epoch.state is not State.SUSPENDED or epoch.resumes is None:
            raise NotNow(f"epoch {number} is {epoch.state}, not suspended")
        others = [each.number for each in self.all().values() if each.state is State.ACTIVE]
        if epoch.resumes is State.ACTIVE and others:
            raise NotNow(f"epoch {others[0]} is in force by now")
        self._note("keys_resumed", f"epoch={number}")
        self._keys.keeper(epoch).enable(epoch.handle)
        self._change(epoch, epoch.resumes, resumes=None)

    def compromise(self, number: int) -> None:
        """Write down that others may know this epoch's key: it wraps nothing any more, and everybody is told."""
        epoch = self._epoch(number)
        _check(epoch, State.COMPROMISED)
        if epoch.state is State.ACTIVE:
            raise NotNow(f"epoch {number} is in force: rotate first, so that there is another")
        self._note("keys_compromised", f"epoch={number}")
        if epoch.state is State.SUSPENDED:
            self._keys.keeper(epoch).enable(epoch.handle)
        self._change(epoch, State.COMPROMISED, resumes=None)

    def ask_for_destruction(self, number: int, officer: str) -> int:
        """Keep that an officer wants the key of an epoch destroyed; return how many more have to.

        Raises:
            NotNow: this officer does already, keys are wrapped under it still, or it is in force.
        """
        epoch = self._epoch(number)
        self._check_can_end(epoch)
        self.forget_removed()
        with self._keys.store.read() as connection:
            if officer in self._assents(connection, number):
                raise NotNow(f"{officer} wants epoch {number} destroyed already: it takes somebody else as well")
        self._note("keys_destroy_asked", f"epoch={number} officer={officer}")
        given = rows.Assent(number, officer, self._now(), self._officers.get(officer))
        with self._keys.store.begin() as connection:
            rows.assent(connection, given)
            return max(0, PEOPLE - len(self._assents(connection, number)))

    def forget_removed(self) -> None:
        """Have no word count of who is no officer now, or has another token: named again, they ask anew.

        To be called by whoever has read the configuration.
        """
        with self._keys.store.read() as connection:
            void = [each for each in rows.assents(connection) if not self._is_theirs(each)]
        for each in void:
            self._note("keys_destroy_voided", f"epoch={each.epoch} officer={each.officer}")
        if void:
            with self._keys.store.begin() as connection:
                for each in void:
                    rows.withdraw(connection, each.epoch, each.officer)

    def withdraw(self, number: int, officer: str) -> bool:
        """Forget that an officer wants it; return whether they did."""
        self._note("keys_destroy_withdrawn", f"epoch={number} officer={officer}")
        with self._keys.store.begin() as connection:
            return rows.withdraw(connection, number, officer) == 1

    def destroy(self, number: int) -> Epoch:
        """Have the key of an epoch destroyed with the provider, for good; again goes on where it stopped.

        Returns:
            The epoch: destroyed, or with the time at which the provider's waiting time is over.

        Raises:
            NotNow: fewer than two officers want it, keys are wrapped under it still, or it is in force.
        """
        epoch = self._epoch(number)
        if epoch.state is State.DESTROYED:
            return epoch
        if epoch.state is State.DESTROY_PENDING:  # two wanted it, and it has begun
            return self._end(epoch)
        self._check_can_end(epoch)
        self.forget_removed()
        with self._keys.store.read() as connection:
            officers = self._assents(connection, number)
        if len(officers) < PEOPLE:
            raise NotNow(f"{PEOPLE} officers have to ask for it; so far: {', '.join(officers) or 'nobody'}")
        self._note("keys_destroy_begun", f"epoch={number} officers={','.join(officers)}")
        with self._keys.generation.changing(), self._keys.store.begin() as connection:
            if rows.counts(connection).get(number):
                raise NotNow(f"keys are wrapped under epoch {number} still: rotate first")
            rows.change_epoch(connection, epoch, State.DESTROY_PENDING, self._now())
        return self._end(self._epoch(number))

    def reconcile(self) -> list[Drift]:
        """Return where a provider says something else than our table, which is the one that counts.

        Raises:
            Unavailable: a provider cannot be asked, or is not configured any more.
        """
        found = []
        for epoch in self.all().values():
            keeper = self._keys.keeper(epoch)
            custody = keeper.custody(epoch.handle)
            as_expected = custody in _EXPECTED[epoch.state]
            if epoch.state is State.SUSPENDED and not keeper.suspends:
                as_expected = custody is Custody.USABLE
            if not as_expected:
                found.append(Drift(epoch.number, epoch.state, custody))
            elif epoch.state in UNWRAPS and not self._is_the_same(epoch):
                found.append(Drift(epoch.number, epoch.state, "another one"))
        return found

    def _is_the_same(self, epoch: Epoch) -> bool:
        """Say whether the provider still has the key that the epoch began with, as far as can be told."""
        try:
            self._keys.prove(epoch)
        except Unavailable as error:
            if error.reason != "provider_key_changed":
                raise
            return False
        return True

    def _end(self, epoch: Epoch) -> Epoch:
        """Destroy what is to be destroyed; whoever died after any line here goes on with the same."""
        wait = self._keys.keeper(epoch).destroy(epoch.handle)
        now = self._now()
        if wait <= 0 or self._keys.keeper(epoch).custody(epoch.handle) is Custody.ABSENT:
            self._note("keys_destroyed", f"epoch={epoch.number}")
            self._change(epoch, State.DESTROYED, gone_at=now)
        elif epoch.gone_at is None:
            self._note("keys_destroy_scheduled", f"epoch={epoch.number} seconds={int(wait)}")
            with self._keys.store.begin() as connection:
                rows.change_epoch(connection, epoch, State.DESTROY_PENDING, now, gone_at=now + wait)
        self._keys.forget()
        return self._epoch(epoch.number)

    def _change(self, epoch: Epoch, state: State, **more: float | str | None) -> None:
        with self._keys.generation.changing(), self._keys.store.begin() as connection:
            rows.change_epoch(connection, epoch, state, self._now(), **more)

    def _check_can_end(self, epoch: Epoch) -> None:
        _check(epoch, State.DESTROY_PENDING)
        if left := self.counts().get(epoch.number):
            raise NotNow(
                f"{left:,} keys are wrapped under epoch {epoch.number} still, and would be lost: "
                "`keys rotate` wraps them anew"
            )

    def _assents(self, connection: Connection, number: int) -> list[str]:
        now = self._now()
        given = (each for each in rows.assents(connection) if each.epoch == number and self._is_theirs(each))
        # One of the future is no younger than any other: whose clock was wrong asks again.
        return [each.officer for each in given if 0 <= now - each.at < ASSENT_SECONDS]

    def _is_theirs(self, given: rows.Assent) -> bool:
        """Tell whether whoever gave their word is an officer still, by the same token."""
        return given.digest is not None and self._officers.get(given.officer) == given.digest

    def _epoch(self, number: int) -> Epoch:
        known = self.all()
        if number not in known:
            raise NotNow(f"there is no epoch {number}; there are {', '.join(map(str, sorted(known))) or 'none'}")
        return known[number]


def _in_force(known: dict[int, Epoch]) -> Epoch:
    for epoch in known.values():
        if epoch.state is State.ACTIVE:
            return epoch
    suspended = [each.number for each in known.values() if each.resumes is State.ACTIVE]
    if suspended:
        raise NotNow(f"epoch {suspended[0]} is suspended: resume it first")
    raise NotNow("no keys have been made here: `lychgate keys init`")


def _check(epoch: Epoch, state: State) -> None:
    if state not in STEPS[epoch.state]:
        raise NotNow(f"epoch {epoch.number} is {epoch.state}, and cannot become {state}")
