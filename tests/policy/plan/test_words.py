"""What changes beside the cells."""

from copy import deepcopy
from typing import Any

import pytest

from proxy.policy.compile import PolicySet
from proxy.policy.plan import Verdict, notes

WORDS = """\
roles: {agent: {}, lead: {}}
purposes: {support: {lawful_basis: contract}, mail: {lawful_basis: legitimate_interests}}
recipients: {desk: {country: IE}, abroad: {country: US}}
clients:
  helpdesk: {recipient: desk, roles: [agent], purposes: [support]}
"""
LOOSENED, TIGHTENED, MIXED = Verdict.LOOSENED, Verdict.TIGHTENED, Verdict.MIXED


def _set(bench: Any, words: str) -> PolicySet:
    bench.write("vocabulary.yaml", words, kind="Vocabulary")
    policies = bench.check().policies
    assert isinstance(policies, PolicySet)
    return policies


@pytest.mark.parametrize(
    ("old", "new", "verdict", "what", "text"),
    [
        ("roles: [agent]", "roles: [agent, lead]", LOOSENED, "client helpdesk", "gains role lead"),
        ("roles: [agent]", "roles: [lead]", LOOSENED, "client helpdesk", "gains role lead"),
        ("roles: [agent]", "roles: [lead]", TIGHTENED, "client helpdesk", "loses role agent"),
        ("[support]}", "[support, mail]}", LOOSENED, "client helpdesk", "gains purpose mail"),
        (
            "recipient: desk",
            "recipient: abroad",
            MIXED,
            "client helpdesk",
            "now calls for abroad, before for desk",
        ),
        ("  helpdesk:", "  portal:", TIGHTENED, "client helpdesk", "is gone"),
        (
            "  helpdesk:",
            "  portal:",
            LOOSENED,
            "client portal",
            "is new: roles agent; purposes support; for desk",
        ),
        (
            "[support]}",
            "[support], default_purpose: support}",
            None,
            "client helpdesk",
            "default purpose none -> support",
        ),
        (
            "[support]}",
            '[support], certificates: ["dns:a.example"]}',
            MIXED,
            "client helpdesk",
            "certificate names: 1 added, 0 removed",
        ),
        (
            "[support]}",
            "[support], keys: [{sha256: " + "ab" * 32 + "}]}",
            MIXED,
            "client helpdesk",
            "keys: 1 added, 0 removed",
        ),
        (
            "[support]}",
            "[support], jwt: {issuer: corp, claim: azp, value: x}}",
            MIXED,
            "client helpdesk",
            "token marks: 3 added, 0 removed",
        ),
        (
            "[support]}",
            "[support], kind: human}",
            MIXED,
            "client helpdesk",
            "now counts as human, before as integration",
        ),
        (
            "support: {lawful_basis: contract}",
            "support: {lawful_basis: public_task}",
            None,
            "purpose support",
            "lawful basis contract -> lawful basis public_task",
        ),
        ("country: US", "country: JP", None, "recipient abroad", "internal, US -> internal, JP"),
        ("lead: {}", "lead: {}, chief: {}", None, "", ""),  # a role is what rules and clients make of it
    ],
)
def test_who_may_be_which_caller_is_part_of_a_review(
    bench: Any, old: str, new: str, *, verdict: Verdict | None, what: str, text: str
) -> None:
    """A role or purpose that a client gains opens; so may a new credential, in new hands."""
    assert old in WORDS
    found = notes(_set(bench, WORDS), _set(bench, WORDS.replace(old, new)))
    told = [(note.verdict, note.what, note.text) for note in found]
    assert (verdict, what, text) in told if what else told == []


CONNECTOR: dict[str, Any] = {
    "metadata": {"name": "crm"},
    "routes": [{"match": "DELETE /x/{id}", "action": "delete"}],
    "objects": {
        "Contact": {
            "fields": {"Name": {"category": "user.name"}},
            "attributes": {"open": {"field": "Open", "type": "bool"}},
            "parents": {"owner": {"object": "User", "via": "OwnerId"}},
        }
    },
}


@pytest.mark.parametrize(
    ("where", "value", "parts"),
    [
        (("routes", 0, "action"), "read", ["routes"]),
        (("patterns",), {"id": ".*"}, ["patterns"]),
        (("headers",), {"refuse": []}, ["headers"]),
        (("objects", "Contact", "parents"), {}, ["parents of Contact"]),
        (("objects", "Contact", "unasked"), ["Name"], ["unasked of Contact"]),
        (("objects", "Contact", "fields", "Name", "semantic"), "email", ["fields of Contact"]),
        (("objects", "Contact", "attributes", "open", "field"), "Other", ["attributes of Contact"]),
        (("objects", "Contact", "fields", "Name", "category"), "user.contact", []),  # cells show it
        (("objects", "Contact", "fields", "Phone"), {"category": "user.contact"}, []),
        (("objects", "Contact", "attributes", "new"), {"field": "New", "type": "bool"}, []),
    ],
)
def test_what_a_request_counts_as_is_part_of_a_review(
    bench: Any, where: tuple[str | int, ...], value: object, parts: list[str]
) -> None:
    """It decides which question is put to policy; whether it opens, no cell can say, so it counts as both."""
    changed = deepcopy(CONNECTOR)
    inner: Any = changed
    for step in where[:-1]:
        inner = inner[step]
    inner[where[-1]] = value
    bench.connectors = {"crm": CONNECTOR}
    old = _set(bench, WORDS)
    bench.connectors = {"crm": changed}
    told = notes(old, _set(bench, WORDS))
    why = "what a request or an answer counts as"
    assert [(note.verdict, note.what, note.text) for note in told] == [
        (MIXED, "connector crm", f"changes {part}: {why}") for part in parts
    ]
    bench.connectors = {}
    assert [note.text for note in notes(_set(bench, WORDS), old)] == ["is new"]


def test_nothing_is_told_of_a_set_and_itself(bench: Any) -> None:
    """No noise."""
    assert notes(_set(bench, WORDS), _set(bench, WORDS)) == ()


def test_a_credential_that_is_gone_opens_nothing(bench: Any) -> None:
    """Only an added one can."""
    held = WORDS.replace("[support]}", '[support], certificates: ["dns:a.example"]}')
    (note,) = notes(_set(bench, held), _set(bench, WORDS))
    assert (note.verdict, note.text) == (TIGHTENED, "certificate names: 0 added, 1 removed")
