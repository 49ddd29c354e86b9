"""What Odoo takes for nothing is judged as nothing, and lets go of no records that nobody names."""

import pytest

from proxy.connectors.domains import Relation, Shape
from proxy.connectors.odoo.writes import normal
from proxy.errors import Gap

SHAPES = {
    "partner": Shape(
        frozenset({"id", "name", "phone", "children"}), {"children": Relation("partner", True, "id")}, {}
    )
}


def test_false_is_judged_as_null_also_below_a_record() -> None:
    """A caller who was shown null for a value could else write false over it."""
    written = {"phone": False, "name": "x", "children": [[1, 7, {"phone": False}]]}
    found = normal(written, "partner", SHAPES)
    assert found == {"phone": None, "name": "x", "children": [["write", [7], {"phone": None}]]}
    assert written["phone"] is False


@pytest.mark.parametrize("value", [None, False, 0, "", "x"])
def test_a_relation_to_many_takes_commands_only(value: object) -> None:
    """Odoo reads null and false as the command that clears the relation."""
    with pytest.raises(Gap):
        normal({"children": value}, "partner", SHAPES)
