"""The demo as a person runs it: a command, its last line and its exit code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `lychgate demo ARGUMENTS`."""
    return subprocess.run(
        [sys.executable, "-m", "proxy.cli", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


@pytest.mark.parametrize(
    ("crm", "shown"),
    [
        (
            "sandbox",
            [
                "simple-salesforce: the same query",
                "hubspot-api-client: search",
                "an export: HTTPError",
                "lychgate certificate verify",
            ],
        ),
        ("tryton", ["proteus: the same party", "the wizard that erases a party: Fault 1"]),
    ],
)
def test_everything_shown_is_as_promised(crm: str, shown: list[str]) -> None:
    """The whole of it runs in less than three minutes, ends with its count, and nothing failed."""
    done = run("--crm", crm)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    last = done.stdout.splitlines()[-1]
    counted = re.fullmatch(r"demo: (\d+) shown, 0 failed", last)
    assert counted is not None
    assert int(counted[1]) == done.stdout.count("\n  ok   ") >= 20
    assert done.stderr == ""
    for title in (
        *shown,
        "A policy edit takes effect",
        "Prometheus reads",
        "lychgate audit verify",
        "Somebody turns",
    ):
        assert title in done.stdout


def test_without_tryton_it_says_how_to_get_one() -> None:
    """A missing virtual environment is told in one line, with the command that makes it."""
    done = run("--crm", "tryton", LYCHGATE_TRYTON_PYTHON="/nonexistent/python")
    assert (done.returncode, done.stdout) == (2, "")
    assert "make tryton" in done.stderr
    assert "Traceback" not in done.stderr
