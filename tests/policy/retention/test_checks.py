"""Rules of retention that can never matter or contradict each other are told."""

from collections.abc import Callable, Mapping

import pytest

from proxy.model import Catalogue
from proxy.policy.cells import Cells
from proxy.policy.retention import Retention
from proxy.policy.retention.asked import objects_without_term
from proxy.policy.retention.words import told_of
from tests.policy.conftest import Bench


def _rule(name: str, keep: str, then: str = "erase", on: str = "objects: [Contact]", more: str = "") -> str:
    refs = "refs: [Law 1], " if then == "keep" else ""
    head = f"id: {name}, on: {{{on}}}, clock: resource.created, keep: {keep}, then: {then}, basis: contract"
    return f"  - {{{head}, {refs}{more}}}\n"


HOLD = "holds: [{id: suit, because: litigation, owner: legal, on: {objects: [Contact]}}]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_rule("a", "P2Y") + _rule("b", "P1Y", on="categories: [user.name], objects: [Contact]"), []),
        (
            _rule("a", "P1Y") + _rule("b", "P2Y"),
            [("LG132", 6, "b can never matter: a (erase after P1Y from created) comes first")],
        ),
        (
            _rule("a", "P24M") + _rule("b", "P2Y"),
            [("LG132", 6, "b can never matter: a (erase after P24M from created) comes first")],
        ),
        (_rule("a", "P1Y", more="when: resource.legal_hold") + _rule("b", "P2Y"), []),
        (
            _rule("a", "P1Y", on="objects: [Contact], fields: [New]"),
            [("LG132", 5, "a can never matter: no listed field matches its on")],
        ),
        (_rule("a", "P1Y") + HOLD, [("LG132", 5, "a can never matter: hold suit keeps all of it")]),
        (
            _rule("a", "P1Y") + _rule("b", "P10Y", "keep", "objects: [Contact], fields: [Name]"),
            [
                (
                    "LG133",
                    5,
                    (
                        "a (erase after P1Y from created) meets the duty b (keep for P10Y from created, Law 1) "
                        "on Contact.Name: the duty holds, and what it names is not erased before it ends"
                    ),
                )
            ],
        ),
        (_rule("a", "P10Y") + _rule("b", "P1Y", "keep", "objects: [Contact], fields: [Name]"), []),
        (
            _rule("a", "P6Y", "keep") + _rule("b", "P10Y", "keep"),
            [("LG132", 5, "a can never matter: b (keep for P10Y from created) comes first")],
        ),
        (
            _rule("a", "P1Y", more="valid: {until: 2026-11-01}"),
            [("LG111", 5, "a: this ended on 2026-11-01, and does nothing any more")],
        ),
    ],
)
def test_what_never_matters_and_what_contradicts(
    bench: Bench, text: str, expected: list[tuple[str, int, str]]
) -> None:
    """Each case is a document; what is expected are all warnings about it."""
    bench.write("retention.yaml", f"rules:\n{text}", kind="Retention")
    problems = [each for each in bench.check().problems if each.code != "LG113"]
    assert [(each.code, each.line, each.message) for each in problems] == expected
    assert {each.severity for each in problems} <= {"warning"}


def test_somebody_may_answer_for_a_contradiction(bench: Bench) -> None:
    """A waiver in the rule silences LG133 like any warning."""
    waive = "waive: [{code: LG133, because: The duty is meant to hold., until: 2027-06-30}]"
    text = _rule("a", "P1Y", more=waive) + _rule("b", "P10Y", "keep", "objects: [Contact], fields: [Name]")
    bench.write("retention.yaml", f"rules:\n{text}", kind="Retention")
    assert [each.code for each in bench.check().problems if each.code != "LG113"] == []


def test_fields_and_objects_are_told_how_long_they_are_kept(
    load: Callable[[str], Retention], catalogues: Mapping[str, Catalogue]
) -> None:
    """The lines that the matrix and explain print."""
    retention = load(f"rules:\n{_rule('a', 'P1Y', on='objects: [Contact], fields: [Name, Phone]')}{HOLD}")
    cells = Cells(catalogues)
    assert list(told_of(retention, cells, "crm", "Contact", "Name")) == [
        "a: erase after P1Y from created",
        "suit: held",
    ]
    assert next(told_of(retention, cells, "crm", "Contact")) == (
        "a: erase after P1Y from created on Contact.Name, Contact.Phone"
    )
    assert list(told_of(retention, cells, "hub", "contacts")) == []


def test_objects_with_personal_data_and_no_term_are_found(
    load: Callable[[str], Retention], catalogues: Mapping[str, Catalogue]
) -> None:
    """Organisations have no personal data, and need no term."""
    assert objects_without_term(load(""), catalogues) == ["Contact of crm", "contacts of hub"]
    assert objects_without_term(load(f"rules:\n{_rule('a', 'P1Y')}"), catalogues) == ["contacts of hub"]
