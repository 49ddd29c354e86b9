"""Wiring: one function that turns a `Config` into gateways, so that a reader can see the whole of it.

It puts together what `loading` reads (policies and connectors), `credentials` shows and `gateways` makes;
nothing below these knows configuration, and nothing above builds a mechanism. `build` either returns an
installation in which policy, keys and ledger are usable, or raises; `App.reload` builds a second set beside
the one in force and swaps one reference per lane, so that an exchange sees one set or the other, never both.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from proxy import config as settings
from proxy.credentials import load_credential
from proxy.crypto import Sealer, derive, read_key
from proxy.crypto.notekeys import NoteKeys
from proxy.crypto.providers import KeyringFile
from proxy.enforce import Gateway
from proxy.errors import LedgerError, Problem, Problems, StoreError, Unavailable
from proxy.exchange import Rules
from proxy.gateways import Guards, make_gateways, shared_guards
from proxy.identity import Frozen, Issuer
from proxy.identity.frozen import FILE as FROZEN_FILE
from proxy.ids import new_id
from proxy.kept import Kept, open_kept, store_where
from proxy.keys.events import as_key_event
from proxy.keys.watch import Watch
from proxy.ledger import Ledger, Notary
from proxy.ledger.published import PUBLIC_KEYS
from proxy.loading import load_all, load_issuers
from proxy.metrics import Metrics
from proxy.model import Failed, Noted
from proxy.origins import Origin, marks, origins
from proxy.restricted import Restricted
from proxy.subjects import Pseudonyms
from proxy.yamlfile import nearest

KEY_FILE = "keys/root.key"
"""32 random bytes below the state folder; every key but those that sign checkpoints is derived from it
(HKDF, RFC 5869)."""
STANDINS: Final = "standins"
"""Label of the key that stand-ins for recipients are made with."""
CHECKPOINTS: Final = "checkpoints"
"""Folder below the state folder: checkpoints, their public keys, and the tree over the ledger."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """Policies that could be put in force: read, checked, and swapped in for nobody yet."""

    rules: Mapping[str, Rules]
    """By lane."""
    settled: tuple[str, ...]
    """How far each origin had come, for `Source.settle`."""


async def _alone() -> None:
    """Tell nobody: this process is the only one that serves."""


async def _nobody_else(_canaries: Sequence[str]) -> list[bool | None]:
    return []


@dataclass(slots=True)
class App:
    """A running installation: gateways by lane, and what they share."""

    config: settings.Config
    gateways: Mapping[str, Gateway]
    ledger: Ledger
    metrics: Metrics
    sealer: Sealer
    issuers: Mapping[str, Issuer]
    origins: tuple[Origin, ...]
    pseudonyms: Pseudonyms
    frozen: Frozen
    notary: Notary
    kept: Kept
    standins: bytes = field(repr=False)
    """The key that what recipients are shown instead of values is made with."""
    watch: Watch
    restricted: Restricted
    settled: tuple[str, ...] = ()
    """How far each origin had come when its policies were read, for `Source.settle`."""
    spread: Callable[[], Awaitable[None]] = _alone
    """Has `frozen` and `restricted` take effect in every other process that serves, and identifiers forgotten
    there; returns when it has."""
    others_open: Callable[[Sequence[str]], Awaitable[list[bool | None]]] = _nobody_else
    """Has every other process that serves say whether it can open one of some canaries; None: it does not."""
    problems: dict[str, str] = field(default_factory=dict)
    """What keeps the installation from being ready, by part; empty = ready."""

    def close(self) -> None:
        """Let go of the ledger, then sign what it ended with; blocks for a moment."""
        self.ledger.close()
        self.notary.close()
        self.watch.close()
        self.kept.close()

    def reload(self) -> str:
        """Put the policies as they are now in force on every lane, or leave all as it is.

        Returns:
            The policy set now in force on the first lane: its digest, and its commit if it has one.

        Raises:
            Problems: the new set cannot be used; the old one goes on serving.
        """
        return self.activate(self.prepare())

    def prepare(self, *, copies: Path | None = None) -> Fresh:
        """Return the policies as they are now, checked and self-tested; what is in force stays in force.

        Args:
            copies: an empty folder that gets what was read, for processes that are to read the very same.

        Raises:
            Problems: they cannot be put in force.
        """
        try:
            rules, settled = load_all(
                self.origins, self.sealer, self.issuers, self.frozen, standins=self.standins, copies=copies
            )
            return Fresh(rules, settled)
        except Problems:
            self.metrics.reload("refused").inc()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the set in force stays, and that is told
            self.metrics.reload("refused").inc()
            message = f"the policies cannot be read: {type(error).__name__}"
            raise Problems([Problem("policies", 0, 0, "LG100", message)]) from None

    def activate(self, fresh: Fresh) -> str:
        """Put prepared policies in force on every lane; return which, as `reload` does.

        Raises:
            Problems: how far their sources have come cannot be written down; the old ones stay.
        """
        before, self.settled = self.settled, fresh.settled
        try:
            self.settle()
        except Problems:
            self.settled = before
            self.metrics.reload("refused").inc()
            raise
        self.adopt(fresh)
        self.metrics.reload("activated").inc()
        return next(iter(fresh.rules.values())).policy

    def adopt(self, fresh: Fresh) -> None:
        """Have every lane decide by prepared policies from now on."""
        self.settled = fresh.settled
        for name, rules in fresh.rules.items():
            self.gateways[name].rules = rules
            self.metrics.policy(name, rules.policies.digest, rules.commit)

    def forget(self) -> None:
        """Forget every identifier of a person or record that this process remembers to save time."""
        for gateway in self.gateways.values():
            gateway.forget()

    async def freeze(self, who: str) -> None:
        """Stop a principal, or a client with all of its principals, until `unfreeze`; restarts included.

        In every process that serves, nothing is asked or released for it once this returns.

        Raises:
            Problems: nobody of that name is registered, or the list cannot be written.
            Unavailable: it is in force, and could not be put on record.
        """
        client = who.partition("/")[0]
        known = {name for gateway in self.gateways.values() for name in gateway.rules.policies.clients}
        if client not in known:
            raise _about(f"no client is registered as {client!r}{nearest(client, known)}")
        self._keep_frozen({*self.frozen.ids, who})
        await self.spread()
        await self.note("principal_frozen", self.pseudonyms.of("principal", who))

    async def unfreeze(self, who: str) -> None:
        """Let a principal or client in again; on record before it takes effect.

        Raises:
            Problems: it is not frozen, or the list cannot be written.
            Unavailable: it could not be put on record, and stays frozen.
        """
        if who not in self.frozen:
            raise _about(f"{who!r} is not frozen{nearest(who, self.frozen.ids)}")
        await self.note("principal_unfrozen", self.pseudonyms.of("principal", who))
        self._keep_frozen({*self.frozen.ids} - {who})
        await self.spread()

    def _keep_frozen(self, ids: set[str]) -> None:
        try:
            self.frozen.replace(ids)
        except OSError as error:
            where = self.config.state / FROZEN_FILE
            message = f"the list cannot be written: {error.strerror}"
            raise Problems([Problem(str(where), 0, 0, "LG205", message)]) from None

    def settle(self) -> None:
        """Remember how far the signed sources have come, so that nothing older is accepted from now on.

        Raises:
            Problems: that cannot be written down.
        """
        for origin, position in zip(self.origins, self.settled, strict=True):
            try:
                origin.source.settle(position)
            except OSError as error:
                message = f"cannot keep how far the policies have come: {error.strerror}"
                raise Problems([Problem(str(self.config.state), 0, 0, "LG504", message)]) from None

    def marks(self) -> tuple[Hashable, ...]:
        """Return something that changes when any policies may have changed."""
        return marks(self.origins)

    def not_ready(self) -> dict[str, str]:
        """Return why no traffic should be sent here, by part; empty when policy, keys and ledger are usable."""
        found = dict(self.problems)
        if self.ledger.failed:
            found["ledger"] = "the ledger cannot be written"
        if problem := self.kept.problem():
            found["store"] = problem
        return found

    async def started(self) -> None:
        """Close what the last run left open and write down that this one began."""
        for intent, lane in self.ledger.open_intents().items():
            await self.ledger.append(
                Failed(intent, lane, stage="upstream", reason="outcome_unknown", detail="", status=0)
            )
        self.settle()
        await self.note("started", "")
        await self._forget_removed_officers()
        await self.activated()

    async def _forget_removed_officers(self) -> None:
        """Have no word count of who is no officer by the configuration of this start; on record before."""
        loop = asyncio.get_running_loop()

        def note(what: str, detail: str) -> None:
            asyncio.run_coroutine_threadsafe(self.note(what, detail), loop).result()

        epochs = self.kept.epochs(note, self.config.keys.officers)
        with contextlib.suppress(Unavailable):  # a store that cannot be reached is told by /ready
            await asyncio.to_thread(epochs.forget_removed)

    async def _make_keys(self) -> None:
        """Have keys where a policy needs them and they lie beside the store; it is on record before.

        Making them with a provider that is elsewhere is for a person: `lychgate keys init`.
        """
        keys = self.kept.keys
        protects = any(gateway.rules.policies.protection for gateway in self.gateways.values())
        if (
            protects
            and keys.provider.name == KeyringFile.name
            and not await asyncio.to_thread(self.kept.epochs().all)
        ):
            await self.note("keys_made", f"epoch=1 provider={keys.provider.name}")
            await asyncio.to_thread(keys.initialise)

    async def activated(self) -> None:
        """Write down which policy set every lane enforces."""
        await self._make_keys()
        for name, gateway in self.gateways.items():
            await self.note("policy_activated", gateway.rules.policy, lane=name)

    async def key_event(self, said: str) -> None:
        """Write down what a command does with keys, before it does it.

        Args:
            said: JSON, `what` it is and its `detail`; from the operator's own account, and checked.

        Raises:
            Unavailable: it could not be put on record.
        """
        event = as_key_event(said)
        await self.note(event.what, event.detail)

    async def note(self, what: str, detail: str, *, lane: str = "") -> None:
        """Write down something about the proxy itself."""
        await self.ledger.append(Noted(new_id(), lane, what=what, detail=detail))


def _about(message: str) -> Problems:
    return Problems([Problem("principal", 0, 0, "LG408", message)])


def build(config: settings.Config) -> App:
    """Return an installation that can serve.

    Raises:
        Problems: policies, connectors or credentials are wrong; every problem at once.
        LedgerError: the ledger is damaged, or another process has it.
    """
    refuse_exposed(config)
    root = read_key(config.state / KEY_FILE)
    sealer = Sealer(derive(root, "continuation"))
    pseudonyms = Pseudonyms(derive(root, "pseudonyms"))
    metrics = Metrics()
    issuers = load_issuers(config)
    found = origins(config)
    frozen = Frozen(config.state / FROZEN_FILE)
    standins = derive(root, STANDINS)
    rules, settled = load_all(found, sealer, issuers, frozen, standins=standins)
    credentials = {lane.name: load_credential(lane) for lane in config.lanes}
    kept = open_kept(config, root)
    try:
        ledger = Ledger.open(config.state / "ledger", now=time.time)
    except BaseException:
        kept.close()
        raise
    notary = make_notary(config, root, ledger.head)
    try:
        notary.resume()
        shared = shared_guards(kept, root)
        vouch(config, shared)
    except BaseException as error:
        ledger.close()
        kept.close()
        if isinstance(error, OSError):
            raise LedgerError(f"its checkpoints cannot be used: {error.strerror}") from None
        raise
    gateways = make_gateways(
        config,
        rules,
        credentials,
        ledger,
        metrics=metrics,
        pseudonyms=pseudonyms,
        vault=kept.vault,
        shared=shared,
    )
    for name, gateway in gateways.items():
        metrics.policy(name, gateway.rules.policies.digest, gateway.rules.commit)
    metrics.watch("ledger_queue", "Entries waiting to become durable.", lambda: ledger.queued)
    metrics.watch("ledger_lag_seconds", "Time the last commit took.", lambda: ledger.commit_seconds)
    metrics.watch("ledger_unsigned", "Durable entries that no checkpoint covers yet.", lambda: notary.unsigned)
    metrics.watch(
        "checkpoint_failing", "Whether a checkpoint is missing somewhere.", lambda: notary.failing != ""
    )
    watch = Watch(kept.keys, kept.epochs())
    metrics.watch(
        "key_provider_failing", "Whether the provider of keys cannot be asked.", lambda: watch.failing != ""
    )
    metrics.watch("key_drift", "Keys of which the provider says something else.", lambda: len(watch.drifts))
    return App(
        config,
        gateways,
        ledger,
        metrics,
        sealer,
        issuers,
        found,
        pseudonyms,
        frozen,
        notary,
        kept,
        standins,
        watch,
        shared.restricted,
        settled,
    )


def note_keys(config: settings.Config, root: bytes) -> NoteKeys:
    """Return the keys that sign this installation's checkpoints; `root` gives it its name if it has no other."""
    name = config.checkpoints.name or f"lychgate.dev/ledger/{derive(root, 'ledger/name').hex()[:16]}"
    return NoteKeys((config.state / KEY_FILE).parent, config.state / CHECKPOINTS / PUBLIC_KEYS, name)


def vouch(config: settings.Config, guards: Guards) -> None:
    """Return if those who were erased are remembered under the key that we have.

    Raises:
        Problems: they are not.
    """
    try:
        guards.tombstones.vouch()
    except StoreError as error:
        raise Problems([Problem(store_where(config), 0, 0, "LG206", str(error))]) from None


def make_notary(config: settings.Config, root: bytes, head: Callable[[], tuple[int, str]]) -> Notary:
    """Return who signs checkpoints of the ledger with this head; it has not looked at anything yet."""
    return Notary(
        config.state / "ledger",
        config.state / CHECKPOINTS,
        note_keys(config, root),
        head,
        every=config.checkpoints.every_seconds,
        witness=config.checkpoints.witness,
        witness_every=config.checkpoints.witness_every_seconds,
    )


def refuse_exposed(config: settings.Config) -> None:
    """Return if nobody else on this machine can replace our state or read a lane's key.

    Raises:
        Problems: somebody can; a missing file is left to whoever needs it.
    """
    watched = [(config.state, 0o022, "others can write here: chmod go-w")]
    watched += [
        (lane.tls.key, 0o007, "everybody can read this key: chmod o-rwx")
        for lane in (*config.lanes, *([config.erasure.api] if config.erasure.api is not None else ()))
        if lane.tls is not None
    ]
    exposed = [
        Problem(str(path), 0, 0, "LG204", why)
        for path, bits, why in watched
        if path.exists() and path.stat().st_mode & bits
    ]
    if exposed:
        raise Problems(exposed)
