"""What `policy check` found, in the forms that other tools read.

Everything here turns problems into text; nothing is looked up, and no file is read. File names are given
relative to the folder one stands in, because that is how code hosts know them.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Final
from urllib.parse import quote

from proxy import __version__
from proxy.errors import Problem
from proxy.policy.editing.codes import title

SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_NOT_IN_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ALSO: Final = re.compile(r"(?P<file>.+):(?P<line>\d+):(?P<column>\d+)")


def sarif(problems: Sequence[Problem], summary: str) -> str:
    """Return a SARIF 2.1.0 log, for code scanning; the summary has no place in it."""
    del summary
    codes = sorted({problem.code for problem in problems})
    rules = [
        {
            "id": code,
            "shortDescription": {"text": title(code)},
            "fullDescription": {"text": title(code)},
            "help": {"text": f"{code} in policies/README.md, under: When something is wrong"},
        }
        for code in codes
    ]
    results = [
        {
            "ruleId": problem.code,
            "ruleIndex": codes.index(problem.code),
            "level": problem.severity,
            "message": {"text": problem.message},
            "locations": [_location(problem.file, problem.line, problem.column)],
            **_related(problem),
        }
        for problem in problems
    ]
    driver = {"name": "lychgate", "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": results,
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _location(file: str, line: int, column: int) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": quote(relative(file))}}
    if line:
        place["region"] = {"startLine": line, "startColumn": column}
    return {"physicalLocation": place}


def _related(problem: Problem) -> dict[str, object]:
    found = _ALSO.fullmatch(problem.also)
    if not found:
        return {}
    place = _location(found["file"], int(found["line"]), int(found["column"]))
    return {"relatedLocations": [{"id": 1, "message": {"text": "see also"}, **place}]}


def github(problems: Sequence[Problem], summary: str) -> str:
    """Return workflow commands, which GitHub shows beside the lines of a change."""
    lines = []
    for problem in problems:
        where = {"file": relative(problem.file)}
        if problem.line:
            where |= {"line": str(problem.line), "col": str(problem.column)}
        where["title"] = f"{problem.code} {title(problem.code)}"
        properties = ",".join(f"{name}={_property(value)}" for name, value in where.items())
        also = f" (see also {problem.also})" if problem.also else ""
        lines.append(f"::{problem.severity} {properties}::{_data(problem.message + also)}")
    return "\n".join([*lines, _data(summary)])


def _data(text: str) -> str:
    """Escape a command's message: nothing an author writes may begin a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def junit(problems: Sequence[Problem], summary: str) -> str:
    """Return a JUnit report: a case for each finding, failed if it is an error, and one for the whole set."""
    errors = [problem for problem in problems if problem.severity == "error"]
    suite = ET.Element(
        "testsuite",
        name="lychgate policy check",
        tests=str(len(problems) + 1),
        failures=str(len(errors) + bool(errors)),
        errors="0",
        skipped="0",
    )
    for problem in problems:
        name = f"{problem.code} {relative(problem.file)}:{problem.line}:{problem.column}"
        case = ET.SubElement(suite, "testcase", classname="policy.check", name=xml(name))
        if problem.severity == "error":
            ET.SubElement(case, "failure", type=problem.code, message=xml(problem.message))
        else:
            ET.SubElement(case, "system-out").text = xml(f"warning: {problem.message}")
    whole = ET.SubElement(suite, "testcase", classname="policy.check", name="the set can be put in force")
    if errors:
        ET.SubElement(whole, "failure", type="errors", message=xml(summary))
    ET.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, "unicode")


def xml(text: str) -> str:
    """Drop the characters that XML 1.0 cannot hold in any way."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def markdown(problems: Sequence[Problem], summary: str) -> str:
    """Return a table for a pull request's comment."""
    if not problems:
        return f"**policy check**: {cell(summary)}"
    rows = [
        f"| {problem.severity} | {problem.code} | {cell(_where(problem))} | {cell(problem.message)} |"
        for problem in problems
    ]
    head = ["| | code | where | what |", "|---|---|---|---|"]
    return "\n".join([f"**policy check**: {cell(summary)}", "", *head, *rows])


def _where(problem: Problem) -> str:
    place = f":{problem.line}" if problem.line else ""
    return relative(problem.file) + place


def cell(text: str) -> str:
    """Escape what would end the cell, be taken for HTML or a mention, or be formatted."""
    text = " ".join(text.split())
    text = re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", text)
    return text.replace("@", "&#64;")


def relative(file: str) -> str:
    """Return a file's name as seen from the folder one stands in, with forward slashes."""
    path = PurePath(file)
    here = Path.cwd()
    if path.is_absolute() and path.is_relative_to(here):
        path = path.relative_to(here)
    return path.as_posix()


REPORTS: Final[Mapping[str, Callable[[Sequence[Problem], str], str]]] = {
    "sarif": sarif,
    "github": github,
    "junit": junit,
    "markdown": markdown,
}
"""Name of a format -> problems and a summary line in, text out."""
