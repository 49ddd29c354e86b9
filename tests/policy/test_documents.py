"""What a document may look like, before names mean anything."""

from typing import Any

import pytest

RULE = "{id: a, effect: allow, actions: [read], on: {objects: [Contact]}%s}"


@pytest.mark.parametrize(
    ("extra", "code", "message"),
    [
        (", roles: []", "LG117", "the list is empty"),  # nobody, or everybody? not guessed
        (", except: {}", "LG117", "names nobody"),
        (", except: {roles: []}", "LG117", "the list is empty"),
        (", valid: {}", "LG117", "valid needs from or until"),
        (", valid: {from: 2027-01-02, until: 2027-01-01}", "LG117", "valid ends before it begins"),
        (", valid: {until: 2027-02-30}", "LG117", "expected a date"),
        (", mode: observe", "LG101", 'unknown mode "observe"'),
        (", purpose: [support]", "LG101", 'unknown key "purpose" (did you mean "purposes"?)'),
        (", priority: 1", "LG101", 'unknown key "priority"'),  # there are none
    ],
)
def test_a_rule_that_could_be_read_two_ways_is_refused(bench: Any, extra: str, code: str, message: str) -> None:
    """Whatever would need guessing is a located problem."""
    found = bench.found(f"grants:\n  - {RULE % extra}\n")
    assert [(each[0], each[1], each[3].startswith(message)) for each in found] == [(code, 5, True)], found


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("grants:\n  - {effect: allow, actions: [read]}", 'missing key "id"'),
        ("grants:\n  - {id: a, actions: [read]}", 'missing key "effect"'),
        ("grants:\n  - {id: a, effect: allow}", 'missing key "actions"'),  # "*" has to be written
        ("grants:\n  - {id: a, effect: allow, actions: []}", "the list is empty"),
        ("grants:\n  - {id: a, effect: allow, actions: [raed]}", 'unknown word "raed"'),
        ("grants:\n  - {id: 'a b', effect: allow, actions: [read]}", '"a b" is not of the form'),
        ("grants:\n  - {id: 'built-in:x', effect: allow, actions: [read]}", '"built-in:x" is not of the form'),
        ("grant: []", 'unknown key "grant" (did you mean "grants"?)'),
    ],
)
def test_what_a_rule_needs_is_asked_for(bench: Any, rules: str, message: str) -> None:
    """A missing or empty part is told, never filled in."""
    messages = [each[3] for each in bench.found(rules)]
    assert any(each.startswith(message) for each in messages), messages


def test_another_version_of_the_language_is_refused(bench: Any) -> None:
    """A document says which language it is written in."""
    bench.write("p.yaml", "apiVersion: lychgate.dev/v2\nkind: Policy\nmetadata: {name: x}\n")
    assert [each[:3] for each in bench.found()] == [("LG101", 1, 13)]


@pytest.mark.parametrize(
    "client",
    [
        "{recipient: desk, roles: [agent], purposes: [support], keys: [{sha256: abc}]}",
        "{recipient: desk, roles: [agent], purposes: [support], keys: [{sha256: lg_secret}]}",  # the key itself
        "{recipient: desk, roles: [agent], purposes: [support], certificates: [helpdesk]}",
        "{recipient: desk, roles: [], purposes: [support]}",
        "{recipient: desk, roles: [agent], purposes: [support], jwt: {issuer: corp}}",
    ],
)
def test_a_client_has_usable_credentials_and_at_least_one_role(bench: Any, client: str) -> None:
    """A credential is a digest, a certificate name or a token mark, and nothing else."""
    bench.write("clients.yaml", f"clients:\n  c: {client}\n", kind="Vocabulary")
    assert [each[0] for each in bench.found()] == ["LG117"] * len(bench.found())
    assert bench.found()


def test_a_key_written_in_place_of_its_digest_is_not_repeated(bench: Any) -> None:
    """What may be a credential stays out of the message, which ends up in logs."""
    client = "{recipient: desk, roles: [agent], purposes: [support], keys: [{sha256: lg_secret}]}"
    bench.write("clients.yaml", f"clients:\n  c: {client}\n", kind="Vocabulary")
    assert [("lg_secret" in each[3], each[1]) for each in bench.found()] == [(False, 5)]
