"""What SOQL means, told by tables of queries on the twelve fictitious people."""

import pytest

from proxy.sandbox.salesforce.refusals import SalesforceError
from proxy.sandbox.salesforce.select import Select


@pytest.fixture
def run(org):
    """Run a query and return its records."""
    return lambda text, **how: Select(org.org, "/services/data/v59.0", **how).run(text).records


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("LastName = 'byrne'", ["Byrne"]),  # strings are compared without regard to case
        ("LastName = 'd\\'Aubigné'", ["d'Aubigné"]),  # an escaped quote
        ("LastName = 'Wei\\u00df'", ["Weiß"]),  # an escaped character
        ("Name LIKE 'mar%'", ["García Peña"]),  # a computed name can be filtered
        ("LastName LIKE '_yrne'", ["Byrne"]),  # one character
        ("LastName LIKE 'B\\_rne'", []),  # an escaped wildcard is itself
        ("Allergies__c = null", ["Weiß", "Okafor", "Sørensen", "Tremblay"]),
        ("Allergies__c != null AND MailingCountryCode = 'IE'", ["Byrne", "Adeyemi"]),
        (
            "Allergies__c != 'Nickel' AND MailingCity IN ('Berlin', 'Amsterdam')",
            ["Weiß"],
        ),  # != holds for null
        ("Birthdate < 1967-01-01", ["Okafor", "Sørensen"]),
        ("Birthdate >= 2001-04-01", ["van der Berg"]),
        ("AnnualIncome__c > 142999.5", ["Okafor", "O'Neill"]),
        ("HasOptedOutOfEmail = TRUE AND (NOT MailingCountryCode = 'IE')", ["d'Aubigné", "O'Neill"]),
        ("(LastName = 'Byrne' OR LastName = 'Raman') AND MailingCity = 'Sydney'", ["Raman"]),
        ("NOT LastName LIKE '%e%' AND NOT LastName LIKE '%a%'", ["田中"]),
        ("Account.Name = 'Harbour Clinic'", ["Okafor", "Adeyemi"]),
        ("Account.BillingCity != 'London' AND Account.Name LIKE 'Harbour%'", []),
        ("Tags__c INCLUDES ('vip')", ["Byrne", "García Peña", "O'Neill"]),
        (
            "Tags__c INCLUDES ('vip;newsletter') AND Tags__c EXCLUDES ('gone')",
            ["Byrne", "García Peña", "O'Neill"],
        ),
        ("Id IN (SELECT ContactId FROM Case)", ["Weiß", "García Peña"]),
        ("Id IN (SELECT ContactId FROM Case WHERE SuppliedEmail LIKE 'mj%')", ["García Peña"]),
        (
            "AccountId NOT IN (SELECT AccountId FROM Opportunity) AND MailingCountryCode IN ('GB','DE')",
            ["Okafor"],
        ),
        ("Id = '003Lg0000000001'", ["Byrne"]),  # a 15-character id
        ("CreatedDate = TODAY AND LastName IN ('Byrne')", ["Byrne"]),
        ("CreatedDate < LAST_N_DAYS:3 AND LastName IN ('Byrne')", []),
        ("CreatedDate = THIS_YEAR AND CreatedDate > LAST_MONTH AND LastName = 'Byrne'", ["Byrne"]),
        ("CreatedDate >= 2026-01-01T01:00:00+01:00 AND LastName = 'Byrne'", ["Byrne"]),
        ("LastActivityDate > 2000-01-01", []),  # null is not after anything
    ],
)
def test_where_chooses(run, where, expected):
    """Each condition finds exactly these people."""
    records = run(f"SELECT LastName FROM Contact WHERE {where}")
    assert [record["LastName"] for record in records] == expected


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("ORDER BY LastName LIMIT 3", ["Adeyemi", "Byrne", "d'Aubigné"]),  # without regard to case
        ("ORDER BY Birthdate DESC LIMIT 2 OFFSET 1", ["Raman", "Adeyemi"]),
        ("ORDER BY Allergies__c NULLS LAST, LastName LIMIT 2", ["O'Neill", "Adeyemi"]),
        (
            "ORDER BY Allergies__c DESC, LastName LIMIT 2",
            ["Okafor", "Sørensen"],
        ),  # null first, also descending
        ("ORDER BY Account.Name, LastName DESC LIMIT 2", ["d'Aubigné", "Raman"]),
    ],
)
def test_order_and_window(run, tail, expected):
    """Sorting, LIMIT and OFFSET leave these people, in this order."""
    assert [record["LastName"] for record in run(f"SELECT LastName FROM Contact {tail}")] == expected


def test_parents_and_children_nest(run):
    """Relationship paths become nested records with attributes; children become a page; none is null."""
    [case] = run("SELECT c.Contact.Account.Name, Contact.Email FROM Case c WHERE c.CaseNumber = '00001001'")
    assert case["Contact"]["Account"]["attributes"]["type"] == "Account"
    assert case["Contact"]["Account"]["Name"] == "Feldmann Brücken GmbH"
    assert case["Contact"]["Email"] == "juergen.weiss@example.net"
    query = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName DESC LIMIT 1) FROM Account"
    accounts = run(f"{query} WHERE Name IN ('Harbour Clinic')")
    assert accounts[0]["Contacts"]["records"][0]["LastName"] == "Okafor"
    assert run("SELECT (SELECT Id FROM ChildAccounts) FROM Account LIMIT 1")[0]["ChildAccounts"] is None
    assert run("SELECT ReportsTo.Name FROM Contact LIMIT 1")[0]["ReportsTo"] is None


def test_aggregates(run, org):
    """Counts, sums and extremes by group are named by alias, by field, or expr0, expr1, ..."""
    [clinic, *_] = run(
        "SELECT Account.Name, COUNT(Id) n, SUM(AnnualIncome__c), MIN(Birthdate) FROM Contact "
        "GROUP BY Account.Name HAVING COUNT(Id) > 1 ORDER BY SUM(AnnualIncome__c) DESC"
    )
    assert clinic == {
        "attributes": {"type": "AggregateResult"},
        "Name": "Harbour Clinic",
        "n": 2,
        "expr0": 185000.0,
        "expr1": "1966-09-23",
    }
    [whole] = run("SELECT COUNT_DISTINCT(MailingCountryCode) c, AVG(AnnualIncome__c) a, MAX(Fax) m FROM Contact")
    assert (whole["c"], whole["a"], whole["m"]) == (11, 76583.33333333333, None)
    years = run(
        "SELECT CALENDAR_YEAR(Birthdate) y, COUNT(Id) FROM Contact GROUP BY CALENDAR_YEAR(Birthdate) "
        "ORDER BY CALENDAR_YEAR(Birthdate) LIMIT 2"
    )
    assert [year["y"] for year in years] == [1958, 1966]
    counted = Select(org.org, "").run("SELECT COUNT() FROM Contact WHERE MailingCountryCode = 'IE'")
    assert (counted.total, counted.records) == (2, [])


def test_fields_all_standard_custom(run):
    """FIELDS() expands to every, every standard, or every custom field."""
    [custom] = run("SELECT FIELDS(CUSTOM) FROM Contact LIMIT 1")
    assert {name.endswith("__c") for name in custom if name != "attributes"} == {True}
    [whole] = run("SELECT FIELDS(ALL) FROM Contact LIMIT 1")
    assert whole["MailingAddress"]["city"] == "Dublin"
    assert custom.keys() < whole.keys()


def test_labels_and_formats_show_the_field(run):
    """toLabel() and FORMAT() give the field under its own name."""
    [shown] = run("SELECT toLabel(LeadSource), FORMAT(Birthdate) FROM Contact LIMIT 1")
    assert (shown["LeadSource"], shown["Birthdate"]) == ("Web", "1984-03-17")


def test_the_recycle_bin_is_seen_only_when_asked_for(run, org):
    """A deleted row appears with `deleted`, in counts and children too, and nowhere else."""
    contact = org.org.schema.objects["contact"]
    org.org.delete(contact, "003Lg0000000001IAA")
    query = "SELECT Id, IsDeleted FROM Contact WHERE Email = 'aoife.byrne@example.org'"
    assert run(query) == []
    assert run(query, deleted=True)[0]["IsDeleted"] is True
    children = "SELECT (SELECT Id FROM Contacts) FROM Account WHERE Name = 'Northwind Orchards'"
    assert run(children)[0]["Contacts"] is None
    assert run(children, deleted=True)[0]["Contacts"]["totalSize"] == 1


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("SELECT * FROM Contact", "MALFORMED_QUERY", "unexpected token: '*'"),
        ("SELECT Id FROM Contact WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY", "'OR'"),
        ("SELECT Id FROM Contact; DELETE", "MALFORMED_QUERY", "unexpected token: ';'"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "<EOF>"),
        ("SELECT Id FROM Contact WHERE Name = 'a\\q'", "MALFORMED_QUERY", "Invalid string literal"),
        ("SELECT Id FROM Contact WHERE CreatedDate = SOMEDAY", "MALFORMED_QUERY", "SOMEDAY"),
        ("SELECT Id name FROM Contact", "MALFORMED_QUERY", "field aliasing"),
        ("SELECT LastName, COUNT(Id) FROM Contact", "MALFORMED_QUERY", "grouped or aggregated: LastName"),
        ("SELECT SUM(LastName) FROM Contact", "MALFORMED_QUERY", "SUM"),
        ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Secret__c FROM Contact", "INVALID_FIELD", "'Secret__c' on entity 'Contact'"),
        ("SELECT Boss.Name FROM Contact", "INVALID_FIELD", "relationship 'Boss'"),
        ("SELECT Id FROM Contact WHERE Description LIKE '%a%'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Contact ORDER BY MailingAddress", "INVALID_FIELD", "can not be sorted"),
        ("SELECT COUNT(Id) FROM Contact GROUP BY Description", "INVALID_FIELD", "can not be grouped"),
        (
            "SELECT Id FROM Contact WHERE Birthdate = '1984-03-17'",
            "INVALID_FIELD",
            "not be enclosed in quotes",
        ),
        ("SELECT Id FROM Contact WHERE Email = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Contact WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field"),
        (
            "SELECT Id FROM Contact WHERE AnnualIncome__c LIKE '1%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "currency",
        ),
        ("SELECT Id FROM Contact WHERE COUNT(Id) > 1", "MALFORMED_QUERY", "'COUNT'"),
        ("SELECT Id FROM Contact ORDER BY COUNT(Id)", "MALFORMED_QUERY", "Ordered field"),
        ("SELECT Id FROM Contact WHERE Email INCLUDES ('a')", "INVALID_FIELD", "only valid on multipicklist"),
        ("SELECT FIELDS(SOME) FROM Contact LIMIT 1", "MALFORMED_QUERY", "'SOME'"),
        ("SELECT UPSIDE(Name) FROM Contact GROUP BY UPSIDE(Name)", "MALFORMED_QUERY", "'UPSIDE'"),
        ("SELECT MAX() FROM Contact", "MALFORMED_QUERY", "'MAX'"),
        ("SELECT DISTANCE(Name) FROM Contact", "MALFORMED_QUERY", "grouped or aggregated: DISTANCE"),
        ("SELECT COUNT(Id), (SELECT Id FROM Cases) FROM Contact", "MALFORMED_QUERY", "sub-select"),
        (
            "SELECT Name FROM Contact GROUP BY Name HAVING Name IN (SELECT Id FROM Case)",
            "MALFORMED_QUERY",
            "semi",
        ),
        (
            "SELECT Id FROM Contact WHERE Id IN (SELECT Name FROM Case)",
            "INVALID_FIELD",
            "'Name' on entity 'Case'",
        ),
        ("SELECT Id FROM Contact WHERE Id IN (SELECT Status FROM Case)", "MALFORMED_QUERY", "must be an id"),
        ("SELECT Id FROM Contact WHERE Id IN (SELECT Id, Status FROM Case)", "MALFORMED_QUERY", "one field"),
        ("SELECT Id FROM Person", "INVALID_TYPE", "'Person' is not supported"),
        ("SELECT (SELECT Id FROM Friends) FROM Contact", "INVALID_TYPE", "relationship 'Friends'"),
        ("SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
        ("SELECT Id FROM Contact WHERE Email IN (SELECT Email FROM Lead)", "MALFORMED_QUERY", "semi join"),
    ],
)
def test_a_wrong_query_is_refused_in_the_real_words(run, query, code, words):
    """Each mistake has the documented code and a message that points at it."""
    with pytest.raises(SalesforceError) as raised:
        run(query)
    assert raised.value.code == code
    assert words in raised.value.message


def test_the_place_of_a_mistake_is_pointed_at(run):
    """The message quotes the query and says row and column."""
    with pytest.raises(SalesforceError) as raised:
        run("SELECT Id,\n  Shoe FROM Contact")
    assert raised.value.message.startswith("\n  Shoe FROM Contact\n  ^\nERROR at Row:2:Column:3\n")
