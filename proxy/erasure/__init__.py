"""Erasing a person: cases, the plan that is agreed to, the law's clocks, and the proof.

Nouns: a `Case` is one erasure; a `Plan` fixes what it will do and is named by its hash; an `Assent` is one
person's agreement to that hash; a `Hold` keeps data whatever was asked; a `Finding` is what a check says of one
place; a certificate is the signed account of it all.

Where the story starts: `states.TABLE`, how a case can move; then `case.Case`. What moves it is `proxy.erase`;
what is asked of a CRM on the way is in `proxy.steps`.

What it does not do: talk to a CRM, write to the ledger, know a clock or a file of its own.

Why
    *A case is a value, kept whole.* The alternative, a row per step, is cheaper to write and can be found half
    written; a case is a few kilobytes, and a crash between two of its states leaves one of them.
    *The ledger has the same steps as entries.* It proves what was done when; the case says what to do next.
    Neither is made from the other: an auditor must not need our state, and we must not read a year of ledger to
    go on.
"""

from proxy.erasure.case import (
    Assent,
    Case,
    Done,
    Exempt,
    Extension,
    Finding,
    Hold,
    Issued,
    Notice,
    Origin,
    Terms,
    Withdrawn,
)
from proxy.erasure.cases import Cases, NoSuchCase, StoreCases
from proxy.erasure.plan import Kept, Known, Plan, Spot, Step
from proxy.erasure.states import Event, OutOfTurn, State

__all__ = [
    "Assent",
    "Case",
    "Cases",
    "Done",
    "Event",
    "Exempt",
    "Extension",
    "Finding",
    "Hold",
    "Issued",
    "Kept",
    "Known",
    "NoSuchCase",
    "Notice",
    "Origin",
    "OutOfTurn",
    "Plan",
    "Spot",
    "State",
    "Step",
    "StoreCases",
    "Terms",
    "Withdrawn",
]
