"""What a connector says of records that go is checked when it is loaded."""

from pathlib import Path

import pytest

from proxy.connectors import load_connector
from proxy.connectors.endings import Fate, Said
from proxy.errors import Problems
from proxy.message import Request

MINE = """
apiVersion: lychgate.dev/v1
kind: Connector
metadata: {{name: mine}}
patterns: {{id: "[0-9]{{1,9}}"}}
endings: {{gone: {ending}}}
routes:
  - {{match: "DELETE /people", object: person, action: delete, query: {{ids: keys}}, ends: {name}}}
errors: {{shape: {{error: "{{text}}"}}, code: $.error, codes: {{NO: No.}}, statuses: {{4xx: NO, 5xx: NO}}}}
objects: {{person: {{subject: {{key: id}}, fields: {{id: {{category: system.operations}}}}}}}}
"""
LISTED = "{status: 200, body: '{each}', each: {id: '{id:int}', gone: true}}"
OPEN = "{status: 202, body: {all: '{cases}', each: '{each}'}, each: {id: '{id}', why: 'See {case}.'}}"


@pytest.mark.parametrize(
    ("ending", "name", "why"),
    [
        ("{done: {status: 204}}", "gone_", 'names an unknown ending "gone_"'),
        ("{done: {status: 200, body: '{name}'}}", "gone", 'a blank that nothing is put into: "name"'),
        ("{done: {status: 200, body: '{id:soql}'}}", "gone", 'a blank that nothing is put into: "id"'),
        ("{done: {status: 200, body: '{each}'}}", "gone", "needs {each}"),
        ("{done: {status: 200, body: x, each: '{id}'}}", "gone", "needs {each}"),
        (f"{{done: {LISTED}, pending: {{status: 202, body: x}}}}", "gone", "says `each` in both answers"),
        ("{done: {status: 409}}", "gone", "less than or equal to 299"),
    ],
)
def test_a_wrong_one_is_told(tmp_path: Path, ending: str, name: str, why: str) -> None:
    """With its place, before anybody deletes."""
    (tmp_path / "mine.yaml").write_text(MINE.format(ending=ending, name=name), "utf-8")
    with pytest.raises(Problems) as raised:
        load_connector(tmp_path / "mine.yaml")
    assert why in "".join(each.message for each in raised.value.problems)


def test_each_record_is_told_as_it_has_ended(tmp_path: Path) -> None:
    """In the client's order: of several some may be done, and then the whole is not."""
    ending = f"{{done: {LISTED}, pending: {OPEN}}}"
    (tmp_path / "mine.yaml").write_text(MINE.format(ending=ending, name="gone"), "utf-8")
    request = Request("DELETE", "/people", "ids=9,7,8")
    ends = load_connector(tmp_path / "mine.yaml").route(request).recognise(request, None).ends
    assert ends is not None
    fates = {
        ("person", key): Fate(f"c{key}", is_done) for key, is_done in (("7", True), ("8", True), ("9", True))
    }
    assert ends(fates) == Said(200, [{"id": key, "gone": True} for key in (9, 7, 8)])
    fates["person", "7"] = Fate("c7", done=False)
    rows = [{"id": 9, "gone": True}, {"id": "7", "why": "See c7."}, {"id": 8, "gone": True}]
    assert ends(fates) == Said(202, {"all": ["c9", "c7", "c8"], "each": rows})
    del fates["person", "8"]
    assert ends(fates) is None
