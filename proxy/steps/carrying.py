"""Does one step: looks, acts if need be, and looks again. So the second time it does nothing, whenever it comes.

What the CRM says of its own success is not believed: done is what a look afterwards shows. A look that shows the
record as it was is a lie of the CRM's, or a replica that lags; whoever drives tries again.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from proxy.connectors.playbook import Book, Found, Refusal
from proxy.erasure import mentions
from proxy.erasure.plan import Known, Step
from proxy.steps.asking import Asking, change, read, remembered, remove

ERASED_WORD: Final = "[erased]"
"""Stands in a text for what named the person."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one step came out."""

    how: Literal["done", "already", "refused", "unknown"]
    why: str = ""
    """A constant word."""


def carry(book: Book, step: Step, known: tuple[Known, ...]) -> Asking[Outcome]:
    """Return how the step came out; whatever it did is known to be done.

    Raises:
        UpstreamFault: whether anything was done is unknown; to be called again.
    """
    if step.do == "scrub":
        return (yield from _scrub(book, step, known))
    if step.do == "overwrite":
        return (yield from _overwrite(book, step))
    if step.do == "purge":
        return (yield from _purge(book, step))
    return (yield from _delete(book, step))


def _delete(book: Book, step: Step) -> Asking[Outcome]:
    if (yield from read(book, step.object, step.id)) is None:
        return Outcome("already")
    try:
        yield from remove(book, step.object, step.id)
    except Refusal as refusal:
        if refusal.reason != "crm_absent" and book.objects[step.object].or_else != "overwrite":
            return Outcome("refused", refusal.reason)
        if refusal.reason != "crm_absent":
            outcome = yield from _overwrite(book, step)
            return Outcome(outcome.how, "overwritten" if outcome.how == "done" else outcome.why)
    if (yield from read(book, step.object, step.id)) is not None:
        return Outcome("unknown", "still_there")
    return Outcome("done")


def _purge(book: Book, step: Step) -> Asking[Outcome]:
    """A CRM may show what was purged for a while: whether it is gone is for the checks to say, later."""
    if (yield from read(book, step.object, step.id)) is not None:
        return Outcome("unknown", "restored")
    binned = yield from read(book, step.object, step.id, deleted=True)
    if binned is None and not (yield from remembered(book, step.object, step.id)):
        return Outcome("already")
    try:
        yield from remove(book, step.object, step.id, purge=True)
    except Refusal as refusal:
        if refusal.reason != "crm_absent":
            return Outcome("refused", refusal.reason)
    return Outcome("done")


def _overwrite(book: Book, step: Step) -> Asking[Outcome]:
    wanted = book.blank(step.object, step.id, step.fields)
    found = yield from read(book, step.object, step.id)
    if found is None or is_blank(found, wanted):
        return Outcome("already")
    refused = ""
    try:
        yield from _put(book, step, wanted)
    except Refusal as refusal:
        refused = refusal.reason
        yield from _put_what_can_be(book, step, wanted)
    found = yield from read(book, step.object, step.id)
    if found is not None and not is_blank(found, wanted):
        return Outcome("refused", refused) if refused else Outcome("unknown", "still_there")
    return Outcome("done")


def _put_what_can_be(book: Book, step: Step, wanted: dict[str, object]) -> Asking[None]:
    """Write values over a record one by one: of some the CRM lets nobody change all, and the others may go."""
    for name, value in wanted.items() if len(wanted) > 1 else ():
        with suppress(Refusal):
            yield from change(book, step.object, step.id, {name: value})


def _put(book: Book, step: Step, wanted: dict[str, object]) -> Asking[None]:
    """Write values over a record, after what lets it be written where it cannot be as it is."""
    unlock = book.objects[step.object].unlock
    try:
        yield from change(book, step.object, step.id, wanted)
    except Refusal:
        if not unlock:
            raise
        yield from change(book, step.object, step.id, unlock)
        yield from change(book, step.object, step.id, wanted)


def _scrub(book: Book, step: Step, known: tuple[Known, ...]) -> Asking[Outcome]:
    found = yield from read(book, step.object, step.id)
    wanted: dict[str, object] = {} if found is None else scrubbed(found, step.fields, known, book.region)
    if found is None or not wanted:
        return Outcome("already")
    try:
        yield from change(book, step.object, step.id, wanted, version=found.version)
    except Refusal as refusal:
        if refusal.reason == "crm_changed":  # by somebody whose words are not ours to write over
            return Outcome("unknown", "changed")
        return Outcome("refused", refusal.reason)
    found = yield from read(book, step.object, step.id)
    if found is not None and scrubbed(found, step.fields, known, book.region):
        return Outcome("unknown", "still_there")
    return Outcome("done")


def scrubbed(found: Found, fields: tuple[str, ...], known: tuple[Known, ...], region: str) -> dict[str, object]:
    """Return the fields whose text names the person, as they read without that."""
    changed: dict[str, object] = {}
    for name in fields:
        text = found.fields.get(name, "")
        clean = text
        for one in sorted(known, key=lambda one: one.kind in {"name", "address"}):  # a name may be in an address
            if one.kind != "text":
                clean = mentions.without(one.kind, one.value, clean, ERASED_WORD, region)
        if clean != text:
            changed[name] = clean
    return changed


def is_blank(found: Found, wanted: dict[str, object]) -> bool:
    """Say whether a record holds nothing but what was to be written over it."""
    return all(found.fields.get(name, "") == _text(value) for name, value in wanted.items())


def _text(value: object) -> str:
    return "" if value in (None, False, []) else str(value)
