"""The schema and the loader agree: what the one accepts of a document's shape, so does the other."""

import copy
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from proxy.policy.conditions import Flawed, parse_when
from proxy.policy.editing.kinds import KINDS
from proxy.policy.editing.schema import schema
from proxy.policy.editing.tightening import DATE
from proxy.yamlfile import parse_yaml, read_yaml

POLICIES = Path(__file__).parents[3] / "policies"
SHIPPED = [
    file
    for path in sorted([*(POLICIES / "example").rglob("*.yaml"), *(POLICIES / "packs").rglob("*.yaml")])
    for file in read_yaml(path)
]
ODD = (
    None,
    "",
    "x",
    "deny",
    "2026-02-30",
    "2026-02-28",
    0,
    7,
    True,
    [],
    {},
    ["x"],
    {"any": []},
    {"x": "y"},
    "P1Y",
)


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema(KINDS))


def _schema_accepts(data: object) -> bool:
    return bool(_validator().is_valid(data))


def _loader_accepts(data: dict[str, Any]) -> bool:
    """Tell whether the shape is right: the model, its conditions, and effects on the side where they may be."""
    model = KINDS.get(str(data.get("kind")))
    if model is None:
        return False
    try:
        model.model_validate_json(json.dumps(data))
        for when in _whens(data):
            parse_when(when)
    except (ValidationError, Flawed):
        return False
    sides = {"grants": "deny", "guards": "allow"}
    return not any(rule["effect"] == wrong for side, wrong in sides.items() for rule in data.get(side) or ())


def _whens(data: object) -> Iterator[object]:
    if isinstance(data, list):
        for each in data:
            yield from _whens(each)
    if isinstance(data, dict):
        for key, each in data.items():
            if key == "when":
                yield each
            else:
                yield from _whens(each)


def _places(data: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, each in items:
        yield from _places(each, (*path, key))


@st.composite
def _altered(draw: st.DrawFn) -> dict[str, Any]:
    """A shipped document with one to three of its places put otherwise."""
    data = copy.deepcopy(draw(st.sampled_from(SHIPPED)).data)
    assert isinstance(data, dict)
    for _ in range(draw(st.integers(1, 3))):
        places = [each for each in _places(data) if each]
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        inside: Any = data
        for step in way:
            inside = inside[step]
        match draw(st.sampled_from(["drop", "replace", "replace", "add"])):
            case "drop":
                del inside[last]
            case "replace":
                inside[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "add" if isinstance(inside[last], dict):
                key = draw(st.sampled_from(["when", "valid", "except", "waive", "extra", "until", "on", "refs"]))
                inside[last][key] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return data


@settings(deadline=None, max_examples=400)
@given(_altered())
def test_what_the_loader_accepts_the_schema_accepts(data: dict[str, Any]) -> None:
    """No false alarm in an editor, whatever somebody is in the middle of."""
    if _loader_accepts(data):
        assert [error.message for error in _validator().iter_errors(data)] == []


HEAD = "apiVersion: lychgate.dev/v1\nkind: {}\nmetadata: {{name: test}}\n"
RULE = HEAD.format("Policy") + "guards:\n  - {id: a, effect: deny, actions: [read], %s}\n"
TERM = (
    HEAD.format("Retention")
    + "rules:\n  - {id: a, clock: resource.created, keep: %s, then: erase, basis: contract, %s}\n"
)
REFUSED = [
    RULE % "valid: {}",
    RULE % "valid: {from: null}",
    RULE % "valid: {from: 2026-02-30}",
    RULE % "valid: {until: 2026-13-01}",
    RULE % "valid: {until: 2100-02-29}",
    RULE % "valid: {until: '31.1.2027'}",
    RULE % "except: {}",
    RULE % "except: {roles: []}",
    RULE % "exceptions: [{owner: a, because: b, until: 2027-01-01}]",
    RULE % "exceptions: [{owner: a, because: b, until: 2027-01-32, roles: [x]}]",
    RULE % "waive: [{code: LG114, because: x, until: 2027-02-29}]",
    RULE % "when: []",
    RULE % "when: 7",
    RULE % "when: {some: [a]}",
    RULE % "when: {any: []}",
    RULE % "when: [[]]",
    RULE % "when: ''",
    RULE % "roles: []",
    RULE % "with: ''",
    TERM % ("P", "refs: []"),
    TERM % ("24M", "refs: []"),
    TERM % ("P1M1Y", "refs: []"),
    TERM % ("P1Y", "grace: P"),
    TERM % ("P1Y", "exceptions: [{because: x}]"),
    TERM % ("P1Y", "when: {}"),
    TERM.replace("clock: resource.created, ", "") % ("P1Y", "refs: []"),
    HEAD.format("Vocabulary")
    + "clients:\n  a: {recipient: x, roles: [y], purposes: [z], keys: [{sha256: abc}]}\n",
    HEAD.format("Vocabulary") + "recipients: {a: {dpa_expires: 2026-06-31}}\n",
    HEAD.format("Policy").replace("name: test", "name: test, review_by: 2026-00-10"),
]


@pytest.mark.parametrize("text", REFUSED)
def test_both_refuse(text: str) -> None:
    """What somebody may write by mistake is marked in the editor, and does not load."""
    (file,) = parse_yaml(text, "test.yaml")
    assert isinstance(file.data, dict)
    assert not _schema_accepts(file.data)
    assert not _loader_accepts(file.data)


def test_every_day_there_is_is_a_date_and_no_other() -> None:
    """Around each end of February of four centuries, and the ends of months."""
    for year in (*range(1896, 1906), *range(1996, 2030), 2100, 2400, 1, 9999):
        for month in range(1, 13):
            for day in (1, 28, 29, 30, 31, 32, 0):
                text = f"{year:04}-{month:02}-{day:02}"
                try:
                    date.fromisoformat(text)
                except ValueError:
                    assert not re.match(DATE, text), text
                else:
                    assert re.match(DATE, text), text
    day = date(2024, 1, 1)
    assert all(re.match(DATE, (day + timedelta(each)).isoformat()) for each in range(366 * 2))
    assert not re.match(DATE, "0000-01-01")
    assert not re.match(DATE, "0000-02-29")
