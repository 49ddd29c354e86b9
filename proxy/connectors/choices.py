"""The names that a request lists: fields to return, their earlier values, and what is linked.

Each list can be made shorter, by what nobody may be shown, and one of fields longer, by what conditions look at.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.facts import Wanted, fields_of
from proxy.connectors.grammar import Reading, Setting
from proxy.connectors.paths import EACH, compile_path
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import NAME, Hidden, ObjectWords
from proxy.errors import Gap, Refused
from proxy.message import Tree

SELECTS: Final = frozenset({"select", "select_each"})
KINDS: Final = SELECTS | {"history", "extra", "links"}


def objects(text: str) -> list[str]:
    """Return the names in a comma-separated list of objects."""
    return text.split(",")


def select(text: str) -> list[str]:
    """Return the names in a comma-separated list of fields.

    Raises:
        Gap: something in it is not a name.
    """
    found = text.split(",")
    if not all(NAME.fullmatch(name) for name in found):
        raise Gap("construct", "not_a_field_name")
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    """One place of a route's requests where names are listed."""

    member: str
    """Query parameter, or member of the body."""
    kind: str
    in_body: bool = False

    def given(self, reading: Reading) -> list[str]:
        """Return the names that stand there."""
        if self.in_body:
            names = reading.tree.get(self.member) if isinstance(reading.tree, dict) else None
            return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
        return [name for each, value in reading.query if each == self.member for name in value.split(",")]

    def put(self, reading: Reading, names: list[str]) -> Reading:
        """Return the request with other names there."""
        if self.in_body:
            tree = reading.tree
            return replace(reading, tree={**tree, self.member: names}) if isinstance(tree, dict) else reading
        others = tuple(pair for pair in reading.query if pair[0] != self.member)
        return replace(reading, query=(*others, *self.pairs(names)))

    def pairs(self, names: list[str]) -> tuple[tuple[str, str], ...]:
        """Return the query parameters that list some names."""
        each = names if self.kind == "select_each" else [",".join(names)]
        return tuple((self.member, text) for text in each)


def choices(route: RouteModel, setting: Setting) -> tuple[Choice, ...]:
    """Return every list of names that requests of a route may hold."""
    in_query = [
        Choice(name, kind) for name, kind in sorted(route.query.items(), key=str) if isinstance(kind, str)
    ]
    in_body = [
        Choice(str(steps[0]), kind, in_body=True)
        for path, kind in setting.file.bodies.get(route.body, {}).items()
        if len(steps := compile_path(path)) == 2 and steps[0] and steps[1] is EACH
    ]
    return tuple(each for each in (*in_query, *in_body) if each.kind in KINDS)


def shorter(reading: Reading, choice: Choice, visible: Callable[[str], bool]) -> Reading:
    """Return a request that lists only what is visible.

    Raises:
        Refused: it lists something, and none of that is.
    """
    names = choice.given(reading)
    found = [name for name in names if visible(name)]
    if names and not found:
        raise Refused("not_granted")
    return choice.put(reading, found) if found != names else reading


def selecting(words: ObjectWords, wanted: Wanted, given: object) -> tuple[list[str], frozenset[str]]:
    """Return the fields to ask for so that facts can be had, and those among them that only we ask for.

    Args:
        words: the object that is selected from.
        wanted: the facts that conditions look at.
        given: the list that the client sent; None, or empty, where the CRM chooses.

    Nothing is added where the CRM answers with every field unless it is told otherwise.
    """
    named = [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
    asked = named or list(words.unasked)
    if not asked:
        return [], frozenset()
    more = [name for name in fields_of(words.spec, wanted.get(words.name, ())) if name not in asked]
    return [*asked, *more] if more else [], frozenset(more)


def remaining(words: ObjectWords, hidden: Hidden, given: Tree) -> list[str]:
    """Return the fields of a list that may be asked for; none where the client sent none.

    Raises:
        Refused: it sent some, and none of them remains.
    """
    named = [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
    found = [name for name in named if (words.name, words.listed(name)) not in hidden]
    if named and not found:
        raise Refused("not_granted", words.name)
    return found
