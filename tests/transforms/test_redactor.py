"""Decisions carried out on records, in place; ids are those of the threat catalogue."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.columns import Alike, Dicts
from proxy.errors import Unavailable
from proxy.message import Record, Tree
from proxy.model import Action, Decision, Effect, Facts, FieldSpec, Mask, ObjectSpec, Outcome
from proxy.transforms import Redactions, Redactors, Tally
from proxy.transforms import redactor as module

CLEAR = Outcome(Effect.ALLOW, rule="basics")
MASKED = Outcome(Effect.MASK, Mask("partial", "by_type"), "partial")
REDACTED = Outcome(Effect.REDACT, rule="free-text")
DENIED = Outcome(Effect.DENY, rule="never")

CATALOGUE = {
    "Contact": ObjectSpec(
        "Contact",
        {
            "Id": FieldSpec("system.operations", semantic="id"),
            "Name": FieldSpec("user.name", semantic="name"),
            "Email": FieldSpec("user.contact.email", semantic="email"),
            "Description": FieldSpec("user.content", frozenset({"free_text"})),
            "Ssn": FieldSpec("user.government_id"),
            "Address": FieldSpec("user.contact.address", frozenset({"structured"}), "address"),
        },
    ),
    "Account": ObjectSpec("Account", {"Name": FieldSpec("system.operations")}),
}
OUTCOMES = {
    ("Contact", Action.READ): {
        "Id": CLEAR,
        "Name": CLEAR,
        "Email": MASKED,
        "Description": REDACTED,
        "Ssn": DENIED,
        "Address": CLEAR,
    },
    ("Contact", Action.AGGREGATE): {"": CLEAR, "Name": CLEAR, "Email": MASKED},
    ("Account", Action.READ): {"Name": CLEAR},
}


def _decide(name: str, action: Action) -> Decision:
    return Decision(action, name, MappingProxyType(OUTCOMES.get((name, action), {})))


def _record(members: dict[str, Tree], **more: object) -> Record:
    return Record("Contact", Action.READ, members, **more)  # type: ignore[arg-type]


def _apply(record: Record, tally: Tally | None = None) -> bool:
    return Redactions(_decide, CATALOGUE).apply(record, Tally() if tally is None else tally)


def test_each_effect_does_what_the_recipient_is_meant_to_learn() -> None:
    """Clear, part, existence only, nothing; and the order of what is left does not change."""
    members: dict[str, Tree] = {
        "Ssn": "123-45-6789",
        "Name": "Mara Quinn",
        "Email": "mara.quinn@example.org",
        "Description": "asked about divorce",
        "Id": "003",
    }
    assert _apply(_record(members))
    assert list(members.items()) == [
        ("Name", "Mara Quinn"),
        ("Email", "m***@e***.org"),
        ("Description", None),
        ("Id", "003"),
    ]


@pytest.mark.parametrize(
    "member",
    [
        "ssn",  # PD-05: another case is another field
        "SSN",
        " Ssn ",  # PD-06
        "Ssn\u200b",
        "Ѕsn",  # a Cyrillic letter
        "Ssn__c",  # PD-07
        "Name@OData.Community.Display.V1.FormattedValue",
        "_Name_value",
        "name",
        "",  # the word for the record itself is no member's name
        "unheard of",
    ],
)
def test_pd_07_a_member_nobody_listed_is_removed(member: str) -> None:
    """PD-05 to PD-07, invariant 3: unknown is removed and counted, even beside fields that are granted."""
    tally = Tally()
    members: dict[str, Tree] = {"Name": "Mara Quinn", member: "123-45-6789"}
    assert _apply(_record(members), tally)
    assert members == {"Name": "Mara Quinn"}
    assert tally.unclassified == 1


def test_a_listed_field_without_a_grant_is_removed() -> None:
    """Deny is where evaluation starts."""
    members: dict[str, Tree] = {"Name": "Acme", "Id": "001"}
    assert _apply(Record("Account", Action.READ, members))
    assert members == {"Name": "Acme"}


def test_a_grant_for_a_field_the_connector_does_not_list_opens_nothing() -> None:
    """Two mistakes would be needed to release it, and one is not enough."""
    decision = Decision(Action.READ, "Account", {"Secret": CLEAR, "Name": CLEAR})
    members: dict[str, Tree] = {"Secret": "1", "Name": "Acme"}
    Redactions(lambda _name, _action: decision, CATALOGUE).apply(
        Record("Account", Action.READ, members), Tally()
    )
    assert members == {"Name": "Acme"}


def test_an_object_the_connector_does_not_know_shows_nothing() -> None:
    """Invariant 3: whatever policy says of it."""
    members: dict[str, Tree] = {"Name": "x"}
    redactions = Redactions(lambda name, action: Decision(action, name, {"Name": CLEAR}), CATALOGUE)
    assert not redactions.apply(Record("Invoice", Action.READ, members), Tally())
    assert members == {}


@pytest.mark.parametrize("value", [{"Ssn": "1"}, ["1"], {}, []])
def test_pd_30_a_container_in_a_clear_field_is_removed(value: Tree) -> None:
    """PD-30: the decision was about a scalar; what is inside, nobody judged."""
    tally = Tally()
    members: dict[str, Tree] = {"Name": value, "Id": "003"}
    assert _apply(_record(members), tally)
    assert members == {"Id": "003"}
    assert tally.unclassified == 1
    assert tally.fields() == ("allow Contact.Id",)


def test_pd_30_a_container_in_a_field_that_is_not_clear_shows_nothing_either() -> None:
    """PD-30: masked and redacted become null, denied is removed."""
    members: dict[str, Tree] = {"Email": ["a@b.ie"], "Description": {"a": 1}, "Ssn": ["1"]}
    assert _apply(_record(members))
    assert members == {"Email": None, "Description": None}


def test_a_structured_field_is_released_whole() -> None:
    """A field that the connector tags as structured is one value to policy."""
    members: dict[str, Tree] = {"Address": {"street": "4 Abbey Street", "lines": ["x"]}}
    assert _apply(_record(members))
    assert members == {"Address": {"street": "4 Abbey Street", "lines": ["x"]}}


def test_structure_is_left_for_who_judges_it() -> None:
    """Members in `keep` stay as they are, and do not make a record one that shows something."""
    members: dict[str, Tree] = {"attributes": {"type": "Contact"}, "Ssn": "1"}
    assert not _apply(_record(members, keep=frozenset({"attributes"})))
    assert members == {"attributes": {"type": "Contact"}}


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        ({"Name": "Mara"}, True),
        ({"Description": "x"}, True),  # redacted: that there is one is shown
        ({"Ssn": "1"}, False),  # all that came is denied
        ({"other": "1"}, False),  # all that came is unknown
        ({}, True),  # nothing came, and something might have been shown
    ],
)
def test_whether_anything_may_be_shown(members: dict[str, Tree], *, shown: bool) -> None:
    """False means that the caller must not learn of the record from us."""
    assert _apply(_record(members)) is shown


def test_an_empty_record_of_which_nothing_may_be_shown_is_not_shown() -> None:
    """Even that it is there would be something."""
    assert not _apply(Record("Account", Action.LIST, {}))


NAMES: Mapping[str, tuple[str, str, Action]] = MappingProxyType(
    {
        "expr0": ("Contact", "", Action.AGGREGATE),  # COUNT()
        "who": ("Contact", "Name", Action.AGGREGATE),  # an alias
        "mail": ("Contact", "Email", Action.AGGREGATE),
        "id": ("Contact", "Ssn", Action.AGGREGATE),
        "odd": ("Contact", "Unlisted", Action.AGGREGATE),
        "none": ("Invoice", "Name", Action.AGGREGATE),
    }
)


def test_io_05_a_renamed_column_is_judged_as_the_field_it_is() -> None:
    """IO-05: an alias is its source; a member the query did not name is removed, a listed field too."""
    tally = Tally()
    members: dict[str, Tree] = {
        "expr0": 7,
        "who": "Mara",
        "mail": "mara.quinn@example.org",
        "id": "123-45-6789",
        "odd": "1",
        "none": "1",
        "Name": "Quinn",
    }
    assert _apply(Record("Contact", Action.AGGREGATE, members, names=NAMES), tally)
    assert members == {"expr0": 7, "who": "Mara", "mail": "m***@e***.org"}
    assert tally.unclassified == 3
    assert tally.fields() == (
        "allow Contact",
        "allow Contact.Name",
        "deny Contact.Ssn",
        "mask Contact.Email",
    )


def test_names_of_two_queries_are_not_confused() -> None:
    """The same member of two queries in one exchange is two things."""
    redactions, tally = Redactions(_decide, CATALOGUE), Tally()
    for names, shown in (
        ({"a": ("Contact", "Name", Action.AGGREGATE)}, {"a": "1"}),
        ({"a": ("Contact", "Ssn", Action.AGGREGATE)}, {}),
    ):
        for _ in range(2):
            members: dict[str, Tree] = {"a": "1"}
            redactions.apply(Record("Contact", Action.AGGREGATE, members, names=names), tally)
            assert members == shown


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Effect.TOKENIZE),  # nobody here makes tokens
        Outcome(Effect.ENCRYPT),
        Outcome(Effect.MASK),  # a mask without one
        Outcome(Effect.MASK, Mask("m", "hash")),  # of no kind we know
        Outcome(Effect.MASK, Mask("m", "keep_last")),  # without its parameter
    ],
)
def test_an_obligation_nobody_can_discharge_is_a_refusal(outcome: Outcome) -> None:
    """Invariant 9: and it names the field, never its value."""
    decision = Decision(Action.READ, "Account", {"Name": outcome})
    redactions = Redactions(lambda _name, _action: decision, CATALOGUE)
    with pytest.raises(Unavailable) as caught:
        redactions.apply(Record("Account", Action.READ, {"Name": "canary"}), Tally())
    assert caught.value.detail == "Account.Name"
    assert "canary" not in repr(caught.value)


MEMBERS = st.dictionaries(
    st.sampled_from(["Id", "Name", "Email", "Description", "Ssn", "Address", "other", "attributes"]),
    st.sampled_from(["canary value", 7, None, {"in": "canary"}, ["canary"]]),
)


@given(st.lists(MEMBERS, max_size=6))
def test_what_was_compiled_before_changes_nothing(pages: list[dict[str, Tree]]) -> None:
    """A redactor that has seen other records treats each as a fresh one does."""
    redactors = Redactors(CATALOGUE)
    for page in pages:
        fresh, used = dict(page), dict(page)
        shown = _apply(_record(fresh, keep=frozenset({"attributes"})))
        redactions = Redactions(_decide, CATALOGUE, redactors)
        assert redactions.apply(_record(used, keep=frozenset({"attributes"})), Tally()) is shown
        assert used == fresh
        assert not {"Ssn", "other"} & used.keys()
        assert used.get("Email") in (None, "***")


def test_redactors_are_kept_for_the_same_table_only() -> None:
    """Work that depends only on policy happens once; another table, object or action is another redactor."""
    redactors = Redactors(CATALOGUE)
    table = {"Name": CLEAR}
    first = redactors.find(Decision(Action.READ, "Contact", table), CATALOGUE["Contact"])
    assert redactors.find(Decision(Action.READ, "Contact", table), CATALOGUE["Contact"]) is first
    for other in (
        redactors.find(Decision(Action.READ, "Contact", dict(table)), CATALOGUE["Contact"]),
        redactors.find(Decision(Action.LIST, "Contact", table), CATALOGUE["Contact"]),
        redactors.find(Decision(Action.READ, "Account", table), CATALOGUE["Account"]),
    ):
        assert other is not first


def test_a_table_that_is_gone_lends_its_redactor_to_no_other() -> None:
    """Tables are told apart by identity, so each is kept alive with what was compiled from it."""
    redactors = Redactors(CATALOGUE)
    for number in range(200):
        outcome = CLEAR if number % 2 else DENIED
        members: dict[str, Tree] = {"Name": "x"}
        redactor = redactors.find(Decision(Action.READ, "Contact", {"Name": outcome}), CATALOGUE["Contact"])
        assert redactor.apply(_record(members), Tally()) is bool(number % 2)


def test_pd_16_ever_new_members_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """PD-16: what is kept is bounded, and being thrown away changes no outcome."""
    monkeypatch.setattr(module, "MOST_SHAPES", 8)
    monkeypatch.setattr(module, "MOST_REDACTORS", 4)
    redactors = Redactors(CATALOGUE)
    for number in range(50):
        decision = Decision(Action.READ, "Contact", {"Name": CLEAR})
        redactor = redactors.find(decision, CATALOGUE["Contact"])
        for extra in range(20):
            members: dict[str, Tree] = {"Name": "x", f"m{number}-{extra}": "1"}
            assert redactor.apply(_record(members), Tally())
            assert members == {"Name": "x"}
        assert len(redactor._shapes) <= 8
    assert len(redactors._kept) <= 4


def test_a_record_inside_a_removed_member_is_neither_shown_nor_counted() -> None:
    """The ledger must not say that something was disclosed which went with the link to it."""
    inner: dict[str, Tree] = {"Name": "Acme"}
    top = _record({"Id": "003", "Ssn": inner})
    nested = Record("Account", Action.READ, inner, within=(top, "Ssn"))
    redactions, tally = Redactions(_decide, CATALOGUE), Tally()
    assert [redactions.apply(record, tally) for record in (top, nested)] == [True, False]
    assert top.members == {"Id": "003"}
    assert (tally.records, tally.fields()) == (1, ("allow Contact.Id", "deny Contact.Ssn"))


def _by_facts(name: str, action: Action, facts: Facts | None) -> Decision:
    """Show the name of a record of which `open` is known to be true."""
    outcomes = OPENED if facts is not None and facts.get("open") is True else CLOSED
    return Decision(action, name, outcomes, by_record=True)


OPENED = {"Name": Outcome(Effect.ALLOW, rule="open")}
CLOSED: dict[str, Outcome] = {}


def test_a_decision_that_depends_on_the_record_is_made_for_each() -> None:
    """Of records with the same members one may be shown and the next not, whatever came before it."""
    redactions = Redactions(
        lambda name, action: _by_facts(name, action, None), CATALOGUE, decide_record=_by_facts
    )
    seen = []
    for facts in ({"open": True}, {"open": False}, None, {"open": True}):
        record = Record("Contact", Action.READ, {"Name": "canary"}, facts=facts)
        seen.append((redactions.apply(record, Tally()), dict(record.members)))
    shown, hidden = (True, {"Name": "canary"}), (False, {})
    assert seen == [shown, hidden, hidden, shown]


def test_a_renamed_member_is_decided_by_the_record_it_is_a_field_of() -> None:
    """Facts are those of the record's own object; of another one nothing is known."""
    names = {
        "n": ("Contact", "Name", Action.READ),
        "other": ("Account", "Name", Action.READ),
    }
    redactions = Redactions(
        lambda name, action: _by_facts(name, action, None), CATALOGUE, decide_record=_by_facts
    )
    for known, shown in ((True, {"n": "canary"}), (False, {}), (True, {"n": "canary"})):
        record = Record("Contact", Action.READ, {"n": "canary", "other": "canary"}, names, facts={"open": known})
        redactions.apply(record, Tally())
        assert record.members == shown


def test_without_a_way_to_decide_by_record_nothing_is_taken_as_known() -> None:
    """The decision about no record in particular holds."""
    redactions = Redactions(lambda name, action: _by_facts(name, action, None), CATALOGUE)
    record = Record("Contact", Action.READ, {"Name": "canary"}, facts={"open": True})
    assert not redactions.apply(record, Tally())
    assert record.members == {}


_VALUES = st.none() | st.integers(-3, 3) | st.text(max_size=9) | st.just(["canary"]) | st.just({"a": "canary"})
_NAMES = st.sampled_from(["Id", "Name", "Email", "Description", "Ssn", "Address", "Unknown__c", "attributes"])


@st.composite
def _alike(draw: st.DrawFn) -> list[dict[str, Tree]]:
    names = draw(st.lists(_NAMES, unique=True))
    return draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, _VALUES)), min_size=1, max_size=5))


@given(_alike(), st.booleans(), st.lists(st.sampled_from(["open", "shut"]), min_size=5, max_size=5))
def test_records_that_are_alike_come_out_as_each_by_itself(
    rows: list[dict[str, Tree]], by_record: bool, words: list[str]
) -> None:
    """Values, order, counts and whether anything shows; where decisions differ by record as well."""

    def decide(name: str, action: Action) -> Decision:
        return Decision(action, name, MappingProxyType(OUTCOMES[name, action]), by_record)

    shut = MappingProxyType({"Name": REDACTED})

    def decide_record(name: str, action: Action, facts: Facts | None) -> Decision:
        is_open = facts is not None and facts["word"] == "open"
        return Decision(action, name, decide(name, action).outcomes if is_open else shut, True)

    facts: list[Facts | None] = [{"word": word} for word in words[: len(rows)]]
    keep = frozenset({"attributes"})
    one, many = Tally(), Tally()
    each = [dict(row) for row in rows]
    redactions = Redactions(decide, CATALOGUE, None, decide_record)
    shown = [
        redactions.apply(Record("Contact", Action.READ, row, None, keep, facts=fact), one)
        for row, fact in zip(each, facts, strict=True)
    ]
    together = Alike("Contact", Action.READ, Dicts(rows), keep, [None] * len(rows), facts if by_record else None)
    assert Redactions(decide, CATALOGUE, None, decide_record).apply_all(together, many) == shown
    assert [list(row.items()) for row in rows] == [list(row.items()) for row in each]
    for counted in ("fields", "rules", "categories", "cells"):
        assert getattr(one, counted)() == getattr(many, counted)()
    assert sorted(one.decisions()) == sorted(many.decisions())
    assert sorted(one.transforms()) == sorted(many.transforms())
    assert (one.records, one.unclassified) == (many.records, many.unclassified)
