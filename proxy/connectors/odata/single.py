"""The grammar `odata-property`: one property of one record, `contacts(ID)/fullname` and its `/$value`.

To read one is to read the record with one column. So that is what the CRM is asked for, and the answer is read
as one of those, facts and all; only then is it written as the client asked for it. A value that is null, hidden,
or made null looks the same. To write one is to update that field, and to delete it is to write null.

A navigation property in its place has no word here.
"""

from dataclasses import dataclass, replace

from proxy.connectors import target
from proxy.connectors.asked import Answer, Opened
from proxy.connectors.comparing import Looking
from proxy.connectors.envelope import Nothing
from proxy.connectors.facts import Wanted
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.odata import keys
from proxy.connectors.odata.grammar import OData, compile_odata
from proxy.connectors.odata.naming import Names
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import Hidden
from proxy.errors import Gap, UpstreamFault
from proxy.message import Record, Tree
from proxy.model import Action, FieldUse, Operation

VALUE = "/$value"


@dataclass(frozen=True, slots=True)
class Single:
    """Reads one declared route."""

    setting: Setting
    names: Names
    whole: OData
    """Reads requests for the record."""
    method: str
    raw: bool
    """Whether the value comes alone, as text."""
    base: tuple[str | tuple[str], ...]
    """Path template of the record."""

    def read(self, asking: Asking) -> Reading:
        """Return what the request does; see `Grammar.read`."""
        address = keys.read(asking.params["entity"], self.names, self.setting.patterns["id"])
        name = asking.params["property"]
        if (
            name in address.words.parents
            and self.names.field(address.words, name) not in address.words.spec.fields
        ):
            raise Gap("construct", "odata_navigation")
        if self.method == "GET":
            given = replace(asking, query={"$select": (name,)})
            return self._shown(self.whole.read(given), name)
        return self._written(asking, address, name)

    def _shown(self, reading: Reading, name: str) -> Reading:
        """Return a reading of the record as one of its property."""

        def narrow(hidden: Hidden) -> Reading:
            assert reading.narrow is not None
            return self._shown(reading.narrow(hidden), name)

        def widen(wanted: Wanted) -> Reading:
            assert reading.widen is not None
            return self._shown(reading.widen(wanted), name)

        def swap(looking: Looking) -> Reading:
            assert reading.swap is not None
            return self._shown(reading.swap(looking), name)

        return replace(
            reading,
            answer=Alone(reading.answer, name, self.raw),
            path=self.base,
            narrow=narrow if reading.narrow else None,
            widen=widen if reading.widen else None,
            swap=swap if reading.swap else None,
        )

    def _written(self, asking: Asking, address: keys.Address, name: str) -> Reading:
        value: Tree = None
        tree: dict[str, Tree] | None = None
        if self.method == "PUT":
            value, tree = _value(asking.tree)
        words, field = address.words, self.names.field(address.words, name)
        uses = (*address.uses, FieldUse(words.name, field, Action.UPDATE))
        records = () if address.record is None else (address.record,)
        live = None if tree is None else {field: (tree, "value")}
        reading = Reading(
            (Operation(Action.UPDATE, words.name, uses, records),),
            Nothing(),
            {**asking.params, "entity": address.text},
            tree=tree,
            writes=(Record(words.name, Action.UPDATE, {field: value}, targets=records, live=live),),
        )
        return address.swapping(reading)


def _value(tree: Tree) -> tuple[Tree, dict[str, Tree]]:
    match tree:
        case {"value": value, **rest} if not rest and not isinstance(value, dict | list):
            return value, {"value": value}
    raise Gap("construct", "unknown_value")


@dataclass(frozen=True, slots=True)
class Alone:
    """The answer to a request for a record, of which one property is shown."""

    inner: Answer
    name: str
    raw: bool

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the value by itself; see `Answer`."""
        opened = self.inner.open(status, tree)
        if len(opened.records) != 1 or not isinstance(opened.tree, dict):
            raise UpstreamFault("unexpected_shape")
        (record,) = opened.records
        own = dict(record.names or {})
        shown: dict[str, Tree] = {"value": record.members.get(self.name)}
        names = {"value": own[self.name]} if self.name in own else {}
        opened.records = [replace(record, members=shown, names=names, keep=frozenset())]
        opened.tree, opened.media = shown, "plain" if self.raw else "json"
        return opened


def compile_odata_property(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route; raises ValueError where the route is wrong."""
    method, _, path = route.match.partition(" ")
    raw = path.endswith(VALUE)
    base = path.removesuffix(VALUE).removesuffix("/{property}")
    if not path.removesuffix(VALUE).endswith("/{entity}/{property}"):
        raise ValueError("must end in /{entity}/{property} or /{entity}/{property}/$value for its grammar")
    if method not in {"GET", "PUT", "DELETE"} or (raw and method != "GET"):
        raise ValueError("has a method that its grammar does not know for it")
    whole = compile_odata(route.model_copy(update={"match": f"GET {base}", "action": Action.READ}), setting)
    assert isinstance(whole, OData)
    return Single(setting, whole.names, whole, method, raw, target.template(base))
