"""Makes who decides on each lane, and what those of one process share."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from proxy import config as settings
from proxy.aside import Aside
from proxy.credentials import ClientCredential, HeldCredential, caller
from proxy.crypto import Sealer, derive
from proxy.enforce import Gateway, Ports
from proxy.erasure import StoreCases, Terms
from proxy.erasure.intake import Intake
from proxy.erasure.returns import Returns
from proxy.erasure.shut import Shut
from proxy.erasure.tombstones import Tombstones
from proxy.erasure.watched import Watched
from proxy.exchange import Rules
from proxy.ids import new_id
from proxy.kept import Kept
from proxy.ledger import Appends
from proxy.metrics import Metrics
from proxy.rates import Rates
from proxy.restricted import Restricted
from proxy.revivals import Revivals
from proxy.steps.driving import Send
from proxy.subjects import Pseudonyms
from proxy.vault import Vault
from proxy.withdrawals import Withdrawals

KEYED = 8
"""Threads of a process that ask the vault, and so may have to wait for a key server."""
SPARE = 30
"""Seconds beyond three deadlines of a lane after which an exchange is taken for lost: asked, answered, shown."""
ASIDE = 2
"""Processes for large bodies, of all workers together; each worker has one at least."""


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps people who are being erased, or were, from being read and put back."""

    restricted: Restricted
    tombstones: Tombstones
    cases: StoreCases
    returns: Returns
    watched: Watched


def shared_guards(kept: Kept, root: bytes) -> Guards:
    """Return those of this process, as the store has them now."""
    return Guards(
        Restricted(Shut(kept.store).items()),
        Tombstones(kept.store, derive(root, "erasure/tombstones")),
        cases_in(kept, root),
        Returns(kept.store),
        watched_in(kept, root),
    )


def watched_in(kept: Kept, root: bytes) -> Watched:
    """Return the records of an installation in which a consent may just be withdrawn."""
    return Watched(kept.store, Sealer(derive(root, "erasure/watched")))


def cases_in(kept: Kept, root: bytes) -> StoreCases:
    """Return the cases of an installation."""
    return StoreCases(kept.store, Sealer(derive(root, "erasure/cases")), derive(root, "erasure/requesters"))


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
    keyed = ThreadPoolExecutor(KEYED, "keyed")

    def terms(lane: str) -> Terms | None:
        consent = made[lane].rules.policies.erasing.consent
        if consent is None:
            return None
        return Terms(consent.people, consent.cooling_seconds, consent.valid_seconds, "consent")

    def asking(lane: settings.Lane) -> Send | None:
        held = credentials[lane.name]
        return None if held.passthrough else caller(lane, held).send

    def withdrawals(lane: settings.Lane, send: Send | None) -> Withdrawals:
        late = 3 * lane.deadline_seconds + SPARE
        return Withdrawals(lane.name, send, vault.settle, shared.watched, time.time, late)

    intake = Intake(shared.cases, ledger, new_id, time.time, terms=terms)
    sends = {lane.name: asking(lane) for lane in config.lanes}
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
                partial(shared.tombstones.last, lane.name),
                partial(_came_back, shared.returns, lane.name),
                intake,
                aside,
                vault,
                Revivals(sends[lane.name], vault.settle, lambda: shared.tombstones.any),
                withdrawals(lane, sends[lane.name]),
                keyed,
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


def _came_back(returns: Returns, lane: str, case: str) -> None:
    returns.note(case, lane, int(time.time()))
