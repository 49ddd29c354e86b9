"""Loading a connector: everything wrong is told at once, with its place."""

from pathlib import Path

import pytest

from proxy.connectors import Connector, load_connector
from proxy.errors import Problems

GOOD = """\
apiVersion: lychgate.dev/v1
kind: Connector
metadata: {name: small}
patterns: {id: "[0-9]+"}
routes:
  - {match: "GET /people/{id}", object: people, answer: one}
answers:
  one: {$: record}
errors:
  shape: {error: "{code}", text: "{text}"}
  code: $.error
  codes: {no: No., broken: Broken.}
  statuses: {4xx: no, 5xx: broken}
objects:
  people:
    subject: {key: key}
    fields:
      key: {category: system.operations, semantic: id}
      boss: {category: user.name}
"""


def problems(folder: Path, text: str) -> list[str]:
    """Return the problems of a file, each as `line:column code message`."""
    path = folder / "c.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Problems) as caught:
        load_connector(path)
    assert {problem.file for problem in caught.value.problems} == {str(path)}
    return [f"{each.line}:{each.column} {each.code} {each.message}" for each in caught.value.problems]


def test_a_small_connector_loads(tmp_path: Path) -> None:
    """The smallest useful connector names one route, one object and how errors are written."""
    path = tmp_path / "c.yaml"
    path.write_text(GOOD, encoding="utf-8")
    connector = load_connector(path)
    assert isinstance(connector, Connector)
    assert (connector.name, set(connector.catalogue)) == ("small", {"people"})


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("kind: Connector", "kind: Policy", "2:7"),
        ("answer: one", "answer: ome", '6:5 LG301 names an unknown answer "ome" (did you mean "one"?)'),
        ("answer: one", "grammar: sql", '6:5 LG301 names an unknown grammar "sql" (did you mean "soql"?)'),
        ("answer: one", "body: x", '6:5 LG301 names an unknown body "x"'),
        ("answer: one", "query: {n: digits}", '6:5 LG301 has a query parameter of unknown kind "digits"'),
        ("object: people", "object: person", '6:5 LG301 is about "person", which is not among the objects'),
        (", object: people", "", "6:5 LG301 names no object: write object: or put {object} into the path"),
        ("/{id}", "/{key}", '6:5 LG301 has a blank "key" without a pattern of that name'),
        ("GET /people", "HEAD /people", "6:13 LG117"),
        ('"[0-9]+"', '"[0-9"', "4:16 LG301 is not a regular expression"),
        ("{$: record}", "{$: records}", '8:8 LG301 "records" is neither a known kind nor one of the patterns'),
        ("{$: record}", "{$..x: record}", "8:8 LG301 a JSONPath here is made of names and [*] only"),
        ("{key: key}", "{key: kee}", '16:14 LG301 no field "kee" (did you mean "key"?)'),
        ("errors:", "lists: {$.people: 9}\nerrors:", "9:19 LG301 is no list in any of the bodies"),
        ("errors:", "values: [x]\nerrors:", '9:9 LG301 says more of an unknown "x"'),
        (
            "errors:",
            "describes: {ome: []}\nerrors:",
            '9:12 LG301 says more of an unknown "ome" (did you mean "one"',
        ),
        ("semantic: id", "semantic: idd", "18:52 LG101"),
        ("user.name", "User Name", "19:24 LG117"),
        ("boss:", "unclassified:", '16:5 LG301 "unclassified" cannot be the name of a field'),
        ("boss:", "KEY:", "16:5 LG301 has two fields or relations whose names differ in case at most"),
        ("4xx: no, ", "", "10:3 LG301 errors.statuses needs an entry for 4xx"),
        ("4xx: no", "4xx: nope", '10:3 LG301 errors.codes has no text for "nope"'),
        ("code: $.error", "code: error[0]", "10:3 LG301 a JSONPath"),
        ('shape: {error: "{code}", text: "{text}"}', "shape: x", "10:3 LG301 errors.shape must be"),
        ("metadata: {name: small}", "metadata: {name: small, nome: x}", '3:25 LG101 unknown key "nome"'),
    ],
)
def test_a_mistake_has_a_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """Each mistake is told where it stands, with what to write instead where that can be guessed."""
    assert old in GOOD
    (found,) = problems(tmp_path, GOOD.replace(old, new, 1))
    assert found.startswith(problem), found


RELATIONS = """\
    parents:
      Boss: {object: peeple, via: boss}
      Chief: {object: people, via: bos}
    children:
      staff: {object: people, via: key}
    searched: [name]
"""


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """One run finds all of them, in the order of the file."""
    found = problems(tmp_path, GOOD + RELATIONS)
    assert [each.partition(" LG301 ")[2] for each in found] == [
        "has two fields or relations whose names differ in case at most",
        'no object "peeple" (did you mean "people"?)',
        'no field "bos" (did you mean "boss"?)',
        'no field "name"',
    ]


def test_every_wrong_route_is_told(tmp_path: Path) -> None:
    """A wrong route does not hide the next one."""
    again = '  - {match: "GET /people/{id}", object: people}\n  - {match: "GET /x", object: y}\nanswers:'
    found = problems(tmp_path, GOOD.replace("answers:", again, 1))
    assert found == [
        "7:5 LG301 is declared twice",
        '8:5 LG301 is about "y", which is not among the objects',
    ]


def test_one_document_only(tmp_path: Path) -> None:
    """A file is one connector."""
    assert problems(tmp_path, GOOD + "---\n" + GOOD)[0].startswith("0:0 LG300")


@pytest.mark.parametrize("name", ["hubspot-search", "hubspot-export", "soql", "soql-page"])
def test_a_grammar_says_what_it_needs(tmp_path: Path, name: str) -> None:
    """A route that lacks what its grammar works with is the author's mistake, found at load."""
    text = GOOD.replace("object: people, answer: one", f"grammar: {name}", 1)
    (found,) = problems(tmp_path, text)
    assert found.startswith("6:5 LG301 ")
    assert found.endswith("for its grammar")


def test_what_ships_loads(salesforce: Connector, hubspot: Connector) -> None:
    """The connectors that ship have no mistakes, and the objects that policies are written about."""
    records = {"Contact", "Account", "Lead", "Case", "Opportunity", "Task", "User"}
    assert records | {"Service", "RecycleBin"} == set(salesforce.catalogue)
    engagements = {"notes", "calls", "emails", "meetings", "tasks"}
    kept = {"contacts", "companies", "deals", "tickets", "owners"}
    assert set(hubspot.catalogue) == kept | engagements


@pytest.mark.parametrize(
    ("route", "message"),
    [
        ("grammar: links, object: people, field: Name", "section links: for its grammar"),
        ("object: people, by: Zork", 'chooses records by "Zork"'),
        ("object: people, filters: [Zork]", 'chooses records by "Zork"'),
        ("object: people, query: {q: {kind: id, filter: Zork}}", 'chooses records by "Zork"'),
        ("object: people, query: {q: {kind: id, idle: zork}}", 'unknown pattern "zork"'),
        ("object: people, query: {q: {kind: zork}}", 'unknown kind "zork"'),
        ("object: people, record: zork", 'unknown record "zork"'),
    ],
)
def test_a_route_that_means_nothing_is_told(tmp_path: Path, route: str, message: str) -> None:
    """What a route says of fields, parameters and records leads somewhere."""
    (found,) = problems(tmp_path, GOOD.replace("object: people, answer: one", route, 1))
    assert message in found


@pytest.mark.parametrize("alias", ["people", "a b", ""])
def test_an_alias_is_a_name_of_one_object(tmp_path: Path, alias: str) -> None:
    """It cannot be what another object, or this one, is called already."""
    text = GOOD.replace("  people:\n", f'  people:\n    aliases: ["{alias}"]\n', 1)
    assert any(
        "is the name of an object already" in each or "cannot be" in each for each in problems(tmp_path, text)
    )
