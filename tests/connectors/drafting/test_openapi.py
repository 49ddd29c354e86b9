"""Drafts from OpenAPI documents load, mean what the document says, and say what they leave out."""

import json
from pathlib import Path

import pytest
import yaml

from proxy.connectors import Connector, load_connector
from proxy.connectors.drafting.openapi import draft
from proxy.connectors.endings import Fate, Said
from proxy.errors import Gap
from proxy.message import Headers, Request

SPEC = """
openapi: 3.0.3
info: {title: Orchard CRM, version: "1"}
servers: [{url: "https://crm.example/api/v2"}]
paths:
  /people:
    parameters: [{name: X-Trace, in: header, schema: {type: string}}]
    get:
      parameters:
        - {name: limit, in: query, schema: {type: integer}}
        - {name: cursor, in: query, schema: {type: string}}
        - {name: email, in: query, schema: {type: string}}
        - {name: fields, in: query, schema: {type: string}}
        - {name: sort, in: query, schema: {type: string}}
      responses:
        "200": {content: {application/json: {schema: {$ref: "#/components/schemas/PeoplePage"}}}}
    post:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/PersonInput"}}}}
      responses:
        "201": {content: {application/json: {schema: {$ref: "#/components/schemas/PersonInput"}}}}
  /people/{personId}:
    get:
      responses: {"200": {$ref: "#/components/responses/OnePerson"}}
    patch:
      requestBody:
        content:
          application/json:
            schema: {type: object, properties: {person: {$ref: "#/components/schemas/Person"}}}
      responses: {"204": {description: done}}
    delete: {responses: {"204": {description: gone}}}
  /people/{personId}/notes:
    get:
      responses: {"200": {content: {application/json: {schema: {type: object}}}}}
  /people/{personId}/merge/{other}:
    post: {responses: {"200": {description: merged}}}
  /export:
    post: {responses: {"202": {description: started}}}
components:
  responses:
    OnePerson: {content: {application/json: {schema: {$ref: "#/components/schemas/Person"}}}}
  schemas:
    Base: {type: object, properties: {id: {type: integer}, createdAt: {type: string, format: date-time}}}
    Person:
      allOf:
        - {$ref: "#/components/schemas/Base"}
        - type: object
          properties:
            firstName: {type: string, maxLength: 40}
            email: {type: string}
            birthDate: {type: string, format: date}
            shoeSize: {type: [number, "null"]}
            address: {type: object, properties: {street: {type: string}}}
            "bad name": {type: string}
    PersonInput:
      type: object
      properties: {firstName: {type: string}, email: {type: string}}
    PeoplePage:
      type: object
      properties:
        people: {type: array, items: {$ref: "#/components/schemas/Person"}}
        total: {type: integer}
        more: {type: boolean}
        next: {type: string}
"""


def load(folder: Path, text: str) -> Connector:
    """Return the connector that a draft is."""
    (folder / "draft.yaml").write_text(text, "utf-8")
    return load_connector(folder / "draft.yaml")


def uses(connector: Connector, request: Request, tree: object = None) -> tuple[str, set[str]]:
    """Return what a request does."""
    operations = connector.route(request).recognise(request, tree).operations
    done = {f"{use.action} {use.field}" for operation in operations for use in operation.uses}
    return f"{operations[0].action} {operations[0].object}", done


def test_a_draft_loads_and_means_what_the_document_says(tmp_path: Path) -> None:
    """Lists with filters and pages, records, writes in an envelope; each field is judged."""
    connector = load(tmp_path, draft(SPEC.encode(), name="orchard"))
    people = "/api/v2/people"
    found = Request("GET", people, "limit=5&email=a%40example.org&fields=firstName,secret")
    assert uses(connector, found) == ("list Person", {"list firstName", "list unclassified", "filter email"})
    assert uses(connector, Request("GET", f"{people}/7")) == ("read Person", set())
    made = Request("POST", people, body=b"x")
    assert uses(connector, made, {"email": "x"}) == ("create Person", {"create email"})
    changed = Request("PATCH", f"{people}/7", body=b"x")
    assert uses(connector, changed, {"person": {"birthDate": "x"}}) == ("update Person", {"update birthDate"})
    assert uses(connector, Request("DELETE", f"{people}/7")) == ("delete Person", set())


@pytest.mark.parametrize(
    ("responses", "status"),
    [
        ('{"204": {description: gone}}', 204),
        ("{200: {description: gone}, 404: {description: nobody}}", 200),
        ('{"200": {content: {application/json: {schema: {type: object}}}}}', None),
        ("{default: {description: anything}}", None),
    ],
)
def test_of_a_delete_without_a_body_clients_can_be_told(
    tmp_path: Path, responses: str, status: int | None
) -> None:
    """Done as the document has it; where it has a body nobody knows it, and the API's error says so."""
    text = SPEC.replace(
        'delete: {responses: {"204": {description: gone}}}', f"delete: {{responses: {responses}}}"
    )
    connector = load(tmp_path, draft(text.encode(), name="orchard"))
    request = Request("DELETE", "/api/v2/people/7")
    ends = connector.route(request).recognise(request, None).ends
    if ends is None:
        assert status is None
        return
    done, pending = (ends({("Person", "7"): Fate("c1", is_done)}) for is_done in (True, False))
    assert done == Said(int(status or 0), bodiless=True)
    assert pending == Said(202, {"status": "accepted", "cases": ["c1"]})


def test_an_answer_is_cut_down_to_what_is_declared(tmp_path: Path) -> None:
    """Texts beside records are nobody's fields, and go."""
    connector = load(tmp_path, draft(SPEC.encode(), name="orchard"))
    request = Request("GET", "/api/v2/people")
    tree = {"people": [{"id": 1, "email": "x"}], "total": 1, "more": False, "next": "canary", "other": 1}
    opened = connector.route(request).recognise(request, None).open(200, tree)
    assert opened.tree == {"people": [{"id": 1, "email": "x"}], "total": 1, "more": False, "next": None}
    assert len(opened.records) + sum(len(each.rows) for each in opened.alike) == 1


def paging(spec: str, tmp_path: Path) -> tuple[object, str]:
    """Return what the draft of a document says of its cursor, and the draft."""
    text = draft(spec.encode(), name="orchard")
    load(tmp_path, text)
    routes = {each["match"]: each for each in yaml.safe_load(text)["routes"]}
    return routes["GET /api/v2/people"]["query"].get("cursor"), text


def test_a_cursor_is_sealed_where_the_answer_says_the_next_one(tmp_path: Path) -> None:
    """Beside the records or inside an envelope, under the names that APIs have for it."""
    assert paging(SPEC, tmp_path)[0] == {"kind": "cursor", "next": "$.next"}
    deeper = "paging: {type: object, properties: {next: {type: object, properties: {after: {type: string}}}}}"
    found, _ = paging(SPEC.replace("next: {type: string}", deeper), tmp_path)
    assert found == {"kind": "cursor", "next": "$.paging.next.after"}
    connector = load(tmp_path, draft(SPEC.encode(), name="orchard"))
    request = Request("GET", "/api/v2/people", "cursor=written-by-a-client-itself")
    with pytest.raises(Gap):
        connector.route(request).recognise(request, None)


@pytest.mark.parametrize(
    "instead",
    [
        "other: {type: string}",
        "next: {type: string, format: uri}",
        "next: {type: string}; cursor: {type: string}",
    ],
)
def test_a_cursor_that_cannot_be_sealed_is_left_out(instead: str, tmp_path: Path) -> None:
    """The answer has no place for it, a link, or two places: nobody could tell a forged one."""
    spec = SPEC.replace(
        "        next: {type: string}\n", "".join(f"        {each}\n" for each in instead.split("; "))
    )
    found, text = paging(spec, tmp_path)
    assert found is None
    assert "# Left out: parameter cursor of GET /api/v2/people" in text


def test_what_is_left_out_is_said_and_refused(tmp_path: Path) -> None:
    """Paths below a record, actions, and parameters that nobody can judge."""
    text = draft(SPEC.encode(), name="orchard")
    document = yaml.safe_load(text)
    denied = {each["match"]: each["because"] for each in document["denied"]}
    assert denied.keys() == {
        "GET /api/v2/people/{id}/notes",
        "POST /api/v2/people/{id}/merge/{id}",
        "POST /api/v2/export",
    }
    assert "below a record" in denied["POST /api/v2/people/{id}/merge/{id}"]
    assert "# Left out: parameter sort of GET /api/v2/people\n" in text
    connector = load(tmp_path, text)
    for request in (
        Request("GET", "/api/v2/people/7/notes"),
        Request("POST", "/api/v2/export"),
        Request("GET", "/api/v2/people", "sort=email"),
    ):
        with pytest.raises(Gap):
            connector.route(request)


def test_categories_are_guessed_and_types_are_kept() -> None:
    """What no name suggests stays unclassified; containers are no fields."""
    fields = yaml.safe_load(draft(SPEC.encode(), name="orchard"))["objects"]["Person"]["fields"]
    assert fields["firstName"] == {"category": "user.name", "semantic": "name", "length": 40}
    assert fields["email"]["category"] == "user.contact.email"
    assert fields["birthDate"]["type"] == "date"
    assert fields["shoeSize"] == {"category": "unclassified", "type": "number"}
    assert not {"address", "bad name"} & fields.keys()


def test_json_and_another_path_will_do(tmp_path: Path) -> None:
    """The same document in JSON, behind another prefix."""
    text = draft(json.dumps(yaml.safe_load(SPEC)).encode(), name="orchard", path="/gateway/")
    assert load(tmp_path, text).route(Request("GET", "/gateway/people/1", headers=Headers()))


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[",
        "swagger: '2.0'\npaths: {}",
        "openapi: 3.0.0",
        "openapi: 3.0.0\npaths: {/a: {get: {responses: {}}}}",
        "openapi: 3.0.0\npaths: {/a: {get: {responses: {'200': {$ref: '#/x'}}}}}\nx: {$ref: '#/x'}",
        "openapi: 3.0.0\npaths: {/a: {get: {responses: {'200': {$ref: 'file:///etc/passwd'}}}}}",
    ],
)
def test_what_describes_no_records_is_refused_in_a_sentence(document: str) -> None:
    """Other documents, references in a circle or to elsewhere."""
    with pytest.raises(ValueError, match="document"):
        draft(document.encode(), name="x")
