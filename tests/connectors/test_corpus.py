"""Answers as Salesforce writes them, opened. `tests/corpus/connectors/SOURCES.md` says where they are from."""

import json
import re
from pathlib import Path

import pytest

from proxy.connectors import Connector, load_connector
from proxy.message import Request

CORPUS = Path(__file__).parents[1] / "corpus" / "connectors"
OBJECTS = """
deleted: RecycleBin
objects:
  Service:
    fields:
      Versions: {category: system.operations}
      Limits: {category: system.operations}
      Objects: {category: system.operations}
      Recent: {category: system.operations}
      Jobs: {category: system.operations}
  RecycleBin: {fields: {Whizbang: {category: user}}}
  Whizbang:
    parents:
      ParentWhizbang__r: {object: Whizbang, via: ParentWhizbang__c}
    children:
      Whizbangs__r: {object: Whizbang, via: ParentWhizbang__c, types: [Whizbang__c]}
    fields:
      Name: {category: user.name}
      ParentWhizbang__c: {category: system.operations}
"""
QUERY = "GET /services/data/v59.0/query?q=SELECT%20Name%20FROM%20Whizbang"
ONE = "GET /services/data/v59.0/sobjects/Whizbang/a00000000000001"


@pytest.fixture(scope="module")
def connector(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Connector:
    """Return the connector that ships, about the objects of the corpus."""
    text = (root / "policies/connectors/salesforce.yaml").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("connector") / "whizbang.yaml"
    path.write_text(text[: re.search(r"^deleted:", text, re.MULTILINE).start()] + OBJECTS, encoding="utf-8")
    return load_connector(path)


@pytest.mark.parametrize(
    ("name", "request_line", "records", "pruned"),
    [
        ("find", ONE, 1, 0),
        ("find-selected", ONE, 1, 0),
        ("query-empty", QUERY, 0, 0),
        ("query-first-page", QUERY, 1, 1),  # a link to another version than was asked
        ("query-last-page", QUERY, 1, 0),
        ("query-nested", QUERY, 3, 0),
        ("create", "POST /services/data/v59.0/sobjects/Whizbang", 0, 1),  # an id that is none
    ],
)
def test_answers_open(connector: Connector, name: str, request_line: str, records: int, pruned: int) -> None:
    """Every recorded answer opens, with all its records and nothing undeclared outside them."""
    method, _, url = request_line.partition(" ")
    path, _, query = url.partition("?")
    request = Request(method, path, query)
    asked = connector.route(request).recognise(request, {} if method == "POST" else None)
    tree = json.loads((CORPUS / f"salesforce-{name}.json").read_text(encoding="utf-8"))
    opened = asked.open(201 if method == "POST" else 200, tree)
    assert (len(opened.records), opened.pruned, opened.is_error) == (records, pruned, False)
    assert "/services/data/" not in json.dumps(opened.tree)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("delete-error", 404, "NOT_FOUND"),
        ("describe-error", 404, "NOT_FOUND"),
        ("find-error", 404, "NOT_FOUND"),
        ("query-error", 400, "INVALID_FIELD"),
        ("write-error", 400, "INVALID_FIELD"),
    ],
)
def test_errors_keep_their_code(connector: Connector, name: str, status: int, code: str) -> None:
    """Every recorded error keeps its code and loses its words."""
    request = Request("GET", ONE.partition(" ")[2])
    tree = json.loads((CORPUS / f"salesforce-{name}.json").read_text(encoding="utf-8"))
    words = tree[0]["message"]
    opened = connector.route(request).recognise(request, None).open(status, tree)
    (error,) = opened.tree
    assert error["errorCode"] == code
    assert error["message"] != words
