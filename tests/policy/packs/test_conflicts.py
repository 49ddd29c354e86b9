"""Where packs differ is said, and nothing else is."""

from typing import Any

import pytest

from proxy.policy.packs import conflicts


def _guard(pack: str, effect: str, rest: str = "") -> str:
    on = "on: {categories: [user.contact.phone_number]}"
    return f"guards:\n  - {{id: {pack}.g, effect: {effect}, {on}, actions: [read]{rest}}}\n"


def _said(bench: Any, one: str, other: str) -> list[str]:
    bench.write("packs/one/rules.yaml", one, kind="Policy")
    bench.write("packs/two/rules.yaml", other, kind="Policy")
    bench.write("packs.yaml", "packs: [one, two]\n", kind="Vocabulary")
    return list(conflicts(bench.check().policies))


def test_the_stricter_of_two_packs_is_named(bench: Any) -> None:
    """Both guards, their effects, the fields, and which of them holds."""
    assert _said(bench, _guard("one", "redact"), _guard("two", "deny")) == [
        "one.g (redact) and two.g (deny) meet on Contact.Phone, contacts.phone: deny holds"
    ]


@pytest.mark.parametrize(
    ("effect", "rest"),
    [
        ("redact", ""),  # the same effect
        ("deny", ", purposes: [support], except: {purposes: [support]}"),  # for nobody
        ("deny", ", mode: audit"),  # only observed
    ],
)
def test_packs_that_agree_or_never_meet_are_no_conflict(bench: Any, effect: str, rest: str) -> None:
    """A line for everything would be read by nobody."""
    assert _said(bench, _guard("one", "redact"), _guard("two", effect, rest)) == []


def test_guards_of_the_own_set_are_no_conflict(bench: Any) -> None:
    """Only packs can surprise whoever took them in."""
    bench.write("own.yaml", _guard("own", "deny"), kind="Policy")
    assert _said(bench, _guard("one", "redact"), _guard("two", "redact")) == []
