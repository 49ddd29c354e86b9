"""Declared words, linked."""

from typing import Any

import pytest

from proxy.model import Mask

DIGEST = "a" * 64
KEY = f"keys: [{{sha256: {DIGEST}}}]}}"
CLIENT = "{recipient: desk, roles: [agent], purposes: [support, marketing], default_purpose: support"


def test_a_client_becomes_what_identity_works_with(bench: Any) -> None:
    """Recipient, roles, purposes and every kind of credential arrive in the model's Client."""
    bench.write(
        "clients.yaml",
        f"clients:\n  helpdesk: {CLIENT}, kind: agent, keys: [{{sha256: {DIGEST}, label: laptop}}],\n"
        "    certificates: ['dns:helpdesk.internal'], jwt: {issuer: corp, claim: azp, value: helpdesk}}\n",
        kind="Vocabulary",
    )
    client = bench.check().policies.clients["helpdesk"]
    assert (client.recipient.name, client.recipient.country) == ("desk", "IE")
    assert (client.roles, client.purposes) == ({"agent"}, {"support", "marketing"})
    assert (client.default_purpose, client.kind) == ("support", "agent")
    assert (client.key_digests, client.sans) == ({DIGEST}, {"dns:helpdesk.internal"})
    assert dict(client.jwt) == {"issuer": "corp", "claim": "azp", "value": "helpdesk"}


def test_words_of_several_documents_add_up(bench: Any) -> None:
    """Clients may stand in a vocabulary of their own, and use the roles of another."""
    bench.write("roles.yaml", "roles: {temp: {}}\n", kind="Vocabulary")
    bench.write(
        "clients.yaml", "clients:\n  c: {recipient: desk, roles: [temp], purposes: [support]}\n", "Vocabulary"
    )
    policies = bench.check().policies
    assert set(policies.roles) == {"agent", "lead", "officer", "temp"}
    assert policies.clients["c"].roles == {"temp"}


def test_masks_keep_their_parameters(bench: Any) -> None:
    """A mask is its kind and parameters; its strength is not one of them."""
    masks = bench.check().policies.masks
    assert masks["last4"] == Mask("last4", "keep_last", (("n", 4),))
    assert masks["firm"] == Mask("firm", "keep_last", (("n", 2),))


@pytest.mark.parametrize(
    ("text", "code", "line", "message"),
    [
        ("roles: {agent: {}}", "LG107", 4, 'role "agent" stands twice'),
        ("masks: {year: {kind: year_only}}", "LG107", 4, 'mask "year" stands twice'),
        (
            "clients:\n  c: {recipient: dsk, roles: [agent], purposes: [support]}",
            "LG101",
            5,
            'unknown recipient "dsk"',
        ),
        (
            "clients:\n  c: {recipient: desk, roles: [boss], purposes: [support]}",
            "LG101",
            5,
            'unknown role "boss"',
        ),
        ("clients:\n  c: {recipient: desk, roles: [agent], purposes: [x]}", "LG101", 5, 'unknown purpose "x"'),
        (
            "clients:\n  c: {recipient: desk, roles: [agent], purposes: [support], default_purpose: marketing}",
            "LG101",
            5,
            'default_purpose "marketing" is not among',
        ),
        (
            f"clients:\n  c: {CLIENT}, {KEY}\n  d: {CLIENT}, {KEY}",
            "LG107",  # whoever holds this key would be two clients
            6,
            "key digest",
        ),
        (
            f"clients:\n  c: {CLIENT}, certificates: ['dns:x']}}\n  d: {CLIENT}, certificates: ['dns:x']}}",
            "LG107",
            6,
            "certificate name",
        ),
        ("masks:\n  m: {kind: kep_last}", "LG117", 5, "there is no kind of mask called 'kep_last'"),
        ("masks:\n  m: {kind: keep_last}", "LG117", 5, "a mask of this kind needs 'n'"),
        ("masks:\n  m: {kind: keep_last, n: [4]}", "LG117", 5, "expected text or a whole number"),
        ("masks:\n  m: {kind: year_only, strength: 0}", "LG117", 5, "Input should be greater"),
        ("purposes:\n  p: {lawful_basis: contract, consent: p}", "LG117", 5, "consent has no meaning without"),
        ("purposes:\n  p: {lawful_basis: profit}", "LG101", 5, 'unknown lawful_basis "profit"'),
        ("recipients:\n  r: {country: Ireland}", "LG117", 5, '"Ireland" is not of the form'),
        ("variables: {x: a &}", "LG121", 4, ""),
        ("variabls: {x: y}", "LG101", 4, 'unknown key "variabls"'),
    ],
)
def test_a_wrong_word_is_told_where_it_stands(bench: Any, text: str, code: str, line: int, message: str) -> None:
    """Each mistake in a vocabulary is a located problem."""
    bench.write("words.yaml", f"{text}\n", kind="Vocabulary")
    found = [each for each in bench.found() if each[3].startswith(message)]
    assert [each[:2] for each in found] == [(code, line)], bench.found()


def test_a_purpose_without_a_lawful_basis_is_a_warning(bench: Any) -> None:
    """It can be put in force, but somebody should say what makes it lawful (LG108)."""
    bench.write("more.yaml", "purposes: {curiosity: {}}\n", kind="Vocabulary")
    checked = bench.check()
    assert [(each.code, each.severity) for each in checked.problems] == [("LG108", "warning")]
    assert checked.policies is not None
