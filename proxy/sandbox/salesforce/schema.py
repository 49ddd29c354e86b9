"""What the sandbox's Salesforce knows about its objects: fields, types, and how objects hang together."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

STRINGS: Final = frozenset(
    {"string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "id", "reference"}
)
NUMBERS: Final = frozenset({"double", "currency", "int", "percent"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one object."""

    name: str
    type: str = "string"
    required: bool = False
    writable: bool = True
    filterable: bool = True
    """Long text areas and compound fields may not stand in WHERE, ORDER BY or GROUP BY."""
    unique: bool = False
    """An external id: a second record with the same value is refused, and a URL may name a record by it."""
    lookup: bool = False
    """A URL may name a record by this field."""
    length: int = 255
    to: str = ""
    """For a reference: the object it points to."""
    up: str = ""
    """For a reference: the relationship's name in a field path, `Account` in `Account.Name`."""
    down: str = ""
    """For a reference: its name seen from the parent, `Contacts` in `(SELECT .. FROM Contacts)`."""
    cascade: bool = False
    """Deleting the parent deletes this record too."""
    restrict: bool = False
    """A parent with such a record cannot be deleted."""
    parts: str = ""
    """For a computed field, what it is made of: what an address's parts begin with (`Mailing`), `Name` for
    a person's name, or a path (`Contact.Email`)."""

    @property
    def custom(self) -> bool:
        """Whether an administrator made this field."""
        return self.name.endswith("__c")

    @property
    def computed(self) -> bool:
        """Whether its value is put together from other fields."""
        return self.type == "address" or bool(self.parts)


@dataclass(frozen=True)
class SObject:
    """One object (a table, in other words)."""

    name: str
    prefix: str
    """The first three characters of its records' ids."""
    label: str
    plural: str
    listed: tuple[Field, ...]
    writable: bool = True
    by_name: dict[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {item.name.lower(): item for item in self.listed})

    def find(self, name: str) -> Field | None:
        """Return the field with this name, in whatever case it was written."""
        return self.by_name.get(name.lower())

    @cached_property
    def upward(self) -> dict[str, Field]:
        """References by the lower-case name of their relationship."""
        return {item.up.lower(): item for item in self.listed if item.up}


class Schema:
    """Every object of the org."""

    def __init__(self, objects: Iterable[SObject]) -> None:
        self.objects: dict[str, SObject] = {item.name.lower(): item for item in objects}

    def find(self, name: str) -> SObject | None:
        """Return the object with this name, in whatever case it was written."""
        return self.objects.get(name.lower())

    def children(self, parent: SObject) -> list[tuple[SObject, Field]]:
        """Return every (object, reference) that points at `parent`."""
        return [
            (child, item) for child in self.objects.values() for item in child.listed if item.to == parent.name
        ]

    def downward(self, parent: SObject, relationship: str) -> tuple[SObject, Field] | None:
        """Return the child object and reference behind `(SELECT .. FROM relationship)`, or None."""
        for child, item in self.children(parent):
            if item.down and item.down.lower() == relationship.lower():
                return child, item
        return None
