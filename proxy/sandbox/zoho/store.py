"""The records of one Zoho organisation. Deleted ones lie in the recycle bin; of purged ones a name is kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.sandbox.clock import Now
from proxy.sandbox.zoho.refusals import ZohoError, invalid_data, invalid_id, no_such_module

CONTACTS: Final = "Contacts"
LEADS: Final = "Leads"
ACCOUNTS: Final = "Accounts"
DEALS: Final = "Deals"
TASKS: Final = "Tasks"
NOTES: Final = "Notes"
ATTACHMENTS: Final = "Attachments"
KEPT: Final = 60 * 86_400
"""Seconds for which a deleted record stays in the recycle bin."""

_STAMPS: Final = frozenset({"id", "Created_Time", "Modified_Time", "Created_By", "Modified_By", "Full_Name"})
_PERSON: Final = frozenset(
    {
        *("First_Name", "Last_Name", "Salutation", "Email", "Secondary_Email", "Phone", "Mobile"),
        *("Date_of_Birth", "Title", "Description", "Lead_Source", "Email_Opt_Out", "Owner"),
        *("National_ID", "IBAN", "Allergies", "Income"),
    }
)
FIELDS: Final[Mapping[str, frozenset[str]]] = {
    CONTACTS: _PERSON
    | {"Account_Name", "Department", "Mailing_Street", "Mailing_City", "Mailing_State", "Mailing_Zip"}
    | {"Mailing_Country", "Reporting_To"},
    LEADS: _PERSON | {"Company", "Street", "City", "Zip_Code", "Country", "Lead_Status"},
    ACCOUNTS: frozenset(
        {"Account_Name", "Phone", "Website", "Industry", "Billing_City", "Description", "Owner"}
    ),
    DEALS: frozenset(
        {"Deal_Name", "Amount", "Stage", "Closing_Date", "Contact_Name", "Account_Name", "Description", "Owner"}
    ),
    TASKS: frozenset({"Subject", "Due_Date", "Status", "Priority", "Who_Id", "What_Id", "Description", "Owner"}),
    NOTES: frozenset({"Note_Title", "Note_Content", "Parent_Id", "Owner"}),
    ATTACHMENTS: frozenset({"File_Name", "Size", "Parent_Id", "Owner"}),
}
"""What can be written, by module; Income is listed nowhere in Lychgate."""
LOOKUPS: Final[Mapping[str, str]] = {
    "Account_Name": ACCOUNTS,
    "Contact_Name": CONTACTS,
    "Reporting_To": CONTACTS,
    "Who_Id": CONTACTS,
    "What_Id": DEALS,
}
"""Field -> module of the record that it names; of Account_Name only outside its own module."""
NAMES: Final[Mapping[str, str]] = {
    ACCOUNTS: "Account_Name",
    DEALS: "Deal_Name",
    TASKS: "Subject",
    NOTES: "Note_Title",
    ATTACHMENTS: "File_Name",
}
REQUIRED: Final[Mapping[str, str]] = {CONTACTS: "Last_Name", LEADS: "Last_Name", **NAMES, NOTES: "Note_Content"}
UNIQUE: Final[Mapping[str, str]] = {CONTACTS: "Email", LEADS: "Email", ACCOUNTS: "Account_Name"}
"""What no two records of a module may share."""


@dataclass(slots=True)
class Held:
    """One record."""

    kind: str
    id: str
    values: dict[str, object]
    created: float = 0
    modified: float = 0
    deleted: float | None = None
    content: bytes = b""
    """Of an attachment."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What is kept of a record that was purged."""

    kind: str
    id: str
    display_name: str
    at: float


@dataclass
class Store:
    """Every record of every module, by id."""

    now: Now
    gone: list[Gone] = field(default_factory=list)
    """Purged records, of which the list of deleted ones tells."""

    def __post_init__(self) -> None:
        self._held: dict[str, dict[str, Held]] = {kind: {} for kind in FIELDS}
        self._next = 5_725_767_000_000_410_001

    def kind(self, name: str) -> str:
        """Return a module; raises ZohoError where there is none."""
        if name not in self._held:
            raise no_such_module(name)
        return name

    def everything(self, kind: str) -> list[Held]:
        """Return all records of a module, those in the recycle bin too."""
        for held in [each for each in self._held[kind].values() if each.deleted is not None]:
            if (held.deleted or 0) + KEPT <= self.now():
                self.purge(held)
        return list(self._held[kind].values())

    def all(self, kind: str) -> Iterator[Held]:
        """Yield the records that are not deleted."""
        return (held for held in self.everything(kind) if held.deleted is None)

    def binned(self) -> list[Held]:
        """Return what lies in the recycle bin."""
        return [held for kind in self._held for held in self.everything(kind) if held.deleted is not None]

    def get(self, kind: str, key: object) -> Held | None:
        """Return a record that is not deleted, None if there is none."""
        held = self._held[kind].get(str(key))
        return held if held is not None and held.deleted is None else None

    def must(self, kind: str, key: object) -> Held:
        """Return a record that is not deleted; raises ZohoError where there is none."""
        held = self.get(kind, key)
        if held is None:
            raise invalid_id(str(key))
        return held

    def create(self, kind: str, given: Mapping[str, object]) -> Held:
        """Store a new record.

        Raises:
            ZohoError: something required is missing, of no field, or somebody else's.
        """
        values = _read(kind, given)
        if not values.get(REQUIRED[kind]):
            raise ZohoError(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": REQUIRED[kind]})
        self._refuse_twin(kind, values, None)
        held = Held(kind, str(self._next), values, self.now(), self.now())
        self._next += 1
        self._held[kind][held.id] = held
        return held

    def update(self, held: Held, given: Mapping[str, object]) -> None:
        """Write over some of a record's values; raises ZohoError as `create`."""
        values = _read(held.kind, given)
        self._refuse_twin(held.kind, values, held)
        held.values |= values
        held.modified = self.now()

    def find(self, kind: str, name: str, value: object) -> Held | None:
        """Return the record in which a field has a value, upper and lower case alike."""
        wanted = str(value).casefold()
        return next((each for each in self.all(kind) if str(each.values.get(name)).casefold() == wanted), None)

    def delete(self, held: Held) -> None:
        """Put a record into the recycle bin, and what belongs to it."""
        held.deleted = self.now()
        for kind in (NOTES, ATTACHMENTS):
            for each in self.all(kind):
                if each.values.get("Parent_Id") == held.id:
                    each.deleted = self.now()

    def restore(self, held: Held) -> None:
        """Take a record out of the recycle bin, as people can."""
        held.deleted = None

    def purge(self, held: Held) -> None:
        """Forget a record but for what it was called, and what belongs to it."""
        for kind in (NOTES, ATTACHMENTS):
            for each in [each for each in self._held[kind].values() if each.deleted is not None]:
                if each.values.get("Parent_Id") == held.id:
                    self._held[kind].pop(each.id, None)
        self._held[held.kind].pop(held.id, None)
        self.gone.append(Gone(held.kind, held.id, display_name(held), self.now()))

    def _refuse_twin(self, kind: str, values: Mapping[str, object], held: Held | None) -> None:
        name = UNIQUE.get(kind)
        if name is None or not values.get(name):
            return
        twin = self.find(kind, name, values[name])
        if twin is not None and twin is not held:
            details = {
                "api_name": name,
                "json_path": f"$.data[0].{name}",
                "id": twin.id,
                "duplicate_record": {"id": twin.id, "name": display_name(twin), **twin.values},
            }
            raise ZohoError(400, "DUPLICATE_DATA", "duplicate data", details)


def display_name(held: Held) -> str:
    """Return what a record is called in lists."""
    if held.kind in NAMES:
        return str(held.values.get(NAMES[held.kind]) or "")
    return " ".join(str(held.values[name]) for name in ("First_Name", "Last_Name") if held.values.get(name))


def looks_up(kind: str, name: str) -> str | None:
    """Return the module of the record that a field names; None where it names none."""
    return None if (kind, name) == (ACCOUNTS, "Account_Name") else LOOKUPS.get(name)


def _read(kind: str, given: Mapping[str, object]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, raw in given.items():
        if name in {"id", "$se_module"}:
            continue
        if name not in FIELDS[kind] or name in _STAMPS:
            raise invalid_data(name)
        links = looks_up(kind, name) is not None or name in {"Parent_Id", "Owner"}
        value = raw.get("id") if isinstance(raw, dict) and links else raw
        if isinstance(value, dict | list):
            raise invalid_data(name)
        values[name] = None if value == "" else str(value) if links and value is not None else value
    return values
