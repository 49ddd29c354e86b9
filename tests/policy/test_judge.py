"""The request's half of deciding twice."""

import pytest

from proxy.errors import Gap, Refused
from proxy.model import Action, Decision, Effect, FieldSpec, FieldUse, ObjectSpec, Operation, Outcome
from proxy.policy.judge import judge

CATALOGUE = {
    "Contact": ObjectSpec(
        "Contact", {name: FieldSpec("user") for name in ("Id", "Email", "Phone", "SSN__c")}, "Id"
    )
}
ALLOW = Outcome(Effect.ALLOW, rule="yes")
TABLE = {
    Action.LIST: {"Id": ALLOW, "Email": ALLOW, "Phone": Outcome(Effect.MASK, rule="masked")},
    Action.FILTER: {"Email": ALLOW, "Phone": Outcome(Effect.MASK, rule="masked")},
    Action.UPDATE: {"Phone": ALLOW, "Email": Outcome(Effect.REDACT, rule="no")},
    Action.DELETE: {"": ALLOW},
    Action.EXPORT: {"": ALLOW, "Email": ALLOW, "Phone": Outcome(Effect.MASK, rule="masked")},
}


def decide(name: str, action: Action) -> Decision:
    """Answer from the table."""
    return Decision(action, name, TABLE.get(action, {}) if name == "Contact" else {})


def uses(action: Action, *names: str) -> tuple[FieldUse, ...]:
    """Name fields used one way."""
    return tuple(FieldUse("Contact", name, action) for name in names)


def ask(action: Action, *used: FieldUse) -> Operation:
    """Make an operation on Contact."""
    return Operation(action, "Contact", used)


GOES_AHEAD = [
    # something named may be shown
    ask(Action.LIST, *uses(Action.LIST, "Id")),
    # what is denied beside it is taken out of the answer, not refused
    ask(Action.LIST, *uses(Action.LIST, "Id", "SSN__c")),
    # naming nothing asks for everything, some of which may be shown
    ask(Action.LIST),
    # a count by an allowed filter
    ask(Action.LIST, *uses(Action.FILTER, "Email")),
    ask(Action.UPDATE, *uses(Action.UPDATE, "Phone")),
    ask(Action.DELETE),
    ask(Action.EXPORT, *uses(Action.EXPORT, "Email")),
]
REFUSED = [
    # nothing of what is named may be shown
    (ask(Action.LIST, *uses(Action.LIST, "SSN__c")), "not_granted"),
    # reading for another action has no grant at all
    (ask(Action.READ), "not_granted"),
    # a hidden field in a filter tells its secret by what comes back
    (ask(Action.LIST, *uses(Action.LIST, "Id"), *uses(Action.FILTER, "SSN__c")), "field_not_queryable"),
    # a mask does not survive a filter either: anything less than allow is refused
    (ask(Action.LIST, *uses(Action.LIST, "Id"), *uses(Action.FILTER, "Phone")), "field_not_queryable"),
    # sort was not granted though filter was
    (ask(Action.LIST, *uses(Action.LIST, "Id"), *uses(Action.SORT, "Email")), "field_not_queryable"),
    (ask(Action.UPDATE, *uses(Action.UPDATE, "Phone", "Email")), "field_not_writable"),
    # a create without fields still creates a record
    (ask(Action.CREATE), "not_granted"),
    (ask(Action.ERASE), "not_granted"),
    # an export is delivered past us: a mask could not be put on it
    (ask(Action.EXPORT, *uses(Action.EXPORT, "Phone")), "field_not_writable"),
    # ids that come back bare, with no record to judge: nothing is written, so nobody may be told it was
    (ask(Action.LIST, *uses(Action.LIST, "Id"), *uses(Action.READ, "Id")), "not_granted"),
    # a write that also shows what it did
    (ask(Action.UPDATE, *uses(Action.UPDATE, "Phone"), *uses(Action.LIST, "SSN__c")), "not_granted"),
]


@pytest.mark.parametrize("operation", GOES_AHEAD)
def test_what_is_granted_goes_ahead(operation: Operation) -> None:
    """Every row has a grant for each thing it does."""
    judge((operation,), decide, CATALOGUE).enforce()


@pytest.mark.parametrize(("operation", "reason"), REFUSED)
def test_what_is_not_granted_is_refused(operation: Operation, reason: str) -> None:
    """Every row lacks one grant."""
    with pytest.raises(Refused) as caught:
        judge((operation,), decide, CATALOGUE).enforce()
    assert caught.value.reason == reason


def test_an_unknown_field_reads_like_a_hidden_one_and_is_a_gap() -> None:
    """The client cannot tell them apart by reason; the operator can, by the gap."""
    operation = ask(Action.LIST, *uses(Action.LIST, "Id"), *uses(Action.FILTER, "unclassified"))
    with pytest.raises(Gap) as caught:
        judge((operation,), decide, CATALOGUE).enforce()
    assert (caught.value.reason, caught.value.kind) == ("field_not_queryable", "field")


def test_one_refused_operation_refuses_them_all() -> None:
    """A batch is all or nothing: a part that went ahead could not be taken back."""
    batch = (ask(Action.DELETE), ask(Action.ERASE))
    assert judge(batch, decide, CATALOGUE).refusal is not None
    assert judge(batch[::-1], decide, CATALOGUE).refusal is not None


def test_no_operation_is_refused() -> None:
    """Vacuously allowed would be allowed by accident."""
    with pytest.raises(Gap):
        judge((), decide, CATALOGUE).enforce()


def test_the_ledger_learns_fields_and_rules() -> None:
    """Names are sorted, so that entries can be compared."""
    ruling = judge(
        (ask(Action.LIST, *uses(Action.LIST, "Phone", "Id"), *uses(Action.FILTER, "Email")),),
        decide,
        CATALOGUE,
    )
    assert ruling.fields == ("filter Contact.Email", "list Contact.Id", "list Contact.Phone")
    assert ruling.rules == ("yes",)


def test_the_ledger_learns_which_rules_warned_and_what_audited_ones_would_have_done() -> None:
    """Of what was judged on the way in; fields of the answer are told when they are there."""
    outcomes = {
        "Email": Outcome(Effect.ALLOW, rule="open", would="deny by staged"),
        "Phone": Outcome(Effect.ALLOW, rule="new", warned=True),
    }
    ruling = judge(
        (ask(Action.LIST, *uses(Action.LIST, "Email"), *uses(Action.FILTER, "Email", "Phone")),),
        lambda name, action: Decision(action, name, outcomes),
        CATALOGUE,
    )
    assert (ruling.warned, ruling.would) == (("new",), ("Contact.Email: deny by staged",))
    assert ruling.refusal is None
