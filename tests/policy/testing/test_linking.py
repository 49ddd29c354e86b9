"""Names in tests, each unknown one told at its place."""

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("given", "word", "code", "message"),
    [
        ({"caller": "agnet"}, "agnet", "LG101", 'unknown caller "agnet" (did you mean "agent"?)'),
        ({"purpose": "suport"}, "suport", "LG101", 'unknown purpose "suport" (did you mean "support"?)'),
        ({"record": "mra"}, "mra", "LG101", 'unknown record "mra" (did you mean "mara"?)'),
        ({"action": "raed"}, "raed", "LG101", 'unknown action "raed" (did you mean "read"?)'),
        (
            {"expect": "{Nmae: allow}"},
            "allow",
            "LG101",
            'unknown field of Contact "Nmae" (did you mean "Name"?)',
        ),
        ({"expect": "{Name: alow}"}, "", "LG117", ""),
        (
            {"expect": "{Phone: mask(endin)}"},
            "mask(endin)",
            "LG101",
            'unknown mask "endin" (did you mean "ending"?)',
        ),
        ({"expect": "{'*': shown}"}, "shown", "LG117", 'a value "shown" cannot come out'),
        ({"expect": "{Name: {is: x}}"}, "{is", "LG117", "expected a word, a value, or {value: ...}"),
        ({"expect": "{Name: Mara}", "action": "filter"}, "", "LG117", 'a value "Mara" cannot come out: filter'),
        ({"expect": "{}"}, "", "LG117", "the list is empty; name"),
        (
            {"expect": "{Name: allow}", "caller": "client", "purpose": "news"},
            "",
            "LG117",
            "client helpdesk is not",
        ),
        ({"exect": "{Name: allow}"}, "exect", "LG101", 'unknown key "exect" (did you mean "expect"?)'),
        ({"x": "1"}, "x:", "LG101", 'unknown key "x"'),
    ],
)
def test_a_wrong_name_is_an_error_at_its_place(  # noqa: PLR0917
    trial: Any, ask: Any, given: dict[str, str], word: str, code: str, message: str
) -> None:
    """Callers, purposes, records, actions, fields, masks and words; the near one is named."""
    said = given if "expect" in given else {**given, "expect": "{Name: allow}"}
    problems = [each for each in trial.check(ask(**said)).problems if each.severity == "error"]
    if message:
        (found,) = problems
        assert (found.code, found.message.startswith(message)) == (code, True)
        line = (trial.folder / "own.test.yaml").read_text().splitlines()[found.line - 1]
        assert line[found.column - 1 :].startswith(word)
    else:
        assert problems == []  # a word of a record's own is a value


@pytest.mark.parametrize(
    ("was", "now", "code", "message"),
    [
        ("object: Contact", "object: Contct", "LG101", 'unknown object "Contct" (did you mean "Contact"?)'),
        ("object: Contact", "object: Contact, connector: crn", "LG101", 'unknown connector "crn"'),
        ("object: Contact, ", "", "LG117", 'missing key "object"'),
        ("Name: Mara", "Nmae: Mara", "LG101", 'unknown field of Contact "Nmae"'),
        ("restricted: true", "restrictd: true", "LG101", 'unknown attribute of Contact "restrictd"'),
        ("restricted: true", "restricted: yes", "LG117", "expected bool, as the connector says"),
        ("restricted: true", "consents: news", "LG117", "expected list<string>, as the connector says"),
        ("restricted: true", "seen: yesterday", "LG117", "expected timestamp, as the connector says"),
        ("extends: mara", "extends: mra", "LG101", 'unknown record "mra"'),
        ("extends: mara", "extends: hidden", "LG117", "a record cannot extend itself"),
        ("roles: [agent]", "roles: [agnt]", "LG101", 'unknown role "agnt"'),
        ("[agent], recipient: desk", "[agent], recipient: dsk", "LG101", 'unknown recipient "dsk"'),
        ("client: helpdesk", "client: helpdsk", "LG101", 'unknown client "helpdsk"'),
        ("client: helpdesk", "client: helpdesk, roles: [agent]", "LG117", "a client says roles"),
        ("[agent], recipient: desk", "[agent]", "LG117", "a caller needs client, or roles and recipient"),
        ("T09:00:00Z", "T09:00:00", "LG117", "Input should have timezone info"),
        ("now: ", "nwo: ", "LG101", 'unknown key "nwo"'),
    ],
)
def test_records_and_callers_are_checked(  # noqa: PLR0917
    trial: Any, ask: Any, was: str, now: str, code: str, message: str
) -> None:
    """What they are made of is held against vocabulary and connectors, also where no test uses it."""
    trial.check(ask(expect="{Name: allow}"))
    text = (trial.folder / "own.test.yaml").read_text()
    assert was in text
    problems = trial.check("", text.replace(was, now, 1)).problems
    found = [(each.code, each.message) for each in problems]
    assert any(each[0] == code and each[1].startswith(message) for each in found), found


def test_a_test_says_one_thing(trial: Any, ask: Any) -> None:
    """Two tests of one name, and a test without anything to expect, are errors."""
    twice = trial.check(ask(expect="{Name: allow}") + ask(expect="{Id: allow}"))
    assert [each.code for each in twice.problems if each.severity == "error"] == ["LG107"]
    empty = trial.check("  - {name: t, caller: agent}\n")
    assert [each.message for each in empty.problems if each.severity == "error"] == [
        "a test needs either expect or table"
    ]
    for tests, message in (
        ("  []\n", "the list is empty; write at least one test"),
        ("  - {name: t, table: []}\n", "the list is empty; write at least one row"),
    ):
        none = trial.check(tests)
        assert [each.message for each in none.problems if each.severity == "error"] == [message]


def test_tests_do_not_change_the_digest(trial: Any, ask: Any) -> None:
    """No decision depends on them, so a set with another test is the same set."""
    one = trial.check(ask(expect="{Name: allow}")).policies
    other = trial.check(ask(expect="{Id: allow}")).policies
    assert one.digest == other.digest
