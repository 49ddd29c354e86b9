"""What is wrong in a condition, at its place, told so that the author can mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from proxy.errors import LychgateError

UNKNOWN: Final = "LG101"
"""A name that nobody declared."""
OPTIONAL: Final = "LG105"
"""An optional attribute that is used where it may be absent."""
CONSTANT: Final = "LG116"
"""A condition, or a part of one, that comes out the same for every record and caller."""
SYNTAX: Final = "LG121"
"""Not in the language."""
TYPES: Final = "LG122"
"""Values of types that do not go together."""
LIMIT: Final = "LG123"
"""Too long, too deep or too large."""
LITERAL: Final = "LG124"
"""A text that cannot be what it is used as: a regular expression, a timestamp, a duration."""


@dataclass(frozen=True, slots=True, order=True)
class At:
    """A place in a condition's text."""

    line: int = 1
    """1-based."""
    column: int = 1
    """1-based, in characters."""
    within: tuple[str, ...] = ()
    """Which text: the steps from `when` to it, list positions as digits; () where there is only one."""


@dataclass(frozen=True, slots=True, order=True)
class Flaw:
    """One thing wrong in a condition."""

    at: At
    code: str
    """Stable, one of this module's."""
    message: str
    severity: Literal["error", "warning"] = "error"


class Flawed(LychgateError):
    """A condition cannot be used; `flaws` are all that was found, by place, and at least one is an error."""

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws: tuple[Flaw, ...] = tuple(sorted(set(flaws)))
        super().__init__(
            "\n".join(f"{each.at.line}:{each.at.column}: {each.code}: {each.message}" for each in self.flaws)
        )
