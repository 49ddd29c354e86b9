"""What an erasure will do, fixed before anybody confirms it: immutable, and named by its hash.

A plan holds ids of records, and so is personal data: it is kept sealed, and only its hash and its counts leave.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

Do = Literal["overwrite", "scrub", "delete", "purge"]
"""What becomes of a record: fields written over; known values taken out of free text; deleted; taken out of the
recycle bin."""
SHORT: Final = 12
"""Hex digits that a person types."""


class Spot(msgspec.Struct, frozen=True, order=True):
    """One record of one CRM."""

    lane: str
    object: str
    id: str


class Known(msgspec.Struct, frozen=True, order=True):
    """A value by which the person can be found."""

    kind: str
    value: str


class Kept(msgspec.Struct, frozen=True, order=True):
    """What stays, and why."""

    lane: str
    object: str
    id: str
    fields: tuple[str, ...]
    """Empty: the record as a whole."""
    because: str
    """Words from a hold, a retention duty or the playbook."""
    by: str = ""
    """Id of that hold or duty."""
    until: str = ""
    """ISO date, "" if nobody can say."""


class Step(msgspec.Struct, frozen=True):
    """One thing to do to one record; `key` names it for good."""

    do: Do
    lane: str
    object: str
    id: str
    fields: tuple[str, ...] = ()
    """Of overwrite and scrub: those it is about."""
    print: str = ""
    """Of the record as it was found, over the fields that matter here; another one voids the plan."""
    cascades: bool = False
    """The CRM takes it along with another record that is deleted."""

    @property
    def key(self) -> str:
        """The natural key: doing it twice does it once."""
        return f"{self.do}/{self.lane}/{self.object}/{self.id}"

    @property
    def spot(self) -> Spot:
        """Which record."""
        return Spot(self.lane, self.object, self.id)


class Plan(msgspec.Struct, frozen=True):
    """Everything that will be done for one case, in its order, and everything that will not."""

    case: str
    salt: str
    """Random; without it, the hash of a plan would let somebody test guesses of what is in it."""
    steps: tuple[Step, ...]
    kept: tuple[Kept, ...]
    known: tuple[Known, ...]
    """What is searched for afterwards."""
    people: tuple[Spot, ...]
    """The records that are the person."""
    related: tuple[Spot, ...]
    """Those that are not, and belong to the person."""
    warning: tuple[str, ...] = ()
    """What whoever confirms has to have read."""

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical form, hex."""
        return hashlib.sha256(canonical(msgspec.to_builtins(self))).hexdigest()

    @property
    def short(self) -> str:
        """What a person types to confirm it."""
        return self.hash[:SHORT]

    @property
    def found(self) -> str:
        """Hash over everything but case and salt: another one means that the CRMs, or what is known, changed."""
        said = msgspec.to_builtins((self.steps, self.kept, self.known, self.people, self.related, self.warning))
        return hashlib.sha256(canonical(said)).hexdigest()

    def counts(self) -> dict[tuple[str, str, str], int]:
        """Return how many records of (lane, object) are in for what."""
        return dict(sorted(Counter((each.lane, each.object, each.do) for each in self.steps).items()))


def canonical(tree: object) -> bytes:
    """Return the one form of a tree of strings, integers, booleans, arrays and objects with ASCII names.

    RFC 8785 (JCS) restricted as the ledger's entries are, in which the two agree.
    """
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(pairs: Iterable[tuple[str, object]]) -> str:
    """Return a short digest of what a record's fields hold; the plan's salt is not in it, so it is kept
    sealed."""
    said = [[name, str(value)] for name, value in sorted(pairs)]
    return hashlib.sha256(canonical(said)).hexdigest()[:16]


def summary(plan: Plan) -> list[str]:
    """Return what a person reads before confirming: counts, what stays and why, what cannot be undone."""
    lines = [
        f"{count:6} {object_} in {lane}: {WORDS[do]}" for (lane, object_, do), count in plan.counts().items()
    ]
    cascading = sum(each.cascades for each in plan.steps)
    if cascading:
        lines.append(f"{cascading:6} of these go along with a record that they belong to")
    kept = Counter((each.lane, each.object, each.because, each.until) for each in plan.kept)
    for (lane, object_, because, until), count in sorted(kept.items()):
        lines.append(f"{count:6} {object_} in {lane}: kept{f' until {until}' if until else ''}, {because}")
    if not plan.steps:
        lines.append("nothing is left to erase")
    return [*lines, *plan.warning]


WORDS: Final = {
    "overwrite": "personal fields are written over",
    "scrub": "what names the person is taken out of the text",
    "delete": "deleted",
    "purge": "purged from the recycle bin",
}
"""What a person reads of each thing that is done."""
CLOSED: Final = (
    "that the CRM will not let anybody change or delete as they are: expect them to be told as refused, "
    "and the case to end partial until they are opened there or somebody accepts that they stay"
)
"""How a line ends that says what will be refused; what was, the certificate says as a finding."""
IRREVERSIBLE: Final = (
    "This cannot be undone: not by the CRM's support, and not from Lychgate, which keeps no copy.",
    "From the moment it begins nobody reads the person any more; after its first step it only goes forward.",
)
