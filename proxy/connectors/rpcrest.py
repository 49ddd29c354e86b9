"""The grammar `rpc-rest`: records of a CRM that is called by RPC, through its REST routes.

    GET     .../rest/model/{model}?d=&o=&s=&p=&f=     search_read: domain, order, limit, offset, fields
    GET     .../rest/model/{model}/{id}?f=            read
    POST    .../rest/model/{model}                    create
    PUT     .../rest/model/{model}/{id}               write
    DELETE  .../rest/model/{model}/{id}               delete

So Tryton has it for user applications. Domain and order are JSON in base64url, and so is the context, in the
header `X-Tryton-Context`: filters where nobody looks for one. Each request is the RPC call that it means: read
as that, sent as that, its answer opened as that, and only then written as REST has it. So the two surfaces
cannot differ.

Fields have to be named, without paths: what Tryton would show by itself is for it to say. Actions, reports and
ranges have no word here.
"""

import base64
import json
import re
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors import target
from proxy.connectors.asked import Answer, Missing, Opened
from proxy.connectors.comparing import Looking
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.rpc import RpcGrammar, compile_rpc
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import NAME
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Tree

CONTEXT: Final = "x-tryton-context"
RANGE: Final = "range"
KIND: Final = "__name__"
"""Member by which REST says of each record what it is."""
_CALLS: Final = {
    ("GET", False): "search_read",
    ("GET", True): "read",
    ("POST", False): "create",
    ("PUT", True): "write",
    ("DELETE", True): "delete",
}
_NUMBER: Final = 1
"""Of the call that is sent."""
_MAX_FOLDED: Final = 16_000
_FOLDED: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_NOT_FOUND: Final = 404
_REFUSED: Final = 400


def unfolded(text: str) -> Tree:
    """Return the JSON that a text in base64url holds.

    Raises:
        Undecodable: it is not written in the one way there is, or is not exactly one JSON text.
    """
    bare = text.rstrip("=")
    if len(text) > _MAX_FOLDED or not _FOLDED.fullmatch(text) or len(bare) % 4 == 1:
        raise Undecodable("bad_base64")
    raw = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != bare:
        raise Undecodable("bad_base64")
    try:
        found: Tree = json.loads(
            raw.decode(), object_pairs_hook=_once, parse_constant=_never, parse_float=_never
        )
    except (ValueError, RecursionError):
        raise Undecodable("bad_json") from None
    return found


def _once(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _never(_text: str) -> Tree:
    raise ValueError


@dataclass(frozen=True, slots=True)
class Rest:
    """Reads one declared route."""

    rpc: RpcGrammar
    call: str
    path: tuple[str | tuple[str], ...]
    """Template of the path that calls go to."""

    def read(self, asking: Asking) -> Reading:
        """Return what the request does; see `Grammar.read`."""
        if asking.request.headers.one(RANGE) is not None:
            raise Gap("construct", "refused_header", RANGE)
        name = self.rpc.words.object(asking.params["model"]).name
        given = [*self._arguments(asking), self._context(asking)]
        tree: Tree = {"id": _NUMBER, "method": f"model.{name}.{self.call}", "params": given}
        return self._rest(self.rpc.read(replace(asking, tree=tree)), asking, name)

    def _rest(self, reading: Reading, asking: Asking, name: str) -> Reading:
        inner = reading.swap

        def swap(looking: Looking) -> Reading:
            assert inner is not None
            return self._rest(inner(looking), asking, name)

        answer = RestAnswer(reading.answer, self.call, name, asking.params.get("id", ""))
        return replace(
            reading,
            answer=answer,
            path=self.path,
            method="POST",
            media="json",
            wrap=None,
            swap=None if inner is None else swap,
        )

    def _arguments(self, asking: Asking) -> list[Tree]:
        ids: list[Tree] = [int(asking.params["id"])] if "id" in asking.params else []
        match self.call:
            case "search_read":
                domain, order = self._folded(asking, "d", []), self._folded(asking, "o", None)
                return [domain, _number(asking, "p", 0), _number(asking, "s", None), order, _fields(asking)]
            case "read":
                return [ids, _fields(asking)]
            case "create":
                return [[_values(asking.tree)]]
            case "write":
                return [ids, _values(asking.tree)]
        return [ids]

    @staticmethod
    def _folded(asking: Asking, name: str, otherwise: Tree) -> Tree:
        given = asking.query.get(name)
        return otherwise if given is None else unfolded(given[0])

    @staticmethod
    def _context(asking: Asking) -> Tree:
        text = asking.request.headers.one(CONTEXT)
        return {} if text is None else unfolded(text)


def _fields(asking: Asking) -> Tree:
    names = asking.query.get("f", ())
    if not names or not all(map(NAME.fullmatch, names)):
        raise Gap("construct", "not_a_field_name")
    return list(dict.fromkeys(names))


def _number(asking: Asking, name: str, otherwise: int | None) -> Tree:
    given = asking.query.get(name)
    return otherwise if given is None else int(given[0])


def _values(tree: Tree) -> Tree:
    if not isinstance(tree, dict):
        raise Gap("construct", "unknown_value")
    return tree


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """How the answer to one request is read: as that to the call, and written as REST has it."""

    inner: Answer
    call: str
    name: str
    id: str

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return what the answer holds; see `Answer`."""
        opened = self.inner.open(status, tree)
        if opened.is_error:
            found = opened.tree if isinstance(opened.tree, dict) else {}
            return Opened({"error": found.get("error")}, is_error=True, status=_REFUSED)
        result = opened.tree.get("result") if isinstance(opened.tree, dict) else None
        match self.call:
            case "search_read" | "read" if isinstance(result, list):
                return self._records(opened, result)
            case "create" if isinstance(result, list) and len(result) == 1:
                opened.tree = {"id": result[0], KIND: self.name}
                return opened
            case "write" if result is None:
                opened.tree = {"id": int(self.id), KIND: self.name}
                return opened
            case "delete" if result is None:
                opened.tree, opened.status = None, 204
                return opened
        raise UpstreamFault("unexpected_shape")

    def _records(self, opened: Opened, result: list[Tree]) -> Opened:
        for record in opened.records:
            if any(record.members is row for row in result):
                record.members[KIND] = self.name
                record.keep |= {KIND}
        if self.call == "search_read":
            opened.tree = result
            opened.missing = None
        elif len(result) == 1:
            opened.tree, opened.missing = result[0], Missing(_NOT_FOUND, {"error": None})
        else:
            return Opened({"error": None}, is_error=True, status=_NOT_FOUND)
        return opened


def compile_rpc_rest(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a REST route; raises ValueError where the route is wrong."""
    method, _, path = route.match.partition(" ")
    before, found, after = path.partition("/rest/model/{model}")
    call = _CALLS.get((method, after == "/{id}"))
    if not found or after not in {"", "/{id}"} or call is None:
        raise ValueError(
            "must be /rest/model/{model} or /rest/model/{model}/{id} by a method that belongs to it"
        )
    rpc = compile_rpc(route, setting)
    if call not in rpc.model.methods:
        raise ValueError(f'needs a method "{call}" in the section rpc:')
    return Rest(rpc, call, target.template(f"{before}/rpc/"))
