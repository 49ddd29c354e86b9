"""Wiring: one function that turns a `Config` into gateways, so that a reader can see the whole of it.

Nothing below this module knows configuration; nothing above it builds a mechanism. `build` either returns an
installation in which policy, keys and ledger are usable, or raises; `App.reload` builds a second set beside
the one in force and swaps one reference per lane, so that an exchange sees one set or the other, never both.
"""

import asyncio
import base64
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable, Container, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

import orjson

from proxy import config as settings
from proxy.aside import Aside
from proxy.connectors import Connector, load_connector
from proxy.crypto import Sealer, derive, read_key
from proxy.crypto.notekeys import NoteKeys
from proxy.crypto.providers import KeyringFile
from proxy.enforce import Gateway, Ports
from proxy.erasure import StoreCases, Terms
from proxy.erasure.intake import Intake
from proxy.erasure.returns import Returns
from proxy.erasure.shut import Shut
from proxy.erasure.tombstones import Tombstones
from proxy.errors import LedgerError, Problem, Problems
from proxy.exchange import Rules
from proxy.identity import Frozen, Identifier, Issuer, JwksKeys
from proxy.identity.frozen import FILE as FROZEN_FILE
from proxy.kept import Kept, open_kept, read_secret
from proxy.keys.events import as_key_event
from proxy.keys.watch import Watch
from proxy.ledger import Appends, Ledger, Notary
from proxy.ledger.published import PUBLIC_KEYS
from proxy.message import Request
from proxy.metrics import Metrics
from proxy.model import Failed, Noted
from proxy.origins import Origin, marks, origins
from proxy.policy import PolicySet, check_policies
from proxy.rates import Rates
from proxy.rehearsal import rehearse
from proxy.restricted import Restricted
from proxy.revivals import Revivals
from proxy.subjects import Pseudonyms
from proxy.transforms import Redactors, check_mask
from proxy.transport import Caller, ShowsCredential
from proxy.vault import Vault
from proxy.yamlfile import nearest

ASIDE = 2
"""Processes for large bodies, of all workers together; each worker has one at least."""
KEY_FILE = "keys/root.key"
"""32 random bytes below the state folder; every key but those that sign checkpoints is derived from it
(HKDF, RFC 5869)."""
SHORTEST_TRACE: Final = 12
"""Characters that a secret needs at least to be looked for in answers."""
STANDINS: Final = "standins"
"""Label of the key that stand-ins for recipients are made with."""
CHECKPOINTS: Final = "checkpoints"
"""Folder below the state folder: checkpoints, their public keys, and the tree over the ledger."""


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A secret that only Lychgate holds, shown to the CRM in one header field."""

    shown: tuple[str, str] = field(repr=False)
    passthrough: bool = False
    traces: tuple[bytes, ...] = field(default=(), repr=False)

    def fields(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return the field; what the client sent does not matter."""
        del request
        return (self.shown,)


@dataclass(frozen=True, slots=True)
class ClientCredential:
    """The client's own CRM credential, passed on unchanged in `authorization`."""

    passthrough: bool = True
    traces: tuple[bytes, ...] = ()

    def fields(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return what the client sent; none is the CRM's to refuse."""
        value = request.headers.one("authorization")
        return (("authorization", value),) if value is not None else ()


@dataclass(frozen=True, slots=True)
class Fresh:
    """Policies that could be put in force: read, checked, and swapped in for nobody yet."""

    rules: Mapping[str, Rules]
    """By lane."""
    settled: tuple[str, ...]
    """How far each origin had come, for `Source.settle`."""


async def _alone() -> None:
    """Tell nobody: this process is the only one that serves."""


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
        await self.activated()

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
    except BaseException as error:
        ledger.close()
        kept.close()
        if isinstance(error, OSError):
            raise LedgerError(f"its checkpoints cannot be used: {error.strerror}") from None
        raise
    shared = shared_guards(kept, root)
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


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps people who are being erased, or were, from being read and put back."""

    restricted: Restricted
    tombstones: Tombstones
    cases: StoreCases
    returns: Returns


def _came_back(returns: Returns, lane: str, case: str) -> None:
    returns.note(case, lane, int(time.time()))


def shared_guards(kept: Kept, root: bytes) -> Guards:
    """Return those of this process, as the store has them now."""
    return Guards(
        Restricted(Shut(kept.store).items()),
        Tombstones(kept.store, derive(root, "erasure/tombstones")),
        cases_in(kept, root),
        Returns(kept.store),
    )


def cases_in(kept: Kept, root: bytes) -> StoreCases:
    """Return the cases of an installation."""
    return StoreCases(kept.store, Sealer(derive(root, "erasure/cases")), derive(root, "erasure/requesters"))


def note_keys(config: settings.Config, root: bytes) -> NoteKeys:
    """Return the keys that sign this installation's checkpoints; `root` gives it its name if it has no other."""
    name = config.checkpoints.name or f"lychgate.dev/ledger/{derive(root, 'ledger/name').hex()[:16]}"
    return NoteKeys((config.state / KEY_FILE).parent, config.state / CHECKPOINTS / PUBLIC_KEYS, name)


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


def make_gateways(
    config: settings.Config,
    rules: Mapping[str, Rules],
    credentials: Mapping[str, HeldCredential | ClientCredential],
    ledger: Appends,
    *,
    metrics: Metrics,
    pseudonyms: Pseudonyms,
    vault: Vault,
    shared: Guards,
) -> dict[str, Gateway]:
    """Return who decides on each lane."""
    aside = Aside(max(1, ASIDE // config.workers))

    def terms(lane: str) -> Terms | None:
        consent = made[lane].rules.policies.erasing.consent
        if consent is None:
            return None
        return Terms(consent.people, consent.cooling_seconds, consent.valid_seconds, "consent")

    def revivals(lane: settings.Lane) -> Revivals:
        held = credentials[lane.name]
        send = None if held.passthrough else caller(lane, held).send
        return Revivals(send, vault.settle, lambda: shared.tombstones.any)

    intake = Intake(shared.cases, ledger, new_id, time.time, terms=terms)
    made = {
        lane.name: Gateway(
            lane.name,
            rules[lane.name],
            Ports(
                ledger,
                metrics,
                pseudonyms,
                credentials[lane.name],
                new_id,
                time.monotonic,
                shared.restricted,
                partial(shared.tombstones.met, region=lane.region or ""),
                partial(_came_back, shared.returns, lane.name),
                intake,
                aside,
                vault,
                revivals(lane),
            ),
            body_limit=lane.body_limit_mib << 20,
            deadline=lane.deadline_seconds,
        )
        for lane in config.lanes
    }
    for lane in config.lanes:
        if (rate := lane.requests_per_second) is not None:
            rate /= config.workers  # each gives its share: a caller with many connections asks all of them
            made[lane.name].rates = Rates(rate, max(1, round(3 * rate)), time.monotonic)
        if (volume := lane.records_per_hour) is not None:
            volume /= config.workers
            made[lane.name].volume = Rates(volume / 3600, max(1, round(volume / 4)), time.monotonic)
    return made


def caller(lane: settings.Lane, credential: ShowsCredential) -> Caller:
    """Return who sends requests of our own to a lane's CRM."""
    upstream = lane.upstream
    return Caller(upstream.url, credential, ca_file=upstream.ca_file, seconds=float(lane.deadline_seconds))


def load_all(
    found: tuple[Origin, ...],
    sealer: Sealer,
    issuers: Mapping[str, Issuer],
    frozen: Container[str] = frozenset(),
    *,
    standins: bytes | None = None,
    copies: Path | None = None,
) -> tuple[dict[str, Rules], tuple[str, ...]]:
    """Return the rules of every lane, freshly read, and how far each origin has come.

    Args:
        found: where policies come from.
        sealer: seals what a client brings back.
        issuers: who may sign tokens.
        frozen: who is stopped; may change while the rules are in force.
        standins: the key that stand-ins for recipients are made with; None: none are made.
        copies: an empty folder that gets what was read of the first origin as `0`, and so on.

    Raises:
        Problems: something is wrong in one of the origins.
    """
    rules: dict[str, Rules] = {}
    positions: list[str] = []
    for number, origin in enumerate(found):
        with origin.source.opened() as opened:
            if copies is not None:
                shutil.copytree(opened.folder, copies / str(number), ignore=shutil.ignore_patterns(".*"))
            for lane in origin.lanes:
                rules[lane.name] = replace(
                    load_rules(opened.folder, lane, sealer, issuers, frozen, standins=standins),
                    commit=opened.commit,
                )
        positions.append(opened.position)
    _refuse_mixed([lane for origin in found for lane in origin.lanes], rules)
    return rules, tuple(positions)


def _refuse_mixed(lanes: Iterable[settings.Lane], rules: Mapping[str, Rules]) -> None:
    """Return if no two CRMs share what is kept of protected values: their records have the same ids.

    Raises:
        Problems: two lanes may be two CRMs, and nobody has said which.
    """
    together: dict[str, list[settings.Lane]] = {}
    for lane in lanes:
        together.setdefault(rules[lane.name].place, []).append(lane)
    problems = []
    for first, *others in together.values():
        if any(rules[lane.name].protections for lane in (first, *others)):
            problems += [_mixed(first, lane) for lane in others if first.crm is None and _differ(first, lane)]
    if problems:
        raise Problems(problems)


def _differ(one: settings.Lane, other: settings.Lane) -> bool:
    return (one.upstream.url, one.credential) != (other.upstream.url, other.credential)


def _mixed(first: settings.Lane, lane: settings.Lane) -> Problem:
    message = (
        f"lanes {first.name} and {lane.name} share connector {lane.connector}, and policies protect its fields: "
        "if they are two CRMs, write crm: with a name into the newer one, so that a record of one is not taken "
        "for a record of the other; if they are one, write the same crm: into both"
    )
    return Problem(f"lane {lane.name}", 0, 0, "LG208", message)


def load_rules(
    folder: Path,
    lane: settings.Lane,
    sealer: Sealer,
    issuers: Mapping[str, Issuer],
    frozen: Container[str] = frozenset(),
    *,
    standins: bytes | None = None,
    rehearsed: bool = False,
) -> Rules:
    """Return all that is enforced on one lane, freshly read.

    Args:
        folder: with the policies and connectors.
        lane: which one.
        sealer: seals what a client brings back.
        issuers: who may sign tokens.
        frozen: who is stopped.
        standins: the key that stand-ins for recipients are made with.
        rehearsed: the set's own tests have passed, in another process.

    Raises:
        Problems: something in the folder is wrong, or one of the set's own tests fails.
    """
    connectors = load_connectors(folder, sealer)
    if lane.connector not in connectors:
        raise Problems([Problem(str(folder / "connectors"), 0, 0, "LG101", unknown_connector(lane, connectors))])
    policies = load_tested(folder, connectors, rehearsed=rehearsed)
    identifier = Identifier(policies.clients, issuers, now=time.time, frozen=frozen)
    connector = connectors[lane.connector]
    redactors = Redactors(connector.catalogue, standins if policies.has_standins else None)
    return Rules(connector, identifier, policies, redactors, crm=lane.crm or "")


def load_tested(folder: Path, connectors: Mapping[str, Connector], *, rehearsed: bool = False) -> PolicySet:
    """Return the policy set of a folder, which has passed its own tests.

    Raises:
        Problems: it has errors, or one of its tests fails.
    """
    catalogues = {name: found.catalogue for name, found in connectors.items()}
    checked = check_policies(folder, catalogues, check_mask=check_mask, connectors=documents(connectors))
    if checked.policies is None:
        raise Problems(checked.problems)
    if not rehearsed and (failed := rehearse(checked, catalogues)):
        raise Problems(failed)
    return checked.policies


def documents(connectors: Mapping[str, Connector]) -> dict[str, object]:
    """Return all that each connector's file says, by name: what is asked of a CRM decides as much as a rule."""
    return {name: found.document for name, found in connectors.items()}


def load_connectors(folder: Path, sealer: Sealer | None) -> dict[str, Connector]:
    """Return every connector in `folder/connectors`, by name; hidden files are left out.

    Raises:
        Problems: those of all files at once; also two connectors of one name, of which none may win (LG107).
    """
    found: dict[str, Connector] = {}
    problems: list[Problem] = []
    for path in sorted((folder / "connectors").glob("*.yaml")):
        if path.name.startswith("."):
            continue
        try:
            connector = load_connector(path, sealer=sealer)
        except Problems as error:
            problems += error.problems
            continue
        first = found.setdefault(connector.name, connector)
        if first is not connector:
            problems.append(_named_twice(connector, first))
    if problems:
        raise Problems(problems)
    return found


def _named_twice(connector: Connector, first: Connector) -> Problem:
    file, line, column = connector.where.rsplit(":", 2)
    message = f'connector "{connector.name}" stands twice; keep one'
    return Problem(file, int(line), int(column), "LG107", message, first.where)


def unknown_connector(lane: settings.Lane, connectors: Mapping[str, Connector]) -> str:
    """Say what a lane's connector could have been called."""
    known = ", ".join(sorted(connectors)) or "none"
    return f"lane {lane.name} names connector {lane.connector!r}; the folder has: {known}"


def load_issuers(config: settings.Config) -> dict[str, Issuer]:
    """Return the trusted issuers with their key sets, shared by every policy set that is ever in force.

    Raises:
        Problems: an issuer cannot be used as it is written.
    """
    try:
        return {name: _issuer(name, one) for name, one in config.issuers.items()}
    except (ValueError, OSError) as error:
        raise Problems([Problem("lychgate.yaml", 0, 0, "LG203", f"issuers: {error}")]) from None


def _issuer(name: str, one: settings.Issuer) -> Issuer:
    if one.jwks_file is not None:
        keys = JwksKeys.from_file(one.jwks_file, name=name)
    else:
        keys = JwksKeys.from_url(one.jwks_url or "", ca_file=one.ca_file, name=name)
    return Issuer(
        name=name,
        issuer=one.issuer,
        audience=one.audience,
        algorithms=frozenset(one.algorithms),
        keys=keys,
        roles_claim=one.roles_claim,
        role_map=dict(one.role_map),
        subject_claim=one.subject_claim,
        leeway=one.leeway_seconds,
        max_lifetime=one.max_lifetime_seconds,
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


def load_credential(lane: settings.Lane) -> HeldCredential | ClientCredential:
    """Return what this lane shows its CRM; the secret never stands in the configuration.

    Raises:
        Problems: the file or variable is missing, empty, or readable by others.
    """
    held = lane.credential
    if held.passthrough:
        return ClientCredential()
    secret = shown = read_secret(held, f"lane {lane.name} needs a credential for its CRM")
    if held.scheme == "Basic":
        shown = base64.b64encode(secret.encode()).decode("ascii")
    value = shown if held.scheme == "none" else f"{held.scheme} {shown}"
    return HeldCredential((held.header.lower(), value), traces=_traces(secret, held.scheme))


def _traces(secret: str, scheme: str) -> tuple[bytes, ...]:
    """Return how a secret may look where somebody repeats it; a short one would be found in innocent text."""
    each_of = {secret, secret.partition(":")[2]} if scheme == "Basic" else {secret}
    looks = [
        look
        for each in each_of
        for look in (
            each.encode(),
            orjson.dumps(each)[1:-1],
            base64.b64encode(each.encode()),
            base64.urlsafe_b64encode(each.encode()),
            quote(each, safe="").encode(),
        )
    ]
    return tuple(dict.fromkeys(look for look in looks if len(look) >= SHORTEST_TRACE))


def new_id() -> str:
    """Return a decision id: milliseconds since the epoch and 40 random bits, sortable, lower-case hex."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(5)}"
