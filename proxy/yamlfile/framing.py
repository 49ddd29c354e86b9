"""A problem drawn with the lines around it, for a terminal."""

import re
from pathlib import Path
from typing import Final

from proxy.errors import Problem, Problems
from proxy.yamlfile.opening import read_text

_AROUND: Final = 3
_UNSHOWN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What a terminal would act on instead of showing it."""


def frame(problem: Problem) -> str:
    """Return up to seven numbered lines around the problem with a caret under it; "" if there are none.

    The file is read again, without following links; when it changed meanwhile the frame may be off, the
    problem is not.
    """
    if problem.line < 1:
        return ""
    try:
        lines = read_text(Path(problem.file)).split("\n")
    except Problems:
        return ""
    if problem.line > len(lines):
        return ""
    first = max(1, problem.line - _AROUND)
    last = min(len(lines), problem.line + _AROUND)
    width = len(str(last))
    drawn = []
    for number in range(first, last + 1):
        here = number == problem.line
        line = _UNSHOWN.sub("\ufffd", lines[number - 1].rstrip("\r").expandtabs(1))
        drawn.append(f" {'>' if here else ' '} {number:{width}} | {line}".rstrip())
        if here:
            drawn.append(f"   {' ' * width} | {' ' * (problem.column - 1)}{'^' * _length(line, problem.column)}")
    return "\n".join(drawn)


def _length(line: str, column: int) -> int:
    """Return how many characters the word at `column` has, at least one."""
    rest = line[column - 1 :]
    return max(1, next((at for at, char in enumerate(rest) if char in " ,:]}#"), len(rest)))
