"""What clients cannot be told is said when the set is loaded, and not at the request."""

from pathlib import Path

import pytest

from proxy.connectors import load_connector
from proxy.policy.load import check_policies

CONNECTORS = Path(__file__).parents[2] / "policies" / "connectors"
SET = """
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {{name: words, owner: dpo}}
roles: {{officer: {{}}}}
---
apiVersion: lychgate.dev/v1
kind: Erasure
metadata: {{name: erasures, owner: dpo}}
rules:
  - id: deletes
    on: {{connectors: [{name}]}}
    then: {then}
    {more}
    ground: objection
"""
MINE = """
apiVersion: lychgate.dev/v1
kind: Connector
metadata: {{name: mine}}
patterns: {{id: "[0-9]{{1,9}}"}}
endings: {{gone: {{done: {{status: 204}}}}}}
routes:
  - {{match: "DELETE /people/{{id}}", object: person, action: delete{ends}}}
  - {{match: "DELETE /staff/{{id}}", object: person, action: delete, ends: gone}}
errors: {{shape: {{error: "{{text}}"}}, code: $.error, codes: {{NO: No.}}, statuses: {{4xx: NO, 5xx: NO}}}}
objects: {{person: {{subject: {{key: id}}, fields: {{id: {{category: system.operations}}}}}}}}
"""


def found(folder: Path, connector: Path, then: str, more: str) -> list[str]:
    """Return the warnings of LG149, each as what it is about."""
    loaded = load_connector(connector)
    folder.mkdir()
    (folder / "set.yaml").write_text(SET.format(name=loaded.name, then=then, more=more), "utf-8")
    checked = check_policies(
        folder,
        {loaded.name: loaded.catalogue},
        check_mask=lambda *_: None,
        connectors={loaded.name: loaded.document},
    )
    assert not [each for each in checked.problems if each.severity == "error"]
    return [each.message for each in checked.problems if each.code == "LG149"]


@pytest.mark.parametrize(
    ("name", "then", "answer", "mute"),
    [
        ("salesforce", "case", "accepted", ""),
        ("salesforce", "case", "done", ""),
        ("hubspot", "convert", "accepted", ""),
        ("dynamics", "convert", "accepted", ""),
        ("pipedrive", "case", "accepted", ""),
        ("zoho", "case", "accepted", ""),
        ("suitecrm", "convert", "accepted", ""),
        ("odoo", "case", "accepted", "POST /jsonrpc"),  # has no word for what is pending
        ("odoo", "case", "done", ""),
        ("tryton", "convert", "accepted", "POST /{database}/rpc/"),
        ("tryton", "case", "done", ""),
        ("tryton", "pass", "accepted", ""),
    ],
)
def test_what_a_crm_has_no_word_for_is_told(
    tmp_path: Path, name: str, then: str, answer: str, mute: str
) -> None:
    """By each route on which its clients get an error instead."""
    said = found(tmp_path / "set", CONNECTORS / f"{name}.yaml", then, f"answer: {answer}")
    assert [mute in each for each in said] == ([True] if mute else [])


@pytest.mark.parametrize(
    ("then", "answer", "ends", "routes"),
    [
        ("case", "done", ", ends: gone", []),
        ("case", "done", "", [["/people/"]]),
        ("case", "accepted", ", ends: gone", [["/people/", "/staff/"]]),
        ("convert", "accepted", "", [["/people/"], ["/people/", "/staff/"]]),
    ],
)
def test_a_connector_that_says_too_little_is_told(
    tmp_path: Path, then: str, answer: str, ends: str, routes: list[list[str]]
) -> None:
    """Of one's own: without endings, and without a playbook by which cases could be carried out."""
    path = tmp_path / "mine.yaml"
    path.write_text(MINE.format(ends=ends), "utf-8")
    said = found(tmp_path / "set", path, then, f"answer: {answer}")
    assert len([each for each in said if "no `erasure:`" in each]) == 1
    told = sorted(each for each in said if "told that" in each)
    assert [[each for each in ("/people/", "/staff/") if each in one] for one in told] == routes
