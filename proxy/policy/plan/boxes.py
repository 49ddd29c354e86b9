"""Many cells as few rows: a row is a box, every combination of its callers, actions and fields.

Boxes are put together only when they agree in everything but one dimension, so that a row never says more
than its cells do.
"""

from collections.abc import Iterable, Sequence

Box = tuple[frozenset[object], ...]


def merged(boxes: Iterable[Box], order: Sequence[int]) -> list[Box]:
    """Return fewer boxes with the same cells.

    Args:
        boxes: of equal length; no two have a cell in common.
        order: the dimensions along which to put boxes together, one after the other.
    """
    found = list(boxes)
    for dimension in order:
        rows: dict[Box, set[object]] = {}
        for box in found:
            rest = box[:dimension] + box[dimension + 1 :]
            rows.setdefault(rest, set()).update(box[dimension])
        found = [(*rest[:dimension], frozenset(along), *rest[dimension:]) for rest, along in rows.items()]
    return found
