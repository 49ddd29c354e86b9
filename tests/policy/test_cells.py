"""What the checks are made of: fields that rules match, and callers within callers."""

from collections.abc import Mapping

import pytest

from proxy.model import Action, Catalogue, Effect
from proxy.policy.cells import Cells, Walls, callers_within, covers, listed, overlap
from proxy.policy.rules import Callers, On, Rule

READ = frozenset({Action.READ})


def _names(*names: str) -> frozenset[str]:
    return frozenset(names)


def _rule(id_: str, *fields: str, actions: frozenset[Action] = READ, **callers: frozenset[str]) -> Rule:
    on = On(objects=_names("Contact"), fields=frozenset(fields)) if fields else On()
    return Rule(id_, "guard", Effect.DENY, actions, callers=Callers(**callers), on=on)


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        (Callers(), Callers(), True),
        (Callers(roles=_names("a")), Callers(), True),
        (Callers(), Callers(roles=_names("a")), False),
        (Callers(roles=_names("a")), Callers(roles=_names("a", "b")), True),
        (Callers(roles=_names("a", "b")), Callers(roles=_names("a")), False),
        (Callers(roles=_names("a")), Callers(purposes=_names("p")), False),
    ],
)
def test_callers_lie_within_others_if_every_selector_does(inner: Callers, outer: Callers, inside: bool) -> None:
    """A selector that is left out fits everybody."""
    assert callers_within(inner, outer) is inside


def test_selectors_overlap_unless_both_name_others() -> None:
    """None stands for any."""
    assert overlap(None, _names("a"))
    assert overlap(_names("a", "b"), _names("b"))
    assert not overlap(_names("a"), _names("b"))


def test_several_walls_together_shut_a_rule_if_each_cell_has_one(catalogues: Mapping[str, Catalogue]) -> None:
    """A wall for other callers or fewer actions does not count."""
    cells = Cells(catalogues)
    rule = _rule("r", "Name", "Phone", roles=_names("agent"))
    one, other = _rule("one", "Name"), _rule("other", "Phone", roles=_names("agent", "lead"))
    assert Walls([one, other], cells).shutting(rule) in (one, other)
    assert Walls([one], cells).shutting(rule) is None
    assert Walls([one, _rule("x", "Phone", roles=_names("lead"))], cells).shutting(rule) is None
    assert covers(one, rule)
    assert not covers(one, _rule("more", "Name", actions=frozenset({Action.READ, Action.LIST})))


def test_cells_know_what_the_connector_says(catalogues: Mapping[str, Catalogue]) -> None:
    """The record itself has a category of its own."""
    cells = Cells(catalogues)
    assert cells.spec(("crm", "Contact", "Phone")).category == "user.contact.phone_number"
    assert cells.spec(("crm", "Contact", "")).category == "system.record"
    assert cells.of(_rule("r", "Phone")) == {("crm", "Contact", "Phone")}


def test_long_lists_are_cut() -> None:
    """A message names a few fields and how many more there are."""
    many = [("crm", "Contact", name) for name in "fedcba"]
    assert listed(many) == "Contact.a, Contact.b, Contact.c, Contact.d and 2 more"
    assert listed([("crm", "Contact", "")]) == "Contact"
