"""A GraphQL API behind a lane: the connector is that of the policy language's page, the server graphql-core."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import graphql
import pytest

from proxy.demo.installation import LaneOf
from proxy.sandbox import Call, Sandbox, running
from proxy.sandbox.exchange import Answer
from tests.connectors.graphql.test_grammar import example
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed

SCHEMA = """
  input Text { eq: String, ne: String, like: String }
  input Where {
    name: Text, mail: Text, iban: Text, born: Text, firm: FirmWhere, and: [Where!], or: [Where!], not: Where
  }
  input FirmWhere { name: Text }
  enum Way { ASC DESC }
  input Order { name: Way, born: Way, iban: Way }
  input PersonInput { name: String, mail: String, iban: String }
  type Firm { id: ID!, name: String, staff: [Person!]! }
  type Person {
    id: ID!, name: String, mail: String, iban: String, born: String, firmId: ID, firm: Firm, secret: String
  }
  type PageInfo { hasNextPage: Boolean!, endCursor: String }
  type People { totalCount: Int!, pageInfo: PageInfo!, nodes: [Person!]! }
  type Query {
    person(id: ID!): Person, people(first: Int, where: Where, orderBy: [Order!]): People!, everything: String
  }
  type Mutation { updatePerson(id: ID!, input: PersonInput!): Person, deletePerson(id: ID!): Person }
"""
RULES = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: staff, owner: privacy-engineering}
grants:
  - id: staff-seen
    effect: allow
    roles: [support_agent]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {connectors: [staff], categories: [user.name, user.contact.email, system.operations, organization]}
    actions: [read, list, filter, sort]
  - id: staff-born
    effect: mask
    with: year
    roles: [support_agent]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {connectors: [staff], fields: [born]}
    actions: [read, list]
  - id: staff-changed
    effect: allow
    roles: [support_agent]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {connectors: [staff], categories: [system.record, user.name, user.contact.email]}
    actions: [update]
  - id: staff-deleted
    effect: allow
    roles: [support_lead, privacy_officer]
    purposes: [customer_support, subject_request]
    on: {connectors: [staff], categories: [system.record, system.operations, user.name]}
    actions: [read, delete]
"""
ERASURE = """
rules:
  - id: staff-cases
    on: {connectors: [staff]}
    roles: [privacy_officer]
    then: case
    ground: objection
  - id: staff-cases-said-done
    on: {connectors: [staff]}
    roles: [support_lead]
    then: case
    answer: done
    ground: objection
"""
LANE = """\
  - name: staff
    listen: 127.0.0.1:0
    upstream: {{url: "{url}"}}
    credential: {{file: state/credentials/salesforce, scheme: Bearer}}
    connector: staff
"""


class Staff(Sandbox):
    """A GraphQL server with three people in it; it answers whatever its schema allows."""

    name = "staff"

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self.rows: list[dict[str, Any]] = [
            {"id": str(at), "name": name, "mail": f"{name.lower()}@example.org", "iban": f"canary{at}",
             "born": f"198{at}-03-17", "firmId": "1", "secret": "canary"}
            for at, name in enumerate(("Aoife", "Mara", "Zoë"), 1)
        ]  # fmt: skip
        self._schema = graphql.build_schema(SCHEMA)

    def people(self) -> list[dict[str, object]]:
        """Return copies of every person."""
        return [dict(row) for row in self.rows]

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            **row,
            "firm": lambda _info: {"id": "1", "name": "Northwind", "staff": [*map(self._shown, self.rows)]},
        }

    def _one(self, _info: object, **given: Any) -> Any:
        return next((self._shown(row) for row in self.rows if row["id"] == given["id"]), None)

    def _people(self, _info: object, **given: Any) -> dict[str, Any]:
        rows = [row for row in self.rows if _meets(row, given.get("where") or {})]
        for order in reversed(given.get("orderBy") or []):
            ((name, way),) = order.items()
            rows.sort(key=lambda row, name=name: row[name], reverse=way == "DESC")
        shown = rows[: given.get("first") or None]
        page = {"hasNextPage": len(shown) < len(rows), "endCursor": "canary"}
        return {"totalCount": len(rows), "pageInfo": page, "nodes": [*map(self._shown, shown)]}

    def _update(self, _info: object, **given: Any) -> Any:
        next(row for row in self.rows if row["id"] == given["id"]).update(given["input"])
        return self._one(None, id=given["id"])

    def answer(self, call: Call) -> Answer:
        """Execute a request."""
        if call.bearer() != self.token:
            return Answer(401, {"errors": [{"message": "canary"}]})
        tree = json.loads(call.body)
        roots = {
            "person": self._one,
            "people": self._people,
            "updatePerson": self._update,
            "everything": "canary",
        }
        found = graphql.graphql_sync(
            self._schema, tree["query"], root_value=roots, variable_values=tree.get("variables")
        )
        told: dict[str, Any] = {"data": found.data, "extensions": {"canary": True}}
        if found.errors:
            told["errors"] = [{"message": f"canary {each.message}"} for each in found.errors]
        return Answer(200, told)


def _meets(row: dict[str, Any], where: dict[str, Any]) -> bool:
    return all(_holds(row, name, value) for name, value in where.items())


def _holds(row: dict[str, Any], name: str, value: Any) -> bool:
    match name:
        case "and":
            return all(_meets(row, each) for each in value)
        case "or":
            return any(_meets(row, each) for each in value)
        case "not":
            return not _meets(row, value)
        case "firm":
            return True
    if "eq" in value:
        return bool(row[name] == value["eq"])
    return str(row[name]).startswith(value["like"].rstrip("%"))


@dataclass(frozen=True)
class Town:
    """Lychgate in front of it."""

    run: Installed
    crm: Staff

    def ask(
        self, query: str, variables: dict[str, Any] | None = None, *, caller: str = "helpdesk"
    ) -> tuple[int, Any]:
        """Return status and body of what somebody asks for, a support agent unless it is said."""
        body = json.dumps({"query": query, **({"variables": variables} if variables else {})}).encode()
        headers = {"authorization": f"Bearer {self.run.keys[caller]}", "content-type": "application/json"}
        headers |= {"x-purpose": "subject_request"} if caller == "privacy_desk" else {}
        request = urllib.request.Request(f"{self.run.url('staff')}/graphql", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Run Lychgate with a lane in front of the server."""
    crm = Staff(CRM_TOKEN)
    with running(crm) as server:
        lanes = {"salesforce": LaneOf(0, "http://127.0.0.1:9", CRM_TOKEN)}
        folder = tmp_path_factory.mktemp("staff") / "gateway"
        made = Installed.make(folder, lanes, lambda text: text + LANE.format(url=server.url))
        (made.made.policies / "connectors" / "staff.yaml").write_text(example(), "utf-8")
        (made.made.policies / "example" / "staff.yaml").write_text(RULES, "utf-8")
        erasure = made.made.policies / "example" / "erasure.yaml"
        erasure.write_text(erasure.read_text("utf-8") + ERASURE, "utf-8")
        try:
            yield Town(made.up(), crm)
            made.down()
            made.check_ledger()
        finally:
            made.kill()


def test_a_record_is_the_same_by_every_way_of_asking(town: Town) -> None:
    """By id, in a list, behind a link, under other keys, in a fragment; masked and left out alike."""
    fields = "id name mail iban born secret"
    status, one = town.ask(f"{{person(id: 1) {{{fields}}}}}")
    shown = one["data"]["person"]
    assert status == 200
    assert shown == {"id": "1", "name": "Aoife", "mail": "aoife@example.org", "born": "1981"}
    _, many = town.ask(f"query q($m: String) {{people(where: {{mail: {{eq: $m}}}}) {{nodes {{{fields}}}}}}}",
                       {"m": "aoife@example.org"})  # fmt: skip
    assert many["data"]["people"]["nodes"] == [shown]
    _, behind = town.ask(f"{{person(id: 2) {{firm {{name staff {{...f}}}}}}}} fragment f on Person {{{fields}}}")
    assert behind["data"]["person"]["firm"]["staff"][0] == shown
    _, renamed = town.ask("{p: person(id: 1) {a: id b: name c: mail mail: iban e: born}}")
    assert renamed["data"]["p"] == {"a": "1", "b": "Aoife", "c": "aoife@example.org", "e": "1981"}


def test_what_stands_around_a_list_is_what_is_declared(town: Town) -> None:
    """Counts and flags; no cursor, no words of the CRM's, no extensions."""
    query = "{people(first: 2, orderBy: [{name: DESC}]) {totalCount pageInfo {hasNextPage} nodes {name}}}"
    status, told = town.ask(query)
    assert status == 200
    names = [{"name": "Zoë"}, {"name": "Mara"}]
    assert told == {"data": {"people": {"totalCount": 3, "pageInfo": {"hasNextPage": True}, "nodes": names}}}


@pytest.mark.parametrize(
    "query",
    [
        '{people(where: {iban: {like: "c%"}}) {nodes {name}}}',
        '{people(where: {not: {or: [{iban: {eq: "x"}}]}}) {totalCount}}',
        '{people(where: {born: {like: "1981%"}}) {nodes {name}}}',
        "{people(orderBy: [{iban: ASC}]) {nodes {name}}}",
        "{person(id: 1) {iban}}",
        "{everything}",
        "{__schema {types {name}}}",
        "mutation {deletePerson(id: 1) {id}}",
        'mutation {updatePerson(id: 1, input: {iban: "x"}) {name}}',
    ],
)
def test_a_hidden_field_answers_nothing(town: Town, query: str) -> None:
    """GQ-01 to GQ-04: whatever it is asked by, the CRM is not, and the refusal is of GraphQL's form."""
    before = len(town.crm.calls)
    status, told = town.ask(query)
    assert 400 <= status < 500
    assert "(decision " in told["errors"][0]["message"]
    assert len(town.crm.calls) == before


def test_a_record_is_changed_and_what_comes_back_is_judged(town: Town) -> None:
    """The variable holds what is written; its neighbour is not shown."""
    query = "mutation m($i: PersonInput!) {updatePerson(id: 3, input: $i) {name mail iban}}"
    status, told = town.ask(query, {"i": {"mail": "zoe@example.org"}})
    assert status == 200
    assert told["data"]["updatePerson"] == {"name": "Zoë", "mail": "zoe@example.org"}
    assert town.crm.people()[2]["mail"] == "zoe@example.org"
    assert town.ask(query, {"i": {"iban": "x"}})[0] == 403


def test_the_crms_errors_are_not_its_words(town: Town) -> None:
    """That there were some is said, and no more."""
    status, told = town.ask("{person(id: 1) {name} people(where: {name: {like: null}}) {nodes {name}}}")
    assert status == 200
    assert "canary" not in json.dumps(told)


DELETES = """mutation m($a: ID!, $b: ID!) {
  first: deletePerson(id: $a) {id __typename} again: deletePerson(id: $b) {key: id name}
}"""


def test_a_mutation_that_deletes_is_answered_as_what_it_asked_for(town: Town) -> None:
    """Done: the id of each, and no more of a record that is gone; pending: null, and an error of each."""
    before = len(town.crm.calls)
    status, told = town.ask(DELETES, {"a": "1", "b": "2"}, caller="helpdesk_leads")
    assert (status, told) == (200, {"data": {"first": {"id": "1"}, "again": {"key": "2", "name": None}}})
    status, told = town.ask(DELETES, {"a": "1", "b": "2"}, caller="privacy_desk")
    assert (status, told["data"]) == (200, {"first": None, "again": None})
    assert [each["path"] for each in told["errors"]] == [["first"], ["again"]]
    cases = [each["extensions"]["case"] for each in told["errors"]]
    assert len(set(cases)) == 2
    assert all("not deleted yet" in each["message"] for each in told["errors"])
    mixed = 'mutation {deletePerson(id: 1) {id} updatePerson(id: 2, input: {name: "x"}) {name}}'
    status, told = town.ask(mixed, caller="helpdesk_leads")
    assert (status, list(told)) == (403, ["errors"])
    assert len(town.crm.calls) == before
