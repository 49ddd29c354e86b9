"""What is remembered of an answer: names and counts."""

from proxy.message import Record
from proxy.model import Action, Decision, Effect, FieldSpec, Mask, ObjectSpec, Outcome
from proxy.transforms import Redactions, Tally

CATALOGUE = {
    "Contact": ObjectSpec(
        "Contact",
        {
            "Name": FieldSpec("user.name", semantic="name"),
            "Email": FieldSpec("user.contact.email", semantic="email"),
            "Notes": FieldSpec("user.content"),
            "Ssn": FieldSpec("user.government_id"),
        },
    )
}
OUTCOMES = {
    "Name": Outcome(Effect.ALLOW, rule="b"),
    "Email": Outcome(Effect.MASK, Mask("m", "email"), "a"),
    "Notes": Outcome(Effect.REDACT, rule="c"),
}


def _tally() -> Tally:
    tally = Tally()
    redactions = Redactions(lambda name, action: Decision(action, name, OUTCOMES), CATALOGUE)
    for number in range(3):
        members: dict[str, object] = {"Name": f"canary {number}", "Email": "canary@example.org", "x": "canary"}
        redactions.apply(Record("Contact", Action.LIST, members), tally)
    redactions.apply(
        Record("Contact", Action.READ, {"Notes": "canary", "Ssn": "canary", "Name": "canary"}), tally
    )
    redactions.apply(Record("Contact", Action.READ, {"Ssn": "canary"}), tally)
    return tally


def test_fields_are_told_once_with_their_effect() -> None:
    """Every field that came back, denied ones included; what nobody listed has no name to tell."""
    assert _tally().fields() == (
        "allow Contact.Name",
        "deny Contact.Ssn",
        "mask Contact.Email",
        "redact Contact.Notes",
    )


def test_categories_are_those_of_which_something_was_shown() -> None:
    """Neither a removed field nor one that came out null gave anything away."""
    assert _tally().categories() == ("user.contact.email", "user.name")


def test_rules_are_those_that_decided() -> None:
    """No rule stands behind a field that nobody granted."""
    assert _tally().rules() == ("a", "b", "c")


def test_values_are_counted_by_action_and_effect() -> None:
    """Once per value, not per record."""
    assert sorted(_tally().decisions()) == [
        (Action.LIST, Effect.ALLOW, 3),
        (Action.LIST, Effect.MASK, 3),
        (Action.READ, Effect.ALLOW, 1),
        (Action.READ, Effect.REDACT, 1),
        (Action.READ, Effect.DENY, 2),
    ]


def test_transforms_are_counted_by_kind() -> None:
    """By the kind of mask, or by what else was done; what is shown as it is counts for nothing."""
    assert dict(_tally().transforms()) == {"email": 3, "redact": 1, "remove": 2}


def test_unclassified_members_and_shown_records_are_counted() -> None:
    """Members per record; a record of which nothing may be shown is not one that was."""
    tally = _tally()
    assert (tally.unclassified, tally.records) == (3, 4)


def test_no_value_is_kept() -> None:
    """Nothing the tally holds has seen a value."""
    tally = _tally()
    assert "canary" not in repr([*tally.cells(), *tally.decisions(), *tally.transforms()])


def test_an_empty_answer_leaves_an_empty_tally() -> None:
    """No records, no claims."""
    tally = Tally()
    assert (tally.fields(), tally.categories(), tally.rules(), tally.unclassified) == ((), (), (), 0)


def test_warnings_and_what_audited_rules_would_do_are_told_of_fields_that_came_back() -> None:
    """A rule that decided nothing in this answer is not mentioned."""
    outcomes = {
        "Name": Outcome(Effect.ALLOW, rule="a", would="redact by staged"),
        "Email": Outcome(Effect.REDACT, rule="b", warned=True),
        "Ssn": Outcome(Effect.REDACT, rule="c", warned=True, would="deny by staged"),
    }
    tally = Tally()
    redactions = Redactions(lambda name, action: Decision(action, name, outcomes), CATALOGUE)
    redactions.apply(Record("Contact", Action.READ, {"Name": "canary", "Email": "canary"}), tally)
    assert tally.warned() == ("b",)
    assert tally.would() == ("Contact.Name: redact by staged",)
