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
    f"address1_{part}"
    for part in ("composite", "line1", "line2", "city", "stateorprovince", "postalcode", "country")
)
_STATE = "ownerid statecode statuscode createdon modifiedon"

CONTACT = Table(
    "contact",
    "contacts",
    "contactid",
    "fullname",
    frozenset(
        (
            "contactid fullname firstname middlename lastname salutation emailaddress1 emailaddress2 "
            "emailaddress3 telephone1 telephone2 mobilephone fax websiteurl merged masterid jobtitle department "
            "birthdate gendercode description governmentid creditlimit new_iban new_allergies new_consents "
            "new_processingrestricted donotbulkemail parentcustomerid "
            f"{_ADDRESS} {_STATE}"
        ).split()
    ),
    lookups={
        "parentcustomerid_account": "parentcustomerid",
        "parentcustomerid_contact": "parentcustomerid",
        "masterid": "masterid",
        "owninguser": "ownerid",
    },
    targets={
        "parentcustomerid_account": "account",
        "parentcustomerid_contact": "contact",
        "masterid": "contact",
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
            f"subject description address1_line1 address1_city parentcontactid {_STATE}"
        ).split()
    ),
    lookups={"owninguser": "ownerid", "parentcontactid": "parentcontactid"},
    targets={"owninguser": "systemuser", "parentcontactid": "contact"},
)
USER = Table(
    "systemuser",
    "systemusers",
    "systemuserid",
    "fullname",
    frozenset(["systemuserid", "fullname", "internalemailaddress", "createdon", "modifiedon"]),
)
_ABOUT = {f"{{}}_{name}": name for name in ("contact", "lead", "account")}


def _below(name: str, key: str, columns: str, link: str) -> Table:
    """Return a table whose rows are about a contact, a lead or an account, and go along with it."""
    ways = {template.format(link): target for template, target in _ABOUT.items()}
    held = frozenset(f"{key} subject {columns} {link} createdon modifiedon statecode statuscode".split())
    return Table(name, f"{name}s", key, "subject", held, lookups=dict.fromkeys(ways, link), targets=ways)


ANNOTATION = _below("annotation", "annotationid", "notetext filename documentbody", "objectid")
TASK = _below("task", "activityid", "description", "regardingobjectid")
PHONECALL = _below("phonecall", "activityid", "description phonenumber", "regardingobjectid")
APPOINTMENT = _below("appointment", "activityid", "description location", "regardingobjectid")
EMAIL = _below("email", "activityid", "description sender torecipients", "regardingobjectid")
PARTY = Table(
    "activityparty",
    "activityparties",
    "activitypartyid",
    "addressused",
    frozenset(["activitypartyid", "activityid", "partyid", "addressused"]),
    lookups={"partyid_contact": "partyid", "partyid_lead": "partyid", "activityid_email": "activityid"},
    targets={"partyid_contact": "contact", "partyid_lead": "lead", "activityid_email": "email"},
)
AUDIT = Table(
    "audit",
    "audits",
    "auditid",
    "action",
    frozenset(["auditid", "objectid", "objecttypecode", "action", "changedata", "createdon"]),
    lookups={"objectid": "objectid"},
    targets={"objectid": "contact"},
)
"""What fields were before they were changed, or their row was deleted; nobody deletes a row of it."""
BELOW = (ANNOTATION, TASK, PHONECALL, APPOINTMENT, EMAIL)
TABLES = {each.name: each for each in (CONTACT, ACCOUNT, LEAD, USER, *BELOW, PARTY, AUDIT)}
SETS = {each.set: each for each in TABLES.values()}
