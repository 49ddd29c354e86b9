"""What other tools are told: well-formed, complete, and safe whatever an author wrote."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from proxy.errors import Problem
from proxy.policy.editing.codes import CODES, title
from proxy.policy.editing.reports import REPORTS, github, junit, markdown, sarif

PROBLEMS = [
    Problem("policies/a b.yaml", 3, 7, "LG101", 'unknown effect "alow" (did you mean "allow"?)'),
    Problem("policies/b.yaml", 4, 1, "LG107", "rule stands twice", also="policies/a b.yaml:2:5"),
    Problem("policies/b.yaml", 9, 2, "LG114", "reaches mailer", severity="warning"),
    Problem("policies", 0, 0, "LG100", "cannot be read"),
]
ANY = st.lists(
    st.builds(
        Problem,
        file=st.text(min_size=1).filter(lambda name: not name.startswith("/")),
        line=st.integers(1, 99),
        column=st.integers(1, 99),
        code=st.sampled_from(["LG101", "LG999"]),
        message=st.text(),
        severity=st.sampled_from(["error", "warning"]),
    ),
    max_size=4,
)

# What SARIF 2.1.0 (OASIS, 2020) demands of the members used here: sections 3.13, 3.14, 3.18, 3.19, 3.27 to 3.30.
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
PLACE = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "message": TEXT,
        "physicalLocation": {
            "type": "object",
            "additionalProperties": False,
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "pattern": r"^[A-Za-z0-9._~!$&'()*+,;=:@/%-]+$"}},
                },
                "region": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["startLine"],
                    "properties": {
                        "startLine": {"type": "integer", "minimum": 1},
                        "startColumn": {"type": "integer", "minimum": 1},
                    },
                },
            },
        },
    },
    "additionalProperties": False,
}
SARIF = Draft202012Validator(
    {
        "type": "object",
        "required": ["version", "runs"],
        "additionalProperties": False,
        "properties": {
            "$schema": {"type": "string", "format": "uri"},
            "version": {"const": "2.1.0"},
            "runs": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["tool", "results"],
                    "additionalProperties": False,
                    "properties": {
                        "tool": {
                            "type": "object",
                            "required": ["driver"],
                            "properties": {
                                "driver": {
                                    "type": "object",
                                    "required": ["name"],
                                    "properties": {
                                        "name": {"type": "string"},
                                        "semanticVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
                                        "rules": {
                                            "type": "array",
                                            "uniqueItems": True,
                                            "items": {
                                                "type": "object",
                                                "required": ["id"],
                                                "properties": {
                                                    "shortDescription": TEXT,
                                                    "fullDescription": TEXT,
                                                    "help": TEXT,
                                                },
                                            },
                                        },
                                    },
                                }
                            },
                        },
                        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                        "invocations": {
                            "items": {
                                "required": ["executionSuccessful"],
                                "properties": {"executionSuccessful": {"type": "boolean"}},
                            }
                        },
                        "results": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["message"],
                                "additionalProperties": False,
                                "properties": {
                                    "ruleId": {"type": "string"},
                                    "ruleIndex": {"type": "integer", "minimum": 0},
                                    "level": {"enum": ["none", "note", "warning", "error"]},
                                    "message": {"type": "object", "required": ["text"]},
                                    "locations": {"type": "array", "items": PLACE},
                                    "relatedLocations": {"type": "array", "items": PLACE},
                                },
                            },
                        },
                    },
                },
            },
        },
    }
)


@given(ANY)
def test_sarif_is_what_the_standard_asks_for(problems: list[Problem]) -> None:
    """Every member is one the standard has, and each result points at its rule and its file."""
    log = json.loads(sarif(problems, ""))
    SARIF.validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == len(problems)
    for result, problem in zip(run["results"], problems, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == problem.code
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert Path(unquote(uri)) == Path(problem.file)


def test_sarif_of_a_finding() -> None:
    """Line and column, the other place involved, and no region for a problem about a whole file."""
    results = json.loads(sarif(PROBLEMS, ""))["runs"][0]["results"]
    SARIF.validate(json.loads(sarif(PROBLEMS, "")))
    assert results[0]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "policies/a%20b.yaml"},
                "region": {"startLine": 3, "startColumn": 7},
            }
        }
    ]
    assert results[1]["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 2
    assert results[2]["level"] == "warning"
    assert "region" not in results[3]["locations"][0]["physicalLocation"]


def test_github_commands() -> None:
    """One command for each finding, with its place and the title of its code."""
    lines = github(PROBLEMS, "3 errors").splitlines()
    assert lines[0] == (
        "::error file=policies/a b.yaml,line=3,col=7,title=LG101 A key%2C word or name that does not exist::"
        'unknown effect "alow" (did you mean "allow"?)'
    )
    assert lines[1].endswith("::rule stands twice (see also policies/a b.yaml:2:5)")
    assert lines[2].startswith("::warning file=policies/b.yaml,line=9,col=2,title=LG114")
    assert lines[3].startswith("::error file=policies,title=LG100")
    assert lines[4] == "3 errors"


@given(ANY)
def test_no_author_can_give_github_a_command_of_their_own(problems: list[Problem]) -> None:
    """Whatever a name or a message holds, there are as many lines as findings, each a command of ours."""
    lines = re.split(r"\r\n|\r|\n", github(problems, "summary"))
    assert len(lines) == len(problems) + 1
    assert all(re.match(r"::(error|warning) file=[^:,]*,line=\d+,col=\d+,title=", line) for line in lines[:-1])


def test_junit_counts_errors_as_failures() -> None:
    """Errors fail, warnings pass with a note, and one case stands for the set."""
    suite = ET.fromstring(junit(PROBLEMS, "3 errors"))
    assert (suite.get("tests"), suite.get("failures")) == ("5", "4")
    cases = suite.findall("testcase")
    assert len(cases) == 5
    assert [case.find("failure") is not None for case in cases] == [True, True, False, True, True]
    assert cases[2].findtext("system-out") == "warning: reaches mailer"
    assert ET.fromstring(junit([], "fine")).get("failures") == "0"


@given(ANY)
def test_junit_is_well_formed_whatever_stands_in_it(problems: list[Problem]) -> None:
    """Markup and control characters in a message stay text."""
    suite = ET.fromstring(junit(problems, "x"))
    failed = [case for case in suite.findall("testcase") if case.find("failure") is not None]
    assert suite.get("failures") == str(len(failed))


def test_markdown_is_one_table() -> None:
    """A summary, a head and one row for each finding."""
    lines = markdown(PROBLEMS, "3 errors, 1 warning").splitlines()
    assert lines[0] == "**policy check**: 3 errors, 1 warning"
    assert lines[4] == (
        '| error | LG101 | policies/a b.yaml:3 | unknown effect "alow" (did you mean "allow"?) |'
    )
    assert len(lines) == 4 + len(PROBLEMS)
    assert markdown([], "0 errors").splitlines() == ["**policy check**: 0 errors"]


@given(ANY)
def test_markdown_keeps_its_cells_and_calls_nobody(problems: list[Problem]) -> None:
    """Nothing an author writes ends a cell, becomes HTML or a link, or mentions a person."""
    lines = markdown(problems, "x").split("\n")
    rows = lines[4:] if problems else []
    assert len(rows) == len(problems)
    for row in rows:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 5
        assert not re.search(r"(?<!\\)(?:\\\\)*[<`\[]|@", row)


def test_files_below_here_are_named_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An absolute path inside the working folder becomes the one the code host knows."""
    monkeypatch.chdir(tmp_path)
    problem = Problem(str(tmp_path / "policies" / "a.yaml"), 1, 1, "LG101", "x")
    assert "file=policies/a.yaml," in github([problem], "")
    elsewhere = Problem("/elsewhere/a.yaml", 1, 1, "LG101", "x")
    assert "file=/elsewhere/a.yaml," in github([elsewhere], "")


def test_every_code_of_the_reference_has_a_title() -> None:
    """A code that policies/README.md explains is known to reports, and another gets a general title."""
    readme = (Path(__file__).parents[3] / "policies" / "README.md").read_text()
    assert set(re.findall(r"^\| (LG\d{3}) \|", readme, re.MULTILINE)) <= CODES.keys()
    assert title("LG999")
    assert set(REPORTS) == {"sarif", "github", "junit", "markdown"}
