"""In which codecs a route's messages come, as a connector declares it."""

from pathlib import Path

import pytest

from proxy.codec import codec_for
from proxy.connectors import load_connector
from proxy.errors import UpstreamFault
from proxy.message import Request
from tests.connectors.test_load import GOOD

ROUTES = """\
  - {match: "GET /people/{id}", object: people, answer: one}
  - {match: "GET /exports/{id}", object: people, action: export, answer: table, answers_in: [json, csv]}
"""
CSV = GOOD.replace(GOOD.splitlines(keepends=True)[5], ROUTES).replace(
    "  one: {$: record}\n", "  one: {$: record}\n  table: {'$[*]': record}\n"
)


def test_a_route_says_in_what_its_answers_come(tmp_path: Path) -> None:
    """`answers_in` is for that route only; the records of a table are judged like any others."""
    path = tmp_path / "c.yaml"
    path.write_text(CSV, encoding="utf-8")
    connector = load_connector(path)
    one, table = (connector.route(Request("GET", f"/{name}/7")) for name in ("people", "exports"))
    assert (one.response_media, table.response_media) == (frozenset({"json"}), frozenset({"json", "csv"}))
    codec = codec_for("text/csv; charset=UTF-8", table.response_media)
    asked = table.recognise(Request("GET", "/exports/7"), None)
    opened = asked.open(200, codec.decode(b'"key","boss","other"\n"1","Mara","x"\n'))
    assert [record.members for record in opened.records] == [{"key": "1", "boss": "Mara", "other": "x"}]
    del opened.records[0].members["other"]
    assert codec.encode(opened.tree) == b'"key","boss"\n"1","Mara"\n'
    with pytest.raises(UpstreamFault):
        asked.open(200, {"records": []})
