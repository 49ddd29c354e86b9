"""One thing that was looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How it stands: `fail` keeps Lychgate from serving or from protecting, `warn` will or may."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it stands, and what to do about it; holds names and paths, never a secret."""

    part: str
    """`keys`, `policies`, `lane helpdesk`, ..."""
    grade: Grade
    what: str
    do: str = ""
    """What mends it; "" where nothing has to be done."""


def ok(part: str, what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(part, Grade.OK, what)


def warn(part: str, what: str, do: str) -> Finding:
    """Return that something works now, and what to do before it does not."""
    return Finding(part, Grade.WARN, what, do)


def fail(part: str, what: str, do: str) -> Finding:
    """Return that something does not work, and what mends it."""
    return Finding(part, Grade.FAIL, what, do)
