"""SOQL: text to tree to text, and no name that hides what it means."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.soql import Meaning, parse, understand, write
from proxy.connectors.soql.parsing import MAX_DEPTH, MAX_LENGTH, RESERVED
from proxy.connectors.soql.tree import (
    AGGREGATES,
    DATE_FUNCTIONS,
    Call,
    Column,
    Compare,
    Condition,
    FieldSet,
    Junction,
    Not,
    Order,
    Path,
    Query,
    Within,
)
from proxy.connectors.words import ObjectWords, Relation, Words, spec_of
from proxy.errors import ExchangeError, Gap, Undecodable
from proxy.model import Action, FieldSpec, FieldUse

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,6}", fullmatch=True).filter(
    lambda name: name.upper() not in RESERVED
)
KNOWN = st.sampled_from(
    ["Id", "Name", "SSN__c", "Account.Name", "Account.SSN__c", "c.Id", "Contact.SSN__c", "Nope"]
)
PATHS = st.builds(Path, st.lists(NAMES, min_size=1, max_size=3).map(tuple)) | KNOWN.map(
    lambda text: Path(tuple(text.split(".")))
)
DATED = st.builds(Call, st.sampled_from(sorted(DATE_FUNCTIONS)), PATHS)
AGGREGATED = st.builds(Call, st.sampled_from(sorted(AGGREGATES)), PATHS)
PLAIN = PATHS | DATED
ANY = PLAIN | AGGREGATED
TEXTS = st.lists(
    st.sampled_from(["a", "'", "\\", "%", "_", "(", ")", ",", "é", "\n", " FROM ", "-- ", "\u2028"])
).map("".join)


def quoted(text: str) -> str:
    """Return a text as a SOQL literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


VALUES = (
    TEXTS.map(quoted)
    | st.integers(-(10**15), 10**15).map(str)
    | st.sampled_from(
        [
            "null",
            "true",
            "false",
            "TODAY",
            "LAST_N_DAYS:30",
            "2026-11-23",
            "2026-11-23T10:00:00Z",
            "-1.5e3",
            ".5",
        ]
    )
)
OPERATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "LIKE"])
SETS = st.sampled_from(["IN", "NOT IN", "INCLUDES", "EXCLUDES"])
COMPARES = st.builds(Compare, PLAIN, OPERATORS, VALUES)
WITHINS = st.builds(Within, PLAIN, SETS, st.lists(VALUES, min_size=1, max_size=3).map(tuple))


def junction(word: str, conditions: list[Condition]) -> Junction:
    """Return a junction in the one form it has: nothing of the same word directly inside."""
    inside = [
        each.conditions if isinstance(each, Junction) and each.word == word else (each,) for each in conditions
    ]
    return Junction(word, tuple(itertools.chain.from_iterable(inside)))  # type: ignore[arg-type]


CONDITIONS = st.recursive(
    COMPARES | WITHINS,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(junction, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3))
    ),
    max_leaves=6,
)
ORDERS = st.builds(Order, ANY, st.sampled_from(["", "ASC", "DESC"]), st.sampled_from(["", "FIRST", "LAST"]))
OPTIONAL_COUNT = st.none() | st.integers(0, 2000)


def queries(columns: st.SearchStrategy[object], source: st.SearchStrategy[str]) -> st.SearchStrategy[Query]:
    """Return queries over some columns and sources."""
    return st.builds(
        Query,
        columns=st.lists(columns, min_size=1, max_size=3).map(tuple),
        source=source,
        alias=st.none() | st.just("c"),
        where=st.none() | CONDITIONS,
        group=st.lists(PLAIN, max_size=2).map(tuple),
        having=st.none() | CONDITIONS,
        order=st.lists(ORDERS, max_size=2).map(tuple),
        limit=OPTIONAL_COUNT,
        offset=OPTIONAL_COUNT,
    )


SOURCES = st.sampled_from(["Contact", "Account", "Cases", "contact"]) | NAMES
COLUMNS = st.builds(Column, ANY, st.none() | NAMES) | st.sampled_from(["ALL", "STANDARD", "CUSTOM"]).map(
    FieldSet
)
CHILDREN = queries(COLUMNS, SOURCES)
QUERIES = queries(COLUMNS | CHILDREN, SOURCES)


def words() -> Words:
    """Return contacts with a hidden number, their accounts, and cases."""
    fields = {name: FieldSpec("x") for name in ("Id", "Name", "SSN__c", "AccountId")}
    account = Relation("Account", "Account", "AccountId", frozenset())
    cases = Relation("Cases", "Account", "AccountId", frozenset())

    def one(name: str) -> ObjectWords:
        spelling = {each.lower(): each for each in (*fields, "Account", "Cases")}
        parents = {"Account": account}
        return ObjectWords(spec_of(name, fields, parents, "Id"), parents, {"Cases": cases}, (), spelling)

    return Words(
        {name: one(name) for name in ("Contact", "Account")}, {"contact": "Contact", "account": "Account"}
    )


def uses_of(meaning: Meaning) -> set[FieldUse]:
    """Return every use in a query and its sub-queries."""
    return {use for part in meaning.parts() for use in part.uses}


@given(QUERIES)
def test_what_is_written_parses_back(query: Query) -> None:
    """Writing and parsing are inverse for every tree there is."""
    assert parse(write(query)) == query


@given(QUERIES)
def test_what_is_understood_is_a_fixpoint(query: Query) -> None:
    """The query that is sent means what the query that was judged means, and is sent as itself."""
    try:
        meaning = understand(query, words())
    except Gap:
        return
    again = understand(parse(write(meaning.query)), words())
    assert again.query == meaning.query
    assert uses_of(again) == uses_of(meaning)
    assert (again.columns, again.records) == (meaning.columns, meaning.records)


@given(QUERIES, st.randoms(use_true_random=False))
def test_case_never_matters(query: Query, random: object) -> None:
    """A query in any mixture of case touches the same fields."""
    try:
        uses = uses_of(understand(query, words()))
    except Gap:
        return
    shouted = write(query).split("'")
    # Literals keep their case: every second part lies between quotes, unless one is escaped.
    if any(part.endswith("\\") for part in shouted):
        return
    text = "'".join(part if at % 2 else part.swapcase() for at, part in enumerate(shouted))
    text = text.replace("t10:00:00z", "T10:00:00Z").replace("1.5E3", "1.5e3")
    assert uses_of(understand(parse(text), words())) == uses


def mentions(node: object, name: str) -> bool:
    """Tell whether a path that ends in `name` stands anywhere in a tree; walks fields, knows no grammar."""
    if isinstance(node, Path):
        return node.hops[-1].lower() == name.lower()
    if isinstance(node, tuple):
        return any(mentions(each, name) for each in node)
    if hasattr(node, "__dataclass_fields__"):
        return any(mentions(getattr(node, each), name) for each in node.__dataclass_fields__)
    return False


@given(QUERIES)
def test_a_hidden_field_always_surfaces(query: Query) -> None:
    """A query that names a field anywhere has a use of it or of an unclassified one, or has no word."""
    try:
        meaning = understand(query, words())
    except Gap:
        return
    if mentions(query, "SSN__c"):
        assert {use.field for use in uses_of(meaning)} & {"SSN__c", "unclassified"}


@given(QUERIES)
def test_uses_never_repeat_the_clients_words(query: Query) -> None:
    """Every use names something the connector lists, whatever the client wrote."""
    try:
        meaning = understand(query, words())
    except Gap:
        return
    for use in uses_of(meaning):
        assert use.object in {"Contact", "Account"}
        assert use.field in {"Id", "Name", "SSN__c", "AccountId", "unclassified", ""}


PIECES = ["SELECT", "Id", "FROM", "Contact", "WHERE", "(", ")", "'", "\\", "=", ",", ".", "IN", "NOT"]
REASONS = {"soql", "soql_function", "soql_literal", "soql_alias", "query_too_deep"}


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_parse_is_total(text: str) -> None:
    """Any text is a query or one of our errors, and the error repeats none of it."""
    found: ExchangeError | None = None
    try:
        parse(text)
    except ExchangeError as error:
        found = error
    if found is not None:
        assert str(found) in REASONS
        assert found.__cause__ is None
        assert found.__suppress_context__ or found.__context__ is None


def test_sizes_are_bounded() -> None:
    """Length and depth are looked at before anything else is."""
    with pytest.raises(Undecodable) as caught:
        parse("x" * (MAX_LENGTH + 1))
    assert caught.value.status == 414
    deep = MAX_DEPTH + 1
    with pytest.raises(Undecodable):
        parse(f"SELECT Id FROM C WHERE {'(' * deep}Id = 1{')' * deep}")
    # Parentheses inside a text are text.
    assert parse(f"SELECT Id FROM C WHERE Id = '{'(' * 100}'").where == Compare(
        Path(("Id",)), "=", f"'{'(' * 100}'"
    )
    with pytest.raises(Gap):
        parse("SELECT Id FROM C LIMIT 99999999999")
    with pytest.raises(Gap):
        parse("SELECT Id FROM C LIMIT -1")


@pytest.mark.parametrize(
    ("soql", "uses"),
    [
        # each way of touching a field, by name of the use
        ("SELECT SSN__c FROM Contact", {Action.LIST}),
        ("SELECT Id FROM Contact WHERE SSN__c = null", {Action.FILTER}),
        ("SELECT Id FROM Contact WHERE NOT (Id = '1' OR (Id = '2' AND SSN__c IN ('3')))", {Action.FILTER}),
        ("SELECT Id FROM Contact ORDER BY SSN__c", {Action.SORT}),
        ("SELECT COUNT(Id) FROM Contact GROUP BY SSN__c", {Action.GROUP}),
        ("SELECT COUNT(Id) FROM Contact GROUP BY DAY_ONLY(SSN__c)", {Action.GROUP}),
        ("SELECT COUNT(SSN__c) FROM Contact", {Action.AGGREGATE}),
        ("SELECT MIN(SSN__c) FROM Contact", {Action.AGGREGATE, Action.LIST}),
        (
            "SELECT COUNT(Id) FROM Contact GROUP BY Name HAVING MAX(SSN__c) > '1'",
            {Action.AGGREGATE, Action.FILTER},
        ),
        ("SELECT COUNT(Id) FROM Contact GROUP BY Name HAVING SSN__c > '1'", {Action.FILTER}),
        ("SELECT COUNT(Id) FROM Contact GROUP BY Name ORDER BY AVG(SSN__c)", {Action.AGGREGATE, Action.SORT}),
        ("SELECT Id, (SELECT SSN__c FROM Cases) FROM Contact", {Action.LIST}),
        ("SELECT Id, (SELECT Id FROM Cases WHERE SSN__c = '1') FROM Contact", {Action.FILTER}),
        ("SELECT Id FROM Contact WHERE Id IN (SELECT SSN__c FROM Account)", {Action.FILTER}),
        ("SELECT Id FROM Contact WHERE Id NOT IN (SELECT Id FROM Account WHERE SSN__c = '1')", {Action.FILTER}),
        ("SELECT Account.Account.SSN__c FROM Contact", {Action.LIST}),
        ("SELECT x.sSn__C FROM Contact x", {Action.LIST}),
        ("SELECT FIELDS(CUSTOM) FROM Contact", {Action.LIST}),
        ("SELECT FIELDS(STANDARD) FROM Contact", set()),
    ],
)
def test_every_use_has_its_kind(soql: str, uses: set[Action]) -> None:
    """How a field is used is noted, not only that it is."""
    meaning = understand(parse(soql), words())
    assert {use.action for use in uses_of(meaning) if use.field == "SSN__c"} == uses


def test_a_link_that_decides_is_a_use_of_the_link() -> None:
    """Comparing, sorting or grouping by what is behind a link compares the link; showing it does not."""
    for soql, actions in (
        ("SELECT Account.Name FROM Contact", set()),
        ("SELECT Id FROM Contact WHERE Account.Name = 'x'", {Action.FILTER}),
        ("SELECT Id FROM Contact ORDER BY Account.Name", {Action.SORT}),
        ("SELECT Account.Name FROM Contact GROUP BY Account.Name", {Action.GROUP}),
    ):
        meaning = understand(parse(soql), words())
        assert {use.action for use in meaning.uses if use.field == "AccountId"} == actions


def test_records_named_by_id() -> None:
    """Ids that a query compares the key with are the records it names; escapes and other fields are not."""
    named = "Id = 'a' OR Id IN ('b', 'c\\'', 5)"
    soql = f"SELECT Name FROM Contact WHERE {named} OR Name = 'd' OR Id != 'e' OR Account.Id = 'f'"
    assert understand(parse(soql), words()).records == ("a", "b")
