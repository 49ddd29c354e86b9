"""Odoo's domains: nothing in one escapes, however it is arranged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.domains import Relation, Shape
from proxy.connectors.odoo.domains import Filtered
from proxy.errors import ExchangeError, Undecodable
from proxy.message import Tree

FIELDS = ("id", "name", "vat", "boss", "display_name")
SHAPES = {
    "person": Shape(
        frozenset(FIELDS), {"boss": Relation("person")}, {"display_name": ("name", "vat")}, called="display_name"
    )
}
LEAVES = st.tuples(
    st.sampled_from(("name", "vat", "boss.vat", "boss.boss.name", "secret")),
    st.sampled_from(("=", "ilike")),
    st.text(),
)


def arranged(leaves: list[tuple[str, str, str]], draw: st.DrawFn) -> list[Tree]:
    """Return the leaves as a domain of one condition."""
    if len(leaves) == 1:
        return ["!"] * draw(st.integers(0, 2)) + [list(leaves[0])]
    at = draw(st.integers(1, len(leaves) - 1))
    joint = draw(st.sampled_from("&|"))
    return [joint, *arranged(leaves[:at], draw), *arranged(leaves[at:], draw)]


@st.composite
def domains(draw: st.DrawFn) -> tuple[list[tuple[str, str, str]], list[Tree]]:
    """Return leaves, and a domain of them."""
    leaves = draw(st.lists(LEAVES, min_size=1, max_size=8))
    return leaves, arranged(leaves, draw)


@given(domains())
def test_every_leaf_is_a_use(drawn: tuple[list[tuple[str, str, str]], list[Tree]]) -> None:
    """Whatever joins them; what nobody listed is a use of what nobody may use."""
    leaves, domain = drawn
    filtered = Filtered(SHAPES)
    filtered.domain(domain, "person")
    ends = {path.rpartition(".")[2] for path, _, _ in leaves}
    wanted = {"unclassified" if end == "secret" else end for end in ends}
    assert wanted <= {use.field for use in filtered.uses}
    with pytest.raises(Undecodable):
        Filtered(SHAPES).domain(["&", *domain], "person")


@given(st.recursive(st.one_of(st.none(), st.integers(), st.text(max_size=3), st.sampled_from("&|!")), st.lists))
def test_anything_else_is_refused_and_nothing_breaks(tree: Tree) -> None:
    """Any tree is a domain, or is refused as one of ours."""
    try:
        Filtered(SHAPES).domain(tree, "person")
    except ExchangeError:
        return
    assert tree is None or isinstance(tree, list)
