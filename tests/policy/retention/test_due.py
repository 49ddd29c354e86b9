"""What of a record is due: doubt keeps, the shorter term is met first, duties and holds go before both."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.facts import Known
from proxy.model import AttributeSpec, Catalogue, FieldSpec, ObjectSpec
from proxy.policy.retention import Due, Retention, RetentionRule, Standing, due
from proxy.policy.retention.periods import Period
from proxy.policy.rules import On

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
OLD = datetime(2020, 1, 1, tzinfo=UTC)
Load = Callable[[str], Retention]

RULE = """\
rules:
  - id: inactive
    on: {{objects: [Contact]}}
    clock: [resource.last_activity, resource.created]
    keep: P24M
    then: erase
    grace: P30D
    basis: legitimate_interests
    {more}
"""
DUTY = """\
  - id: tax
    description: Bills are kept for ten years.
    on: {objects: [Contact], fields: [Name, Phone]}
    clock: resource.created
    keep: P10Y
    then: keep
    basis: legal_obligation
    refs: [AO 147]
    waive: [{code: LG133, because: meant, until: 2027-01-01}]
"""


def _known(**facts: object) -> Known:
    return Known(facts)


def _without(*unknown: str, **facts: object) -> Known:
    found = Known(facts)
    found.unknown = frozenset(unknown)
    return found


class Ask:
    """One retention, asked of contacts."""

    def __init__(self, retention: Retention, catalogues: Mapping[str, Catalogue]) -> None:
        self.retention = retention
        self.spec = catalogues["crm"]["Contact"]

    def __call__(self, facts: Mapping[str, object], now: datetime = NOW) -> Standing:
        return due(self.retention, "crm", self.spec, facts, now)

    def one(self, facts: Mapping[str, object], now: datetime = NOW) -> Due:
        (found,) = self(facts, now).due
        return found


@pytest.fixture
def ask(load: Load, catalogues: Mapping[str, Catalogue]) -> Callable[[str], Ask]:
    """Return what makes a question to contacts out of a document."""
    return lambda text: Ask(load(text), catalogues)


def test_a_rule_is_due_from_the_moment_its_time_is_over(ask: Callable[[str], Ask]) -> None:
    """To the microsecond, and about every classified field and the record itself."""
    plain = ask(RULE.format(more=""))
    begun = datetime(2024, 11, 23, 9, tzinfo=UTC)
    assert plain(_known(last_activity=begun), NOW - timedelta(microseconds=1)) == Standing()
    found = plain.one(_known(last_activity=begun))
    assert (found.rule.id, found.since, found.after) == ("inactive", NOW, NOW + timedelta(30))
    assert found.fields == {"", "Id", "Name", "Phone", "City", "Born", "Health", "Notes"}
    assert found.kept == ()


def test_the_first_clock_that_a_record_has_counts(ask: Callable[[str], Ask]) -> None:
    """An optional clock goes before one that every record has."""
    plain = ask(RULE.format(more=""))
    assert plain(_known(last_activity=NOW, created=OLD)) == Standing()
    assert plain.one(_known(created=OLD)).since == datetime(2022, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (_known(), "clock_absent"),
        (_without("last_activity", created=OLD), "clock_unknown"),
        (_without("created"), "clock_unknown"),
        (_known(created="2020-01-01"), "clock_unknown"),
        (_known(created=datetime(2020, 1, 1)), "clock_unknown"),  # noqa: DTZ001 - a moment nobody can place
    ],
)
def test_a_clock_that_cannot_be_read_makes_nothing_due_and_is_said(
    ask: Callable[[str], Ask], facts: Mapping[str, object], why: str
) -> None:
    """Absent, unknown, of another type, or without an offset."""
    found = ask(RULE.format(more=""))(facts)
    assert found.due == ()
    assert [(each.rule.id, each.why) for each in found.doubtful] == [("inactive", why)]


def test_a_condition_narrows_and_in_doubt_nothing_is_due(ask: Callable[[str], Ask]) -> None:
    """An error is neither yes nor no: it is counted."""
    abroad = ask(RULE.format(more='when: has(resource.country) && resource.country == "US"'))
    assert abroad.one(_known(created=OLD, country="US")).rule.id == "inactive"
    assert abroad(_known(created=OLD, country="IE")) == Standing()
    assert [each.why for each in abroad(_without("country", created=OLD)).doubtful] == ["condition_unknown"]


def test_a_duty_keeps_what_it_names_and_the_record_around_it(ask: Callable[[str], Ask]) -> None:
    """Until it ends; then nothing stands against the rule any more."""
    both = ask(RULE.format(more="") + DUTY)
    found = both.one(_known(created=OLD))
    assert found.fields == {"Id", "City", "Born", "Health", "Notes"}
    (kept,) = found.kept
    assert (kept.by, kept.kind, kept.refs) == ("tax", "duty", ("AO 147",))
    assert kept.until == datetime(2030, 1, 1, tzinfo=UTC)
    after = both.one(_known(created=OLD), datetime(2030, 1, 1, tzinfo=UTC))
    assert (len(after.fields), after.kept) == (8, ())


def test_a_duty_that_cannot_be_dated_has_not_ended(ask: Callable[[str], Ask]) -> None:
    """Its clock is unknown, while the other rule can be dated."""
    found = ask(RULE.format(more="") + DUTY).one(_without("created", last_activity=OLD))
    assert "Name" not in found.fields
    assert [each.until for each in found.kept] == [None]


@pytest.mark.parametrize(
    ("facts", "held"),
    [
        (_known(created=OLD, legal_hold=True), True),
        (_known(created=OLD, legal_hold=False), False),
        (_without("legal_hold", created=OLD), True),
    ],
)
def test_a_hold_stops_everything_and_in_doubt_too(
    ask: Callable[[str], Ask], facts: Mapping[str, object], held: bool
) -> None:
    """A condition that cannot be answered holds."""
    head = "id: suit, because: litigation, owner: legal, on: {objects: [Contact]}"
    hold = f"holds: [{{{head}, when: resource.legal_hold}}]"
    found = ask(RULE.format(more="") + hold).one(facts)
    assert (found.fields == frozenset()) is held
    assert [(each.by, each.kind, each.because) for each in found.kept] == [("suit", "hold", "litigation")] * held


def test_a_hold_ends_after_its_last_day(ask: Callable[[str], Ask]) -> None:
    """The day itself is included."""
    hold = "holds: [{id: suit, because: litigation, owner: legal, on: {objects: [Contact]}, until: 2026-11-23}]"
    held = ask(RULE.format(more="") + hold)
    (kept,) = held.one(_known(created=OLD)).kept
    assert kept.until == datetime(2026, 11, 24, tzinfo=UTC)
    assert held.one(_known(created=OLD), datetime(2026, 11, 24, tzinfo=UTC)).kept == ()


def test_an_exception_leaves_records_alone_and_in_doubt_too(ask: Callable[[str], Ask]) -> None:
    """With the provision, for the letter to the person."""
    rule = ask(
        RULE.format(more="exceptions: [{because: Claims, refs: [Art. 17(3)(e)], when: resource.legal_hold}]")
    )
    assert rule.one(_known(created=OLD, legal_hold=False)).kept == ()
    for facts in (_known(created=OLD, legal_hold=True), _without("legal_hold", created=OLD)):
        found = rule.one(facts)
        assert found.fields == frozenset()
        assert [(each.kind, each.because, each.refs) for each in found.kept] == [
            ("exception", "Claims", ("Art. 17(3)(e)",))
        ]


def test_a_rule_out_of_force_says_nothing(ask: Callable[[str], Ask]) -> None:
    """Before its first day and after its last."""
    assert ask(RULE.format(more="valid: {from: 2027-01-01}"))(_known(created=OLD)) == Standing()
    assert ask(RULE.format(more="valid: {until: 2026-11-22}"))(_known(created=OLD)) == Standing()


def test_consents_are_looked_at_as_in_other_conditions(ask: Callable[[str], Ask]) -> None:
    """And the sweep is told to fetch them."""
    rule = ask(RULE.format(more="when: '!consent(\"marketing\")'"))
    assert rule.retention.attributes("crm", "Contact") == {"last_activity", "created", "consents"}
    assert rule(_known(created=OLD, consents=("marketing",))) == Standing()
    assert rule.one(_known(created=OLD, consents=())).rule.id == "inactive"


MOMENTS = st.floats(0, 2.2e9).map(lambda each: datetime.fromtimestamp(each, UTC))
FIELDS = ("a", "b", "c")


@st.composite
def _rules(draw: st.DrawFn, then: str) -> RetentionRule:
    fields = frozenset(draw(st.sets(st.sampled_from(FIELDS), min_size=1)))
    keep = Period(draw(st.integers(0, 240)))
    name = f"{then}-{draw(st.integers(0, 10**6))}"
    return RetentionRule(name, On(fields=fields), ("created",), keep, then, "contract")  # type: ignore[arg-type]


@given(st.lists(_rules("erase"), max_size=4), st.lists(_rules("keep"), max_size=4), MOMENTS, MOMENTS)
def test_no_duty_is_broken_and_more_duties_never_release_anything(
    erasing: list[RetentionRule], duties: list[RetentionRule], created: datetime, now: datetime
) -> None:
    """What is due is exactly what some term has ended for and no duty still keeps."""
    spec = ObjectSpec(
        "Thing",
        {name: FieldSpec("user.name") for name in FIELDS},
        attributes={"created": AttributeSpec("Created", "timestamp")},
    )
    facts = {"created": created}
    found = due(Retention((*erasing, *duties)), "crm", spec, facts, now)
    released = {name for each in found.due for name in each.fields}
    wanted = {
        name
        for name in FIELDS
        if any(name in (rule.on.fields or ()) and rule.keep.after(created) <= now for rule in erasing)
        and not any(name in (duty.on.fields or ()) and duty.keep.after(created) > now for duty in duties)
    }
    assert released == wanted
    fewer = due(Retention((*erasing, *duties[1:])), "crm", spec, facts, now)
    assert released <= {name for each in fewer.due for name in each.fields}
