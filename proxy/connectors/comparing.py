"""What a query compares protected fields with, put into what the CRM has in place of the values.

A grammar whose queries compare fields offers `Reading.swap`: it goes over the query once and asks, for each
field that something is compared with, what stands in the CRM for those values. A field that lies there in clear
is left alone. Only equality can be put that way; whatever else is done with a protected field is refused, since
ciphertext has no order and no parts.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from proxy.errors import Refused
from proxy.model import QUERYING, Operation

Look = Callable[[str, str, Sequence[str]], tuple[str, ...] | None]
"""(object, field, values that it is compared with) -> what stands in the CRM for them, never empty where values
were given; None: leave the comparison as it is. Called for each comparison by equality, without values for one
with nothing."""
Guarded = Callable[[str, str], bool]
"""(object, field) -> whether the field is protected."""


class Looking:
    """Goes over one query: `look` for what is compared by equality, `other` for any other use of a field."""

    def __init__(self, look: Look, guarded: Guarded) -> None:
        self.look = look
        self.guarded = guarded

    def other(self, name: str, field: str) -> None:
        """Return if a field lies in clear; raises Refused where nothing but equality can be asked."""
        if self.guarded(name, field):
            refuse(name, field)

    def key(self, name: str, field: str, text: str) -> str:
        """Return what a record is named by, where a request names it by the value of a field.

        Raises:
            Refused: several records have that value, and nobody could say which of them is meant.
        """
        found = self.look(name, field, (text,)) if self.guarded(name, field) else None
        if found is not None and len(found) != 1:
            raise Refused("protected_key_shared", f"{name}.{field}")
        return text if found is None else found[0]

    def no_upsert(self, name: str, field: str) -> None:
        """Return if a field lies in clear; raises Refused where a record would be made under its value."""
        if self.guarded(name, field):
            raise Refused("protected_upsert", f"{name}.{field}")


def refuse(name: str, field: str) -> NoReturn:
    """Refuse to compare a protected field by anything but equality."""
    raise Refused("protected_not_comparable", f"{name}.{field}")


def refuse_unswapped(operations: Iterable[Operation], looking: Looking) -> None:
    """Return if a request that no grammar can put into what the CRM has compares no protected field."""
    for operation in operations:
        for use in operation.uses:
            if use.action in QUERYING:
                looking.other(use.object, use.field)
