"""Relations that a connector's file gets wrong."""

import pytest

from proxy.connectors.domains import Relation, Shape
from proxy.connectors.relations import broken_relations, resolves
from proxy.connectors.rpcspec import RpcRelation

SHAPES = {
    "party": Shape(frozenset({"name", "numbers"}), {"numbers": Relation("number", True, "party")}, {}),
    "number": Shape(frozenset({"value", "party"}), {}, {}),
}


@pytest.mark.parametrize(
    ("member", "relation", "says"),
    [
        ("numbers", {"object": "number", "many": True, "inverse": "party"}, []),
        ("phones", {"object": "number"}, ['has a relation "party.phones" from or to what is not listed']),
        ("numbers", {"object": "phone"}, ['has a relation "party.numbers" from or to what is not listed']),
        (
            "numbers",
            {"object": "number", "many": True, "inverse": "owner"},
            ['has a relation "party.numbers" whose inverse is not a field of "number"'],
        ),
    ],
)
def test_a_relation_that_leads_nowhere_is_told(
    member: str, relation: dict[str, object], says: list[str]
) -> None:
    """By where it starts, where it ends, and where it comes back."""
    declared = {member: RpcRelation.model_validate(relation)}
    assert list(broken_relations("party", declared, SHAPES)) == says


@pytest.mark.parametrize(
    ("path", "found"), [("name", True), ("numbers.value", True), ("numbers.code", False), ("x", False)]
)
def test_a_path_resolves_by_listed_fields_only(path: str, found: bool) -> None:
    """One step that nobody listed is enough not to."""
    assert resolves(path, "party", SHAPES) is found
