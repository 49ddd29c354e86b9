"""Domains, orders and paths of Tryton: which fields decide what comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.domains import (
    MAX_DEPTH,
    MAX_LEAVES,
    UNDECLARED,
    Relation,
    Shape,
    Typed,
    filter_uses,
    path_uses,
    sort_uses,
)
from proxy.errors import ExchangeError, Gap, Undecodable
from proxy.model import Action

PARTY, MECHANISM, IDENTIFIER = "party.party", "party.contact_mechanism", "party.identifier"
SHAPES = {
    PARTY: Shape(
        frozenset({"id", "name", "active", "rec_name", "contact_mechanisms", "identifiers", "write_date"}),
        {
            "contact_mechanisms": Relation(MECHANISM, many=True, inverse="party"),
            "identifiers": Relation(IDENTIFIER, many=True, inverse="party"),
        },
        {"rec_name": ("name", "identifiers.code", "contact_mechanisms.rec_name")},
        {"_timestamp": "write_date"},
    ),
    MECHANISM: Shape(
        frozenset({"id", "value", "party", "rec_name"}), {"party": Relation(PARTY)}, {"rec_name": ("value",)}
    ),
    # A field that is now a phone number and now an e-mail address.
    "typed": Shape(
        frozenset({"id", "type", "value"}),
        typed=Typed(
            "type", frozenset({"value"}), {"phone": "phone_value", "mobile": "phone_value"}, "any_value"
        ),
    ),
    # No label declared: a search that would look at it has no word.
    IDENTIFIER: Shape(frozenset({"id", "code", "party"}), {"party": Relation(PARTY)}),
}


def named(uses: object) -> list[str]:
    """Return uses as `object.field` without the module's prefix."""
    return [f"{use.object.removeprefix('party.')}.{use.field}" for use in uses]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ([], []),
        (["AND"], []),
        ([["name", "=", "x"]], ["party.name"]),
        (["OR", ["name", "=", "x"], ["active", "=", False]], ["party.name", "party.active"]),
        ([[["OR", [["name", "in", ["x"]]]]]], ["party.name"]),  # however deep it hides
        ([["name", "=", "x"], ["name", "!=", "y"]], ["party.name"]),  # each once
        # every hop of a path is judged (IO-07)
        (
            [["contact_mechanisms.value", "like", "+353%"]],
            ["party.contact_mechanisms", "contact_mechanism.value"],
        ),
        (
            [["contact_mechanisms.party.identifiers.code", "like", "P%"]],
            [
                "party.contact_mechanisms",
                "contact_mechanism.party",
                "party.identifiers",
                "identifier.code",
            ],
        ),
        # a subquery is a domain of its own object
        (
            [["contact_mechanisms", "where", [["value", "=", "x"]]]],
            ["party.contact_mechanisms", "contact_mechanism.value"],
        ),
        # ids say nothing but which record
        ([["contact_mechanisms", "in", [1, 2]]], ["party.contact_mechanisms"]),
        ([["contact_mechanisms", "=", None]], ["party.contact_mechanisms"]),
        # a label looks at what is behind it (IO-09)
        (
            [["rec_name", "ilike", "%x%"]],
            [
                "party.rec_name",
                "party.name",
                "party.identifiers",
                "identifier.code",
                "party.contact_mechanisms",
                "contact_mechanism.rec_name",
                "contact_mechanism.value",
            ],
        ),
        # text compared with a relation is a search by label
        (
            [["contact_mechanisms", "=", "x"]],
            ["party.contact_mechanisms", "contact_mechanism.rec_name", "contact_mechanism.value"],
        ),
        (
            [["contact_mechanisms", "in", [1, "x"]]],
            ["party.contact_mechanisms", "contact_mechanism.rec_name", "contact_mechanism.value"],
        ),
        ([["identifiers", "ilike", "P%"]], ["party.identifiers", f"identifier.{UNDECLARED}"]),
        # a field nobody declared, at any place of a path, is one and the same unknown
        ([["ssn", "=", "1"]], [f"party.{UNDECLARED}"]),
        ([["ssn.x.y", "=", "1"]], [f"party.{UNDECLARED}"]),
        (
            [["contact_mechanisms.ssn", "=", "1"]],
            ["party.contact_mechanisms", f"contact_mechanism.{UNDECLARED}"],
        ),
        ([["ssn", "where", [["value", "=", "x"]]]], [f"party.{UNDECLARED}"]),
        ([[UNDECLARED, "=", "1"]], [f"party.{UNDECLARED}"]),
        ([["_timestamp", "=", "1"]], ["party.write_date"]),
        ([["write_date", ">", {"__class__": "date", "year": 2026, "month": 1, "day": 1}]], ["party.write_date"]),
        # a leaf whose field is called like an operator is still a leaf (trytond's is_leaf)
        (["OR", ["OR", "=", "x"]], "bad_field_name"),
        ([["name", "=", "x", "extra"]], "domain_leaf"),
        ([["name", "child_of", [1]]], "domain_operator"),
        ([["name", "=ilike", "x"]], "domain_operator"),
        ([["name", "=", {"__class__": "Eval", "v": "x"}]], "domain_operand"),
        ([["name", "in", [["x"]]]], "domain_operand"),
        ([["name", "where", [["value", "=", "x"]]]], "path_through_value (party.party.name)"),
        ([["name.x", "=", "1"]], "path_through_value (party.party.name)"),
        ([["name ", "=", "x"]], "bad_field_name"),
        ([["NAME", "=", "x"]], "bad_field_name"),
        ([["n\u0430me", "=", "x"]], "bad_field_name"),  # a Cyrillic letter
        ([[1, "=", "x"]], "domain_leaf"),
        (["NOT", ["name", "=", "x"]], "bad_domain"),
        (["name", "=", "x"], "bad_domain"),  # a leaf alone is not a domain
        ([["name", "="]], "bad_domain"),
        ([None], "bad_domain"),
        ("name", "bad_domain"),
        (None, "bad_domain"),
        ({"name": "x"}, "bad_domain"),
    ],
)
def test_a_domain_filters_by_these_fields_or_is_refused(domain: object, expected: object) -> None:
    """Every field that a search looks at is found, or the search has no word."""
    try:
        found: object = named(filter_uses(domain, PARTY, SHAPES))
    except ExchangeError as error:
        found = str(error)
    assert found == expected


def test_all_uses_of_a_domain_are_filters() -> None:
    """Policy is asked for `filter`, whatever the path."""
    uses = filter_uses([["rec_name", "ilike", "x"], ["contact_mechanisms.value", "=", "x"]], PARTY, SHAPES)
    assert {use.action for use in uses} == {Action.FILTER}


@given(
    st.recursive(
        st.sampled_from([["name", "=", "x"]]), lambda d: st.lists(d, max_size=3).map(lambda x: ["OR", *x])
    )
)
def test_a_leaf_is_found_however_it_is_wrapped(domain: list[object]) -> None:
    """Nesting and operators never hide a leaf."""
    hidden = "'name'" in repr(domain)
    wrapped = ["AND", domain]
    assert named(filter_uses(wrapped, PARTY, SHAPES)) == (["party.name"] if hidden else [])


def test_depth_and_length_are_bounded() -> None:
    """A domain beyond the limits is refused, not recursed into."""
    deep: list[object] = []
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(Undecodable, match="domain_too_deep"):
        filter_uses(deep, PARTY, SHAPES)
    with pytest.raises(Undecodable, match="domain_too_long"):
        filter_uses([["name", "=", "x"]] * (MAX_LEAVES + 1), PARTY, SHAPES)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, []),
        ([], []),
        ([["name", "ASC"]], ["party.name"]),
        ([["name", "desc nulls last"]], ["party.name"]),
        ([["contact_mechanisms.value", "ASC"]], ["party.contact_mechanisms", "contact_mechanism.value"]),
        # a relation sorts by what its target is called
        ([["contact_mechanisms", "ASC"]], ["party.contact_mechanisms", "contact_mechanism.rec_name"]),
        ([["identifiers", "ASC"]], ["party.identifiers", f"identifier.{UNDECLARED}"]),
        ([["ssn", "ASC"]], [f"party.{UNDECLARED}"]),
        ([["name", "ASC; DROP"]], "unknown_direction"),
        ([["name", None]], "unknown_direction"),
        (["name"], "bad_order"),
        ([["name"]], "bad_order"),
        ("name", "bad_domain"),
        ([["name.x", "ASC"]], "path_through_value (party.party.name)"),
    ],
)
def test_an_order_sorts_by_these_fields_or_is_refused(order: object, expected: object) -> None:
    """Every field an order compares is found (IO-03)."""
    try:
        found: object = named(sort_uses(order, PARTY, SHAPES))
    except ExchangeError as error:
        found = str(error)
    assert found == expected


def test_a_path_ends_at_the_object_its_last_relation_leads_to() -> None:
    """The caller learns where the path ends, so that it can look behind a relation."""
    assert (
        path_uses(
            "contact_mechanisms.party", MECHANISM.replace("contact_mechanism", "party"), SHAPES, Action.READ
        )[1]
        == PARTY
    )
    assert path_uses("name", PARTY, SHAPES, Action.READ)[1] is None


def test_nothing_of_the_client_stands_in_an_error() -> None:
    """An error names what the connector lists, never what the client wrote (invariant 6)."""
    for domain in ([["name.canary", "=", "canary"]], [["canary!", "=", "canary"]], [["name", "canary", 1]]):
        with pytest.raises((Gap, Undecodable)) as caught:
            filter_uses(domain, PARTY, SHAPES)
        assert "canary" not in f"{caught.value!r} {caught.value} {caught.value.detail}"


def test_a_typed_member_stands_for_everything_it_may_be() -> None:
    """Where no row says what a value is, policy is asked about each kind; no client can name a kind itself."""
    assert named(filter_uses([["value", "=", "x"]], "typed", SHAPES)) == ["typed.phone_value", "typed.any_value"]
    assert named(sort_uses([["value", "ASC"]], "typed", SHAPES)) == ["typed.phone_value", "typed.any_value"]
    assert named(filter_uses([["phone_value", "=", "x"]], "typed", SHAPES)) == [f"typed.{UNDECLARED}"]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"type": "mobile"}, "phone_value"),
        ({"type": "skype"}, "any_value"),
        ({}, None),  # nobody can say
        ({"type": None}, None),
        ({"type": ["phone"]}, None),
    ],
)
def test_a_row_says_what_its_typed_members_are(row: dict[str, object], kind: str | None) -> None:
    """The choice beside a typed member decides, and nothing is assumed where it is missing."""
    typed = SHAPES["typed"].typed
    assert typed is not None
    assert typed.of(row) == kind
