"""The grammar `soap`: one URL for everything, and the body says which call it is and who makes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.asked import SignedBody
from proxy.connectors.bulk.jobs import Jobs
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.queries import Links, Soql
from proxy.connectors.searches import Searches
from proxy.connectors.soap.describing import SERVICE, Descriptions
from proxy.connectors.soap.envelope import Call, signed, take
from proxy.connectors.soap.queries import Queries
from proxy.connectors.soap.writes import Writes
from proxy.connectors.spec import RouteModel
from proxy.errors import Gap, Unavailable, Undecodable
from proxy.message import Tree
from proxy.model import Action

_BEARER: Final = "Bearer "

CALLS: Final[Mapping[str, tuple[Action, ...]]] = {
    "query": (Action.LIST, Action.FILTER, Action.SORT),
    "queryAll": (Action.LIST, Action.FILTER, Action.SORT, Action.READ),
    "queryMore": (Action.LIST, Action.FILTER, Action.SORT, Action.READ),
    "retrieve": (Action.LIST,),
    "search": (Action.LIST, Action.FILTER, Action.SORT),
    "create": (Action.CREATE,),
    "update": (Action.UPDATE,),
    "upsert": (Action.UPDATE, Action.CREATE, Action.READ, Action.FILTER),
    "delete": (Action.DELETE,),
    "undelete": (Action.CREATE, Action.READ, Action.LIST),
    "merge": (Action.UPDATE, Action.DELETE),
    "describeGlobal": (Action.READ, Action.LIST),
    "describeSObject": (Action.READ,),
    "describeSObjects": (Action.READ,),
    "getServerTimestamp": (Action.READ, Action.LIST),
}
"""What is understood, and what a call of it can do."""


@dataclass(frozen=True, slots=True)
class SoapGrammar:
    """Reads the envelopes of one connector; stateless."""

    calls: Mapping[str, Callable[[Call, Asking], Reading]]

    def caller(self, tree: Tree) -> str | None:
        """Return the session id in an envelope, unverified; None if there is none."""
        try:
            return take(tree).session or None
        except (Gap, Undecodable):
            return None  # `read` will say what is wrong with it

    def read(self, asking: Asking) -> Reading:
        """Return what a call does; see `Grammar.read`."""
        call = take(asking.tree)
        name = call.name.removeprefix("p:")
        if call.name == "p:login":
            raise Gap("construct", "soap_login")
        if not call.name.startswith("p:") or name not in self.calls:
            raise Gap("construct", "soap_call")
        return _finished(self.calls[name](call, asking))


def _finished(reading: Reading) -> Reading:
    """Return a reading that is signed in its body, in every form that it can be asked in."""
    narrow, widen, swap = reading.narrow, reading.widen, reading.swap
    return replace(
        reading,
        sign=sign,
        headers=(("soapaction", '""'), ("accept", "text/xml")),
        narrow=None if narrow is None else lambda hidden: _finished(narrow(hidden)),
        widen=None if widen is None else lambda wanted: _finished(widen(wanted)),
        swap=None if swap is None else lambda looking: _finished(swap(looking)),
    )


def sign(tree: Tree, fields: tuple[tuple[str, str], ...]) -> SignedBody:
    """Return an envelope with the lane's secret in it, and the header fields without.

    Raises:
        Unavailable: the lane holds no secret of its own.
    """
    found = [value for name, value in fields if name == "authorization"]
    if len(found) != 1 or not found[0].startswith(_BEARER):
        raise Unavailable("credential_unavailable")
    return signed(tree, found[0].removeprefix(_BEARER)), ()


def compile_soap(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar for a route; raises ValueError where the connector lacks what it needs."""
    for name in ("query", "search", "described", "objects"):
        if name not in setting.answers:
            raise ValueError(f'needs an answer called "{name}" for its grammar')
    if SERVICE not in setting.words.objects or setting.file.deleted not in setting.words.objects:
        raise ValueError(f'needs an object "{SERVICE}" and one at "deleted:" for its grammar')
    for name in ("locator", "moment"):
        if name not in setting.patterns:
            raise ValueError(f'needs a pattern "{name}" for its grammar')
    context = f"{setting.file.metadata.name} soap\n"
    soql = Soql(setting, Links(None, context, (), setting), setting.answers["query"])
    searches = Searches(setting, "", setting.answers["search"])
    queries = Queries(setting, soql, searches, Jobs(setting.sealer, context))
    writes, described = Writes(setting), Descriptions(setting)
    return SoapGrammar(
        {
            "query": queries.query,
            "queryAll": queries.query,
            "queryMore": queries.more,
            "retrieve": queries.retrieve,
            "search": queries.search,
            **dict.fromkeys(("create", "update", "upsert"), writes.write),
            **dict.fromkeys(("delete", "undelete"), writes.by_id),
            "merge": writes.merge,
            "describeGlobal": described.objects,
            **dict.fromkeys(("describeSObject", "describeSObjects"), described.fields),
            "getServerTimestamp": described.time,
        }
    )
