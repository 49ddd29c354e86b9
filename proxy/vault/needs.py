"""What an exchange needs of the vault, and what it gets: plain values, which may cross to another process.

An exchange asks twice at most: before its request leaves, and when the answer is there. Each time it asks for
all it needs at once, and whatever reads keys and rows does so off the loop that serves everybody.
"""

from dataclasses import dataclass
from typing import Literal

from proxy.model import Protection


@dataclass(frozen=True, slots=True)
class Seek:
    """A value that a request compares a protected field with."""

    protection: Protection
    text: str


@dataclass(frozen=True, slots=True)
class Put:
    """A value that a request writes into a protected field."""

    protection: Protection
    text: str
    record: str | None
    """The CRM's id of the record; None: it is made by this request."""
    group: int
    """Values with the same number belong to one record."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What a request needs before it leaves."""

    seeks: tuple[Seek, ...] = ()
    puts: tuple[Put, ...] = ()


Trouble = Literal[
    "protected_value_moved", "protected_value_unknown", "protected_value_too_long", "protected_value_not_digits"
]
"""Why a value cannot be written: it stands for a value of another place, for none that anybody knows, what would
stand for it does not fit, or it is no number where one is protected."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What is written in place of one value."""

    text: str
    handle: str = ""
    """Names it in the vault; "" where there is no row of it, or it was there before."""
    trouble: Trouble | None = None
    """Set: nothing may be written, and why."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a request gets, in the order it was asked for."""

    found: tuple[tuple[str, ...], ...] = ()
    """Of each `Seek`: what may stand in the CRM for a value equal to it; never empty."""
    placed: tuple[Placed, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A value that a request wrote in protected form; kept from the request to its answer."""

    handle: str
    object: str
    record: str | None
    """None: the answer has to say it."""
    place: int
    """Which of the records that the answer will name it went into; -1: none of them, as far as anybody knows."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A value that came back in a protected field."""

    protection: Protection
    text: str
    record: str | None
    """The CRM's id of the record it came in; None: the answer does not say."""


@dataclass(frozen=True, slots=True)
class Column:
    """Values that came back in one protected field; a page has hundreds, so they are not a `Shown` each."""

    protection: Protection
    texts: list[str]
    records: list[str | None]
    """As `Shown.record`, of each."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What an answer needs before it is shown."""

    values: tuple[Shown, ...] = ()
    columns: tuple[Column, ...] = ()
    attached: tuple[tuple[str, str], ...] = ()
    """Handle of what this exchange wrote, and the id of the record it went into, as the answer says."""
    kept: tuple[str, ...] = ()
    """Handles of what it wrote into records that were known: what they replaced is to be forgotten."""
    dropped: tuple[str, ...] = ()
    """Handles of what the CRM did not take."""


Fate = Literal["clear", "opened", "dead", "moved", "unplaced"]
"""clear: it never was protected; dead: nobody can open it any more; moved: it belongs somewhere else; unplaced:
the answer does not say which record it is in, so nobody can tell."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One value, as far as it can be turned back."""

    fate: Fate
    text: str = ""
    """The value; "" where there is none to be had."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What an answer gets, in the order it was asked for."""

    values: tuple[Opened, ...] = ()
    columns: "tuple[list[str | Opened], ...]" = ()
    """Of each value the value itself where it was opened, else what became of it."""


@dataclass(frozen=True, slots=True)
class Returning:
    """That by which somebody may be put back who was erased."""

    values: tuple[tuple[str, str], ...]
    """Kind and value."""
    records: tuple[tuple[str, str], ...] = ()
    """Object and id of records that come back with whatever is in them; the id is "" where nobody knows it."""


@dataclass(frozen=True, slots=True)
class Known:
    """Of whom they tell."""

    case: str | None
    """The case in which that person was erased; None: of nobody who was."""


Need = Sending | Opening | Returning
Got = Ready | Returned | Known
"""What is read from the store; a helper process has no store."""
