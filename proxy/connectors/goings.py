"""Writes that take a record away: an archive flag that is set, and fields that are all written empty.

A CRM that has no delete for somebody, or a client that wants to pass for careful, archives a record or empties
all that names the person. In the CRM that is an update; to the person it is a delete, or an erasure. So a
connector says which writes are that (`deletes`, `erases` of an object): they need a grant for it, and what
policy has in place of a delete (`kind: Erasure`) takes their place, too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.asked import Asked
from proxy.message import RECORD_ITSELF, Record, Tree, scalar_text
from proxy.model import Action, FieldUse, Operation

Flag = bool | int | str
_NUMBER: Final = re.compile(r"[+-]?\d{1,9}(?:\.\d{0,9})?(?:e[+-]?\d{1,2})?", re.ASCII)
_FALSE: Final = frozenset({"", "0", "false", "no"})
_TRUE: Final = frozenset({"1", "true", "yes"})


@dataclass(frozen=True, slots=True)
class Going:
    """How records of one object go by being written."""

    deletes: Mapping[str, Flag]
    """Field -> value that takes the record away as a delete does."""
    erases: frozenset[str]
    """Fields that leave nobody if they are all written empty; none: no write does."""

    def by(self, members: Mapping[str, Tree]) -> tuple[Action, frozenset[str]] | None:
        """Return what a write comes to and the fields that make it that; None for an update like any other."""
        found = frozenset(
            name for name, value in self.deletes.items() if name in members and reads_as(members[name], value)
        )
        if found:
            return Action.DELETE, found
        if self.erases and all(name in members and not _text(members[name]).strip() for name in self.erases):
            return Action.ERASE, self.erases
        return None

    def back_by(self, members: Mapping[str, Tree]) -> bool:
        """Say whether a write brings back a record that one of these had taken away."""
        return any(
            name in members and not reads_as(members[name], value) for name, value in self.deletes.items()
        )


def as_what_it_is(asked: Asked, goings: Mapping[str, Going]) -> Asked:
    """Return a request whose operations say what its writes come to.

    A write that does nothing else is a delete, or an erasure, and no update; one that writes more is both.
    """
    gone: list[Operation] = []
    updated: set[str] = set()
    for record in asked.writes:
        going = goings.get(record.object)
        found = going.by(record.members) if going is not None and record.action is Action.UPDATE else None
        if found is None:
            updated.add(record.object)
            continue
        action, fields = found
        uses = (FieldUse(record.object, RECORD_ITSELF, action),)
        gone.append(Operation(action, record.object, uses, ids_of(asked, record)))
        if not record.members.keys() <= fields | {"id", "Id", "ID"}:
            updated.add(record.object)
    if not gone:
        return asked
    whole = {one.object for one in gone} - updated
    kept = [one for one in asked.operations if not (one.action is Action.UPDATE and one.object in whole)]
    return replace(asked, operations=(*kept, *_merged(gone)))


def brought_back(asked: Asked, goings: Mapping[str, Going]) -> tuple[tuple[str, str], ...]:
    """Return the records (object, id) whose people are there again once a request is carried out.

    The id is "" where nothing but the CRM knows which record it is.
    """
    found = [(one.object, one.records) for one in asked.operations if one.revives]
    for record in asked.writes:
        going = goings.get(record.object)
        if going is not None and record.action is Action.UPDATE and going.back_by(record.members):
            found.append((record.object, ids_of(asked, record)))
    return tuple(dict.fromkeys((name, key) for name, keys in found for key in keys or ("",)))


def ids_of(asked: Asked, record: Record) -> tuple[str, ...]:
    """Return the ids that a write is about: its own, else all that the request names for its object.

    Where that says too many, an update of the others stands beside it, and nothing takes the request's place.
    """
    if record.key is not None or record.targets:
        return record.targets if record.key is None else (record.key,)
    named = [
        one.records for one in asked.operations if one.action is Action.UPDATE and one.object == record.object
    ]
    return tuple(key for keys in named for key in keys)


def _merged(operations: Iterable[Operation]) -> list[Operation]:
    """Return operations of the same kind and object as one, each record once."""
    found: dict[tuple[Action, str], Operation] = {}
    for one in operations:
        before = found.get((one.action, one.object))
        records = tuple(dict.fromkeys((*(before.records if before is not None else ()), *one.records)))
        found[one.action, one.object] = replace(one, records=records)
    return list(found.values())


def reads_as(leaf: Tree, value: Flag) -> bool:
    """Say whether a value that is written is a flag's, as CRMs take it: yes and no in many ways."""
    text = _text(leaf).strip().casefold()
    if _NUMBER.fullmatch(text):  # 1.0 and 01 are 1 to most
        text = f"{float(text) + 0.0:.15g}"
    if isinstance(value, bool):
        return text in (_TRUE if value else _FALSE)
    return text == str(value).casefold()


def _text(leaf: Tree) -> str:
    """Return what is written as text: nothing for null, `true` and `false` for those."""
    if isinstance(leaf, bool):
        return "true" if leaf else "false"
    if isinstance(leaf, dict | list) and not leaf:
        return ""
    found = scalar_text(leaf)
    return found if found is not None else "" if leaf is None else "something"
