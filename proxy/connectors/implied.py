"""What a route does by itself, whatever its requests say: fields that it shows, compares or counts unnamed.

`sobjects/Contact/updated` answers with bare ids, and finds them by when a record was changed. There is no record
in the answer to be judged, and no field in the request. So the route says so (`uses:`), and each of these uses
must be allowed outright, before anything is asked of the CRM.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import Words
from proxy.errors import Gap
from proxy.model import Action, FieldUse, Operation

EITHER_WAY: Final = "[/]"
"""At the end of a route's path: a slash may stand there or not."""
NAMED: Final = "{object}"
"""Stands for the object that the path names."""


class Use(NamedTuple):
    """One use that a route declares; NAMED in either name stands for what the path names."""

    object: str
    field: str
    action: Action


@dataclass(frozen=True, slots=True)
class Implying:
    """Reads a route by its grammar, and adds what it does besides."""

    uses: tuple[Use, ...]
    words: Words
    grammar: Grammar

    def read(self, asking: Asking) -> Reading:
        """Return what the request does, and what the route does; see `Grammar.read`."""
        named = self.words.object(asking.params["object"]).name if "object" in asking.params else ""
        more = tuple(outright(self._use(use, named)) for use in self.uses)
        reading = self.grammar.read(asking)
        return adding(reading, more)

    def _use(self, use: Use, named: str) -> FieldUse:
        words = self.words.objects[named if use.object == NAMED else use.object]
        return FieldUse(words.name, words.listed(named if use.field == NAMED else use.field), use.action)


def outright(use: FieldUse) -> Operation:
    """Return an operation by which a use is judged as it stands, and not left to the answer."""
    return Operation(Action.READ if use.action is not Action.READ else Action.LIST, use.object, (use,))


def adding(reading: Reading, more: tuple[Operation, ...]) -> Reading:
    """Return what was read with more operations, in every form that it can be asked in."""
    narrow, widen = reading.narrow, reading.widen
    return replace(
        reading,
        operations=(*reading.operations, *more),
        narrow=None if narrow is None else lambda hidden: adding(narrow(hidden), more),
        widen=None if widen is None else lambda wanted: adding(widen(wanted), more),
    )


def implied(route: RouteModel, setting: Setting) -> tuple[Use, ...]:
    """Return what a route declares that it does; raises ValueError where it names what is not listed."""
    found = []
    for text, action in route.uses.items():
        name, _, field = text.rpartition(".")
        name = name or route.object or NAMED
        known = setting.words.objects.get(name)
        if name != NAMED and known is None:
            raise ValueError(f'uses a field of "{name}", which is not among the objects')
        if NAMED in (name, field) and "/{object}" not in route.match:
            raise ValueError("uses {object}, which its path does not name")
        if known is not None and field != NAMED and known.listed(field) != field:
            raise ValueError(f'uses "{text}", which is not among the fields')
        found.append(Use(name, field, action))
    return tuple(found)


class Unread:
    """The grammar of a route that is known to be refused."""

    def read(self, asking: Asking) -> Reading:
        """Refuse it; a route like this is refused before it is read."""
        raise Gap("route", "unknown_route")
