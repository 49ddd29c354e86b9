"""What one rule matches."""

from collections.abc import Mapping
from datetime import date

import pytest

from proxy.model import Action, Catalogue, Effect
from proxy.policy.rules import Callers, On, Rule

DAY = date(2026, 11, 23)
LISTED = {"Id", "Name", "Phone", "City", "Born", "Health", "Notes"}


@pytest.mark.parametrize(
    ("on", "fields"),
    [
        (On(), LISTED | {""}),  # no selector: every listed field and the record itself
        (On(objects=frozenset({"Contact"})), LISTED | {""}),
        (On(objects=frozenset({"Account"})), set()),  # objects narrow
        (On(connectors=frozenset({"hub"})), set()),  # and so do connectors
        (On(connectors=frozenset({"crm"}), fields=frozenset({"Name"})), {"Name"}),
        (On(categories=frozenset({"user.contact"})), {"Phone", "City"}),  # a parent matches all below it
        (On(categories=frozenset({"user.contact.address.city"})), {"City"}),
        (On(categories=frozenset({"system"})), {"Id", ""}),  # the record itself is system.record
        (On(categories=frozenset({"system.record"})), {""}),
        (On(tags=frozenset({"special"})), {"Health"}),
        (On(fields=frozenset({"New"})), set()),  # unclassified: listed by name is not enough
        (On(categories=frozenset({"unclassified"})), set()),
        (
            On(categories=frozenset({"user.name"}), tags=frozenset({"free_text"}), fields=frozenset({"Id"})),
            {"Name", "Notes", "Id"},  # these three add up
        ),
    ],
)
def test_objects_narrow_while_categories_tags_and_fields_add_up(
    catalogues: Mapping[str, Catalogue], on: On, fields: set[str]
) -> None:
    """A selector matches listed and classified fields only."""
    assert on.within("crm", catalogues["crm"]["Contact"]) == fields


@pytest.mark.parametrize(
    ("callers", "fits"),
    [
        (Callers(), True),
        (Callers(roles=frozenset({"lead", "agent"})), True),  # one role in common is enough
        (Callers(roles=frozenset({"officer"})), False),
        (Callers(roles=frozenset({"agent"}), purposes=frozenset({"marketing"})), False),  # all must fit
        (Callers(purposes=frozenset({"support"}), recipients=frozenset({"desk"})), True),
        (Callers(recipients=frozenset({"mailer"})), False),
        (Callers(roles=frozenset()), False),  # nobody, not everybody
    ],
)
def test_every_selector_of_callers_must_fit(callers: Callers, fits: bool) -> None:
    """A caller is meant when each given selector has room for it."""
    assert callers.fit(frozenset({"agent", "temp"}), "support", "desk") is fits


def test_except_leaves_out_only_callers_who_fit_all_of_it() -> None:
    """`except` with a role and a purpose spares that role for that purpose, not each of them."""
    unless = Callers(roles=frozenset({"officer"}), purposes=frozenset({"request"}))
    rule = Rule("g", "guard", Effect.DENY, frozenset({Action.READ}), unless=unless)
    assert not rule.concerns(frozenset({"officer"}), "request", "desk", DAY)
    assert rule.concerns(frozenset({"officer"}), "support", "desk", DAY)
    assert rule.concerns(frozenset({"agent"}), "request", "desk", DAY)


def test_first_and_last_day_are_both_in_force() -> None:
    """A rule holds from the first day to the last, both included."""
    rule = Rule("g", "grant", Effect.ALLOW, frozenset(), since=date(2027, 1, 1), until=date(2027, 1, 31))
    days = [date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 31), date(2027, 2, 1)]
    assert [rule.in_force(day) for day in days] == [False, True, True, False]
