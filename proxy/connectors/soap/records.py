"""Records as elements: a member for each field, what the record is beside them, and records nested in it."""

from dataclasses import dataclass
from typing import Final

from proxy.connectors.asked import Opened, Total
from proxy.connectors.facts import NOTHING, Gathering, Way
from proxy.connectors.rows import MAX_NESTING, Rows
from proxy.connectors.words import ObjectWords, Relation
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Record, Tree
from proxy.model import Action

TYPE: Final = "type"
XSI: Final = "@xsi:type"
NULLED: Final = "fieldsToNull"
ID: Final = "Id"
_STRUCTURE: Final = frozenset({TYPE, XSI})


@dataclass(slots=True)
class SoapPage:
    """One answer while it is taken apart."""

    rows: Rows
    action: Action
    into: Opened
    gathering: Gathering = NOTHING

    def open(
        self,
        tree: Tree,
        words: ObjectWords,
        types: frozenset[str] = frozenset(),
        within: tuple[Record, str] | None = None,
        way: Way = (),
    ) -> None:
        """Add the record that an element is, after every record nested in it.

        Raises:
            UpstreamFault: not a record, not of that object, or nested too deeply.
        """
        if not isinstance(tree, dict) or len(way) > MAX_NESTING:
            raise UpstreamFault("unexpected_record")
        told = tree.get(TYPE)
        if not isinstance(told, str) or (told != words.name and told not in types):
            raise UpstreamFault("unexpected_record")
        key = tree.get(ID)
        known = str(key) if isinstance(key, str) and self.rows.id.fullmatch(key) else None
        facts = self.gathering.take(words.spec, tree, way)
        nested = {name for name in tree if isinstance(tree[name], dict)}
        parents = [name for name in words.parents if name in nested]
        children = [name for name in words.children if name in nested]
        keep = frozenset((*(_STRUCTURE & tree.keys()), *parents, *children))
        record = Record(words.name, self.action, tree, None, keep, known, within, facts)
        for name in parents:
            self._far(tree[name], words.parents[name], (record, name), way)
        for name in children:
            self._children(tree[name], words.children[name], (record, name), way)
        self.into.records.append(record)

    def _far(self, tree: Tree, relation: Relation, within: tuple[Record, str], way: Way) -> None:
        other = self.rows.words.objects[relation.object]
        self.open(tree, other, relation.types, within, (*way, relation.name))

    def _children(self, tree: Tree, relation: Relation, within: tuple[Record, str], way: Way) -> None:
        """Open a list of child records in its envelope, of which stays that it is whole, if it is."""
        found = tree.get("p:records", []) if isinstance(tree, dict) else None
        if not isinstance(tree, dict) or not isinstance(found, list):
            raise UpstreamFault("unexpected_shape")
        for row in found:
            self._far(row, relation, within, way)
        whole = tree.get("p:done") == "true"
        for name in tree.keys() - {XSI, "p:records"}:
            del tree[name]
        # A link to more of them would need its own query; without one, it is said that these are not all.
        tree.update({"p:done": "true" if whole else "false", "p:queryLocator": None, "p:size": str(len(found))})
        self.into.totals.append(Total(tree, "p:size", tree, "p:records", relation.object))


def row_of(tree: Tree) -> dict[str, Tree]:
    """Return a written record as rows are read elsewhere: what it is in `attributes`, fields beside it.

    Raises:
        Gap: an element that is none of a record.
        Undecodable: no type, or a field twice.
    """
    if not isinstance(tree, dict):
        raise Gap("construct", "unknown_value")
    row: dict[str, Tree] = {}
    for name, value in tree.items():
        if name == XSI:
            continue
        bare = name.removeprefix("p:")
        if bare in row:
            raise Undecodable("repeated_field")
        row[bare] = value
    kind, nulled = row.pop(TYPE, None), row.pop(NULLED, [])
    if not isinstance(kind, str):
        raise Undecodable("member_missing")
    if row.get(ID, "") is None:
        del row[ID]
    for name in nulled if isinstance(nulled, list) else [nulled]:
        if not isinstance(name, str):
            raise Gap("construct", "unknown_value")
        if name in row:
            raise Undecodable("repeated_field")
        row[str(name)] = None
    return {"attributes": {"type": str(kind)}, **row}


def as_element(row: dict[str, Tree]) -> dict[str, Tree]:
    """Have a row that was read be an element again, in place, in the order that the schema asks for."""
    attributes = row.pop("attributes")
    assert isinstance(attributes, dict)
    rest = dict(row)
    row.clear()
    row[TYPE] = attributes["type"]
    if nulled := [name for name, value in rest.items() if value is None]:
        row[NULLED] = nulled
    keys = [name for name in rest if name.lower() == "id"]
    for name in keys:
        row[ID] = rest.pop(name)
    row.update({name: value for name, value in rest.items() if value is not None})
    return row
