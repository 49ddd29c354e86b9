"""What a request does with fields and records, collected while it is read."""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace

from proxy.connectors.asked import Beside
from proxy.connectors.words import NAME, ObjectWords
from proxy.errors import Gap, Undecodable
from proxy.message import Record, Tree
from proxy.model import Action, FieldUse, Operation


def ids(text: str, is_id: re.Pattern[str]) -> list[str]:
    """Return the ids in a comma-separated list of records.

    Raises:
        Gap: something in it is no id.
    """
    found = text.split(",")
    if not all(map(is_id.fullmatch, found)):
        raise Gap("construct", "unknown_value")
    return found


class Uses:
    """Collects what a request does, each thing once, in order of appearance."""

    def __init__(self, words: ObjectWords, action: Action) -> None:
        self.words = words
        self.action = action
        self.records: list[str] = []
        self.writes: list[Record] = []
        self.beside = Beside()
        self._uses: dict[FieldUse, None] = {}
        self._looked: dict[FieldUse, None] = {}

    def add(self, name: str, action: Action | None = None) -> str:
        """Note the use of a field and return its name as it is to be sent."""
        listed = self.words.listed(name)
        self._uses[FieldUse(self.words.name, listed, action or self.action)] = None
        return self.words.spelled(name)

    def add_far(self, name: str, field: str) -> None:
        """Note the use of a field of another object, which is listed."""
        self._uses[FieldUse(name, field, self.action)] = None

    def look(self, name: str, action: Action = Action.FILTER) -> str:
        """Note that a field decides which records there are, and return its name as it is to be sent.

        This is kept apart from what is done to the records: a look-up that names no field to be shown still has
        to find something that may be.
        """
        self.look_far(self.words.name, self.words.listed(name), action)
        return self.words.spelled(name)

    def look_far(self, name: str, field: str, action: Action) -> None:
        """Note the same of a field of any object, which is listed."""
        self._looked[FieldUse(name, field, action)] = None

    def look_for_text(self) -> None:
        """Note a free-text search: it looks into every field that the connector lists as searched.

        Raises:
            Gap: it lists none.
        """
        if not self.words.searched:
            raise Gap("construct", "free_text_search")
        for name in self.words.searched:
            self.look(name)

    def looked(self) -> tuple[FieldUse, ...]:
        """Return the fields that decide which records there are, as far as they are known by now."""
        return tuple(self._looked)

    def operation(self) -> Operation:
        """Return what is done to the records, as one operation."""
        return Operation(self.action, self.words.name, tuple(self._uses), tuple(self.records))

    def operations(
        self, also: Iterable[Action] = (), created_by: str = "", *, revives: bool = False
    ) -> tuple[Operation, ...]:
        """Return all that the request does, the operation proper first.

        Args:
            also: what else it does to the same records.
            created_by: field by whose value a record is made if nobody has it; "" if none is.
            revives: it brings back whoever is in the records.
        """
        name = self.words.name
        found = [replace(self.operation(), revives=revives)]
        if created_by:
            fields = dict.fromkeys((self.words.listed(created_by), *(use.field for use in self._uses)))
            uses = tuple(FieldUse(name, field, Action.CREATE) for field in fields)
            found.append(Operation(Action.CREATE, name, uses))
        found += [Operation(action, name, (), tuple(self.records)) for action in also]
        if self._looked:
            found.append(Operation(Action.READ, name, tuple(self._looked)))
        return tuple(found)


class Keys:
    """The keys by which a request names records: ids, unless it says that they are values of a field.

    To look somebody up by e-mail address is to ask whether anybody has it. So it is a filter on the field, and
    the key may be somebody's: it is never taken for an id.
    """

    def __init__(self, is_id: re.Pattern[str], by: str = "") -> None:
        """Take the field that the route says keys are values of, if it does."""
        self._is_id = is_id.fullmatch
        self._by = [by] if by else []
        self.found: list[str] = []

    def add(self, tree: Tree) -> Tree:
        """Note a key and return it."""
        text = str(tree) if type(tree) is int else tree
        if not isinstance(text, str) or not text or len(text) > 1_000:
            raise Gap("construct", "unknown_value")
        self.found.append(text)
        return tree

    def named(self, tree: Tree) -> Tree:
        """Note the name of the field that keys are values of; the SDK sends null for none."""
        if tree is None:
            return tree
        if not isinstance(tree, str) or not NAME.fullmatch(tree):
            raise Gap("construct", "not_a_field_name")
        self._by.append(tree)
        return tree

    def settle(self, uses: Uses) -> str:
        """Note what the keys are: records, or values that are looked for; return the field then, else "".

        Raises:
            Gap: a key is no id, or keys of one request are values of several fields.
        """
        if len(set(self._by)) > 1 or len(self._by) not in {0, 1, len(self.found)}:
            raise Gap("construct", "several_keys")
        name = self._by[0] if self._by else ""
        if name and uses.words.listed(name) != uses.words.spec.subject_key:
            uses.look(name)
            return name
        if not all(map(self._is_id, self.found)):
            raise Gap("construct", "unknown_value")
        uses.records += self.found
        return ""


def members_of(
    tree: Mapping[str, Tree], uses: Uses, leave_out: Container[str], *also: Action
) -> dict[str, Tree]:
    """Return the fields that a record writes, in the connector's spelling, with each noted as written.

    Args:
        tree: one record of a request.
        uses: collects what is written, for its action and for those of `also`.
        leave_out: members that are no fields.
        also: further actions.

    Raises:
        Gap: a value that is none, or a member whose name is none.
        Undecodable: one field under two names.
    """
    written: dict[str, Tree] = {}
    for name, value in tree.items():
        if name in leave_out:
            continue
        if isinstance(value, dict | list):
            raise Gap("construct", "nested_value")
        if not NAME.fullmatch(name):
            raise Gap("construct", "not_a_field_name")
        spelled = uses.add(name)
        for action in also:
            uses.add(name, action)
        if spelled in written:
            raise Undecodable("repeated_field")
        written[spelled] = value
    return written
