"""Records in records: one that shows nothing goes, so that nobody sees that it was there.

A parent of which nothing may be shown looks as if there were none, and so do children of which not one may show
anything: otherwise the empty places they leave would tell who is linked to somebody, and how many there are. The
same holds of the many values that one field has: earlier ones, and those in a list of what is linked.
"""

from collections.abc import Iterable

from proxy.message import Place, Record
from proxy.model import Catalogue
from proxy.transforms.redactor import Redactions
from proxy.transforms.tally import Tally


def apply_all(
    redactions: Redactions, records: Iterable[Record], catalogue: Catalogue, tally: Tally
) -> list[bool]:
    """Edit every record in place so that it shows only what may be shown; return which of them show anything.

    Where a record comes before the one it stands in (`Record.within`) it can still be taken out there: its place
    is null then, which is judged as the link that it is if the connector lists one under that name.

    Raises:
        Unavailable: policy asks for something nobody here can do; nothing may be released.
    """
    inside: dict[int, dict[str, bool]] = {}
    shown: list[bool] = []
    for record in records:
        held = inside.pop(id(record), None) if inside else None
        if held is not None:
            _empty(record, [member for member, any_shown in held.items() if not any_shown], catalogue)
        something = redactions.apply(record, tally) or (held is not None and True in held.values())
        if record.place is not None:
            _keep_or_remove(record, record.place)
            shown += [True] * (not record.removed)  # whether it is there or not, nobody asked for it alone
            continue
        shown.append(something)
        if record.within is not None:
            outer, member = record.within
            places = inside.setdefault(id(outer), {})
            places[member] = something or places.get(member, False)
    return shown


def _keep_or_remove(record: Record, place: Place) -> None:
    """Take one of several values out of its place if nothing of it is left to see."""
    if all(record.members.get(name) is None for name in record.names or ()):
        record.removed = True
        place.remove(record.members)


def _empty(record: Record, members: list[str], catalogue: Catalogue) -> None:
    """Put null in place of records, and have it judged where it says something of a field."""
    for member in members:
        record.members[member] = None
    record.keep = record.keep.difference(name for name in members if name in catalogue[record.object].fields)
