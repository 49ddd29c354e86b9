"""Records in records: one that shows nothing goes, so that nobody sees that it was there.

A parent of which nothing may be shown looks as if there were none, and so do children of which not one may show
anything: otherwise the empty places they leave would tell who is linked to somebody, and how many there are. The
same holds of the many values that one field has: earlier ones, and those in a list of what is linked.

What hangs on a record that policy hides for what it is goes with it: else it would say that there is one.
"""

from collections.abc import Iterable, Mapping

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
    shut: dict[int, bool] = {}
    judged: list[Record] = []
    for record in records:
        judged.append(record)
        held = inside.pop(id(record), None) if inside else None
        if held is not None:
            _empty(record, [member for member, any_shown in held.items() if not any_shown], catalogue)
        own = redactions.apply(record, tally)
        # What is joined to a record stands among its members; the first of them is the one that was asked for.
        gone = shut.setdefault(id(record.members), not own and redactions.shuts(record))
        something = not gone and (own or (held is not None and True in held.values()))
        if record.place is not None:
            _keep_or_remove(record, record.place)
            shown.append(not record.removed)
            continue
        shown.append(something)
        if record.within is not None:
            outer, member = record.within
            places = inside.setdefault(id(outer), {})
            places[member] = something or places.get(member, False)
    if True in shut.values():
        return [each and not _is_in(record, shut) for record, each in zip(judged, shown, strict=True)]
    return shown


def _is_in(record: Record, shut: Mapping[int, bool]) -> bool:
    """Say whether a record stands in one that policy hides for what it is."""
    while record.within is not None:
        record = record.within[0]
        if shut.get(id(record.members)):
            return True
    return False


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
