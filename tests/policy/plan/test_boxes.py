"""Many cells as few rows."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.plan.boxes import merged


def test_cells_that_differ_in_one_thing_become_one_row() -> None:
    """Two fields of one caller, then two actions of the same fields."""
    cells = [("read", "Name"), ("read", "Phone"), ("list", "Name"), ("list", "Phone"), ("list", "Born")]
    boxes = [tuple(frozenset({word}) for word in cell) for cell in cells]
    assert sorted(merged(boxes, (1, 0)), key=str) == sorted(
        [
            (frozenset({"read"}), frozenset({"Name", "Phone"})),
            (frozenset({"list"}), frozenset({"Name", "Phone", "Born"})),
        ],
        key=str,
    )


@given(st.sets(st.tuples(*[st.integers(0, 2)] * 3)), st.permutations([0, 1, 2]))
def test_no_cell_is_lost_or_made_up(cells: set[tuple[int, int, int]], order: list[int]) -> None:
    """Whatever is put together, rows spelled out again are the cells, each once."""
    rows = merged([tuple(frozenset({n}) for n in cell) for cell in cells], order)
    again = [cell for row in rows for cell in product(*row)]
    assert sorted(again) == sorted(cells)
