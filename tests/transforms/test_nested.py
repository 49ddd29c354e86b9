"""Records in records of which nothing may be shown."""

import itertools

import pytest

from proxy.message import Place, Record, Tree
from proxy.model import Action, Decision, Effect, FieldSpec, ObjectSpec, Outcome
from proxy.transforms import Redactions, Tally, apply_all

SPECS = {
    "Person": ObjectSpec("Person", {"Name": FieldSpec("user.name"), "Firm": FieldSpec("system")}, "Id"),
    "Firm": ObjectSpec("Firm", {"Name": FieldSpec("organization"), "Boss": FieldSpec("system")}),
}
ALLOW, REDACT = Outcome(Effect.ALLOW), Outcome(Effect.REDACT)


def applied(granted: dict[str, dict[str, Outcome]], *records: Record) -> list[bool]:
    """Return which records show anything, by what is granted of each object."""

    def decide(name: str, action: Action) -> Decision:
        return Decision(action, name, granted.get(name, {}))

    return apply_all(Redactions(decide, SPECS), records, SPECS, Tally())


def linked(name: str | None = "Acme") -> tuple[dict[str, Tree], list[Record]]:
    """Return a person, and the person's records as a connector finds them: the firm first, if there is one."""
    tree: dict[str, Tree] = {"attributes": {}, "Name": "Mara", "Firm": None}
    person = Record("Person", Action.LIST, tree, keep=frozenset({"attributes"}))
    if name is None:
        return tree, [person]
    firm: dict[str, Tree] = {"attributes": {}, "Name": name}
    tree["Firm"], person.keep = firm, frozenset({"attributes", "Firm"})
    return tree, [
        Record("Firm", Action.LIST, firm, keep=frozenset({"attributes"}), within=(person, "Firm")),
        person,
    ]


@pytest.mark.parametrize("link", [None, ALLOW, REDACT])
def test_a_parent_of_which_nothing_may_be_shown_looks_like_none(link: Outcome | None) -> None:
    """Whatever policy says of the link itself, it says of both."""
    granted = {"Person": {"Name": ALLOW} | ({"Firm": link} if link else {})}
    there, records = linked()
    nobody, alone = linked(None)
    assert applied(granted, *records) == [False, True]
    assert applied(granted, *alone) == [True]
    assert there == nobody
    assert ("Firm" in there) is (link is not None)
    assert records[0].gone


@pytest.mark.parametrize("outcome", [ALLOW, REDACT])
def test_a_parent_of_which_something_may_be_shown_stays(outcome: Outcome) -> None:
    """That there is a value is something, too, if policy says so by redacting it."""
    there, records = linked()
    assert applied({"Person": {}, "Firm": {"Name": outcome}}, *records) == [True, True]
    assert there == {"attributes": {}, "Firm": {"attributes": {}, "Name": "Acme" if outcome is ALLOW else None}}


def staffed(names: list[str]) -> tuple[dict[str, Tree], list[Record]]:
    """Return a firm and its records: those of its staff, and its own."""
    tree: dict[str, Tree] = {"Name": "Acme", "Staff": None}
    firm = Record("Firm", Action.LIST, tree, keep=frozenset({"Staff"}))
    rows: list[dict[str, Tree]] = [{"Name": name} for name in names]
    if rows:
        tree["Staff"] = {"totalSize": len(rows), "records": rows}
    return tree, [*(Record("Person", Action.LIST, row, within=(firm, "Staff")) for row in rows), firm]


def test_children_of_which_nothing_may_be_shown_are_not_counted() -> None:
    """None, one and three look the same."""
    seen = []
    for names in ([], ["Mara"], ["Mara", "Zoe", "Al"]):
        tree, records = staffed(names)
        assert applied({"Firm": {"Name": ALLOW}}, *records) == [*([False] * len(names)), True]
        seen.append(tree)
    assert all(one == other for one, other in itertools.pairwise(seen))
    assert seen[0] == {"Name": "Acme", "Staff": None}


def test_children_stay_if_one_of_them_shows_anything() -> None:
    """In whatever order they come."""
    for order in itertools.permutations(({"Name": "Mara"}, {"Phone": "+353"}, {})):
        firm = Record("Firm", Action.LIST, {"Staff": {"records": list(order)}}, keep=frozenset({"Staff"}))
        inside = [Record("Person", Action.LIST, dict(row), within=(firm, "Staff")) for row in order]
        assert applied({"Person": {"Name": ALLOW}}, *inside, firm)[-1]
        assert firm.members["Staff"] is not None


def test_what_is_further_in_keeps_what_is_around_it() -> None:
    """A parent's parent is shown in the parent, of which nothing else may be."""
    boss: dict[str, Tree] = {"Name": "Zoe"}
    firm: dict[str, Tree] = {"Name": "Acme", "Boss": boss}
    tree: dict[str, Tree] = {"Firm": firm}
    outermost = Record("Person", Action.LIST, tree, keep=frozenset({"Firm"}))
    middle = Record("Firm", Action.LIST, firm, keep=frozenset({"Boss"}), within=(outermost, "Firm"))
    inner = Record("Person", Action.LIST, boss, within=(middle, "Boss"))
    assert applied({"Person": {"Name": ALLOW}}, inner, middle, outermost) == [True, True, True]
    assert tree == {"Firm": {"Boss": {"Name": "Zoe"}}}


def test_records_that_come_after_the_one_they_stand_in_are_left_to_it() -> None:
    """There the place is a field of the outer one, judged before what stands in it."""
    inner: dict[str, Tree] = {"Name": "Zoe"}
    outer = Record("Firm", Action.READ, {"Name": "Acme", "Boss": inner}, keep=frozenset({"Boss"}))
    assert applied(
        {"Firm": {"Name": ALLOW}}, outer, Record("Person", Action.READ, inner, within=(outer, "Boss"))
    ) == [
        True,
        False,
    ]
    assert outer.members == {"Name": "Acme", "Boss": {}}


def past(*values: str | None) -> tuple[dict[str, Tree], list[Tree], list[Record]]:
    """Return a person with earlier names, and the records that these are."""
    items: list[Tree] = [{"value": value, "at": 1} for value in values]
    tree: dict[str, Tree] = {"Id": "7", "past": items}
    names = {"value": ("Person", "Name", Action.READ)}
    place = Place(items, Place(tree))
    records = [
        Record("Person", Action.READ, each, names, frozenset({"at"}), "7", place=place)
        for each in items
        if isinstance(each, dict)
    ]
    outer = Record("Person", Action.READ, tree, keep=frozenset({"past", "Id"}))
    return tree, items, [*records, outer]


@pytest.mark.parametrize("outcome", [REDACT, Outcome(Effect.DENY)])
def test_hidden_values_go_from_their_list_and_the_list_with_them(outcome: Outcome) -> None:
    """So that nobody counts them; nobody is told that somebody was shown either."""
    tree, _, records = past("Mara", "Mari")
    applied({"Person": {"Name": outcome}}, *records)
    assert tree == {"Id": "7"}
    assert [record.gone for record in records] == [True, True, False]


def test_values_that_may_be_shown_stay() -> None:
    """Each is judged as the field; one that is empty says nothing."""
    tree, items, records = past("Mara", None, "Mari")
    shown = applied({"Person": {"Name": ALLOW}}, *records)
    assert tree["past"] is items
    assert items == [{"value": "Mara", "at": 1}, {"value": "Mari", "at": 1}]
    assert shown == [True, False, True, True]


def test_a_value_that_went_is_no_record_that_was_asked_for() -> None:
    """A list that is empty for the caller is answered like one that is empty."""
    items: list[Tree] = [{"value": "Mara"}]
    names = {"value": ("Person", "Name", Action.READ)}
    (entry,) = items
    assert isinstance(entry, dict)
    record = Record("Person", Action.READ, entry, names, place=Place(items))
    assert (applied({"Person": {"Name": REDACT}}, record), items) == ([False], [])
