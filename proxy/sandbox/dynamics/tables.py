"""The tables of the environment: their columns, and the links between them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Table:
    """One table."""

    name: str
    set: str
    key: str
    label: str
    """The primary name: what a link to a row is formatted as, and sorted by."""
    columns: frozenset[str]
    lookups: dict[str, str] = field(default_factory=dict)
    """Navigation property to one row -> column that holds the link."""
    targets: dict[str, str] = field(default_factory=dict)
    """Navigation property -> table, of one row or of many."""
    many: dict[str, str] = field(default_factory=dict)
    """Navigation property to many rows -> column of theirs that holds the link."""
    unique: tuple[str, ...] = ()
    """Columns that are alternate keys."""

    def column(self, name: str) -> str | None:
        """Return the column that a property of the API is: a link is called `_column_value` there."""
        if name.startswith("_") and name.endswith("_value"):
            name = name[1:-6]
            return name if name in self.links else None
        return name if name in self.columns and name not in self.links else None

    @property
    def links(self) -> frozenset[str]:
        """The columns that hold links."""
        return frozenset(self.lookups.values())

    def shown(self, column: str) -> str:
        """Return the property that a column is."""
        return f"_{column}_value" if column in self.links else column


_ADDRESS = " ".join(
    f"address1_{part}" for part in ("composite", "line1", "city", "stateorprovince", "postalcode", "country")
)
_STATE = "ownerid statecode statuscode createdon modifiedon"

CONTACT = Table(
    "contact",
    "contacts",
    "contactid",
    "fullname",
    frozenset(
        (
            "contactid fullname firstname lastname salutation emailaddress1 emailaddress2 telephone1 "
            "mobilephone jobtitle department birthdate gendercode description governmentid creditlimit new_iban "
            "new_allergies new_consents new_processingrestricted donotbulkemail parentcustomerid "
            f"{_ADDRESS} {_STATE}"
        ).split()
    ),
    lookups={
        "parentcustomerid_account": "parentcustomerid",
        "parentcustomerid_contact": "parentcustomerid",
        "owninguser": "ownerid",
    },
    targets={
        "parentcustomerid_account": "account",
        "parentcustomerid_contact": "contact",
        "owninguser": "systemuser",
        "account_primary_contact": "account",
    },
    many={"account_primary_contact": "primarycontactid"},
    unique=("emailaddress1",),
)
ACCOUNT = Table(
    "account",
    "accounts",
    "accountid",
    "name",
    frozenset(
        (
            "accountid name accountnumber emailaddress1 telephone1 websiteurl industrycode numberofemployees "
            f"revenue description primarycontactid {_ADDRESS} {_STATE}"
        ).split()
    ),
    lookups={"primarycontactid": "primarycontactid", "owninguser": "ownerid"},
    targets={
        "primarycontactid": "contact",
        "owninguser": "systemuser",
        "contact_customer_accounts": "contact",
    },
    many={"contact_customer_accounts": "parentcustomerid"},
    unique=("accountnumber",),
)
LEAD = Table(
    "lead",
    "leads",
    "leadid",
    "fullname",
    frozenset(
        (
            "leadid fullname firstname lastname companyname emailaddress1 telephone1 mobilephone jobtitle "
            f"subject description {_STATE}"
        ).split()
    ),
    lookups={"owninguser": "ownerid"},
    targets={"owninguser": "systemuser"},
)
USER = Table(
    "systemuser",
    "systemusers",
    "systemuserid",
    "fullname",
    frozenset(["systemuserid", "fullname", "internalemailaddress", "createdon", "modifiedon"]),
)
TABLES = {each.name: each for each in (CONTACT, ACCOUNT, LEAD, USER)}
SETS = {each.set: each for each in TABLES.values()}
