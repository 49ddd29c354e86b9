"""Keys as they are kept, wrapped, and who can open them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from sqlalchemy import Connection

from proxy.crypto.providers import Provider
from proxy.crypto.wrapping import bind
from proxy.errors import Unavailable
from proxy.keys import rows
from proxy.keys.rows import Epoch, Wrapped
from proxy.keys.states import ENDED, UNWRAPS
from proxy.keys.subjectkey import ID_BYTES
from proxy.store import Store


class Keepers:
    """The providers of an installation: the one that gets new keys, and those that have older ones."""

    def __init__(
        self, store: Store, provider: Provider, before: Iterable[Provider], *, now: Callable[[], float]
    ) -> None:
        self._store = store
        self._all = {each.name: each for each in (*before, provider)}
        self._now = now
        self._tenant = b""

    def tenant(self) -> bytes:
        """Return what everything sealed by this installation is bound to.

        Raises:
            Unavailable: `keys_not_initialised`, or the store cannot be used.
        """
        if not self._tenant:
            with self._store.read() as connection:
                self._tenant = rows.settings(connection).get("tenant", "").encode()
        if not self._tenant:
            raise Unavailable("keys_not_initialised")
        return self._tenant

    def keeper(self, epoch: Epoch) -> Provider:
        """Return the provider that holds the key of an epoch.

        Raises:
            Unavailable: `provider_not_configured`.
        """
        found = self._all.get(epoch.provider)
        if found is None:
            raise Unavailable("provider_not_configured", epoch.provider)
        return found

    def wrapped(
        self, key_id: bytes, subject: bytes | None, key: bytes, epoch: Epoch, *, serial: int = 1
    ) -> Wrapped:
        """Return a key as it is to be kept, wrapped under an epoch that is in force."""
        self.prove(epoch)
        bound = binding(self.tenant(), epoch.number)(key_id, subject)
        (wrapped,) = self.keeper(epoch).wrap(epoch.handle, [(key, bound)])
        return Wrapped(key_id, subject, epoch.number, wrapped, serial, self._now())

    def prove(self, epoch: Epoch) -> None:
        """Return unless the provider has another key under this epoch's name than it had when the epoch began.

        A token that is restored, or set up by hand, has one: what it wraps is lost when the right one is back.
        It is told by the installation keys, which lie under the epoch in force; where none does, as in the first
        moments of an epoch, nothing can be told.

        Raises:
            Unavailable: `provider_key_changed`; or provider or store cannot be used.
        """
        with self._store.read() as connection:
            held = [key for key in rows.installation_keys(connection).values() if key.epoch == epoch.number]
        bound_to = binding(self.tenant(), epoch.number)
        for key in held:
            try:
                self.keeper(epoch).unwrap(epoch.handle, [(key.wrapped, bound_to(key.id, key.subject))])
                return
            except Unavailable as error:
                if error.reason != "key_not_authentic":
                    raise
        if held:
            raise Unavailable("provider_key_changed", f"epoch {epoch.number}")

    def consistent(
        self, read: Callable[[Connection], list[Wrapped]]
    ) -> tuple[list[Wrapped], dict[bytes, bytes]]:
        """Return rows and their keys in clear; once more if they were wrapped anew in between.

        Whoever was between reading a row and opening it when the survivors of an epoch had been wrapped anew and
        its key was destroyed would otherwise fail for nothing.
        """
        with self._store.read() as connection:
            held, epochs = read(connection), rows.epochs(connection)
        try:
            return held, self.opened(held, epochs)
        except Unavailable:
            with self._store.read() as connection:
                again, epochs = read(connection), rows.epochs(connection)
            if again == held:
                raise
            return again, self.opened(again, epochs)

    def opened(self, held: Iterable[Wrapped], epochs: Mapping[int, Epoch]) -> dict[bytes, bytes]:
        """Return the keys in clear, by id, without those of an epoch that has ended."""
        by_epoch: dict[int, list[Wrapped]] = {}
        for key in held:
            by_epoch.setdefault(key.epoch, []).append(key)
        found: dict[bytes, bytes] = {}
        for number, keys in by_epoch.items():
            epoch = epochs[number]
            if epoch.state in ENDED:
                continue
            if epoch.state not in UNWRAPS:
                raise Unavailable("key_suspended", f"epoch {number}")
            bound_to = binding(self.tenant(), number)
            pairs = [(key.wrapped, bound_to(key.id, key.subject)) for key in keys]
            try:
                opened = self.keeper(epoch).unwrap(epoch.handle, pairs)
            except Unavailable as error:
                if error.reason == "key_not_authentic":
                    self.prove(epoch)  # says so where it is not the row that is wrong
                raise
            found |= zip((key.id for key in keys), opened, strict=True)
        return found

    def close(self) -> None:
        """Let go of the providers."""
        for each in self._all.values():
            each.close()


def epoch_label(number: int, random: Callable[[int], bytes]) -> str:
    """Return a new name for the key of an epoch, for people who look at the provider."""
    return f"lychgate-epoch-{number}-{random(4).hex()}"


def binding(tenant: bytes, epoch: int) -> Callable[[bytes, bytes | None], bytes]:
    """Return what gives, for the id of a key and its subject, what the wrapped key is bound to.

    It is `bind(label, tenant, id, subject, epoch)`: nobody can give a key to another subject, tenant or epoch.
    """
    head, tail = bind(b"lychgate.dev/v1/key", tenant), bind(epoch.to_bytes(8, "big"))

    def bound_to(key_id: bytes, subject: bytes | None) -> bytes:
        whose = subject or b""
        return head + _LENGTHS[len(key_id)] + key_id + _LENGTHS[len(whose)] + whose + tail

    return bound_to


_LENGTHS: Final = tuple(length.to_bytes(4, "big") for length in range(ID_BYTES + 1))
