"""The bodies of writes: fields with plain values, and links to other records by `@odata.bind`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxy.connectors.odata import keys
from proxy.connectors.odata.naming import Names
from proxy.connectors.words import ObjectWords
from proxy.errors import Gap, Undecodable
from proxy.message import Record, Tree
from proxy.model import Action, FieldUse, Operation

_BIND: Final = "@odata.bind"
_PROPERTY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


@dataclass(frozen=True, slots=True)
class Written:
    """What a body writes."""

    words: ObjectWords
    tree: dict[str, Tree]
    """The body to send."""
    fields: Mapping[str, Tree]
    """Listed field, or UNCLASSIFIED -> what is written there."""
    names: Mapping[str, str]
    """Member of the body -> its field."""

    @staticmethod
    def read(tree: Tree, words: ObjectWords, names: Names, is_id: re.Pattern[str]) -> "Written":
        """Return what a body writes.

        Raises:
            Gap: records inside the record, or anything else that is not a value of a property.
            Undecodable: a field that is written twice, in two ways.
        """
        if not isinstance(tree, dict):
            raise Gap("construct", "unknown_value")
        sent: dict[str, Tree] = {}
        fields: dict[str, Tree] = {}
        names_: dict[str, str] = {}
        for name, value in tree.items():
            link: Tree = None
            if name.endswith(_BIND):
                field, link = _link(name.removesuffix(_BIND), value, words, names, is_id)
            elif not _PROPERTY.fullmatch(name):
                raise Gap("construct", "not_a_field_name")
            elif isinstance(value, dict | list):
                raise Gap("construct", "nested_value")
            else:
                field = names.field(words, name)
            if field in fields and field in words.spec.fields:
                raise Undecodable("repeated_field")
            sent[name] = fields[field] = link if name.endswith(_BIND) else value
            names_[name] = field
        return Written(words, sent, fields, names_)

    def operation(self, action: Action, uses: tuple[FieldUse, ...], records: tuple[str, ...]) -> Operation:
        """Return the write as an operation; what is created under a key has that key written as well."""
        if action is Action.CREATE:
            uses = (*uses, *(FieldUse(each.object, each.field, action) for each in uses))
        own = (FieldUse(self.words.name, each, action) for each in self.fields)
        return Operation(action, self.words.name, (*uses, *own), records)

    def record(self, action: Action, records: tuple[str, ...] = ()) -> Record:
        """Return what is written, for whoever looks for masks in it; `records` get it, if they are known."""
        live = {field: (self.tree, name) for name, field in self.names.items()}
        return Record(self.words.name, action, dict(self.fields), targets=records, live=live)


def _link(name: str, value: Tree, words: ObjectWords, names: Names, is_id: re.Pattern[str]) -> tuple[str, str]:
    """Return the field that a link is kept in, and the link to send."""
    relation = words.parents.get(name)
    if relation is None or not isinstance(value, str):
        raise Gap("construct", "odata_navigation")
    text, found = keys.bound(value, names, is_id)
    if found != relation.object:
        raise Gap("construct", "odata_navigation")
    return relation.via, f"/{text}"
