"""One exchange: how far it has come, and what the rules it began with say of it.

`Rules` is everything that a reload replaces; an `Exchange` keeps the ones it began with, so that it is decided
by one policy set from its first step to its last. `proxy.enforce` fills it in, step by step.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from proxy.connectors import Asked, Connector, Route
from proxy.erasure.watched import Watching
from proxy.identity import Identifier
from proxy.message import Request
from proxy.model import (
    DISCLOSING,
    Access,
    Action,
    Decision,
    Declined,
    Effect,
    Facts,
    Principal,
    Protections,
    Purpose,
    Stage,
)
from proxy.policy import Decider, Plan, PolicySet
from proxy.policy.judge import Ruling
from proxy.policy.witness import within_bounds, written
from proxy.transforms import Redactors
from proxy.vault.needs import Made

_OF_USE = (Action.READ, Action.LIST, Action.CREATE, Action.UPDATE)


@dataclass(frozen=True, slots=True)
class Rules:
    """All that a policy reload replaces, in one reference: an exchange keeps the one it began with."""

    connector: Connector
    identifier: Identifier
    policies: PolicySet
    redactors: Redactors
    """Compiled decisions, kept between exchanges; they go with the policy set they were made from."""
    commit: str = ""
    """The git commit that the policies were read from, "" if it was none."""
    crm: str = ""
    """Which CRM of the connector's this is, "" where there is one."""
    protections: Protections = field(init=False)
    """How fields of this CRM lie there; empty where all are in clear."""

    def __post_init__(self) -> None:
        """Have protected values kept as those of this CRM: in another, ids are those of other people."""
        found = self.policies.protections(self.connector.name)
        if self.crm:
            found = {
                name: {each: replace(of, connector=self.place) for each, of in fields.items()}
                for name, fields in found.items()
            }
        object.__setattr__(self, "protections", found)

    @property
    def place(self) -> str:
        """What the vault calls this CRM."""
        return f"{self.connector.name}/{self.crm}" if self.crm else self.connector.name

    @property
    def policy(self) -> str:
        """What the ledger calls this policy set: its digest, and the commit if there is one."""
        return f"{self.policies.digest} git:{self.commit}" if self.commit else self.policies.digest


@dataclass(slots=True)
class Exchange:
    """How far one exchange has come. Fields fill up step by step; nothing here is shared."""

    id: str
    rules: Rules
    began: float
    at: int = field(default_factory=lambda: int(time.time()), kw_only=True)
    """Seconds since the epoch at which it came."""
    stage: Stage = "connector"
    request: Request | None = None
    clean: Request | None = None
    """The request without credentials, once it is known who asks."""
    declined: Declined | None = None
    """What is to be written down of its refusal, where another process worked on it."""
    principal: Principal | None = None
    caller: str = ""
    """The principal's pseudonym, once an entry needs it."""
    purpose: Purpose | None = None
    asked: Asked | None = None
    barred: Callable[["Exchange"], None] = lambda _: None
    """Raises Refused once somebody whom the request is about is restricted. It is given the exchange: one that
    refers to itself keeps the whole answer in memory until the collector comes by."""
    ended: bool = False
    """An outcome is on record, or is being put there."""
    midway: bool = False
    """Rows of the request have been passed on, and more were to come."""
    route: Route | None = None
    ruling: Ruling = field(default_factory=Ruling)
    now: datetime | None = None
    """The time by which all of it is decided."""
    decisions: dict[tuple[str, Action], Decision] = field(default_factory=dict)
    deciders: dict[tuple[str, Action], Decider] = field(default_factory=dict)
    foreseen: dict[tuple[str, Action], Decision] = field(default_factory=dict)
    made: tuple[Made, ...] = ()
    """What the request wrote in protected form."""
    makes: int = 0
    """Records that it makes, and that the answer will name."""
    withdrawing: tuple[tuple[str, str], ...] = ()
    """Records (object, id) in which the request may withdraw a consent."""
    watching: Watching | None = None
    """What was written down of those."""

    @property
    def protections(self) -> Protections:
        """How fields of this CRM lie there; empty where all are in clear."""
        return self.rules.protections

    def decide(self, name: str, action: Action) -> Decision:
        """Return the decision on one object and action, made once per exchange (step 4 and again in 9).

        It is about no record in particular: conditions that look at one are in error.
        """
        key = (name, action)
        if key not in self.decisions:
            assert self.principal is not None
            assert self.purpose is not None
            if self.now is None:
                self.now = self.rules.policies.now()
            access = Access(self.principal, self.purpose, action, name, now=self.now)
            decider = self.deciders[key] = Decider(self.plan(name, action), access)
            self.decisions[key] = decider.of(None)
        return self.decisions[key]

    def decide_record(self, name: str, action: Action, facts: Facts | None) -> Decision:
        """Return the decision on one record, by what is known of it."""
        self.decide(name, action)
        return self.deciders[name, action].of_record(facts)

    def witnessed(self) -> tuple[str, ...]:
        """Return how conditions were answered for the records of the answer, for the ledger: no values."""
        policies, connector = self.rules.policies, self.rules.connector.name
        return within_bounds(
            written(action, name, policies.marks(connector, name, decider.conditions), decider.seen)
            for (name, action), decider in self.deciders.items()
            if decider.seen
        )

    def forget_witnessed(self) -> None:
        """Have what is said of the records up to now not said again of those to come."""
        for decider in self.deciders.values():
            decider.seen.clear()

    def foresee(self, name: str, action: Action) -> Decision:
        """Return the best that could come out for a record nobody has seen yet."""
        key = (name, action)
        if key not in self.foreseen:
            self.decide(name, action)
            self.foreseen[key] = self.deciders[key].foreseen()
        return self.foreseen[key]

    def nulls(self, name: str, field: str) -> bool:
        """Say whether the caller may be shown null where that field of a record has a value."""
        for action in DISCLOSING:
            best, worst = self.foresee(name, action).of(field), self.decide(name, action).of(field)
            if best.effect <= Effect.REDACT <= worst.effect:
                # In between there is also what is denied in some records, and in none is null.
                rules = self.rules.policies.reach(self.rules.connector.name, name, action)
                if any(each.rule.effect is Effect.REDACT and field in each.fields for each in rules):
                    return True
        return False

    def hides(self, name: str) -> bool:
        """Say whether policy may keep a record of an object from the caller for what it is."""
        for action in DISCLOSING:
            if self.decide(name, action).by_record:
                best, worst = self.foresee(name, action), self.decide(name, action)
                if any(
                    outcome.effect is not Effect.DENY and worst.of(field).effect is Effect.DENY
                    for field, outcome in best.outcomes.items()
                ):
                    return True
        return False

    def may(self, name: str, field: str, action: Action | None) -> bool:
        """Say whether the caller may do something with a field, or with any field of an object, in some record.

        Args:
            name: the object.
            field: "" for any of its fields.
            action: None for any that makes it worth knowing of the field: to be shown it, or to write it.
        """
        actions = _OF_USE if action is None else (action,)
        for each in actions:
            decision = self.foresee(name, each) if each in DISCLOSING else self.decide(name, each)
            found = [decision.of(field)] if field else decision.outcomes.values()
            limit = Effect.DENY if each in DISCLOSING else Effect.MASK
            if any(outcome.effect < limit for outcome in found):
                return True
        return False

    def hidden(self) -> frozenset[tuple[str, str]]:
        """Return the fields that the request asks for, each with its object, of which nothing could be shown."""
        assert self.asked is not None
        return frozenset(
            (use.object, use.field)
            for operation in self.asked.operations
            for use in operation.uses
            if use.action in DISCLOSING
            and self.foresee(use.object, use.action).of(use.field).effect is Effect.DENY
        )

    def wanted(self) -> dict[str, frozenset[str]]:
        """Return the attributes that conditions look at in the answer, by object."""
        assert self.asked is not None
        found: dict[str, frozenset[str]] = {}
        for operation in self.asked.operations:
            shown = operation.action if operation.action in DISCLOSING else Action.READ
            uses = [(use.object, use.action) for use in operation.uses if use.action in DISCLOSING]
            for name, action in {(operation.object, shown), *uses}:
                if attributes := self.plan(name, action).attributes:
                    found[name] = found.get(name, frozenset()) | attributes
        return found

    def plan(self, name: str, action: Action) -> Plan:
        """Return what the rules come to for the caller, on one object and action."""
        assert self.principal is not None
        assert self.purpose is not None
        return self.rules.policies.plan(
            connector=self.rules.connector.name,
            roles=self.principal.roles,
            purpose=self.purpose.name,
            recipient=self.principal.recipient.name,
            action=action,
            object=name,
        )


@dataclass(frozen=True, slots=True)
class Forward:
    """Permission to send `request` to the CRM, and nothing else; hand it back with the answer."""

    id: str
    request: Request
    exchange: Exchange

    @property
    def in_rows(self) -> bool:
        """Whether the answer comes in rows, and is to be handed over as it comes."""
        route = self.exchange.route
        return route is not None and route.streams == "response"

    @property
    def caller(self) -> str:
        """Who asked, as a key that the data plane counts by."""
        return self.exchange.principal.id if self.exchange.principal is not None else ""

    def still(self) -> None:
        """Return if nobody has stopped the caller, or restricted whom it asks about, since; raises Refused."""
        if self.exchange.principal is not None:
            self.exchange.rules.identifier.refuse_frozen(self.exchange.principal)
        self.exchange.barred(self.exchange)
