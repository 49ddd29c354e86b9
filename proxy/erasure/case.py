"""One erasure as a value: what was asked, how far it has come, what was done and found.

Everything that happens makes a new `Case`; whoever keeps it keeps it whole, so that a restart finds one state
and never two halves. It holds ids, and until the last check values of the person, and is sealed wherever it
lies.
"""

from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from proxy.erasure import states
from proxy.erasure.law import LAWS, Law
from proxy.erasure.plan import Known, Plan, Spot
from proxy.erasure.states import Event, State
from proxy.model import Credential

Verdict = Literal["erased", "pending", "residue", "refused", "unverifiable", "kept"]
"""Of one place: nothing is left; it will be gone by a date; something is left; the CRM does not let go of it;
nobody can say; it stays on purpose."""
Asked = Literal["intent", "done", "already", "refused", "unknown"]
"""How far one step has come. `intent` and `unknown` are never counted as done."""
SETTLED: Final = frozenset({"done", "already"})


IDENTITY: Final = ("account", "document", "callback", "in_person", "representative", "not_needed")
"""How it was made sure that the person asked; words and not sentences, as they stand in the certificate."""


DENIALS: Final = (
    "suspected_fraud", "insuf_verification", "no_match", "claim_not_covered", "outside_jurisdiction",
    "too_many_requests", "other",
)  # fmt: skip
"""Why a case can be denied, in the words of the Data Rights Protocol 1.0 (3.02)."""


class Terms(msgspec.Struct, frozen=True):
    """What has to be agreed before anything is erased."""

    approvers: int = 1
    """People, each with a credential of their own; the first confirms by typing the plan's hash. 0: the rule
    that opened the case is all the consent there is."""
    cooling_seconds: int = 0
    """Between the first confirmation and the first step."""
    valid_seconds: int = 86_400
    """How long a confirmation holds."""
    rule: str = ""
    """Id of the rule that says so."""


class Assent(msgspec.Struct, frozen=True):
    """Somebody has agreed to one plan, or to leave it at what was refused."""

    who: str
    """Pseudonym of a principal."""
    via: str
    """How that was proved: api_key, jwt or mtls."""
    at: int
    plan: str
    """Hash of what was agreed to."""
    client: str = ""
    """Pseudonym of the client that was used."""
    subject: str = ""
    """Pseudonym of whom its issuer says it was; "" for the client as a whole."""
    because: str = ""
    """Of who leaves it at what a CRM refuses: why. It may name somebody, and stands in no certificate."""
    roles: tuple[str, ...] = ()
    """Those by which policy let them agree; none of an older version's."""

    @property
    def credential(self) -> Credential:
        """By which it was agreed to."""
        return Credential(self.who, self.client, self.subject)


HOLD: Final = "hold-"
"""How the id of every hold begins, whichever case it was put on."""


class Hold(msgspec.Struct, frozen=True):
    """What must stay as it is, whatever was asked."""

    id: str
    because: str
    owner: str
    since: int
    categories: tuple[str, ...] = ()
    """Empty: everything of the person."""


class Exempt(msgspec.Struct, frozen=True):
    """What stays because the law excepts it from erasure (GDPR Art. 17(3) and its counterparts)."""

    id: str
    word: str
    """Of the law's `exceptions`."""
    because: str
    """Why it applies here; it can stand in a letter."""
    owner: str
    since: int
    categories: tuple[str, ...]


class Extension(msgspec.Struct, frozen=True):
    """The law's longer period, used once; the person has to be told of it in the first one."""

    at: int
    because: str


class Done(msgspec.Struct, frozen=True):
    """How far one step has come."""

    how: Asked
    attempts: int
    at: int
    why: str = ""
    """A constant word."""
    sent: bool = False
    """Some attempt was carried out, or may have been."""


class Finding(msgspec.Struct, frozen=True):
    """What a check says of one place."""

    lane: str
    place: str
    """`object`, `object.field`, or a place of ours: `keys`, `index`."""
    verdict: Verdict
    how: str
    """Which of the ways to look (`id`, `deleted`, `value`, `key`, `canary`)."""
    count: int = 0
    until: str = ""
    """ISO date at which a pending one is looked at again."""
    why: str = ""


class Notice(msgspec.Struct, frozen=True):
    """A recipient of the person's data who is to be told (GDPR Art. 19)."""

    recipient: str
    disclosures: int
    since: int
    acknowledged: int = 0
    """When, 0 = not yet."""
    note: str = ""
    sent: int = 0
    """When a message was taken by where the configuration has it go; 0 = not yet."""
    tries: int = 0
    again: int = 0
    """When it is tried next; 0 = not by us: it was sent, or nobody has said where to, or we have given up."""
    why: str = ""
    """Why it did not go the last time; a constant word."""
    lanes: tuple[str, ...] = ()
    """Where it was given the data; it is told of no record of any other."""


class Origin(msgspec.Struct, frozen=True):
    """Whose request a case is, where another system sent it, and how far that system has been told."""

    shape: Literal["api", "fides", "drp"]
    who: str
    """Pseudonym of whoever sent it."""
    request: str
    """What it is called there; "" = it has no name."""
    reply: str = ""
    """Where it wants to be told: a URL or a client that the configuration has, "" if it asks itself."""
    token: str = ""
    """What it wants to be shown there."""
    told: str = ""
    """What it was told the last time."""
    tries: int = 0
    again: int = 0
    """When it is tried again."""


class Withdrawn(msgspec.Struct, frozen=True):
    """The consent whose withdrawal opened a case, and how that was seen."""

    rule: str
    """Id of the policy's rule."""
    changed: bool = False
    """It was seen to go from the record; False: the record says so."""


class Issued(msgspec.Struct, frozen=True):
    """A certificate that was signed."""

    edition: str
    at: int
    text: str
    """The signed note."""
    seq: int
    """Number of its ledger entry."""


class Certifying(msgspec.Struct, frozen=True):
    """A certificate that is being put on record."""

    edition: str
    after: int
    """Number of the ledger's last entry before its own."""


class Case(msgspec.Struct, frozen=True):
    """One erasure."""

    id: str
    state: State
    received: int
    """Seconds since the epoch, as every time here."""
    law: str
    ground: str
    by: str
    """Pseudonym of who asked for it, or the word `operator`."""
    people: tuple[Spot, ...] = ()
    """Records that were named."""
    values: tuple[Known, ...] = ()
    """Values that were named in place of records."""
    source: str = "operator"
    """operator, intercepted, retention, consent, request, returned, residue."""
    withdrawn: Withdrawn | None = None
    """Of a case with source `consent`."""
    follows: str = ""
    """The case whose erasure found these records when it was over: they came while it went on."""
    followed: str = ""
    """The newest case that follows this one."""
    asker: Credential | None = None
    """Whose credential asked for it; None: none was shown, or an older version did not keep it."""
    origin: Origin | None = None
    batch: str = ""
    """Of which look through the CRMs it came; "" of none."""
    identity: str = ""
    """How it was made sure that the person asked; "" = not yet."""
    terms: Terms = Terms()
    extended: bool = False
    extension: Extension | None = None
    """Why; None of a case that was extended before reasons were asked for."""
    plan: Plan | None = None
    assents: tuple[Assent, ...] = ()
    leaving: tuple[Assent, ...] = ()
    """Who agrees to leave it at what CRMs refuse."""
    holds: tuple[Hold, ...] = ()
    exempt: tuple[Exempt, ...] = ()
    denied: str = ""
    """Why it was, of `DENIALS`."""
    journal: dict[str, Done] = {}
    """By the step's key."""
    findings: tuple[Finding, ...] = ()
    canaries: tuple[str, ...] = ()
    """Random bytes, sealed under each key that was destroyed, for whoever is asked whether it opens still."""
    checks: tuple[int, ...] = ()
    """When it is looked at again."""
    notices: tuple[Notice, ...] = ()
    issued: tuple[Issued, ...] = ()
    earlier: int = 0
    """How many of them had been issued when people left it at what CRMs refuse: those say nothing of that."""
    certifying: Certifying | None = None
    """What was begun, and is not among `issued` yet."""
    erased: int = 0
    """When the last step ended, 0 = not yet."""
    allowed: str = ""
    """On which lawful basis the person may be stored again; "" = may not."""
    released: bool = False
    """The restriction was lifted: nothing is left that it would keep anybody from."""
    warned: tuple[int, ...] = ()
    reason: str = ""
    """Why it is where it is, in a sentence of constants that can go into a letter."""
    runs: int = 0
    """How often erasing has begun."""

    @property
    def rule(self) -> Law:
        """The law it is under."""
        return LAWS[self.law]

    @property
    def due(self) -> datetime:
        """Until when it has to be answered."""
        return self.rule.due(moment(self.received), extended=self.extended)

    @property
    def everybody(self) -> set[Spot]:
        """The person's own records, those that were named and those that were found."""
        return {*self.people, *(self.plan.people if self.plan is not None else ())}

    @property
    def refused(self) -> tuple[Spot, ...]:
        """The records of which a CRM does not let go: what should become of them at last was refused."""
        last = {step.spot: step for step in (self.plan.steps if self.plan is not None else ())}
        return tuple(
            spot
            for spot, step in last.items()
            if step.key in self.journal and self.journal[step.key].how == "refused"
        )

    def moved(self, event: Event, *, reason: str = "") -> "Case":
        """Return the case after an event.

        Raises:
            OutOfTurn: it cannot happen now.
        """
        return msgspec.structs.replace(self, state=states.after(self.state, event), reason=reason)

    def put(self, **changes: object) -> "Case":
        """Return the case with other fields."""
        return msgspec.structs.replace(self, **changes)

    def noted(self, key: str, done: Done) -> "Case":
        """Return the case with another state of one step."""
        return self.put(journal={**self.journal, key: done})

    @property
    def left(self) -> tuple[str, ...]:
        """Keys of the plan's steps that are not known to be done, in their order."""
        steps = self.plan.steps if self.plan is not None else ()
        return tuple(
            each.key
            for each in steps
            if each.key not in self.journal or self.journal[each.key].how not in SETTLED
        )


def moment(seconds: int) -> datetime:
    """Return a time of a case as a datetime."""
    return datetime.fromtimestamp(seconds, UTC)


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Case)


def encode(case: Case) -> bytes:
    """Return a case as bytes that `decode` turns back."""
    return _ENCODER.encode(case)


def decode(data: bytes) -> Case:
    """Return the case that was encoded.

    Raises:
        msgspec.ValidationError: it is none.
    """
    return _DECODER.decode(data)
