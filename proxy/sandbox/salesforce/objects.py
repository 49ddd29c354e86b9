"""The org's objects: standard fields under their standard names, and a few custom ones worth hiding."""

from proxy.sandbox.salesforce.schema import Field, Schema, SObject


def _text(name: str, length: int = 255) -> Field:
    return Field(name, length=length)


def _long(name: str) -> Field:
    return Field(name, "textarea", filterable=False, length=32_000)


def _link(
    name: str, to: str, up: str, down: str = "", *, cascade: bool = False, restrict: bool = False
) -> Field:
    return Field(name, "reference", to=to, up=up, down=down, cascade=cascade, restrict=restrict, length=18)


def _address(kind: str) -> tuple[Field, ...]:
    parts = ("Street", "City", "State", "PostalCode", "Country", "CountryCode")
    whole = Field(f"{kind}Address", "address", writable=False, filterable=False, parts=kind)
    return (*(_text(kind + part) for part in parts), whole)


def _audited(*fields: Field) -> tuple[Field, ...]:
    """Put what every record has around `fields`."""
    return (
        Field("Id", "id", writable=False, lookup=True, length=18),
        Field("IsDeleted", "boolean", writable=False),
        *fields,
        _link("OwnerId", "User", "Owner"),
        Field("CreatedDate", "datetime", writable=False),
        Field("CreatedById", "reference", writable=False, to="User", up="CreatedBy", length=18),
        Field("LastModifiedDate", "datetime", writable=False),
        Field("LastModifiedById", "reference", writable=False, to="User", up="LastModifiedBy", length=18),
        Field("SystemModstamp", "datetime", writable=False),
    )


def _person() -> tuple[Field, ...]:
    return (
        Field("LastName", required=True, length=80),
        _text("FirstName", 40),
        Field("Salutation", "picklist", length=40),
        Field("Name", writable=False, length=121, parts="Name"),
    )


_CONTACT = (
    Field("MasterRecordId", "reference", writable=False, to="Contact", up="MasterRecord", length=18),
    _link("AccountId", "Account", "Account", "Contacts", cascade=True),
    *_person(),
    *_address("Mailing"),
    *_address("Other"),
    Field("Phone", "phone", length=40),
    Field("Fax", "phone", length=40),
    Field("MobilePhone", "phone", length=40),
    Field("HomePhone", "phone", length=40),
    Field("OtherPhone", "phone", length=40),
    Field("AssistantPhone", "phone", length=40),
    _text("AssistantName", 40),
    _link("ReportsToId", "Contact", "ReportsTo"),
    Field("Email", "email", lookup=True, length=80),
    _text("Title", 128),
    _text("Department", 80),
    Field("LeadSource", "picklist"),
    Field("Birthdate", "date"),
    _long("Description"),
    Field("HasOptedOutOfEmail", "boolean"),
    Field("DoNotCall", "boolean"),
    Field("LastActivityDate", "date", writable=False),
    Field("PhotoUrl", "url", writable=False),
    Field("ExternalId__c", unique=True, lookup=True, length=40),
    _text("SSN__c", 11),
    _text("Iban__c", 34),
    _text("Allergies__c"),
    Field("AnnualIncome__c", "currency"),
    Field("ProcessingRestricted__c", "boolean"),
    Field("Tags__c", "multipicklist"),
    Field("Consents__c", "multipicklist"),
)
_ACCOUNT = (
    Field("Name", required=True),
    Field("Type", "picklist"),
    _link("ParentId", "Account", "Parent", "ChildAccounts"),
    *_address("Billing"),
    *_address("Shipping"),
    Field("Phone", "phone", length=40),
    Field("Fax", "phone", length=40),
    Field("Website", "url"),
    Field("Industry", "picklist"),
    Field("AnnualRevenue", "currency"),
    Field("NumberOfEmployees", "int"),
    _long("Description"),
    _text("AccountNumber", 40),
)
_LEAD = (
    *_person(),
    Field("Company", required=True),
    *_address(""),
    Field("Title", length=128),
    Field("Phone", "phone", length=40),
    Field("MobilePhone", "phone", length=40),
    Field("Email", "email", lookup=True, length=80),
    Field("Website", "url"),
    Field("Status", "picklist"),
    Field("Rating", "picklist"),
    Field("Industry", "picklist"),
    Field("LeadSource", "picklist"),
    Field("HasOptedOutOfEmail", "boolean"),
    _long("Description"),
    Field("IsConverted", "boolean", writable=False),
    _link("ConvertedContactId", "Contact", "ConvertedContact"),
    _link("ConvertedAccountId", "Account", "ConvertedAccount"),
)
_CASE = (
    Field("CaseNumber", writable=False, length=30),
    _link("ContactId", "Contact", "Contact", "Cases", restrict=True),
    _link("AccountId", "Account", "Account", "Cases", restrict=True),
    Field("SuppliedName", length=80),
    Field("SuppliedEmail", "email", length=80),
    Field("SuppliedPhone", "phone", length=40),
    Field("SuppliedCompany", length=80),
    _link("ParentId", "Case", "Parent", "Cases"),
    Field("Subject"),
    Field("Type", "picklist"),
    Field("Reason", "picklist"),
    Field("Status", "picklist"),
    Field("Origin", "picklist"),
    Field("Priority", "picklist"),
    _long("Description"),
    _long("Comments"),
    Field("IsClosed", "boolean", writable=False),
    Field("ClosedDate", "datetime", writable=False),
    Field("ContactEmail", "email", writable=False, length=80, parts="Contact.Email"),
    Field("ContactPhone", "phone", writable=False, length=40, parts="Contact.Phone"),
    Field("ContactMobile", "phone", writable=False, length=40, parts="Contact.MobilePhone"),
)
_OPPORTUNITY = (
    _link("AccountId", "Account", "Account", "Opportunities", cascade=True),
    _link("ContactId", "Contact", "Contact"),
    Field("Name", required=True, length=120),
    Field("StageName", "picklist", required=True),
    Field("Amount", "currency"),
    Field("Probability", "percent"),
    Field("CloseDate", "date", required=True),
    Field("Type", "picklist"),
    _text("NextStep"),
    Field("LeadSource", "picklist"),
    _long("Description"),
    Field("IsClosed", "boolean", writable=False),
    Field("IsWon", "boolean", writable=False),
)
_TASK = (
    _link("WhoId", "Contact", "Who", "Tasks", cascade=True),
    _link("AccountId", "Account", "Account", "Tasks"),
    Field("Subject"),
    Field("Type", "picklist"),
    Field("Status", "picklist"),
    Field("Priority", "picklist"),
    Field("ActivityDate", "date"),
    _long("Description"),
    Field("IsClosed", "boolean", writable=False),
)
_USER = (
    Field("Id", "id", writable=False, length=18),
    Field("Username", length=80),
    *_person(),
    Field("Email", "email", length=80),
    Field("Alias", length=8),
    Field("Title", length=80),
    Field("IsActive", "boolean"),
    Field("CreatedDate", "datetime", writable=False),
    Field("LastModifiedDate", "datetime", writable=False),
    Field("SystemModstamp", "datetime", writable=False),
)

SCHEMA = Schema(
    (
        SObject("Account", "001", "Account", "Accounts", _audited(*_ACCOUNT)),
        SObject("Contact", "003", "Contact", "Contacts", _audited(*_CONTACT)),
        SObject("Lead", "00Q", "Lead", "Leads", _audited(*_LEAD)),
        SObject("Case", "500", "Case", "Cases", _audited(*_CASE)),
        SObject("Opportunity", "006", "Opportunity", "Opportunities", _audited(*_OPPORTUNITY)),
        SObject("Task", "00T", "Task", "Tasks", _audited(*_TASK)),
        SObject("User", "005", "User", "Users", _USER, writable=False),
    )
)
"""The only org there is."""
