"""The grammar `odata-count`: how many records there are, `contacts/$count`, as a number alone.

That is a list of which only its length is shown, and so a count of the records, with the conditions judged as
they are in the list.
"""

from dataclasses import dataclass, replace

from proxy.connectors.asked import Opened
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.odata.grammar import OData, compile_odata
from proxy.connectors.spec import RouteModel
from proxy.errors import UpstreamFault
from proxy.message import RECORD_ITSELF, Tree
from proxy.model import Action, FieldUse

_MAX_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Count:
    """Reads one declared route."""

    whole: OData

    def read(self, asking: Asking) -> Reading:
        """Return what the request does; see `Grammar.read`."""
        return _counted(self.whole.read(asking))


def _counted(reading: Reading) -> Reading:
    """Return a reading of records as one of their number, in every form that it can be asked in."""
    own, *inside = reading.operations
    counted = FieldUse(own.object, RECORD_ITSELF, Action.AGGREGATE)
    own = replace(own, uses=(counted, *own.uses))
    swap = reading.swap
    return replace(
        reading,
        operations=(own, *inside),
        answer=Number(own.object),
        narrow=None,
        widen=None,
        swap=None if swap is None else lambda looking: _counted(swap(looking)),
    )


@dataclass(frozen=True, slots=True)
class Number:
    """An answer that is a number."""

    object: str

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the number; see `Answer`."""
        text = tree.get("value") if isinstance(tree, dict) else None
        if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
            raise UpstreamFault("unexpected_shape")
        return Opened({"value": text}, sizes=[(self.object, int(text))])


def compile_odata_count(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route; raises ValueError where the route is wrong."""
    if not route.match.startswith("GET ") or not route.match.endswith("/{set}/$count"):
        raise ValueError("must be a GET and end in /{set}/$count for its grammar")
    if not route.query.keys() <= {"$filter", "$search", "@*"}:
        raise ValueError("takes $filter, $search and @* only")
    path = route.match.removesuffix("/$count")
    whole = compile_odata(route.model_copy(update={"match": path, "action": Action.LIST}), setting)
    assert isinstance(whole, OData)
    return Count(whole)
