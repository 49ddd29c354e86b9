"""What an eraser works with, in an installation: the ports of `proxy.erase`, put together."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from proxy import __version__
from proxy.certificates import issued_as
from proxy.connectors.facts import facts_of
from proxy.connectors.playbook import Found
from proxy.crypto.note import NoteSigner
from proxy.erase import Eraser, Ports
from proxy.erasure import Case, Notice, Spot, State
from proxy.erasure import certificate as certificates
from proxy.erasure.states import OVER
from proxy.erasures import policies
from proxy.erasures.consents import Consents
from proxy.erasures.persons import Persons
from proxy.erasures.shared import Shared
from proxy.erasures.shredding import Shredding
from proxy.erasures.shutting import Shutting
from proxy.erasures.sites import Sites, sites, unseen
from proxy.erasures.strays import Straying
from proxy.ledger.disclosures import Disclosures
from proxy.policy.retention import due
from proxy.steps.planning import Staying


@dataclass(frozen=True, slots=True)
class Signing:
    """Signs certificates."""

    signer: NoteSigner
    commitments: bytes = field(repr=False)
    """The key under which a certificate commits to what it does not say."""

    def sign(self, case: Case, edition: str) -> tuple[str, str]:
        """Return a certificate as a signed note, and the digest of what is signed."""
        said = certificates.statement(
            case, edition, installation=self.signer.name, software=f"lychgate {__version__}",
            key=self.commitments,
        )  # fmt: skip
        text = certificates.text_of(said)
        return self.signer.sign(f"{text}\n").decode(), certificates.digest_of(text)


class Erasers:
    """Makes erasers. Each sees what is in force when it first asks a CRM, to its end."""

    def __init__(self, shared: Shared, shuts: Shutting, signing: Signing) -> None:
        self._shared = shared
        self._shuts = shuts
        self._shreds = Shredding(shared, shuts)
        self._straying = Straying(shared)
        self.persons = Persons(shared)
        self._signing = signing
        self._disclosures = Disclosures(shared.app.config.state / "ledger")

    def make(self) -> Eraser:
        """Return one, for one piece of work."""
        shared, app = self._shared, self._shared.app
        seen = Sites(lambda: sites(app))
        ports = Ports(
            cases=shared.cases,
            ledger=app.ledger,
            sites=seen,
            pseudonyms=app.pseudonyms,
            shuts=self._shuts,
            shreds=self._shreds,
            stays=self._stays,
            recipients=self._recipients,
            sign=self._signing.sign,
            salt=lambda: secrets.token_hex(16),
            clock=time.time,
            head=lambda: app.ledger.head()[0],
            certified=self._certified,
            holds=self.persons.holds,
            unseen=lambda: unseen(app, seen),
            strays=self._straying.clear,
            consents=Consents(shared),
            agrees=lambda assent: policies.still_agrees(app, assent),
        )
        return Eraser(ports, shared.turns, shared.pressing)

    def _certified(self, digest: str, after: int) -> int:
        ledger = self._shared.app.ledger
        return issued_as(self._shared.app.config.state / "ledger", digest, after, ledger.head()[0])

    def _stays(self, spot: Spot, found: Found) -> Iterator[Staying]:
        """Yield what holds and duties of the policies keep of a record; what cannot be dated has not ended."""
        rules = self._shared.rules(spot.lane)
        spec, retention = rules.connector.catalogue.get(spot.object), rules.policies.retention
        if spec is None or not (retention.rules or retention.holds):
            return
        names = retention.attributes(rules.connector.name, spec.name) & spec.attributes.keys()
        facts = facts_of(spec, names, dict(found.sent))
        for kept in due(retention, rules.connector.name, spec, facts, datetime.now(UTC)).kept:
            until = kept.until.date().isoformat() if kept.until is not None else ""
            yield Staying(kept.because, kept.by, fields=kept.fields, until=until)

    async def _recipients(self, case: Case) -> tuple[Notice, ...]:
        assert case.plan is not None
        people = {self._shared.app.pseudonyms.of("record", spot.id) for spot in case.plan.people}
        return await asyncio.to_thread(self._disclosed, people)

    def _disclosed(self, people: set[str]) -> tuple[Notice, ...]:
        found = self._disclosures.about(people, self._next_people)
        now, carries = int(time.time()), self._shared.messengers.carries
        return tuple(
            Notice(name, told.entries, told.since, again=now if carries(name) else 0, lanes=told.lanes)
            for name, told in sorted(found.items())
        )

    def _next_people(self) -> Iterator[str]:
        """Yield everybody whose case may come to its recipients soon, named or found."""
        for name in self._shared.cases.ids(frozenset(State) - OVER):
            for spot in self._shared.cases.get(name).everybody:
                yield self._shared.app.pseudonyms.of("record", spot.id)
