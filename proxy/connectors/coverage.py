"""What a connector covers, endpoint by endpoint: what each inspected one does, and which are known and refused.

Read from the connector itself, so that a table made of it cannot say what requests do not meet. An endpoint is a
method and a path, and where the body says which operation is meant, the call in it. Whatever is not listed is
refused as well: the list of what is known to be refused is for people, who look for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from proxy.connectors.connector import Connector
from proxy.connectors.implied import EITHER_WAY
from proxy.connectors.odoo.answers import VERSION
from proxy.connectors.odoo.methods import METHODS
from proxy.connectors.soap.grammar import CALLS
from proxy.connectors.spec import ConnectorFile, ParameterModel, RouteModel
from proxy.model import Action

INSIDE: Final = "each request inside"
_QUERIES: Final = (Action.FILTER, Action.SORT, Action.GROUP, Action.AGGREGATE)
_RECORDS_INSIDE: Final[Mapping[Action, tuple[Action, ...]]] = {
    Action.CREATE: (Action.CREATE, Action.UPDATE),
    Action.UPDATE: (Action.UPDATE, Action.CREATE, Action.DELETE),
}
"""What a call that writes can do to the records it names inside those it is about."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of an API that a client can ask for."""

    method: str
    path: str
    """A template, as the connector writes it."""
    call: str = ""
    """What stands in the body, where that says which operation is meant."""
    actions: tuple[Action, ...] = ()
    """What a request can do with fields or records, first what it is for; each is judged. Empty: refused."""
    objects: tuple[str, ...] = ()
    """What it can be about, as far as the endpoint says; empty: every object of the connector."""
    because: str = ""
    """Why it is refused."""

    @property
    def own(self) -> tuple[Action, ...]:
        """What a caller needs a grant for to get anything of it; where requests are inside, for any of them."""
        return self.actions if self.call == INSIDE else self.actions[:1]

    @property
    def inspected(self) -> bool:
        """False for an endpoint that is known and has no words, so that it is refused whoever asks."""
        return bool(self.actions)


def endpoints(connector: Connector) -> tuple[Endpoint, ...]:
    """Return every endpoint that a connector names, in the order of its file, those inspected first."""
    file = ConnectorFile.model_validate(connector.document, strict=False)  # it was, strictly, at load
    read = [route for route in file.routes if not route.refuse]
    found = [each for route in read for each in _COVERS[route.grammar](route, file)]
    refused = [_refused(each.match, each.because) for each in file.routes if each.refuse]
    refused += [_refused(each.match, each.because) for each in file.denied]
    return (*dict.fromkeys(found), *refused)


def _refused(match: str, because: str) -> Endpoint:
    method, _, path = match.removesuffix(EITHER_WAY).partition(" ")
    return Endpoint(method, path, because=because)


def _endpoint(route: RouteModel, actions: Iterable[Action], call: str = "", name: str = "") -> Endpoint:
    method, _, path = route.match.removesuffix(EITHER_WAY).partition(" ")
    about = name or route.object
    done = tuple(dict.fromkeys((*actions, *_implied(route))))
    return Endpoint(method, path, call, done, (about,) if about else ())


def _implied(route: RouteModel) -> Iterator[Action]:
    """Yield what a route does by itself, and what else is then asked, so that nothing is left to the answer."""
    for action in route.uses.values():
        yield from (action, Action.LIST if action is Action.READ else Action.READ)


def _record(route: RouteModel, file: ConnectorFile) -> Iterator[Endpoint]:
    """Yield what a request can do: what it does, and how it chooses the records."""
    actions = [route.action, *([Action.CREATE] if route.upserts else ()), *route.also]
    kinds = [*route.query.values(), *file.bodies.get(route.body, {}).values()]
    models = [kind for kind in kinds if isinstance(kind, ParameterModel)]
    if (
        route.by
        or route.filters
        or {"by", "search"} & {str(kind) for kind in kinds}
        or any(m.filter for m in models)
    ):
        actions += [Action.READ, Action.FILTER]
    if "sort" in kinds or any(model.sort for model in models):
        actions += [Action.READ, Action.SORT]
    yield _endpoint(route, actions)


def _links(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    yield _endpoint(route, [route.action])


def _lookup(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    more = [Action.CREATE] if route.action is Action.UPDATE else []
    yield _endpoint(route, [route.action, *more, Action.READ, Action.FILTER])


def _many(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    more = [Action.CREATE, Action.READ, Action.FILTER] if route.layout == "upsert" else []
    yield _endpoint(route, [route.action, *more])


def _related(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    yield _endpoint(route, [Action.READ, Action.LIST, Action.FILTER])


def _soap(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    for name, actions in CALLS.items():
        yield _endpoint(route, actions, name)


def _bulk(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    yield _endpoint(route, _BULK.get(route.layout, (Action.READ,)))


_BULK: Final[Mapping[str, tuple[Action, ...]]] = {
    "open": (Action.READ, Action.LIST, Action.DELETE, Action.ERASE, *_QUERIES[:2]),
    "upload": (Action.UPDATE, Action.CREATE, Action.DELETE, Action.ERASE, Action.READ, Action.FILTER),
    "ask": (Action.LIST, Action.READ, *_QUERIES[:2]),
    "found": (Action.LIST, Action.READ, *_QUERIES[:2]),
}
"""Step of a job -> what requests of it can do, as the body says."""


def _query(*actions: Action) -> "Covers":
    return lambda route, _file: iter(
        [_endpoint(route, [Action.LIST, *actions, *([Action.READ] if route.layout == "deleted" else [])])]
    )


def _export(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    yield _endpoint(route, [Action.EXPORT])


def _filtered_export(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    yield _endpoint(route, [Action.EXPORT, Action.FILTER])


def _suite_list(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    more = [Action.READ, *_QUERIES[:2], Action.LIST] if "filter[*]" in route.query else []
    yield _endpoint(route, [route.action, *more])


def _suite_write(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    yield _endpoint(route, [route.action, Action.DELETE])


def _suite_links(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    more = [Action.FILTER] if route.action is Action.LIST else []
    yield _endpoint(route, [route.action, Action.READ, *more])


def _rows(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    more = [Action.CREATE, Action.READ, Action.FILTER] if route.layout == "upsert" else []
    yield _endpoint(route, [route.action, *more])


def _parts(route: RouteModel, file: ConnectorFile) -> Iterator[Endpoint]:
    inside = [each for each in file.routes if each.grammar != route.grammar and not each.refuse]
    actions = [
        action for each in inside for found in _COVERS[each.grammar](each, file) for action in found.actions
    ]
    yield _endpoint(route, actions, INSIDE)


def _rpc(route: RouteModel, file: ConnectorFile) -> Iterator[Endpoint]:
    assert file.rpc is not None
    for name, call in file.rpc.calls.items():
        yield _endpoint(route, [call.action], name, call.object)
    for name, call in file.rpc.methods.items():
        more = _QUERIES[:1] if "domain" in call.params else ()
        sorts = _QUERIES[1:2] if "order" in call.params else ()
        actions = _RECORDS_INSIDE.get(call.action, (call.action,))
        yield _endpoint(route, [*actions, *more, *sorts], f"model.*.{name}")


def _rpc_rest(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    actions = _RECORDS_INSIDE.get(route.action, (route.action,))
    yield _endpoint(route, [*actions, *(_QUERIES[:2] if route.action is Action.LIST else ())])


def _odata(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    """Yield what a request can do: by another key is a filter, and an update may create."""
    actions = [route.action]
    if route.match.endswith("/{entity}"):
        actions += [Action.CREATE] if route.action is Action.UPDATE else []
        actions.append(Action.FILTER)
    elif route.action is Action.LIST:
        actions += _QUERIES
    if "$expand" in route.query or route.action in {Action.CREATE, Action.UPDATE}:
        actions += [Action.READ, Action.LIST, *_QUERIES[:2]]
    yield _endpoint(route, actions)


def _graphql(route: RouteModel, file: ConnectorFile) -> Iterator[Endpoint]:
    assert file.graphql is not None
    for kind, fields in (("query", file.graphql.queries), ("mutation", file.graphql.mutations)):
        for name, each in fields.items():
            asked = {"where": Action.FILTER, "order": Action.SORT}
            more = [asked[argument] for argument in each.arguments.values() if argument in asked]
            yield _endpoint(route, [each.action, Action.LIST, *more], f"{kind}.{name}", each.object)


def _property(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    yield _endpoint(route, [route.action, Action.FILTER])


def _odoo(route: RouteModel, _file: ConnectorFile) -> Iterator[Endpoint]:
    web = route.match.partition("/web/")[2]
    if web and not web.startswith("dataset/"):
        yield _endpoint(route, [Action.READ], name=VERSION)
        return
    if not route.match.endswith("/common"):
        for name, method in METHODS.items():
            actions = _RECORDS_INSIDE.get(method.action, (method.action,))
            yield _endpoint(route, [*actions, *_asked(name)], f"*.{name}")
    if not web and not route.match.endswith(("/object", "/{method}")):
        for name in ("authenticate", "version"):
            yield _endpoint(route, [Action.READ], f"common.{name}", VERSION)


def _asked(name: str) -> Iterator[Action]:
    """Yield how a method of Odoo uses fields beside what it shows or writes."""
    kinds = {kind for _, kind in METHODS[name].params}
    if "domain" in kinds:
        yield Action.FILTER
    if "order" in kinds:
        yield Action.SORT
    if "groupby" in kinds:
        yield Action.GROUP
    if "aggregates" in kinds or name == "search_count":
        yield Action.AGGREGATE
    if METHODS[name].answer == "ids":
        yield Action.READ


Covers = Callable[[RouteModel, ConnectorFile], Iterator[Endpoint]]
_COVERS: Final[Mapping[str, Covers]] = {
    "record": _record,
    "lookup": _lookup,
    "links": _links,
    "many": _many,
    "bulk": _bulk,
    "soap": _soap,
    "sosl": _query(*_QUERIES[:2]),
    "related": _related,
    "soql": _query(*_QUERIES),
    "soql-page": _query(*_QUERIES),
    "parts": _parts,
    "hubspot-search": _query(*_QUERIES[:2]),
    "hubspot-export": _export,
    "pipedrive-search": _query(Action.READ, Action.FILTER),
    "rpc": _rpc,
    "rpc-rest": _rpc_rest,
    "graphql": _graphql,
    "odata": _odata,
    "odata-batch": _parts,
    "odata-count": _query(Action.FILTER, Action.AGGREGATE),
    "odata-link": _record,
    "odata-property": _property,
    "odoo": _odoo,
    "suitecrm-list": _suite_list,
    "suitecrm-write": _suite_write,
    "suitecrm-links": _suite_links,
    "zoho-coql": _query(*_QUERIES),
    "zoho-search": _query(Action.READ, Action.FILTER),
    "zoho-rows": _rows,
    "zoho-bin": _record,
    "zoho-export": _filtered_export,
    "zoho-fields": _record,
}
"""Grammar -> the endpoints of a route that it reads; one entry for each of `table.GRAMMARS`."""
GRAMMARS: Final = frozenset(_COVERS)
