"""What a request tells of people without showing their records: by which others it finds, in which order, by a
count, or by what it computes.

An answer that shows somebody's record has it taken out while that person is restricted. From one that is found,
sorted, counted or computed by what stands in such a record, nothing can be taken: so it is not asked for.
"""

from collections.abc import Iterator
from typing import Final

from proxy.exchange import Exchange
from proxy.message import RECORD_ITSELF
from proxy.model import QUERYING, Action, Catalogue, ObjectSpec, Operation

COMPUTING: Final = frozenset({Action.GROUP, Action.AGGREGATE})
"""What comes of these is no record."""
_NOBODYS: Final = frozenset({"system", "organization"})
"""Classes of what is not about a person."""


def told_of(exchange: Exchange) -> frozenset[str]:
    """Return the objects that a request tells of without showing their records."""
    asked, catalogue = exchange.asked, exchange.rules.connector.catalogue
    operations = asked.operations if asked is not None else ()
    return frozenset(name for each in operations for name in _told_by(each, catalogue))


def _told_by(operation: Operation, catalogue: Catalogue) -> Iterator[str]:
    by = [each for each in operation.uses if each.action in QUERYING and each.object in catalogue]
    computed = any(each.action in COMPUTING for each in by)
    kin = any(use.field in catalogue[use.object].kin for use in by)  # it may stand in the linked one
    for use in by:
        spec = catalogue[use.object]
        yield from (each.object for each in spec.borrowed.get(use.field, ()))
        if (computed or kin or use.object != operation.object) and is_somebodys(spec, use.field):
            yield use.object


def is_somebodys(spec: ObjectSpec, field: str) -> bool:
    """Say whether a field tells of a person; what says that a record is there at all does not."""
    if field not in spec.fields:
        return field != RECORD_ITSELF
    return spec.fields[field].category.partition(".")[0] not in _NOBODYS
