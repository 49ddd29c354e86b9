"""The beans of one SuiteCRM. Deleted ones stay as rows until the scheduler prunes the database, once a month."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from proxy.sandbox.clock import Now, moment
from proxy.sandbox.suitecrm.refusals import no_such_bean, wrong

CONTACTS: Final = "Contacts"
LEADS: Final = "Leads"
ACCOUNTS: Final = "Accounts"
CASES: Final = "Cases"
NOTES: Final = "Notes"
ADDRESSES: Final = "EmailAddresses"
PRUNED: Final = 31 * 86_400
"""Seconds after which the scheduler has removed a deleted row."""

_STAMPS: Final = frozenset({"date_entered", "date_modified", "created_by", "modified_user_id", "deleted"})
_PERSON: Final = frozenset(
    {
        *("salutation", "first_name", "last_name", "title", "department", "phone_work", "phone_mobile"),
        *("primary_address_street", "primary_address_city", "primary_address_postalcode"),
        *("primary_address_country", "birthdate", "description", "lead_source", "do_not_call"),
        *("assigned_user_id", "national_id_c", "iban_c", "allergies_c", "income_c"),
    }
)
COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    CONTACTS: _PERSON | {"account_id"},
    LEADS: _PERSON | {"account_name", "status"},
    ACCOUNTS: frozenset({"name", "phone_office", "website", "industry", "description", "assigned_user_id"}),
    CASES: frozenset(
        {"name", "status", "priority", "description", "account_id", "contact_id", "assigned_user_id"}
    ),
    NOTES: frozenset({"name", "description", "contact_id", "parent_type", "parent_id", "assigned_user_id"}),
    ADDRESSES: frozenset({"email_address", "email_address_caps", "invalid_email", "opt_out"}),
}
"""Columns of each table, those of its own (`_c`) among them; `income_c` is listed nowhere in Lychgate."""
NAMES: Final[Mapping[str, str]] = {
    CONTACTS: "Contact",
    LEADS: "Lead",
    ACCOUNTS: "Account",
    CASES: "aCase",
    NOTES: "Note",
    ADDRESSES: "EmailAddress",
}
"""Module -> what its beans are called."""


@dataclass(slots=True)
class Bean:
    """One row."""

    module: str
    id: str
    values: dict[str, object]
    entered: float = 0
    modified: float = 0

    @property
    def deleted(self) -> bool:
        """Whether it is marked as deleted."""
        return self.values["deleted"] == "1"


class Store:
    """Every bean of every module, by id."""

    def __init__(self, now: Now) -> None:
        self.now = now
        self._beans: dict[str, dict[str, Bean]] = {module: {} for module in COLUMNS}
        self._made = 0

    def module(self, name: str) -> str:
        """Return a module; raises SuiteError where there is none."""
        if name not in self._beans:
            raise wrong(f"Module {name} does not exist")
        return name

    def everything(self) -> Iterator[Bean]:
        """Yield every row, deleted ones too, less those that were pruned."""
        for beans in self._beans.values():
            for bean in list(beans.values()):
                if bean.deleted and bean.modified + PRUNED <= self.now():
                    del beans[bean.id]
                else:
                    yield bean

    def rows(self, module: str) -> list[Bean]:
        """Return every row of a module, deleted ones too."""
        return [bean for bean in self.everything() if bean.module == module]

    def get(self, module: str, key: object) -> Bean | None:
        """Return a bean that is not deleted, None if there is none."""
        bean = self._beans[module].get(str(key))
        return bean if bean is not None and not bean.deleted else None

    def must(self, module: str, key: object) -> Bean:
        """Return a bean that is not deleted; raises SuiteError where there is none."""
        bean = self.get(module, key)
        if bean is None:
            raise no_such_bean(NAMES[module], str(key))
        return bean

    def create(self, module: str, given: Mapping[str, object], key: str | None = None) -> Bean:
        """Store a new bean; raises SuiteError where there is one with that id."""
        if key is not None and self.get(module, key) is not None:
            raise wrong(f"Bean {module} with id {key} is already exist")
        self._made += 1
        key = key or str(uuid.uuid5(uuid.NAMESPACE_OID, f"{module} {self._made}"))
        bean = Bean(module, key, {"deleted": "0"}, self.now(), self.now())
        self._beans[module][bean.id] = bean
        self._write(bean, given)
        return bean

    def update(self, bean: Bean, given: Mapping[str, object]) -> None:
        """Write over some of a bean's values."""
        self._write(bean, given)

    def delete(self, bean: Bean) -> None:
        """Mark a bean as deleted."""
        bean.values["deleted"] = "1"
        bean.modified = self.now()

    def address(self, bean: Bean) -> Bean | None:
        """Return the e-mail address that a bean is linked with."""
        key = bean.values.get("email_id")
        return None if key is None else self._beans[ADDRESSES].get(str(key))

    def linked(self, module: str, column: str, key: str) -> list[Bean]:
        """Return the beans of a module that name another in a column."""
        return [bean for bean in self.rows(module) if not bean.deleted and bean.values.get(column) == key]

    def _write(self, bean: Bean, given: Mapping[str, object]) -> None:
        for name, value in given.items():
            if name == "email1" and bean.module in {CONTACTS, LEADS}:
                self._address(bean, str(value or ""))
            elif name in COLUMNS[bean.module] or name == "deleted":
                bean.values[name] = "" if value is None else str(value)
            # What is no column is set on the bean and never stored, as by SuiteCRM itself.
        if bean.module == ADDRESSES and "email_address" in given:
            bean.values["email_address_caps"] = str(given["email_address"] or "").upper()
        bean.modified = self.now()

    def _address(self, bean: Bean, text: str) -> None:
        """Link a bean with an address; the one it had before stays where it is."""
        if not text:
            bean.values["email_id"] = None
            return
        known = [each for each in self.rows(ADDRESSES) if each.values.get("email_address_caps") == text.upper()]
        made = known[0] if known else self.create(ADDRESSES, {"email_address": text, "opt_out": "0"})
        bean.values["email_id"] = made.id


def stamp(seconds: float) -> str:
    """Write an instant as the API does."""
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%S+00:00")
