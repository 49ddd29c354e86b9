"""What deletes come to, and who agrees, before and after."""

import pytest

from proxy.policy.compile import PolicySet
from proxy.policy.plan import Verdict, notes
from tests.policy.conftest import Bench

LOOSENED, TIGHTENED, MIXED = Verdict.LOOSENED, Verdict.TIGHTENED, Verdict.MIXED
TWO = "consent: {roles: [lead], people: 2, cooling_off_hours: 1}"
ONE = "consent: {roles: [lead], people: 1, cooling_off_hours: 1}"
ANY = "consent: {roles: [lead, agent], people: 2, cooling_off_hours: 1}"
LONG = "consent: {roles: [lead], people: 2, cooling_off_hours: 1, valid_hours: 48}"
REFUSE = "rules: [{id: r, on: {objects: [Contact]}, then: refuse, because: A reason.}]"
CASE = "rules: [{id: r, on: {objects: [Contact]}, then: case, ground: objection}]"
FEW = "rules: [{id: r, on: {objects: [Contact]}, roles: [agent], then: refuse, because: A reason.}]"
BACK = "who would store an erased person again"
AGREE, RULE = "who agrees to an erasure", "deletes by r"


def _set(bench: Bench, text: str) -> PolicySet:
    bench.write("erasure.yaml", text, kind="Erasure")
    checked = bench.check("grants: []")
    assert checked.policies is not None, checked.problems
    return checked.policies


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (TWO, ONE, [(LOOSENED, AGREE, "people who agree: 1, before 2")]),
        (ONE, TWO, [(TIGHTENED, AGREE, "people who agree: 2, before 1")]),
        (TWO, ANY, [(LOOSENED, AGREE, "gains role agent")]),
        (ANY, TWO, [(TIGHTENED, AGREE, "loses role agent")]),
        (TWO, LONG, [(LOOSENED, AGREE, "seconds for which an agreement is good: 172800, before 86400")]),
        (TWO, "rules: []", [(TIGHTENED, AGREE, "is gone: nobody can")]),
        ("rules: []", TWO, [(LOOSENED, AGREE, "is new: role lead")]),
        (REFUSE, "rules: []", [(LOOSENED, RULE, "pass, before refuse")]),
        ("rules: []", REFUSE, [(TIGHTENED, RULE, "refuse, before pass")]),
        (REFUSE, FEW, [(MIXED, RULE, "changes whose deletes of what it is about")]),
        (
            "returns: quarantine",
            "returns: refuse",
            [(None, BACK, "is refused")],
        ),
        ("law: gdpr", "law: appi", [(MIXED, "the law of erasures", "appi, before gdpr")]),
        (TWO, TWO, []),
    ],
)
def test_what_changes_is_told_with_its_way(
    bench: Bench, old: str, new: str, expected: list[tuple[Verdict | None, str, str]]
) -> None:
    """A delete that reaches the CRM, and one person fewer, open."""
    found = notes(_set(bench, old), _set(bench, new))
    assert [(note.verdict, note.what, note.text) for note in found] == expected


def test_a_case_instead_of_a_refusal_opens_and_has_another_answer(bench: Bench) -> None:
    """Both are told."""
    old, new = (_set(bench, f"{TWO}\n{rule}") for rule in (REFUSE, CASE))
    assert [(note.verdict, note.text) for note in notes(old, new)] == [
        (LOOSENED, "case, before refuse"),
        (None, "changes what is answered, or the ground of the case"),
    ]
