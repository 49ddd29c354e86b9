"""One way to ask a CRM about a value without being shown it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

Sent = tuple[str, str, object]
"""Method, target and body of a request; bytes are XML, anything else is a tree in JSON."""
Asks = Callable[["Prey", str], Sent]
"""Asks whether a person's hidden value is at least as great as a text; texts sort as the values do."""
KEY: Final = "{the caller's key}"
"""Stands in a body for what a caller is known by, who then sends it in no header."""


@dataclass(frozen=True, slots=True)
class Prey:
    """One person in the CRM."""

    key: str
    other: str
    """The record of somebody whose value the attacker knows: their own, or one they made up."""
    company: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """One way."""

    crm: str
    name: str
    asks: Asks
    exact: bool = False
    """It only finds equals; so the value is known to be one of two."""
    beside: bool = False
    """It tells which of two records comes first; so the other one is given each guess for a value."""
    then: tuple[Callable[[str], Sent], ...] = ()
    """Requests that follow, each made from the `id` in the first answer."""
    direct: bool = True
    """The sandbox answers it. Where not, Lychgate makes another call of it, which the sandbox does answer."""
    always: bool = False
    """Lychgate refuses it under any policy."""
