"""GraphQL requests: what each does to which fields, whatever it calls them, and what has no word."""

import re
from pathlib import Path

import pytest

from proxy.connectors import Connector, load_connector
from proxy.connectors.asked import Asked
from proxy.errors import ExchangeError, Gap, Problems
from proxy.message import Request

README = Path(__file__).parents[3] / "policies" / "README.md"


def example() -> str:
    """Return the connector on the page of the policy language."""
    text = README.read_text("utf-8")
    (found,) = re.findall(r"^```yaml connector graphql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Connector:
    """Return that connector."""
    path = tmp_path_factory.mktemp("graphql") / "staff.yaml"
    path.write_text(example(), "utf-8")
    return load_connector(path)


def ask(staff: Connector, query: str, variables: dict[str, object] | None = None) -> Asked:
    """Return what a query asks for."""
    tree = {"query": query, **({"variables": variables} if variables else {})}
    request = Request("POST", "/graphql", body=b"x")
    return staff.route(request).recognise(request, tree)


def done(asked: Asked) -> list[str]:
    """Return its operations, each with what it uses."""
    return [
        f"{each.action} {each.object}: {', '.join(f'{use.action} {use.field}' for use in each.uses)}"
        for each in asked.operations
    ]


CASES = [
    ("{person(id: 7) {name mail}}", ["read person: read name, read mail"]),
    ("{person(id: 7) {x: name, name: iban}}", ["read person: read name, read iban"]),
    ("{person(id: 7) {...f}} fragment f on Person {iban}", ["read person: read iban"]),
    (
        "{person(id: 7) {name ... on Person {name firm {... on Firm {name}}}}}",
        ["read person: read name, read firmId", "list firm: list name"],
    ),
    ("{person(id: 7) {... {iban}}}", ["read person: read iban"]),
    ("{person(id: 7) {name iban @skip(if: true)}}", ["read person: read name"]),
    ("{person(id: 7) {secret __typename}}", ["read person: read unclassified"]),
    (
        '{people(first: 5, where: {or: [{iban: {like: "DE%"}}, {not: {mail: {eq: null}}}]}) {nodes {name}}}',
        ["list person: list name, filter iban, filter mail"],
    ),
    (
        "{people(orderBy: [{born: DESC}]) {totalCount pageInfo {hasNextPage} nodes {name}}}",
        ["list person: list name, sort born"],
    ),
    (
        '{people(where: {firm: {name: {eq: "x"}}}) {nodes {name firm {name}}}}',
        ["list person: list name, list firmId, filter firmId", "list firm: filter name", "list firm: list name"],
    ),
    ("{people {totalCount}}", ["list person: "]),
    ("{a: person(id: 1) {name} b: person(id: 2) {mail}}", ["read person: read name", "read person: read mail"]),
    (
        'mutation {updatePerson(id: 7, input: {mail: "x"}) {name}}',
        ["update person: update mail", "read person: read name"],
    ),
    ("mutation {deletePerson(id: 7) {id}}", ["delete person: ", "read person: read id"]),
    ("{person(id: 7) {firm {staff {iban}}}}", None),
    ("{person(id: 7) {firm {name}}}", ["read person: read firmId", "list firm: list name"]),
]


@pytest.mark.parametrize(("query", "expected"), CASES)
def test_a_query_does_what_it_says(staff: Connector, query: str, expected: list[str] | None) -> None:
    """GQ-01, GQ-03: by another key, in a fragment, in a condition, behind a link: it is the same use."""
    if expected is None:
        try:
            told = done(ask(staff, query))
        except Gap:
            return
        assert any("iban" in each for each in told)
        return
    assert done(ask(staff, query)) == expected


def test_variables_are_put_in_their_places(staff: Connector) -> None:
    """A field in a variable is a filter too; a record's id is known."""
    query = "query q($w: Where, $i: ID!) {people(where: $w) {nodes {name}} person(id: $i) {name}}"
    asked = ask(staff, query, {"w": {"iban": {"eq": "x"}}, "i": "7"})
    assert done(asked) == ["list person: list name, filter iban", "read person: read name"]
    assert asked.operations[1].records == ("7",)
    assert asked.tree["variables"] == {"w": {"iban": {"eq": "x"}}, "i": "7"}


REFUSED = [
    "{__schema {types {name}}}",
    '{__type(name: "Person") {name}}',
    "{__typename}",
    "subscription {people {nodes {name}}}",
    "{a: people {nodes {name}}} query b {person(id: 1) {name}}",
    "{everything {name}}",
    "mutation {people {nodes {name}}}",
    "{updatePerson(id: 1, input: {}) {name}}",
    '{person(id: "x y") {name}}',
    "{person(id: [1]) {name}}",
    '{person(mail: "x") {name}}',
    '{person(id: 1) {name(format: "x")}}',
    "{person(id: 1) {name {first}}}",
    "{person(id: 1) {firm}}",
    "{person(id: 1) {firm(where: {}) {name}}}",
    "{person(id: 1) {lychgate_x: name}}",
    "{person(id: 1) {... on Firm {name}}}",
    "{person(id: 1) {firm {id} ... on Person {firm {name}}}}",
    "{people {edges {node {name}}}}",
    "{people {pageInfo {endCursor}}}",
    '{people(after: "x") {nodes {name}}}',
    '{people(where: {mail: "x"}) {nodes {name}}}',
    '{people(where: {mail: {regex: "x"}}) {nodes {name}}}',
    "{people(where: {mail: {eq: {a: 1}}}) {nodes {name}}}",
    '{people(where: {staff: {name: {eq: "x"}}, "a": 1}) {nodes {name}}}',
    '{people(where: [{mail: {eq: "x"}}]) {nodes {name}}}',
    '{people(orderBy: "name") {nodes {name}}}',
    "{people(orderBy: {firm: ASC}) {nodes {name}}}",
    '{people(first: "x") {nodes {name}}}',
    'mutation {updatePerson(id: 1, input: {firm: {name: "x"}}) {name}}',
    'mutation {updatePerson(id: 1, input: [{mail: "x"}]) {name}}',
]


@pytest.mark.parametrize("query", REFUSED)
def test_what_has_no_word_is_refused(staff: Connector, query: str) -> None:
    """GQ-02, GQ-04: introspection, several at once, other arguments, other places, other operators."""
    with pytest.raises(ExchangeError):
        ask(staff, query)


def test_an_answer_is_cut_down_and_its_records_are_found(staff: Connector) -> None:
    """GQ-07: what nobody asked for goes, and so do the CRM's words; each record knows its keys."""
    asked = ask(staff, "{p: people {n: totalCount pageInfo {hasNextPage} nodes {who: name firm {name}}}}")
    tree = {
        "data": {
            "p": {
                "n": 2,
                "pageInfo": {"hasNextPage": True, "endCursor": "canary"},
                "nodes": [{"who": "Aoife", "iban": "canary", "firm": {"name": "N", "x": "canary"}}, None],
            },
            "other": "canary",
        },
        "extensions": {"canary": 1},
        "errors": [{"message": "canary"}],
    }
    opened = asked.open(200, tree)
    assert "canary" not in str(opened.tree)
    assert opened.tree["data"]["p"]["n"] == 2
    people = [each for each in opened.records if each.object == "person"]
    assert [dict(each.names) for each in people] == [
        {"who": ("person", "name", "list"), "firm": ("person", "firmId", "list")}
    ]
    (firm,) = [each for each in opened.records if each.object == "firm"]
    assert firm.within == (people[0], "firm")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("object: person, action: read", "object: persona, action: read", "not among the objects"),
        ("action: update, arguments", "action: read, arguments", "does not go with where it stands"),
        ("grammar: graphql, media: [json]", "grammar: graphql", "media: \\[json\\]"),
        ('patterns: {id: "[0-9]{1,19}"}', "patterns: {}", 'pattern "id"'),
    ],
)
def test_a_section_that_is_wrong_is_told(tmp_path: Path, old: str, new: str, why: str) -> None:
    """When the connector loads."""
    text = example()
    assert old in text
    (tmp_path / "c.yaml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(Problems, match=why):
        load_connector(tmp_path / "c.yaml")
