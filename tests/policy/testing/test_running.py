"""Cases put to the policy: effects, values, and what failing says."""

from typing import Any

import pytest

from proxy.policy.testing import trace_of


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ({}, "{Id: allow, Name: allow}"),
        ({}, "{Phone: mask}"),
        ({}, "{Phone: mask(ending)}"),
        ({}, '{Phone: "***67"}'),  # the value itself, carried out as for a request
        ({}, "{Id: 7, Name: Mara}"),
        ({}, "{Notes: absent}"),  # no grant opens it
        ({}, "{Phone: mask, Notes: absent, '*': allow}"),
        ({"caller": "lead"}, "{Name: allow, Phone: absent}"),
        ({"caller": "client"}, "{Phone: mask}"),
        ({"record": "hidden"}, "{Id: allow, '*': absent}"),
        ({"action": "list"}, "{Phone: deny}"),  # deny and absent are the same
        ({"action": "filter"}, "{Name: allow, Phone: deny}"),
        ({"action": "filter", "record": "hidden"}, "{Name: allow}"),  # the guard is for read and list
        ({"action": "delete"}, "{(record): deny}"),
    ],
)
def test_what_comes_out_as_expected_passes(trial: Any, ask: Any, given: dict[str, str], expect: str) -> None:
    """Effects, masks by name and exact values of fields, of the rest, and of the record itself."""
    results = trial.run(ask(**given, expect=expect))
    assert [each.mismatches for each in results.results] == [()]


@pytest.mark.parametrize(
    ("given", "expect", "wrong"),
    [
        ({}, "{Phone: allow}", ("Phone", "allow", "mask(ending)", "phones")),
        ({}, "{Phone: mask(other)}", ("Phone", "mask(other)", "***67 (mask(ending))", "phones")),
        ({}, "{Phone: '***68'}", ("Phone", "***68", "***67 (mask(ending))", "phones")),
        ({}, '{Id: "7"}', ("Id", "7", "7 (allow)", "names")),  # text is not a number
        ({}, "{Id: true}", ("Id", "True", "7 (allow)", "names")),
        ({}, "{Notes: {value: none}}", ("Notes", "none", "absent", "")),
        ({}, "{Notes: null}", ("Notes", "None", "absent", "")),
        ({"record": "hidden"}, "{Name: allow}", ("Name", "allow", "absent", "restricted")),
        ({"action": "delete"}, "{(record): allow}", ("", "allow", "absent", "")),
        ({"action": "list"}, "{Id: allow, Name: allow, '*': mask}", ("Phone", "mask", "absent", "")),
    ],
)
def test_what_does_not_is_told_with_the_rule(
    trial: Any, ask: Any, given: dict[str, str], expect: str, wrong: tuple[str, ...]
) -> None:
    """Field, what was expected, what came out, and who decided."""
    (result,) = trial.run(ask(**given, expect=expect)).failed
    first = result.mismatches[0]
    assert (first.field, first.expected, first.got, first.rule) == wrong


def test_the_clock_is_that_of_the_document(trial: Any, ask: Any) -> None:
    """Rules with a last day and conditions about now see the document's time, whatever today is."""
    trial.rules(
        "grants:\n"
        "  - {id: names, effect: allow, recipients: [desk], on: {fields: [Name]}, actions: [read],"
        " valid: {until: 2027-01-31}}\n"
        "  - {id: ids, effect: allow, recipients: [desk], on: {fields: [Id]}, actions: [read],"
        ' when: now < timestamp("2027-02-01T00:00:00Z")}\n'
    )
    document = trial.check(ask(expect="{Name: allow, Id: allow}"))
    assert [each.now.year for each in document.tests] == [2026]
    assert not trial.run(ask(expect="{Name: allow, Id: allow}")).failed
    text = (trial.folder / "own.test.yaml").read_text().split("tests:")[0] + "tests:\n"
    later = text.replace("2026-11-23", "2027-02-01")
    assert not trial.run(ask(expect="{Name: absent, Id: absent}"), later).failed


def test_rows_are_cases_with_names_of_their_own(trial: Any, ask: Any) -> None:
    """A row takes from its test what it does not say, and is reported by name."""
    rows = (
        "  - name: names\n    caller: agent\n    purpose: support\n    record: mara\n    table:\n"
        "      - {action: read, expect: {Name: allow}}\n"
        "      - {name: by list, action: list, expect: {Name: redact}}\n"
    )
    results = trial.run(rows)
    assert [(each.case.name, each.passed) for each in results.results] == [
        ("names [read]", True),
        ("names [by list]", False),
    ]
    assert results.failed[0].case.place.endswith("own.test.yaml:19:9")


def test_a_failure_can_be_explained(trial: Any, ask: Any) -> None:
    """The trace has every rule with what its conditions saw."""
    checked = trial.check(ask(record="hidden", expect="{Name: allow}"))
    found = trace_of(checked.policies, checked.tests[0], "Name")
    counted = {each.rule.id: each.counts for each in found.considered}
    assert counted == {"names": True, "restricted": True}
    (atom,) = next(each.atoms for each in found.considered if each.rule.id == "restricted")
    assert (atom.text, atom.answer) == ("resource.restricted", True)
    assert [(each.name, each.value, each.classified) for each in atom.values] == [
        ("resource.restricted", True, True)
    ]
